# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Images of others and containers of others, on a real engine: what their labels can reach."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from dynamo_container.cli import check as checking
from dynamo_container.docker import process
from dynamo_container.host import built
from dynamo_container.inventory import program
from engines import IMAGE, Engine, tiny_engine
from fakes import Site
from running import Cli

pytestmark = pytest.mark.engine

LABEL = "ai.dynamo.container."
CACHES = """
@hookimpl
def dynamo_container_run_mounts(request):
    target = f"{request.home}/.cache/tiny"
    yield Mount(type="volume", source=f"tiny-cache-{request.image_key}", target=target)
"""
ME = f"{os.getuid()}@{socket.gethostname()}"
OTHER = "4242@elsewhere"


@pytest.fixture(scope="module")
def started(docker) -> Iterator[Engine]:
    with tiny_engine(docker.base_image) as one:
        yield one


@pytest.fixture(autouse=True)
def engine(started, site: Site, monkeypatch, tmp_path) -> Iterator[Engine]:
    """The engine without containers, a framework with a cache, and a caller with tokens."""
    started.use(monkeypatch)
    site.framework("tiny", CACHES)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "models"))
    monkeypatch.setenv("HF_TOKEN", "hf_s3cr3t")
    yield started
    started.remove_containers()


def image(engine: Engine, name: str, **labels: str) -> str:
    """Make an image with some of our labels, which is open to everyone."""
    changes = [
        word
        for key, value in labels.items()
        for word in ("--change", f"LABEL {LABEL}{key}='{value}'")
    ]
    container = engine.docker("create", IMAGE, "sleep", "100")
    engine.docker("commit", *changes, container, name)
    engine.docker("rm", container)
    return name


def argv(cli: Cli, *words: str) -> list[str]:
    return shlex.split(cli.ok("run", *words, "--gpus", "none", "--dry-run").out)


def cache(arguments: list[str]) -> str:
    return next(word for word in arguments if "source=tiny-cache-" in word)


PLAN = "0123456789abcdef"
OWN = {"--env=HF_TOKEN", "huggingface", ".commandhistory"}


def own(arguments: list[str]) -> set[str]:
    """What is the caller's own among docker's arguments."""
    return {thing for thing in OWN for word in arguments if word == thing or word.endswith(thing)}


@pytest.mark.parametrize(
    "name", ["evil/image:1", "localhost:5000/dynamo:latest-tiny", "dynamo/x:1"]
)
def test_labels_do_not_open_what_is_the_callers_own(engine, cli, name):
    image(engine, name, framework="tiny", target="local-dev", uid="1000", home="/home/ubuntu")
    words = ("--image", name, "--mount-workspace", "./")

    foreign, named = argv(cli, *words), argv(cli, *words, "--framework", "tiny")
    note = cli.ok("run", *words, "--gpus", "none", "--dry-run").err
    engine_id = engine.docker("image", "inspect", "--format", "{{.Id}}", name)
    built.remember([name])

    assert own(foreign) == set()
    assert f"you did not build {name} here" in note
    assert own(named) == own(argv(cli, *words)) == OWN
    assert built.is_built_here(engine_id)


def test_a_folder_that_the_caller_names_is_mounted_in_any_image(engine, cli, tmp_path):
    name = image(engine, "evil/named:1", framework="tiny")

    arguments = argv(cli, "--image", name, "--hf-cache", str(tmp_path / "mine"))

    assert any(f"source={tmp_path}/mine," in word for word in arguments)


def test_a_project_file_names_no_framework_for_the_caller(engine, cli, tmp_path):
    image(engine, "evil/project:1", framework="tiny", target="local-dev", uid="1000")
    (tmp_path / "dynamo-container.toml").write_text('[run]\nframework = "tiny"\n')

    arguments = argv(cli, "--image", "evil/project:1", "--mount-workspace", "./")

    assert own(arguments) == set()


