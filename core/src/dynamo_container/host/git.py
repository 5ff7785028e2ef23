# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A Dynamo checkout: what is asked of it, and of its git, before a build from source is planned."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dynamo_container.docker import engine
from dynamo_container.model.facts import Checkout
from dynamo_container.model.names import DYNAMO
from dynamo_container.model.toml import read_toml

# What has no version anywhere is older than everything.
_UNKNOWN: Final = "0.0.0"
# Where a tag may be a version: other tags of Dynamo's are of charts and crates.
_TAGS: Final = ("v[0-9]*", "[0-9]*")
_CHANNEL: Final = r"\d+\.\d+(?:\.\d+)?"


def read(path: Path, version: str = "") -> Checkout:
    """Ask a checkout and its git; where those do not answer, its `pyproject.toml` has to do.

    Args:
        path: absolute, with a `pyproject.toml`.
        version: what it is called, whatever git says; empty for git's word.
    """
    git = _Git(path=path)
    declared = _declared(path)
    tag, exact = git.tag() if git.own else ("", False)
    commit, short = git.commit() if git.own else ("", "")
    called = tag or declared or _UNKNOWN
    if commit and not exact:
        called = f"{called}.dev.{short}"
    return Checkout(
        path=path,
        release=declared or tag or _release(version) or _UNKNOWN,
        version=version or called,
        commit=commit,
        digest=_digest(commit, git.changes() if commit else version or called),
        rust=_rust(path),
    )


def _digest(*parts: str) -> str:
    import hashlib

    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Git:
    """The git of a checkout, as far as it has one of its own."""

    path: Path

    def ask(self, *words: str) -> str:
        """What git says; empty where it fails. Behind sudo the checkout is somebody else's, and
        nothing is written there.
        """
        settings = ("-c", f"safe.directory={self.path}", "-c", "core.fsmonitor=false")
        return engine.ask(
            "git", "-C", str(self.path), *settings, *words, without="GIT_", GIT_OPTIONAL_LOCKS="0"
        )

    @property
    def own(self) -> bool:
        """Whether the repository is the checkout's: one around it knows nothing of its version."""
        top = self.ask("rev-parse", "--show-toplevel").rstrip("\n")
        return bool(top) and Path(top).resolve() == self.path.resolve()

    def commit(self) -> tuple[str, str]:
        """The commit that is checked out, and its short form; empty where there is none yet."""
        commit = self.ask("rev-parse", "--verify", "--quiet", "HEAD").strip()
        return (commit, self.ask("rev-parse", "--short", "HEAD").strip()) if commit else ("", "")

    def tag(self) -> tuple[str, bool]:
        """The version by the latest tag that leads here, and whether it is that of the very commit;
        whatever branches there are.
        """
        here = self.ask("tag", "--points-at", "HEAD").split()
        if release := _newest(here):
            return release, True
        patterns = [f"--match={pattern}" for pattern in _TAGS]
        return _newest(self.ask("describe", "--tags", "--abbrev=0", *patterns).split()), False

    def changes(self) -> str:
        """What differs from the commit: a digest of the changes, and the names of new files."""
        status = self.ask("status", "--porcelain", "-z")
        return (
            _digest(status, self.ask("diff", "--no-ext-diff", "--binary", "HEAD")) if status else ""
        )


def _newest(tags: list[str]) -> str:
    """The highest version among tags; empty where none is one."""
    from packaging.version import Version

    return max(filter(None, map(_release, tags)), key=Version, default="")


def _release(word: str) -> str:
    """A version as packages have it: `v0.6.1-rc1` is `0.6.1rc1`; empty where it is none."""
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(word))
    except InvalidVersion:
        return ""


def _declared(path: Path) -> str:
    project = _table(path / "pyproject.toml", "project")
    return _release(str(project.get("version", "")))


def _rust(path: Path) -> str:
    channel = str(_table(path / "rust-toolchain.toml", "toolchain").get("channel", ""))
    return channel if re.fullmatch(_CHANNEL, channel) else ""


def _table(path: Path, name: str) -> dict[str, Any]:
    """A table of a file; empty where it has none, or cannot be read."""
    try:
        table = read_toml(path).get(name)
    except (OSError, ValueError):
        return {}
    return table if isinstance(table, dict) else {}


def find_checkout(start: Path) -> Path | None:
    """Return the nearest folder upwards that is a Dynamo checkout; None if there is none."""
    for folder in (start, *start.parents):
        if _table(folder / "pyproject.toml", "project").get("name") == DYNAMO:
            return folder
    return None
