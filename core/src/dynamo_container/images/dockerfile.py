# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a stage's files say: which build arguments a Dockerfile declares, and a digest of its
context.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dynamo_container.errors import PluginError

# What BuildKit's frontend reads itself, whether a Dockerfile declares it or not: the Dockerfile
# reference, "BuildKit built-in build args".
PREDEFINED: Final = frozenset(
    {
        "BUILDKIT_BUILD_NAME",
        "BUILDKIT_CACHE_MOUNT_NS",
        "BUILDKIT_CONTEXT_KEEP_GIT_DIR",
        "BUILDKIT_DOCKERFILE_CHECK",
        "BUILDKIT_INLINE_CACHE",
        "BUILDKIT_MULTI_PLATFORM",
        "BUILDKIT_SANDBOX_HOSTNAME",
        "BUILDKIT_SYNTAX",
        "SOURCE_DATE_EPOCH",
    }
)
_PIECE = 1 << 20
_CONTINUED = re.compile(r"\\[ \t]*\n(?:[ \t]*#.*\n)*")
_ARG = re.compile(r"^[ \t]*ARG[ \t]+(.+)$", re.MULTILINE | re.IGNORECASE)
_FROM = re.compile(r"^[ \t]*FROM[ \t]+.*?[ \t]AS[ \t]+(\S+)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_READ = re.compile(
    r"^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*([^\s$]+)|--from=([^\s,$]+)|[,=]from=([^\s,$]+)",
    re.MULTILINE | re.IGNORECASE,
)
_WORD = re.compile(r"""([A-Za-z_][A-Za-z0-9_]*)(?:=(?:"[^"]*"|'[^']*'|\S*))?""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A Dockerfile and its context, read.

    Attributes:
        args: names of the build arguments that it takes: those that it declares, and BuildKit's.
        targets: names of its `FROM ... AS`, lower case.
        contexts: names that a named context may stand for, lower case: of stages, and of what is
        read `FROM`, `--from=` and `from=`.
        digest: SHA-256 of its text and of every file of the context (path, executable bit,
        content).
    """

    args: frozenset[str]
    targets: frozenset[str]
    contexts: frozenset[str]
    digest: str


def read(dockerfile: Path, context: Path, known: str = "") -> Source:
    """Read a stage's Dockerfile and context.

    Args:
        dockerfile: as the stage has it.
        context: the same.
        known: a digest of the context, where it is known; else every file of it is read.

    Raises:
        PluginError: the Dockerfile cannot be read.
    """
    try:
        text = dockerfile.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PluginError(
            f"the Dockerfile {dockerfile} cannot be read: {error}",
            "its plugin was not installed whole: reinstall it",
        ) from error
    joined = _CONTINUED.sub(" ", text)
    targets = frozenset(name.lower() for name in _FROM.findall(joined))
    return Source(
        args=frozenset(
            word for line in _ARG.findall(joined) for word in _WORD.findall(line.split(" #")[0])
        )
        | PREDEFINED,
        targets=targets,
        contexts=targets
        | {name.lower() for names in _READ.findall(joined) for name in names if name},
        digest=_sha256(f"{text}\0{known}") if known else _digest(text, context),
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(text: str, context: Path) -> str:
    digest = hashlib.sha256(text.encode())
    for path in sorted(context.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            executable = bool(path.stat().st_mode & 0o100)
            digest.update(f"\0{path.relative_to(context).as_posix()}\0{executable}\0".encode())
            digest.update(_file_digest(path))
    return digest.hexdigest()


def _file_digest(path: Path) -> bytes:
    """SHA-256 of a file, piece by piece: a context may hold a wheel of gigabytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.digest()
