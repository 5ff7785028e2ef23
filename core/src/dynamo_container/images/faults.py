# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Why a build failed, if it was the engine or the machine: faults that have a known fix. Pure.

Most are states that no change of a Dockerfile or an option can fix, and whose messages do not say
what can.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from dynamo_container.docker.command import shell_word


class Output(NamedTuple):
    """What is known about a build that failed.

    Attributes:
        errors: what BuildKit and docker report as errors.
        steps: the end of what the programs of steps printed.
    """

    errors: str = ""
    steps: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A known fault.

    Attributes:
        pattern: a regular expression for the message.
        cause: why the build failed.
        next_step: what to do; `{prune}` is the command that empties the builder's cache.
        in_steps: whether programs of steps report it, too.
        passes: whether the same build succeeds if it is started again.
    """

    pattern: str
    cause: str
    next_step: str
    in_steps: bool = False
    passes: bool = False


_EMPTY_CACHE: Final = "empty it, and build again: {prune}"
_BUILD_AGAIN: Final = "build again, which continues after the steps that have succeeded"
FAULTS: Final = (
    # Docker's own builder: its garbage collection removes layers that a build beside it uses.
    Fault(
        pattern=r"failed to prepare \S+ as \S+: open \S+: no such file or directory"
        r"|\.tmp-committed\d*: no such file or directory"
        r"|layer does not exist",
        cause="the build cache lacks a layer that it lists (moby/buildkit#5469)",
        next_step=_EMPTY_CACHE,
    ),
    # The same with containerd's store, or a builder of its own.
    Fault(
        pattern=r"snapshot \S+ does not exist",
        cause="the build cache lacks a snapshot that it lists (moby/buildkit#6521)",
        next_step=_EMPTY_CACHE,
    ),
    Fault(
        pattern=r"content digest sha256:\w+: not found|blob sha256:\w+: not found",
        cause="the build cache lacks content that it lists",
        next_step=_EMPTY_CACHE,
    ),
    Fault(
        pattern=r"failed to get state for index|inconsistent graph state",
        cause="a known race in BuildKit (moby/buildkit#3635)",
        next_step=_BUILD_AGAIN,
        passes=True,
    ),
    Fault(
        pattern=r"failed to get (?:dead|deleted) record",
        cause="a known race in BuildKit (moby/buildkit#3959)",
        next_step=_BUILD_AGAIN,
        passes=True,
    ),
    Fault(
        pattern=r"no space left on device|disk quota exceeded",
        cause="the disk is full",
        next_step="free some space: dynamo-container prune, {prune}; then: dynamo-container doctor",
        in_steps=True,
    ),
    Fault(
        pattern=r"input/output error|structure needs cleaning",
        cause="the disk reports errors",
        next_step="see: sudo dmesg; and check the disk",
        in_steps=True,
    ),
    Fault(
        pattern=r"exit code: 137\b|cannot allocate memory",
        cause="a step was killed, most likely because the machine lacks memory",
        next_step="see: sudo dmesg; builds from source take less with --max-jobs 1",
        in_steps=True,
    ),
    Fault(
        pattern=r"max depth exceeded",
        cause="the image has more layers than the engine's storage driver can use",
        next_step="use a base image with fewer layers",
    ),
    # After the others: it can be what follows from them.
    Fault(
        pattern=r"error reading from server: EOF|client connection is closing|graceful_stop",
        cause="the builder ended during the build: it was restarted, or lacked memory",
        next_step="see its log, such as journalctl -u docker; and build again",
    ),
)

# An error in docker's plain progress: of a step (`#12 ERROR: ...`), or of the build.
_ERROR: Final = re.compile(r"(?:#\d+ )?ERROR: |error: ")


def find(output: Output) -> Fault | None:
    """Return the fault that explains why a build failed; None if none is known to."""
    for fault in FAULTS:
        texts = (output.errors, output.steps) if fault.in_steps else (output.errors,)
        if any(re.search(fault.pattern, text, re.IGNORECASE) for text in texts):
            return fault
    return None


def passing(output: Output) -> Fault | None:
    """Return the fault that explains why a build failed if the same build, started again, gets past
    it; else None.
    """
    fault = find(output)
    return fault if fault and fault.passes else None


def from_plain(text: str) -> Output:
    """Separate the errors in docker's plain progress from what programs have printed."""
    lines = text.splitlines()
    errors = [line for line in lines if _ERROR.match(line)]
    return Output("\n".join(errors), "\n".join(_last(set(errors), lines)))


def _last(errors: Iterable[str], lines: list[str], number: int = 30) -> Iterator[str]:
    """Yield the last lines, without the errors."""
    yield from [line for line in lines if line not in errors][-number:]


def hint(output: Output, builder: str = "") -> str:
    """Return the cause of a failure and what to do, as the second line of an error; empty if they
    are not known.

    Args:
        output: of the build.
        builder: as `--builder` names it; empty for the selected one.
    """
    fault = find(output)
    if fault is None:
        return ""
    named = f"docker buildx prune --builder {shell_word(builder)} --all"
    prune = named if builder else "docker builder prune --all"
    return f"{fault.cause}; {fault.next_step.format(prune=prune)}"
