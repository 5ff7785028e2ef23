# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A real Kubernetes API server for tests, with the resources of Dynamo's operator."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from engines import until

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "cluster"
# Upstream's, so it is not part of this project.
DEFINITION = Path(
    os.environ.get("DYNAMO_CONTAINER_TEST_CRD")
    or ROOT.parent / "shared" / "reference" / "dynamographdeployments-v1beta1.json"
)
RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"


@dataclass(frozen=True)
class Cluster:
    """An API server that validates objects; no pod runs.

    Attributes:
        environment: the variables that put kubectl on the PATH, and name its configuration.
    """

    environment: dict[str, str]

    def kubectl(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a kubectl command."""
        return subprocess.run(
            ["kubectl", *words],
            env={**os.environ, **self.environment},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def ok(self, *words: str, stdin: str = "") -> str:
        """Run a kubectl command that must succeed, and return its standard output."""
        completed = self.kubectl(*words, stdin=stdin)
        assert completed.returncode == 0, completed.stderr
        return completed.stdout

    def validate(self, text: str, namespace: str = "default") -> subprocess.CompletedProcess[str]:
        """Let the server validate manifests, without unknown fields, and store nothing."""
        return self._apply("--filename=-", namespace, text)

    def validate_folder(
        self, folder: Path, namespace: str = "default"
    ) -> subprocess.CompletedProcess[str]:
        """Let the server validate what kustomize makes of a folder."""
        return self._apply(f"--kustomize={folder}", namespace)

    def _apply(
        self, source: str, namespace: str, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        flags = ("--dry-run=server", "--validate=strict", f"--namespace={namespace}")
        return self.kubectl("apply", *flags, source, stdin=text)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Start an API server with Dynamo's resources; it is deleted at the end.

    The test is skipped if the server has not been built, unless it is required.
    """
    required = os.environ.get("DYNAMO_CONTAINER_TEST_CLUSTER") == "required"
    words = ["--name", f"test-{os.getpid()}"]
    started = _script("up", *words, *([] if required else ["--cached"]))
    if started.returncode:
        (pytest.fail if required else pytest.skip)(started.stderr.strip())
    try:
        shown = _script("env", *words).stdout
        one = Cluster(dict(_variables(shown)))
        one.ok("create", "namespace", "restricted")
        one.ok("label", "namespace", "restricted", RESTRICTED)
        if DEFINITION.exists():
            one.ok("create", "--filename", str(DEFINITION))
            until(lambda: one.kubectl("get", "dynamographdeployments").returncode == 0, 60)
        yield one
    finally:
        _script("down", *words)


def require_definition() -> None:
    """Skip the test if the definition of Dynamo's resources is not on this machine."""
    if not DEFINITION.exists():
        pytest.skip(f"{DEFINITION} does not exist; set DYNAMO_CONTAINER_TEST_CRD")


def _variables(shown: str) -> Iterator[tuple[str, str]]:
    for line in shown.splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        yield name, shlex.split(value)[0].replace("$PATH", os.environ["PATH"])


def _script(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, *words], capture_output=True, text=True, check=False)
