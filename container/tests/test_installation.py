# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The scripts that resolve and install packages, run as the steps of a build run them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from running import Docker

pytestmark = pytest.mark.engine

PYTORCHS = "nvidia-nvtx-cu12==12.8.90"
REQUIREMENTS = f"{PYTORCHS} nvidia-ml-py==13.580.82 six==1.17.0"
CACHE = "/root/.cache/uv"
CREATE = "/opt/tools/create-venv /opt/dynamo/venv /wheels/{}"
# Every path with its mode and group, and for packages the inode, which an installation changes.
LISTING = "cd /opt/dynamo && find . -printf '%m %g %P\\n' | sort"
INODES = "stat -c '%i %n' /opt/dynamo/venv/lib/python3*/site-packages/*.dist-info/METADATA"

Step = Callable[..., str]


@pytest.fixture
def tools(cli, docker: Docker, tag, engine_environment) -> str:
    """The image of the stage `tools`."""
    name: str = tag("tools")
    options = ("--base-image", docker.base_image, "--tag", name, "--no-latest")
    cli.ok("build", "none", "--target", "tools", *options, "--progress", "quiet")
    return name


@pytest.fixture
def step(docker: Docker, tools: str, tmp_path: Path) -> Step:
    """Run a script in a new container; all of them share the cache and the wheels."""
    bundle = ["-v", f"{docker.ca_bundle}:/run/secrets/ca-bundle:ro"] if docker.ca_bundle else []
    mounts = ["-v", f"{tmp_path}/uv:{CACHE}", "-v", f"{tmp_path}/wheels:/wheels", *bundle]

    def run(*lines: str) -> str:
        return docker.run(
            "run", "--rm", *mounts, "-e", f"REQUIREMENTS={REQUIREMENTS}", tools,
            "sh", "-c", "; ".join(["set -e", *lines]),
        )  # fmt: skip

    return run


def distributions(text: str) -> set[str]:
    """Return the distributions whose metadata is in a listing."""
    return set(re.findall(r"([a-z_0-9]+)-[0-9.]+\.dist-info/METADATA", text))


def kept(folder: Path) -> set[str]:
    """Return the distributions in the step's cache."""
    paths = folder.glob("uv/archive-v0/*/*.dist-info/METADATA")
    return distributions("\n".join(str(path) for path in paths))


def test_pytorch_is_installed_first_and_not_again(step: Step, tmp_path):
    step("with-index resolve /wheels")

    pinned = {
        file.name: [line.split()[0] for line in file.read_text().splitlines() if "==" in line]
        for file in (tmp_path / "wheels").glob("*.txt")
    }
    assert pinned["pytorch.txt"] == [PYTORCHS]
    assert set(REQUIREMENTS.split()) < set(pinned["requirements.txt"])

    first, both = (
        part.splitlines()
        for part in step(
            CREATE.format("pytorch.txt"), INODES, "echo ---",
            CREATE.format("requirements.txt"), INODES,
        ).split("---\n")
    )  # fmt: skip

    assert distributions("\n".join(first)) == {"nvidia_nvtx_cu12"}
    assert set(first) < set(both)
    assert {"nvidia_ml_py", "six"} < distributions("\n".join(both))


def names(file: Path) -> list[str]:
    """Return the names of the packages in a file of requirements."""
    return re.findall(r"^([\w.-]+)(?:\[.*\])?==", file.read_text(), re.MULTILINE)


def test_packages_are_heavy_by_the_size_that_the_index_states(step: Step, tmp_path):
    limits = ("1000000", "30000", "1000000000", "")

    step(
        "with-index resolve /wheels",
        *(
            f"HEAVY_WHEELS={limit} with-index split-requirements /wheels"
            f" && mv /wheels/heavy.txt /wheels/heavy-{limit}.txt"
            for limit in limits
        ),
    )

    wheels = tmp_path / "wheels"
    assert {limit: names(wheels / f"heavy-{limit}.txt") for limit in limits} == {
        "1000000": ["pip"],
        # A package of PyTorch's layer is in no other one.
        "30000": ["nvidia-ml-py", "pip"],
        "1000000000": [],
        "": [],
    }
    everything = ["nvidia-ml-py", "nvidia-nvtx-cu12", "pip", "six"]
    assert names(wheels / "requirements.txt") == everything


LOCKED = (
    "early==1.0.dev3 --hash=sha256:0",
    "heavy[extra]==1.17.0 --hash=sha256:1",
    "light==1.17.0 --hash=sha256:2",
    "nightly==3.9.10.post20261028 ; platform_machine == 'x86_64' --hash=sha256:3",
    "postal==2.post20 --hash=sha256:4",
    "torch==1 --hash=sha256:5",
    "unknown==1 --hash=sha256:6",
)


