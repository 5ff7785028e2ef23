# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What the command line accepts, as a document: the commands, their options, the known values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import click

from dynamo_container.completion.offers import FILES
from dynamo_container.errors import DynamoContainerError
from dynamo_container.model.names import RUNTIME_STAGE
from dynamo_container.model.requests import BuildRequest
from dynamo_container.model.text import printable
from dynamo_container.model.values import Option
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry

# What the value of a parameter is, by the parameter's name.
_KINDS: Final = {
    "frameworks": "framework",
    "framework_argument": "framework",
    "framework": "framework",
    "target": "target",
    "stage": "stage",
    "cuda_version": "cuda",
    "dynamo_version": "dynamo",
    "version": "dynamo",
    "device": "device",
    "platform": "platform",
    "gpus": "gpus",
    "network": "network",
    "image": "image",
    "images": "image",
    "dev_image": "image",
    "base_image": "image",
    "runtime_image": "image",
    "word": "container|framework",
    "words": "container|framework",
    "no_plugin": "plugin",
    "plugin_name": "plugin",
    "command_names": "command",
    "output": FILES,
    "env_file": FILES,
}
_FIXED: Final = {
    "platform": ["linux/amd64", "linux/arm64"],
    "gpus": ["auto", "all", "none"],
    "network": ["host", "bridge", "none"],
}


def describe(root: click.Group, ctx: click.Context, registry: Registry) -> dict[str, Any]:
    """Return the grammar of a command line with these plugins, as far as they can be loaded."""
    registry.load_all()
    commands = list(root.list_commands(ctx))
    return {
        "root": _node(root, ctx, registry),
        "values": {**_values(registry), **_FIXED, "command": commands},
    }


def _node(command: click.Command, ctx: click.Context, registry: Registry) -> dict[str, Any]:
    node: dict[str, Any] = {
        "help": _first_line(command.help),
        "options": [_option(one) for one in command.get_params(ctx) if _is_shown(one)],
        "arguments": [_argument(one) for one in command.params if isinstance(one, click.Argument)],
    }
    if isinstance(command, click.Group):
        node["commands"] = _commands(command, ctx, registry)
    elif takes_options_of := getattr(command, "plugin_command", ""):
        node["plugins"] = _plugin_options(registry, takes_options_of)
    if below := getattr(command, "subcommands", None):
        node["subcommands"] = _commands(below, ctx, registry)
    return node


def _commands(group: click.Group, ctx: click.Context, registry: Registry) -> dict[str, Any]:
    found = {name: group.get_command(ctx, name) for name in group.list_commands(ctx)}
    return {
        name: _node(one, click.Context(one, ctx, name), registry)
        for name, one in found.items()
        if one and not one.hidden
    }


def _is_shown(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Option) and not parameter.hidden


def _option(parameter: click.Parameter) -> dict[str, Any]:
    assert isinstance(parameter, click.Option)
    # click's only sign of a value that may be omitted.
    optional = getattr(parameter, "_flag_needs_value", False)
    has_value = not (parameter.is_flag or parameter.count or optional)
    return {
        **_place(parameter),
        "flags": [*parameter.opts, *parameter.secondary_opts],
        "takes": "value" if has_value else "",
        "help": _first_line(parameter.help),
        "many": parameter.multiple,
    }


def _argument(argument: click.Argument) -> dict[str, Any]:
    return {**_place(argument), "many": argument.nargs != 1}


def _place(parameter: click.Parameter) -> dict[str, Any]:
    """Return what the value of a parameter can be."""
    if isinstance(parameter.type, click.Choice):
        return {"choices": list(map(str, parameter.type.choices))}
    is_path = isinstance(parameter.type, click.Path | click.File)
    is_path = is_path or getattr(parameter.type, "completes_files", False)
    return {"kind": FILES if is_path else _KINDS.get(parameter.name or "", "")}


def _plugin_options(registry: Registry, command: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for contribution in registry.options(command):
        found.setdefault(contribution.source.name, []).append(_plugin_option(contribution.value))
    return found


def _plugin_option(option: Option) -> dict[str, Any]:
    place = {"choices": list(option.choices)} if option.choices else {}
    return {
        "kind": FILES if option.type == "path" else "",
        **place,
        "flags": [option.flag],
        "takes": "" if option.type == "flag" else "value",
        "help": _first_line(option.help),
        "many": option.repeatable,
    }


def _values(registry: Registry) -> dict[str, Any]:
    frameworks = registry.frameworks
    stages = {name: _stages(registry, name) for name in frameworks}
    releases = {name: _releases(registry, name) for name in frameworks}
    return {
        "framework": list(frameworks),
        "overlay": list(registry.catalog.overlays),
        "plugin": [candidate.name for candidate in registry.candidates],
        "default": _default(registry),
        "target": stages,
        "stage": stages,
        "dynamo": {name: rows for name, (rows, _) in releases.items()},
        "cuda": {name: versions for name, (_, versions) in releases.items()},
        "device": sorted({device for name in frameworks for device in _devices(registry, name)}),
    }


def _default(registry: Registry) -> str:
    try:
        return registry.default_framework()
    except DynamoContainerError:
        return ""


def _stages(registry: Registry, framework: str) -> list[str]:
    request = BuildRequest(framework=framework, target=RUNTIME_STAGE)
    stages = _call(registry, framework, hookspecs.dynamo_container_stages, request=request)
    return sorted({stage.name for stage in stages})


def _releases(registry: Registry, framework: str) -> tuple[list[str], list[str]]:
    """Return the Dynamo releases and the CUDA versions of a framework, the newest first."""
    rows = list(_call(registry, framework, hookspecs.dynamo_container_releases))[::-1]
    cuda = {cuda.version: None for row in rows for cuda in row.cuda}
    return [row.dynamo for row in rows], list(cuda)


def _devices(registry: Registry, framework: str) -> tuple[str, ...]:
    found = _call(registry, framework, hookspecs.dynamo_container_framework)
    return tuple(name for one in found for name in getattr(one, "devices", ()))


def _call(registry: Registry, framework: str, hook: Any, **arguments: object) -> Iterable[Any]:
    """Call a hook; a plugin that fails contributes nothing: the error comes when it is used."""
    try:
        return [one.value for one in registry.call_for(framework, hook, **arguments)]
    except DynamoContainerError:
        return []


def _first_line(text: str | None) -> str:
    return printable(" ".join((text or "").partition("\n\n")[0].split()).rstrip("."))


def files(modules: Mapping[str, Any], registry: Registry) -> list[str]:
    """Return the source files of the command line and of the plugins, which the grammar is made of.

    Args:
        modules: as `sys.modules`.
        registry: whose plugins were loaded.
    """
    packages = {"dynamo_container", *(one.value.partition(":")[0] for one in registry.candidates)}
    tops = {name.partition(".")[0] for name in packages}
    found = (getattr(module, "__file__", None) for name, module in modules.items()
             if name.partition(".")[0] in tops)  # fmt: skip
    return sorted(name for name in found if name)
