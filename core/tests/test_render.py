# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`render`: a folder that docker builds without this tool."""

from __future__ import annotations

import json
from pathlib import Path

import checkouts
import pytest
import trustme
from dynamo_container.images import render
from dynamo_container.images.plan import BuildPlan, Target
from dynamo_container.model.values import BuildSecret, NamedContext


@pytest.fixture
def rendered(cli, tmp_path: Path):
    """Return the folder that `render none` writes."""

    def call(*words: str) -> Path:
        folder = tmp_path / "out"
        cli.ok("render", "none", *words, "--output", str(folder))
        return folder

    return call


def definition(folder: Path):
    return json.loads((folder / "docker-bake.json").read_text())


def test_the_folder_contains_everything_that_the_build_reads(rendered, tmp_path):
    bundle = str(tmp_path / "ca.pem")
    trustme.CA().cert_pem.write_to_path(bundle)
    folder = rendered("--target", "runtime", "--ca-bundle", bundle)

    targets = definition(folder)["target"]
    for target in targets.values():
        context = folder / target["context"]
        assert (context / target["dockerfile"]).is_file()
    assert (folder / targets["scripts"]["context"] / "bin" / "install-uv").stat().st_mode & 0o100
    # Paths of this machine are the defaults of variables, and nowhere else.
    assert definition(folder)["variable"] == {"CA_BUNDLE": {"default": bundle}}
    assert targets["tools"]["secret"] == ['id=ca-bundle,"src=${CA_BUNDLE}"']


def test_the_images_are_the_same_as_those_of_build(cli, rendered):
    words = ("--target", "local-dev", "--uid", "7", "--gid", "7", "--build-arg", "A=${x}")
    built = cli.ok("build", "none", *words, "--dry-run").definition

    written = definition(rendered(*words))

    assert written["group"] == built["group"]
    for name, target in built["target"].items():
        paths = {"context", "dockerfile"}
        assert {key: value for key, value in target.items() if key not in paths} == {
            key: value for key, value in written["target"][name].items() if key not in paths
        }


def test_the_readme_has_the_images_and_the_command(rendered):
    page = (rendered("--target", "runtime") / "README.md").read_text()

    assert "    BUILDX_NO_DEFAULT_LOAD=1 BUILDX_GIT_INFO=0 docker buildx bake\n" in page
    assert "`dynamo:v1.6.1-none-runtime`, `dynamo:latest-none-runtime`" in page


def test_options_of_build_apply_whether_from_the_environment_or_the_project_file(
    cli, tmp_path, monkeypatch
):
    monkeypatch.setenv("DYNAMO_CONTAINER_BUILD_TARGET", "tools")
    (tmp_path / "dynamo-container.toml").write_text('[build]\nbase-image = "from-file:1"\n')

    shown = json.loads(cli.ok("--trust", "render", "none", "--output", "out", "--dry-run").out)

    assert list(shown["target"]) == ["scripts", "tools"]
    assert shown["target"]["tools"]["args"]["BASE_IMAGE"] == "from-file:1"
    assert not (tmp_path / "out").exists()


def test_files_of_others_in_the_folder_are_never_deleted(cli, rendered, tmp_path):
    folder = rendered("--target", "runtime")
    (folder / "contexts" / "tools" / "stale").touch()
    (folder / "mine").touch()
    words = ("render", "none", "--target", "tools", "--output", str(folder))

    refused = cli(*words)
    cli.ok(*words, "--force")

    assert refused.status == 2
    assert "--force" in refused.err
    assert (folder / "mine").exists()
    assert {path.name for path in (folder / "contexts").iterdir()} == {"scripts", "tools"}
    assert not (folder / "contexts" / "tools" / "stale").exists()
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine").touch()
    assert cli("render", "none", "--output", str(other), "--force").status == 2


@pytest.mark.processes
def test_a_checkout_is_a_variable_and_is_not_copied(rendered, tmp_path):
    checkout = checkouts.write(tmp_path / "my dynamo")

    folder = rendered("--target", "wheels", "--source", str(checkout))

    (wheels,) = (target for target in definition(folder)["target"].values() if "output" in target)
    assert wheels["context"] == "${WHEELS_CONTEXT}"
    assert " AS wheels\n" in wheels["dockerfile-inline"]
    assert definition(folder)["variable"]["WHEELS_CONTEXT"] == {"default": str(checkout)}
    assert not list(folder.rglob("hatch_build.py"))


@pytest.mark.parametrize(
    ("flag", "value"), [("--builder", "x"), ("--report", "x"), ("--max-size", "1GB")]
)
def test_options_of_the_build_command_itself_are_refused(cli, flag, value):
    result = cli("render", "none", "--output", "out", flag, value)

    assert result.status == 2
    assert f"{flag} cannot be used with render" in result.err


def test_an_option_of_the_build_command_in_the_environment_is_not_for_render(
    cli, monkeypatch, tmp_path
):
    monkeypatch.setenv("DYNAMO_CONTAINER_BUILDER", "x")

    cli.ok("render", "none", "--output", str(tmp_path / "out"))


def test_folders_of_the_user_are_variables(tmp_path):
    """One is a checkout as a context, another one a named context."""
    (tmp_path / "Dockerfile").write_text("FROM scratch AS wheels\nRUN echo ${HOME}\n")
    target = Target(
        name="none-wheels", stage="wheels", dockerfile=tmp_path / "Dockerfile",
        context=Path("/a/${checkout}"), dockerfile_target="wheels", args=(), digest="",
        secrets=("token",),
        contexts=(
            NamedContext(name="extra", source="/an/extra"),
            NamedContext(name="tools", source="target:tools"),
        ),
    )  # fmt: skip
    secret = BuildSecret(id="token", env="MY_TOKEN")

    folder = render.folder(BuildPlan(images=(), targets=(target,), secrets=(secret,)))

    files = dict(folder.files)
    document = json.loads(files["docker-bake.json"])
    assert folder.trees == ()
    assert document["target"]["none-wheels"] == {
        "context": "${WHEELS_CONTEXT}",
        "dockerfile-inline": 'FROM scratch AS wheels\nRUN echo ${"$"}{HOME}\n',
        "target": "wheels",
        "contexts": {"tools": "target:tools", "extra": "${EXTRA_CONTEXT}"},
        "secret": ["id=token,env=MY_TOKEN"],
    }
    assert document["variable"] == {
        "EXTRA_CONTEXT": {"default": "/an/extra"},
        "WHEELS_CONTEXT": {"default": '/a/${"$"}{checkout}'},
    }
    assert "BUILDX_BAKE_ENTITLEMENTS_FS=0" in files["README.md"]
    assert "`MY_TOKEN`" in files["README.md"]
