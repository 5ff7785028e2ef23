# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Running the command line and docker, and reading what they say."""

from __future__ import annotations

import json
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dynamo_container.cli import main


@dataclass(frozen=True)
class Result:
    """What a call said, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # JSON of any shape
        return json.loads(self.out)

    @property
    def definition(self) -> Any:  # as above
        """The bake definition in the command that a dry run printed."""
        return json.loads(self.out.split("EOF'\n")[1].split("\nEOF")[0])


@dataclass(frozen=True)
class Cli:
    """`dynamo-container`, called in this process."""

    capfd: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Result:
        """Call it with these words."""
        self.capfd.readouterr()
        status = main(words)
        out, err = self.capfd.readouterr()
        return Result(status, out, err)

    def ok(self, *words: str) -> Result:
        """Call it, and expect that all is well."""
        result = self(*words)
        assert result.status == 0, result.out + result.err
        return result

    def values(self, *words: str) -> dict[str, str]:
        """What `explain build ...` or `explain run ...` tells, by kind and key; of one plan."""
        told = self.ok("explain", *words, "--json").json
        first = told["images"][0] if "images" in told else told
        return {f"{one['kind']} {one['key']}": one["value"] for one in first["values"]}


@dataclass(frozen=True)
class Docker:
    """The engine of the tests."""

    base_image: str

    @property
    def ca_bundle(self) -> str:
        """The machine's own bundle of certificates, where it has one in the usual place."""
        path = "/etc/ssl/certs/ca-certificates.crt"
        return path if Path(path).is_file() else ""

    def unique(self, suffix: str) -> str:
        """A reference that nobody else has."""
        return f"dynamo-container-test/{suffix}:{uuid.uuid4().hex[:12]}"

    def run(self, *words: str, check: bool = True) -> str:
        """A docker command's standard output."""
        answer = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
        assert not (check and answer.returncode), answer.stdout + answer.stderr
        return answer.stdout.strip()

    def nameless(self) -> set[str]:
        """The images of ours that lost their names to newer ones."""
        filters = ("dangling=true", "label=ai.dynamo.container.framework")
        words = (word for one in filters for word in ("--filter", one))
        return set(self.run("images", "--quiet", "--no-trunc", *words).split())

    def inspect(self, image: str) -> Any:  # JSON as docker makes it
        """What `docker image inspect` knows."""
        return json.loads(self.run("image", "inspect", image))[0]

    def labels(self, image: str) -> dict[str, str]:
        """An image's labels."""
        labels: dict[str, str] = self.inspect(image)["Config"]["Labels"] or {}
        return labels
