# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The frameworks' plans: what is the same in all of them, what differs from release to release."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dynamo_container.model.facts import ImageInfo
from dynamo_container.model.requests import CheckRequest
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry
from packaging.version import Version
from running import Cli

ROOT = Path(__file__).parents[2]
FRAMEWORKS = ("none", "sglang", "trtllm", "vllm")
# What each engine's own module is called.
ENGINES = {"sglang": "sglang", "trtllm": "tensorrt_llm", "vllm": "vllm"}
DOCKERFILES = sorted(ROOT.glob("plugins/*/src/*/*/Dockerfile"))
# What a plan of vllm says, for two releases a year apart.
GOLDEN = {
    "0.5.1": {
        "base-image runtime": "nvcr.io/nvidia/cuda:12.8.1-runtime-ubuntu24.04",
        "build-arg CUDA_VERSION": "12.8",
        "build-arg EXTRA_PACKAGES": "etcd-server nats-server",
        "build-arg REQUIREMENTS": "ai-dynamo[vllm]==0.5.1 nixl==0.4.1 vllm[flashinfer]==0.10.1.1",
        "build-arg RESOLVE_AS_OF": "2025-10-16T00:00:00Z",
        "label ai.dynamo.container.cuda": "12.8",
        "label ai.dynamo.container.driver": "525",
        "label ai.dynamo.container.dynamo": "0.5.1",
        "label ai.dynamo.container.pins": (
            "ai-dynamo==0.5.1 cuda==12.8 nixl==0.4.1 torch-cuda==12.6 vllm==0.10.1.1"
        ),
        "pin ai-dynamo": "0.5.1",
        "pin cuda": "12.8",
        "pin nixl": "0.4.1",
        "pin torch-cuda": "12.6",
        "pin vllm": "0.10.1.1",
    },
    "1.4.2": {
        "base-image runtime": "nvcr.io/nvidia/cuda:13.0.2-runtime-ubuntu24.04",
        "build-arg CUDA_VERSION": "13.0",
        "build-arg OVERRIDES": "nixl[cu13]==1.3.2",
        "build-arg REQUIREMENTS": (
            "ai-dynamo[vllm]==1.4.2 cuda-toolkit[cccl,crt,nvcc,nvvm]==13.0.2 kvbm==1.4.2 "
            "nixl==1.3.2 vllm[flashinfer,otel,runai]==0.26.0"
        ),
        "build-arg RESOLVE_AS_OF": "2026-08-30T00:00:00Z",
        "label ai.dynamo.container.cuda": "13.0",
        "label ai.dynamo.container.driver": "580",
        "label ai.dynamo.container.dynamo": "1.4.2",
        "label ai.dynamo.container.pins": (
            "ai-dynamo==1.4.2 cuda==13.0 cuda-toolkit==13.0.2 kvbm==1.4.2 nixl==1.3.2 "
            "torch-cuda==13.0 vllm==0.26.0"
        ),
        "pin ai-dynamo": "1.4.2",
        "pin cuda": "13.0",
        "pin cuda-toolkit": "13.0.2",
        "pin kvbm": "1.4.2",
        "pin nixl": "1.3.2",
        "pin torch-cuda": "13.0",
        "pin vllm": "0.26.0",
    },
}


@pytest.mark.parametrize("release", GOLDEN)
def test_the_plan_of_a_release(cli: Cli, release):
    said = cli.values("build", "vllm", "--target", "runtime", "--dynamo-version", release)

    kinds = ("base-image runtime", "build-arg", "label ai.dynamo.container", "pin")
    varies = {
        key: value
        for key, value in said.items()
        if key.startswith(kinds)
        and not re.search(r"UV|plugins|framework|home|target|user|plan$", key)
        and key != "pin uv"
    }
    assert varies == GOLDEN[release]


def test_all_of_them_in_one_graph_share_their_tools(cli: Cli):
    built = cli.ok("build", "vllm", "sglang", "trtllm", "none", "--target", "runtime", "--dry-run")

    targets = list(built.definition["target"])
    assert [name for name in targets if name.endswith("tools")] == ["tools"]
    assert {f"{name}-runtime" for name in FRAMEWORKS} <= set(targets)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_row_of_every_table_plans(framework):
    registry = Registry.discover()
    registry.load(framework)
    rows = [
        said.value for said in registry.call_for(framework, hookspecs.dynamo_container_releases)
    ]

    assert "1.4.2" in [row.dynamo for row in rows]
    for row in rows:
        assert Version(row.dynamo) >= Version("0.5.0")
        assert re.fullmatch(r"202[56]-\d\d-\d\d", row.released)
        for images in row.cuda:
            assert f"{images.version}." in f"{images.runtime}." or (
                images.version in re.sub(r"cuda(\d+\.\d+)", r"\1", images.runtime)
            )
            assert images.driver in ("525", "580")
            # The wheels' libraries and the image's are of one major version.
            assert images.torch.partition(".")[0] in ("", images.version.partition(".")[0])


