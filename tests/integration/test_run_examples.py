# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Every example of `run.sh` in Dynamo's container guide, given to `container/run.sh`: what it says
to docker, and, unless a GPU is needed, the container itself.
"""

from __future__ import annotations

import io
import os
import pty
import shlex
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from engines import IMAGE, Engine, tiny_engine

SCRIPT = Path(__file__).parents[2] / "container" / "run.sh"
VLLM = "dynamo:latest-vllm"
LOCAL_DEV = "dynamo:latest-vllm-local-dev"
OLD = "v0.1.0.dev.08cc44965-vllm-local-dev"
# What every container gets. A framework's plugin may give more shared memory.
DEFAULTS = [
    "--cap-add=SYS_PTRACE", "--init", "--ipc=host", "--network=host", "--shm-size=10G",
    "--ulimit=memlock=-1", "--ulimit=nofile=65536:65536", "--ulimit=stack=67108864",
    "--workdir=/workspace",
]  # fmt: skip
TERMINAL = ["--interactive", "--tty"]


@dataclass(frozen=True)
class Example:
    """An example: what is typed, docker's arguments, and whether a framework's plugin adds some.

    In `arguments`, `{checkout}`, `{cache}` and `{here}` are the test's folders.
    """

    typed: str
    image: str
    switches: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    framework: bool = False
    gpu: bool = False

    def __str__(self) -> str:
        return self.typed or "(nothing)"


WORKSPACE = (
    "--env=HF_TOKEN",
    "--mount=type=bind,source={cache},target=/home/ubuntu/.cache/huggingface",
    "--mount=type=bind,source={checkout},target=/workspace",
)
ROOTS_WORKSPACE = (WORKSPACE[0], WORKSPACE[1].replace("/home/ubuntu", "/root"), WORKSPACE[2])
CUDA = "--env=CUDA_VISIBLE_DEVICES=0,1"
MINE = "--mount=type=bind,source={here},target=/container/path"
EXAMPLES = [
    Example("--image dynamo:latest-vllm", VLLM),
    Example(
        "--image dynamo:latest-vllm-local-dev --mount-workspace", LOCAL_DEV, arguments=WORKSPACE
    ),
    Example(
        "--image v0.1.0.dev.08cc44965-vllm-local-dev --framework vllm --mount-workspace",
        OLD,
        arguments=WORKSPACE,
        framework=True,
    ),
    Example(
        "--image dynamo:latest-vllm-local-dev --mount-workspace -it -- bash",
        LOCAL_DEV,
        switches=tuple(TERMINAL),
        arguments=WORKSPACE,
        command=("bash",),
    ),
    Example(
        "--image dynamo:latest-vllm-local-dev -e CUDA_VISIBLE_DEVICES=0,1 --mount-workspace",
        LOCAL_DEV,
        arguments=(CUDA, *WORKSPACE),
    ),
    Example("--image dynamo:latest-vllm --gpus none", VLLM),
    Example("", VLLM, framework=True),
    Example(
        "--image dynamo:latest-vllm-local-dev -v {here}:/container/path --mount-workspace",
        LOCAL_DEV,
        arguments=(WORKSPACE[0], MINE, *WORKSPACE[1:]),
    ),
    Example(
        "--mount-workspace --image dynamo:latest-vllm-local-dev",
        LOCAL_DEV,
        arguments=WORKSPACE,
    ),
    Example(
        "--image dynamo:latest-vllm-local-dev --mount-workspace -it",
        LOCAL_DEV,
        switches=tuple(TERMINAL),
        arguments=WORKSPACE,
    ),
    Example(
        "--image dynamo:latest-vllm-local-dev --gpus all",
        LOCAL_DEV,
        arguments=("--gpus=all",),
        gpu=True,
    ),
    Example(
        "--mount-workspace -it -- python -m pytest tests/",
        VLLM,
        switches=tuple(TERMINAL),
        arguments=ROOTS_WORKSPACE,
        command=("python", "-m", "pytest", "tests/"),
        framework=True,
    ),
]


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch) -> dict[str, str]:
    """A checkout, in which the examples are typed, the user's cache, and a folder of the host's."""
    made = {name: tmp_path / name for name in ("checkout", "cache", "here")}
    for folder in made.values():
        folder.mkdir()
    (made["checkout"] / "pyproject.toml").write_text('[project]\nname = "ai-dynamo"\n')
    monkeypatch.chdir(made["checkout"])
    monkeypatch.setenv("HF_HOME", str(made["cache"]))
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    environment = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{environment}:{os.environ['PATH']}")
    return {name: str(folder) for name, folder in made.items()}


def words(example: Example, folders: dict[str, str]) -> list[str]:
    return shlex.split(example.typed.format(**folders))


def with_dry_run(typed: list[str]) -> list[str]:
    cut = typed.index("--") if "--" in typed else len(typed)
    return [*typed[:cut], "--dry-run", *typed[cut:]]


@pytest.mark.processes
@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_arguments_of_docker(example, folders, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/absent.sock")
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)

    answer = subprocess.run(
        [SCRIPT, *with_dry_run(words(example, folders))],
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr
    assert "hf_secret" not in answer.stdout + answer.stderr
    argv = shlex.split(answer.stdout)
    end = [example.image, *example.command]
    assert argv[-len(end) :] == end
    arguments = {one.format(**folders) for one in example.arguments}
    expected = {*DEFAULTS, *arguments}
    framework = "vllm" if example.framework else ""
    prefix = "--label=ai.dynamo.container."
    label = f"{prefix}run={framework}"
    owner = f"{prefix}owner={os.getuid()}@{os.uname().nodename}"
    project = f"{prefix}project={folders['checkout']}"
    start = ["docker", "run", "--rm", *example.switches]
    assert argv[: len(start)] == start
    given = argv[len(start) : -len(end)]
    if example.framework:
        expected |= {owner, project}
        more = {word.partition("=")[0] for word in given if word not in {*expected, label}}
        assert more <= {"--env", "--mount", "--shm-size"}
        assert {*arguments, label} <= set(given)
    else:
        assert sorted(given) == sorted([*expected, label, owner, project])


@pytest.fixture(scope="module")
def engine(docker) -> Iterator[Engine]:
    """An engine with the images that the examples name: small, with a `bash` and a `python`."""
    with tiny_engine(docker.base_image) as one:
        container = one.docker("create", "--network=none", IMAGE, "true")
        one.docker("cp", "-", f"{container}:/", stdin=programs())
        for image in (VLLM, LOCAL_DEV, OLD):
            one.docker("commit", "--change", 'CMD ["bash"]', container, image)
        one.docker("rm", container)
        yield one


def programs() -> bytes:
    """Stand-ins that say how they were called, and where."""
    text = b'#!/bin/sh\necho "$0 $*, in $(env pwd 2>/dev/null || echo $PWD)"\n'
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in ("usr/bin/bash", "usr/bin/python"):
            file = tarfile.TarInfo(name)
            file.size, file.mode = len(text), 0o755
            archive.addfile(file, io.BytesIO(text))
    return packed.getvalue()


@pytest.mark.engine
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_container_itself(example, engine, folders, monkeypatch):
    engine.use(monkeypatch)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")

    status, said = at_terminal([str(SCRIPT), *words(example, folders)])

    if example.gpu:
        assert status == 6
        assert "no GPU for --gpus all" in said
        return
    assert status == 0, said
    program = example.command or ("bash",)
    call = " ".join((f"/usr/bin/{program[0]}", *program[1:]))
    assert f"{call} , in /workspace".replace(" ,", ",") in said.replace(" ,", ",")
    assert engine.docker("ps", "--all", "--quiet") == ""


def at_terminal(command: list[str]) -> tuple[int, str]:
    """Run a command at a terminal, as a user does; the result is its status and what it said."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(command[0], command)  # never returns
    said = b""
    try:
        while part := os.read(terminal, 4096):
            said += part
    except OSError:
        pass  # how a terminal says that the other end has gone
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), said.decode()
