# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`run`: plan a container, and become the docker command that runs it."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from dynamo_container import engine
from dynamo_container.cli import project
from dynamo_container.cli.app import Session
from dynamo_container.cli.developer import sudo_user
from dynamo_container.cli.frameworks import complete_framework, default_target
from dynamo_container.cli.paths import absolute
from dynamo_container.cli.plugin_command import LINES, PluginCommand, origins, plugin_options
from dynamo_container.engine import EngineFacts, ImageFacts
from dynamo_container.errors import EngineError, MachineError, UsageError
from dynamo_container.images import FRAMEWORK, image_reference, is_image
from dynamo_container.requests import RunRequest
from dynamo_container.run import assemble, docker_argv
from dynamo_container.run.plan import RunPlan
from dynamo_container.values import EnvVar, Mount, RunFlag

F = TypeVar("F", bound=Callable[..., Any])  # Any: click's decorators take every function
T = TypeVar("T")

_COMMAND: Final = "dynamo_container.command"
# As docker takes it: [[ADDRESS:][HOST]:]CONTAINER[/PROTOCOL], ports or ranges of them.
_PORT: Final = re.compile(
    r"(?:(?:(?:[\d.]+|\[[0-9a-fA-F:]+\]):)?(?:\d+(?:-\d+)?)?:)?\d+(?:-\d+)?(?:/(?:tcp|udp|sctp))?"
)
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
# No path is called so.
_CHECKOUT: Final = "(checkout)\0"
_MOUNT: Final = "--mount-workspace"
_PATH: Final = re.compile(r"[.~/]|[^-].*/")


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

    may_be_empty = ("entrypoint",)

    def prepare(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            cut = args.index("--")
            ctx.meta[_COMMAND] = tuple(args[cut + 1 :])
            args = args[:cut]
        return list(_spell_out(args, self._takes_value()))

    def _takes_value(self) -> frozenset[str]:
        options = [one for one in self.params if isinstance(one, click.Option) and not one.is_flag]
        return frozenset(flag for one in options for flag in one.opts) - {*_SWITCHES, _MOUNT}

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND...]"]


