# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plan of what the options of `run` ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import click

from dynamo_container.cli import run_values as values
from dynamo_container.cli.app import Session
from dynamo_container.cli.frameworks import default_target
from dynamo_container.cli.paths import absolute, is_folder
from dynamo_container.cli.plugin_command import origins, plugin_options
from dynamo_container.cli.run_options import CHECKOUT, command_of
from dynamo_container.cli.terminal import at_terminal
from dynamo_container.containers import planner
from dynamo_container.containers.plan import RunPlan
from dynamo_container.docker import engine
from dynamo_container.errors import EngineError, MachineError, UsageError
from dynamo_container.host.users import default_hf_cache
from dynamo_container.model.facts import NO_ENGINE, EngineInfo, ImageInfo
from dynamo_container.model.names import CUDA_LABEL, FRAMEWORK_LABEL
from dynamo_container.model.references import image_reference, is_image
from dynamo_container.model.requests import RunRequest
from dynamo_container.model.values import Mount


def plan_from(
    ctx: click.Context, *, dry: bool, target: str = "", portable: bool = False
) -> RunPlan:
    """The plan of what the command line of `ctx` asks for.

    Args:
        ctx: a parsed `run` or `explain run`.
        dry: go on without an engine, and say what was assumed.
        target: what the image is of, where its label does not say.
        portable: for other engines than this one, too: what it reports is left aside.

    Raises:
        DynamoContainerError: as the options, the engine and the plugins make it.
    """
    session = ctx.find_object(Session) or Session()
    params = ctx.params
    _refuse(params)
    request = _request(ctx, session)
    with nullcontext(lambda: NO_ENGINE) if portable else engine.start_collecting() as facts:
        asked = asked_framework(
            session, params["framework_argument"], params["framework"], params["image"]
        )
        if not params["image"]:
            target = params["target"] or _default_target(session, asked)
        image = params["image"] or image_reference(asked, target)
        engine_facts, image_info = _ask(session, image, facts, dry=dry)
    if not params["image"] and not image_info and not dry:
        option = f" --target {target}" if params["target"] else ""
        raise MachineError(
            f"the engine has no image {image}", f"build it: dynamo-container build {asked}{option}"
        )
    framework = asked or _framework_of(session, image_info)
    registry = session.load(*([framework] if framework else []))
    return planner.plan(
        registry,
        replace(
            request,
            framework=framework,
            image=image,
            target=target,
            engine=_with_driver(engine_facts, image_info, request),
            image_info=image_info,
            options=plugin_options(ctx, [framework]),
        ),
    )


def _refuse(params: dict[str, Any]) -> None:
    if params["image"] and params["target"]:
        raise UsageError("--target means nothing with --image", "leave one of them out")
    if params["image"] and not is_image(params["image"]):
        raise UsageError(
            f"--image {params['image']!r} is no image reference", "for example: my-image:dev"
        )


def _request(ctx: click.Context, session: Session) -> RunRequest:
    """What the user alone says; framework and image are still to come."""
    params = ctx.params
    command = command_of(ctx)
    mounts = values.last(map(values.mount, params["volume"]), lambda mount: mount.target)
    terminal = not command and not params["detach"] and at_terminal()
    return RunRequest(
        framework="",
        image="",
        command=command,
        name=params["name"] or "",
        env=values.last(map(values.env, params["env"]), lambda var: var.name),
        mounts=mounts,
        flags=values.last(values.flags(params), planner.flag_key),
        ports=tuple(values.port(word, params["network"]) for word in params["port"]),
        gpus=values.gpus(params["gpus"]),
        preflight=not params["no_preflight"],
        gds=params["use_nixl_gds"],
        init=params["init"],
        entrypoint=values.entrypoint(params["entrypoint"]),
        remove=params["rm"],
        detach=params["detach"],
        interactive=params["interactive"] or terminal,
        tty=params["tty"] or terminal,
        workspace=_workspace(session, params["mount_workspace"], mounts),
        hf_cache=_hf_cache(params),
        origins=origins(ctx),
    )


def _with_driver(facts: EngineInfo, image: ImageInfo | None, request: RunRequest) -> EngineInfo:
    """The facts, and the driver's where an image with CUDA_LABEL gets this machine's GPUs."""
    asked = request.preflight and request.gpus != "none"
    if not (facts.local and facts.has_gpus and asked and image and image.label(CUDA_LABEL)):
        return facts
    from dynamo_container.host import driver

    return replace(facts, driver=driver.collect())


def asked_framework(
    session: Session, argument: str | None, option: str | None, image: str | None
) -> str:
    """The framework that was asked for; empty where only an image was."""
    if (
        argument
        and option
        and session.registry.framework(argument) != session.registry.framework(option)
    ):
        raise UsageError(
            f"two frameworks are named: {argument} and {option}", "a container runs one"
        )
    name = argument or option
    if name:
        return session.registry.framework(name)
    return "" if image else session.registry.default_framework()


def _default_target(session: Session, framework: str) -> str:
    session.load(framework)
    return default_target(session.registry, framework)


def _framework_of(session: Session, image: ImageInfo | None) -> str:
    """The framework that the image's label names, where its plugin is installed."""
    name = image.label(FRAMEWORK_LABEL) if image else ""
    if name and name not in session.registry.frameworks:
        session.warn(
            f"the image is of {name!r}, whose plugin is not installed: its defaults are left out"
        )
        return ""
    return name


def _ask(
    session: Session, image: str, facts: Callable[[], EngineInfo], *, dry: bool
) -> tuple[EngineInfo, ImageInfo | None]:
    """What the plan needs to know of the engine; assumptions, and a line that says so, where a dry
    run finds none.
    """
    try:
        image_info = engine.inspect_image(image)
        return facts(), image_info
    except EngineError as error:
        if not dry:
            raise
        session.note(f"{error.what}; assumed: no GPU but by --gpus, and an image without labels")
        return NO_ENGINE, None


def _workspace(session: Session, word: str | None, mounts: Iterable[Mount]) -> str:
    """The folder to mount: the checkout around the current folder, or the one that is given."""
    if word is None:
        return ""
    if any(mount.target == planner.WORKSPACE for mount in mounts):
        raise UsageError(
            f"--mount-workspace and --volume both mount at {planner.WORKSPACE}",
            "leave one of them out",
        )
    if word == CHECKOUT:
        checkout = session.checkout()
        if checkout is None:
            raise UsageError(
                "--mount-workspace: there is no Dynamo checkout here",
                "say which folder: --mount-workspace PATH, for example: --mount-workspace .",
            )
        return str(checkout)
    folder = absolute(word)
    if not is_folder(folder):
        raise UsageError(f"--mount-workspace: there is no folder {folder}", "name one that exists")
    return str(folder)


def _hf_cache(params: dict[str, Any]) -> str:
    word = params["hf_cache"]
    off = word is not None and word.lower() == "none"
    if off or (word is None and params["mount_workspace"] is None):
        return ""
    return str(absolute(word or default_hf_cache()))
