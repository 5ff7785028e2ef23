# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What does not move when a lock is moved on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from dynamo_container.errors import UsageError
from dynamo_container.model.lock import Lock

# The name that stands for all packages of the distribution.
APT: Final = "apt"


def without(lock: Lock, names: Iterable[str]) -> Lock:
    """Return what is left of a lock when these things move.

    Args:
        lock: as it is.
        names: Python packages, base images, or `apt` for all packages of the distribution.

    Raises:
        UsageError: the lock does not have a name.
    """
    moved = {_normal(name) for name in names}
    wheels = {wheel.name for one in lock.wheels for wheel in one.wheels}
    bases = {base.image for base in lock.bases}
    for name in sorted(moved - wheels - bases - {APT}):
        similar = difflib.get_close_matches(name, [*wheels, *bases, APT], n=1)
        raise UsageError(
            f"the lock {lock.path} does not have {name!r}",
            f"did you mean {similar[0]}?" if similar else "name a Python package, an image or apt",
        )
    # Packages of the distribution depend on the image that they are installed in.
    keeps_packages = not moved & (bases | {APT})
    return replace(
        lock,
        bases=tuple(base for base in lock.bases if base.image not in moved),
        packages=lock.packages if keeps_packages else (),
        tools=(),
        moving=tuple(sorted(moved & wheels)),
    )


def _normal(name: str) -> str:
    """The name of a Python package as locks have it; the name of an image as it is."""
    return name if {*name} & {*":/@"} else name.lower().replace("_", "-")
