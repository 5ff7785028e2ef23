# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Render a build's plan as a bake definition, and as the command that builds it.

Both work with buildx 0.13 and newer. `docs/design.md`, "BuildKit", explains the workarounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, TypeAlias

from dynamo_container.docker.command import Command
from dynamo_container.errors import UsageError
from dynamo_container.images import outputs
from dynamo_container.images.plan import BuildPlan, Image, Target
from dynamo_container.model.text import json_text, quoted
from dynamo_container.model.values import BuildSecret

# A brace with all `$` and `%` before it, because HCL pairs them; and a lone carriage return, after
# which HCL does not recognize templates up to the end of the string.
_SPECIAL: Final = re.compile(r"[$%]+(?=\{)|[$%]*\r(?!\n)")

# What docker calls a kind of progress that has another name here.
_DOCKERS: Final = {"docker": "auto"}

JSON: TypeAlias = "str | bool | list[JSON] | dict[str, JSON]"


def definition(plan: BuildPlan) -> dict[str, JSON]:
    """Return the bake definition, ready for `json.dumps`."""
    images = {image.target: image for image in plan.images}
    bake: dict[str, JSON] = {
        "group": {"default": {"targets": [image.target for image in plan.images]}},
        "target": {
            target.name: _target(plan, target, images.get(target.name)) for target in plan.targets
        },
    }
    if plan.proxies:
        # Bake takes variables from its environment, so that a proxy's URL, which may contain a
        # password, is not in the text.
        bake["variable"] = {name: {"default": ""} for name in plan.proxies}
    return bake


def command(
    plan: BuildPlan, document: dict[str, JSON] | None = None, *, records: bool = False
) -> Command:
    """Return the command that builds the plan, or another definition of its targets.

    Args:
        plan: of the build.
        document: the other definition; None for the plan's.
        records: whether its progress is BuildKit's records; so it is if buildx writes metadata.

    Its directory is `/` because newer buildx requires permission to read files outside the current
    one. Without BUILDX_NO_DEFAULT_LOAD, older buildx loads every target as an image without a name.
    """
    shown = _DOCKERS.get(plan.progress, plan.progress)
    options: tuple[str, ...] = ("--progress", "rawjson" if records else shown)
    if plan.metadata_file:
        options = ("--progress", "rawjson", "--metadata-file", plan.metadata_file)
    if plan.outputs.builder:
        options = ("--builder", plan.outputs.builder, *options)
    if plan.outputs.network == outputs.HOST_NETWORK:
        options = ("--allow", "network.host", *options)
    return Command(
        argv=("docker", "buildx", "bake", *options, "--file", "-"),
        cwd="/",
        env=(*settings(plan), ("BUILDX_NO_DEFAULT_LOAD", "1"), ("BUILDX_GIT_INFO", "0")),
        stdin=_input(document or definition(plan)),
    )


def settings(plan: BuildPlan) -> tuple[tuple[str, str], ...]:
    """Return the environment variables from which buildx reads the settings of steps."""
    mounted = {secret for target in plan.targets for secret in target.secrets}
    return tuple(
        (secret.variable, secret.setting)
        for secret in plan.secrets
        if secret.setting and secret.id in mounted
    )


def _input(document: dict[str, JSON]) -> str:
    """Return the definition as bake reads it.

    Raises:
        UsageError: it has text that bake cannot take.
    """
    text = json_text(document)
    # Not exact, and so followed by a look at every string: an emoji has surrogates in JSON, too.
    return json_text(_decoded(document)) if "\\ud" in text or "\\u0000" in text else text


def _decoded(document: JSON) -> JSON:
    """Decode bytes that Python could not decode in this locale: bake reads UTF-8.

    Raises:
        UsageError: they are not UTF-8, or a string contains NUL.
    """
    if isinstance(document, dict):
        return {str(_decoded(key)): _decoded(value) for key, value in document.items()}
    if isinstance(document, list):
        return [_decoded(one) for one in document]
    if not isinstance(document, str):
        return document
    try:
        text = document.encode("utf-8", "surrogateescape").decode()
    except UnicodeError:
        text = "\0"
    if "\0" in text:
        raise UsageError(
            f"{quoted(document)} contains a NUL character or bytes that are not UTF-8, "
            "which docker cannot take",
            "use another value, path or name",
        )
    return text


def _target(plan: BuildPlan, target: Target, image: Image | None) -> dict[str, JSON]:
    args: dict[str, JSON] = {name: literal(value) for name, value in target.args}
    args |= {name: f"${{{name}}}" for name in plan.proxies}
    rendered: dict[str, JSON] = {
        "context": literal(str(target.context)),
        "dockerfile": literal(str(target.dockerfile)),
        "target": target.dockerfile_target,
    }
    if args:
        rendered["args"] = args
    if target.contexts:
        rendered["contexts"] = {
            context.name: literal(context.source) for context in target.contexts
        }
    if secrets := [secret for secret in plan.secrets if secret.id in target.secrets]:
        rendered["secret"] = [literal(_secret(secret)) for secret in secrets]
    if image:
        rendered["labels"] = {literal(label.key): literal(label.value) for label in image.labels}
        rendered["tags"] = [literal(tag) for tag in image.tags]
        rendered["output"] = _texts(outputs.exporters(plan.outputs, image.tags))
    rendered |= _output_settings(plan, target, image)
    if plan.no_cache:
        rendered["no-cache"] = True
    if plan.pull:
        rendered["pull"] = True
    return rendered


def _output_settings(plan: BuildPlan, target: Target, image: Image | None) -> dict[str, JSON]:
    """Return the target's caches, platforms and attestations, as far as there are any."""
    tops = outputs.tops(plan)
    rendered: dict[str, JSON] = {
        "network": plan.outputs.network,
        "extra-hosts": {literal(name): literal(ip) for name, ip in plan.outputs.hosts},
        "platforms": _texts(plan.outputs.platforms),
        "attest": _texts(plan.outputs.attests) if image else [],
        "cache-from": _texts(outputs.cache_from(plan.outputs, target)),
        "cache-to": _texts(outputs.cache_to(plan.outputs, target, tops)),
    }
    return {key: value for key, value in rendered.items() if value}


def _texts(texts: Iterable[str]) -> list[JSON]:
    return [literal(text) for text in texts]


def literal(text: str) -> str:
    """Escape a string so that bake uses it literally: strings in its JSON are HCL templates.

    Text that would start a template is replaced by a template that yields this text. HCL's own
    escape (`$${`) does not work after another `$` or `%`.
    """
    return _SPECIAL.sub(_as_template, text)


def _as_template(match: re.Match[str]) -> str:
    text = match[0].replace("\r", "\\r")
    return f'${{"{text}"}}'


def _secret(secret: BuildSecret) -> str:
    """Return `id=...,src=...` in buildx's syntax: comma-separated, quoted if necessary."""
    source = f"src={secret.path}" if secret.path else f"env={secret.variable}"
    import csv  # few builds have secrets
    import io

    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([f"id={secret.id}", source])
    return line.getvalue()
