# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The scripts that read a checkout before it is compiled, and the arguments that they get."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import dynamo_container_images
import pytest
from dynamo_container.api import Checkout, UsageError
from dynamo_container.testing import PlanBuild, plan_target, plan_values

SCRIPTS = Path(dynamo_container_images.__file__).parent / "scripts" / "bin"
DYNAMO = """
[project]
name = "ai-dynamo"
version = "1.5.0"
requires-python = ">=3.10"
dependencies = ["ai-dynamo-runtime==1.5.0", "aisimulate==0.1; python_version < '3.13'"]

[project.optional-dependencies]
vllm = ["nixl[cu13]==1.3.2", "vllm[otel]==0.27.1; python_version < '3.15'", "ray>=2.55"]
sglang = ["nixl[cu13]==1.4.0"]
"""
RUNTIME = '[project]\nname = "ai-dynamo-runtime"\nversion = "1.5.0"\n'
KVBM = '[project]\nname = "kvbm"\nversion = "1.5.0"\ndependencies = ["nixl[cu13]==1.0.1"]\n'


def run(script: str, *words: object, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / script), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


def stand_ins(folder: Path, files: dict[str, str], *, kvbm: bool = False) -> Path:
    """Write stand-ins for projects in a folder; the result is the folder of the wheels."""
    for name, text in files.items():
        path = folder / "projects" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    wheels = folder / "wheels"
    done = run("write-stand-ins", folder / "projects", wheels, ENABLE_KVBM=str(kvbm).lower())
    assert done.returncode == 0, done.stderr
    return wheels


