# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Building a plan on a real engine for a while, and looking into what came out."""

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

# Where Debian, Ubuntu and Alpine keep the machine's certificates; builds may need them, too.
_CERTIFICATES: Final = "/etc/ssl/certs/ca-certificates.crt"
_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


class BuildError(Exception):
    """The engine could not build; the end of what it said."""


def missing() -> str:
    """Why nothing can be built here; empty where it can."""
    if not shutil.which("docker"):
        return "the docker command is not installed"
    for words in (("version",), ("buildx", "version")):
        answer = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
        if answer.returncode:
            return f"no docker engine with buildx answers: {answer.stderr.strip()}"
    return ""


@contextmanager
def built(registry: Registry, request: BuildRequest) -> Iterator[str]:
    """Build an image; its name, until it is deleted again.

    Raises:
        BuildError: a step failed.
        DynamoContainerError: there is no plan.
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
    command = bake.command(planner.plan(registry, [request], settings))
    answer = subprocess.run(
        command.argv,
        cwd=command.cwd,
        env=command.environment(),
        input=command.stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise BuildError(answer.stderr.strip()[-3000:])
    try:
        yield tag
    finally:
        subprocess.run(["docker", "image", "rm", "--force", tag], capture_output=True, check=False)


def failure(image: str, *argv: str) -> str:
    """What a command in the image said if it failed; empty where it did not."""
    words = ["docker", "run", "--rm", f"--entrypoint={argv[0]}", image, *argv[1:]]
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    if answer.returncode == 0:
        return ""
    return (answer.stdout + answer.stderr).strip() or f"status {answer.returncode}"
