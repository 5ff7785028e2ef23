# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""vLLM and its kernels from git: the options, and what they request."""

from __future__ import annotations

from typing import Final

from dynamo_container.api import BuildRequest, Option, UsageError

# The stage that compiles them.
SOURCE: Final = "vllm-wheels"
# What it compiles, by the options `--NAME-ref` and the build arguments `NAME_REF`.
REFS: Final = ("vllm", "deepgemm", "flashinfer")
OPTIONS: Final = tuple(
    Option(flag=flag, metavar=metavar, help=text, stages=(SOURCE,))
    for flag, metavar, text in (
        *((f"--{name}-ref", "REF", f"Compile {name} from this git ref.") for name in REFS),
        ("--vllm-git-url", "URL", "Repository of --vllm-ref."),
    )
)


def requested(request: BuildRequest) -> dict[str, str]:
    """Return the git refs to compile, by the name of what is compiled.

    Raises:
        UsageError: a repository is given, and no ref.
    """
    refs = {name: ref for name in REFS if (ref := request.option(f"{name}_ref"))}
    if request.option("vllm_git_url") and "vllm" not in refs:
        raise UsageError("--vllm-git-url requires --vllm-ref", "add: --vllm-ref REF")
    return refs
