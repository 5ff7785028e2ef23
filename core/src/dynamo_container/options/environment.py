# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Variables that look like ours and are not: a misspelt one would have no effect in silence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Final

PREFIX: Final = "DYNAMO_CONTAINER_"
# Of the allow list of plugins, of the choice of an engine, and of `scripts/engine`.
_OTHERS: Final = (f"{PREFIX}PLUGINS", f"{PREFIX}ENGINE", f"{PREFIX}ENGINE_HOME")
# Of the tests of plugins.
_TESTS: Final = f"{PREFIX}TEST_"


def unknown_variables(
    names: Iterable[str],
    known: Iterable[str],
    *,
    commands: Iterable[str],
    frameworks: Iterable[str],
    command: str,
) -> Iterator[str]:
    """Yield a warning for each variable that has our prefix and no effect.

    Args:
        names: of the variables with our prefix that are set.
        known: names of the variables of the command's options, and of the global ones.
        commands: names of all commands: the variables of others are not checked.
        frameworks: names of the known frameworks: their options begin with their names, and those
            of a framework that is not selected are not checked.
        command: that is called.
    """
    ours = (*known, *_OTHERS)
    own = _prefix(command)
    skipped = (
        _TESTS,
        *(_prefix(name) for name in commands if name != command),
        *(f"{own}{name.replace('-', '_').upper()}_" for name in frameworks),
    )
    for name in sorted(names):
        if name in ours or name.startswith(skipped):
            continue
        rest = name.removeprefix(PREFIX).partition("_")[2]
        others = (
            ()
            if name.startswith(own) or not rest
            else (f"{_prefix(one)}{rest}" for one in commands)
        )
        choices = {one.removeprefix(PREFIX): one for one in (*others, *ours)}
        alike = difflib.get_close_matches(name.removeprefix(PREFIX), choices, n=1, cutoff=0.75)
        meant = f": did you mean {choices[alike[0]]}?" if alike else ""
        yield f"the variable {name} has no effect on {command!r}{meant}"


def _prefix(command: str) -> str:
    return f"{PREFIX}{command.replace('-', '_').upper()}_"