def test_another_image_with_the_same_labels_does_not_share_a_cache(engine, cli):
    mine = image(engine, "mine:1", framework="tiny", plan=PLAN)
    evil = image(engine, "evil:1", framework="tiny", plan=PLAN, target="dev")
    built.remember([mine])

    of_mine = cache(argv(cli, "--image", mine))

    assert cache(argv(cli, "--image", evil)) != of_mine
    assert cache(argv(cli, "--image", evil, "--framework", "tiny")) != of_mine
    # The same plan built again finds what was compiled before.
    again = image(engine, "mine:2", framework="tiny", plan=PLAN, pins="x")
    built.remember([again])
    assert cache(argv(cli, "--image", again)) == of_mine


def test_an_image_that_was_just_built_is_the_callers_own(engine, cli, tmp_path):
    words = ("tiny", "--base-image", IMAGE, "--tag", "mine/built:1", "--no-latest")
    cli.ok("build", *words)

    arguments = argv(cli, "--image", "mine/built:1", "--mount-workspace", "./")

    assert "--env=HF_TOKEN" in arguments


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("home", "relative"), ("home", "../../etc"), ("home", "/home/../etc"), ("home", "/a,b"),
        ("home", "/a:/b"), ("home", "/${localEnv:HOME}"), ("home", "/$HOME"), ("home", "//x"),
        ("home", "/a b"), ("home", "/-x"), ("uid", "../x"), ("uid", "-1"), ("uid", "/etc"),
        ("run", "tiny"), ("owner", ME), ("project", "/"),
    ],
)  # fmt: skip
def test_odd_labels_are_the_images_fault(engine, cli, label, value):
    name = image(engine, "evil/odd:1", framework="tiny", **{label: value})

    result = cli("run", "--image", name, "--dry-run")

    assert result.status == 6
    assert "the fault is in the image" in result.err
    assert len(result.err.splitlines()) == 2


@pytest.mark.parametrize("label", ["run", "owner", "serve", "device", "home", "new-one\x1b[2J"])
def test_an_engine_image_with_our_labels_is_refused(engine, cli, label):
    """What is built beside it would have them, too."""
    name = image(engine, "evil/engine:1", **{label: "x"})

    result = cli("build", "vllm", "--engine-image", name, "--dry-run")

    assert result.status == 2
    assert "which only images of dynamo-container have" in result.err
    assert result.err.replace("\n", "").isprintable()


def test_containers_do_not_inherit_our_labels_from_an_image(engine, cli):
    for number, labels in enumerate(({"run": "tiny"}, {"run": "tiny", "owner": ME})):
        name = image(engine, f"evil/run:{number}", **labels)
        engine.docker("run", "--detach", "--network=none", "--name", f"foreign{number}", name)
    ours = ("--workdir=/", "--gpus=none", "--detach", "--name=ours", "--", "sleep", "100")
    # In a process of its own, because `run` becomes docker's.
    command = [sys.executable, "-m", "dynamo_container", "run", "--image", IMAGE, *ours]
    subprocess.run(command, check=True, capture_output=True)

    for words in (("ps", "--json"), ("ps", "--all", "--all-users", "--json")):
        assert [one["name"] for one in cli.ok(*words).json] == ["ours"]
    assert cli.ok("stop", "--all", "--all-users", "--yes").out == "ours\n"
    assert sorted(running(engine)) == ["foreign0", "foreign1"]


def test_an_image_that_is_pulled_at_the_start_does_not_name_a_project(engine, cli):
    """Its labels were not looked at before, and `serve stop` would delete another project."""
    name = image(engine, "evil/project:1", serve="others-project", dev="/folder", project="/other")
    labels = (f"--label={LABEL}run=tiny", f"--label={LABEL}owner={ME}")
    engine.docker("run", "--detach", "--network=none", "--name", "pulled", *labels, name)

    stopped = cli("serve", "stop")

    (one,) = cli.ok("ps", "--json").json
    assert (one["name"], one["project"]) == ("pulled", "")
    assert "others-project" not in cli.ok("serve", "status").out
    assert stopped.status == 2
    assert "none exists" in stopped.err


