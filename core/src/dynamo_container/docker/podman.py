# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What podman's command answers, as the values that docker's engine is described by.

Podman has no daemon whose API could be asked: each answer comes from its command.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dynamo_container.docker import cdi, process
from dynamo_container.docker.errors import OLDEST_PODMAN, no_podman, podman_too_old
from dynamo_container.docker.listed import CREATED, Container, ours
from dynamo_container.docker.program import PODMAN
from dynamo_container.errors import MachineError, WorkFailedError
from dynamo_container.model.facts.engine import EngineInfo
from dynamo_container.model.names import (
    DEFAULT_FILES,
    DEV_LABEL,
    OWNER_LABEL,
    PROJECT_LABEL,
    RUN_LABEL,
    SERVE_LABEL,
)
from dynamo_container.model.toml import read_toml

if TYPE_CHECKING:
    import subprocess

    from dynamo_container.docker.command import Command

INFO: Final = (PODMAN, "info", "--format", "json")
# The folders of CDI descriptions, the same as docker's.
_CDI_FOLDERS: Final = ("/etc/cdi", "/var/run/cdi")
# The time that podman gets to report a stopped container, beyond the container's own.
_GRACE_SECONDS: Final = 60
# The number of the capability: see capability.h.
_SYS_RESOURCE: Final = 24


def engine_info(completed: subprocess.CompletedProcess[str]) -> EngineInfo:
    """Return the facts in the output of `podman info`.

    Raises:
        EngineError: podman failed, or is too old.
    """
    info = _json(completed.stdout)
    version = str(_at(info, "version", "Version") or "")
    if completed.returncode or not version:
        raise no_podman(completed.stderr)
    major = version.partition(".")[0]
    if major.isdigit() and int(major) < OLDEST_PODMAN:
        raise podman_too_old(version)
    local = not _at(info, "host", "serviceIsRemote")
    rootless = bool(_at(info, "host", "security", "rootless"))
    return EngineInfo(
        program=PODMAN,
        version=version,
        cdi_devices=cdi.devices(_cdi_folders()),
        local=local,
        root=str(_at(info, "store", "graphRoot") or ""),
        rootless=rootless,
        limits=_limits() if local else (),
    )


def inspect_image(reference: str) -> dict[str, Any] | None:
    """Return what podman knows about an image, in docker's form; None if it does not have it.

    Raises:
        EngineError: podman is not installed.
        MachineError: podman cannot inspect the image.
    """
    inspect = (PODMAN, "image", "inspect", "--format", "{{json .}}", reference)
    completed = process.capture(*inspect)
    image = _json(completed.stdout)
    if not completed.returncode and isinstance(image, dict):
        return image
    if "image not known" in completed.stderr:
        return None
    raise MachineError(
        f"podman cannot inspect the image {reference}: {_last_line(completed.stderr)}",
        f"see: podman image inspect {reference}",
    )


def list_containers() -> tuple[Container, ...]:
    """Return the containers that `run` started, the newest first.

    Raises:
        EngineError: podman fails.
    """
    listing = (PODMAN, "ps", "--all", "--filter", f"label={RUN_LABEL}", "--format", "json")
    completed = process.capture(*listing)
    rows = _json(completed.stdout)
    if completed.returncode or not isinstance(rows, list):
        raise no_podman(completed.stderr)
    inherited = {image: _labels_of(image) for image in {row["ImageID"] for row in rows}}
    containers = map(_container, ours(rows, lambda row: inherited[row["ImageID"]]))
    return tuple(sorted(containers, key=lambda one: one.created, reverse=True))


def stop(containers: Iterable[Container], seconds: int) -> Iterator[Container]:
    """Stop containers, one after the other; each is killed after so many seconds. One that was
    created and never started is deleted.

    Yields:
        Each container when it has stopped.

    Raises:
        EngineError: podman does not answer.
        WorkFailedError: a container cannot be stopped.
    """
    for container in containers:
        stopping = ("stop", "--ignore", f"--time={seconds}")
        how = ("rm", "--ignore") if container.state == CREATED else stopping
        command = (PODMAN, *how, container.id)
        completed = process.capture(*command, timeout=seconds + _GRACE_SECONDS)
        if completed.returncode:
            raise WorkFailedError(
                f"container {container.name} cannot be stopped: {_last_line(completed.stderr)}",
                f"try: podman kill {container.name}",
            )
        yield container


