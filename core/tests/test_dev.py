# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`dev`: the plan of a container to develop in, and what a change of a file requires."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from dynamo_container.development import commands, container, planner
from dynamo_container.development.changes import Reaction, reaction, required
from dynamo_container.development.plan import Settings
from dynamo_container.docker.command import shell_line
from dynamo_container.docker.inspected import InspectedContainer
from dynamo_container.errors import UsageError
from dynamo_container.model.facts import ImageInfo
from dynamo_container.model.names import DEV_LABEL, OWNER_LABEL, TARGET_LABEL, UID_LABEL
from dynamo_container.model.requests import RunRequest
from dynamo_container.model.values import EnvVar, RunFlag
from dynamo_container.plugins.registry import Registry

IMAGE = ImageInfo(
    id="sha256:1", size=1, labels=((TARGET_LABEL, "local-dev"), (UID_LABEL, "1234")), user="ubuntu"
)
REQUEST = RunRequest(
    framework="none",
    image="dynamo:latest-none-local-dev",
    target="local-dev",
    workspace="/src/dynamo",
    trusted=True,
    owner="1234@host",
    remove=False,
    image_info=IMAGE,
)
SETTINGS = Settings(source="/src/dynamo", rust="1.90.0")


def plan(request: RunRequest = REQUEST, settings: Settings = SETTINGS):
    registry = Registry.discover()
    registry.load("none")
    return planner.plan_dev(registry, request, settings)


def created(dev) -> str:
    return shell_line(commands.create(dev).argv)


def test_a_container_sleeps_with_the_checkout_and_the_caches_of_its_user():
    line = created(plan())

    assert "--mount=type=bind,source=/src/dynamo,target=/workspace" in line
    for name, folder in (("cargo-registry", ".cargo/registry"), ("uv", ".cache/uv")):
        target = f"target=/home/ubuntu/{folder}"
        assert f"--mount=type=volume,source=dynamo-{name}-1234,{target}" in line
    assert line.endswith("--entrypoint=sleep dynamo:latest-none-local-dev infinity")
    assert "--rm" not in line


def test_the_name_is_of_the_user_the_folder_and_the_framework():
    names = {
        planner.container_name(owner, source, framework)
        for owner in ("1@a", "2@a")
        for source in ("/x/dynamo", "/y/dynamo")
        for framework in ("none", "vllm")
    }

    assert len(names) == 8
    assert all(
        name.startswith(("dynamo-dev-none-dynamo-", "dynamo-dev-vllm-dynamo-")) for name in names
    )
    assert planner.container_name("1@a", "/a b/ö !", "").startswith("dynamo-dev-")


def test_what_is_secret_is_given_to_commands_and_not_kept_by_the_container():
    settings = SETTINGS._replace(secrets=(("UV_INDEX", "https://me:s3cret@host/simple"),))
    dev = plan(settings=settings)

    assert "HF_TOKEN" not in created(dev)
    assert "UV_INDEX" not in created(dev)
    command = commands.execute(dev, ("true",), interactive=False, tty=False)
    assert {"--env=HF_TOKEN", "--env=UV_INDEX"} <= set(command.argv)
    assert command.hidden_env == settings.secrets
    assert "s3cret" not in command.shell()
    # A checkout's build scripts have no need of the token for models.
    assert "--env=HF_TOKEN" not in commands.build(dev, terminal=False).argv


def test_an_image_of_others_gets_no_caches():
    assert "type=volume" not in created(plan(replace(REQUEST, trusted=False)))


def test_certificates_are_added_to_those_of_the_image():
    dev = plan(settings=SETTINGS._replace(ca_bundle="/certs/mine.pem"))

    assert f"source=/certs/mine.pem,target={planner.BUNDLE},readonly" in created(dev)
    assert f"--env=SSL_CERT_FILE={planner.CERTIFICATES}" in created(dev)
    assert "SSL_CERT_FILE" not in created(plan())


def test_commands_run_in_the_callers_folder():
    dev = plan(settings=SETTINGS._replace(workdir="lib/runtime"))

    argv = commands.execute(dev, ("cargo", "test"), interactive=False, tty=False).argv

    assert argv[-3:] == (dev.container.name, "cargo", "test")
    assert "--workdir=/workspace/lib/runtime" in argv
    assert "--workdir=/workspace" in commands.execute(plan(), (), interactive=True, tty=True).argv


