# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The script for Slurm, run by bash with a stand-in for srun: no Slurm is part of the tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from dynamo_container.errors import UsageError
from dynamo_container.model.values import EnvVar, Mount
from dynamo_container.services import slurm
from dynamo_container.services.renderers import ExportOptions
from dynamo_container.testing import PlanServe, ServePlan

pytestmark = pytest.mark.processes

ODD = "a \"b\" 'c' $HOME ${X} % \\n # ; é"
CONTAINER = {
    "image": "registry.example:5000/team/dynamo:1",
    "hf_cache": "/home/me/.cache/huggingface",
    "env": (EnvVar(name="HF_TOKEN"), EnvVar(name="ODD", value=ODD)),
    "mounts": (Mount(source="/srv/my data", target="/data", options=("ro",)),),
}
RECORD = "import json, sys; print(json.dumps(sys.argv[1:]))"


def steps(plan: ServePlan, folder: Path) -> list[list[str]]:
    """Run the script; return the words of each srun, in the order of the services."""
    [(name, text)] = slurm.render(plan, ExportOptions(home="/home/me")).items()
    (folder / name).write_text(text)
    stand_in = folder / "srun"
    stand_in.write_text(f"#!{sys.executable}\n{RECORD}\n")
    stand_in.chmod(0o755)
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(folder), "SLURM_JOB_ID": "7",
        "SLURM_SUBMIT_DIR": str(folder),
    }  # fmt: skip
    # The job ends with its first service; here, that is when all have been recorded.
    waiting = text.replace("wait -n", "wait")
    done = subprocess.run(
        ["bash", "-c", waiting], env=environment, capture_output=True, text=True, check=True
    )
    found: list[list[str]] = [json.loads(line) for line in done.stdout.splitlines()]
    return sorted(found, key=lambda words: words[-1])


@pytest.mark.parametrize("topology", ["agg", "agg-router", "disagg"])
@pytest.mark.parametrize("framework", ["none", "sglang", "trtllm", "vllm"])
def test_steps_have_the_values_of_the_plan(
    plan_serve: PlanServe, tmp_path: Path, framework: str, topology: str
):
    plan = plan_serve(
        framework, "org/name", topology=topology, workers=2, project="demo", container=CONTAINER
    )

    found = steps(plan, tmp_path)

    assert len(found) == len(plan.services)
    for service in plan.services:
        command = list(service.container.command)
        [words] = [one for one in found if one[-len(command) :] == command]
        assert f"--ntasks={service.service.replicas}" in words
        assert "--container-image=registry.example:5000#team/dynamo:1" in words
        assert f"ODD={ODD}" in words
        gpus = f"--gpus-per-task={service.service.gpus}"
        assert (gpus in words) is (service.service.gpus > 0)
        [mounts] = [one for one in words if one.startswith("--container-mounts=")]
        assert "/srv/my data:/data:ro" in mounts
        assert f"{tmp_path}/.cache/huggingface:/home/ubuntu/.cache/huggingface" in mounts
        assert f"{tmp_path}/demo-7:/discovery" in mounts
        assert not any(word.startswith("HF_TOKEN") for word in words)
    assert not (tmp_path / "demo-7").exists()


def test_the_job_asks_for_what_all_services_need(plan_serve: PlanServe):
    plan = plan_serve("vllm", "org/name", topology="disagg", workers=2, gpus_per_worker=4)

    [text] = slurm.render(plan, ExportOptions()).values()

    assert "#SBATCH --ntasks=5\n#SBATCH --gpus=16\n" in text


def test_an_image_of_this_machine_is_imported(plan_serve: PlanServe):
    [text] = slurm.render(plan_serve("none", "org/name"), ExportOptions()).values()

    file = "dynamo-latest-none-runtime.sqsh"
    assert f"enroot import --output {file} dockerd://dynamo:latest-none-runtime\n" in text
    assert f'image="${{SLURM_SUBMIT_DIR:-$PWD}}"/{file}\n' in text


def test_a_path_that_pyxis_would_divide_is_refused(plan_serve: PlanServe):
    mounts = (Mount(source="/srv/a,b", target="/data"),)

    with pytest.raises(UsageError, match="comma or a colon"):
        slurm.render(plan_serve("none", "org/name", container={"mounts": mounts}), ExportOptions())
