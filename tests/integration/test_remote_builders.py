# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A build on another machine: a real BuildKit over TCP with mutual TLS, and a registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import registry as registries
from engines import IMAGE, Engine, tiny_engine
from fakes import Site
from registry import Registry
from remote_builders import Remote, remote
from running import Cli

pytestmark = pytest.mark.engine

DOCKERFILE = """\
ARG BASE_IMAGE=scratch
FROM ${BASE_IMAGE} AS runtime
RUN --network=none echo built > /built
"""


@pytest.fixture(scope="module", params=["stable", "next"])
def store(request, docker) -> Iterator[Engine]:
    """The engine whose BuildKit is the remote one: an older one and a newer one."""
    with tiny_engine(docker.base_image, request.param, image_store=True) as one:
        yield one


@pytest.fixture
def registry(store: Engine, tmp_path: Path) -> Iterator[Registry]:
    with registries.serve(tmp_path, store.folder / "bin" / "docker-registry") as one:
        yield one


@pytest.fixture
def far(store: Engine, tmp_path: Path, monkeypatch) -> Iterator[Remote]:
    """A remote BuildKit, and a docker command without an engine of its own."""
    store.use(monkeypatch)
    with remote(store.folder / "docker.sock", tmp_path) as one:
        yield one
        for name in ("far", "stranger"):
            store.docker("buildx", "rm", "--force", name)


def create(store: Engine, name: str, far: Remote, options: tuple[str, ...]) -> None:
    store.docker("buildx", "create", "--driver=remote", f"--name={name}", *options, far.address)


def test_a_remote_builder_builds_pushes_and_fills_the_cache(
    cli: Cli,
    site: Site,
    store: Engine,
    registry: Registry,
    far: Remote,
    tmp_path: Path,
    monkeypatch,
):
    site.framework("tiny", dockerfile=DOCKERFILE)
    create(store, "far", far, far.options)
    create(store, "stranger", far, far.stranger)
    base, image, report = (
        f"{registry.address}/base:1",
        f"{registry.address}/tiny:1",
        tmp_path / "report.json",
    )
    store.docker("tag", IMAGE, base)
    store.docker("push", base)
    words = (
        "build", "tiny", "--base-image", base, "--tag", image, "--no-latest", "--push",
        "--cache", f"{registry.address}/cache", "--report", str(report),
    )  # fmt: skip
    planned = cli.ok("explain", *words[:-2], "--json").json["images"][0]["plan"]
    # No engine answers on this machine: the builder needs none.
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")

    cli.ok(*words, "--builder", "far")

    assert registry.tags("tiny") == ["1"]
    assert registry.tags("cache") == ["tiny-runtime-linux-amd64"]
    assert cached(report) == [False]
    with_builder = cli.ok("explain", *words[:-2], "--builder", "far", "--json").json
    assert with_builder["images"][0]["plan"] == planned

    cli.ok(*words, "--builder", "far")
    assert cached(report) == [True]

    refused = cli(*words, "--builder", "stranger")
    assert refused.status == 6
    assert f"the remote builder 'stranger' does not answer at {far.address}" in refused.err
    assert_doctor_knows_both(cli)


def cached(report: Path) -> list[bool]:
    [stage] = json.loads(report.read_text())["stages"]
    return [step["cached"] for step in stage["steps"]]


def assert_doctor_knows_both(cli: Cli) -> None:
    rows = {one["name"]: one for one in cli("doctor", "--json").json}

    assert rows["builder far"]["state"] == "ok"
    assert "driver remote" in rows["builder far"]["summary"]
    assert rows["builder stranger"]["state"] == "warning"
    assert "docker buildx rm stranger" in rows["builder stranger"]["next_step"]