def test_of_a_lock_packages_are_heavy_by_the_size_in_the_lock(step: Step, tmp_path):
    step(
        f'export LOCKED_WHEELS="{"|".join(LOCKED)}"',
        "export LOCKED_SIZES='light=9 heavy=11 nightly=12 early=12 postal=12 torch=12'",
        "HEAVY_WHEELS=10 with-index resolve /wheels",
    )

    assert names(tmp_path / "wheels" / "heavy.txt") == ["heavy", "postal"]


# What is in a layer: paths, owners, modes, times and contents.
LAYER = (
    "cd /opt/dynamo; find . -printf '%p %u %g %m %T@ %l\\n' | sort;"
    " find . -type f -exec sha256sum {} + | sort"
)


def test_a_list_is_installed_the_same_whatever_is_installed_below(step: Step, tmp_path):
    """Without a lock, too, and whether files are linked or copied from the cache."""
    step("HEAVY_WHEELS=1000000 with-index resolve /wheels")
    own = "grep -e /pip -e bin/pip"
    heavy = f"{CREATE.format('heavy.txt')} && /opt/tools/settle"

    alone = step(heavy, f"({LAYER}) | {own}")
    above = step(CREATE.format("pytorch.txt"), heavy, f"({LAYER}) | {own}")

    assert alone == above
    assert "/pip/__pycache__/__main__.cpython" in alone
    assert set(re.findall(r" (\d{10}\.\d+) ", alone)) == {"1577836800.0000000000"}


def test_the_cache_keeps_packages_from_the_second_installation_on(step: Step, tmp_path):
    step("with-index resolve /wheels")

    once = step(CREATE.format("requirements.txt"), LISTING)
    assert kept(tmp_path) == set()

    again = step(CREATE.format("requirements.txt"), LISTING)
    assert {"nvidia_ml_py", "six"} < kept(tmp_path)

    assert once == again
    assert "uv-cache" not in once
    assert [
        line for line in once.splitlines() if not re.match(r"[0-9]?.[67]. root |777 ", line)
    ] == []


CHANGES = {
    "longer": ("echo 'import os' >>{}/six.py", "six.py has another size"),
    "of the same size": (
        "sed -i '1s/Copyright/copyright/' {}/six.py",
        "six.py has another content",
    ),
    "removed": ("rm {}/six.py", "six.py is missing"),
    "new": ("echo 'import os' >{}/evil.pth", "evil.pth belongs to no package"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_code_that_was_changed_in_the_cache_is_not_installed(step: Step, change):
    script, message = CHANGES[change]
    create = CREATE.format("requirements.txt")
    step("with-index resolve /wheels", create)
    # The cache keeps packages from the second installation on.
    step(create)

    out = step(
        script.format(f"$(dirname {CACHE}/archive-v0/*/six-*.dist-info)"),
        f"{create} 2>&1 && echo installed || echo refused",
    ).splitlines()

    assert out[-1] == "refused"
    assert message in "\n".join(out)


@pytest.mark.parametrize(
    ("requirement", "arguments", "installs"),
    [
        ("nvidia-cuda-nvcc-cu12==12.8.93", "COMPILES_KERNELS=true CUDA_VERSION=12.8", True),
        ("nvidia-cuda-nvcc==13.0.88", "COMPILES_KERNELS=true CUDA_VERSION=12.8", False),
        ("nvidia-cuda-nvcc-cu12==12.8.93", "CUDA_VERSION=12.8", False),
        ("nvidia-cuda-nvcc-cu12==12.8.93", "COMPILES_KERNELS=true", False),
    ],
)
def test_nvcc_is_installed_for_engines_that_compile_kernels_if_no_wheel_brings_it(
    step: Step, tmp_path, requirement, arguments, installs
):
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "pytorch.txt").write_text(f"{requirement}\n")

    out = step(f"{arguments} /opt/tools/install-nvcc /wheels/pytorch.txt 2>&1")

    # Debian itself does not have the package.
    assert ("this distribution has no package cuda-nvcc-12-8" in out) == installs


def test_steps_for_engines_change_nothing_without_an_engine(step: Step, tmp_path):
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "pytorch.txt").write_text("# python 3.13\n")

    out = step(
        CREATE.format("pytorch.txt"),
        "/opt/tools/link-cuda /opt/dynamo/venv /opt/dynamo/cuda",
        "ls /opt",
    )

    assert out == "tools"


@pytest.mark.parametrize("arguments", ["", "COMPILE_PACKAGES='pip missing'"])
def test_bytecode_is_compiled_unless_an_engine_names_the_packages(step: Step, arguments):
    site = "/opt/dynamo/venv/lib/python3*/site-packages"

    out = step(
        "with-index resolve /wheels",
        f"{arguments} {CREATE.format('requirements.txt')}",
        f"cd {site}; ls -d __pycache__/* pip/__pycache__/__main__.* || true",
    )

    assert "__pycache__/six.cpython" in out or arguments
    assert "pip/__pycache__/__main__.cpython" in out
