# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Every example of `build.sh` in the container guide, as the plan that it comes to."""

from __future__ import annotations

import checkouts
import pytest
from running import Result

pytestmark = pytest.mark.processes

DEV = ["dynamo:v1.4.2-vllm", "dynamo:latest-vllm"]
LOCAL_DEV = ["dynamo:v1.4.2-vllm-local-dev", "dynamo:latest-vllm-local-dev"]
# The words behind `./build.sh`, and the images that it builds.
EXAMPLES = {
    "": {"dev": DEV},
    "--framework vllm --target local-dev": {"dev": DEV, "local-dev": LOCAL_DEV},
    "--framework trtllm": {"dev": ["dynamo:v1.4.2-trtllm", "dynamo:latest-trtllm"]},
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
    """A dry run of build.sh, by a user with a UID of their own, on a machine without an engine."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    monkeypatch.setenv("SUDO_UID", "1234")
    monkeypatch.setenv("SUDO_GID", "1235")

    def call(line: str) -> Result:
        answer = scripts("build.sh", f"{line} --dry-run")
        assert answer.returncode == 0, answer.stderr
        return Result(status=answer.returncode, out=answer.stdout, err=answer.stderr)

    return call


@pytest.mark.parametrize("line", EXAMPLES)
def test_it_builds_what_the_guide_says(build, line):
    result = build(line)

    targets = result.definition["target"]
    wanted = result.definition["group"]["default"]["targets"]
    assert {name: targets[name]["tags"] for name in wanted} == EXAMPLES[line]
    assert all(one.get("no-cache", False) == ("--no-cache" in line) for one in targets.values())
    if "local-dev" in targets:
        users = {key: targets["local-dev"]["args"][key] for key in ("USER_UID", "USER_GID")}
        assert users == {"USER_UID": "1234", "USER_GID": "1235"}
    if "--dev-image" in line:
        assert list(targets) == ["local-dev"]
        assert targets["local-dev"]["contexts"]["dev"] == "docker-image://dynamo:latest-vllm"


def test_an_argument_that_no_dockerfile_declares_is_said(build):
    assert "CUSTOM_ARG" in build("--build-arg CUSTOM_ARG=value").err


def test_the_command_builds_the_same_as_the_script(build, cli, monkeypatch):
    line = "--framework vllm --target local-dev"
    shown = build(line).out

    assert cli.ok("build", *line.split(), "--dry-run").out == shown


def test_a_release_build_is_of_the_checkout(build, scripts, tmp_path, monkeypatch):
    """The guide's production workflow: `./build.sh --framework vllm --release-build`."""
    line = "--framework vllm --release-build"
    nowhere = scripts("build.sh", f"{line} --dry-run")
    folder = checkouts.write(tmp_path / "my dynamo")
    commit = checkouts.commit(folder)
    monkeypatch.chdir(folder)

    result = build(line)

    assert nowhere.returncode == 2
    assert "add --source PATH" in nowhere.stderr
    targets = result.definition["target"]
    assert targets["dev"]["tags"] == [f"dynamo:v0.6.1.dev.{commit}-vllm", "dynamo:latest-vllm"]
    assert [name for name, one in targets.items() if "RELEASE_BUILD" in one.get("args", ())] == [
        "wheels"
    ]
    assert targets["wheels"]["context"] == str(folder)