def metadata(wheels: Path, name: str) -> list[str]:
    (wheel,) = wheels.glob(f"{name}-[0-9]*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (file,) = (one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        return archive.read(file).decode().splitlines()


@pytest.mark.processes
def test_a_stand_in_has_the_requirements_of_the_project(tmp_path: Path) -> None:
    lines = metadata(stand_ins(tmp_path, {"pyproject.toml": DYNAMO}), "ai_dynamo")

    assert {"Name: ai-dynamo", "Version: 1.5.0", "Requires-Python: >=3.10"} <= set(lines)
    assert "Requires-Dist: aisimulate==0.1; python_version < '3.13'" in lines
    assert "Requires-Dist: ray>=2.55 ; extra == 'vllm'" in lines
    wanted = "Requires-Dist: vllm[otel]==0.27.1 ; (python_version < '3.15') and extra == 'vllm'"
    assert wanted in lines


@pytest.mark.processes
@pytest.mark.parametrize("place", ["bindings/kvbm", "kvbm"])
@pytest.mark.parametrize("kvbm", [True, False])
def test_kvbm_is_resolved_only_if_it_is_compiled(tmp_path: Path, place: str, *, kvbm: bool) -> None:
    files = {"pyproject.toml": DYNAMO, f"{place}/pyproject.toml": KVBM}

    wheels = stand_ins(tmp_path, files, kvbm=kvbm)

    assert bool(list(wheels.glob("kvbm-*.whl"))) == kvbm


@pytest.mark.processes
@pytest.mark.parametrize(
    ("crate", "version"),
    [
        ('[package]\nversion = "1.5.0-rc.2"\n', "1.5.0rc2"),
        ('[package]\nversion = "1.5.0-dev"\n', "1.5.0.dev0"),
        ("[package]\nversion.workspace = true\n", "1.9.0"),
    ],
)
def test_the_version_may_be_that_of_the_crate(tmp_path: Path, crate: str, version: str) -> None:
    project = '[project]\nname = "ai-dynamo-runtime"\ndynamic = ["version"]\n'
    files = {
        "Cargo.toml": '[workspace.package]\nversion = "1.9.0"\n',
        "bindings/python/pyproject.toml": project,
        "bindings/python/Cargo.toml": crate,
    }

    assert f"Version: {version}" in metadata(stand_ins(tmp_path, files), "ai_dynamo_runtime")


@pytest.mark.processes
def test_the_same_requirements_give_the_same_bytes(tmp_path: Path) -> None:
    first = stand_ins(tmp_path / "a", {"pyproject.toml": DYNAMO})
    later = stand_ins(tmp_path / "b", {"pyproject.toml": f"{DYNAMO}\n[tool.other]\nx = 1\n"})

    assert [one.read_bytes() for one in first.iterdir()] == [
        one.read_bytes() for one in later.iterdir()
    ]


@pytest.mark.processes
@pytest.mark.parametrize(
    ("extra", "exact"),
    [
        ("[vllm]", ["nixl[cu13]==1.3.2", "vllm[otel]==0.27.1; (python_version < '3.15')"]),
        ("[sglang]", ["nixl[cu13]==1.4.0"]),
        ("", []),
    ],
)
def test_what_the_checkout_requires_exactly_decides(
    tmp_path: Path, extra: str, exact: list[str]
) -> None:
    files = {
        "pyproject.toml": DYNAMO,
        "bindings/python/pyproject.toml": RUNTIME,
        "bindings/kvbm/pyproject.toml": KVBM,
    }
    wheels = stand_ins(tmp_path, files, kvbm=True)
    overrides = tmp_path / "overrides.txt"
    overrides.write_text("aisimulate; python_version < '0'\n")

    done = run("exact-requirements", overrides, f"ai-dynamo{extra}", wheels)

    # What is compiled is not on an index, and what the row leaves out stays out.
    assert done.stdout.splitlines() == exact


def test_a_checkout_is_compiled_with_the_features_of_dynamos_own_wheels(
    plan_build: PlanBuild, tmp_path: Path
) -> None:
    checkout = Checkout(path=tmp_path, release="1.5.0", version="1.5.0")
    plain = plan_values(plan_build("none", checkout=checkout, dynamo_version="1.5.0"))
    more = plan_values(
        plan_build("none", checkout=checkout, options={"cargo_features": "media-ffmpeg, nvtx"})
    )

    assert "kv-indexer" in plain["build-arg CARGO_FEATURES"].split()
    assert "build-arg MORE_CARGO_FEATURES" not in plain
    assert more["build-arg MORE_CARGO_FEATURES"] == "media-ffmpeg nvtx"
    assert "build-arg CARGO_FEATURES" not in plan_values(plan_build("none"))


@pytest.mark.parametrize("names", ["--release", "a,b;c", "x y'z"])
def test_features_are_names(plan_build: PlanBuild, tmp_path: Path, names: str) -> None:
    checkout = Checkout(path=tmp_path, release="1.5.0", version="1.5.0")

    with pytest.raises(UsageError, match="not a valid name of a feature"):
        plan_build("none", checkout=checkout, options={"cargo_features": names})
    with pytest.raises(UsageError, match="--cargo-features requires a checkout"):
        plan_build("none", options={"cargo_features": "nvtx"})


def test_each_checkout_has_a_cache_of_its_own_and_the_same_plan(
    plan_build: PlanBuild, tmp_path: Path
) -> None:
    plans = [
        plan_build(
            "none", checkout=Checkout(path=tmp_path / name, release="1.5.0", version="1.5.0")
        )
        for name in ("a", "b", "a")
    ]
    keys = [next(one.setting for one in plan.secrets if one.id == "checkout") for plan in plans]

    assert keys[0] != keys[1]
    assert keys[0] == keys[2]
    assert len({plan.images[0].plan_hash for plan in plans}) == 1


def test_dev_has_what_the_tests_of_a_checkout_require(
    plan_build: PlanBuild, tmp_path: Path
) -> None:
    checkout = Checkout(path=tmp_path, release="1.5.0", version="1.5.0")

    with_checkout = plan_build("none", "dev", checkout=checkout)
    without = plan_build("none", "dev")

    assert plan_target(with_checkout, "checkout-requirements").context == tmp_path
    contexts = [context.name for context in plan_target(with_checkout, "dev").contexts]
    assert "checkout-requirements" in contexts
    assert "checkout-requirements" not in {target.stage for target in without.targets}
    runtime = plan_build("none", checkout=checkout)
    assert "checkout-requirements" not in {target.stage for target in runtime.targets}
