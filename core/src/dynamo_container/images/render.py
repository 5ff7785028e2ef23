# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Render a build's plan as a folder that docker can build by itself: the bake file, the contexts
with their Dockerfiles, and a README.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dynamo_container.images import bake
from dynamo_container.images.bake import JSON, literal
from dynamo_container.images.plan import BuildPlan, Target
from dynamo_container.model.text import json_text
from dynamo_container.model.values import BuildSecret, NamedContext

# A file that `docker buildx bake` finds by itself.
BAKE_FILE: Final = "docker-bake.json"
PAGE: Final = "README.md"
CONTEXTS: Final = "contexts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable of the bake file, for something of the user's that is not copied into the folder.

    Attributes:
        name: of the variable.
        purpose: what it is for.
        default: the path on this machine.
    """

    name: str
    purpose: str
    default: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder to write.

    Attributes:
        files: texts, by their path in the folder.
        trees: folders to copy, with their path in the folder.
    """

    files: tuple[tuple[str, str], ...]
    trees: tuple[tuple[Path, str], ...]


def folder(plan: BuildPlan) -> Folder:
    """Return a folder from which `docker buildx bake` builds the plan's images with their labels.

    A context is copied if it contains the Dockerfile, as those of plugins do. Other folders (a
    checkout, a user's own) and the files of secrets are not copied: their paths are variables.
    """
    names = _context_names(plan)
    variables = [*_context_variables(plan), *_secret_variables(plan.secrets)]
    by_path = {variable.default: f"${{{variable.name}}}" for variable in variables}
    targets = tuple(_relocated(target, names, by_path) for target in plan.targets)
    definition = bake.definition(plan._replace(targets=targets, secrets=()))
    _insert_variables(definition, plan, by_path)
    if variables:
        known = definition.setdefault("variable", {})
        assert isinstance(known, dict)
        known |= {variable.name: {"default": literal(variable.default)} for variable in variables}
    return Folder(
        files=(
            (BAKE_FILE, json_text(definition)),
            (PAGE, _page(plan, variables)),
        ),
        trees=tuple((path, f"{CONTEXTS}/{name}") for path, name in names.items()),
    )


def _context_names(plan: BuildPlan) -> dict[Path, str]:
    """Name the contexts that are copied: after the stage, or the target if the name is taken."""
    names: dict[Path, str] = {}
    for target in plan.targets:
        if target.context in names or not _contains_dockerfile(target):
            continue
        taken = target.stage in names.values()
        names[target.context] = target.name if taken else target.stage
    return names


def _contains_dockerfile(target: Target) -> bool:
    """Return whether the Dockerfile is at the top of the context."""
    return target.dockerfile.parent == target.context


def _context_variables(plan: BuildPlan) -> list[Variable]:
    variables: dict[str, Variable] = {}
    for target in plan.targets:
        paths = [(context.name, context.source) for context in target.contexts if _is_path(context)]
        if not _contains_dockerfile(target):
            paths.append((target.stage, str(target.context)))
        for name, path in paths:
            variable = Variable(
                name=f"{_upper(name)}_CONTEXT", purpose=f"the folder {name}", default=path
            )
            variables.setdefault(path, variable)
    return list(variables.values())


def _is_path(context: NamedContext) -> bool:
    return context.source.startswith("/")


def _secret_variables(secrets: tuple[BuildSecret, ...]) -> list[Variable]:
    return [
        Variable(
            name=_upper(secret.id),
            purpose=f"the file of the secret {secret.id}",
            default=secret.path,
        )
        for secret in secrets
        if secret.path
    ]


def _upper(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def _relocated(target: Target, names: dict[Path, str], by_path: dict[str, str]) -> Target:
    """Return the target with paths in the folder."""
    contexts = tuple(context for context in target.contexts if context.source not in by_path)
    if _contains_dockerfile(target):
        context = Path(CONTEXTS, names[target.context])
        return target._replace(
            context=context, dockerfile=Path(target.dockerfile.name), contexts=contexts
        )
    return target._replace(contexts=contexts)


def _insert_variables(
    definition: dict[str, JSON], plan: BuildPlan, by_path: dict[str, str]
) -> None:
    """Insert the variables into the definition; everything else in it is literal text."""
    targets = definition["target"]
    assert isinstance(targets, dict)
    for target in plan.targets:
        rendered = targets[target.name]
        assert isinstance(rendered, dict)
        if not _contains_dockerfile(target):
            rendered["context"] = by_path[str(target.context)]
            del rendered["dockerfile"]
            rendered["dockerfile-inline"] = literal(target.dockerfile.read_text(encoding="utf-8"))
        own = {
            context.name: by_path[context.source]
            for context in target.contexts
            if context.source in by_path
        }
        if own:
            contexts = rendered.setdefault("contexts", {})
            assert isinstance(contexts, dict)
            contexts |= own
        secrets = [secret for secret in plan.secrets if secret.id in target.secrets]
        if secrets:
            rendered["secret"] = [_secret(secret, by_path) for secret in secrets]


def _secret(secret: BuildSecret, by_path: dict[str, str]) -> str:
    if secret.path:
        return f'id={literal(secret.id)},"src={by_path[secret.path]}"'
    return f"id={literal(secret.id)},env={literal(secret.variable)}"


_PAGE: Final = """\
# {title}

Written by `dynamo-container render`. The bake file `{bake_file}` defines all stages; their
Dockerfiles, with the files that they copy, are in `{contexts}/`. In this folder,

    {command}

builds these images; it requires docker with buildx 0.13 or newer, and nothing else:

| image | plan |
|---|---|
{images}

`BUILDX_NO_DEFAULT_LOAD` prevents older buildx from loading intermediate stages as images without a
name. `BUILDX_GIT_INFO=0` keeps buildx from running git, which can run programs that a checkout
names. To show the definition: `docker buildx bake --print`; to change an argument once:
`--set '*.args.NAME=VALUE'`.
"""
_VARIABLES: Final = """
These files and folders are not part of this folder. Variables set their paths:

| variable | purpose | default |
|---|---|---|
{rows}

(`BUILDX_BAKE_ENTITLEMENTS_FS=0` allows newer buildx to read files outside this folder.)
"""
_SECRETS: Final = """
Export these variables, which contain secrets: {names}.
"""


def _page(plan: BuildPlan, variables: list[Variable]) -> str:
    outside = "BUILDX_BAKE_ENTITLEMENTS_FS=0 " if variables else ""
    settings = "".join(f"{name}={shlex.quote(value)} " for name, value in bake.settings(plan))
    images = [
        f"| {', '.join(f'`{tag}`' for tag in image.tags)} | `sha256:{image.plan_hash}` |"
        for image in plan.images
    ]
    title = ", ".join(f"{image.framework} {image.stage}" for image in plan.images)
    page = _PAGE.format(
        title=f"Dynamo: {title}",
        bake_file=BAKE_FILE,
        contexts=CONTEXTS,
        command=f"{outside}{settings}BUILDX_NO_DEFAULT_LOAD=1 BUILDX_GIT_INFO=0 docker buildx bake",
        images="\n".join(images),
    )
    if variables:
        rows = [
            f"| `{variable.name}` | {variable.purpose} | `{variable.default}` |"
            for variable in variables
        ]
        page += _VARIABLES.format(rows="\n".join(rows))
    if names := [f"`{secret.env}`" for secret in plan.secrets if secret.env]:
        page += _SECRETS.format(names=", ".join(names))
    return page
