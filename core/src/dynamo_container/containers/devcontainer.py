# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A container's plan as a `devcontainer.json` (https://containers.dev/implementors/json_reference)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Final, TypeAlias

from dynamo_container.containers.caches import CACHES
from dynamo_container.containers.docker_argv import (
    fits_mount,
    flag_arguments,
    mount_argument,
    mount_fields,
)
from dynamo_container.containers.plan import RunPlan
from dynamo_container.containers.visible import refuse_secrets
from dynamo_container.model.text import json_text
from dynamo_container.model.values import Mount, RunFlag

JSON: TypeAlias = "str | bool | list[JSON] | dict[str, JSON]"

_WORKSPACE: Final = "/home/ubuntu/dynamo"
_USER: Final = "ubuntu"
_HOME: Final = "/home/ubuntu"
# Differs between folders, and so between users; stays the same if the container is created again.
_ID: Final = "${devcontainerId}"
# Flags that the editor sets itself.
_EDITOR_FLAGS: Final = ("--workdir", "--user")
_TOKENS: Final = ("HF_TOKEN", "GITHUB_TOKEN")
_EXTENSIONS: Final = (
    "charliermarsh.ruff",
    "ms-python.python",
    "ms-python.vscode-pylance",
    "rust-lang.rust-analyzer",
    "tamasfe.even-better-toml",
)
_HEADER: Final = "// Written by `dynamo-container devcontainer`. Hash: "


def render(plan: RunPlan, framework: str, home: str, *, gpus: bool) -> str:
    """Return the text of the file.

    Args:
        plan: of a container of the framework's local-dev image, without a workspace.
        framework: the framework's name.
        home: the caller's home folder; paths in it are written so that they fit every user.
        gpus: whether the container gets GPUs if the machine has some.
    """
    refuse_secrets(plan)
    text = json_text(_document(plan, framework, home, gpus=gpus))
    return f"{_HEADER}{_hash(text)}\n{text}"


def is_ours(text: str) -> bool:
    """Whether a file was written by this program, and possibly edited since."""
    return text.startswith(_HEADER)


def is_untouched(text: str) -> bool:
    """Whether a file is as it was written, by this version or another one."""
    header, _, rest = text.partition("\n")
    return header == f"{_HEADER}{_hash(rest)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _document(plan: RunPlan, framework: str, home: str, *, gpus: bool) -> dict[str, JSON]:
    mounts = tuple(_portable(mount, home) for mount in plan.mounts)
    document: dict[str, JSON] = {
        "name": f"Dynamo ({framework})",
        "image": plan.image,
        "runArgs": _run_args(plan, mounts, home),
        # Everybody who opens the folder gets the GPUs of their machine.
        "hostRequirements": {"gpu": "optional"} if gpus else {},
        "remoteUser": _USER,
        "updateRemoteUserUID": True,
        "workspaceFolder": _WORKSPACE,
        "workspaceMount": f"type=bind,source=${{localWorkspaceFolder}},target={_WORKSPACE}",
        "mounts": _mounts(mounts, framework),
        "containerEnv": _container_env(plan),
        "remoteEnv": _remote_env(plan),
        "postCreateCommand": "dynamo-build-in-place",
        "customizations": {"vscode": _vscode()},
    }
    if plan.folders:
        folders = [_portable_path(folder, home) for folder in plan.folders]
        document["initializeCommand"] = ["mkdir", "-p", *folders]
    return {key: value for key, value in document.items() if value != {}}


def _run_args(plan: RunPlan, mounts: tuple[Mount, ...], home: str) -> list[JSON]:
    flags = (_portable_flag(flag, home) for flag in plan.flags if flag.flag not in _EDITOR_FLAGS)
    return [
        *flag_arguments(flags),
        *(f"--publish={port}" for port in plan.ports),
        # `mounts` cannot express all options of `--volume`.
        *(mount_argument(mount) for mount in mounts if not fits_mount(mount)),
    ]


def _mounts(mounts: tuple[Mount, ...], framework: str) -> list[JSON]:
    """Return the plan's mounts, and volumes for what should outlive the container."""
    kept = (("history", ".commandhistory"), *CACHES)
    volumes = {f"{_HOME}/{folder}": f"dynamo-{framework}-{name}-{_ID}" for name, folder in kept}
    taken = {mount.target for mount in mounts}
    own = (
        Mount(type="volume", source=source, target=target)
        for target, source in volumes.items()
        if target not in taken
    )
    return [mount_fields(mount) for mount in (*filter(fits_mount, mounts), *own)]


def _container_env(plan: RunPlan) -> dict[str, JSON]:
    return {
        "CARGO_TARGET_DIR": f"{_WORKSPACE}/target",
        "DYNAMO_HOME": _WORKSPACE,
        "UV_LINK_MODE": "copy",  # from the cache, which is on another file system
        **{var.name: var.value for var in plan.env if var.value is not None},
    }


def _remote_env(plan: RunPlan) -> dict[str, JSON]:
    """Return the variables whose values come from the environment of whoever opens the folder."""
    names = {*_TOKENS, *(var.name for var in plan.env if var.value is None)}
    return {name: f"${{localEnv:{name}}}" for name in sorted(names)}


def _vscode() -> dict[str, JSON]:
    return {
        "extensions": list(_EXTENSIONS),
        "settings": {
            "python.defaultInterpreterPath": "/opt/dynamo/venv/bin/python",
            "rust-analyzer.cargo.targetDir": f"{_WORKSPACE}/target/rust-analyzer",
            "terminal.integrated.defaultProfile.linux": "bash",
            "[python]": {"editor.defaultFormatter": "charliermarsh.ruff"},
            "[rust]": {"editor.defaultFormatter": "rust-lang.rust-analyzer"},
        },
    }


def _portable(mount: Mount, home: str) -> Mount:
    if mount.type != "bind":
        return mount
    return replace(mount, source=_portable_path(mount.source, home))


def _portable_flag(flag: RunFlag, home: str) -> RunFlag:
    if flag.flag != "--env-file" or flag.value is None:
        return flag
    return replace(flag, value=_portable_path(flag.value, home))


def _portable_path(path: str, home: str) -> str:
    """Write the caller's home folder as `${localEnv:HOME}`: other users open the folder too."""
    if path == home or path.startswith(f"{home}/"):
        return "${localEnv:HOME}" + path.removeprefix(home)
    return path
