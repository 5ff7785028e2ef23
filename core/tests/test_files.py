# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Files are written completely or not at all."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from dynamo_container.docker import signals
from dynamo_container.host import files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fill_without_room(folder: Path) -> None:
    with files.filling(folder) as new:
        (new / "old").mkdir()
        raise OSError("full")


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path):
    path = tmp_path / "file"
    path.write_text("before")

    with pytest.raises(UnicodeEncodeError):
        files.write(path, "x" * 100_000 + "\ud800")

    assert path.read_text() == "before"
    assert names(tmp_path) == ["file"]


def test_a_link_and_a_mode_stay(tmp_path):
    (tmp_path / "file").touch(0o640)
    (tmp_path / "file").chmod(0o640)
    (tmp_path / "link").symlink_to("file")

    files.write(tmp_path / "link", "text")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "text"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_a_pipe_is_replaced_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "file")

    files.write(tmp_path / "file", "text")

    assert (tmp_path / "file").read_text() == "text"


def test_a_new_file_has_the_mode_that_others_have(tmp_path):
    (tmp_path / "other").touch()

    files.write(tmp_path / "file", "text")

    assert (tmp_path / "file").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_folder_is_filled_completely_or_not_at_all(tmp_path):
    (tmp_path / "keep").write_text("1")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "file").touch()

    with pytest.raises(OSError, match="full"):
        fill_without_room(tmp_path)
    assert names(tmp_path) == ["keep", "old"]
    assert names(tmp_path / "old") == ["file"]

    with files.filling(tmp_path) as new:
        (new / "old").mkdir()
    assert names(tmp_path) == ["keep", "old"]
    assert names(tmp_path / "old") == []


def test_what_an_interrupted_call_left_is_seen_and_removed(tmp_path):
    (tmp_path / f"{files.TEMPORARY}x" / "new").mkdir(parents=True)
    assert files.is_incomplete(tmp_path)

    with files.filling(tmp_path) as new:
        (new / "file").touch()

    assert names(tmp_path) == ["file"]
    assert not files.is_incomplete(tmp_path)


def test_a_signal_while_files_are_moved_waits_until_all_are_moved(tmp_path, monkeypatch):
    rename = Path.rename

    def interrupted(path: Path, target: Path) -> Path:
        signal.raise_signal(signal.SIGHUP)
        return rename(path, target)

    def fill() -> None:
        with signals.raised(), files.filling(tmp_path) as new:
            for name in ("a", "b", "c"):
                (new / name).write_text(name)
            monkeypatch.setattr(Path, "rename", interrupted)

    with pytest.raises(SystemExit):
        fill()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]
