# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What all tests share: no process and no connection by accident, and a real engine."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import rust_image
from fakes import Site
from running import Cli, Docker

pytest_plugins = ["pytester"]  # the contract kit is tested by running it

ROOT = Path(__file__).parent
_FORBIDDEN = frozenset(
    {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "socket.connect"}
)
_allowed = True


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    if event in _FORBIDDEN and not _allowed:
        raise RuntimeError(
            f"{event} in a test that is marked neither 'engine' nor 'processes': {arguments}"
        )


sys.addaudithook(_guard)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    global _allowed  # noqa: PLW0603  # an audit hook cannot be taken out again, only be told
    _allowed = any(item.get_closest_marker(name) for name in ("engine", "processes"))
    try:
        return (yield)
    finally:
        _allowed = True


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Options come from the test alone, not from the machine's environment or a project file."""
    for name in os.environ:
        if name.startswith("DYNAMO_CONTAINER_") and not name.startswith("DYNAMO_CONTAINER_TEST_"):
            monkeypatch.delenv(name)
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "FTP_PROXY",
        "NO_PROXY",
        "ALL_PROXY",
        "SSL_CERT_FILE",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A folder on `sys.path` into which a test installs distributions."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield Site(folder)
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Cli:
    """The command line in this process: what it says and its exit status."""
    return Cli(capfd)


@pytest.fixture
def scripts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str], subprocess.CompletedProcess[str]]:
    """Call `container/build.sh` or `run.sh` with the words of a line, the command being installed.
    Nothing else of this machine's programs is on the PATH but docker and the system's own.
    """
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    program = bin_ / "dynamo-container"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dynamo_container "$@"\n')
    program.chmod(0o755)
    docker = shutil.which("docker")
    own = f"{Path(docker).parent}:" if docker else ""
    monkeypatch.setenv("PATH", f"{bin_}:{own}/usr/bin:/bin")

    def call(script: str, line: str) -> subprocess.CompletedProcess[str]:
        words = [str(ROOT / "container" / script), *shlex.split(line)]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    return call


@pytest.fixture(scope="session")
def docker() -> Iterator[Docker]:
    """The real engine. Where none answers, the test is skipped, or fails where one is required.
    Images that lost their names to what tests built are deleted in the end.
    """
    reason = _no_engine()
    if reason:
        required = (
            os.environ.get("CI") or os.environ.get("DYNAMO_CONTAINER_TEST_ENGINE") == "required"
        )
        (pytest.fail if required else pytest.skip)(f"{reason}; start one: scripts/engine up")
    engine = Docker(os.environ.get("DYNAMO_CONTAINER_TEST_BASE_IMAGE") or "ubuntu:24.04")
    before = engine.nameless()
    yield engine
    for image in engine.nameless() - before:
        engine.run("image", "rm", "--force", image, check=False)


def _no_engine() -> str:
    if not shutil.which("docker"):
        return "the docker command is not installed"
    answer = subprocess.run(["docker", "version"], capture_output=True, text=True, check=False)
    return f"no docker engine answers: {answer.stderr.strip()}" if answer.returncode else ""


@pytest.fixture
def engine_environment(docker: Docker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own certificates for builds: many machines reach an index only with them."""
    if docker.ca_bundle:
        monkeypatch.setenv("SSL_CERT_FILE", docker.ca_bundle)


@pytest.fixture
def tag(docker: Docker) -> Iterator[Callable[[str], str]]:
    """Names for images that are deleted after the test."""
    made: list[str] = []

    def name(suffix: str) -> str:
        made.append(docker.unique(suffix))
        return made[-1]

    yield name
    for one in made:
        docker.run("image", "rm", "--force", one, check=False)


@pytest.fixture(scope="session")
def rust(docker: Docker) -> Iterator[str]:
    """An image with Rust where the official one has it: the official one needs a registry."""
    sysroot = rust_image.toolchain()
    if sysroot is None:
        required = os.environ.get("CI") or os.environ.get("DYNAMO_CONTAINER_TEST_ENGINE")
        (pytest.fail if required else pytest.skip)("rustup has no toolchain on this machine")
    tag = docker.unique("rust")
    rust_image.load(sysroot, tag)
    yield tag
    docker.run("image", "rm", "--force", tag)
