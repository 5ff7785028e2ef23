# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The docker boundary: commands as values, and the one place that runs them.

A renderer makes a `Command`; this module runs it or prints it. Nothing else in the package starts a
process, but `attached`, which listens to a container.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dynamo_container.docker import local_engine
from dynamo_container.errors import EngineError, MachineError, NoAnswerError
from dynamo_container.model.facts import BuilderInfo, EngineInfo, ImageInfo

if TYPE_CHECKING:
    import subprocess

# Debian 13's engine; what is older lacks the parts of BuildKit that plans use.
OLDEST_ENGINE = 26
OLDEST_BUILDX: Final = "0.13"
_HEREDOC = "EOF"
# Called with each command that is run, where somebody wants to know (`--verbose`).
tell: Callable[[str], None] | None = None
_OK: Final = 200
_NOT_FOUND: Final = 404
# A question to a healthy engine takes 20 to 200 ms; one that takes this long has no answer.
_ANSWER_SECONDS = 60.0
_PIECE = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command to run: exactly this, or printed as text that a shell runs just so.

    Attributes:
        argv: program and arguments.
        cwd: the folder that it runs in; the current one where empty.
        env: what is added to the caller's environment, and shown when printed.
        stdin: what it reads.
        hidden_env: what is added to the environment and never shown: the content of secrets.
    """

    argv: tuple[str, ...]
    cwd: str = ""
    env: tuple[tuple[str, str], ...] = ()
    stdin: str = ""
    hidden_env: tuple[tuple[str, str], ...] = ()

    def shell(self) -> str:
        """One shell command that does the same, given that the variables of `hidden_env` are
        exported.
        """
        words = [f"{name}={shlex.quote(value)}" for name, value in self.env]
        line = " ".join([*words, shlex.join(self.argv)])
        if self.cwd:
            line = f"cd {shlex.quote(self.cwd)} && {line}"
        if self.stdin:
            line = f"{line} <<'{_HEREDOC}'\n{self.stdin.rstrip()}\n{_HEREDOC}\n"
        return f"({line})" if self.cwd else line

    def environment(self) -> dict[str, str]:
        """The whole environment that it runs in."""
        return {**os.environ, **dict(self.env), **dict(self.hidden_env)}


def told(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The same words, after they were told to who wants to know."""
    if tell:
        tell(shlex.join(argv))
    return argv


def run(command: Command) -> int:
    """Run a command with this process's terminal and output; the result is its exit status."""
    import subprocess

    try:
        return subprocess.run(
            told(command.argv),
            cwd=command.cwd or None,
            env=command.environment(),
            input=command.stdin.encode() if command.stdin else None,
            check=False,
        ).returncode
    except OSError as error:
        raise no_client(error) from error


def capture(*argv: str, timeout: float = _ANSWER_SECONDS) -> subprocess.CompletedProcess[str]:
    """Run a command and keep its output.

    Raises:
        EngineError: the program is not installed, or nothing came back in time.
    """
    with asking(*argv) as answer:
        return answer(timeout)


