# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`run`: plan a container, and become the docker command that runs it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

import click

from dynamo_container import engine
from dynamo_container.cli.app import Session
from dynamo_container.cli.build import absolute, complete_framework, default_target
from dynamo_container.cli.plugin_command import PluginCommand, origins, plugin_options
from dynamo_container.engine import EngineFacts, ImageFacts
from dynamo_container.errors import EngineError, MachineError, UsageError, WorkFailedError
from dynamo_container.images import FRAMEWORK, image_reference
from dynamo_container.requests import RunRequest
from dynamo_container.run import assemble, docker_argv
from dynamo_container.run.plan import RunPlan
from dynamo_container.values import EnvVar, Mount, RunFlag

F = TypeVar("F", bound=Callable[..., Any])  # Any: click's decorators take every function

_COMMAND: Final = "dynamo_container.command"
_WORDS: Final = {
    "true": True,
    "yes": True,
    "1": True,
    "on": True,
    "false": False,
    "no": False,
    "0": False,
    "off": False,
}
# Options whose value may be left out: they then mean TRUE.
_SWITCHES: Final = ("--rm", "--privileged")


def switch(word: object) -> bool:
    """TRUE or FALSE, in any case, or yes and no.

    Raises:
        ValueError: it is neither.
    """
    try:
        return _WORDS[str(word).lower()]
    except KeyError:
        raise ValueError(word) from None


class RunCommand(PluginCommand):
    """`run`, and what explains it: the words after `--` are the container's command."""

    plugin_command = "run"

    def prepare(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            cut = args.index("--")
            ctx.meta[_COMMAND] = tuple(args[cut + 1 :])
            args = args[:cut]
        return list(_spell_out(args))

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND...]"]


def _spell_out(args: list[str]) -> Iterator[str]:
    """`--rm` before anything but TRUE or FALSE becomes `--rm=TRUE`: its value may be left out."""
    for word, following in zip(args, [*args[1:], ""], strict=True):
        yield f"{word}=TRUE" if word in _SWITCHES and following.lower() not in _WORDS else word


