# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Facts about the engine, its images and its client."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dynamo_container.docker import process, program
from dynamo_container.docker.errors import OLDEST_ENGINE, no_engine, reading_answer
from dynamo_container.errors import EngineError, MachineError
from dynamo_container.model.facts import EngineInfo, ImageInfo
from dynamo_container.model.references import require_image

if TYPE_CHECKING:
    import subprocess

    from dynamo_container.docker.api import Response

_OK: Final = 200
_NOT_FOUND: Final = 404
_INFO: Final = ("docker", "info", "--format", "{{json .}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildCache:
    """The size of the engine's build cache, as docker prints it; empty if unknown.

    Attributes:
        size: such as `12.3GB`.
        reclaimable: the part that can be deleted.
    """

    size: str = ""
    reclaimable: str = ""


NO_BUILD_CACHE: Final = BuildCache()


@reading_answer()
def server_version() -> str:
    """Return the version of docker's engine, which builds, such as `28.5.2`.

    Raises:
        EngineError: no engine answers, or it is too old.
    """
    document = _document(_get("/version"))
    version = str(document["Version"]) if document else _server_version()
    major = version.partition(".")[0]
    if major.isdigit() and int(major) < OLDEST_ENGINE:
        raise EngineError(
            f"docker engine {version} is too old: builds require {OLDEST_ENGINE} or newer",
            "upgrade Docker Engine, or set DOCKER_HOST to a newer one",
        )
    return version


def _server_version() -> str:
    completed = process.capture(program.DOCKER, "version", "--format", "{{.Server.Version}}")
    if completed.returncode:
        raise no_engine(completed.stderr)
    return completed.stdout.strip()


def require() -> None:
    """Make sure that the engine answers: it can end, or freeze, while something runs on it.

    Raises:
        EngineError: it does not.
    """
    if not program.is_podman():  # podman has no process that could end
        server_version()


@reading_answer()
def client_version() -> str:
    """Return the docker command's version, whether or not an engine answers; empty if it is podman.

    Raises:
        EngineError: the docker command is not installed.
    """
    # This prints `Docker version 28.5.2, ...`, and unlike `docker version` asks no engine.
    words = process.capture("docker", "--version").stdout.replace(",", " ").split()
    if words[:1] == [program.PODMAN]:
        return ""
    return next((word for word in words if word[0].isdigit()), "")


@contextmanager
def start_measuring_build_cache() -> Iterator[Callable[[], BuildCache]]:
    """Start to measure the build cache beside other work: on a busy engine it takes minutes.

    Yields:
        A function that waits for the result, and returns an empty one after a time limit.
    """
    if program.is_podman():
        yield lambda: NO_BUILD_CACHE
        return
    with process.start_query("docker", "system", "df", "--format", "{{json .}}") as finish:
        yield lambda: _build_cache(finish)


@reading_answer()
def _build_cache(finish: process.Query) -> BuildCache:
    try:
        output = finish().stdout
    except EngineError:
        return NO_BUILD_CACHE
    for line in output.splitlines():
        row = json.loads(line)
        if row.get("Type") == "Build Cache":
            return BuildCache(size=row["Size"], reclaimable=row["Reclaimable"])
    return NO_BUILD_CACHE


def collect() -> EngineInfo:
    """Ask the engine once for what the plan of a run needs.

    Raises:
        EngineError: no engine answers.
    """
    with start_collecting() as finish:
        return finish()


@contextmanager
def start_collecting() -> Iterator[Callable[[], EngineInfo]]:
    """Start `collect` beside other work.

    Yields:
        A function that waits for the engine and returns the facts; it raises what `collect` raises.
    """
    if program.is_podman():
        with _start_collecting_podman() as finish_podman:
            yield finish_podman
        return
    # Imported here: a dry run of a build asks nothing, and does not pay for an HTTP client.
    from dynamo_container.docker import api

    with api.start_get("/info", process.ANSWER_SECONDS) as finish:
        if finish:
            yield lambda: _engine_info(_document(finish()) or _info(process.capture(*_INFO)))
            return
    with process.start_query(*_INFO) as finish_command:
        yield lambda: _engine_info(_info(finish_command()))


@contextmanager
def _start_collecting_podman() -> Iterator[Callable[[], EngineInfo]]:
    from dynamo_container.docker import podman

    with process.start_query(*podman.INFO) as finish:
        yield lambda: podman.engine_info(finish())


def _get(path: str) -> Response | None:
    """Send a GET request to an engine on a socket; None if there is none, or no usable answer."""
    from dynamo_container.docker import api

    with api.start_get(path, process.ANSWER_SECONDS) as finish:
        return finish() if finish else None


def _document(response: Response | None) -> dict[str, Any] | None:
    return response.document if response and response.status == _OK else None


@reading_answer()
def _info(completed: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    output = completed.stdout.strip()
    info: dict[str, Any] = json.loads(output) if output.startswith("{") else {}
    if completed.returncode or not info.get("ServerVersion"):
        raise no_engine(completed.stderr or " ".join(info.get("ServerErrors") or ()))
    return info


@reading_answer()
def _engine_info(info: dict[str, Any]) -> EngineInfo:
    local = _is_local(info)
    rootless = any("name=rootless" in option for option in info.get("SecurityOptions") or ())
    return EngineInfo(
        version=str(info["ServerVersion"]),
        runtimes=tuple(sorted(info.get("Runtimes") or ())),
        default_runtime=info.get("DefaultRuntime") or "",
        cdi_devices=_cdi_devices(info, local=local),
        hook=local and _has_hook(),
        local=local,
        root=info.get("DockerRootDir") or "",
        rootless=rootless,
        # It fails with `error setting rlimit type 8`.
        limits=("memlock", "nofile") if rootless else (),
    )


def _is_local(info: dict[str, Any]) -> bool:
    """Whether the engine runs on this machine. A socket can lead into a virtual machine, or out of
    a container: then the host names differ.
    """
    host = os.environ.get("DOCKER_HOST", "")
    return host.partition("://")[0] in ("", "unix") and info.get("Name") == os.uname().nodename


def _cdi_devices(info: dict[str, Any], *, local: bool) -> tuple[str, ...]:
    discovered = info.get("DiscoveredDevices")
    if discovered is not None:
        return tuple(
            sorted(device.get("ID", "") for device in discovered if device.get("Source") == "cdi")
        )
    folders = info.get("CDISpecDirs") or ()
    if not (local and folders):
        return ()
    from dynamo_container.docker import cdi

    return cdi.devices(folders)


def _has_hook() -> bool:
    """Whether NVIDIA's container hook is in one of the folders in which an engine looks for it."""
    import shutil

    folders = [*os.get_exec_path(), "/usr/local/bin", "/usr/bin", "/usr/sbin"]
    return bool(shutil.which("nvidia-container-runtime-hook", path=os.pathsep.join(folders)))


@reading_answer()
def inspect_image(reference: str) -> ImageInfo | None:
    """Return what the engine knows about an image; None if it does not have the image.

    Raises:
        EngineError: no engine answers.
        UsageError: the text is not the name, the digest or the ID of an image.
    """
    require_image(reference)
    if program.is_podman():
        from dynamo_container.docker import podman

        found = podman.inspect_image(reference)
        return _image_info(found) if found else None
    from urllib.parse import quote

    response = _get(f"/images/{quote(reference)}/json")
    image = _document(response)
    if image is None and not (response and response.status == _NOT_FOUND):
        image = _inspect(reference)
    return _image_info(image) if image else None


def _image_info(image: dict[str, Any]) -> ImageInfo:
    config = image.get("Config") or {}
    number = str(image["Id"])
    return ImageInfo(
        id=number if ":" in number else f"sha256:{number}",  # podman's has no prefix
        size=image.get("Size", 0),
        labels=tuple(sorted((config.get("Labels") or {}).items())),
        user=config.get("User") or "",
        env=tuple(config.get("Env") or ()),
        digests=tuple(image.get("RepoDigests") or ()),
        volumes=tuple(sorted(config.get("Volumes") or ())),
    )


def _inspect(reference: str) -> dict[str, Any] | None:
    inspect = ("docker", "image", "inspect", "--format", "{{json .}}", reference)
    completed = process.capture(*inspect)
    if completed.returncode:
        if "no such image" in completed.stderr.lower():
            return None
        server_version()
        raise MachineError(
            f"docker cannot inspect the image {reference}: {completed.stderr.strip()}",
            f"see: docker image inspect {reference}",
        )
    image: dict[str, Any] = json.loads(completed.stdout)
    return image
