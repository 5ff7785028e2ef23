# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A container's plan as a `devcontainer.json` (https://containers.dev/implementors/json_reference)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Final, TypeAlias

from dynamo_container.containers.docker_argv import fits_mount, flag_words, mount_line, mount_word
from dynamo_container.containers.plan import RunPlan
from dynamo_container.model.values import Mount

JSON: TypeAlias = "str | bool | list[JSON] | dict[str, JSON]"

_WORKSPACE: Final = "/home/ubuntu/dynamo"
_USER: Final = "ubuntu"
# Another one for each folder and so for each user, and the same when the container is made again.
_ID: Final = "${devcontainerId}"
_HOME: Final = "/home/ubuntu"
# What the editor says itself: in which folder, and as whom.
_ITS_OWN: Final = ("--workdir", "--user", "--group-add")
_TOKENS: Final = ("HF_TOKEN", "GITHUB_TOKEN")
_EXTENSIONS: Final = (
    "charliermarsh.ruff",
    "ms-python.python",
    "ms-python.vscode-pylance",
    "rust-lang.rust-analyzer",
    "tamasfe.even-better-toml",
)
_MARK: Final = "// Written by `dynamo-container devcontainer`. Hash: "


def render(plan: RunPlan, framework: str, home: str, *, gpus: bool) -> str:
    """The file's text.

    Args:
        plan: of a container of the framework's local-dev image, without a workspace.
        framework: its name.
        home: the caller's home; what lies under it is written so that it is right for everybody.
        gpus: whether the container gets GPUs where there are some.
    """
    text = json.dumps(_document(plan, framework, home, gpus=gpus), indent=2) + "\n"
    return f"{_MARK}{_hash(text)}\n{text}"


def is_untouched(text: str) -> bool:
    """Whether a file is as it was written, by whichever version of this."""
    first, _, rest = text.partition("\n")
    return first == f"{_MARK}{_hash(rest)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _document(plan: RunPlan, framework: str, home: str, *, gpus: bool) -> dict[str, JSON]:
    flags = [flag for flag in plan.flags if flag.flag not in _ITS_OWN]
    taken = {mount.target for mount in plan.mounts}
    mounts = [_portable(mount, home) for mount in plan.mounts]
    volumes = (
        Mount(
            type="volume",
            source=f"dynamo-{framework}-history-{_ID}",
            target=f"{_HOME}/.commandhistory",
        ),
        Mount(
            type="volume",
            source=f"dynamo-{framework}-pre-commit-{_ID}",
            target=f"{_HOME}/.cache/pre-commit",
        ),
    )
    own = {var.name: var.value for var in plan.env if var.value is not None}
    by_name = {*_TOKENS, *(var.name for var in plan.env if var.value is None)}
    document: dict[str, JSON] = {
        "name": f"Dynamo ({framework})",
        "image": plan.image,
        "runArgs": [
            *flag_words(flags),
            *(f"--publish={port}" for port in plan.ports),
            # `--volume` has options for which `mounts` has no word.
            *(mount_word(mount) for mount in mounts if not fits_mount(mount)),
        ],
        # Whoever opens the folder gets the GPUs that are there.
        "hostRequirements": {"gpu": "optional"} if gpus else {},
        "remoteUser": _USER,
        "updateRemoteUserUID": True,
        "workspaceFolder": _WORKSPACE,
        "workspaceMount": f"type=bind,source=${{localWorkspaceFolder}},target={_WORKSPACE}",
        "mounts": [
            *(mount_line(mount) for mount in mounts if fits_mount(mount)),
            *(mount_line(mount) for mount in volumes if mount.target not in taken),
        ],
        "containerEnv": {
            "CARGO_TARGET_DIR": f"{_WORKSPACE}/target",
            "DYNAMO_HOME": _WORKSPACE,
            **own,
        },
        "remoteEnv": {name: f"${{localEnv:{name}}}" for name in sorted(by_name)},
        "postCreateCommand": "dynamo-build-in-place",
        "customizations": {
            "vscode": {
                "extensions": list(_EXTENSIONS),
                "settings": {
                    "python.defaultInterpreterPath": "/opt/dynamo/venv/bin/python",
                    "rust-analyzer.cargo.targetDir": f"{_WORKSPACE}/target/rust-analyzer",
                    "terminal.integrated.defaultProfile.linux": "bash",
                    "[python]": {"editor.defaultFormatter": "charliermarsh.ruff"},
                    "[rust]": {"editor.defaultFormatter": "rust-lang.rust-analyzer"},
                },
            }
        },
    }
    if plan.folders:
        folders = [_portable_path(folder, home) for folder in plan.folders]
        document["initializeCommand"] = ["mkdir", "-p", *folders]
    return {key: value for key, value in document.items() if value != {}}


def _portable(mount: Mount, home: str) -> Mount:
    if mount.type != "bind":
        return mount
    return replace(mount, source=_portable_path(mount.source, home))


def _portable_path(path: str, home: str) -> str:
    """With `${localEnv:HOME}` for the caller's home: the file is for everybody in the folder."""
    if path == home or path.startswith(f"{home}/"):
        return "${localEnv:HOME}" + path[len(home) :]
    return path
