# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Settings of the user's own pip, uv, sccache and AWS, which builds do not read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container.host.paths import is_file
from dynamo_container.host.users import caller_home

_INDEX_VARIABLES: Final = (
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
)  # fmt: skip
_INDEX_FILES: Final = (
    "/etc/pip.conf", "/etc/xdg/pip/pip.conf", "/etc/uv/uv.toml",
    "{config}/pip/pip.conf", "{home}/.pip/pip.conf", "{config}/uv/uv.toml",
)  # fmt: skip
_INDEX_SETTING: Final = re.compile(
    rb"^\s*(?:(?:extra-)?index(?:-url)?\s*=|\[\[index\]\])", re.MULTILINE
)
_SCCACHE_VARIABLES: Final = ("SCCACHE_ENDPOINT", "AWS_PROFILE")
_LARGEST_FILE: Final = 65536


def indexes() -> Iterator[str]:
    """Yield the variables and the files of this user that name a package index, for pip or uv."""
    yield from (name for name in _INDEX_VARIABLES if os.environ.get(name))
    home = str(Path(caller_home()).expanduser())
    config = os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    named = os.environ.get("PIP_CONFIG_FILE"), os.environ.get("UV_CONFIG_FILE")
    usual = (file.format(home=home, config=config) for file in _INDEX_FILES)
    for file in dict.fromkeys((*filter(None, named), *usual)):
        if _names_an_index(Path(file)):
            yield file


def _names_an_index(path: Path) -> bool:
    if not is_file(path):
        return False
    try:
        with path.open("rb") as file:
            return bool(_INDEX_SETTING.search(file.read(_LARGEST_FILE)))
    except OSError:
        return False


def netrc() -> str:
    """Return the path of this user's netrc file; empty if there is none."""
    path = os.environ.get("NETRC") or f"{caller_home()}/.netrc"
    return path if is_file(Path(path).expanduser()) else ""


def sccache() -> tuple[str, ...]:
    """Return the variables of sccache and AWS that are set and that builds do not read."""
    return tuple(name for name in _SCCACHE_VARIABLES if os.environ.get(name))
