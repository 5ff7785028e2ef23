# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What opens this machine to a container, if a plugin adds it without the user's word: warnings."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator
from typing import Final

from dynamo_container.model.provenance import Layer, Resolved, Source
from dynamo_container.model.values import Mount, RunFlag

# Flags that are dangerous with any value.
_FLAGS: Final = frozenset(
    {"--cgroup-parent", "--cgroupns", "--device-cgroup-rule", "--privileged", "--volumes-from"}
)
# Flags that take the place of `--mount` and `--volume`.
_MOUNT_FLAGS: Final = frozenset({"--mount", "--volume"})
_HOST_NAMESPACES: Final = frozenset({"--pid", "--userns", "--uts"})
_CAPABILITIES: Final = frozenset(
    {
        "ALL", "BPF", "DAC_OVERRIDE", "DAC_READ_SEARCH", "MKNOD", "NET_ADMIN", "NET_RAW",
        "PERFMON", "SYS_ADMIN", "SYS_BOOT", "SYS_MODULE", "SYS_RAWIO", "SYS_TIME", "SYSLOG",
    }
)  # fmt: skip
# Folders of the system: a mount of one, of one inside, or of one around it.
_SYSTEM: Final = (
    "/boot", "/dev", "/etc", "/proc", "/root", "/run", "/sys", "/usr", "/var/lib", "/var/run",
)  # fmt: skip
# What is in them and harmless: localization, and disks' names for GPUDirect Storage.
_HARMLESS: Final = (
    "/dev/infiniband", "/etc/localtime", "/etc/timezone", "/run/udev", "/usr/share",
)  # fmt: skip
_SOCKETS: Final = (".sock", ".socket")


def warnings(
    flags: Iterable[Resolved[RunFlag]],
    mounts: Iterable[Resolved[Mount]],
    trusted: Container[str],
) -> Iterator[str]:
    """Yield a warning for each dangerous flag or mount that a plugin adds.

    Args:
        flags: of a container.
        mounts: of a container.
        trusted: names of the plugins that the policy of this machine requires.
    """
    for flag in flags:
        if _is_plugins(flag.sources[0], trusted) and _is_dangerous(flag.value):
            value = f" {flag.value.value}" if flag.value.value else ""
            yield f"{flag.sources[0]} adds {flag.value.flag}{value}, which opens this machine"
    for mount in mounts:
        if _is_plugins(mount.sources[0], trusted) and _is_system(mount.value):
            yield (
                f"{mount.sources[0]} mounts {mount.value.source} of this machine at "
                f"{mount.value.target}"
            )


def _is_plugins(source: Source, trusted: Container[str]) -> bool:
    return source.layer in (Layer.FRAMEWORK, Layer.OVERLAY) and source.name not in trusted


def _is_dangerous(flag: RunFlag) -> bool:
    value = (flag.value or "").lower()
    if flag.flag in _FLAGS:
        return value not in ("false", "private")
    if flag.flag in _MOUNT_FLAGS:
        return True
    if flag.flag == "--cap-add":
        return value.upper().removeprefix("CAP_") in _CAPABILITIES
    if flag.flag == "--security-opt":
        return any(word in value for word in ("unconfined", "disable", "new-privileges:false"))
    if flag.flag == "--device":
        return not value.startswith(("nvidia.com/", "/dev/nvidia", "/dev/infiniband"))
    return flag.flag in _HOST_NAMESPACES and value == "host"


def _is_system(mount: Mount) -> bool:
    """Whether a folder of the system, or a socket, is mounted."""
    if mount.type != "bind":
        return False
    path = os.path.normpath(mount.source)
    if path.endswith(_SOCKETS) or path == "/":
        return True
    if _is_in(path, _HARMLESS):
        return False
    return _is_in(path, _SYSTEM) or any(one.startswith(f"{path}/") for one in _SYSTEM)


def _is_in(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
