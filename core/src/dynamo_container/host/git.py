# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Facts about a Dynamo checkout: its folder, and what its git and its files say about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dynamo_container.docker import process
from dynamo_container.errors import UsageError
from dynamo_container.host.paths import is_file
from dynamo_container.model.facts import Checkout
from dynamo_container.model.names import DYNAMO
from dynamo_container.model.toml import read_toml

_PROJECT: Final = "pyproject.toml"
# The version of a checkout without any version: older than everything.
_UNKNOWN: Final = "0.0.0"
# Tags that can be versions; Dynamo also has tags of charts and crates.
_TAG_PATTERNS: Final = ("v[0-9]*", "[0-9]*")
_RUST_RELEASE: Final = r"\d+\.\d+(?:\.\d+)?"


def find_checkout(start: Path) -> Path | None:
    """Return the nearest Dynamo checkout, from a folder upwards: a folder whose `pyproject.toml` is
    that of the project `ai-dynamo`.

    Raises:
        UsageError: a `pyproject.toml` that mentions the project is not valid TOML.
    """
    return next((folder for folder in (start, *start.parents) if _is_checkout(folder)), None)


def _is_checkout(folder: Path) -> bool:
    path = folder / _PROJECT
    if not is_file(path):
        return False
    try:
        # Most projects are not Dynamo, and searching a file is faster than parsing it.
        if DYNAMO.encode() not in path.read_bytes():
            return False
        project = read_toml(path).get("project")
    except OSError:
        return False
    except ValueError as error:
        raise UsageError(f"{path} is not valid TOML: {error}", "fix the file") from error
    return isinstance(project, dict) and project.get("name") == DYNAMO


def collect(path: Path, version: str = "") -> Checkout:
    """Collect the facts about a checkout from its git, or from its `pyproject.toml` without git.

    Args:
        path: absolute; it contains a `pyproject.toml`.
        version: overrides the version; empty for the one that git gives.
    """
    git = _Git(path=path)
    in_git = git.is_repository
    declared = _declared_version(path)
    tag, exact = git.tag() if in_git else ("", False)
    commit, short = git.commit() if in_git else ("", "")
    derived = tag or declared or _UNKNOWN
    if commit and not exact:
        derived = f"{derived}.dev.{short}"
    return Checkout(
        path=path,
        release=declared or tag or _normalized(version) or _UNKNOWN,
        version=version or derived,
        commit=commit,
        digest=_digest(commit, git.changes() if commit else version or derived),
        rust=_rust_release(path),
    )


def _digest(*parts: str) -> str:
    import hashlib

    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Git:
    """The git command in a checkout. Its answers are empty if the command fails."""

    path: Path

    def query(self, *arguments: str) -> str:
        """Return what git prints. Nothing is written, and with sudo, git's owner check is off."""
        settings = ("-c", f"safe.directory={self.path}", "-c", "core.fsmonitor=false")
        # The caller's GIT_DIR and the like are about another repository.
        return process.query(
            *("git", "-C", str(self.path), *settings, *arguments),
            drop_env="GIT_",
            env={"GIT_OPTIONAL_LOCKS": "0"},
        )

    @property
    def is_repository(self) -> bool:
        """Whether the checkout is a repository itself: one around it has nothing to do with it."""
        top = self.query("rev-parse", "--show-toplevel").rstrip("\n")
        return bool(top) and Path(top).resolve() == self.path.resolve()

    def commit(self) -> tuple[str, str]:
        """Return the commit that is checked out, and its short form; empty before the first."""
        commit = self.query("rev-parse", "--verify", "--quiet", "HEAD").strip()
        return (commit, self.query("rev-parse", "--short", "HEAD").strip()) if commit else ("", "")

    def tag(self) -> tuple[str, bool]:
        """Return the version of the latest tag in the commit's history, and whether it is the
        commit's own tag. Branches do not matter.
        """
        own = self.query("tag", "--points-at", "HEAD").split()
        if version := _newest(own):
            return version, True
        patterns = [f"--match={pattern}" for pattern in _TAG_PATTERNS]
        return _newest(self.query("describe", "--tags", "--abbrev=0", *patterns).split()), False

    def changes(self) -> str:
        """Return a digest of the uncommitted changes and the names of new files; empty if none."""
        status = self.query("status", "--porcelain", "-z")
        if not status:
            return ""
        return _digest(status, self.query("diff", "--no-ext-diff", "--binary", "HEAD"))


def _newest(tags: list[str]) -> str:
    """Return the highest version among tags; empty if none of them is a version."""
    from packaging.version import Version

    return max(filter(None, map(_normalized, tags)), key=Version, default="")


def _normalized(version: str) -> str:
    """Return a version as packages write it: `v0.6.1-rc1` is `0.6.1rc1`; empty if not valid."""
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(version))
    except InvalidVersion:
        return ""


def _declared_version(path: Path) -> str:
    project = _table(path / _PROJECT, "project")
    return _normalized(str(project.get("version", "")))


def _rust_release(path: Path) -> str:
    channel = str(_table(path / "rust-toolchain.toml", "toolchain").get("channel", ""))
    return channel if re.fullmatch(_RUST_RELEASE, channel) else ""


def _table(path: Path, name: str) -> dict[str, Any]:
    """Return a table of a TOML file; empty if there is none, or the file cannot be read."""
    try:
        table = read_toml(path).get(name)
    except (OSError, ValueError):
        return {}
    return table if isinstance(table, dict) else {}
