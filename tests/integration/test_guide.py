# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Every example of `build.sh` in Dynamo's container guide, and the plan that results from it."""

from __future__ import annotations

import checkouts
import pytest
from running import Result

pytestmark = pytest.mark.processes

DEV = ["dynamo:v1.6.1-vllm", "dynamo:latest-vllm"]
LOCAL_DEV = ["dynamo:v1.6.1-vllm-local-dev", "dynamo:latest-vllm-local-dev"]
# The arguments of `./build.sh`, and the tags of the images that it builds.
EXAMPLES = {
    "": {"dev": DEV},
    "--framework vllm --target local-dev": {"dev": DEV, "local-dev": LOCAL_DEV},
    "--framework trtllm": {"dev": ["dynamo:v1.6.1-trtllm", "dynamo:latest-trtllm"]},
    "--framework sglang --tag my-custom-tag": {"dev": ["my-custom-tag", "dynamo:latest-sglang"]},
    "--no-cache": {"dev": DEV},
    "--build-arg CUSTOM_ARG=value": {"dev": DEV},
    "--dev-image dynamo:latest-vllm --framework vllm": {
        "local-dev": ["dynamo:latest-vllm-local-dev"]
    },
    "--dev-image dynamo:latest-vllm --framework vllm --tag my-local:dev": {
        "local-dev": ["my-local:dev"]
    },
    "--framework vllm --no-cache": {"dev": DEV},
}


@pytest.fixture
def build(scripts, tmp_path, monkeypatch):
    """Return a function that does a dry run of build.sh, as UID 1234 and without an engine."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/missing.sock")
    monkeypatch.setenv("SUDO_UID", "1234")
    monkeypatch.setenv("SUDO_GID", "1235")

    def call(line: str) -> Result:
        process = scripts("build.sh", f"{line} --dry-run")
        assert process.returncode == 0, process.stderr
        return Result(status=process.returncode, out=process.stdout, err=process.stderr)

    return call


@pytest.mark.parametrize("line", EXAMPLES)
def test_an_example_builds_the_images_of_the_guide(build, line):
    result = build(line)

    targets = result.definition["target"]
    wanted = result.definition["group"]["default"]["targets"]
    assert {name: targets[name]["tags"] for name in wanted} == EXAMPLES[line]
    assert all(
        target.get("no-cache", False) == ("--no-cache" in line) for target in targets.values()
    )
    if "local-dev" in targets:
        users = {key: targets["local-dev"]["args"][key] for key in ("USER_UID", "USER_GID")}
        assert users == {"USER_UID": "1234", "USER_GID": "1235"}
    if "--dev-image" in line:
        assert list(targets) == ["local-dev"]
        assert targets["local-dev"]["contexts"]["dev"] == "docker-image://dynamo:latest-vllm"


def test_a_build_argument_that_no_dockerfile_declares_is_reported(build):
    assert "CUSTOM_ARG" in build("--build-arg CUSTOM_ARG=value").err


def test_the_command_prints_the_same_as_the_script(build, cli, monkeypatch):
    line = "--framework vllm --target local-dev"
    of_script = build(line).out

    assert cli.ok("build", *line.split(), "--dry-run").out == of_script


def test_a_release_build_compiles_the_checkout(build, scripts, tmp_path, monkeypatch):
    """The guide's production workflow: `./build.sh --framework vllm --release-build`."""
    line = "--framework vllm --release-build"
    without_checkout = scripts("build.sh", f"{line} --dry-run")
    folder = checkouts.write(tmp_path / "my dynamo")
    commit = checkouts.commit(folder)
    monkeypatch.chdir(folder)

    result = build(line)

    assert without_checkout.returncode == 2
    assert "add --source PATH" in without_checkout.stderr
    targets = result.definition["target"]
    assert targets["dev"]["tags"] == [f"dynamo:v0.6.1.dev.{commit}-vllm", "dynamo:latest-vllm"]
    assert [
        name for name, target in targets.items() if "RELEASE_BUILD" in target.get("args", ())
    ] == ["wheels"]
    assert targets["wheels"]["context"] == str(folder)