@contextmanager
def loading(
    before: Iterable[Command], after: Iterable[Command], files: Iterable[str]
) -> Iterator[Callable[[], None]]:
    """Load images from archives after a build.

    Args:
        before: commands that run now.
        after: commands that load what was built.
        files: archives, which are deleted at the end.

    Yields:
        A function to call when the images are built.

    Raises:
        WorkFailedError: a command fails.
    """
    try:
        _run_all(before)
        yield lambda: _run_all(after)
    finally:
        for file in files:
            Path(file).unlink(missing_ok=True)


def _run_all(commands: Iterable[Command]) -> None:
    for command in commands:
        # Standard output is for the names of what was built.
        if status := process.run(command, output=2):
            raise WorkFailedError(
                f"podman did not get the image: {command.argv[0]} exited with status {status}",
                "see the output above; free some space if the disk is full",
            )


def _limits() -> tuple[str, ...]:
    """Return the limits that this process's children may not raise to a container's defaults."""
    import resource

    if _may_raise_limits():
        return ()
    memory, files = resource.RLIMIT_MEMLOCK, resource.RLIMIT_NOFILE
    unlimited = resource.getrlimit(memory)[1] == resource.RLIM_INFINITY
    enough = resource.getrlimit(files)[1]
    many = enough == resource.RLIM_INFINITY or enough >= DEFAULT_FILES
    return tuple(name for name, fits in (("memlock", unlimited), ("nofile", many)) if not fits)


def _may_raise_limits() -> bool:
    """Whether this process has the capability SYS_RESOURCE (Linux only)."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return bool(found and int(found[1], 16) >> _SYS_RESOURCE & 1)


def _cdi_folders() -> tuple[str, ...]:
    """Return the folders with descriptions of CDI devices, by the configuration that podman reads
    last: that of CONTAINERS_CONF, the user's, or the machine's.
    """
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111
    paths = (
        os.environ.get("CONTAINERS_CONF", ""),
        f"{home}/containers/containers.conf",
        "/etc/containers/containers.conf",
    )
    for path in filter(os.path.isfile, paths):
        folders = _at(_settings(Path(path)), "engine", "cdi_spec_dirs")
        if isinstance(folders, list):
            return tuple(map(str, folders))
    return _CDI_FOLDERS


def _settings(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path)
    except (OSError, ValueError):
        return {}


def _labels_of(image: str) -> dict[str, str]:
    """Return the labels of an image, which its containers inherit; none if it was deleted."""
    found = inspect_image(image) or {}
    return _at(found, "Config", "Labels") or {}


def _container(row: dict[str, Any]) -> Container:
    return Container(
        id=row["Id"],
        name=(row.get("Names") or [row["Id"][:12]])[0],
        framework=row["Labels"][RUN_LABEL],
        owner=row["Labels"].get(OWNER_LABEL, ""),
        project=row["Labels"].get(PROJECT_LABEL, ""),
        served=row["Labels"].get(SERVE_LABEL, ""),
        developed=row["Labels"].get(DEV_LABEL, ""),
        image=row["Image"],
        state=row["State"],
        status=row["Status"],
        ports=tuple(sorted(map(_port, row.get("Ports") or ()))),
        created=row["Created"],
    )


def _port(port: dict[str, Any]) -> str:
    """Return a port as docker writes it; podman joins neighbouring ones."""
    count = port.get("range") or 1
    host, inside = (_range(port[key], count) for key in ("host_port", "container_port"))
    return f"{port.get('host_ip') or '0.0.0.0'}:{host}->{inside}/{port['protocol']}"  # noqa: S104


def _range(first: int, count: int) -> str:
    return str(first) if count == 1 else f"{first}-{first + count - 1}"


def _json(text: str) -> Any:  # JSON of any shape
    try:
        return json.loads(text)
    except ValueError:
        return None


def _at(document: Any, *keys: str) -> Any:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed no reason"
