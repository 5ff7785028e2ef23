# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin `trtllm`: where TensorRT-LLM's wheel comes from."""

from __future__ import annotations

from pathlib import Path

import package_index
import pytest
from dynamo_container.testing import PluginContract
from dynamo_container_trtllm import wheel
from running import Cli, Docker, Result

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WHEEL_STAGE = "trtllm-tensorrt-llm-wheel"


class TestContract(PluginContract):
    distribution = "dynamo-container-trtllm"
    build_targets = ()  # the wheel is on NVIDIA's own index


def planned(cli: Cli, *words: str) -> Result:
    return cli.ok("build", "trtllm", "--target", "runtime", *words, "--dry-run")


def refused(cli: Cli, *words: str) -> str:
    result = cli("build", "trtllm", "--target", "runtime", *words, "--dry-run")
    assert result.status == 2, result.out + result.err
    return result.err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory with a wheel and its commit, as a build of TensorRT-LLM leaves it."""
    path = tmp_path / "wheels"
    path.mkdir()
    package_index.write_wheel(path, "tensorrt-llm", "1.3.0rc22", body="BUILT_HERE = True")
    (path / "commit.txt").write_text(f"x86_64_{COMMIT}\n")
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_without_an_option_the_wheel_comes_from_nvidias_index(cli):
    targets = planned(cli).definition["target"]

    stage = targets[WHEEL_STAGE]
    assert stage["target"] == "from-index"
    assert stage["args"]["TENSORRTLLM_WHEEL"] == "tensorrt-llm==1.3.0rc22"
    assert stage["args"]["TENSORRTLLM_INDEX_URL"] == "https://pypi.nvidia.com"
    assert targets["wheels"]["contexts"] == {"tools": f"target:{WHEEL_STAGE}"}
    assert targets["wheels"]["args"]["REQUIREMENTS"] == (
        "ai-dynamo[trtllm]==1.4.2 cuda-toolkit[cccl,crt,nvcc,nvvm]==13.0.2 "
        "kvbm==1.4.2 tensorrt-llm==1.3.0rc22"
    )


def test_no_other_stage_is_given_nvidias_index(cli):
    targets = planned(cli, "--index-url", "https://my.index/simple").definition["target"]

    holders = [name for name, one in targets.items() if "pypi.nvidia.com" in str(one)]
    assert holders == [WHEEL_STAGE]


def test_another_version_and_another_index(cli):
    words = (wheel.PIP_WHEEL, "tensorrt-llm==1.1.0rc3", wheel.INDEX, "https://my.index/simple")
    targets = planned(cli, *words).definition["target"]

    args = targets[WHEEL_STAGE]["args"]
    assert args["TENSORRTLLM_WHEEL"] == "tensorrt-llm==1.1.0rc3"
    assert args["TENSORRTLLM_INDEX_URL"] == "https://my.index/simple"
    assert "tensorrt-llm==1.1.0rc3" in targets["wheels"]["args"]["REQUIREMENTS"]


def test_a_release_that_is_not_in_the_table_says_itself_which_wheel_it_asks_for(cli):
    targets = planned(cli, "--dynamo-version", "9.0").definition["target"]

    assert targets[WHEEL_STAGE]["args"]["TENSORRTLLM_WHEEL"] == "ai-dynamo==9.0"
    assert targets["wheels"]["args"]["REQUIREMENTS"] == "ai-dynamo[trtllm]==9.0 kvbm==9.0"


@pytest.mark.processes
def test_a_checkout_says_itself_which_wheel_it_asks_for(cli, tmp_path):
    """Its own release is on no index yet, where it could be looked up."""
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "ai-dynamo"\nversion = "9.0"\n'
        '[project.optional-dependencies]\ntrtllm = ["uvloop", "tensorrt-llm==1.4.0rc3"]\n'
    )
    targets = planned(cli, "--source", str(tmp_path)).definition["target"]

    assert targets[WHEEL_STAGE]["args"]["TENSORRTLLM_WHEEL"] == "tensorrt-llm==1.4.0rc3"


def test_the_wheel_of_a_directory(cli, folder):
    before = contents(folder)
    targets = planned(cli, wheel.PIP_WHEEL_DIR, str(folder)).definition["target"]

    assert targets[WHEEL_STAGE]["target"] == "from-directory"
    assert targets[WHEEL_STAGE]["context"] == str(folder)
    assert contents(folder) == before


def test_a_directory_of_another_commit_is_left_as_it_is_and_that_is_told(cli, folder):
    before = contents(folder)
    said = refused(cli, wheel.PIP_WHEEL_DIR, str(folder), wheel.COMMIT, "f" * 40)

    assert f"commit.txt there says {COMMIT}" in said
    assert "left as it is" in said
    assert contents(folder) == before


def test_the_commit_of_a_directory_is_the_wanted_one(cli, folder):
    words = (wheel.PIP_WHEEL_DIR, str(folder), wheel.COMMIT, COMMIT)

    targets = planned(cli, *words).definition["target"]

    assert targets[WHEEL_STAGE]["target"] == "from-directory"


def test_a_directory_without_its_wheel_is_told(cli, tmp_path):
    said = refused(cli, wheel.PIP_WHEEL_DIR, str(tmp_path))

    assert "has to have one wheel of tensorrt-llm, and has none at all" in said


def test_a_commit_is_compiled_on_the_toolkits_image(cli):
    words = (wheel.COMMIT, COMMIT, wheel.GIT, "https://my.git/trt.git")
    targets = planned(cli, *words, "--max-jobs", "3").definition["target"]

    args = targets[WHEEL_STAGE]["args"]
    assert args["TENSORRTLLM_COMMIT"] == COMMIT
    assert args["TENSORRTLLM_GIT_URL"] == "https://my.git/trt.git"
    assert args["MAX_JOBS"] == "3"
    assert "devel" in args["BASE_IMAGE"]
    assert targets[WHEEL_STAGE]["dockerfile"].endswith("source/Dockerfile")
    assert "tensorrt-llm==" not in targets["wheels"]["args"]["REQUIREMENTS"]


def test_the_default_commit_is_the_experimental_one(cli):
    targets = planned(cli, wheel.DEFAULT_COMMIT).definition["target"]

    args = targets[WHEEL_STAGE]["args"]
    assert args["TENSORRTLLM_COMMIT"] == wheel.EXPERIMENTAL_COMMIT


def test_a_commit_that_was_built_before_is_taken_and_told(cli, folder, monkeypatch):
    monkeypatch.setattr(wheel, "DIRECTORY", folder)

    result = planned(cli, wheel.COMMIT, COMMIT)

    assert result.definition["target"][WHEEL_STAGE]["context"] == str(folder)
    assert "is of that commit, and is taken" in result.err


def test_a_commit_whose_earlier_build_left_no_wheel_is_compiled(cli, folder, monkeypatch):
    monkeypatch.setattr(wheel, "DIRECTORY", folder)
    (left,) = folder.glob("*.whl")
    left.unlink()

    targets = planned(cli, wheel.COMMIT, COMMIT).definition["target"]

    assert targets[WHEEL_STAGE]["args"]["TENSORRTLLM_COMMIT"] == COMMIT


def test_a_commit_file_that_is_no_text_is_of_another_commit(cli, folder):
    (folder / "commit.txt").write_bytes(b"\xff\xfe")

    said = refused(cli, wheel.PIP_WHEEL_DIR, str(folder), wheel.COMMIT, COMMIT)

    assert f"is not of commit {COMMIT}" in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((wheel.PIP_WHEEL, "tensorrt-llm==1", wheel.COMMIT, COMMIT), "exclude each other"),
        ((wheel.COMMIT, COMMIT, wheel.DEFAULT_COMMIT), "exclude each other"),
        ((wheel.INDEX, "https://a.b/c", wheel.COMMIT, COMMIT), "exclude each other"),
        ((wheel.GIT, "https://a.b/c"), "means nothing without a commit"),
        ((wheel.PIP_WHEEL, "vllm==1"), "names no version of tensorrt-llm"),
        ((wheel.PIP_WHEEL, "tensorrt-llm==1.1 other"), "'1.1 other' is no version"),
        ((wheel.INDEX, "https://u:p@a.b/c"), "has credentials in it"),
    ],
)
def test_options_that_make_no_sense_together_are_told(cli, words, says):
    assert says in refused(cli, *words)


def test_the_kv_cache_by_nixl_is_an_argument_of_the_image(cli):
    targets = planned(cli, "--trtllm-use-nixl-kvcache-experimental").definition["target"]

    assert targets["trtllm-runtime"]["args"]["TRTLLM_USE_NIXL_KVCACHE_EXPERIMENTAL"] == "1"


def test_its_options_mean_nothing_for_another_framework(cli):
    result = cli("build", "none", wheel.COMMIT, COMMIT, "--dry-run")

    assert result.status == 2
    assert "option of the plugin 'trtllm', which is not selected" in result.err


@pytest.mark.engine
@pytest.mark.usefixtures("engine_environment")
def test_the_wheel_of_a_directory_is_what_the_image_has(cli, docker: Docker, tag, folder):
    image = tag("trtllm")
    before = contents(folder)
    base = ("--base-image", docker.base_image, "--tag", image, "--no-latest")

    cli.ok(
        "build", "trtllm", "--target", "runtime", *base, "--no-enable-kvbm",
        wheel.PIP_WHEEL_DIR, str(folder), wheel.COMMIT, COMMIT, "--progress", "quiet",
    )  # fmt: skip

    ask = "import tensorrt_llm; print(tensorrt_llm.__version__, tensorrt_llm.BUILT_HERE)"
    assert docker.run("run", "--rm", image, "python", "-c", ask) == "1.3.0rc22 True"
    assert contents(folder) == before
    assert "ok       versions are the plan's" in cli("check", image).out
    assert docker.run("run", "--rm", image, "sh", "-c", "command -v mpirun ssh sshd") != ""