CHECK = """
@hookimpl
def dynamo_container_checks(request):
    yield Check(name="a chat", argv=("/usr/bin/python3",))
"""


def test_an_image_that_prints_without_end_is_refused(engine, cli, site, monkeypatch, tmp_path):
    site.framework("talks", CHECK)
    python = tmp_path / "usr" / "bin" / "python3"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\nlong={'x' * 10_000}\nwhile :; do echo $long; done\n")
    python.chmod(0o755)
    container = engine.docker("create", IMAGE, "sleep", "100")
    engine.docker("cp", str(tmp_path / "usr"), f"{container}:/")
    engine.docker("commit", container, "evil/chatty:1")
    engine.docker("rm", container)
    monkeypatch.setattr(program, "_BYTES", 2_000_000)
    monkeypatch.setattr(checking, "_BYTES", 1_000_000)

    examined = cli("size", "evil/chatty:1")
    checked = cli("check", "evil/chatty:1", "--framework", "talks")

    assert (examined.status, checked.status) == (1, 1)
    assert "what the image evil/chatty:1 reports is not valid: more than 2 MB" in examined.err
    assert "it printed more than 1 MB" in checked.err
    assert engine.docker("ps", "--all", "--quiet") == ""


def test_an_image_writes_nothing_to_its_volumes(engine, cli, site, tmp_path):
    """They are outside of a container's read-only root, and the engine does not count them."""
    site.framework("talks", CHECK)
    python = tmp_path / "usr" / "bin" / "python3"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\ncat /data/kept; echo more >/data/kept || exit 3\n")
    python.chmod(0o755)
    kept = tmp_path / "data" / "kept"
    kept.parent.mkdir()
    kept.write_text("what the image has there\n")
    container = engine.docker("create", IMAGE, "sleep", "100")
    for folder in ("usr", "data"):
        engine.docker("cp", str(tmp_path / folder), f"{container}:/")
    engine.docker("commit", "--change", "VOLUME /data", container, "evil/volumes:1")
    engine.docker("rm", container)

    examined = cli("size", "evil/volumes:1")
    checked = cli("check", "evil/volumes:1", "--framework", "talks")

    assert (examined.status, checked.status) == (1, 1)
    assert "Read-only file system" in examined.err
    assert "what the image has there" in checked.err
    assert engine.docker("volume", "ls", "--quiet", "--filter", "name=dynamo-container-") == ""


def test_the_engine_keeps_no_log_of_what_an_image_prints(engine, cli, site, tmp_path, monkeypatch):
    """It would fill the engine's disk; so the container is asked while it runs."""
    site.framework("talks", CHECK.replace("/usr/bin/python3", "/bin/sleep").replace(",)", ', "9")'))
    kinds: list[str] = []
    follow = process.capture

    def capture(*words: str, **options: Any) -> Any:
        if words[1:2] == ("start",):
            kinds.append(
                engine.docker("inspect", "-f", "{{.HostConfig.LogConfig.Type}}", words[-1])
            )
            options["timeout"] = 0.1
        return follow(*words, **options)

    monkeypatch.setattr(process, "capture", capture)

    assert "it did not finish within" in cli("check", IMAGE, "--framework", "talks").err
    assert kinds == ["none"]


def running(engine: Engine) -> list[str]:
    return engine.docker("ps", "--format", "{{.Names}}").splitlines()


def start(engine: Engine, name: str, owner: str | None, command: str = "run") -> None:
    """Start a container as `run` does for some user; None for a version that named no owner."""
    labels = [f"--label={LABEL}run=tiny", *([f"--label={LABEL}owner={owner}"] if owner else [])]
    detach = ["--detach"] if command == "run" else []
    engine.docker(
        command, *detach, "--network=none", *labels, "--name", name, IMAGE, "sleep", "100"
    )