def run_options(function: F) -> F:
    """What `run` and `explain run` take."""
    options = (
        click.argument(
            "framework_argument",
            required=False,
            metavar="[FRAMEWORK]",
            shell_complete=complete_framework,
        ),
        click.option(
            "--framework",
            metavar="F",
            shell_complete=complete_framework,
            help="The same as the argument.",
        ),
        click.option("--target", metavar="T", help="The framework's image of this target."),
        click.option(
            "--image", metavar="IMAGE", help="This image (default: the framework's latest)."
        ),
        click.option("--name", default="", metavar="N", help="The container's name."),
        click.option(
            "-e",
            "--env",
            multiple=True,
            metavar="K[=V]",
            help="An environment variable; without a value from the caller's environment.",
        ),
        click.option(
            "-v",
            "--volume",
            "volumes",
            multiple=True,
            metavar="SOURCE:TARGET[:OPTIONS]",
            help="A bind mount, or a volume by name.",
        ),
        click.option(
            "-p",
            "--port",
            "ports",
            multiple=True,
            metavar="HOST:CONTAINER",
            help="Publish a port; means --network bridge where no network is named.",
        ),
        click.option(
            "--network",
            metavar="NETWORK",
            help="host (the default), bridge, none, container:NAME, or a network.",
        ),
        click.option(
            "--gpus",
            type=click.Choice(["auto", "none"]),
            default="auto",
            help="auto: the GPUs that the engine has; none: none.",
        ),
        click.option("--user", metavar="U", help="User or UID, and group or GID: U[:G]."),
        click.option(
            "--workdir", metavar="DIR", help="The working directory (default /workspace)."
        ),
        click.option(
            "--entrypoint",
            default="",
            metavar="PROGRAM",
            help="Instead of the image's; may have arguments.",
        ),
        click.option("--shm-size", metavar="SIZE", help="Shared memory (default 10G)."),
        click.option("--ipc", metavar="MODE", help="IPC namespace (default host)."),
        click.option(
            "--ulimit", "ulimits", multiple=True, metavar="NAME=SOFT[:HARD]", help="A limit."
        ),
        click.option(
            "--cap-add", "capabilities", multiple=True, metavar="CAP", help="A capability."
        ),
        click.option(
            "--privileged",
            type=switch,
            metavar="TRUE|FALSE",
            is_flag=False,
            flag_value="TRUE",
            default=False,
            help="Give the container the host's powers (default FALSE).",
        ),
        click.option(
            "--rm",
            "remove",
            type=switch,
            metavar="TRUE|FALSE",
            is_flag=False,
            flag_value="TRUE",
            default=True,
            help="Delete the container when it ends (default TRUE).",
        ),
        click.option("-i", "--interactive", is_flag=True, help="Keep standard input open."),
        click.option("-t", "--tty", is_flag=True, help="Give the container a terminal."),
        click.option("-d", "--detach", is_flag=True, help="In the background."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def plan_from(ctx: click.Context, *, dry: bool) -> RunPlan:
    """The plan of what the command line of `ctx` asks for.

    Args:
        ctx: a parsed `run` or `explain run`.
        dry: go on without an engine, and say what was assumed.

    Raises:
        DynamoContainerError: as the options, the engine and the plugins make it.
    """
    session = ctx.find_object(Session) or Session()
    params = ctx.params
    asked = _asked_framework(
        session, params["framework_argument"], params["framework"], params["image"]
    )
    if params["image"] and params["target"]:
        raise UsageError("--target means nothing with --image", "leave one of them out")
    image = params["image"] or _default_image(session, asked, params["target"])
    engine_facts, image_facts = _ask(session, image, params["gpus"], dry=dry)
    if not params["image"] and not image_facts and not dry:
        target = image.rpartition(f"{asked}-")[2] if image.count("-") > 1 else ""
        raise MachineError(
            f"the engine has no image {image}",
            f"build it: dynamo-container build {asked}"
            + (f" --target {target}" if params["target"] else ""),
        )
    framework = asked or _framework_of(session, image_facts)
    registry = session.load(*([framework] if framework else []))
    command: tuple[str, ...] = ctx.meta.get(_COMMAND, ())
    terminal = not command and sys.stdin.isatty() and sys.stdout.isatty() and not params["detach"]
    request = RunRequest(
        framework=framework,
        image=image,
        command=command,
        name=params["name"],
        env=tuple(_env(word) for word in params["env"]),
        mounts=tuple(_mount(word) for word in params["volumes"]),
        flags=tuple(_flags(params)),
        ports=params["ports"],
        gpus=params["gpus"],
        entrypoint=tuple(shlex.split(params["entrypoint"])),
        remove=params["remove"],
        detach=params["detach"],
        interactive=params["interactive"] or terminal,
        tty=params["tty"] or terminal,
        engine=engine_facts,
        image_facts=image_facts,
        origins=origins(ctx),
        options=plugin_options(ctx, [framework]),
    )
    return assemble.plan(registry, request)


def _asked_framework(
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


def _default_image(session: Session, framework: str, target: str | None) -> str:
    session.load(framework)
    return image_reference(framework, target or default_target(session.registry, framework))


def _framework_of(session: Session, image: ImageFacts | None) -> str:
    """The framework that the image's label names, where its plugin is installed."""
    name = image.label(FRAMEWORK) if image else ""
    if name and name not in session.registry.frameworks:
        session.warn(
            f"the image is of {name!r}, whose plugin is not installed: its defaults are left out"
        )
        return ""
    return name


def _ask(
    session: Session, image: str, gpus: str, *, dry: bool
) -> tuple[EngineFacts, ImageFacts | None]:
    """What the plan needs to know of the engine; assumptions, and a line that says so, where a dry
    run finds none.
    """
    try:
        return (engine.facts() if gpus != "none" else engine.NO_ENGINE), engine.inspect_image(image)
    except EngineError as error:
        if not dry:
            raise
        session.note(f"{error.what}; assumed: no GPU, and an image without labels")
        return engine.NO_ENGINE, None


def _env(word: str) -> EnvVar:
    name, equals, value = word.partition("=")
    if not name:
        raise UsageError(f"--env {word!r} has no name", "for example: -e KEY=VALUE")
    return EnvVar(name=name, value=value if equals else None)


def _mount(word: str) -> Mount:
    """Docker's short form. What has a `/` or starts with `.` or `~` is a path, and is made
    absolute; else a volume.
    """
    parts = word.split(":")
    if len(parts) == 1:
        parts = ["", *parts]
    source, target, options = parts[0], parts[1], parts[2:]
    if len(options) > 1 or not target.startswith("/"):
        raise UsageError(
            f"--volume {word!r} is not SOURCE:TARGET[:OPTIONS] with an absolute TARGET",
            "for example: -v ~/models:/models:ro",
        )
    is_path = "/" in source or source.startswith((".", "~"))
    return Mount(
        source=str(absolute(source)) if is_path else source,
        target=target,
        type="bind" if is_path else "volume",
        options=tuple(options[0].split(",")) if options else (),
    )


def _flags(params: dict[str, Any]) -> Iterator[RunFlag]:
    network = params["network"]
    if params["ports"] and network == "host":
        raise UsageError(
            "--port means nothing with --network host",
            "the host's ports are the container's; leave one out",
        )
    if params["ports"] and not network:
        network = "bridge"
    single = {"--network": network, "--user": params["user"], "--workdir": params["workdir"],
              "--shm-size": params["shm_size"], "--ipc": params["ipc"]}  # fmt: skip
    yield from (RunFlag(flag=flag, value=value) for flag, value in single.items() if value)
    yield from (
        RunFlag(flag="--ulimit", value=word, key=word.partition("=")[0])
        for word in params["ulimits"]
    )
    yield from (RunFlag(flag="--cap-add", value=word, key=word) for word in params["capabilities"])
    if params["privileged"]:
        yield RunFlag(flag="--privileged")


@click.command(
    cls=RunCommand,
    epilog="Examples: dynamo-container run vllm · "
    "dynamo-container run none -p 8000:8000 -- python -m dynamo.frontend",
)
@run_options
@click.option("--wait", is_flag=True, help="With --detach: return when the container is ready.")
@click.option(
    "--wait-timeout",
    type=click.FloatRange(min=0),
    default=300.0,
    metavar="SECONDS",
    help="The longest --wait.",
)
@click.option("--dry-run", is_flag=True, help="Print the command that would run, and run nothing.")
@click.pass_context
def command(
    ctx: click.Context, /, wait: bool, wait_timeout: float, dry_run: bool, **_options: object
) -> int:
    """Run a framework's image, or any image."""
    session: Session = ctx.obj
    if wait and not ctx.params["detach"]:
        raise UsageError("--wait means nothing without --detach", "add -d, or leave it out")
    plan = plan_from(ctx, dry=dry_run)
    if wait and plan.readiness is None:
        raise UsageError(
            "--wait: nothing says how this image's containers become ready", "name its --framework"
        )
    for warning in plan.warnings:
        session.warn(warning)
    rendered = docker_argv.command(plan)
    if dry_run:
        click.echo(rendered.shell())
        return 0
    if wait:
        return _start_and_wait(session, plan, rendered, wait_timeout)
    engine.replace_process(rendered)
    raise AssertionError("unreachable: the process is docker's now")


def _start_and_wait(
    session: Session, plan: RunPlan, rendered: engine.Command, seconds: float
) -> int:
    from dynamo_container.run.wait import wait

    assert plan.readiness is not None
    started = engine.capture(*rendered.argv)
    click.echo(started.stderr, err=True, nl=False)
    if started.returncode:
        return started.returncode
    container = started.stdout.strip()
    try:
        wait(container, plan.readiness, seconds, lambda line: session.note(f"waiting: {line}"))
    except (WorkFailedError, KeyboardInterrupt):
        if plan.remove:
            engine.capture("docker", "stop", container)
        raise
    click.echo(container)
    return 0
