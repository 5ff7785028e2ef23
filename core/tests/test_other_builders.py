# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""If the selected builder cannot do something, another one that can is named, by `build` and
`doctor`. The builders are recorded answers of buildx 0.13 and 0.29.
"""

from __future__ import annotations

import json
import os

import pytest
from dynamo_container.docker import buildx
from dynamo_container.docker.buildx import BuilderState

pytestmark = pytest.mark.processes

STAND_IN = """\
#!/bin/sh
case "$*" in
"buildx version") echo "github.com/docker/buildx v0.29.1 1" ;;
"buildx inspect") {selected} ;;
"buildx inspect far") echo "Name:   far"; echo "Driver: remote"; echo "Status: running" ;;
"buildx inspect near") echo "Name:   near"; echo "Driver: docker" ;;
"buildx ls "*) cat <<'END'
{listed}
END
;;
*) exit 1 ;;
esac
"""
DEFAULT = 'echo "Name:   default"; echo "Driver: docker"; echo "Nodes:"; echo "Name:   node"'
GONE = 'echo "Name:   gone"; echo "Driver: remote"; echo "Error: refused"; echo "Status: inactive"'
RUNNING = [{"Name": "node0", "Status": "running", "Version": "v0.28.0"}]
STOPPED = [{"Name": "node0", "Status": "inactive"}]
SEVERAL = ("--push", "--repository", "reg.example/a", "--platform", "linux/amd64,linux/arm64")


@pytest.fixture
def builders(tmp_path, monkeypatch):
    """Put a docker on the PATH that has these builders beside the selected one."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")

    def put(selected: str, **nodes: object) -> None:
        rows = [
            json.dumps({"Name": name, "Driver": "remote", "Nodes": nodes[name]}) for name in nodes
        ]
        script = STAND_IN.format(selected=selected, listed="\n".join(rows))
        (folder / "docker").write_text(script)
        (folder / "docker").chmod(0o755)

    return put


def hint(cli, *words: str) -> str:
    result = cli("build", "none", "--target", "runtime", *words)

    assert result.status in (3, 6), result.err
    return str(result.err.splitlines()[-1])


def test_a_builder_that_can_is_suggested(cli, builders):
    builders(DEFAULT, default=RUNNING, far=RUNNING)

    assert hint(cli, *SEVERAL).startswith(
        "use the builder that can: --builder far; or docker buildx create --name dynamo"
    )


def test_a_builder_that_answers_is_suggested_if_the_selected_one_does_not(cli, builders):
    builders(GONE, gone=STOPPED, far=RUNNING)

    assert hint(cli, *SEVERAL).startswith("use the builder that can: --builder far; or start")


@pytest.mark.parametrize(
    "others",
    [{}, {"near": RUNNING}, {"far": STOPPED}, {"ghost": RUNNING}],
    ids=["none", "it cannot either", "it does not answer", "it does not exist any more"],
)
def test_no_other_builder_is_suggested(cli, builders, others):
    builders(DEFAULT, default=RUNNING, **others)

    assert hint(cli, *SEVERAL).startswith("docker buildx create --name dynamo")


def test_a_builder_that_the_user_named_is_not_replaced(cli, builders):
    builders(DEFAULT, default=RUNNING, far=RUNNING)

    assert "--builder far" not in hint(cli, *SEVERAL, "--builder", "near")


@pytest.mark.parametrize(("selected", "name"), [(DEFAULT, "default"), (GONE, "gone"), (":", "")])
def test_the_list_says_which_builder_is_selected(builders, selected, name):
    builders(selected, default=RUNNING, far=RUNNING, gone=STOPPED)

    with buildx.start_listing_builders() as finish:
        found: tuple[BuilderState, ...] = finish()

    assert {one.name for one in found} == {"default", "far", "gone"}
    assert [one.name for one in found if one.selected] == ([name] if name else [])
