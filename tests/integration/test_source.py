# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A checkout in the shape of Dynamo's, compiled by the real engine: what is in the image, and what
a change builds again, by BuildKit's own records.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import checkouts
import pytest
from fakes import Site
from running import Docker

pytestmark = pytest.mark.engine

# A framework whose extra is pinned by the checkout, on the runtime of `none`.
TINY = """
from pathlib import Path
import dynamo_container_none
from dynamo_container.api import *

RUNTIME = Path(dynamo_container_none.__file__).parent / "runtime" / "Dockerfile"

@hookimpl
def dynamo_container_framework():
    return Framework(summary="a test's", default_target="runtime", supports=("source",))

@hookimpl
def dynamo_container_stages(request):
    yield Stage(name="runtime", dockerfile=RUNTIME, needs=("serving",))

@hookimpl
def dynamo_container_pins(request):
    version = request.dynamo_version or "0.6.1"
    yield Pin(name="ai-dynamo", version=version, extras=("tiny",), build_arg="REQUIREMENTS")
"""
LIBRARY = "lib/runtime/src/lib.rs"
MODULE = "components/src/dynamo/tiny/__init__.py"
CARGO = "build-rust-wheels"
PYTHON = "build-python-wheel"
ENVIRONMENT = "create-venv"
INSTALL = "install-dynamo"


def number() -> str:
    """One that no build has seen: else BuildKit would have what it makes from an earlier run."""
    return str(uuid.uuid4().int % 10**9)


def library(answer: str) -> str:
    """The crate below, with another answer."""
    return checkouts.FILES[LIBRARY].replace("{ 1 }", f"{{ {answer} }}")


@dataclass(frozen=True)
class Built:
    """What a build ran, by BuildKit's records, and what it said."""

    ran: tuple[str, ...]
    log: str

    def did(self, word: str) -> bool:
        """Whether a step with this word ran."""
        return any(word in step for step in self.ran)


@dataclass(frozen=True)
class Workshop:
    """A checkout, and how it is built.

    Attributes:
        lock: a file. One build runs at a time, of all test processes: BuildKit merges equal steps
            of two builds, and each then reports steps of the other one as its own.
    """

    docker: Docker
    folder: Path
    site: Path
    image: str
    rust: str
    answer: str
    lock: Path

    def call(self, *options: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        bundle = ("--ca-bundle", self.docker.ca_bundle) if self.docker.ca_bundle else ()
        with self.lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return subprocess.run(
                [
                    sys.executable, "-m", "dynamo_container", "build", "tiny",
                    "--source", str(folder or self.folder), *options,
                    "--base-image", self.docker.base_image,
                    "--stage", f"rust={self.rust}", *bundle,
                    "--tag", self.image, "--no-latest", "--progress", "plain",
                ],
                env={**os.environ, "PYTHONPATH": str(self.site)},
                capture_output=True, text=True, check=False,
            )  # fmt: skip

    def build(self, *options: str, folder: Path | None = None) -> Built:
        report = self.site / "report.json"
        answer = self.call("--report", str(report), *options, folder=folder)
        assert answer.returncode == 0, answer.stderr[-5000:]
        stages = json.loads(report.read_text())["stages"]
        steps = [step for stage in stages for step in stage["steps"]]
        ran = tuple(
            step["instruction"]
            for step in steps
            if not step["cached"] and re.match("RUN|COPY", step["instruction"])
        )
        return Built(ran=ran, log=" ".join(answer.stderr.split()))

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)

    def ask(self, script: str) -> str:
        """What Python says in the image."""
        return self.docker.run("run", "--rm", self.image, "python", "-c", script)


@pytest.fixture(scope="module")
def workshop(
    docker: Docker, rust: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workshop]:
    """The checkout, built once; its path has a space."""
    site = tmp_path_factory.mktemp("site")
    Site(site).install("acme-tiny", TINY, group="dynamo_container.frameworks", name="tiny")
    folder = checkouts.write(tmp_path_factory.mktemp("source") / "a dynamo")
    checkouts.commit(folder, "v0.6.0")
    checkouts.commit(folder)
    lock = tmp_path_factory.getbasetemp().parent / "source.lock"  # one for all test processes
    made = Workshop(docker, folder, site, docker.unique("source"), rust, number(), lock)
    made.write(LIBRARY, library(made.answer))
    made.build()
    yield made
    docker.run("image", "rm", "--force", made.image)


@pytest.fixture
def again(workshop: Workshop) -> Iterator[Callable[..., Built]]:
    """Builds the checkout after a change of one file, which is undone after the test."""
    before = {**checkouts.FILES, LIBRARY: library(workshop.answer)}

    def change(name: str, text: str) -> Built:
        workshop.write(name, text)
        return workshop.build()

    yield change
    for name, text in before.items():
        if (workshop.folder / name).read_text() != text:
            workshop.write(name, text)


def test_what_was_compiled_is_in_the_image_and_its_extras_pin_the_framework(workshop):
    versions = "import importlib.metadata as m; print(*map(m.version, ['ai-dynamo', 'six']))"

    assert workshop.ask("import dynamo.runtime as r; print(r.answer())") == workshop.answer
    assert workshop.ask("import dynamo.tiny as t; print(t.ANSWER)") == "1"
    assert workshop.ask(versions) == "0.6.1 1.16.0"
    assert workshop.ask("import distro, pip; print('ok')") == "ok"


