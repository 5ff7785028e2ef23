# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The facts about a checkout, and builds from one."""

from __future__ import annotations

import os
from pathlib import Path

import checkouts
import pytest
from dynamo_container.errors import UsageError
from dynamo_container.host import git

pytestmark = pytest.mark.processes  # git


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return checkouts.write(tmp_path / "dynamo")


def test_the_version_is_the_tag_that_is_checked_out(folder):
    checkouts.commit(folder, "v0.6.1")

    checkout = git.collect(folder)

    assert (checkout.version, checkout.release) == ("0.6.1", "0.6.1")
    assert checkout.commit == checkouts.git(folder, "rev-parse", "HEAD")
    assert checkout.rust == "1.90.0"


@pytest.mark.parametrize("branch", ["main", "release/0.6", "x"])
def test_after_a_tag_the_version_is_that_tag_and_the_commit_on_any_branch(folder, branch):
    checkouts.commit(folder, "v0.6.0", branch=branch)
    commit = checkouts.commit(folder)

    assert git.collect(folder).version == f"0.6.0.dev.{commit}"


def test_the_highest_version_among_the_tags_counts_and_other_tags_do_not(folder):
    checkouts.commit(folder, "v0.6.0rc1", "v0.6.0", "charts-7", "9-lives")

    assert git.collect(folder).version == "0.6.0"


def test_without_a_tag_the_version_is_that_of_the_project_and_the_commit(folder):
    commit = checkouts.commit(folder, "nightly")

    assert git.collect(folder).version == f"0.6.1.dev.{commit}"


def test_a_detached_worktree_has_its_own_version(folder, tmp_path):
    checkouts.commit(folder, "v0.5.1")
    commit = checkouts.commit(folder)
    checkouts.git(folder, "worktree", "add", "--quiet", "--detach", str(tmp_path / "other tree"))

    assert git.collect(tmp_path / "other tree").version == f"0.5.1.dev.{commit}"


def test_a_repository_around_the_checkout_is_ignored(folder):
    checkouts.commit(folder.parent, "v9.9")

    assert git.collect(folder).version == "0.6.1"
    assert git.collect(folder).commit == ""


@pytest.mark.parametrize("state", ["no git", "no commit", "a broken repository"])
def test_without_an_answer_from_git_the_version_is_that_of_the_project(folder, state):
    if state == "no commit":
        checkouts.git(folder, "init", "--quiet")
    if state == "a broken repository":
        (folder / ".git").write_text("gitdir: /nowhere\n")

    assert git.collect(folder).version == "0.6.1"


def test_without_the_git_command_the_version_is_that_of_the_project(folder, monkeypatch):
    checkouts.commit(folder, "v0.6.0")
    monkeypatch.setenv("PATH", "/nowhere")

    assert git.collect(folder).version == "0.6.1"


def test_a_project_without_a_version_has_release_0_0_0(folder):
    (folder / "pyproject.toml").write_text('[project]\nname = "ai-dynamo"\ndynamic = ["version"]\n')

    assert git.collect(folder).release == "0.0.0"
    assert git.collect(folder, "0.7.0").release == "0.7.0"


def test_git_variables_are_ignored(folder, tmp_path, monkeypatch):
    checkouts.commit(folder, "v0.6.1")
    other = tmp_path / "other"
    other.mkdir()
    checkouts.commit(other, "v7.0")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))

    assert git.collect(folder).version == "0.6.1"


def test_the_digest_identifies_the_commit_and_the_changes_since(folder, tmp_path):
    checkouts.commit(folder)
    clean = git.collect(folder).digest
    checkouts.git(tmp_path, "clone", "--quiet", str(folder), "elsewhere")
    assert git.collect(tmp_path / "elsewhere").digest == clean

    (folder / "README.md").write_text("changed\n")
    changed = git.collect(folder).digest
    (folder / "new.py").write_text("")
    new = git.collect(folder).digest

    assert len({clean, changed, new}) == 3


def test_collecting_does_not_write_the_index(folder):
    checkouts.commit(folder)
    (folder / "README.md").touch()
    before = (folder / ".git" / "index").read_bytes()

    git.collect(folder)

    assert (folder / ".git" / "index").read_bytes() == before


