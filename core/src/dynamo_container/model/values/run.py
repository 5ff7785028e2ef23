# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What shapes containers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from dynamo_container.model.values.validation import LONG_FLAG, require


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvVar:
    """An environment variable of a container. Without a value it is passed by name only, and docker
    takes the value from the caller's environment.
    """

    name: str
    value: str | None = None

    def __post_init__(self) -> None:
        require(
            self.name and "=" not in self.name,
            f"{self.name!r} is not a valid name of an environment variable",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A mount of a container.

    Attributes:
        target: absolute path in the container.
        source: a host path (`bind`) or a volume's name (`volume`); empty for an anonymous volume
            and for `tmpfs`.
        type: as in `docker run --mount`.
        options: further options as `docker run --volume` takes them after the second colon: `ro`,
            `z`, `rshared`.
    """

    target: str
    source: str = ""
    type: Literal["bind", "volume", "tmpfs"] = "bind"
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(
            self.target.startswith("/"),
            f"mount target {self.target!r} is not an absolute path",
        )
        require(
            self.source or self.type != "bind", f"the bind mount at {self.target} has no source"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFlag:
    """A flag of `docker run`, such as `--shm-size` with `10G`, or `--init` without a value.

    Attributes:
        flag: the long form.
        value: None for a flag without a value.
        key: distinguishes flags that can be given several times, such as the limit's name for
            `--ulimit`. A higher layer replaces the flag with the same name and key.
    """

    flag: str
    value: str | None = None
    key: str = ""

    def __post_init__(self) -> None:
        require(
            re.fullmatch(LONG_FLAG, self.flag),
            f"{self.flag!r} is not a valid long flag of docker run",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """How to find out whether a container is ready: a URL that answers with success, a command that
    exits with status 0, a line of its output, or what it serves. One of them is given.

    URLs, commands and servers are tried inside the container, without proxies, so that they work on
    every network and with a remote engine. `http` requires `curl` in the image, `serves` Python.

    Attributes:
        http: the URL.
        argv: the command.
        log: a regular expression that is searched in each line of its output.
        serves: `model`: a server of the container lists a model, on any port; `frontend`: it
            answers, whether or not there is a model yet; `worker`: its system server is healthy.
    """

    http: str = ""
    argv: tuple[str, ...] = ()
    log: str = ""
    serves: Literal["", "model", "frontend", "worker"] = ""

    def __post_init__(self) -> None:
        given = [bool(one) for one in (self.http, self.argv, self.log, self.serves)]
        require(
            sum(given) == 1, "readiness requires either a URL, a command, a log line or a server"
        )

    @property
    def command(self) -> tuple[str, ...]:
        """The command that is run in the container."""
        curl = (
            "curl", "--silent", "--show-error", "--fail", "--output", "/dev/null",
            "--noproxy", "*", "--max-time", "5",
        )  # fmt: skip
        return self.argv or (*curl, self.http)