@pytest.mark.parametrize(
    ("request_", "settings", "change"),
    [
        (replace(REQUEST, ports=("8000:8000",)), SETTINGS, "+ --publish=8000:8000"),
        (replace(REQUEST, image_info=replace(IMAGE, id="sha256:2")), SETTINGS, "+ image sha256:2"),
        (replace(REQUEST, env=(EnvVar(name="A", value="1"),)), SETTINGS, "+ --env=A=1"),
        (
            replace(REQUEST, flags=(RunFlag(flag="--ipc", value="private"),)),
            SETTINGS,
            "- --ipc=host",
        ),
        (
            REQUEST,
            SETTINGS._replace(ca_bundle="/c.pem"),
            f"+ --env=PIP_CERT={planner.CERTIFICATES}",
        ),
    ],
)
def test_the_differences_of_a_changed_plan_are_shown(request_, settings, change):
    before = json.dumps(plan().arguments)

    assert change in planner.changes(before, plan(request_, settings))


@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS,
        SETTINGS._replace(workdir="lib"),
        SETTINGS._replace(secrets=(("UV_INDEX", "https://me:other@host/simple"),)),
        SETTINGS._replace(rust="1.91.0"),
    ],
)
def test_what_does_not_shape_a_container_changes_no_plan(settings):
    assert planner.changes(json.dumps(plan().arguments), plan(settings=settings)) == ()


@pytest.mark.parametrize("label", ["", "no JSON", "3", "null"])
def test_an_unreadable_label_is_a_change(label):
    assert planner.changes(label, plan()) == ("? unknown",)


@pytest.mark.parametrize(
    ("toolchains", "lacks"),
    [
        (("1.90.0-x86_64-unknown-linux-gnu",), False),
        (("stable-x86_64-unknown-linux-gnu", "1.90.0-aarch64-unknown-linux-gnu"), False),
        (("1.90.1-x86_64-unknown-linux-gnu",), True),
        (("1.9-x86_64-unknown-linux-gnu",), True),
        ((), False),  # without rustup, nothing is known
    ],
)
def test_a_toolchain_that_the_image_lacks_is_a_warning(toolchains, lacks):
    state = container.State(built=False, toolchains=toolchains)

    warning = container.toolchain_warning(plan(), state)

    assert bool(warning) == lacks
    if lacks:
        assert "names Rust 1.90.0" in warning
        assert "dynamo-container build none --target local-dev --source /src/dynamo" in warning


def test_a_checkout_that_names_no_rust_needs_none():
    dev = plan(settings=SETTINGS._replace(rust=""))

    assert not planner.lacks_toolchain(dev, ("1.90.0-x86_64-unknown-linux-gnu",))
    assert not planner.lacks_toolchain(plan(settings=SETTINGS._replace(rust="1.90")), ("1.90.2-x",))


@pytest.mark.parametrize(
    ("state", "recreate", "words"),
    [
        ("", False, ["create", "start", "exec"]),
        ("", True, ["create", "start", "exec"]),
        ("running", False, []),
        ("exited", False, ["start", "exec"]),
        ("created", False, ["start", "exec"]),
        ("running", True, ["rm", "create", "start", "exec"]),
    ],
)
def test_only_what_is_needed_is_done(state, recreate, words):
    found = container.Found(state=state)

    needed = container.starting(plan(), found, recreate=recreate)

    assert [command.argv[1] for command in needed] == words


def test_only_the_users_own_container_of_the_folder_is_entered():
    dev = plan()
    labels = dict(dev.container.labels)
    own = InspectedContainer(state="running", labels=tuple(labels.items()))

    container.require_ours(dev, own)

    for key in (DEV_LABEL, OWNER_LABEL):
        others = {**labels, key: "other"}
        foreign = InspectedContainer(state="running", labels=tuple(others.items()))
        with pytest.raises(UsageError, match="was not created by 'dynamo-container dev'"):
            container.require_ours(dev, foreign)


