# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Secrets in a container's plan, which a file for everybody would show. Pure."""

from __future__ import annotations

import itertools

from dynamo_container.containers.plan import RunPlan
from dynamo_container.errors import UsageError
from dynamo_container.model.credentials import find, is_secret_name


def refuse_secrets(plan: RunPlan) -> None:
    """Refuse values that look like secrets: a file with the plan is meant for a repository.

    Raises:
        UsageError: a variable, the command or a flag has one.
    """
    for var in plan.env:
        if var.value and (is_secret_name(var.name) or find(var.value)):
            raise UsageError(
                f"--env {var.name} has a value that looks like a secret, which would be in "
                "a file for everybody",
                f"omit the value (--env {var.name}): it then comes from each user's environment",
            )
    words = (*plan.entrypoint, *plan.command)
    if what := next(filter(None, map(find, words)), "") or _option(words):
        raise UsageError(
            f"the command contains {what}, which would be in a file for everybody",
            "pass it as a variable, by name (--env NAME), that the program reads",
        )
    for flag in plan.flags:
        if flag.value and (what := find(flag.value)):
            raise UsageError(
                f"{flag.flag} contains {what}, which would be in a file for everybody", "omit it"
            )


def _option(words: tuple[str, ...]) -> str:
    """Describe an option of a program whose value, the next word, is a secret."""
    for word, value in itertools.pairwise(words):
        if word.startswith("--") and is_secret_name(word[2:]) and not _is_plain(value):
            return f"the secret '{word}'"
    return ""


def _is_plain(value: str) -> bool:
    """Whether the word after an option cannot be a secret: another option, a number."""
    return value.startswith("-") or value.isdecimal()
