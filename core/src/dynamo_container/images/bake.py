# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A build's plan as a bake definition, and the command that builds it. The same for every buildx
from 0.13 on.

What this works around was tried on two generations of BuildKit; see `docs/design.md`, "BuildKit".
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from typing import Final, TypeAlias

from dynamo_container.docker.command import Command
from dynamo_container.images import outputs
from dynamo_container.images.plan import BuildPlan, Image, Target
from dynamo_container.model.values import BuildSecret

# A brace with all of the signs before it, because one that stays outside would swallow the next;
# and a lone carriage return, after which HCL knows no template up to the string's end.
_SPECIAL: Final = re.compile(r"[$%]+(?=\{)|[$%]*\r(?!\n)")

JSON: TypeAlias = "str | bool | list[JSON] | dict[str, JSON]"


def definition(plan: BuildPlan) -> dict[str, JSON]:
    """The bake definition, ready for `json.dumps`."""
    images = {image.target: image for image in plan.images}
    bake: dict[str, JSON] = {
        "group": {"default": {"targets": [image.target for image in plan.images]}},
        "target": {
            target.name: _target(plan, target, images.get(target.name)) for target in plan.targets
        },
    }
    if plan.proxies:
        # Bake takes variables from its environment: a proxy's URL, which may hold a password, is
        # not in the text.
        bake["variable"] = {name: {"default": ""} for name in plan.proxies}
    return bake


def command(plan: BuildPlan) -> Command:
    """The command that builds the plan.

    The current directory is `/` because newer buildx asks for permission to read what lies outside
    of it. Without BUILDX_NO_DEFAULT_LOAD, older ones load every target as a nameless image.
    """
    told: tuple[str, ...] = ("--progress", plan.progress)
    if plan.metadata_file:
        told = ("--progress", "rawjson", "--metadata-file", plan.metadata_file)
    if plan.outputs.builder:
        told = ("--builder", plan.outputs.builder, *told)
    return Command(
        argv=("docker", "buildx", "bake", *told, "--file", "-"),
        cwd="/",
        env=(("BUILDX_NO_DEFAULT_LOAD", "1"), ("BUILDX_GIT_INFO", "0")),
        stdin=json.dumps(definition(plan), indent=2, ensure_ascii=False),
    )


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
    if plan.secrets:
        rendered["secret"] = [literal(_secret(secret)) for secret in plan.secrets]
    if image:
        rendered["labels"] = {literal(label.key): literal(label.value) for label in image.labels}
        rendered["tags"] = [literal(tag) for tag in image.tags]
        rendered["output"] = _texts(outputs.outputs(plan.outputs))
    rendered |= _places(plan, target, image)
    if plan.no_cache:
        rendered["no-cache"] = True
    if plan.pull:
        rendered["pull"] = True
    return rendered


def _places(plan: BuildPlan, target: Target, image: Image | None) -> dict[str, JSON]:
    """What has to do with caches, platforms and attestations, as far as there is any."""
    tops = outputs.tops(plan)
    rendered = {
        "platforms": _texts(plan.outputs.platforms),
        "attest": _texts(plan.outputs.attests) if image else [],
        "cache-from": _texts(outputs.cache_from(plan.outputs, target)),
        "cache-to": _texts(outputs.cache_to(plan.outputs, target, tops)),
    }
    return {key: value for key, value in rendered.items() if value}


def _texts(texts: Iterable[str]) -> list[JSON]:
    return [literal(text) for text in texts]


def literal(text: str) -> str:
    """A string that bake takes as it is: strings in its JSON are HCL templates.

    What would open a template becomes one that gives just that text. HCL's own escape (`$${`) will
    not do: where another `$` or `%` stands before it, HCL takes the pair apart.
    """
    return _SPECIAL.sub(_as_template, text)


def _as_template(found: re.Match[str]) -> str:
    text = found[0].replace("\r", "\\r")
    return f'${{"{text}"}}'


def _secret(secret: BuildSecret) -> str:
    """`id=...,src=...` as buildx reads it: comma-separated values, quoted where they need it."""
    source = f"src={secret.path}" if secret.path else f"env={secret.env}"
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([f"id={secret.id}", source])
    return line.getvalue()
