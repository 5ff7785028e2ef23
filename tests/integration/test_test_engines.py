# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The engines that `scripts/engine` starts for the other tests."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from archives import packed
from engines import IMAGE, Engine, engine, tiny_engine, until

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("engine_environment")]


def test_an_engine_that_was_stopped_keeps_its_data(docker):
    with tiny_engine(docker.base_image) as private:
        private.script("down")

        assert "empty data" not in private.script("up")

        private.docker("image", "inspect", IMAGE)


def test_an_engine_that_was_killed_starts_with_empty_data(docker):
    with tiny_engine(docker.base_image) as private:
        number = int((private.folder / "docker.pid").read_text())
        os.kill(number, signal.SIGKILL)
        until(lambda: not Path(f"/proc/{number}").exists())

        assert "did not end in order: starting with empty data" in private.script("up")

        assert private.docker("images", "--quiet") == ""


@pytest.fixture
def small(docker) -> Iterator[Engine]:
    """An engine with little disk."""
    with engine(disk="100m") as one:
        yield one


def test_the_build_cache_is_cleaned_when_the_engine_starts_and_not_while_it_builds(small):
    for number in range(2):
        dockerfile = f"FROM scratch\nCOPY file /{number}\n".encode()
        files = packed({"file": os.urandom(14_000_000), "Dockerfile": dockerfile})
        small.docker("build", "--no-cache", "--quiet", "-", stdin=files)
    assert "the build cache" not in small.script("up")
    before = cache(small)
    small.script("down")

    assert "the build cache takes more than half of --disk: deleting some" in small.script("up")

    assert before > 52.4 > cache(small)  # half of 100 MiB


def cache(engine: Engine) -> float:
    """Return how many MB the build cache of an engine takes."""
    usage = map(json.loads, engine.docker("system", "df", "--format=json").splitlines())
    size = next(one["Size"] for one in usage if one["Type"] == "Build Cache")
    return float(size.removesuffix("MB"))


def test_images_are_deleted_if_they_take_more_than_half_of_the_disk(small):
    small.docker("import", "-", stdin=packed({"file": bytes(12_000_000)}))
    small.docker("import", "-", "new:1", stdin=packed({"file": bytes(45_000_000)}))

    assert "deleting some (dangling=true)" in small.script("up")
    assert names(small) == ["new:1"]

    words = ("--build-arg=SOURCE_DATE_EPOCH=0", "--quiet", "--tag=old:1", "-")
    files = packed({"file": bytes(12_000_000), "Dockerfile": b"FROM scratch\nCOPY file /\n"})
    small.docker("build", *words, stdin=files)

    assert "deleting some (until=24h --all)" in small.script("up")
    assert names(small) == ["new:1"]
    assert "deleting" not in small.script("up")


def names(engine: Engine) -> list[str]:
    """Return the names of the images of an engine."""
    return engine.docker("images", "--format={{.Repository}}:{{.Tag}}").splitlines()
