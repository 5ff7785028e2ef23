# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A build that fails for a fault of the engine or machine ends with the cause and what to do."""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from dynamo_container.images import faults
from dynamo_container.images.faults import Output
from dynamo_container.images.records import Records
from dynamo_container.images.watch import Watcher

LAYER = (
    "failed to prepare sha256:b658d8ac8aea7292c464218dbf62c5bcc46468f8b7e017c0380ab37b3f903261 as "
    "kcty4fbxag6hngkemyhs5dn82: open /var/lib/docker/overlay2/q32w4cbarh6m1wpr169nbtyib/"
    ".tmp-committed2557151495: no such file or directory"
)
EMPTY = "empty it, and build again: docker builder prune --all"
# What engines and builders have reported, and how the hint starts and ends.
RECORDED = [
    (LAYER, "the build cache lacks a layer", EMPTY),
    ("layer does not exist", "the build cache lacks a layer", EMPTY),
    (
        "failed to prepare sha256:ec9d as u464: parent snapshot ec9d does not exist: not found",
        "the build cache lacks a snapshot",
        EMPTY,
    ),
    (
        "failed to apply diffs: failed to stat lower snapshot oqp2: snapshot oqp2 does not exist",
        "the build cache lacks a snapshot",
        EMPTY,
    ),
    (
        "failed to get reader from content store: content digest sha256:5c18a7303408: not found",
        "the build cache lacks content",
        EMPTY,
    ),
    (
        "failed to compute cache key: failed to get state for index 0 on copy /runc /usr/bin/runc",
        "a known race in BuildKit",
        "build again, which continues after the steps that have succeeded",
    ),
    (
        "failed to get edge: inconsistent graph state",
        "a known race in BuildKit",
        "build again, which continues after the steps that have succeeded",
    ),
    (
        "Internal: failed to get dead record 2teozu0ujfxjpfm81une094gh: not found",
        "a known race in BuildKit",
        "build again, which continues after the steps that have succeeded",
    ),
    (
        "failed to load ref: failed to get deleted record ndm9ajth2zxzrqrcc6ysn56ap: not found",
        "a known race in BuildKit",
        "build again, which continues after the steps that have succeeded",
    ),
    (
        "rpc error: code = Unavailable desc = error reading from server: EOF",
        "the builder ended during the build",
        "build again",
    ),
    (
        'process "/bin/sh -c cargo build" did not complete successfully: exit code: 137',
        "a step was killed",
        "--max-jobs 1",
    ),
    (
        "failed to copy files: copy file range failed: no space left on device",
        "the disk is full",
        "dynamo-container doctor",
    ),
    ("failed to register layer: max depth exceeded", "the image has more layers", "fewer layers"),
    (
        "write /var/lib/docker/tmp/blob: input/output error",
        "the disk reports errors",
        "check the disk",
    ),
]
# What goes wrong in a Dockerfile, a registry or a program, which looks similar.
OTHERS = [
    "failed to resolve source metadata for docker.io/library/nothing:1: not found",
    'failed to compute cache key: "/no/such": not found',
    "open /no/such/Dockerfile: no such file or directory",
    'process "/bin/sh -c false" did not complete successfully: exit code: 1',
    "could not fetch content descriptor sha256:5c18a7303408 from remote: not found",
    "context canceled",
    "",
]
FULL = "OSError: [Errno 28] No space left on device"


@pytest.mark.parametrize(("error", "start", "end"), RECORDED)
def test_a_known_fault_has_its_cause_and_what_to_do(error, start, end):
    hint = faults.hint(Output(errors=f"ERROR: target none-runtime: failed to solve: {error}"))

    assert hint.startswith(start)
    assert hint.endswith(end)
    assert "\n" not in hint
    assert len(hint) < 160


@pytest.mark.parametrize("error", OTHERS)
def test_other_failures_are_not_explained(error):
    assert faults.hint(Output(errors=error, steps=error)) == ""


def test_the_cache_is_that_of_the_builder():
    assert faults.hint(Output(errors=LAYER), "my builder").endswith(
        "docker buildx prune --builder 'my builder' --all"
    )


def test_a_program_that_prints_the_words_of_an_engine_is_not_the_engine():
    assert faults.hint(Output(steps="layer does not exist\ninconsistent graph state")) == ""
    assert faults.hint(Output(steps=FULL)).startswith("the disk is full")


def test_errors_in_docker_s_plain_progress_are_separated_from_what_steps_print():
    text = (
        "#7 [runtime 2/3] RUN install\n"
        "#7 1.2 ERROR: layer does not exist\n"
        f"#7 1.3 {FULL}\n"
        '#7 ERROR: process "/bin/sh -c install" did not complete successfully: exit code: 1\n'
        "------\n"
        " > [runtime 2/3] RUN install:\n"
        "ERROR: target runtime: failed to solve: exit code: 1\n"
    )

    output = faults.from_plain(text)

    assert output.errors.count("ERROR: ") == 2
    assert "layer does not exist" in output.steps
    assert faults.hint(output).startswith("the disk is full")
    assert faults.hint(faults.from_plain(text + f"ERROR: {LAYER}\n")).endswith(EMPTY)


