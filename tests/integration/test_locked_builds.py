# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Locked builds, for real: an index that has only what the lock names, and other wheels than it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import package_index
import pytest
from dynamo_container.options import lock_file
from running import Cli, Docker
from slow import slow

pytestmark = pytest.mark.engine

FILE = "dynamo-container.lock"
VALUE = "import acme; print(acme.VALUE)"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of the index: the real uv and pip, and small ones instead of Dynamo's."""
    from dynamo_container_images.plugin import UV

    folder = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*pip, "--dest", str(folder), f"uv=={UV}", "pip"], check=True)
    for version in ("1.5.0", "1.6.1"):
        requires = (f"ai-dynamo-runtime=={version}", "acme")
        package_index.write_wheel(folder, "ai-dynamo", version, requires)
        package_index.write_wheel(folder, "ai-dynamo-runtime", version)
    for version in ("1.3.2", "1.4.1"):
        package_index.write_wheel(folder, "nixl-cu12", version)
        package_index.write_wheel(folder, "nixl-cu13", version)
    package_index.write_wheel(folder, "acme", "1.0", body="VALUE = 'locked'")
    return folder


@pytest.fixture(scope="module")
def index(docker: Docker, wheels, tmp_path_factory) -> Iterator[package_index.Index]:
    """An index at an address that build steps reach."""
    gateway = "{{(index .IPAM.Config 0).Gateway}}"
    bridge = docker.run("network", "inspect", "bridge", "--format", gateway)
    folder = tmp_path_factory.mktemp("index")
    with package_index.serve(wheels, bridge, folder, upload_times=True) as one:
        yield one


@pytest.fixture(scope="module")
def words(docker: Docker, index) -> tuple[str, ...]:
    """Options of `lock` and `build` for the tests' own index."""
    return (
        "--target", "runtime", "--base-image", docker.base_image, "--index-url", index.url,
        "--ca-bundle", str(index.ca_bundle), "--no-latest", "--progress", "plain",
    )  # fmt: skip


@pytest.fixture(scope="module")
def locked(words, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of a lock of Dynamo 1.6.1."""
    folder = tmp_path_factory.mktemp("lock")
    command = [sys.executable, "-m", "dynamo_container", "lock", "none", *words]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr[-5000:]
    assert "5 Python packages" in answer.stdout  # with pip
    return (folder / FILE).read_text()


@pytest.fixture(autouse=True)
def folder(cli: Cli, locked, tmp_path: Path, monkeypatch) -> Path:
    """The current folder, which has the lock, and is trusted."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / FILE).write_text(locked)
    lock_file.trust(tmp_path / FILE)
    return tmp_path


@pytest.fixture
def newer(wheels) -> Iterator[None]:
    """A newer version on the index."""
    wheel = package_index.write_wheel(wheels, "acme", "2.0", body="VALUE = 'newer'")
    yield
    wheel.unlink()


def test_a_lock_names_everything_and_has_no_password(docker: Docker, locked):
    assert package_index.PASSWORD not in locked
    assert f'image = "{docker.base_image}"' in locked
    assert docker.inspect(docker.base_image)["Id"] in locked
    assert '"jq:' in locked
    assert 'via = ["ai-dynamo"]' in locked


def test_a_wheel_with_another_content_is_refused(cli: Cli, wheels, words, tag):
    path = wheels / "acme-1.0-py3-none-any.whl"
    content = path.read_bytes()
    package_index.write_wheel(wheels, "acme", "1.0", body="VALUE = 'swapped'")
    try:
        result = cli("build", "none", *words, "--tag", tag("swapped"), "--locked")
    finally:
        path.write_bytes(content)

    assert result.status == 1
    assert "acme" in result.err
    assert "Hash mismatch" in result.err


def test_a_package_of_the_distribution_with_another_content_is_refused(
    cli: Cli, folder, locked, words, tag
):
    (line,) = {line for line in locked.splitlines() if '"jq:' in line}
    (folder / FILE).write_text(locked.replace(line, f'{line[:-8]}000000",'))

    result = cli("build", "none", *words, "--tag", tag("refused"), "--locked")

    assert result.status == 1
    assert "Not what the lock names:" in result.err
    assert "jq:" in result.err


def test_another_base_image_of_the_same_name_is_refused(
    cli: Cli, docker: Docker, folder, locked, words
):
    identity = docker.inspect(docker.base_image)["Id"]
    (folder / FILE).write_text(locked.replace(identity, f"sha256:{'0' * 64}"))

    result = cli("build", "none", *words, "--locked")

    assert result.status == 2
    assert f"the engine's image {docker.base_image} is {identity}" in result.err


def test_a_locked_build_installs_what_the_lock_names_although_the_index_has_newer(
    cli: Cli, docker: Docker, index, words, tag, newer
):
    image = tag("locked")

    cli.ok("build", "none", *words, "--tag", image, "--locked")

    assert docker.run("run", "--rm", image, "python", "-c", VALUE) == "locked"
    assert "acme-2.0-py3-none-any.whl" not in index.served
    record = ("cat", "/var/lib/dynamo-container/packages.txt")
    assert "jq:" in docker.run("run", "--rm", image, *record)


def test_a_build_without_a_cache_has_the_same_bytes(cli: Cli, words, tag):
    image = tag("first")
    cli.ok("build", "none", *words, "--tag", image, "--locked")

    result = cli.ok("reproduce", image, *words)

    assert "is reproduced: every layer and the configuration are the same" in result.out


def test_outdated_names_what_is_newer_and_update_moves_only_that(
    cli: Cli, folder, locked, words, newer
):
    outdated = cli.ok("outdated", *words).out
    assert "acme 1.0 -> 2.0 (held back by the lock: update acme)" in outdated
    assert "ai-dynamo" not in outdated
    assert (folder / FILE).read_text() == locked

    updated = cli.ok("update", "acme", *words).out

    assert "changed acme 1.0 -> 2.0" in updated
    before, after = (set(text.splitlines()) for text in (locked, (folder / FILE).read_text()))
    assert all("acme" in line for line in before ^ after)


def test_a_lock_of_an_older_release_moves_on(cli: Cli, folder, words):
    older = ("--dynamo-version", "1.5.0")
    cli.ok("lock", "none", *words, *older)
    outdated = cli.ok("outdated", *words, *older).out
    assert "ai-dynamo 1.5.0 -> 1.6.1 for none (held back by --dynamo-version 1.5.0)" in outdated

    updated = cli.ok("update", "ai-dynamo", *words).out

    assert "changed ai-dynamo 1.5.0 -> 1.6.1 (none pins it)" in updated
    assert "changed ai-dynamo-runtime 1.5.0 -> 1.6.1 (ai-dynamo 1.6.1 requires it)" in updated
    assert "acme" not in updated


@slow
def test_dev_is_locked_and_built_from_its_lock(cli: Cli, docker: Docker, rust: str, folder, tag):
    """From the real index: it takes several minutes."""
    (folder / FILE).unlink()
    bundle = ("--ca-bundle", docker.ca_bundle) if docker.ca_bundle else ()
    image, stage = tag("dev"), f"rust={rust}"
    words = ("--target", "dev", "--base-image", docker.base_image, "--stage", stage, *bundle)

    cli.ok("lock", "none", *words)
    cli.ok("build", "none", *words, "--tag", image, "--no-latest", "--locked")

    text = (folder / FILE).read_text()
    assert 'stage = "dev"' in text
    assert 'name = "maturin"' in text
    program = (
        "cargo --version && maturin --version && pytest --version && python -c 'import dynamo'"
    )
    docker.run("run", "--rm", image, "sh", "-ec", program)
