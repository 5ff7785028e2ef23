#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Resolve the packages of every row of the release tables, as of its date, for every platform.

    python scripts/resolve_rows.py [FRAMEWORK...]

Old rows must stay buildable, although indexes lose files. Nothing is installed. This takes about
half an hour, and requires a network and the installed packages; `make rows` provides those.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterator

from dynamo_container.maintenance import proof
from dynamo_container.maintenance.resolution import Answer
from dynamo_container.model.values import Release
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry

# Not all of TensorRT-LLM's wheels are on the public index.
FRAMEWORKS = ("none", "vllm", "sglang")
# Dynamo's first releases were for one platform only, which is not a fault of their rows.
OTHER_PLATFORM = re.compile(r"\bai-dynamo-runtime\b.* has no wheels with a matching platform tag")
# The end of uv's message says why; what is before lists versions.
REASON = 400


def main() -> int:
    """Resolve row after row; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("frameworks", nargs="*", default=FRAMEWORKS, metavar="FRAMEWORK")
    registry = Registry.discover()
    failures = 0
    print("| framework | dynamo | platform | packages | s |", "|---|---|---|---|---|", sep="\n")
    for framework in parser.parse_args().frameworks:
        registry.load(framework)
        for row in rows(registry, framework):
            started = time.monotonic()
            for answer in proof.resolve_everywhere(registry, framework, row.dynamo):
                failures += not answer and not is_for_others(answer)
                seconds = time.monotonic() - started
                line = f"| {framework} | {row.dynamo} | {answer.platform} | {result(answer)}"
                print(f"{line} | {seconds:.0f} |", flush=True)
    print(f"{failures} not resolved")
    return 1 if failures else 0


def rows(registry: Registry, framework: str) -> Iterator[Release]:
    """Yield the rows of a framework, the newest first."""
    found = registry.call_for(framework, hookspecs.dynamo_container_releases)
    yield from (contribution.value for contribution in reversed(found))


def is_for_others(answer: Answer) -> bool:
    """Whether the release of Dynamo was not published for the platform."""
    return bool(OTHER_PLATFORM.search(" ".join(answer.reason.split())))


def result(answer: Answer) -> str:
    """Return the number of packages, or why there are none."""
    if is_for_others(answer):
        return "Dynamo has no wheel for it"
    reason = " ".join(answer.reason.split())
    return str(len(answer.packages)) if answer else f"none: ...{reason[-REASON:]}"


if __name__ == "__main__":
    sys.exit(main())
