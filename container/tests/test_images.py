# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The shared stages in the plans of frameworks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dynamo_container.api import EngineInfo
from dynamo_container.testing import plan_values
from dynamo_container_images import plugin, source

SECRETS = ("ca-bundle", "overlay-ca-bundle", "index-url", "extra-index-url", "netrc")
ARGUMENTS = {"ARG INDEX_URL", "ARG EXTRA_INDEX_URLS", "ARG TRUSTED_HOSTS"}
USES_THE_INDEX = re.compile(
    "with-index resolve|install-build-tools|install-build-requirements|install-network-tools|"
    "prepare-development|create-venv"
)
# Programs that run a checkout's own code, with the secrets that their step may have.
CERTIFICATES = {"ca-bundle", "overlay-ca-bundle"}
BUCKET = {
    *("aws-key-id", "aws-secret-id", "aws-session-token"),
    *("aws-role-arn", "aws-web-identity-token"),
}
# Settings, not secrets.
JOBS = {"max-jobs"}
RUNS_OTHERS_CODE = {
    "build-python-wheel": set(),
    "build-rust-wheels": CERTIFICATES | BUCKET | JOBS | {"checkout"},
    "build-ucx": JOBS,
    "build-nixl": CERTIFICATES | JOBS,
}
DOCKERFILES = sorted(plugin.HERE.glob("*/Dockerfile"))
ROOT = Path(__file__).parents[2]
ALL_DOCKERFILES = sorted({*DOCKERFILES, *ROOT.glob("plugins/*/src/*/*/Dockerfile")})
WITH_INDEX = [path for path in DOCKERFILES if USES_THE_INDEX.search(path.read_text())]


def stages_of(cli, target):
    plan = cli.ok("explain", "build", "none", "--target", target, "--uid", "5", "--json").json
    return [
        {entry["key"] for entry in image["values"] if entry["kind"] == "stage"}
        for image in plan["images"]
    ]


def test_local_dev_is_built_with_dev_on_any_frameworks_runtime(cli):
    dev = {"dev", "runtime", "rust", "scripts", "serving", "tools", "wheels"}

    assert stages_of(cli, "local-dev") == [dev, {*dev, "local-dev"}]


def test_all_stages_use_one_pinned_uv(cli):
    definition = cli.ok("build", "none", "--dry-run").definition

    assert definition["target"]["tools"]["args"]["UV"] == f"uv=={plugin.UV}"


def steps_of(dockerfile: Path) -> list[str]:
    """Return the RUN instructions, each as one line."""
    lines = dockerfile.read_text().replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith("RUN ")]


def mounted(step: str, kind: str) -> set[str]:
    """Return the IDs of a step's mounts of a type: `secret` or `cache`."""
    return set(re.findall(rf"type={kind},id=([^ ,]+)", step))


@pytest.mark.parametrize("dockerfile", WITH_INDEX, ids=lambda path: path.parent.name)
def test_a_step_that_uses_the_index_mounts_every_secret_and_declares_the_indexs_url(dockerfile):
    steps = [step for step in steps_of(dockerfile) if USES_THE_INDEX.search(step)]

    assert steps
    for step in steps:
        assert mounted(step, "secret") >= set(SECRETS)
    assert set(dockerfile.read_text().splitlines()) >= ARGUMENTS


def test_uv_is_installed_from_the_main_index_only():
    dockerfile = plugin.HERE / "tools" / "Dockerfile"
    (step,) = (step for step in steps_of(dockerfile) if "install-uv" in step)

    assert mounted(step, "secret") == {*SECRETS} - {"extra-index-url"}
    assert "ARG EXTRA_INDEX_URLS" not in dockerfile.read_text().splitlines()


def test_every_pinned_tool_has_hashes_for_both_architectures():
    lines = (plugin.HERE / "scripts" / "tools.txt").read_text().splitlines()
    tools = dict(line.split(maxsplit=1) for line in lines if not line.startswith("#"))

    pinned = {f"uv=={plugin.UV}", f"maturin=={source.MATURIN}", f"sccache=={source.SCCACHE}"}
    assert set(tools) >= pinned
    for tool, hashes in tools.items():
        assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", hashes)) == 2, tool


@pytest.mark.parametrize("program", RUNS_OTHERS_CODE)
def test_code_of_a_checkout_gets_no_credentials_of_the_index_and_no_cache_of_others(program):
    everywhere = [step for file in ALL_DOCKERFILES for step in steps_of(file)]
    steps = [step for step in everywhere if program in step]
    others = [step for step in everywhere if step not in steps and "fetch-crates" not in step]

    assert steps
    for step in steps:
        assert mounted(step, "secret") <= RUNS_OTHERS_CODE[program]
        for other in others:
            assert not mounted(step, "cache") & mounted(other, "cache")


def test_what_downloads_crates_with_credentials_has_a_cache_of_its_own():
    """It copies them to the cache that crates' code can write, and reads nothing there."""
    everywhere = [step for file in ALL_DOCKERFILES for step in steps_of(file)]
    (step,) = (step for step in everywhere if "fetch-crates" in step)
    own = mounted(step, "cache") - {"dynamo-cargo"}

    assert own == {"dynamo-crates"}
    assert [other for other in everywhere if mounted(other, "cache") & own] == [step]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_no_dockerfile_requires_a_frontend(dockerfile):
    assert "syntax=" not in dockerfile.read_text()


def test_an_option_whose_stage_is_not_built_is_refused(cli):
    replaced = ("build", "none", "--stage", "runtime=my/runtime:1", "--dry-run")

    for option in (("--make-efa",), ("--nixl-ref", "1.3.2")):
        accepted = cli.ok("build", "none", *option, "--dry-run")
        result = cli(*replaced, *option)

        assert accepted.err == ""
        assert result.status == 2
        assert f"{option[0]} has no effect" in result.err


def test_stages_that_an_image_of_the_user_leaves_out_are_named(cli, site):
    harden = (
        "from pathlib import Path\nfrom dynamo_container.api import Stage, hookimpl\n\n"
        "@hookimpl\ndef dynamo_container_stages(request):\n"
        "    file = Path(__file__).parent / 'Dockerfile'\n"
        "    yield Stage(name='harden', dockerfile=file, extends='runtime')\n"
    )
    file = "FROM scratch AS runtime\nFROM runtime AS harden\n"
    site.install("acme-harden", harden, files={"Dockerfile": file})

    result = cli.ok("build", "none", "--stage", "runtime=my/runtime:1", "--dry-run")

    assert "used as it is" in result.err
    assert "harden of acme-harden (acme-harden 1.0)" in result.err
    assert cli.ok("build", "none", "--dry-run").err == ""


def test_rdma_is_the_devices_and_memory_that_can_be_pinned(plan_run):
    plan = plan_run("none", options={"rdma": True})

    assert plan_values(plan)["flag --device /dev/infiniband"] == "/dev/infiniband"
    assert plan_values(plan)["flag --ulimit memlock"] == "memlock=-1"
    assert plan.warnings == ()
    assert "flag --device /dev/infiniband" not in plan_values(plan_run("none"))


def test_rdma_leaves_a_limit_alone_that_the_engine_may_not_raise(plan_run):
    rootless = EngineInfo(version="28.5.2", rootless=True, limits=("memlock",))

    values = plan_values(plan_run("none", options={"rdma": True}, engine=rootless, gpus="none"))

    assert "flag --ulimit memlock" not in values
    assert "flag --device /dev/infiniband" in values
