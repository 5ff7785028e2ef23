# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Flags of `docker run` as keys of a service in a compose file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from dynamo_container.containers.gpus import is_gpu_device
from dynamo_container.errors import UsageError
from dynamo_container.model.values import RunFlag
from dynamo_container.services.yaml import Value

# Takes an entry's kind and key, and its value; returns the value with a comment.
Noted = Callable[[str, str, Value], Value]

_TEXTS: Final = {
    "--cpus": "cpus",
    "--hostname": "hostname",
    "--ipc": "ipc",
    "--memory": "mem_limit",
    "--platform": "platform",
    "--pull": "pull_policy",
    "--restart": "restart",
    "--runtime": "runtime",
    "--shm-size": "shm_size",
    "--user": "user",
    "--userns": "userns_mode",
    "--workdir": "working_dir",
}
_LISTS: Final = {
    "--add-host": "extra_hosts",
    "--cap-add": "cap_add",
    "--cap-drop": "cap_drop",
    "--device": "devices",
    "--group-add": "group_add",
    "--security-opt": "security_opt",
}
_SWITCHES: Final = {"--init": "init", "--privileged": "privileged", "--read-only": "read_only"}


def keys(flags: Iterable[RunFlag], network: str, noted: Noted) -> dict[str, Value]:
    """Return the keys of a service that have the effect of flags.

    Args:
        flags: of a container.
        network: the project's own network, which needs no key.
        noted: adds the source of a value as a comment.

    Raises:
        UsageError: compose has no equivalent of a flag.
    """
    found: dict[str, Value] = {}
    lists: dict[str, list[Value]] = {}
    ulimits: dict[str, Value] = {}
    devices: list[Value] = []
    for flag in flags:
        value = (flag.value or "").replace("$", "$$")
        key = f"{flag.flag} {flag.key}" if flag.key else flag.flag
        if flag.flag in _SWITCHES:
            found[_SWITCHES[flag.flag]] = noted("flag", key, value.lower() != "false")
        elif flag.flag in _TEXTS:
            found[_TEXTS[flag.flag]] = noted("flag", key, value)
        elif flag.flag == "--pids-limit":
            found["pids_limit"] = noted("flag", key, int(value))
        elif flag.flag == "--ulimit":
            name, limit = _limit(value)
            ulimits[name] = noted("flag", key, limit)
        elif flag.flag == "--gpus" or is_gpu_device(flag):
            devices.append(_gpus(flag))
        elif flag.flag in _LISTS:
            lists.setdefault(_LISTS[flag.flag], []).append(noted("flag", key, value))
        elif flag.flag == "--network":
            if value != network:
                found["network_mode"] = noted("flag", key, value)
        else:
            raise UsageError(f"compose has no equivalent of {flag.flag}", "omit the option")
    reservations = {"resources": {"reservations": {"devices": devices}}} if devices else {}
    optional: dict[str, Value] = {**lists, "ulimits": ulimits, "deploy": reservations}
    return {**found, **{key: value for key, value in optional.items() if value}}


def _limit(value: str) -> tuple[str, Value]:
    """Return a limit's name and value: `nofile=1024:2048`."""
    name, _, limits = value.partition("=")
    soft, _, hard = limits.partition(":")
    if not hard or hard == soft:
        return name, int(soft)
    return name, {"soft": int(soft), "hard": int(hard)}


def _gpus(flag: RunFlag) -> dict[str, Value]:
    """Return a reservation of GPUs: of CDI devices, or by docker's `--gpus`."""
    value = (flag.value or "").strip('"')
    if flag.flag == "--device":
        return {"driver": "cdi", "device_ids": [value], "capabilities": ["gpu"]}
    names = value.removeprefix("device=")
    wanted: dict[str, Value] = (
        {"count": "all" if names == "all" else int(names)}
        if names == value
        else {"device_ids": list(names.split(","))}
    )
    return {"driver": "nvidia", **wanted, "capabilities": ["gpu"]}