@pytest.mark.parametrize("framework", ENGINES)
def test_what_is_imported_is_the_frameworks_own(framework):
    registry = Registry.discover()
    registry.load(framework)
    request = CheckRequest(framework=framework, image="x", image_info=ImageInfo(id="i", size=1))
    checks = [said.value for said in registry.call(hookspecs.dynamo_container_checks, request)]

    names = " ".join(check.name for check in checks if check.name.startswith("import "))
    modules = set(re.findall(r"[\w.]+", names)) - {"import", "nixl"}
    assert modules == {"dynamo.frontend", f"dynamo.{framework}", ENGINES[framework]}


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: "-".join(path.parts[-4::3]))
def test_a_dockerfile_can_be_read_from_top_to_bottom(dockerfile):
    assert len(dockerfile.read_text().splitlines()) < 150


def test_the_three_runtimes_differ_only_where_the_frameworks_do():
    texts = {
        name: (ROOT / f"plugins/{name}/src/dynamo_container_{name}/runtime/Dockerfile").read_text()
        for name in ("sglang", "trtllm", "vllm")
    }
    steps = {name: re.findall(r"/opt/tools/([\w-]+)", text) for name, text in texts.items()}

    assert steps["vllm"] == steps["sglang"] == steps["trtllm"]
    common = set.intersection(*(set(text.splitlines()) for text in texts.values()))
    for name, text in texts.items():
        own = [line for line in text.splitlines() if line not in common]
        assert len(own) <= 10, (name, own)


@pytest.mark.processes
def test_an_old_release_is_resolved_as_of_its_day(cli: Cli, tmp_path):
    """Without the day, 0.5.1 takes a transformers that nobody tested it with. It asks the index."""
    uv = shutil.which("uv") or installed_uv(tmp_path)
    said = cli.values("build", "vllm", "--target", "runtime", "--dynamo-version", "0.5.1")
    wanted = tmp_path / "requirements.in"
    wanted.write_text(said["build-arg REQUIREMENTS"].replace(" ", "\n"))

    answer = subprocess.run(
        [
            uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate",
            "--python-version", "3.12", "--python-platform", "x86_64-manylinux_2_34",
            "--exclude-newer", said["build-arg RESOLVE_AS_OF"], str(wanted),
        ],
        capture_output=True, text=True, check=False, env={**os.environ, "UV_NO_CONFIG": "1"},
    )  # fmt: skip

    assert answer.returncode == 0, answer.stderr
    (version,) = re.findall(r"^transformers==(\S+)", answer.stdout, re.MULTILINE)
    assert Version(version) < Version("4.58")
    assert "vllm==0.10.1.1" in answer.stdout


def installed_uv(folder: Path) -> str:
    """The uv of the images, in an environment of its own."""
    from dynamo_container_images.plugin import UV

    subprocess.run([sys.executable, "-m", "venv", folder / "uv"], check=True)
    pip = [folder / "uv" / "bin" / "python", "-m", "pip", "-q", "install", f"uv=={UV}"]
    subprocess.run([str(word) for word in pip], check=True)
    return str(folder / "uv" / "bin" / "uv")


def test_the_tables_are_told_by_the_command(cli: Cli):
    told = json.loads(cli.ok("releases", "--json").out)

    assert set(FRAMEWORKS) <= set(told)
    newest = told["vllm"][-1]
    assert (newest["dynamo"], newest["cuda"][0]["version"]) == ("1.4.2", "13.0")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_no_step_upon_the_packages_has_secrets(framework):
    """BuildKit 0.13 reads all that is below such a step, and that is gigabytes."""
    (dockerfile,) = ROOT.glob(f"plugins/{framework}/src/*/runtime/Dockerfile")
    text = dockerfile.read_text().replace("\\\n", " ")
    below, packages, above = text.rpartition("/opt/tools/create-venv")

    assert packages
    assert "type=secret" in below
    assert "/opt/tools/install-dynamo" in above
    assert "type=secret" not in above


@pytest.mark.parametrize("framework", sorted(ENGINES))
def test_a_new_engine_leaves_the_layer_of_pytorch(framework):
    """A step runs again when what it mounts has changed, and so do all steps upon it."""
    (dockerfile,) = ROOT.glob(f"plugins/{framework}/src/*/runtime/Dockerfile")
    steps = dockerfile.read_text().replace("\\\n", " ").splitlines()
    (layer,) = [number for number, step in enumerate(steps) if "create-venv" in step][:1]

    mounted = [re.findall(r"from=(?:wheels|tools),source=([^, ]+)", step) for step in steps]

    assert mounted[layer] == ["/opt/tools", "/wheels/pytorch.txt"]
    assert {source for sources in mounted[:layer] for source in sources} == {"/wheels/pytorch.txt"}
    assert ["/opt/tools", "/wheels/requirements.txt", "/wheels/local"] in mounted[layer:]
