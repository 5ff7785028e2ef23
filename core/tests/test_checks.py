# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The checks that plugins share, run as they run in an image."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys

import pytest
from dynamo_container.model.facts import ImageInfo
from dynamo_container.model.requests import CheckRequest
from dynamo_container.model.values import Override
from dynamo_container.plugins.checks import as_pinned, packages_agree

LOOKED = "Checked 2 packages in 1ms"
REQUIRES = f"{LOOKED}\nThe package `kvbm` requires `nixl[cu13]==1.0.1`, but `1.3.2` is installed"
BROKEN = f"{LOOKED}\nThe package `idna` is broken or incomplete (unable to read `METADATA`)"


@pytest.fixture
def passes(tmp_path):
    """Whether packages_agree passes if `uv pip check` prints this; None for no uv at all."""

    def run(report: str | None, *excluded: str) -> bool:
        uv = tmp_path / "uv"
        uv.write_text(f"#!/bin/sh\ncat <<'EOF'\n{report}\nEOF\nexit 1\n")
        uv.chmod(0o755 if report is not None else 0o644)
        path = f"{tmp_path}:/usr/bin:/bin"
        process = subprocess.run(
            packages_agree(*excluded).argv,
            env={**os.environ, "PATH": path}, capture_output=True, check=False,
        )  # fmt: skip
        return process.returncode == 0

    return run


@pytest.mark.processes
def test_packages_agree_if_uv_finds_nothing(passes):
    assert passes(f"{LOOKED}\nAll installed packages are compatible")


@pytest.mark.processes
@pytest.mark.parametrize("report", [REQUIRES, BROKEN])
def test_unmet_requirements_and_broken_packages_fail(passes, report):
    assert not passes(report)


@pytest.mark.processes
def test_only_excluded_packages_can_have_another_version(passes):
    assert passes(REQUIRES, "nixl")
    assert not passes(REQUIRES, "nix")
    assert not passes(f"{REQUIRES}\nThe package `a` requires `b`, but it's not installed", "nixl")


def test_the_name_of_the_check_has_the_reasons_of_exceptions():
    check = packages_agree(
        overrides=(Override(requirement="nixl==1"), Override(requirement="a==1", reason="why"))
    )

    assert check.name == "packages agree, except a (why)"
    assert "`nixl[" in check.argv[-1]


@pytest.mark.processes
@pytest.mark.parametrize("report", ["error: No virtual environment found", None])
def test_it_fails_if_uv_did_not_look_at_any_package(passes, report):
    assert not passes(report)


def pinned(label: str) -> CheckRequest:
    labels = (("ai.dynamo.container.pins", label),)
    info = ImageInfo(id="i", size=1, labels=labels)
    return CheckRequest(framework="acme", image="x", image_info=info)


@pytest.mark.processes
def test_installed_versions_are_compared_with_the_image_label():
    pluggy = importlib.metadata.version("pluggy")
    wrong = f"pluggy==0.1 click==0.2 absent==1 cuda==13.0 pytest=={pytest.__version__}+cu130"

    def run(label: str) -> subprocess.CompletedProcess[str]:
        (check,) = as_pinned(pinned(label))
        argv = [sys.executable, *check.argv[1:]]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    assert run(f"pluggy=={pluggy} cuda==13.0").returncode == 0
    assert run(f"pluggy=={pluggy}.0").returncode == 0
    assert run(f"pluggy=={pluggy}.1").returncode == 1
    failed = run(wrong)
    assert failed.returncode == 1
    assert f"pluggy is {pluggy}, but the plan has 0.1" in failed.stderr
    assert "absent 1 is not installed" in failed.stderr
    assert "pytest" not in failed.stderr


def test_the_cuda_of_pytorch_is_checked_if_the_label_has_it():
    checks = as_pinned(pinned("cuda==13.0 torch-cuda==12.8"))

    assert [check.name for check in checks] == ["PyTorch is built for CUDA 12.8"]


def test_an_image_without_the_label_has_no_versions_to_check():
    assert as_pinned(pinned("")) == ()
