# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Typed errors. Each tells what failed, why, and what to do next, and carries the exit status of
the command line.

The statuses are the contract of `docs/cli.md`; docker's own statuses pass through unchanged.
"""

from __future__ import annotations


class DynamoContainerError(Exception):
    """Something went wrong that a user can do something about.

    Args:
        what: what failed and why, in one line.
        next_step: what to do about it, in one line; empty if `what` says it already.
        details: lines of output that explain it, such as the end of a container's log.
    """

    exit_status = 1

    def __init__(self, what: str, next_step: str = "", details: tuple[str, ...] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step
        self.details = details

    def __str__(self) -> str:
        return f"{self.what}\n{self.next_step}" if self.next_step else self.what


class WorkFailedError(DynamoContainerError):
    """The work itself failed: a build step, a check, a container that never became ready."""


class OutputError(DynamoContainerError):
    """Standard output cannot be written."""


class UsageError(DynamoContainerError):
    """The request makes no sense: an unknown name, options that exclude each other."""

    exit_status = 2


class PolicyError(UsageError):
    """A plugin or the policy of this machine does not allow it."""


class EngineError(DynamoContainerError):
    """No usable Docker Engine answers."""

    exit_status = 3


class NoAnswerError(EngineError):
    """The docker command did not end in time."""


class TooMuchOutputError(NoAnswerError):
    """The docker command printed more than anyone can use."""


class TooMuchWrittenError(DynamoContainerError):
    """A program in an image wrote more than it may."""


class PluginError(DynamoContainerError):
    """A plugin that was asked for failed: at import, at validation, or in a hook."""

    exit_status = 4


class ConflictError(DynamoContainerError):
    """Two plugins contradict each other, and neither has precedence."""

    exit_status = 5


class MachineError(DynamoContainerError):
    """The machine lacks what was asked for: an image, a GPU, disk space, a driver."""

    exit_status = 6