@contextmanager
def asking(*argv: str) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Run a command beside other work: call what this gives for its output, as of `capture`."""
    import subprocess

    process: subprocess.Popen[str] | None = None
    missing: OSError | None = None
    try:
        # A container's log may hold anything.
        process = subprocess.Popen(
            told(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    except OSError as error:
        missing = error

    def answer(timeout: float = _ANSWER_SECONDS) -> subprocess.CompletedProcess[str]:
        if process is None:
            assert missing is not None
            raise no_client(missing) from missing
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise NoAnswerError(
                f"'{shlex.join(argv[:3])}' gave no answer in {timeout:g} s",
                "look whether the docker engine is healthy: docker version",
            ) from error
        return subprocess.CompletedProcess(argv, process.returncode, out, err)

    try:
        yield answer
    finally:
        if process is not None and process.returncode is None:
            process.kill()
            process.communicate()


def ask(*argv: str, without: str = "", **variables: str) -> str:
    """What a program other than docker says on standard output; empty where it fails, is not
    installed, or takes too long: what it knows is good to know, and no more.

    Args:
        argv: program and arguments.
        without: variables that start so are left out of its environment.
        variables: what is added to its environment.
    """
    import subprocess

    kept = {
        name: value
        for name, value in os.environ.items()
        if not (without and name.startswith(without))
    }
    try:
        answer = subprocess.run(
            told(argv),
            env={**kept, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_ANSWER_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if answer.returncode else answer.stdout


def start(command: Command) -> tuple[int, str]:
    """Run a command to its end, however long that takes (it may pull an image), with this process's
    standard error; the result is its exit status and what it said on standard output.
    """
    import subprocess

    try:
        answer = subprocess.run(
            told(command.argv),
            env=command.environment(),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
    except OSError as error:
        raise no_client(error) from error
    return answer.returncode, answer.stdout.strip()


def watch(command: Command, take: Callable[[bytes], None]) -> int:
    """Run a command and hand on what it says on standard error, as it comes; the result is its exit
    status.

    Raises:
        EngineError: the program is not installed.
    """
    import subprocess
    import tempfile

    with tempfile.TemporaryFile() as stdin:  # a pipe could fill up before anybody reads
        stdin.write(command.stdin.encode())
        stdin.seek(0)
        try:
            process = subprocess.Popen(
                told(command.argv),
                cwd=command.cwd or None,
                env=command.environment(),
                stdin=stdin,
                stderr=subprocess.PIPE,
            )
        except OSError as error:
            raise no_client(error) from error
        assert process.stderr
        with process:
            while data := os.read(process.stderr.fileno(), _PIECE):
                take(data)
        return process.returncode


def replace_process(command: Command) -> None:
    """Become the command: signals, the terminal and the exit status are then its own. Does not
    return.

    Raises:
        EngineError: the program is not installed.
    """
    import sys

    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvpe(command.argv[0], told(command.argv), command.environment())  # noqa: S606
    except OSError as error:
        raise no_client(error) from error


def server_version() -> str:
    """The engine's version, such as `28.5.2`.

    Raises:
        EngineError: no engine answers, or it is too old.
    """
    _, known = _get("/version")
    version = str(known["Version"]) if known else _server_version()
    major = version.partition(".")[0]
    if major.isdigit() and int(major) < OLDEST_ENGINE:
        raise EngineError(
            f"docker engine {version} is too old: builds need {OLDEST_ENGINE} or newer",
            "upgrade Docker Engine, or point DOCKER_HOST at a newer one",
        )
    return version


def _server_version() -> str:
    answer = capture("docker", "version", "--format", "{{.Server.Version}}")
    if answer.returncode:
        raise no_engine(answer.stderr)
    return answer.stdout.strip()


def client_version() -> str:
    """The docker command's version; that no engine answers is no matter.

    Raises:
        EngineError: the docker command is not installed.
    """
    said = capture("docker", "version", "--format", "{{.Client.Version}}").stdout.strip()
    if said:
        return said
    # It says nothing where its context is none: `Docker version 28.5.2, build ecc6942`.
    words = capture("docker", "--version").stdout.replace(",", " ").split()
    return next((word for word in words if word[0].isdigit()), "")


def buildx_version() -> str:
    """Buildx's version, such as `0.13.1`; empty where the docker command has none.

    Raises:
        EngineError: the docker command is not installed.
    """
    answer = capture("docker", "buildx", "version")
    words = answer.stdout.split()
    return words[1].lstrip("v") if not answer.returncode and len(words) > 1 else ""


@contextmanager
def asking_build_cache() -> Iterator[Callable[[], tuple[str, str]]]:
    """Ask beside other work for the size of the build cache, and for what of it can be freed; both
    as docker says them, and empty where it does not: on a busy engine that takes minutes.
    """
    with asking("docker", "system", "df", "--format", "{{json .}}") as answer:
        yield lambda: _build_cache(answer)


def _build_cache(answer: Callable[..., subprocess.CompletedProcess[str]]) -> tuple[str, str]:
    try:
        told = answer().stdout
    except EngineError:
        return "", ""
    for line in told.splitlines():
        row = json.loads(line)
        if row.get("Type") == "Build Cache":
            return row["Size"], row["Reclaimable"]
    return "", ""


def require_buildx() -> None:
    """Make sure that `docker buildx` is there.

    Raises:
        EngineError: it is not.
    """
    if capture("docker", "buildx", "version").returncode:
        raise EngineError(
            "the docker client has no buildx plugin, which builds need",
            "install docker-buildx (package docker-buildx or docker-buildx-plugin), 0.13 or newer",
        )


def builder(name: str = "") -> BuilderInfo:
    """What a builder can do, or the selected one.

    Raises:
        EngineError: no engine answers, or there is no buildx.
        MachineError: there is no such builder.
    """
    answer = capture("docker", "buildx", "inspect", *([name] if name else []))
    lines = [line.partition(":")[::2] for line in answer.stdout.splitlines()]
    said = [(key.strip(), value.strip()) for key, value in lines]
    if answer.returncode or not dict(said).get("Driver"):
        require_buildx()
        if not name:
            raise no_engine(answer.stderr)
        raise MachineError(
            f"there is no builder {name!r} that answers: {answer.stderr.strip()}",
            f"see: docker buildx ls; or make it: docker buildx create --name {name}",
        )
    driver = dict(said)["Driver"]
    platforms = [one for key, value in said if key == "Platforms" for one in value.split(",")]
    return BuilderInfo(
        name=next(value for key, value in said if key == "Name"),
        driver=driver,
        # One that a user has set has a star.
        platforms=tuple(dict.fromkeys(one.strip().rstrip("*") for one in platforms if one.strip())),
        image_store=driver == "docker" and _has_image_store(),
    )


def _has_image_store() -> bool:
    answer = capture("docker", "info", "--format", "{{json .DriverStatus}}")
    return "io.containerd.snapshotter" in answer.stdout


def facts() -> EngineInfo:
    """Ask the engine once for what a run's plan needs.

    Raises:
        EngineError: no engine answers.
    """
    with asking_facts() as answer:
        return answer()


@contextmanager
def asking_facts() -> Iterator[Callable[[], EngineInfo]]:
    """Ask for the facts beside other work: call what this gives for them. See `facts`."""
    docker_info = ("docker", "info", "--format", "{{json .}}")
    with local_engine.asking("/info", _ANSWER_SECONDS) as here:
        if here:
            yield lambda: _facts(_heard("/info", *here()) or _info(capture(*docker_info)))
            return
    with asking(*docker_info) as answer:
        yield lambda: _facts(_info(answer()))


def _get(path: str) -> tuple[int, dict[str, Any] | None]:
    """Ask an engine at a socket: the HTTP status, 0 where none answers, and what was asked for."""
    with local_engine.asking(path, _ANSWER_SECONDS) as here:
        status, answer = here() if here else (0, {})
    return status, _heard(path, status, answer)


def _heard(path: str, status: int, answer: dict[str, Any]) -> dict[str, Any] | None:
    """What an engine at a socket has answered; None where that is not what was asked for."""
    if status and tell:
        tell(f"GET {path} ({status})")
    return answer if status == _OK else None


def _info(answer: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    info = json.loads(answer.stdout) if answer.stdout.strip().startswith("{") else {}
    if answer.returncode or not info.get("ServerVersion"):
        raise no_engine(answer.stderr or " ".join(info.get("ServerErrors") or ()))
    return dict(info)


def _facts(info: dict[str, Any]) -> EngineInfo:
    local = _is_local(info)
    return EngineInfo(
        version=str(info["ServerVersion"]),
        runtimes=tuple(sorted(info.get("Runtimes") or ())),
        default_runtime=info.get("DefaultRuntime") or "",
        cdi_devices=_cdi_devices(info, local=local),
        hook=local and _has_hook(),
        local=local,
        root=info.get("DockerRootDir") or "",
    )


def _is_local(info: dict[str, Any]) -> bool:
    """Whether the engine runs where this process does. A socket may lead into a virtual machine, or
    out of a container: there, the names differ.
    """
    host = os.environ.get("DOCKER_HOST", "")
    return host.partition("://")[0] in ("", "unix") and info.get("Name") == os.uname().nodename


def _cdi_devices(info: dict[str, Any], *, local: bool) -> tuple[str, ...]:
    listed = info.get("DiscoveredDevices")
    if listed is not None:
        devices = (one.get("ID", "") for one in listed if one.get("Source") == "cdi")
        return tuple(sorted(devices))
    folders = info.get("CDISpecDirs") or ()
    if not (local and folders):
        return ()
    from dynamo_container.docker import cdi

    return cdi.devices(folders)


def _has_hook() -> bool:
    """Whether NVIDIA's hook is where an engine looks for it."""
    import shutil

    folders = [*os.get_exec_path(), "/usr/local/bin", "/usr/bin", "/usr/sbin"]
    return bool(shutil.which("nvidia-container-runtime-hook", path=os.pathsep.join(folders)))