def _spell_out(args: list[str], takes_value: frozenset[str]) -> Iterator[str]:
    """`--rm` before anything but TRUE or FALSE becomes `--rm=TRUE`: its value may be left out. So
    may that of `--mount-workspace`: a word after it is a PATH where it looks like one.
    """
    rest = iter(zip(args, [*args[1:], ""], strict=False))
    for word, following in rest:
        if word in _SWITCHES and following.lower() not in _WORDS:
            yield f"{word}=TRUE"
        elif word == _MOUNT and not _PATH.match(following):
            yield f"{word}={_CHECKOUT}"
        else:
            yield word
        if word in takes_value:
            yield from (value for value, _ in itertools.islice(rest, 1))


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
            type=LINES,
            metavar="K[=V]",
            help="An environment variable; without a value from the caller's environment.",
        ),
        click.option(
            "-v",
            "--volume",
            multiple=True,
            type=LINES,
            metavar="SOURCE:TARGET[:OPTIONS]",
            help="A bind mount, or a volume by name.",
        ),
        click.option(
            "-p",
            "--port",
            multiple=True,
            type=LINES,
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
        click.option(
            "--mount-workspace",
            metavar="[PATH]",
            is_flag=False,
            flag_value=_CHECKOUT,
            help="Mount the Dynamo checkout around the current folder, or PATH, at /workspace; "
            "the Hugging Face cache and HF_TOKEN come along.",
        ),
        click.option(
            "--hf-cache",
            "--hf-home",
            "hf_cache",
            metavar="DIR|none",
            help="The Hugging Face cache to mount (default with --mount-workspace: HF_HOME, "
            "else ~/.cache/huggingface).",
        ),
        click.option("--user", metavar="U", help="User or UID, and group or GID: U[:G]."),
        click.option(
            "--workdir", metavar="DIR", help="The working directory (default /workspace)."
        ),
        click.option(
            "--entrypoint",
            metavar="PROGRAM",
            help="Instead of the image's; may have arguments.",
        ),
        click.option("--shm-size", metavar="SIZE", help="Shared memory (default 10G)."),
        click.option("--ipc", metavar="MODE", help="IPC namespace (default host)."),
        click.option(
            "--ulimit", multiple=True, type=LINES, metavar="NAME=SOFT[:HARD]", help="A limit."
        ),
        click.option("--cap-add", multiple=True, type=LINES, metavar="CAP", help="A capability."),
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
        click.option(
            "--wait", is_flag=True, help="With --detach: return when the container is ready."
        ),
        click.option(
            "--wait-timeout",
            type=click.FloatRange(min=0),
            default=300.0,
            metavar="SECONDS",
            help="The longest --wait.",
        ),
        click.option(
            "--dry-run", is_flag=True, help="Print the command that would run, and run nothing."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def command_of(ctx: click.Context) -> tuple[str, ...]:
    """What follows `--`."""
    command: tuple[str, ...] = ctx.meta.get(_COMMAND, ())
    return command


def plan_from(ctx: click.Context, *, dry: bool, target: str = "") -> RunPlan:
    """The plan of what the command line of `ctx` asks for.

    Args:
        ctx: a parsed `run` or `explain run`.
        dry: go on without an engine, and say what was assumed.
        target: what the image is of, where its label does not say.

    Raises:
        DynamoContainerError: as the options, the engine and the plugins make it.
    """
    session = ctx.find_object(Session) or Session()
    params = ctx.params
    asked = asked_framework(
        session, params["framework_argument"], params["framework"], params["image"]
    )
    if params["image"] and params["target"]:
        raise UsageError("--target means nothing with --image", "leave one of them out")
    if params["image"] and not is_image(params["image"]):
        raise UsageError(
            f"--image {params['image']!r} is no image reference", "for example: my-image:dev"
        )
    if not params["image"]:
        target = params["target"] or _default_target(session, asked)
    image = params["image"] or image_reference(asked, target)
    engine_facts, image_facts = _ask(session, image, params["gpus"], dry=dry)
    if not params["image"] and not image_facts and not dry:
        option = f" --target {target}" if params["target"] else ""
        raise MachineError(
            f"the engine has no image {image}", f"build it: dynamo-container build {asked}{option}"
        )
    framework = asked or _framework_of(session, image_facts)
    registry = session.load(*([framework] if framework else []))
    command = command_of(ctx)
    mounts = _last(map(_mount, params["volume"]), lambda mount: mount.target)
    terminal = not command and not params["detach"] and _at_terminal()
    request = RunRequest(
        framework=framework,
        image=image,
        command=command,
        name=params["name"] or "",
        env=_last(map(_env, params["env"]), lambda var: var.name),
        mounts=mounts,
        flags=_last(_flags(params), assemble.flag_key),
        ports=tuple(_port(word, params["network"]) for word in params["port"]),
        gpus=params["gpus"],
        entrypoint=_entrypoint(params["entrypoint"]),
        remove=params["rm"],
        detach=params["detach"],
        interactive=params["interactive"] or terminal,
        tty=params["tty"] or terminal,
        target=target,
        workspace=_workspace(params["mount_workspace"], mounts),
        hf_cache=_hf_cache(params),
        engine=engine_facts,
        image_facts=image_facts,
        origins=origins(ctx),
        options=plugin_options(ctx, [framework]),
    )
    return assemble.plan(registry, request)


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


def _workspace(word: str | None, mounts: Iterable[Mount]) -> str:
    """The folder to mount: the checkout around the current folder, or the one that is given."""
    if word is None:
        return ""
    if any(mount.target == assemble.WORKSPACE for mount in mounts):
        raise UsageError(
            f"--mount-workspace and --volume both mount at {assemble.WORKSPACE}",
            "leave one of them out",
        )
    if word == _CHECKOUT:
        checkout = project.find_checkout(absolute("."))
        if checkout is None:
            raise UsageError(
                "--mount-workspace: there is no Dynamo checkout here",
                "say which folder: --mount-workspace PATH, for example: --mount-workspace .",
            )
        return str(checkout)
    folder = absolute(word)
    if not folder.is_dir():
        raise UsageError(f"--mount-workspace: there is no folder {folder}", "name one that exists")
    return str(folder)


def _hf_cache(params: dict[str, Any]) -> str:
    word = params["hf_cache"]
    if word == "none" or (word is None and params["mount_workspace"] is None):
        return ""
    return str(absolute(word or os.environ.get("HF_HOME") or f"{_home()}/.cache/huggingface"))


def _home() -> str:
    """The home of the user; behind sudo, of who called it."""
    caller = sudo_user()
    if caller is None:
        return "~"
    import pwd

    try:
        return pwd.getpwuid(caller[0]).pw_dir
    except KeyError:
        return "~"


def _at_terminal() -> bool:
    """Whether somebody sits at both ends."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def _last(values: Iterable[T], key: Callable[[T], str]) -> tuple[T, ...]:
    """The last value for each key: a user who repeats an option means that."""
    return tuple({key(value): value for value in values}.values())


def _entrypoint(word: str | None) -> tuple[str, ...]:
    """Program and arguments; one empty text resets the image's, as docker has it."""
    if not word:
        return () if word is None else ("",)
    try:
        return tuple(shlex.split(word))
    except ValueError as error:
        raise UsageError(
            f"--entrypoint {word!r}: {str(error).lower()}", "quote it as a shell would"
        ) from error


def _port(word: str, network: str | None) -> str:
    if not _PORT.fullmatch(word):
        raise UsageError(
            f"--port {word!r} is no port to publish", "for example: 8000:8000, 127.0.0.1:8000:8000"
        )
    if network and (network in ("host", "none") or network.startswith("container:")):
        raise UsageError(f"--port means nothing with --network {network}", "leave one of them out")
    return word


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
        target=target.rstrip("/") or "/",
        type="bind" if is_path else "volume",
        options=tuple(options[0].split(",")) if options else (),
    )


def _flags(params: dict[str, Any]) -> Iterator[RunFlag]:
    for name in ("network", "user", "workdir", "shm_size", "ipc"):
        if params[name]:
            yield RunFlag(flag=f"--{name.replace('_', '-')}", value=params[name])
    yield from (
        RunFlag(flag="--ulimit", value=word, key=word.partition("=")[0])
        for word in params["ulimit"]
    )
    yield from (RunFlag(flag="--cap-add", value=word, key=word) for word in params["cap_add"])
    if params["privileged"]:
        yield RunFlag(flag="--privileged")


@click.command(
    cls=RunCommand,
    epilog="Examples: dynamo-container run vllm · "
    "dynamo-container run none -p 8000:8000 -- python -m dynamo.frontend",
)
@run_options
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
    _make_folders(plan)
    if wait:
        return _start_and_wait(session, plan, rendered, wait_timeout)
    engine.replace_process(rendered)
    raise AssertionError("unreachable: the process is docker's now")


def _make_folders(plan: RunPlan) -> None:
    """Made by whom they belong to: docker would make them as root."""
    try:
        for folder in plan.folders:
            _make_folder(Path(folder))
    except OSError as error:
        raise MachineError(
            f"{error.filename} cannot be made: {error.strerror}",
            "name another, or: --hf-cache none",
        ) from error


def _make_folder(folder: Path) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    caller = sudo_user()
    for one in missing:
        if caller:
            os.chown(one, *caller)


def _start_and_wait(
    session: Session, plan: RunPlan, rendered: engine.Command, seconds: float
) -> int:
    from dynamo_container.run.wait import wait

    assert plan.readiness is not None
    status, container = engine.start(rendered)
    if status:
        return status
    try:
        wait(container, plan.readiness, seconds, lambda line: session.note(f"waiting: {line}"))
    except BaseException:
        # Also where the user interrupts: nobody is left who could use the container.
        if plan.remove:
            engine.capture("docker", "stop", container)
        raise
    click.echo(container)
    return 0
