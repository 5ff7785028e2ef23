# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin `trtllm`: where TensorRT-LLM's wheel comes from."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from dynamo_container.api import Checkout, UsageError
from dynamo_container.testing import (
    BuildPlan,
    Cli,
    PlanBuild,
    plan_target,
    plan_values,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WHEEL = "tensorrt-llm-wheel"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a wheel and its commit, as a build of TensorRT-LLM leaves it."""
    path = tmp_path / "wheels"
    path.mkdir()
    write_wheel(path, "1.3.0rc22")
    (path / "commit.txt").write_text(f"x86_64_{COMMIT}\n")
    return path


def write_wheel(folder: Path, version: str) -> None:
    """Write a wheel of `tensorrt-llm` that contains only its version."""
    info = f"tensorrt_llm-{version}.dist-info"
    members = {
        "tensorrt_llm/__init__.py": f"__version__ = {version!r}\nBUILT_HERE = True\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tensorrt-llm\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in (*members, f"{info}/RECORD"))
    wheel = folder / f"tensorrt_llm-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in {**members, f"{info}/RECORD": record}.items():
            archive.writestr(name, text)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def wheel_args(plan: BuildPlan) -> dict[str, str]:
    """Return the arguments of the stage that provides the wheel."""
    return dict(plan_target(plan, WHEEL).args)


def test_wheel_comes_from_nvidias_index_by_default(plan_build: PlanBuild) -> None:
    plan = plan_build("trtllm")

    assert plan_target(plan, WHEEL).dockerfile_target == "from-index"
    assert wheel_args(plan)["TENSORRTLLM_WHEEL"] == "tensorrt-llm==1.3.0rc29"
    assert wheel_args(plan)["TENSORRTLLM_INDEX_URL"] == "https://pypi.nvidia.com"
    assert plan_values(plan)["build-arg REQUIREMENTS"] == (
        "ai-dynamo[trtllm]==1.6.1 cuda-toolkit[cccl,crt,nvcc,nvvm]==13.0.3 tensorrt-llm==1.3.0rc29"
    )


def test_wheels_are_resolved_with_the_wheel_of_that_stage(plan_build: PlanBuild) -> None:
    contexts = plan_target(plan_build("trtllm"), "wheels").contexts

    assert [(context.name, context.source) for context in contexts] == [
        ("tools", f"target:trtllm-{WHEEL}")
    ]


def test_no_other_stage_uses_nvidias_index(plan_build: PlanBuild) -> None:
    plan = plan_build("trtllm", index_url="https://index.example/simple")

    users = [target.stage for target in plan.targets if "pypi.nvidia.com" in str(target.args)]
    assert users == [WHEEL]


def test_another_version_can_come_from_another_index(plan_build: PlanBuild) -> None:
    options = {
        "tensorrtllm_pip_wheel": "tensorrt-llm==1.1.0rc3",
        "tensorrtllm_index_url": "https://index.example/simple",
    }
    plan = plan_build("trtllm", options=options)

    assert wheel_args(plan)["TENSORRTLLM_WHEEL"] == "tensorrt-llm==1.1.0rc3"
    assert wheel_args(plan)["TENSORRTLLM_INDEX_URL"] == "https://index.example/simple"
    assert "tensorrt-llm==1.1.0rc3" in plan_values(plan)["build-arg REQUIREMENTS"].split()


def test_build_looks_up_the_wheel_that_an_unknown_release_requires(plan_build: PlanBuild) -> None:
    plan = plan_build("trtllm", dynamo_version="9.0")

    assert wheel_args(plan)["TENSORRTLLM_WHEEL"] == "ai-dynamo==9.0"
    assert plan_values(plan)["build-arg REQUIREMENTS"] == "ai-dynamo[trtllm]==9.0"


def test_checkout_states_the_wheel_that_it_requires(plan_build: PlanBuild, tmp_path: Path) -> None:
    """The release of a checkout is not on an index yet, so the build cannot look it up there."""
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "ai-dynamo"\nversion = "9.0"\n'
        '[project.optional-dependencies]\ntrtllm = ["uvloop", "tensorrt-llm==1.4.0rc3"]\n'
    )
    checkout = Checkout(path=tmp_path, release="9.0", version="9.0", digest="0")

    plan = plan_build("trtllm", checkout=checkout, dynamo_version="9.0")

    assert wheel_args(plan)["TENSORRTLLM_WHEEL"] == "tensorrt-llm==1.4.0rc3"


def test_wheel_of_a_folder_is_used(plan_build: PlanBuild, folder: Path) -> None:
    before = contents(folder)

    plan = plan_build("trtllm", options={"tensorrtllm_pip_wheel_dir": folder})

    assert plan_target(plan, WHEEL).dockerfile_target == "from-directory"
    assert plan_target(plan, WHEEL).context == folder
    assert contents(folder) == before


def test_wheel_of_a_folder_is_used_if_it_is_of_the_requested_commit(
    plan_build: PlanBuild, folder: Path
) -> None:
    options = {"tensorrtllm_pip_wheel_dir": folder, "tensorrtllm_commit": COMMIT}

    plan = plan_build("trtllm", options=options)

    assert plan_target(plan, WHEEL).dockerfile_target == "from-directory"


def test_wheel_of_another_commit_is_refused_and_not_changed(
    plan_build: PlanBuild, folder: Path
) -> None:
    before = contents(folder)
    options = {"tensorrtllm_pip_wheel_dir": folder, "tensorrtllm_commit": "f" * 40}

    with pytest.raises(UsageError, match=rf"not of commit {'f' * 40}: commit.txt .*{COMMIT}"):
        plan_build("trtllm", options=options)

    assert contents(folder) == before


def test_wheel_with_an_unreadable_commit_is_refused(plan_build: PlanBuild, folder: Path) -> None:
    (folder / "commit.txt").write_bytes(b"\xff\xfe")
    options = {"tensorrtllm_pip_wheel_dir": folder, "tensorrtllm_commit": COMMIT}

    with pytest.raises(UsageError, match=f"is not of commit {COMMIT}"):
        plan_build("trtllm", options=options)


def test_folder_without_a_wheel_is_refused(plan_build: PlanBuild, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"one wheel of tensorrt-llm"):
        plan_build("trtllm", options={"tensorrtllm_pip_wheel_dir": tmp_path})


def test_commit_is_compiled_with_the_cuda_toolkit(plan_build: PlanBuild) -> None:
    options = {
        "tensorrtllm_commit": COMMIT,
        "tensorrtllm_git_url": "https://git.example/trt.git",
    }
    plan = plan_build("trtllm", options=options, max_jobs=3)

    args = wheel_args(plan)
    assert args["TENSORRTLLM_COMMIT"] == COMMIT
    assert args["TENSORRTLLM_GIT_URL"] == "https://git.example/trt.git"
    # Another number compiles nothing again.
    assert "MAX_JOBS" not in args
    assert "max-jobs" in plan_target(plan, WHEEL).secrets
    assert "devel" in args["BASE_IMAGE"]
    assert plan_target(plan, WHEEL).dockerfile.match("source/Dockerfile")
    assert "tensorrt-llm==" not in plan_values(plan)["build-arg REQUIREMENTS"]


def test_flag_selects_the_experimental_commit(plan_build: PlanBuild) -> None:
    flag = {"use_default_experimental_tensorrtllm_commit": True}

    plan = plan_build("trtllm", options=flag)

    assert wheel_args(plan)["TENSORRTLLM_COMMIT"] == "e81c50dbd2811ec858eccc2c71b5e7a330ff7e24"


@pytest.mark.parametrize("what", ["complete", "no commit.txt", "not a folder", "a link"])
def test_the_old_folder_is_used_only_if_it_is_named(
    plan_build: PlanBuild, folder: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    old = folder
    if what == "no commit.txt":
        (folder / "commit.txt").unlink()
    elif what == "not a folder":
        old = folder / "commit.txt"
    elif what == "a link":
        old = folder.parent / "link"
        old.symlink_to(folder)
    monkeypatch.setattr("dynamo_container_trtllm.wheel.OLD_DIRECTORY", old)

    plan = plan_build("trtllm", options={"tensorrtllm_commit": COMMIT})

    assert wheel_args(plan)["TENSORRTLLM_COMMIT"] == COMMIT
    assert plan_target(plan, WHEEL).context != folder
    assert any(f"--tensorrtllm-pip-wheel-dir {old}" in warning for warning in plan.warnings)


def test_no_warning_about_the_old_folder_if_it_does_not_matter(
    plan_build: PlanBuild, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dynamo_container_trtllm.wheel.OLD_DIRECTORY", folder)
    named = {"tensorrtllm_commit": COMMIT, "tensorrtllm_pip_wheel_dir": str(folder)}

    for options in ({}, named):
        assert str(folder) not in " ".join(plan_build("trtllm", options=options).warnings)


@pytest.mark.parametrize(
    ("flag", "other"),
    [
        ("--tensorrtllm-pip-wheel=tensorrt-llm==1", f"--tensorrtllm-commit={COMMIT}"),
        (f"--tensorrtllm-commit={COMMIT}", "--use-default-experimental-tensorrtllm-commit"),
        ("--tensorrtllm-index-url=https://index.example", f"--tensorrtllm-commit={COMMIT}"),
    ],
)
def test_options_for_different_origins_exclude_each_other(cli: Cli, flag: str, other: str) -> None:
    result = cli("build", "trtllm", flag, other, "--dry-run")

    assert result.status == 2
    assert flag.partition("=")[0] in result.err
    assert other.partition("=")[0] in result.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tensorrtllm_git_url": "https://git.example/trt.git"}, "--tensorrtllm-git-url .*commit"),
        ({"tensorrtllm_pip_wheel": "vllm==1"}, "--tensorrtllm-pip-wheel 'vllm==1'"),
        ({"tensorrtllm_pip_wheel": "tensorrt-llm==1.1 other"}, "'1.1 other'"),
        ({"tensorrtllm_index_url": "https://u:p@index.example"}, "credentials"),
    ],
)
def test_invalid_options_are_refused(
    plan_build: PlanBuild, options: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        plan_build("trtllm", options=options)


def test_transfer_of_kv_caches_by_nixl_is_an_argument_of_the_image(plan_build: PlanBuild) -> None:
    plan = plan_build("trtllm", options={"trtllm_use_nixl_kvcache_experimental": True})

    args = dict(plan_target(plan, "runtime").args)
    assert args["TRTLLM_USE_NIXL_KVCACHE_EXPERIMENTAL"] == "1"


def test_options_cannot_be_used_with_another_framework(cli: Cli) -> None:
    result = cli("build", "none", "--tensorrtllm-commit", COMMIT, "--dry-run")

    assert result.status == 2
    assert "--tensorrtllm-commit" in result.err
    assert "trtllm" in result.err


@pytest.mark.engine
@pytest.mark.usefixtures("engine_environment")
def test_image_contains_the_wheel_of_a_folder(cli: Cli, docker, tag, folder: Path) -> None:
    image = tag("trtllm")
    before = contents(folder)
    base = ("--base-image", docker.base_image, "--tag", image, "--no-latest")
    wheel = ("--tensorrtllm-pip-wheel-dir", str(folder), "--tensorrtllm-commit", COMMIT)

    cli.ok("build", "trtllm", "--target", "runtime", *base, "--no-enable-kvbm", *wheel)

    script = "import tensorrt_llm; print(tensorrt_llm.__version__, tensorrt_llm.BUILT_HERE)"
    assert docker.run("run", "--rm", image, "python", "-c", script) == "1.3.0rc22 True"
    assert docker.run("run", "--rm", image, "sh", "-c", "command -v mpirun ssh sshd") != ""
    assert re.search("ok +versions ", cli("check", image).out)
    assert contents(folder) == before
