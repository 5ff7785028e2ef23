# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of all tests: a guard against accidental processes and connections, a real engine."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
import rust_image
from fakes import Site
from running import Docker

pytest_plugins = ["pytester"]  # runs the contract kit as a plugin's author does

ROOT = Path(__file__).parent
START_ENGINE = 'start an engine: scripts/engine up; eval "$(scripts/engine env)"'
_FORBIDDEN = frozenset(
    {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "socket.connect"}
)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
_allowed = True


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    if event in _FORBIDDEN and not _allowed:
        raise RuntimeError(
            f"{event} in a test that has neither the mark 'engine' nor 'processes': {arguments}"
        )


sys.addaudithook(_guard)


def _ignore(_number: int, _frame: object) -> None:
    """Do nothing. Unlike `SIG_IGN`, a handler is not inherited by the programs that tests start."""


def pytest_configure() -> None:
    """Let tests end what they start, even if these signals are ignored here, as by `nohup`."""
    for number in (signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, _ignore)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a second attempt, as by `--reruns 1`, only to tests that start processes: engines have
    races of their own, and machines are busy. What a pure test finds is true at once.
    """
    for item in items:
        if not _starts_processes(item):
            item.add_marker(pytest.mark.flaky(reruns=0))


def _starts_processes(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("engine", "processes"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    global _allowed  # noqa: PLW0603  # an audit hook cannot be removed, so it reads a variable
    _allowed = _starts_processes(item)
    try:
        return (yield)
    finally:
        _allowed = True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Iterator[None]:
    """After the last test, whichever it is, the fixtures of the session end what they started."""
    global _allowed  # noqa: PLW0603  # as above
    _allowed = _allowed or nextitem is None
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add how to start an engine to the report of an engine test that failed without one."""
    report = yield
    if report.failed and item.get_closest_marker("engine"):
        problem = "" if START_ENGINE in report.longreprtext else _engine_problem()
        if problem:
            report.sections.append(("Docker engine", f"{problem}; {START_ENGINE}"))
    return report


@pytest.fixture(autouse=True)
def clean_environment(isolated_commands: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove proxies and certificates too: tests set those that they need."""
    for name in (*_PROXIES, "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the docker command, and without an engine."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")


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
def scripts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str], subprocess.CompletedProcess[str]]:
    """Call `container/build.sh` or `run.sh` with the arguments of a line. The PATH has the command,
    docker and the system's programs only.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "dynamo-container"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dynamo_container "$@"\n')
    program.chmod(0o755)
    docker = shutil.which("docker")
    docker_folder = f"{Path(docker).parent}:" if docker else ""
    monkeypatch.setenv("PATH", f"{folder}:{docker_folder}/usr/bin:/bin")

    def call(script: str, line: str) -> subprocess.CompletedProcess[str]:
        command = [str(ROOT / "container" / script), *shlex.split(line)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return call


@pytest.fixture(scope="session")
def docker() -> Iterator[Docker]:
    """The real engine. If none answers, the test is skipped; if one is required, it fails."""
    if problem := _engine_problem():
        required = (
            os.environ.get("CI") or os.environ.get("DYNAMO_CONTAINER_TEST_ENGINE") == "required"
        )
        (pytest.fail if required else pytest.skip)(f"{problem}; {START_ENGINE}")
    image = os.environ.get("DYNAMO_CONTAINER_TEST_BASE_IMAGE") or "ubuntu:24.04"
    engine = Docker.with_base_image(image)
    yield engine
    engine.remove_untagged()
    engine.run("image", "rm", engine.base_image, check=False)


def _engine_problem() -> str:
    """Return why no engine can be used; empty if one answers."""
    if not shutil.which("docker"):
        return "the docker command is not installed"
    process = subprocess.run(["docker", "version"], capture_output=True, text=True, check=False)
    return f"no docker engine answers: {process.stderr.strip()}" if process.returncode else ""


@pytest.fixture
def engine_environment(docker: Docker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's certificates for builds: many machines need them to reach a package index."""
    if docker.ca_bundle:
        monkeypatch.setenv("SSL_CERT_FILE", docker.ca_bundle)


@pytest.fixture
def tag(docker: Docker) -> Iterator[Callable[[str], str]]:
    """Names for images, which are deleted after the test."""
    names: list[str] = []

    def create(suffix: str) -> str:
        names.append(docker.unique(suffix))
        return names[-1]

    yield create
    for name in names:
        docker.run("image", "rm", "--force", name, check=False)


@pytest.fixture(scope="session")
def rust(docker: Docker) -> Iterator[str]:
    """An image with Rust in the same places as the official one, which needs a registry."""
    sysroot = rust_image.toolchain()
    if sysroot is None:
        required = os.environ.get("CI") or os.environ.get("DYNAMO_CONTAINER_TEST_ENGINE")
        (pytest.fail if required else pytest.skip)("rustup has no toolchain on this machine")
    tag = docker.unique("rust")
    rust_image.load(sysroot, tag)
    yield tag
    docker.run("image", "rm", "--force", tag)