def inspect_image(reference: str) -> ImageInfo | None:
    """What the engine knows of an image; None where it does not have it.

    Raises:
        EngineError: no engine answers.
    """
    from urllib.parse import quote

    status, image = _get(f"/images/{quote(reference)}/json")
    if image is None and status != _NOT_FOUND:
        image = _inspect(reference)
    if image is None:
        return None
    config = image.get("Config") or {}
    return ImageInfo(
        id=image["Id"],
        size=image.get("Size", 0),
        labels=tuple(sorted((config.get("Labels") or {}).items())),
        user=config.get("User") or "",
        env=tuple(config.get("Env") or ()),
    )


def _inspect(reference: str) -> dict[str, Any] | None:
    answer = capture("docker", "image", "inspect", "--format", "{{json .}}", reference)
    if answer.returncode:
        if "no such image" in answer.stderr.lower():
            return None
        server_version()
        raise MachineError(f"docker cannot tell about {reference}: {answer.stderr.strip()}")
    image: dict[str, Any] = json.loads(answer.stdout)
    return image


def no_engine(said: str) -> EngineError:
    """The error for an engine that does not answer, with the client's own last words."""
    lines = [line.strip() for line in said.strip().splitlines() if line.strip()]
    reason = f": {lines[-1]}" if lines else ""
    return EngineError(
        f"no docker engine answers{reason}",
        "start Docker, or point DOCKER_HOST or DOCKER_CONTEXT at an engine; --dry-run needs none",
    )


def no_client(error: OSError) -> EngineError:
    """The error for a docker command that cannot be started."""
    missing = isinstance(error, FileNotFoundError)
    return EngineError(
        "the docker command is not installed"
        if missing
        else f"the docker command cannot be run: {error.strerror}",
        f"install Docker {OLDEST_ENGINE} or newer with buildx; --dry-run needs none",
    )
