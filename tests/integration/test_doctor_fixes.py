# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`doctor --fix`: what it offers, and that nothing else runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from dynamo_container.docker.engine import NO_BUILD_CACHE
from dynamo_container.host import doctor
from dynamo_container.host.fixes import fixes
from dynamo_container.model.facts import EngineInfo

FULL = doctor.Machine(
    client="28.5.2",
    engine=EngineInfo(version="28.5.2", runtimes=("nvidia",), local=True, root="/data"),
    buildx="0.29.1",
    free=int(50e9),
    build_cache=NO_BUILD_CACHE,
    hf_cache=doctor.Folder(path="/home/me/hf", exists=True, writable=True, own=True),
)
LOST = (int(12e9), int(8e9))


def offered(**changes: object) -> list[str]:
    machine = replace(FULL, **changes)  # type: ignore[arg-type]  # of several types
    return [one.command.shell() for one in fixes(machine)]


def folder(*, exists: bool = True, writable: bool = False, own: bool = True) -> doctor.Folder:
    return doctor.Folder(path="/home/me/my hf", exists=exists, writable=writable, own=own)


def test_unnamed_images_are_offered_only_if_there_is_little_space():
    prune = ["dynamo-container --engine docker prune --force"]

    assert offered(free=int(1e9), unnamed=LOST) == prune
    assert offered(free=int(20e9), unnamed=LOST) == prune
    assert offered(free=int(50e9), unnamed=LOST) == []
    assert offered(free=None, unnamed=LOST) == []
    assert offered(free=int(1e9)) == []
    (fix,) = fixes(replace(FULL, free=int(1e9), unnamed=LOST))
    assert "delete 2 images (up to 20.00 GB) that you built here" in fix.reason


def test_a_fix_uses_the_engine_that_was_examined():
    podman = replace(FULL.engine, program="podman")

    assert offered(free=1, unnamed=(1,), engine=podman) == [
        "dynamo-container --engine podman prune --force"
    ]


def test_only_the_callers_own_folder_is_changed():
    assert offered(hf_cache=folder()) == ["chmod u+rwx -- '/home/me/my hf'"]
    assert offered(hf_cache=folder(own=False)) == []
    assert offered(hf_cache=folder(exists=False, own=False)) == []
    assert offered(hf_cache=folder(writable=True)) == []


def test_the_next_step_for_an_own_folder_needs_no_root():
    (finding,) = (one for one in doctor.findings(replace(FULL, hf_cache=folder())) if one.status)

    assert finding.next_step == "give yourself access: chmod u+rwx '/home/me/my hf'"


def test_what_is_not_ours_is_only_described():
    """Neither an engine, a service, the toolkit nor a builder is touched."""
    machine = replace(
        FULL,
        client="",
        engine=EngineInfo(),
        engine_error="permission denied",
        buildx="",
        plugins=("acme 1.0: no",),
    )

    assert {"failure", "warning"} <= {one.state for one in doctor.findings(machine)}
    assert list(fixes(machine)) == []


@pytest.fixture
def closed(tmp_path, monkeypatch) -> Path:
    """A cache that its owner cannot write to. Root could, so the mode decides."""
    path: Path = tmp_path / "hf"
    path.mkdir(mode=0o500)

    def collect(_problems: object) -> doctor.Machine:
        writable = path.exists() and bool(path.stat().st_mode & 0o200)
        cache = doctor.Folder(path=str(path), exists=True, writable=writable, own=True)
        return replace(FULL, hf_cache=cache)

    monkeypatch.setattr(doctor, "collect", collect)
    return path


@pytest.mark.processes
def test_yes_runs_the_fix_after_showing_it_and_the_status_is_that_of_a_new_check(cli, closed):
    assert cli("doctor").status == 6

    result = cli("doctor", "--fix", "--yes")

    assert result.status == 0, result.err
    assert "fix for hugging face cache: let yourself write to a folder" in result.err
    assert f"  chmod u+rwx -- {closed}\n" in result.err
    assert closed.stat().st_mode & 0o777 == 0o700


def test_without_a_terminal_nothing_runs(cli, closed):
    result = cli("doctor", "--fix")

    assert result.status == 2
    assert "not confirmed: the fix above\nto fix without a question: --yes" in result.err
    assert closed.stat().st_mode & 0o777 == 0o500


@pytest.mark.processes
@pytest.mark.parametrize(("answer", "mode", "status"), [("y", 0o700, 0), ("", 0o500, 6)])
def test_at_a_terminal_each_fix_is_a_question(cli, closed, monkeypatch, answer, mode, status):
    monkeypatch.setattr("dynamo_container.cli.doctor.at_terminal", lambda: True)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _text: answer)

    result = cli("doctor", "--fix")

    assert result.status == status
    assert closed.stat().st_mode & 0o777 == mode


@pytest.mark.processes
def test_a_fix_that_fails_is_an_error(cli, closed):
    closed.rmdir()

    result = cli("doctor", "--fix", "--yes")

    assert result.status == 1
    assert "the fix for hugging face cache failed\nsee the output above" in result.err


def test_a_machine_without_safe_fixes_is_only_described(cli, monkeypatch):
    monkeypatch.setattr(doctor, "collect", lambda _problems: replace(FULL, buildx=""))

    result = cli("doctor", "--fix", "--yes")

    assert result.status == 3
    assert "note: no fix that is safe applies\n" in result.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--yes",), "--yes requires --fix"),
        (("--fix", "--json"), "--json cannot be used with --fix"),
    ],
)
def test_options_that_do_not_go_together_are_refused(cli, words, message):
    result = cli("doctor", *words)

    assert result.status == 2
    assert message in result.err