def record(error: str, log: str = "") -> bytes:
    """The record of a step that failed, as BuildKit writes it."""
    name, moment = "[runtime 2/3] RUN install", "2026-11-25T10:00:00Z"
    step = {"digest": "sha256:1", "name": name, "started": moment}
    data = base64.b64encode(f"{log}\n".encode()).decode()
    parts = (
        {"vertexes": [step]},
        {"logs": [{"vertex": "sha256:1", "data": data}]},
        {"vertexes": [{**step, "completed": moment, "error": error}]},
    )
    return "".join(json.dumps(part) for part in parts).encode()


@pytest.mark.parametrize("progress", ["auto", "quiet", "rawjson"])
def test_buildkits_records_have_what_explains_a_failure(progress):
    def hint(data: bytes) -> str:
        watcher = Watcher(Records(["runtime"]), progress, lambda _: None)
        watcher.feed(data)
        watcher.close()
        return faults.hint(watcher.output)

    assert hint(record(LAYER)).endswith(EMPTY)
    assert hint(record("exit code: 1", log=FULL)).startswith("the disk is full")
    assert hint(record("exit code: 1", log=LAYER)) == ""
    # What no step reports is a line of buildx's own.
    assert hint(b"ERROR: target runtime: failed to solve: layer does not exist").endswith(EMPTY)


# It notes each build, and fails as long as there is a file for its number.
STAND_IN = """\
#!/bin/sh
case "$*" in
*version*) echo github.com/docker/buildx v0.29.1 1; exit ;;
*" bake "*) cat >/dev/null; echo built >>{folder}/builds
    failed={folder}/$(wc -l <{folder}/builds)
    [ -e $failed ] || exit 0
    cat $failed >&2; exit 1 ;;
esac
exit 1
"""
FORMS = [
    ("build", "none", "--target", "runtime"),
    ("build", "none", "--target", "runtime", "--progress", "plain"),
    ("build", "none", "--target", "runtime", "--report", "report.json"),
    ("-q", "build", "none", "--target", "runtime"),
    ("build", "none", "--target", "runtime", "--progress", "rawjson"),
]
RACE = "failed to get dead record 2teozu0ujfxjpfm81une094gh: not found"


def failed(error: str) -> str:
    return f"#3 ERROR: {error}\nERROR: target none-runtime: failed to solve: {error}\n"


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """Put a docker on the PATH whose n-th build fails with what the file `n` in the returned folder
    says; it succeeds without one.
    """
    recorded = tmp_path / "recorded"
    folder = tmp_path / "bin"
    for one in (recorded, folder):
        one.mkdir()
    program = folder / "docker"
    program.write_text(STAND_IN.format(folder=shlex.quote(str(recorded))))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")
    return recorded


def builds(docker: Path) -> int:
    return len((docker / "builds").read_text().split())


@pytest.mark.processes
@pytest.mark.parametrize("words", FORMS)
def test_every_form_of_progress_ends_with_the_hint(cli, docker: Path, words):
    (docker / "1").write_text(failed(LAYER))

    result = cli(*words)

    assert result.status == 1
    first, second = result.err.splitlines()[-2:]
    assert first == "error: the build failed (docker exited with status 1)"
    assert second.endswith(EMPTY)
    assert "#5469" in second
    assert builds(docker) == 1


@pytest.mark.processes
@pytest.mark.parametrize("words", FORMS)
def test_a_build_that_a_race_has_ended_starts_again(cli, docker: Path, words):
    (docker / "1").write_text(failed(RACE))

    # The stand-in has no images that could be asked for their sizes.
    result = cli(*words, "--push", "--repository", "registry.example.com/x")

    assert result.status == 0, result.err
    assert builds(docker) == 2
    assert ("#3959); building again\n" in result.err) == ("-q" not in words)


@pytest.mark.processes
@pytest.mark.parametrize("words", FORMS)
def test_a_build_starts_again_once(cli, docker: Path, words):
    for number in "123":
        (docker / number).write_text(failed(RACE))

    result = cli(*words)

    assert result.status == 1
    assert "moby/buildkit#3959); build again" in result.err.splitlines()[-1]
    assert builds(docker) == 2


@pytest.mark.processes
def test_what_docker_prints_passes_through_byte_for_byte(docker: Path):
    printed = b"#1 \xff\x1b[1m" + b"x" * 200_000 + b"\n#1 DONE\nno newline at the end"
    (docker / "1").write_bytes(printed)
    words = ["build", "none", "--target", "runtime", "--progress", "plain"]

    ended = subprocess.run(
        [sys.executable, "-m", "dynamo_container", *words], capture_output=True, check=False
    )

    assert printed in ended.stderr
    assert ended.returncode == 1