def test_a_checkout_is_found_from_a_folder_inside_it(folder):
    (folder / "lib" / "pyproject.toml").write_text('[project]\nname = "ai-dynamo-runtime"\n')

    assert git.find_checkout(folder / "lib") == folder
    assert git.find_checkout(folder.parent) is None


def test_a_checkout_whose_project_is_not_valid_toml_is_an_error(folder):
    (folder / "pyproject.toml").write_text('name = "ai-dynamo"\n[project\n')

    with pytest.raises(UsageError, match=r"pyproject\.toml is not valid TOML"):
        git.find_checkout(folder)


BUILD = ("build", "none", "--target", "runtime")


def test_a_checkout_around_the_current_folder_is_built_and_names_its_images(
    cli, folder, monkeypatch
):
    commit = checkouts.commit(folder, "v0.6.0")
    commit = checkouts.commit(folder)
    monkeypatch.chdir(folder / "lib")

    definition = cli.ok(*BUILD, "--dry-run").definition["target"]

    assert definition["wheels"]["context"] == str(folder)
    assert definition["wheels"]["contexts"]["rust"] == "docker-image://rust:1.90.0-slim-bookworm"
    assert definition["none-runtime"]["tags"] == [
        f"dynamo:v0.6.0.dev.{commit}-none-runtime",
        "dynamo:latest-none-runtime",
    ]
    labels = definition["none-runtime"]["labels"]
    assert labels["ai.dynamo.container.dynamo"] == f"0.6.0.dev.{commit}"
    assert labels["ai.dynamo.container.pins"] == "ai-dynamo==0.6.1 nixl==0.7.0"
    revision = checkouts.git(folder, "rev-parse", "HEAD")
    assert labels["org.opencontainers.image.revision"] == revision


def test_no_build_argument_depends_on_the_commit(cli, folder):
    checkouts.commit(folder)
    first = cli.ok(*BUILD, "--source", str(folder), "--dry-run").definition["target"]
    checkouts.commit(folder)
    second = cli.ok(*BUILD, "--source", str(folder), "--dry-run").definition["target"]

    assert first["none-runtime"]["labels"] != second["none-runtime"]["labels"]
    assert {name: target.get("args") for name, target in first.items()} == {
        name: target.get("args") for name, target in second.items()
    }


def test_the_plan_does_not_depend_on_the_path_of_the_checkout(cli, folder, tmp_path):
    checkouts.commit(folder)
    checkouts.git(tmp_path, "clone", "--quiet", str(folder), "else where")

    plans = [
        cli.ok("explain", *BUILD, "--source", str(path), "--json").json["images"][0]["plan"]
        for path in (folder, tmp_path / "else where")
    ]

    assert plans[0] == plans[1]


@pytest.mark.parametrize(
    "words", [("--dynamo-version", "1.4.2"), ("--source", "none")], ids=lambda words: words[0]
)
def test_inside_a_checkout_a_release_can_still_be_built(cli, folder, monkeypatch, words):
    outside = cli.values(*BUILD, *words)
    monkeypatch.chdir(folder)

    values = cli.values(*BUILD, *words)

    assert values["pin ai-dynamo"] == outside["pin ai-dynamo"]
    assert "build-arg MATURIN" not in values


def test_the_version_can_be_overridden(cli, folder):
    values = cli.values(*BUILD, "--source", str(folder), "--version-override", "v7-of_ours")

    assert values["pin ai-dynamo"] == "7-of_ours"
    assert values["pin nixl"] == "0.7.0"


