# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`images`, `rm` and `prune`: what is listed, and that nothing of others is deleted. On an engine
that others use at the same time.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import subprocess
import sys
import uuid

import pytest
from archives import packed
from attacks import EVERY_ATTACK, problems
from dynamo_container.cli import rm
from dynamo_container.host import doctor
from fakes import Site
from running import Cli, Docker

pytestmark = pytest.mark.engine

OURS = "ai.dynamo.container."
DOCKERFILE = """\
FROM scratch AS runtime
ARG CONTENT
COPY Dockerfile /content
LABEL content=$CONTENT
"""


@pytest.fixture
def framework(site: Site, tmp_path, monkeypatch) -> str:
    """A framework that only this test has, with an image of one small file."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    name = f"pictures{uuid.uuid4().hex[:8]}"
    # A layer of its own: BuildKit may still list one that another test deleted with its image.
    site.framework(name, "", f"{DOCKERFILE}# {name}\n")
    return name


@pytest.fixture
def build(cli: Cli, framework, tag):
    """Build an image of the framework, and return its name."""

    def call(name: str = "", content: str = "") -> str:
        reference = name or tag("pictures")
        argument = f"CONTENT={content or uuid.uuid4().hex}"
        cli.ok(
            "build", framework, "--target", "runtime", "--tag", reference, "--no-latest",
            "--build-arg", argument, "--progress", "quiet",
        )  # fmt: skip
        return reference

    return call


@pytest.fixture
def foreign(docker: Docker, build, tag, monkeypatch, tmp_path) -> str:
    """An image of the framework that somebody else built."""
    with monkeypatch.context() as other:
        other.setenv("XDG_STATE_HOME", str(tmp_path / "of-another"))
        reference: str = build()
        return reference


def listed(cli: Cli, *words: str) -> list[dict[str, object]]:
    rows = json.loads(cli.ok("images", "--json", *words).out)
    assert isinstance(rows, list)
    return rows


def exists(docker: Docker, reference: str) -> bool:
    return bool(docker.run("image", "ls", "--quiet", reference))


def test_an_image_is_listed_with_what_it_is(cli, docker, build, framework):
    name = build()

    (row,) = listed(cli, framework)

    assert row["tags"] == [name]
    assert (row["framework"], row["target"], row["own"]) == (framework, "runtime", True)
    assert row["id"] == docker.inspect(name)["Id"]
    assert row["plan"] == docker.labels(name)["ai.dynamo.container.plan"]
    assert isinstance(row["size"], int)


def test_the_table_has_a_row_for_each_name(cli, docker, build, framework, tag):
    name, other = build(), tag("other")
    docker.run("tag", name, other)

    heading, *rows = cli.ok("images", framework).out.splitlines()

    assert heading.split()[:6] == ["IMAGE", "FRAMEWORK", "TARGET", "DYNAMO", "SIZE", "AGE"]
    assert {row.split()[0] for row in rows} == {name, other}
    first = next(row for row in rows if framework in row)
    assert re.search(r"runtime +\S+ +\d+ MB +\d+ (second|minute)s? +[0-9a-f]{12} +", first)
    assert cli.ok("images", "--quiet", framework).out.split() == [first.split()[-1]]


def test_an_image_of_others_is_listed_on_request_only(cli, foreign, framework):
    assert cli("images", framework).status == 2
    (row,) = listed(cli, "--all", framework)
    assert (row["tags"], row["own"]) == ([foreign], False)


def test_rm_deletes_the_image_with_all_names(cli, docker, build, tag):
    name, other = build(), tag("other")
    docker.run("tag", name, other)

    result = cli.ok("rm", "--force", name)

    assert set(result.out.split()) == {name, other}
    assert not exists(docker, name)
    assert not exists(docker, other)


@pytest.mark.parametrize("by", ["name", "id", "framework"])
def test_rm_takes_names_ids_and_frameworks(cli, docker, build, framework, by):
    name = build()
    words = {"name": name, "id": docker.inspect(name)["Id"], "framework": framework.upper()}

    cli.ok("rm", "--force", words[by])

    assert not exists(docker, name)


def test_rm_does_not_delete_the_images_of_others(cli, docker, build, foreign, framework, tag):
    own, derived = build(), tag("derived")
    # It has our labels, but somebody made it from our image.
    subprocess.run(
        ["docker", "build", "--quiet", "--tag", derived, "-"],
        input=f"FROM {own}\nLABEL by=another\n", text=True, check=True, capture_output=True,
    )  # fmt: skip

    for name in (foreign, derived, docker.base_image):
        result = cli("rm", "--force", name)
        assert (result.status, "is neither an image that you built" in result.err) == (2, True)
    cli.ok("rm", "--force", framework)

    assert not exists(docker, own)
    assert all(exists(docker, name) for name in (foreign, derived, docker.base_image))


def labels_as_words(labels: dict[str, str]) -> list[str]:
    """Return labels as `docker import` takes them."""
    lines = (f"LABEL {json.dumps(key)}={json.dumps(value)}" for key, value in labels.items())
    return [word for line in lines for word in ("--change", line)]


@pytest.mark.parametrize("forgery", ["the same labels", "odd labels", "no name"])
def test_forged_labels_do_not_make_an_image_the_callers(
    cli, docker, build, framework, tag, forgery
):
    own, forged = build(), tag("forged")
    labels = docker.labels(own)
    if forgery == "odd labels":
        labels |= {f"{OURS}framework": f"{framework.upper()} *", f"{OURS}target": "--force"}
    name = () if forgery == "no name" else (forged,)
    words = ("image", "import", *labels_as_words(labels), "-", *name)
    done = subprocess.run(["docker", *words], input=bytes(1024), capture_output=True, check=True)
    image = done.stdout.decode().strip()
    try:
        rows = {row["id"]: row["own"] for row in listed(cli, "--all")}
        assert (rows[image], rows[docker.inspect(own)["Id"]]) == (False, True)
        for word in (image, image.partition(":")[2][:12], *name):
            assert cli("rm", "--force", word).status == 2
        cli.ok("rm", "--force", framework)
        assert not exists(docker, own)
        assert "no images to delete" in cli.ok("prune", "--all", "--force").err

        assert docker.inspect(image)["Id"] == image
    finally:
        docker.run("image", "rm", "--force", image, check=False)


def hostile(name: str, content: bytes) -> bytes:
    """An image, as `docker load` takes it, whose label, step and file attack a terminal."""
    layer = packed({"file\x1b[2J\nbuild succeeded": content})
    step = f"RUN {EVERY_ATTACK}\n999000000000 forged".replace("\udcff", "")
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Labels": {f"{OURS}framework": f"evil{step}"}},
        "history": [{"created_by": step}],
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    return packed(
        {
            "layer.tar": layer,
            "config.json": json.dumps(config).encode(),
            "manifest.json": json.dumps(manifest).encode(),
        }
    )


def test_a_hostile_image_neither_controls_the_terminal_nor_forges_a_layer(cli, tag):
    one, other = tag("hostile"), tag("hostile")
    for name in (one, other):
        archive = hostile(name, name.encode())
        subprocess.run(["docker", "load"], input=archive, capture_output=True, check=True)

    layers = cli.ok("size", one, "--by", "layer")
    images = cli.ok("images", "--all")
    differences = cli("reproduce", one, other)

    assert len(layers.out.splitlines()) == 2
    assert "forged" in images.out
    assert "first file that differs: /file" in differences.out
    for result in (layers, images, differences):
        assert problems(result.out) == problems(result.err) == []


def test_a_name_that_moved_on_after_the_question_is_not_deleted(cli, docker, build, monkeypatch):
    name = build()
    old = docker.inspect(name)["Id"]
    new = []

    def confirm(_question: str) -> bool:
        new.append(docker.inspect(build(name))["Id"])
        return True

    monkeypatch.setattr(rm, "confirm", confirm)
    monkeypatch.setattr(rm, "at_terminal", lambda: True)

    result = cli.ok("rm", name)

    assert result.out.split()[-1] == old.partition(":")[2][:12]
    assert docker.inspect(name)["Id"] == new[0] != old
    assert docker.run("image", "inspect", old, check=False) == "[]"


def test_a_name_that_somebody_gave_it_after_the_question_stays(
    cli, docker, build, tag, monkeypatch
):
    name, theirs = build(), tag("theirs")

    def confirm(_question: str) -> bool:
        docker.run("tag", name, theirs)
        return True

    monkeypatch.setattr(rm, "confirm", confirm)
    monkeypatch.setattr(rm, "at_terminal", lambda: True)

    assert cli.ok("rm", name).out == f"{name}\n"

    assert not exists(docker, name)
    assert exists(docker, theirs)


def test_an_image_that_cannot_be_deleted_does_not_keep_the_others(cli, docker, build, tag):
    """Somebody else has made an image from it, in the way that makes docker refuse."""
    names = [build(), build(), build()]
    middle, child = names[1], tag("child")
    number = docker.inspect(middle)["Id"]
    container = docker.run("create", middle, "x")
    docker.run("commit", container, child)
    docker.run("rm", container)
    docker.run("image", "rm", "--no-prune", middle)

    result = cli("prune", "--all", "--force")

    assert not exists(docker, names[0])
    assert not exists(docker, names[2])
    assert exists(docker, child)
    # Docker's store for containerd deletes it.
    kept = docker.run("image", "inspect", number, check=False) != "[]"
    assert ("cannot be deleted: " in result.err) == (result.status == 1) == kept


def test_without_a_terminal_nothing_is_deleted_unless_forced(cli, docker, build):
    name = build()

    for words in (["rm", name], ["prune", "--all"]):
        result = cli(*words)
        assert result.status == 2
        assert "not confirmed: delete 1 image\nto delete without a question: --force" in result.err
    assert exists(docker, name)


@pytest.mark.parametrize(("answer", "deleted"), [("y", True), ("n", False), ("", False)])
def test_at_a_terminal_it_asks(docker, build, site, monkeypatch, answer, deleted):
    name = build()
    monkeypatch.setenv("PYTHONPATH", str(site.folder))
    words = shlex.join([sys.executable, "-m", "dynamo_container", "rm", name])

    done = subprocess.run(
        ["script", "--quiet", "--return", "--command", words, "/dev/null"],
        input=f"{answer}\n", text=True, capture_output=True, check=False,
    )  # fmt: skip

    assert "delete 1 image?" in done.stdout
    assert exists(docker, name) is not deleted
    assert done.returncode == (0 if deleted else 2)


@pytest.mark.parametrize("command", ["rm", "prune"])
def test_an_image_that_a_container_uses_stays(cli, docker, build, command):
    name = build()
    container = docker.run("create", name, "x")
    try:
        result = cli(command, "--force", *([name] if command == "rm" else ["--all"]))

        assert exists(docker, name)
        assert result.status == (2 if command == "rm" else 0)
        if command == "rm":
            assert f"the image {name} is used by the containers: " in result.err
    finally:
        docker.run("rm", container)


def test_prune_deletes_what_lost_its_name(cli, docker, build, foreign):
    name = build()
    old = docker.inspect(name)["Id"]
    build(name)

    result = cli.ok("prune", "--force")

    assert result.out.split() == [old.partition(":")[2][:12]]
    assert exists(docker, name)
    assert exists(docker, foreign)
    assert "no images to delete" in cli.ok("prune", "--force").err


def test_prune_all_deletes_images_with_names_but_none_of_others(cli, docker, build, foreign):
    names = {build(), build()}

    result = cli.ok("prune", "--all", "--force")

    assert set(result.out.split()) == names
    assert not any(exists(docker, name) for name in names)
    assert exists(docker, foreign)


def test_doctor_offers_to_delete_only_own_images_that_have_lost_their_names(
    cli, docker, build, foreign, monkeypatch
):
    name = build()
    lost = docker.inspect(name)["Id"]
    build(name)
    monkeypatch.setattr(doctor, "_free_bytes", lambda _info: 10**9)

    result = cli("doctor", "--fix", "--yes")

    assert "fix for disk: delete 1 image (up to " in result.err
    assert lost not in docker.run("image", "ls", "--quiet", "--no-trunc").split()
    assert exists(docker, name)
    assert exists(docker, foreign)