def test_a_paused_container_is_left_to_the_user():
    with pytest.raises(UsageError, match="is paused"):
        container.starting(plan(), container.Found(state="paused"), recreate=False)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("components/src/dynamo/frontend/main.py", Reaction.RESTART),
        ("lib/runtime/src/lib.rs", Reaction.BUILD),
        ("lib/llm/proto/kserve.proto", Reaction.BUILD),
        ("Cargo.lock", Reaction.BUILD),
        ("pyproject.toml", Reaction.BUILD),
        ("target/debug/build/x/out/gen.rs", Reaction.NONE),
        (".venv/lib/site-packages/x.py", Reaction.NONE),
        ("components/__pycache__/x.py", Reaction.NONE),
        (".git/index", Reaction.NONE),
        ("README.md", Reaction.NONE),
        ("lib/bindings/python/src/dynamo/_core.abi3.so", Reaction.NONE),
    ],
)
def test_a_change_starts_the_command_again_or_builds_first(path, expected):
    assert reaction(path) is expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ([("a.py", 21.0)], Reaction.RESTART),
        ([("a.py", 21.0), ("b.rs", 21.0)], Reaction.BUILD),
        # Written by the build, which ended before the command started at 20.
        ([("_version.py", 19.0)], Reaction.NONE),
        # Edited while the build ran, which had started at 10.
        ([("b.rs", 11.0)], Reaction.BUILD),
        ([("b.rs", 9.0)], Reaction.NONE),
        ([], Reaction.NONE),
    ],
)
def test_what_a_build_writes_does_not_start_another(changed, expected):
    assert required(changed, built=10.0, started=20.0) is expected


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    folder = tmp_path / "a dynamo"
    (folder / "lib").mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "ai-dynamo"\n')
    monkeypatch.chdir(folder / "lib")
    return folder


@pytest.mark.processes
class TestCommandLine:
    """`dev` without an engine, and mistakes."""

    @pytest.fixture(autouse=True)
    def _no_docker(self, no_docker):
        """`dev` finds neither docker nor an engine."""

    def test_a_dry_run_prints_all_that_a_first_call_runs(self, cli, checkout):
        out = cli.ok("dev", "none", "--dry-run", "--", "cargo", "test").out

        steps = out.split(" && docker ")
        assert "docker create" in out
        assert "dynamo-build-in-place" in out
        assert "--workdir=/workspace/lib" in steps[-1]
        assert steps[-1].rstrip().endswith("cargo test")
        assert f"source={checkout}" in out

    def test_the_build_can_be_omitted(self, cli, checkout):
        out = cli.ok("dev", "none", "--dry-run", "--no-build", "--", "true").out

        assert "dynamo-build-in-place" not in out

    def test_the_index_and_the_certificates_are_those_of_build(self, cli, checkout, monkeypatch):
        monkeypatch.setenv("DYNAMO_CONTAINER_BUILD_INDEX_URL", "https://me:s3cret@host/simple")
        monkeypatch.setenv("DYNAMO_CONTAINER_BUILD_EXTRA_INDEX_URL", "https://other/simple")

        result = cli.ok("dev", "none", "--dry-run", "--", "true")

        assert "--env=UV_INDEX=https://other/simple" in result.out
        assert "--env=UV_DEFAULT_INDEX" in result.out
        assert "s3cret" not in result.out + result.err

    def test_a_link_to_a_checkout_is_the_same_container(self, cli, checkout, tmp_path):
        (tmp_path / "link").symlink_to(checkout)
        names = {
            next(word for word in out.split() if word.startswith("--name="))
            for source in (str(checkout), str(tmp_path / "link"))
            for out in [cli.ok("dev", "none", "--dry-run", "--source", source).out]
        }

        assert len(names) == 1

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (("--source", "./no"), "was not found"),
            (("--index-url", "http://plain/simple"), "is not protected"),
            (("--ca-bundle", "./no"), "--ca-bundle"),
            (("--detach",), "no such option: --detach"),
        ],
    )
    def test_mistakes_are_errors_with_status_2(self, cli, checkout, words, message):
        result = cli("dev", "none", *words, "--dry-run")

        assert result.status == 2
        assert message in result.err

    @pytest.mark.parametrize("words", [("none",), ("stop",), ("rm",)])
    def test_without_a_checkout_the_folder_has_to_be_named(self, cli, tmp_path, monkeypatch, words):
        monkeypatch.chdir(tmp_path)

        result = cli("dev", *words)

        assert result.status == 2
        assert "--source DIR" in result.err