@pytest.mark.parametrize(
    ("words", "image"),
    [
        ((), "quay.io/pypa/manylinux_2_28"),
        (("--base-image", "debian:trixie-slim"), "debian:trixie-slim"),
        (("--base-image", "debian:trixie-slim", "--builder-image", "my/rocky:9"), "my/rocky:9"),
    ],
)
def test_the_builder_image_is_manylinux_or_the_base_image_or_the_given_one(
    cli, folder, words, image
):
    values = cli.values(*BUILD, "--source", str(folder), *words)

    assert values["build-arg BUILDER_IMAGE"] == image


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--source", "."), "is not a Dynamo checkout"),
        (("--version-override", "1.0"), "--version-override requires a Dynamo checkout"),
        (("--release-build",), "--release-build requires a Dynamo checkout"),
        (("--builder-image", "x"), "--builder-image requires a checkout or"),
        (("--use-sccache", "--sccache-local"), "--use-sccache requires a Dynamo checkout"),
        (("--max-jobs", "3"), "--max-jobs has no effect on none runtime"),
        (("--build-context", "x=."), "no Dockerfile in this build reads it"),
        (("--build-context", "tools=nosuch"), "--build-context: folder not found"),
    ],
)
def test_options_that_require_a_checkout_are_refused_without_one(cli, words, message):
    result = cli(*BUILD, *words)

    assert result.status == 2
    assert message in result.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--dynamo-version", "1.4.2"), "--source PATH cannot be used with --dynamo-version"),
        (("--version-override", "a b"), "is not a valid version"),
        (("--use-sccache",), "--use-sccache requires --sccache-local or --sccache-bucket"),
        (("--sccache-local",), "--sccache-local requires --use-sccache"),
        (
            ("--use-sccache", "--sccache-local", "--sccache-bucket", "b"),
            "--sccache-local cannot be used with --sccache-bucket",
        ),
        (
            ("--use-sccache", "--sccache-bucket", "b", "--sccache-region", "r"),
            "no credentials for the bucket b",
        ),
    ],
)
def test_contradictions_and_missing_credentials_are_errors_before_the_build_starts(
    cli, folder, monkeypatch, words, message
):
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)

    result = cli(*BUILD, "--source", str(folder), *words)

    assert result.status == 2
    assert message in result.err


BUCKET = ("--use-sccache", "--sccache-bucket", "my-bucket", "--sccache-region", "us-west-2")


def test_credentials_of_the_bucket_are_passed_as_secrets_by_name(cli, folder, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA-do-not-show")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-do-not-show")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token-do-not-show")

    result = cli.ok(*BUILD, "--source", str(folder), *BUCKET, "--dry-run")

    wheels = result.definition["target"]["wheels"]
    assert {
        "id=aws-key-id,env=AWS_ACCESS_KEY_ID",
        "id=aws-secret-id,env=AWS_SECRET_ACCESS_KEY",
        "id=aws-session-token,env=AWS_SESSION_TOKEN",
    } <= set(wheels["secret"])
    assert wheels["args"]["SCCACHE_BUCKET"] == "my-bucket"
    assert "do-not-show" not in result.out + result.err


def test_a_web_identity_is_accepted_instead_of_keys(cli, folder, monkeypatch, tmp_path):
    (tmp_path / "token").write_text("do-not-show")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/x")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))

    result = cli.ok(*BUILD, "--source", str(folder), *BUCKET, "--dry-run")

    secrets = result.definition["target"]["wheels"]["secret"]
    assert f"id=aws-web-identity-token,src={tmp_path}/token" in secrets
    assert "id=aws-role-arn,env=AWS_ROLE_ARN" in secrets


def test_kvbm_is_compiled_on_request(cli, folder):
    words = (*BUILD, "--source", str(folder))

    assert cli.values(*words)["build-arg ENABLE_KVBM"] == "false"
    values = cli.values(*words, "--enable-kvbm")
    assert values["build-arg ENABLE_KVBM"] == "true"
    assert "pin kvbm" not in values


def test_a_build_context_replaces_a_stage(cli, tmp_path):
    words = (*BUILD, "--build-context", f"tools={tmp_path}", "--dry-run")

    definition = cli.ok(*words).definition["target"]

    assert "tools" not in definition
    assert definition["wheels"]["contexts"] == {"tools": str(tmp_path)}
    assert definition["serving"]["contexts"]["tools"] == str(tmp_path)


def test_the_users_build_argument_overrides_that_of_the_checkout(cli, folder):
    argument = "REQUIREMENTS=ai-dynamo nixl-cu12==0.8.0"

    values = cli.values(*BUILD, "--source", str(folder), "--build-arg", argument)

    assert f"REQUIREMENTS={values['build-arg REQUIREMENTS']}" == argument
