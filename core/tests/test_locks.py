# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Locks: the document, whether it fits, what it decides, what changes from one to another."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import replace
from typing import Any

import pytest
from dynamo_container.docker import process
from dynamo_container.docker.command import Command
from dynamo_container.errors import UsageError
from dynamo_container.images import planner
from dynamo_container.inventory import program
from dynamo_container.locks import changes, document, fit, moving as moves
from dynamo_container.model.facts import ImageInfo
from dynamo_container.model.lock import (
    Lock,
    LockedBase,
    LockedPackage,
    LockedPackages,
    LockedTool,
    LockedWheel,
    LockedWheels,
)
from dynamo_container.model.requests import BuildRequest, BuildSettings
from dynamo_container.options import lock_file
from dynamo_container.plugins.registry import Registry

FILE = "dynamo-container.lock"
BUILD = ("build", "none", "--target", "runtime", "--dry-run")
A, B, C = "a" * 64, "b" * 64, "c" * 64
WHEELS = (
    LockedWheel(
        name="ai-dynamo", version="1.6.1", file="ai_dynamo-1.6.1-py3-none-any.whl", sha256=A
    ),
    LockedWheel(
        name="msgspec",
        version="0.20.0",
        file="msgspec-0.20.0-cp312-cp312-manylinux_2_28_x86_64.whl",
        sha256=B,
        index="https://index.example/simple",
        size=200_000,
    ),
)
CURL = LockedPackage(name="curl", architecture="amd64", version="8.5.0-2ubuntu10.6", sha256=C)


@pytest.fixture
def lock() -> Lock:
    """A lock of `build none --target runtime` as it is requested by default."""
    registry = Registry.discover()
    registry.load("none")
    request = BuildRequest(framework="none", target="runtime")
    plan = planner.plan(registry, [request], BuildSettings())
    amd64, arm64 = "linux/amd64", "linux/arm64"
    return Lock(
        path=FILE,
        created="2026-11-26T08:00:00Z",
        images=tuple(fit.locked_image(image) for image in plan.images),
        bases=(
            LockedBase(
                image="ubuntu:24.04", digest=f"sha256:{A}", platforms=((amd64, f"sha256:{B}"),)
            ),
        ),
        tools=(LockedTool(name="uv", version="0.13.9", hashes=(A, B)),),
        packages=(
            LockedPackages(framework="none", stage="serving", platform=amd64, packages=(CURL,)),
            LockedPackages(framework="none", stage="tools", platform=amd64, packages=()),
        ),
        wheels=(
            LockedWheels(framework="none", platform=amd64, python="3.12", wheels=WHEELS),
            LockedWheels(framework="none", platform=arm64, python="3.12", wheels=WHEELS[:1]),
        ),
    )