def test_the_memory_service_is_compiled_and_what_it_requires_is_there(workshop):
    script = "import gpu_memory_service as g, toml; print(g.SIZE, toml.__version__)"

    assert workshop.ask(script) == "8 0.10.2"


def test_its_version_is_that_of_its_git(docker, workshop):
    commit = checkouts.git(workshop.folder, "rev-parse", "HEAD")
    short = checkouts.git(workshop.folder, "rev-parse", "--short", "HEAD")
    labels = docker.labels(workshop.image)

    assert labels["ai.dynamo.container.dynamo"] == f"0.6.0.dev.{short}"
    assert labels["org.opencontainers.image.revision"] == commit


@pytest.mark.parametrize("name", ["docs/guide.md", "docs/new.md", "README.md", "x/ignored.py"])
def test_a_document_builds_nothing_again(workshop, again, name):
    assert again(name, "changed\n").ran == ()


def test_a_new_commit_builds_nothing_again(workshop):
    checkouts.commit(workshop.folder)

    assert workshop.build().ran == ()


def test_another_number_of_compilers_builds_nothing_again(workshop):
    assert workshop.build("--max-jobs", "3").ran == ()


def test_another_checkout_compiles_only_what_differs(workshop, tmp_path):
    answer = number()
    folder = checkouts.write(tmp_path / "other")
    # Older ones have no such service.
    shutil.rmtree(folder / "lib" / "gpu_memory_service")
    (folder / LIBRARY).write_text(library(answer))

    built = workshop.build(folder=folder)

    assert workshop.ask("import dynamo.runtime as r; print(r.answer())") == answer
    assert "The first build of this checkout starts with what another one has compiled" in built.log
    assert "Compiling dynamo-runtime" in built.log
    assert "Compiling pyo3 " not in built.log


def test_a_python_file_runs_no_cargo_and_leaves_the_environment(workshop, again):
    answer = number()

    built = again(MODULE, f"ANSWER = {answer}\n")

    assert built.did(PYTHON)
    assert built.did(INSTALL)
    assert not built.did(CARGO)
    assert not built.did(ENVIRONMENT)
    assert not built.did("resolve")
    assert workshop.ask("import dynamo.tiny as t; print(t.ANSWER)") == answer


SPY = """\
import os
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SECRETS = [path.name for path in Path("/run/secrets").glob("*")]
MOUNTS = Path("/proc/self/mounts").read_text().split()
PLACES = ("/root/.cache", "/var/cache", "/usr/local/cargo")
CACHES = [word for word in MOUNTS if word.startswith(PLACES)]
NAMES = [name for name in os.environ if "INDEX" in name or "NETRC" in name or "TOKEN" in name]


class VersionHook(BuildHookInterface):
    def initialize(self, version, build_data):
        path = Path(self.root, "components/src/dynamo/tiny/_version.py")
        path.write_text(f"SEEN = {[*SECRETS, *CACHES, *NAMES]!r}\\n# {NUMBER}\\n")
"""


def test_a_build_hook_sees_no_secrets_and_no_caches(workshop, again):
    built = again("hatch_build.py", SPY.replace("{NUMBER}", number()))

    assert built.did(PYTHON)
    assert workshop.ask("import dynamo.tiny._version as v; print(v.SEEN)") == "[]"


def test_a_rust_file_compiles_its_crate_and_leaves_the_environment(workshop, again):
    answer = number()

    built = again(LIBRARY, library(answer))

    assert built.did(CARGO)
    assert built.did(INSTALL)
    assert not built.did(PYTHON)
    assert not built.did(ENVIRONMENT)
    assert not built.did("resolve")
    assert workshop.ask("import dynamo.runtime as r; print(r.answer())") == answer
    assert "Compiling dynamo-runtime" in built.log
    assert "Compiling pyo3 " not in built.log


def test_a_file_with_a_time_before_it_was_last_compiled_is_compiled_again(workshop, again):
    answer = number()
    again(LIBRARY, library(number()))
    workshop.write(LIBRARY, library(answer))
    os.utime(workshop.folder / LIBRARY, (1_000_000_000, 1_000_000_000))

    workshop.build()

    assert workshop.ask("import dynamo.runtime as r; print(r.answer())") == answer


def test_a_requirement_resolves_anew_and_compiles_nothing(workshop, again):
    project = "pyproject.toml"
    wanted = f"six==1.17.0; python_full_version < '{number()}'"
    built = again(project, checkouts.FILES[project].replace("six==1.16.0", wanted))

    assert built.did("resolve")
    assert not built.did(CARGO)
    version = "import importlib.metadata as m; print(m.version('six'))"
    assert workshop.ask(version) == "1.17.0"


CONFLICT = 'tiny = ["flask==3.0.0", "werkzeug<3"]'


def test_requirements_that_contradict_each_other_end_the_build_while_it_compiles(
    workshop, tmp_path
):
    """The engine requires a newer package than the checkout."""
    folder = checkouts.write(tmp_path / "contradicts")
    project = folder / "pyproject.toml"
    project.write_text(project.read_text().replace('tiny = ["six==1.16.0"]', CONFLICT))

    answer = workshop.call(folder=folder)

    text = " ".join(answer.stderr.split())
    assert answer.returncode == 1
    assert "flask==3.0.0 depends on werkzeug>=3.0.0" in text
