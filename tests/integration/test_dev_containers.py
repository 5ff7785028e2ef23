# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`dev` on a real engine: one container for a checkout, built in place, kept, watched, deleted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from running import Docker

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("engine_environment")]

UID = 1234
PROJECT = """\
[project]
name = "ai-dynamo"
version = "1.0"

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""
PROGRAM = [sys.executable, "-m", "dynamo_container"]
WHERE = "import ai_dynamo; print(ai_dynamo.__file__)"


@pytest.fixture(scope="module")
def image(docker: Docker, rust: str) -> Iterator[str]:
    """local-dev of `none`."""
    tag = docker.unique("developing")
    bundle = ["--ca-bundle", docker.ca_bundle] if docker.ca_bundle else []
    words = (
        "build", "none", "--target", "local-dev", "--uid", str(UID), "--gid", str(UID),
        "--tag", tag, "--no-latest", "--base-image", docker.base_image, "--stage", f"rust={rust}",
        *bundle,
    )  # fmt: skip
    built = subprocess.run([*PROGRAM, *words], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr[-5000:]
    yield f"{tag}-local-dev"
    docker.run("image", "rm", "--force", tag, f"{tag}-local-dev")


@dataclass(frozen=True)
class Desk:
    """A checkout with one module, and how its container is called."""

    folder: Path
    options: tuple[str, ...]

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, "dev", *words], cwd=self.folder, capture_output=True, text=True, check=False
        )

    def dev(self, *words: str) -> subprocess.CompletedProcess[str]:
        answer = self.call("none", *self.options, *words)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer


@pytest.fixture
def desk(docker: Docker, image: str, tmp_path: Path) -> Iterator[Desk]:
    folder = tmp_path / "a dynamo"
    (folder / "ai_dynamo").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "ai_dynamo" / "__init__.py").write_text("ANSWER = 1\n")
    subprocess.run(["chown", "-R", f"{UID}:{UID}", str(folder)], check=True)
    tmp_path.chmod(0o755)
    bundle = ("--ca-bundle", docker.ca_bundle) if docker.ca_bundle else ()
    made = Desk(folder, ("--image", image, "--hf-cache", "none", "--gpus", "none", *bundle))
    yield made
    made.call("rm")


def test_a_checkout_is_built_in_place_in_a_container_that_is_kept(desk):
    first = desk.dev("--", "python", "-c", WHERE)
    again = desk.dev("--", "sh", "-c", "touch ~/.cargo/registry/mine; pwd; id -u")
    (desk.folder / "ai_dynamo" / "__init__.py").write_text("ANSWER = 2\n")
    edited = desk.dev("--", "python", "-c", "import ai_dynamo; print(ai_dynamo.ANSWER)")
    recreated = desk.dev(
        "--recreate", "--", "sh", "-c", f"python -c '{WHERE}'; ls ~/.cargo/registry"
    )

    assert first.stdout == "/workspace/ai_dynamo/__init__.py\n"
    assert "in place" in first.stderr
    assert again.stdout.split() == ["/workspace", str(UID)]
    assert "in place" not in again.stderr
    assert edited.stdout == "2\n"
    assert recreated.stdout.splitlines()[0] == "/workspace/ai_dynamo/__init__.py"
    assert "mine" in recreated.stdout
    assert "in place" in recreated.stderr


def test_a_container_is_stopped_started_shown_and_deleted(docker, desk, tmp_path):
    # The container's user cannot write to it, which is a warning.
    cache = ("--hf-cache", str(tmp_path))
    created = desk.dev("--no-build", *cache)
    name = created.stdout.strip()
    other = desk.dev("--no-build", *cache, "-e", "LEVEL=debug")
    stopped = desk.call("stop")
    status = desk.call("status").stdout
    started = desk.dev("--no-build", *cache, "--", "echo", "here")
    deleted = desk.call("rm")

    assert "cannot write to the Hugging Face cache" in created.stderr
    assert "cannot write" not in other.stderr + started.stderr
    assert "+ --env=LEVEL=debug" in other.stderr
    assert "--recreate" in other.stderr
    assert stopped.stdout == f"{name}\n"
    (line,) = (line for line in status.splitlines() if line.startswith(name))
    assert str(desk.folder) in line
    assert "Exited" in line
    assert started.stdout == "here\n"
    assert deleted.stdout == f"{name}\n"
    assert docker.run("ps", "--all", "--quiet", "--filter", f"name={name}") == ""
    assert desk.call("rm").returncode == 2


def test_a_build_that_fails_leaves_the_container_and_is_repeated(desk):
    (desk.folder / "pyproject.toml").write_text(PROJECT.replace("hatchling.build", "nothing.there"))

    failed = desk.call("none", *desk.options, "--", "true")
    (desk.folder / "pyproject.toml").write_text(PROJECT)
    repaired = desk.dev("--", "python", "-c", WHERE)

    assert failed.returncode == 1
    assert "could not be built in place" in failed.stderr
    assert repaired.stdout == "/workspace/ai_dynamo/__init__.py\n"


def test_a_watched_command_starts_again_after_a_change_and_ends_with_ctrl_c(docker, desk):
    mark = f"mark-{uuid.uuid4().hex}"
    shown = "print('answer', ai_dynamo.ANSWER, flush=True)"
    script = f"import time, ai_dynamo; {shown}; time.sleep(9999)  # {mark}"
    name = desk.dev().stdout.strip()
    with subprocess.Popen(
        [*PROGRAM, "dev", "none", *desk.options, "--watch", "--", "python", "-c", script],
        cwd=desk.folder, stdout=subprocess.PIPE, text=True,
    ) as watching:  # fmt: skip
        assert watching.stdout
        assert watching.stdout.readline() == "answer 1\n"
        (desk.folder / "ai_dynamo" / "__init__.py").write_text("ANSWER = 2\n")
        os.utime(desk.folder / "ai_dynamo" / "__init__.py")
        assert watching.stdout.readline() == "answer 2\n"
        watching.send_signal(signal.SIGINT)
        assert watching.wait(60) == 130

    assert mark not in docker.run("exec", name, "ps", "axww")