@pytest.fixture
def written(lock: Lock, tmp_path, monkeypatch) -> Lock:
    """The lock in the current folder, written by the caller."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / FILE).write_text(document.text(lock))
    lock_file.trust(tmp_path / FILE)
    return lock


def targets(out: str) -> dict[str, dict[str, Any]]:
    """The targets of the bake definition in the output of a dry run."""
    text = out[out.index("{") : out.rindex("}") + 1]
    found: dict[str, dict[str, Any]] = json.loads(text)["target"]
    return found


def test_a_document_is_read_as_it_was_written(lock):
    assert document.parse(FILE, document.text(lock).encode()) == lock


def test_each_package_is_one_line(lock):
    lines = document.text(lock).splitlines()

    assert f'    "curl:amd64=8.5.0-2ubuntu10.6 sha256:{C}",' in lines
    assert len([line for line in lines if "msgspec-0.20.0" in line and B in line]) == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('version = "0.20.0"', 'version = "0.20.0 --index-url https://evil.example"'),
        ('version = "0.20.0"', 'version = "0.20.0\\n--index-url=https://evil.example"'),
        (f'sha256 = "{B}"', f'sha256 = "{B}\\n"'),
        ('image = "ubuntu:24.04"', 'image = "evil.example/ubuntu:24.04 x"'),
        ("curl:amd64=8.5.0-2ubuntu10.6", "curl:amd64=8.5.0 x:y=1"),
        ('name = "msgspec"', 'name = "https://evil.example/x.whl"'),
        ("schema = 1", "schema = 2"),
        ('"2026-11-26T08:00:00Z"', '"2026-02-31T08:00:00Z"'),
        ('"2026-11-26T08:00:00Z"', '"0000-11-26T08:00:00Z"'),
        ('"2026-11-26T08:00:00Z"', '"1969-12-31T23:59:59Z"'),
        ('"2026-11-26T08:00:00Z"', '"٢٠٢٦-11-26T08:00:00Z"'),
        ("schema = 1", "unknown = 1\nschema = 1"),
    ],
)
def test_a_document_that_would_say_more_than_it_may_is_refused(lock, before, after):
    text = document.text(lock)
    assert before in text

    with pytest.raises(UsageError, match="not a valid lock"):
        document.parse(FILE, text.replace(before, after).encode())


def test_credentials_are_not_written(lock):
    (first, second), *_ = (one.wheels for one in lock.wheels)
    secret = replace(second, index="https://me:s3cr3t-word@index.example/simple")
    wheels = (replace(lock.wheels[0], wheels=(first, secret)),)

    text = document.text(replace(lock, wheels=wheels))

    assert "s3cr3t-word" not in text
    assert "index.example/simple" in text
    tomllib.loads(text)


def test_a_locked_build_gets_digests_versions_and_hashes(cli, written):
    result = cli.ok(*BUILD, "--locked")

    built = targets(result.out)
    serving, tools, wheels = (built[name]["args"] for name in ("serving", "tools", "wheels"))
    assert serving["BASE_IMAGE"] == tools["BASE_IMAGE"] == f"ubuntu:24.04@sha256:{A}"
    assert serving["LOCKED_PACKAGES"] == f"- curl:amd64=8.5.0-2ubuntu10.6#{C}"
    assert tools["LOCKED_PACKAGES"] == "-"
    assert tools["UV"] == f"uv==0.13.9 --hash=sha256:{A} --hash=sha256:{B}"
    assert wheels["LOCKED_WHEELS"] == (
        f"ai-dynamo==1.6.1 --hash=sha256:{A}|"
        f"msgspec==0.20.0 ; platform_machine == 'x86_64' --hash=sha256:{B}"
    )
    # Which packages are heavy depends on the lock alone, not on what an index states.
    assert (wheels["HEAVY_WHEELS"], wheels["LOCKED_SIZES"]) == ("20000000", "msgspec=200000")
    labels = built["none-runtime"]["labels"]
    assert labels["org.opencontainers.image.base.name"] == "ubuntu:24.04"
    assert labels["org.opencontainers.image.base.digest"] == f"sha256:{A}"
    assert "using" in result.err


def test_without_a_lock_nothing_is_locked(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert "LOCKED" not in cli.ok(*BUILD).out


def test_a_lock_beside_the_project_file_is_used_below_it(cli, written, tmp_path, monkeypatch):
    (tmp_path / "dynamo-container.toml").touch()
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)

    result = cli.ok(*BUILD)

    assert "LOCKED_WHEELS" in result.out
    assert f"using {tmp_path / FILE}" in result.err


OTHERS = {
    "another release": (("--dynamo-version", "1.5.0"), "pin ai-dynamo is '1.5.0'"),
    "another base image": (("--base-image", "debian:13"), "base-image serving is 'debian:13'"),
    "another argument": (("--build-arg", "RESOLVE_AS_OF=2026-01-01"), "RESOLVE_AS_OF"),
    "another target": (("--target", "dev"), "it does not have none dev"),
    "another platform": (("--platform", "linux/riscv64"), "it is not for linux/riscv64"),
}


@pytest.mark.parametrize(("words", "reason"), OTHERS.values(), ids=OTHERS)
def test_a_request_that_does_not_fit_is_an_error_only_if_the_lock_is_required(
    cli, written, words, reason
):
    words = (*BUILD, *words)

    for flag in ("--locked", "--frozen"):
        result = cli(*words, flag)
        assert result.status == 2
        assert reason in result.err
    free = cli.ok(*words)
    assert f"{FILE} is not used: " in free.err
    assert reason in free.err
    assert "LOCKED_WHEELS" not in free.out


@pytest.mark.parametrize(
    "words",
    [
        ("--index-url", "https://mirror.example/simple"),
        ("--tag", "mine:1"),
        ("--no-cache",),
        ("--build-arg", "HEAVY_WHEELS=1000000"),
    ],
    ids=lambda words: words[0],
)
def test_where_packages_come_from_and_where_they_go_does_not_matter(cli, written, words):
    assert "LOCKED_WHEELS" in cli.ok(*BUILD, *words, "--locked").out


def test_frozen_also_requires_the_same_plugins(cli, written, lock, tmp_path):
    assert "LOCKED_WHEELS" in cli.ok(*BUILD, "--frozen").out
    other = replace(lock.images[0], plan=f"sha256:{C}", plugins=("dynamo-container-none 0.1",))
    (tmp_path / FILE).write_text(document.text(replace(lock, images=(other,))))

    result = cli(*BUILD, "--frozen")

    assert result.status == 2
    assert "the plugins of none runtime have changed: dynamo-container-images" in result.err
    assert "have changed" in cli.ok(*BUILD, "--locked").err


def test_a_missing_lock_is_an_error_only_if_it_is_required(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    for words in (("--locked",), ("--frozen",), ("--lock", "other.lock")):
        result = cli(*BUILD, *words)
        assert result.status == 2
        assert "there is no lock" in result.err


def test_no_lock_is_used_if_none_is_named(cli, written):
    assert "LOCKED" not in cli.ok(*BUILD, "--lock", "none").out


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to somebody else")
def test_a_lock_of_somebody_else_requires_trust(cli, written, tmp_path):
    cli.ok("trust", FILE, "--revoke")
    os.chown(tmp_path / FILE, 4711, 4711)

    result = cli(*BUILD, "--locked")

    assert result.status == 2
    assert "it belongs to the user with UID 4711" in result.err
    assert "LOCKED_WHEELS" in cli.ok("--trust", *BUILD).out
    assert "LOCKED_WHEELS" in cli.ok(*BUILD, "--trust").out
    assert "LOCKED_WHEELS" not in cli.ok(*BUILD, "--lock", "none").out


HOSTILE = {
    "another package": ("msgspec", "evil-package"),
    "another version": ('version = "0.20.0"', 'version = "0.1.0"'),
    "another base image": (f"sha256:{A}", f"sha256:{C}"),
    "another tool": ('name = "uv"', 'name = "evil-uv"'),
}


@pytest.mark.parametrize("change", HOSTILE)
def test_a_lock_that_came_with_a_folder_requires_trust(cli, written, tmp_path, change):
    """Its files can be the caller's, as in a clone of another user's repository."""
    text = document.text(written).replace(*HOSTILE[change])
    assert text != document.text(written)
    (tmp_path / FILE).write_text(text)

    for words in (BUILD, ("explain", *BUILD[:-1]), ("update", "msgspec", "--target", "runtime")):
        result = cli(*words)
        assert result.status == 2
        assert "has changed since you trusted it" in result.err
        assert f"dynamo-container trust {tmp_path / FILE}" in result.err
    assert "LOCKED_WHEELS" in cli.ok("--trust", *BUILD).out
    assert "LOCKED_WHEELS" not in cli.ok(*BUILD, "--lock", "none").out

    cli.ok("trust", FILE)
    assert "LOCKED_WHEELS" in cli.ok(*BUILD).out
    cli.ok("trust", FILE, "--revoke")
    assert "is not trusted, but decides what images are made of" in cli(*BUILD).err


@pytest.mark.parametrize("change", ["a clone", *HOSTILE])
def test_reproduce_builds_nothing_from_a_lock_that_is_not_trusted(
    cli, written, tmp_path, monkeypatch, change
):
    """Whoever reproduces an image of others has cloned the repository with its lock."""
    started: list[Command] = []
    monkeypatch.setattr(program, "inspect", lambda image: ImageInfo(id=image, size=1))
    monkeypatch.setattr(process, "capture", lambda *_words: None)

    def fail(command: Command, *_: object) -> int:
        started.append(command)
        return 1

    monkeypatch.setattr(process, "stream", fail)
    words = ("reproduce", "an/image:1", "--target", "runtime")
    text = document.text(written).replace(*HOSTILE.get(change, ("", "")))
    (tmp_path / FILE).write_text(text)
    if change == "a clone":
        cli.ok("trust", FILE, "--revoke")

    refused = cli(*words)

    assert refused.status == 2
    assert f"the lock {tmp_path / FILE} is not trusted" in refused.err
    assert started == []
    for trusted in (("--trust", *words), (*words, "--lock", FILE)):
        assert "the build failed" in cli(*trusted).err  # by the stand-in
        assert len(started) == 1
        started.clear()
    (tmp_path / "dynamo-container.toml").write_text(f'[build]\nlock = "{FILE}"\n')
    assert "is not trusted" in cli(*words).err  # a project file does not ask for the caller
    assert started == []


def test_who_asks_for_a_lock_trusts_it_but_a_project_file_does_not_ask(
    cli, written, tmp_path, monkeypatch
):
    cli.ok("trust", FILE, "--revoke")
    for words in (("--locked",), ("--frozen",), ("--lock", FILE)):
        assert "LOCKED_WHEELS" in cli.ok(*BUILD, *words).out
    monkeypatch.setenv("DYNAMO_CONTAINER_BUILD_LOCKED", "true")
    assert "LOCKED_WHEELS" in cli.ok(*BUILD).out
    monkeypatch.delenv("DYNAMO_CONTAINER_BUILD_LOCKED")

    (tmp_path / "dynamo-container.toml").write_text("[build]\nlocked = true\n")

    assert cli(*BUILD).status == 2


def test_values_of_a_lock_name_it_as_their_source(cli, written):
    words = ("explain", "build", "none", "--target", "runtime", "--json", "base-image")
    (image,) = json.loads(cli.ok(*words).out)["images"]

    value = next(one for one in image["values"] if one["key"] == "serving")
    assert value["value"] == f"ubuntu:24.04@sha256:{A}"
    assert value["sources"][0]["name"] == "lock"
    assert value["shadowed"][0]["value"] == "ubuntu:24.04"


def test_changes_are_described_in_words(lock):
    newer = replace(WHEELS[0], version="1.7.0", sha256=C)
    swapped = replace(WHEELS[1], sha256=C)
    added = LockedWheel(name="zstd", version="1", file="zstd-1-py3-none-any.whl", sha256=A)
    wheels = replace(lock.wheels[0], wheels=(newer, swapped, added))
    after = replace(
        lock,
        bases=(replace(lock.bases[0], digest=f"sha256:{C}"),),
        packages=lock.packages[1:],
        wheels=(wheels,),
    )

    assert changes.changes(lock, after) == (
        "changed base image ubuntu:24.04 sha256:aaaaaaaaaaaa -> sha256:cccccccccccc",
        "changed ai-dynamo 1.6.1 -> 1.7.0 (none pins it)",
        "changed msgspec 0.20.0 (the same version with another content)",
        "added   zstd 1",
        "removed apt curl 8.5.0-2ubuntu10.6",
    )
    assert changes.changes(lock, lock) == ()


def test_diff_describes_two_locks(cli, written, lock, tmp_path):
    other = replace(lock.wheels[0], wheels=(replace(WHEELS[0], version="1.7.0"), WHEELS[1]))
    newer = tmp_path / "newer.lock"
    newer.write_text(document.text(replace(lock, wheels=(other, lock.wheels[1]))))

    assert "ai-dynamo 1.6.1 -> 1.6.1 and 1.7.0" in cli.ok("diff", FILE, str(newer)).out
    assert cli.ok("diff", FILE, FILE).out == "no differences\n"


def test_a_change_that_others_require_names_them_and_sizes_are_added_up(lock):
    runtime = LockedWheel(
        name="ai-dynamo-runtime",
        version="1.6.1",
        file="r-1.6.1.whl",
        sha256=A,
        via=("ai-dynamo",),
        size=2_000_000,
    )
    before, after = (
        replace(
            lock,
            wheels=(
                replace(
                    lock.wheels[0],
                    wheels=(
                        replace(WHEELS[0], version=version),
                        replace(runtime, version=version, size=size),
                    ),
                ),
            ),
        )
        for version, size in (("1.5.0", 1_000_000), ("1.6.1", 2_500_000))
    )

    assert changes.changes(before, after) == (
        "changed ai-dynamo 1.5.0 -> 1.6.1 (none pins it)",
        "changed ai-dynamo-runtime 1.5.0 -> 1.6.1 (ai-dynamo 1.6.1 requires it)",
        "Python packages: 1.0 MB -> 2.5 MB compressed (+1.5 MB)",
    )


def test_what_is_newer_is_listed_with_what_holds_it_back(lock):
    dated = replace(WHEELS[0], version="1.7.0", uploaded="2026-11-20")
    old = replace(WHEELS[1], version="0.21.0", uploaded="2026-08-01")
    after = replace(lock, wheels=(replace(lock.wheels[0], wheels=(dated, old)),))

    assert changes.newer(lock, after, "2026-10-29") == (
        (
            "ai-dynamo 1.6.1 -> 1.7.0 "
            "(held back: it is of 2026-11-20, and packages are as of 2026-10-29)"
        ),
        "msgspec 0.20.0 -> 0.21.0 (held back by the lock: update msgspec)",
    )
    assert changes.newer(lock, lock, "2026-10-29") == ()


MOVES = {
    "a package": (("MsgSpec",), ("msgspec",), 1, 2),
    "the distribution": (("apt",), (), 1, 0),
    "a base image": (("ubuntu:24.04",), (), 0, 0),
    "two things": (("ai_dynamo", "apt"), ("ai-dynamo",), 1, 0),
}


@pytest.mark.parametrize(("names", "moving", "bases", "packages"), MOVES.values(), ids=MOVES)
def test_what_does_not_move_is_kept(lock, names, moving, bases, packages):
    kept = moves.without(lock, names)

    assert kept.moving == moving
    assert len(kept.bases) == bases
    assert len(kept.packages) == packages
    assert kept.wheels == lock.wheels
    assert kept.created == lock.created


def test_a_lock_does_not_move_what_it_does_not_have(lock):
    with pytest.raises(UsageError) as error:
        moves.without(lock, ["mspec"])

    assert error.value.what == f"the lock {FILE} does not have 'mspec'"
    assert error.value.next_step == "did you mean msgspec?"


@pytest.mark.parametrize("exists", [True, False])
def test_a_lock_is_not_written_through_a_link_out_of_its_folder(cli, tmp_path, monkeypatch, exists):
    checkout, other = tmp_path / "checkout", tmp_path / "other"
    checkout.mkdir()
    if exists:
        other.write_text("precious")
    (checkout / "dynamo-container.lock").symlink_to(other)
    monkeypatch.chdir(checkout)

    result = cli("lock", "none")

    assert result.status == 2
    assert "leads out of" in result.err
    assert "name another file: --lock FILE" in result.err
    assert other.exists() == exists


def test_update_and_outdated_require_a_lock(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    for command in ("update", "outdated"):
        result = cli(command)
        assert result.status == 2
        assert "there is no lock" in result.err


@pytest.mark.parametrize("flag", ["--dry-run", "--locked", "--frozen"])
def test_lock_refuses_options_without_effect(cli, flag):
    result = cli("lock", "none", "--target", "runtime", flag)

    assert result.status == 2
    assert f"{flag} cannot be used with lock" in result.err


@pytest.mark.parametrize(
    ("words", "stage"),
    [(("--make-efa",), "efa"), (("--nixl-ref", "main"), "nixl")],
    ids=["efa", "nixl"],
)
def test_what_downloads_and_does_not_state_it_cannot_be_locked(
    cli, tmp_path, monkeypatch, words, stage
):
    monkeypatch.chdir(tmp_path)

    result = cli("lock", "none", "--target", "runtime", *words)

    assert result.status == 2
    assert f"its stage '{stage}' does not state what it downloads" in result.err
    assert not (tmp_path / FILE).exists()


IMAGES = """\
ARG BASE_IMAGE=scratch
FROM docker.io/library/helper:latest AS below
FROM ${BASE_IMAGE} AS runtime
COPY --from=registry.example:5000/tools:1 /a /a
COPY --from=below /b /b
COPY --from=another:1 /c /c
RUN --mount=from=team/mounted,target=/d true
"""


def test_images_that_a_dockerfile_names_are_those_of_the_lock(site):
    site.framework("tiny", dockerfile=IMAGES)
    registry = Registry.discover()
    registry.load("tiny")
    named = ("docker.io/library/helper:latest", "registry.example:5000/tools:1", "team/mounted")
    bases = tuple(LockedBase(image=name, digest=f"sha256:{A}") for name in (*named, "base:1"))
    lock = Lock(path=FILE, created="2026-11-26T08:00:00Z", bases=bases)
    request = BuildRequest(framework="tiny", target="runtime", base_image="base:1")

    plan = planner.plan(registry, [request], BuildSettings(lock=lock))

    (target,) = plan.targets
    # By the names that BuildKit looks up. What the lock does not know stays as it is.
    assert {context.name: context.source for context in target.contexts} == {
        "helper": f"docker-image://{named[0]}@sha256:{A}",
        "registry.example:5000/tools:1": f"docker-image://{named[1]}@sha256:{A}",
        "team/mounted": f"docker-image://{named[2]}@sha256:{A}",
    }
    assert dict(target.args)["BASE_IMAGE"] == f"base:1@sha256:{A}"
    (plain,) = planner.plan(registry, [request], BuildSettings()).targets
    assert plain.contexts == ()


@pytest.mark.parametrize("place", ["missing/a.lock", "."])
def test_a_lock_that_cannot_be_written_is_an_error_before_anything_is_resolved(
    cli, site, tmp_path, monkeypatch, place
):
    site.framework("tiny")
    monkeypatch.chdir(tmp_path)

    result = cli("lock", "tiny", "--lock", place)

    assert result.status == 2
    assert "a.lock cannot be written" in result.err or f"{tmp_path} cannot be written" in result.err
