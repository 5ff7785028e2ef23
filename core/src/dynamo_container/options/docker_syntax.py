# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The syntax of values that `run` passes on to docker.

Each function returns the value as docker takes it, and raises `ValueError` for one that docker
would refuse, or take for something else.
"""

from __future__ import annotations

import re
from typing import Final

from dynamo_container.host.paths import absolute
from dynamo_container.model import values
from dynamo_container.model.names import LABEL_PREFIX
from dynamo_container.options.syntax import device as device_kind, platforms

# Regular expressions are compiled when they are first used: most calls need few of them.
_SIZE: Final = r"(?ai:\d+(?:\.\d+)?(?:[kmgtp]i?)?b?)"
_LIMITS: Final = (
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc",
    "rss", "rtprio", "rttime", "sigpending", "stack",
)  # fmt: skip
_CAPABILITY: Final = r"(?a:[A-Z][A-Z0-9_]*)"
_CDI_DEVICE: Final = r"(?a:[A-Za-z][\w.-]*/[A-Za-z][\w.-]*=[\w.:-]+)"
_DEVICE: Final = r"/[^:\s]*(?::/[^:\s]*)?(?::[rwm]{1,3})?"
_HOSTNAME: Final = r"(?a:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,62}))"
_HOST: Final = r"(?a:[\w.-]+)"
_ADDRESS: Final = r"host-gateway|[\d.]+|\[?[0-9A-Fa-f:.]+\]?"
_RESTART: Final = r"(?a:no|always|unless-stopped|on-failure(?::\d+)?)"
_DURATION: Final = r"(?a:0|(?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h))+)"
_LONG_FLAG: Final = r"(?a:--[a-z][a-z0-9-]*)"
# Flags by which `run` and `ps` find out what docker does.
_DECIDED: Final = ("--cidfile", "--help", "--label-file")
# Numbers beyond 64 bits, which no engine takes.
_MAX_DIGITS: Final = 18


def word(value: str) -> str:
    """Accept text without spaces."""
    return _matching(r"\S+", line(value))


def line(value: str) -> str:
    """Accept text that the engine can take: without NUL."""
    if not value or "\0" in value:
        raise ValueError(value)
    return value


def _matching(pattern: str, value: str) -> str:
    if not re.fullmatch(pattern, value):
        raise ValueError(value)
    return value


def size(value: str) -> str:
    """Accept a size, such as `16G` or `512mb`."""
    return _matching(_SIZE, value)


def byte_count(value: str) -> int:
    """Parse a number of bytes, such as `9.6GB` or `500 MiB`; a unit without `i` is decimal."""
    match = re.fullmatch(r"(?ai:(\d{1,9}(?:\.\d{1,9})?)\s?([kmgt]?)(i?)b?)", value)
    if not match or not float(match[1]):
        raise ValueError(value)
    return int(
        float(match[1]) * (1024 if match[3] else 1000) ** " kmgt".index(match[2].lower() or " ")
    )


def count(value: str) -> str:
    """Accept a whole number, or -1 for no limit."""
    _matching(r"(?a:-1|\d+)", value)
    if len(value) > _MAX_DIGITS:
        raise ValueError(value)
    return value


def decimal(value: str) -> str:
    """Accept a positive number."""
    if not float(_matching(r"(?a:\d{1,9}(?:\.\d{1,9})?)", value)):
        raise ValueError(value)
    return value


def before_equals(value: str) -> str:
    """Return what is before the first `=`."""
    return value.partition("=")[0]


def ulimit(value: str) -> str:
    """Accept `NAME=SOFT[:HARD]` with a limit that Linux has, or `NAME=default`."""
    name, _, limits = value.partition("=")
    if name not in _LIMITS:
        raise ValueError(value)
    if limits != "default":
        soft, colon, hard = limits.partition(":")
        values = [int(count(part)) for part in ((soft, hard) if colon else (soft,))]
        if _is_above(*values) if colon else False:
            raise ValueError(value)
    return value


def _is_above(soft: int, hard: int) -> bool:
    """Whether a soft limit is above the hard one; -1 means unlimited."""
    return hard != -1 and (soft == -1 or soft > hard)


def capability(value: str) -> str:
    """Normalize a capability: `cap_sys_ptrace` becomes `SYS_PTRACE`."""
    return _matching(_CAPABILITY, value.upper().removeprefix("CAP_"))


def security_option(value: str) -> str:
    """Accept a security option; the path of a seccomp profile becomes absolute."""
    name, equals, content = word(value).partition("=")
    if name == "seccomp" and equals and content not in ("unconfined", "builtin"):
        return f"seccomp={absolute(line(content))}"
    if not re.match(r"(?a:no-new-privileges|[a-z][a-z-]*[=:].)", value):
        raise ValueError(value)
    return value


def security_key(value: str) -> str:
    """Return the name of a security option; labels of SELinux can be repeated."""
    name = re.split("[=:]", value, maxsplit=1)[0]
    return value if name == "label" else name


def device(value: str) -> str:
    """Accept a device of the host, the name of a CDI device, or a kind of device, such as `cpu`."""
    if "/" not in value:
        return device_kind(value)
    return _matching(f"{_DEVICE}|{_CDI_DEVICE}", value)


def host(value: str) -> str:
    """Normalize `HOST:IP` or `HOST=IP`: older engines take the first only."""
    match = re.fullmatch(f"({_HOST})[:=]({_ADDRESS})", value)
    if not match:
        raise ValueError(value)
    return f"{match[1]}:{match[2]}"


def hostname(value: str) -> str:
    """Accept a host name."""
    return _matching(_HOSTNAME, value)


def restart(value: str) -> str:
    """Accept a restart policy."""
    return _matching(_RESTART, value)


def pull(value: str) -> str:
    """Accept `missing`, `always` or `never`."""
    return _matching("missing|always|never", value)


def one_platform(value: str) -> str:
    """Normalize one platform."""
    (name,) = platforms(value)
    return name


def duration(value: str) -> str:
    """Accept a duration, such as `1m30s`."""
    return _matching(_DURATION, value)


def tmpfs(value: str) -> values.Mount:
    """Parse `PATH[:OPTIONS]`, an empty folder in memory."""
    target, _, options = line(value).partition(":")
    if not target.startswith("/") or "," in target:
        raise ValueError(value)
    return values.Mount(
        target=target.rstrip("/") or "/",
        type="tmpfs",
        options=tuple(options.split(",")) if options else (),
    )


def docker_arg(value: str) -> values.RunFlag:
    """Parse `--FLAG` or `--FLAG=VALUE`; docker would take any other word for the image."""
    flag, equals, content = value.partition("=")
    own_label = flag == "--label" and content.startswith(LABEL_PREFIX)
    if not re.fullmatch(_LONG_FLAG, flag) or "\0" in content or own_label or flag in _DECIDED:
        raise ValueError(value)
    return values.RunFlag(flag=flag, value=content if equals else None)
