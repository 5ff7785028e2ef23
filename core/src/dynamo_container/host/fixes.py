# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What `doctor --fix` offers: commands that only change what is the caller's own, need no more
privileges than the caller has, download nothing, and delete nothing that has a name.

So a fix never installs packages, starts services, changes groups, edits the engine's configuration,
or deletes build caches, builders and images of others: `doctor` only says what to do about those.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dynamo_container.docker.command import PYTHON, Command
from dynamo_container.host.doctor import Machine, has_little_space
from dynamo_container.model.text import byte_size

PROGRAM: Final = "dynamo-container"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """A command that fixes a finding.

    Attributes:
        finding: the name of the finding.
        reason: what it does and why that is safe, as a clause.
        command: as a user can run it.
    """

    finding: str
    reason: str
    command: Command

    def as_run(self) -> Command:
        """Return the command for this process to run: the program itself is this one."""
        name, *words = self.command.argv
        start = (*PYTHON, "-m", "dynamo_container") if name == PROGRAM else (name,)
        return Command(argv=(*start, *words))


def fixes(machine: Machine) -> Iterator[Fix]:
    """Yield the fixes for the findings of a machine."""
    if has_little_space(machine) and machine.unnamed:
        number, size = len(machine.unnamed), byte_size(sum(machine.unnamed))
        images = f"{number} image{'s' if number > 1 else ''}"
        yield Fix(
            finding="disk",
            reason=f"delete {images} (up to {size}) that you built here, that lost their names to "
            "later builds, and that no container uses",
            command=Command(argv=(PROGRAM, "--engine", machine.engine.program, "prune", "--force")),
        )
    cache = machine.hf_cache
    if cache.exists and cache.own and not cache.writable:
        yield Fix(
            finding="hugging face cache",
            reason="let yourself write to a folder that belongs to you; no one else gets access",
            command=Command(argv=("chmod", "u+rwx", "--", cache.path)),
        )
