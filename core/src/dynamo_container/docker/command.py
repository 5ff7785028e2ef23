# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Commands as values: a renderer creates one, `process` runs it, a dry run prints it."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import Final

# The logger of what is asked of docker: every command, and every request to the engine's API.
LOGGER: Final = "dynamo_container.docker"
_HEREDOC: Final = "EOF"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command: run as it is, or printed as text that makes a shell do the same.

    Attributes:
        argv: program and arguments.
        cwd: the folder in which it runs; empty for the current one.
        env: variables that are added to the caller's environment, and shown if it is printed.
        stdin: the text that it reads.
        hidden_env: variables that are added to the environment and never shown: secrets.
    """

    argv: tuple[str, ...]
    cwd: str = ""
    env: tuple[tuple[str, str], ...] = ()
    stdin: str = ""
    hidden_env: tuple[tuple[str, str], ...] = ()

    def shell(self) -> str:
        """Return one shell command that does the same, if the variables of `hidden_env` are
        exported.
        """
        assignments = [f"{name}={shlex.quote(value)}" for name, value in self.env]
        line = " ".join([*assignments, shlex.join(self.argv)])
        if self.cwd:
            line = f"cd {shlex.quote(self.cwd)} && {line}"
        if self.stdin:
            line = f"{line} <<'{_HEREDOC}'\n{self.stdin.rstrip()}\n{_HEREDOC}\n"
        return f"({line})" if self.cwd else line

    def environment(self) -> dict[str, str]:
        """Return the whole environment in which it runs."""
        return {**os.environ, **dict(self.env), **dict(self.hidden_env)}
