# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Build a plan with a real engine, and run commands in the image."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dynamo_container.images import bake, planner
from dynamo_container.model.requests import BuildRequest, BuildSettings
from dynamo_container.model.values import BuildSecret
from dynamo_container.plugins.registry import Registry

# The certificates of the machine on Debian, Ubuntu and Alpine: builds may need them too.
_CERTIFICATES: Final = "/etc/ssl/certs/ca-certificates.crt"
_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


class BuildError(Exception):
    """The engine could not build; the message is the end of its output."""


def missing_engine() -> str:
    """Return why nothing can be built on this machine; empty if an engine answers."""
    if not shutil.which("docker"):
        return "the docker command is not installed"
    for arguments in (("version",), ("buildx", "version")):
        process = subprocess.run(
            ["docker", *arguments], capture_output=True, text=True, check=False
        )
        if process.returncode:
            return (
                f"no docker engine with buildx answers: {process.stderr.strip()}\n"
                "start Docker, or set DOCKER_HOST to the address of an engine"
            )
    return ""


@contextmanager
def built_image(registry: Registry, request: BuildRequest) -> Iterator[str]:
    """Build an image and yield its name; delete it at the end.

    Raises:
        BuildError: a step failed.
        DynamoContainerError: the request cannot be planned.
    """
    tag = f"dynamo-container-contract/{request.framework}:{uuid.uuid4().hex[:12]}"
    bundle = os.environ.get("SSL_CERT_FILE") or _CERTIFICATES
    settings = BuildSettings(
        tags=(tag,),
        latest=False,
        alone=True,
        secrets=(BuildSecret(id="ca-bundle", path=bundle),) if Path(bundle).is_file() else (),
        proxies=tuple(name for name in _PROXIES if os.environ.get(name)),
        progress="plain",
    )
    command = bake.command(planner.plan(registry, [request], settings, verified=False))
    process = subprocess.run(
        command.argv,
        cwd=command.cwd,
        env=command.environment(),
        input=command.stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise BuildError(process.stderr.strip()[-3000:])
    try:
        yield tag
    finally:
        subprocess.run(["docker", "image", "rm", "--force", tag], capture_output=True, check=False)


def command_failure(image: str, *argv: str) -> str:
    """Run a command in the image, and return its output if it fails; empty if it succeeds."""
    arguments = ["docker", "run", "--rm", f"--entrypoint={argv[0]}", image, *argv[1:]]
    process = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if process.returncode == 0:
        return ""
    return (process.stdout + process.stderr).strip() or f"exit status {process.returncode}"
