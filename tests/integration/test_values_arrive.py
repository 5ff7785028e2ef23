# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a user gives arrives in a container byte for byte; a dry run says just what runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines import IMAGE, Engine, tiny_engine
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

pytestmark = pytest.mark.engine

# Each example is one batch of 20 values; 12 of them, always the same, unless a number is given.
BATCHES = int(os.environ.get("DYNAMO_CONTAINER_TEST_BATCHES", "0"))
# No NUL, which no argument can hold; nothing that is not valid text, which docker replaces.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
# The loader and the programs in the container read these.
READ = re.compile(r"LD_|GLIBC|PATH|HOME|HOSTNAME|TERM|MALLOC_|LC_|LANG|LOCPATH|NLSPATH|TZ")
NAME = TEXT.filter(lambda name: name and "=" not in name and not READ.match(name))
VOLUME = st.from_regex(r"\A[a-zA-Z0-9][a-zA-Z0-9_.-]{1,60}\Z")
# A colon ends a path in `--volume`, here as with docker.
FOLDER = st.text(
    st.characters(exclude_characters="\0/:", exclude_categories=["Cs"]), min_size=1, max_size=40
).filter(lambda name: name not in (".", ".."))
KNOWN_BY = rb"--cidfile=.*/dynamo-container-|--label=ai\.dynamo\.container\.call="
# Writes its own call down, then becomes docker.
WITNESS = """\
#!/bin/sh
printf '%s\\0' "$@" >"$WITNESS"
exec "$DOCKER" "$@"
"""


@pytest.fixture(scope="module")
def engine(docker) -> Iterator[Engine]:
    with tiny_engine(docker.base_image) as one:
        yield one


@pytest.fixture(scope="module")
def environment(engine, tmp_path_factory) -> dict[str, str]:
    """The engine's, with a docker command that writes down how it was called."""
    folder = tmp_path_factory.mktemp("witness")
    environment = {**os.environ, **engine.environment}
    environment["DOCKER"] = str(shutil.which("docker", path=environment["PATH"]))
    environment["WITNESS"] = str(folder / "argv")
    environment["PATH"] = f"{folder}:{environment['PATH']}"
    (folder / "docker").write_text(WITNESS)
    (folder / "docker").chmod(0o755)
    return environment


@settings(
    max_examples=BATCHES or 12,
    deadline=None,
    derandomize=not BATCHES,
    database=None,
    phases=[Phase.generate],  # a smaller batch would say no more, and takes minutes to find
    suppress_health_check=list(HealthCheck),
)
@given(
    variables=st.dictionaries(NAME, TEXT, min_size=7, max_size=7),
    by_name=st.dictionaries(st.from_regex(r"\AX[A-Za-z0-9_]{1,8}\Z"), TEXT, min_size=3, max_size=3),
    volumes=st.lists(VOLUME, min_size=5, max_size=5, unique=True),
    folders=st.lists(FOLDER, min_size=5, max_size=5, unique=True),
)
def test_values_arrive_byte_for_byte(engine, environment, variables, by_name, volumes, folders):
    with tempfile.TemporaryDirectory() as directory:
        for name in folders:
            Path(directory, name).mkdir()
        words = [
            *(word for name, value in variables.items() for word in ("-e", f"{name}={value}")),
            *(word for name in by_name for word in ("--env", name)),
            *(word for at, name in enumerate(volumes) for word in ("-v", f"{name}:/volume{at}")),
            *(
                word
                for at, name in enumerate(folders)
                for word in ("-v", f"{directory}/{name}:/folder{at}:ro")
            ),
        ]
        ran, argv = call(environment | by_name, *words)
        dry, _ = call(environment | by_name, *words, "--dry-run")
        pasted, pasted_argv = witnessed(environment | by_name, "sh", "-c", dry.decode())
        engine.docker("volume", "rm", *volumes)

    for output in (ran, pasted):
        environ, mounts = taken_apart(output)
        for name, value in (variables | {key: by_name[key] for key in by_name}).items():
            assert environ[name] == value
        for at, name in enumerate(volumes):
            assert mounts[f"/volume{at}"].endswith(f"/volumes/{name}/_data")
        for at, name in enumerate(folders):
            assert mounts[f"/folder{at}"].endswith(f"/{name}")
    # By these, a real run knows its container before there is one. They are different each time.
    assert [word for word in argv if not re.match(KNOWN_BY, word)] == pasted_argv


def call(environment: dict[str, str], *words: str) -> tuple[bytes, list[bytes]]:
    """`dynamo-container run` of a command that tells its environment and its mounts."""
    tell = ("--", "cat", "/proc/self/environ", "/proc/self/mountinfo")
    given = ["run", "--image", IMAGE, "--workdir=/", "--gpus=none", *words, *tell]
    return witnessed(environment, sys.executable, "-m", "dynamo_container", *given)


def witnessed(environment: dict[str, str], *command: str) -> tuple[bytes, list[bytes]]:
    """What a command says, and the words of the last call of docker."""
    answer = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert answer.returncode == 0, answer.stderr.decode()
    return answer.stdout, Path(environment["WITNESS"]).read_bytes().split(b"\0")


def taken_apart(output: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """Of what the container said: its variables, and what is mounted where."""
    environ, _, mounts = output.rpartition(b"\0")
    variables = dict(one.decode().split("=", 1) for one in environ.split(b"\0"))
    fields = [line.split(" ") for line in mounts.decode().split("\n") if line]
    return variables, {unescaped(field[4]): unescaped(field[3]) for field in fields}


def unescaped(text: str) -> str:
    """A path of the kernel's, which writes some signs as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
