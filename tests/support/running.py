# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Run the command line and docker in tests."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dynamo_container.testing import Cli, Result

__all__ = ["Cli", "Docker", "Result", "free_port", "free_system_port"]

_REPOSITORY = "dynamo-container-test"


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def free_system_port() -> int:
    """Return a free port that Dynamo accepts for its system server: at most 32767, which is below
    those that the kernel chooses.
    """
    for _ in range(100):
        port = random.SystemRandom().randrange(20_000, 32_768)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


@dataclass(frozen=True)
class Docker:
    """The engine of the tests.

    Attributes:
        base_image: a name of the distribution's image that only this test session uses. Images that
            are built on it have the name as a label, which tells them from the images of others who
            use the engine at the same time.
    """

    base_image: str

    @classmethod
    def with_base_image(cls, image: str) -> Docker:
        """Give an image a name for this session. The image is pulled if the engine does not have
        it.
        """
        docker = cls(cls.unique("base"))
        if not docker.run("image", "ls", "--quiet", image):
            docker.run("pull", "--quiet", image)
        docker.run("tag", image, docker.base_image)
        return docker

    @property
    def ca_bundle(self) -> str:
        """The machine's bundle of certificates; empty if it is not in the usual place."""
        path = "/etc/ssl/certs/ca-certificates.crt"
        return path if Path(path).is_file() else ""

    @staticmethod
    def unique(suffix: str) -> str:
        """Return an image reference that no other test uses."""
        return f"{_REPOSITORY}/{suffix}:{uuid.uuid4().hex[:12]}"

    def run(self, *words: str, check: bool = True) -> str:
        """Run a docker command and return its standard output."""
        process = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
        assert not (check and process.returncode), process.stdout + process.stderr
        return process.stdout.strip()

    def remove_untagged(self) -> None:
        """Delete the images of this session that lost their names to later builds."""
        label = f"label=org.opencontainers.image.base.name={self.base_image}"
        filters = ("--filter", "dangling=true", "--filter", label)
        for image in set(self.run("images", "--quiet", "--no-trunc", *filters).split()):
            self.run("image", "rm", "--force", image, check=False)

    def inspect(self, image: str) -> Any:  # JSON of docker
        """Return what `docker image inspect` reports."""
        return json.loads(self.run("image", "inspect", image))[0]

    def labels(self, image: str) -> dict[str, str]:
        """Return an image's labels."""
        labels: dict[str, str] = self.inspect(image)["Config"]["Labels"] or {}
        return labels
