# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What the command imports: its start-up time is the sum of it.

`bench/overhead.py` measures the time; these tests keep what it depends on.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.processes

SLOW = {"rich", "docker", "requests", "urllib3", "pynvml", "yaml"}
FRAMEWORKS = {"dynamo_container_vllm", "dynamo_container_sglang", "dynamo_container_trtllm"}


# What one command needs and another does not, by the command.
BUILD = ("build", "none", "--dry-run")
RUN = ("run", "none", "--image", "example:1", "--gpus", "none", "--dry-run")
HELP = ("--help",)
CORE = "dynamo_container"
NOT_FOR_BUILD = {
    "csv",
    "http.client",
    "logging",
    "msgspec",
    "subprocess",
    "zipfile",
    f"{CORE}.containers",
    f"{CORE}.docker.engine",
    f"{CORE}.docker.process",
    f"{CORE}.explain",
    f"{CORE}.images.diagram",
    f"{CORE}.images.records",
    f"{CORE}.images.report",
    f"{CORE}.model.facts.engine",
    f"{CORE}.model.facts.checkout",
    f"{CORE}.model.requests.check",
    f"{CORE}.model.requests.plan",
    f"{CORE}.model.requests.run",
    f"{CORE}.model.values.check",
    f"{CORE}.model.values.run",
    f"{CORE}.model.values.site",
    f"{CORE}.options.run_facts",
    f"{CORE}.options.run_records",
    f"{CORE}.plugins.release_document",
}
NOT_FOR_RUN = {
    "msgspec",
    f"{CORE}.docker.buildx",
    f"{CORE}.explain",
    f"{CORE}.images",
    f"{CORE}.model.facts.checkout",
    f"{CORE}.model.requests.build",
    f"{CORE}.model.requests.check",
    f"{CORE}.model.values.build",
    f"{CORE}.model.values.check",
    f"{CORE}.plugins.release_document",
    f"{CORE}.plugins.releases",
}


# `-X importtime` does not list what `importlib.import_module` imports.
LIST_MODULES = """
import atexit, sys
atexit.register(lambda: print("\\nmodules:", *sys.modules, file=sys.stderr))
from dynamo_container.cli import main
sys.exit(main(sys.argv[1:]))
"""


def imported(*arguments: str) -> set[str]:
    """Run the command and return the names of all modules that it imports."""
    answer = subprocess.run(
        [sys.executable, "-c", LIST_MODULES, *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    messages, _, modules = answer.stderr.rpartition("modules:")
    assert answer.returncode == 0, messages
    return set(modules.split())


@pytest.mark.parametrize(
    "arguments",
    [
        BUILD,
        ("explain", "build", "none"),
        RUN,
        ("explain", "run", "none", "--image", "example:1", "--gpus", "none"),
        ("build", "none", "--help"),
        HELP,
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_dry_runs_and_help_import_neither_the_sdk_nor_other_frameworks(
    arguments, tmp_path, monkeypatch
):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/missing.sock")

    modules = imported(*arguments)

    assert "dynamo_container.cli" in modules
    assert sorted(modules & (SLOW | FRAMEWORKS)) == []


@pytest.mark.parametrize(
    ("arguments", "without"), [(BUILD, NOT_FOR_BUILD), (RUN, NOT_FOR_RUN)], ids=["build", "run"]
)
def test_a_dry_run_imports_only_its_own_half_of_the_program(
    arguments, without, tmp_path, monkeypatch
):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/missing.sock")

    modules = imported(*arguments)

    assert modules >= {f"{CORE}.options.rules", f"{CORE}.plugins.serving"}
    assert sorted(modules & without) == []


@pytest.mark.engine
@pytest.mark.usefixtures("docker")
def test_a_build_does_not_import_the_sdk(tag):
    modules = imported(
        "-q", "build", "none", "--target", "scripts", "--tag", tag("start-up"), "--no-latest",
        "--progress", "quiet",
    )  # fmt: skip

    assert "dynamo_container.docker" in modules
    assert sorted(modules & {"docker", "requests", "urllib3"}) == []
