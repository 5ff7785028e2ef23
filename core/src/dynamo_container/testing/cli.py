# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The command line, called in the process of a test."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dynamo_container.cli import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The outcome of a command.

    Attributes:
        status: the exit status.
        out: standard output.
        err: standard error.
    """

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # JSON of any shape
        """Standard output, read as JSON."""
        return json.loads(self.out)

    @property
    def definition(self) -> Any:  # JSON of any shape
        """The definition for `docker buildx bake` in the output of `build --dry-run`."""
        return json.loads(self.out.split("EOF'\n")[1].split("\nEOF")[0])


@dataclass(frozen=True, slots=True)
class Cli:
    """The type of the fixture `cli`: call it with the words of a command line."""

    capfd: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Result:
        """Run `dynamo-container WORDS`."""
        self.capfd.readouterr()
        status = main(words)
        out, err = self.capfd.readouterr()
        return Result(status=status, out=out, err=err)

    def ok(self, *words: str) -> Result:
        """Run a command, and fail the test if its exit status is not 0."""
        result = self(*words)
        if result.status:
            command = shlex.join(["dynamo-container", *words])
            pytest.fail(f"{command} failed ({result.status}):\n{result.out}{result.err}")
        return result

    def values(self, *words: str) -> dict[str, str]:
        """Return what `explain build ...` or `explain run ...` shows, by kind and key.

        For example `{"pin ai-dynamo": "1.4.2", "label com.acme.team": "inference"}`. If a build
        makes several images, the values are those of the last one.
        """
        document = self.ok("explain", *words, "--json").json
        plan = document["images"][-1] if "images" in document else document
        return {f"{entry['kind']} {entry['key']}": entry["value"] for entry in plan["values"]}


def isolate(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Keep the machine's environment and project files away from the commands of a test.

    Args:
        monkeypatch: undoes it at the end of the test.
        folder: an empty folder, which becomes the current one.
    """
    for name in os.environ:
        if name.startswith("DYNAMO_CONTAINER_") and not name.startswith("DYNAMO_CONTAINER_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / ".state"))
    monkeypatch.chdir(folder)