def test_commands_are_about_the_callers_own_containers(engine, cli):
    for name, owner in (("mine", ME), ("theirs", OTHER), ("old", None)):
        start(engine, name, owner)

    assert [one["name"] for one in cli.ok("ps", "--json").json] == ["mine"]
    for words in (("stop", "theirs"), ("logs", "theirs"), ("exec", "theirs", "--", "true")):
        result = cli(*words)
        assert result.status == 2, words
        assert "'theirs' is neither a container that you started" in result.err
    assert cli.ok("stop", "tiny", "--time", "0").out == "mine\n"
    assert sorted(running(engine)) == ["old", "theirs"]


def test_containers_of_others_are_stopped_only_if_confirmed(engine, cli):
    for name, owner in (("mine", ME), ("theirs", OTHER)):
        start(engine, name, owner)

    table = cli.ok("ps", "--all-users").out
    assert {line.split()[-1] for line in table.splitlines()} == {"USER", ME, OTHER}
    for words in (("--all",), ("theirs",), ("tiny",)):
        result = cli("stop", *words, "--all-users")
        assert result.status == 2
        assert f"not confirmed: stop 1 containers of others ({OTHER})" in result.err
    assert sorted(running(engine)) == ["mine", "theirs"]
    assert cli.ok("stop", "theirs", "--all-users", "--yes", "--time", "0").out == "theirs\n"
    assert cli.ok("stop", "mine", "--all-users", "--time", "0").out == "mine\n"


def test_a_container_that_was_only_created_is_listed_and_deleted(engine, cli):
    start(engine, "created", ME, "create")
    start(engine, "theirs", OTHER, "create")

    assert [one["state"] for one in cli.ok("ps", "--json").json] == ["created"]
    assert cli.ok("stop", "--all").out == "created\n"
    assert engine.docker("ps", "--all", "--format", "{{.Names}}") == "theirs"


def test_containers_have_the_callers_and_the_projects_labels(cli, tmp_path, monkeypatch):
    (tmp_path / "dynamo-container.toml").write_text("[run]\nrm = true\n")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")

    arguments = argv(cli, "--image", IMAGE)

    assert {f"--label={LABEL}owner={ME}", f"--label={LABEL}project={tmp_path}"} <= set(arguments)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("--image", "dynamo:latest-tiny"), "dynamo-container build tiny"),
        (("--image", "dynamo:latest-tiny-local-dev"), "build tiny --target local-dev"),
        (("--image", "dynamo:v9.9-tiny-runtime"), "build tiny --target runtime"),
        (("tiny", "--target", "dev"), "dynamo-container build tiny"),
        (("tiny", "--hardened"), "build tiny --target runtime"),
    ],
)
def test_a_missing_image_of_ours_is_an_error_before_a_registry_is_asked(cli, words, command):
    result = cli("run", *words, "--gpus", "none")

    assert result.status == 6
    assert "the engine does not have the image dynamo:" in result.err
    assert f"{command}\n" in result.err


def test_run_finds_the_image_that_was_built(engine, cli, site, monkeypatch):
    site.framework("two", DEV)
    image(engine, "dynamo:latest-two-runtime")
    image(engine, "reg.example/dynamo:latest-two-runtime")

    result = cli.ok("run", "two", "--gpus", "none", "--dry-run")

    assert result.out.split()[-1] == "dynamo:latest-two-runtime"
    assert "does not have dynamo:latest-two; running dynamo:latest-two-runtime" in result.err
    image(engine, "dynamo:latest-two")
    assert argv(cli, "two")[-1] == "dynamo:latest-two"
    assert argv(cli, "two", "--hardened")[-1] == "dynamo:latest-two-runtime"
    monkeypatch.setenv("DYNAMO_CONTAINER_BUILD_REPOSITORY", "reg.example/dynamo")
    assert argv(cli, "two")[-1] == "reg.example/dynamo:latest-two-runtime"


DEV = """
@hookimpl
def dynamo_container_framework():
    return Framework(summary="a test's", default_target="dev")
"""
