# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Resolve a row's packages with uv, as the step `resolve` of a build does, for any architecture."""

from __future__ import annotations

import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dynamo_container.docker import process
from dynamo_container.docker.command import PYTHON
from dynamo_container.errors import MachineError

# The platforms of images: Ubuntu 24.04 has glibc 2.39.
PLATFORMS: Final = ("x86_64", "aarch64")
_GLIBC: Final = "manylinux_2_39"
# Reading the metadata of an engine's packages takes a minute if nothing is cached.
_SECONDS: Final = 900.0
_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to resolve: the arguments of the step `resolve`.

    Attributes:
        requirements: such as `ai-dynamo[vllm]==1.6.1`.
        overrides: requirements that replace what packages require.
        as_of: the date, as `RESOLVE_AS_OF` has it; empty for today.
        python: the Python version, such as `3.12`.
    """

    requirements: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    as_of: str = ""
    python: str = "3.12"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The packages that uv found, or why it found none.

    Attributes:
        platform: the architecture.
        packages: versions by name; empty if nothing was found.
        reason: uv's message; empty if packages were found.
    """

    platform: str
    packages: dict[str, str]
    reason: str = ""

    def __bool__(self) -> bool:
        return not self.reason


def resolve(question: Question, platform: str, *, compile_nothing: bool = False) -> Answer:
    """Resolve for one platform.

    Args:
        question: what to resolve.
        platform: one of `PLATFORMS`.
        compile_nothing: whether a package without a wheel is a reason to find nothing.

    Raises:
        MachineError: uv is not installed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "requirements.in").write_text("\n".join([*question.requirements, ""]))
        (folder / "overrides.txt").write_text("\n".join([*question.overrides, ""]))
        words = [
            "--quiet", "--no-header", "--no-annotate", "--no-emit-index-url",
            # Not in the current folder, whose uv.toml can belong to somebody else.
            "--directory", "/",
            # Nothing is built or run, so another Python than this one need not be installed.
            "--no-python-downloads",
            "--python-version", question.python, "--python-platform", f"{platform}-{_GLIBC}",
            "--override", str(folder / "overrides.txt"),
            *(("--exclude-newer", question.as_of) if question.as_of else ()),
            *(("--no-build",) if compile_nothing else ()),
            str(folder / "requirements.in"),
        ]  # fmt: skip
        uv = (*PYTHON, "-m", "uv", "pip", "compile")
        answer = process.capture(*uv, *words, timeout=_SECONDS)
    if answer.returncode == 0:
        return Answer(platform=platform, packages=dict(_PIN.findall(answer.stdout)))
    if "No module named uv" in answer.stderr:
        raise MachineError(
            f"{sys.executable} does not have uv",
            "install it: pip install 'dynamo-container[maintenance]'",
        )
    return Answer(platform=platform, packages={}, reason=answer.stderr.strip() or "uv failed")
