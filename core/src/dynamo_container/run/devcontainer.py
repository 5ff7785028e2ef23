# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A container's plan as a `devcontainer.json` (https://containers.dev/implementors/json_reference)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Final, TypeAlias

from dynamo_container.run.docker_argv import flag_words, mount_line
from dynamo_container.run.plan import RunPlan
from dynamo_container.values import Mount

JSON: TypeAlias = "str | bool | list[JSON] | dict[str, JSON]"

WORKSPACE: Final = "/home/ubuntu/dynamo"
USER: Final = "ubuntu"
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


def render(plan: RunPlan, framework: str, home: str) -> str:
    """The file's text.

    Args:
        plan: of a container of the framework's local-dev image, without a workspace.
        framework: its name.
        home: the caller's home; what lies under it is written so that it is right for everybody.
    """
    text = json.dumps(_document(plan, framework, home), indent=2) + "\n"
    return f"{_MARK}{_hash(text)}\n{text}"


def is_untouched(text: str) -> bool:
    """Whether a file is as it was written, by whichever version of this."""
    first, _, rest = text.partition("\n")
    return first == f"{_MARK}{_hash(rest)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _document(plan: RunPlan, framework: str, home: str) -> dict[str, JSON]:
    flags = [flag for flag in plan.flags if flag.flag not in _ITS_OWN]
    volumes = (
        Mount(
            type="volume", source=f"dynamo-{framework}-history", target=f"{_HOME}/.commandhistory"
        ),
        Mount(
            type="volume",
            source=f"dynamo-{framework}-pre-commit",
            target=f"{_HOME}/.cache/pre-commit",
        ),
    )
    own = {var.name: var.value for var in plan.env if var.value is not None}
    by_name = {*_TOKENS, *(var.name for var in plan.env if var.value is None)}
    document: dict[str, JSON] = {
        "name": f"Dynamo ({framework})",
        "image": plan.image,
        "runArgs": [*flag_words(flags), *(f"--publish={port}" for port in plan.ports)],
        "remoteUser": USER,
        "updateRemoteUserUID": True,
        "workspaceFolder": WORKSPACE,
        "workspaceMount": f"type=bind,source=${{localWorkspaceFolder}},target={WORKSPACE}",
        "mounts": [_portable(mount_line(mount), home) for mount in (*plan.mounts, *volumes)],
        "containerEnv": {
            "CARGO_TARGET_DIR": f"{WORKSPACE}/target",
            "DYNAMO_HOME": WORKSPACE,
            **own,
        },
        "remoteEnv": {name: f"${{localEnv:{name}}}" for name in sorted(by_name)},
        "postCreateCommand": "dynamo-build-in-place",
        "customizations": {
            "vscode": {
                "extensions": list(_EXTENSIONS),
                "settings": {
                    "python.defaultInterpreterPath": "/opt/dynamo/venv/bin/python",
                    "rust-analyzer.cargo.targetDir": f"{WORKSPACE}/target/rust-analyzer",
                    "terminal.integrated.defaultProfile.linux": "bash",
                    "[python]": {"editor.defaultFormatter": "charliermarsh.ruff"},
                    "[rust]": {"editor.defaultFormatter": "rust-lang.rust-analyzer"},
                },
            }
        },
    }
    if plan.folders:
        document["initializeCommand"] = ["mkdir", "-p", *_all_portable(plan.folders, home)]
    return document


def _all_portable(paths: Iterable[str], home: str) -> list[JSON]:
    return [_portable(path, home) for path in paths]


def _portable(text: str, home: str) -> str:
    """With `${localEnv:HOME}` for the caller's home: the file is for everybody in the folder."""
    return text.replace(f"{home}/", "${localEnv:HOME}/")
