# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The frameworks' plans and images: what they share, and what differs between releases."""

from __future__ import annotations

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
# The engines' own modules.
ENGINES = {"sglang": "sglang", "trtllm": "tensorrt_llm", "vllm": "vllm"}
DOCKERFILES = sorted(ROOT.glob("plugins/*/src/*/*/Dockerfile"))
# The shared stage in which every engine is installed.
SERVING = (ROOT / "container/src/dynamo_container_images/serving/Dockerfile").read_text()
# The content of vllm's plan for two releases a year apart.
SERVING_ARGUMENTS = {
    "build-arg CACHE_SCOPE": "vllm",
    "build-arg CACHES": "vllm",
    "build-arg COMPILES_KERNELS": "true",
    "build-arg COMPILE_PACKAGES": "vllm torch",
    "build-arg HEAVY_WHEELS": "20000000",
}
GOLDEN = {
    "0.5.1": {
        "base-image serving": "nvcr.io/nvidia/cuda:12.8.1-runtime-ubuntu24.04",
        **SERVING_ARGUMENTS,
        "build-arg CUDA_VERSION": "12.8",
        "build-arg EXTRA_PACKAGES": "etcd-server nats-server",
        "build-arg REQUIREMENTS": "ai-dynamo[vllm]==0.5.1 nixl==0.4.1 vllm[flashinfer]==0.10.1.1",
        "build-arg RESOLVE_AS_OF": "2025-10-16T00:00:00Z",
        "label ai.dynamo.container.cuda": "12.8",
        "label ai.dynamo.container.driver": "525",
        "label ai.dynamo.container.dynamo": "0.5.1",
        "label ai.dynamo.container.kernels": (
            "torch=5.0,6.0,7.0,7.5,8.0,8.6,8.9,9.0 "
            "vllm=5.2,5.2+PTX,7.0,7.5,8.0,8.0+PTX,8.7,8.9,8.9+PTX,9.0,9.0+PTX,10.0,12.0"
        ),
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
        "base-image serving": "nvcr.io/nvidia/cuda:13.0.2-runtime-ubuntu24.04",
        **SERVING_ARGUMENTS,
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
        "label ai.dynamo.container.kernels": (
            "torch=7.5,8.0,8.6,8.9,9.0,10.0,10.3,12.0,12.1 "
            "vllm=7.5,8.0,8.0+PTX,8.6,8.9,8.9+PTX,9.0,9.0+PTX,10.0,12.0"
        ),
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
    values = cli.values("build", "vllm", "--target", "runtime", "--dynamo-version", release)

    kinds = ("base-image serving", "build-arg", "label ai.dynamo.container", "pin")
    plan = {
        key: value
        for key, value in values.items()
        if key.startswith(kinds)
        and not re.search(r"UV|plugins|framework|home|target|user|plan$", key)
        and key != "pin uv"
    }
    assert plan == GOLDEN[release]


def test_a_build_of_all_frameworks_shares_the_tools(cli: Cli):
    result = cli.ok("build", "vllm", "sglang", "trtllm", "none", "--target", "runtime", "--dry-run")

    targets = list(result.definition["target"])
    assert [name for name in targets if name.endswith("tools")] == ["tools"]
    assert {f"{name}-runtime" for name in FRAMEWORKS} <= set(targets)
    assert {f"{name}-serving" for name in FRAMEWORKS} <= set(targets)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_row_of_every_release_table_is_consistent(framework):
    registry = Registry.discover()
    registry.load(framework)
    contributions = registry.call_for(framework, hookspecs.dynamo_container_releases)
    rows = [contribution.value for contribution in contributions]

    assert {"1.4.2", "1.6.1"} <= {row.dynamo for row in rows}
    for row in rows:
        assert Version(row.dynamo) >= Version("0.5.0")
        assert re.fullmatch(r"202[56]-\d\d-\d\d", row.released)
        for images in row.cuda:
            assert f"{images.version}." in f"{images.runtime}." or (
                images.version in re.sub(r"cuda(\d+\.\d+)", r"\1", images.runtime)
            )
            assert images.driver in ("525", "580")
            # The libraries of the wheels and of the image have the same major version.
            assert images.torch.partition(".")[0] in ("", images.version.partition(".")[0])


@pytest.mark.parametrize("framework", ENGINES)
def test_checks_import_the_frameworks_own_modules(framework):
    registry = Registry.discover()
    registry.load(framework)
    request = CheckRequest(framework=framework, image="x", image_info=ImageInfo(id="i", size=1))
    contributions = registry.call(hookspecs.dynamo_container_checks, request)
    checks = [contribution.value for contribution in contributions]

    imports = [check.name for check in checks if check.name.startswith("import ")]
    names = " ".join(name for name in imports if not name.endswith("if installed"))
    modules = set(re.findall(r"[\w.]+", names)) - {"import", "nixl"}
    assert modules == {"dynamo.frontend", f"dynamo.{framework}", ENGINES[framework]}


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: "-".join(path.parts[-4::3]))
def test_a_dockerfile_can_be_read_from_top_to_bottom(dockerfile):
    assert len(dockerfile.read_text().splitlines()) < 150


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_runtime_has_only_what_is_its_engines_own(framework):
    (dockerfile,) = ROOT.glob(f"plugins/{framework}/src/*/runtime/Dockerfile")
    text = dockerfile.read_text()

    assert len(text.splitlines()) <= (45 if framework == "trtllm" else 30)
    assert "FROM serving AS runtime" in text
    assert "/opt/tools/" not in text


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_plugin_is_short(framework):
    (module,) = ROOT.glob(f"plugins/{framework}/src/*/plugin.py")

    assert len(module.read_text().splitlines()) <= (150 if framework == "trtllm" else 100)


@pytest.mark.processes
def test_an_old_release_is_resolved_as_of_its_date(cli: Cli, tmp_path):
    """Without the date, 0.5.1 would get an untested transformers. This queries the index."""
    uv = shutil.which("uv") or installed_uv(tmp_path)
    values = cli.values("build", "vllm", "--target", "runtime", "--dynamo-version", "0.5.1")
    requirements = tmp_path / "requirements.in"
    requirements.write_text(values["build-arg REQUIREMENTS"].replace(" ", "\n"))

    process = subprocess.run(
        [
            uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate",
            "--python-version", "3.12", "--python-platform", "x86_64-manylinux_2_34",
            "--exclude-newer", values["build-arg RESOLVE_AS_OF"], str(requirements),
        ],
        capture_output=True, text=True, check=False, env={**os.environ, "UV_NO_CONFIG": "1"},
    )  # fmt: skip

    assert process.returncode == 0, process.stderr
    (version,) = re.findall(r"^transformers==(\S+)", process.stdout, re.MULTILINE)
    assert Version(version) < Version("4.58")
    assert "vllm==0.10.1.1" in process.stdout


def installed_uv(folder: Path) -> str:
    """Install the uv of the images in an environment of its own."""
    from dynamo_container_images.plugin import UV

    subprocess.run([sys.executable, "-m", "venv", folder / "uv"], check=True)
    pip = [folder / "uv" / "bin" / "python", "-m", "pip", "-q", "install", f"uv=={UV}"]
    subprocess.run([str(word) for word in pip], check=True)
    return str(folder / "uv" / "bin" / "uv")


def test_releases_prints_the_tables_of_all_frameworks(cli: Cli):
    tables = cli.ok("releases", "--json").json["releases"]

    assert set(FRAMEWORKS) <= set(tables)
    newest = tables["vllm"][-1]
    assert (newest["dynamo"], newest["cuda"][0]["version"]) == ("1.6.1", "13.0")


def steps() -> list[str]:
    """Return the lines of the stage `serving`, continued lines joined."""
    return SERVING.replace("\\\n", " ").splitlines()


def test_no_step_above_the_packages_mounts_secrets():
    """BuildKit 0.13 reads everything below such a step, which is gigabytes."""
    below, packages, above = "\n".join(steps()).rpartition("/opt/tools/create-venv")

    assert packages
    assert "type=secret" in below
    assert "/opt/tools/install-dynamo" in above
    assert "type=secret" not in above


def test_what_changes_most_often_is_above_what_is_large():
    """A step runs again if what it mounts has changed, and so do all steps above it."""
    mounts = [re.findall(r"from=wheels,source=([^, ]+)", step) for step in steps()]
    layers = [sources for sources in mounts if sources]

    # nvcc is installed if no wheel of PyTorch's layer brings it.
    assert layers == [
        ["/wheels/pytorch.txt"],
        ["/wheels/pytorch.txt"],
        ["/wheels/heavy.txt"],
        ["/wheels/requirements.txt", "/wheels/local"],
        ["/wheels/dynamo"],
    ]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_only_engines_that_compile_kernels_get_a_compiler_and_cuda(cli: Cli, framework):
    result = cli.ok("build", framework, "--target", "runtime", "--dry-run")

    args = result.definition["target"]["serving"]["args"]
    assert args.get("COMPILES_KERNELS", "") == ("true" if framework in ENGINES else "")
    assert ("CUDA_VERSION" in args) == (framework in ENGINES)


def test_runtime_image_is_what_serving_starts_from(cli: Cli):
    words = ("build", "vllm", "--target", "runtime", "--runtime-image", "my/cuda:1", "--dry-run")

    targets = cli.ok(*words).definition["target"]

    assert targets["serving"]["args"]["BASE_IMAGE"] == "my/cuda:1"
    assert targets["tools"]["args"]["BASE_IMAGE"] != "my/cuda:1"


@pytest.mark.processes
@pytest.mark.parametrize("framework", ["sglang", "vllm"])
def test_rows_with_the_same_engine_list_the_same_gpus(framework):
    registry = Registry.discover()
    registry.load(framework)
    rows = [one.value for one in registry.call_for(framework, hookspecs.dynamo_container_releases)]

    known: dict[str, object] = {}
    for row in rows:
        (engine,) = (wheel.version for wheel in row.wheels if wheel.name == framework)
        kernels = {images.kernels for images in row.cuda}
        assert kernels == known.setdefault(engine, kernels), row.dynamo
    default = next(row for row in rows if row.default)
    assert all("9.0" in images.gpus for images in default.cuda)
