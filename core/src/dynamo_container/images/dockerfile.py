# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Read a Dockerfile: its instructions, and what planning needs to know of them.

It follows the Dockerfile reference (docs.docker.com/reference/dockerfile): continued lines,
comments between them, here-documents, and the directive `escape`.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import shlex
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from dynamo_container.errors import PluginError
from dynamo_container.model.names import SETTINGS

# Arguments that BuildKit's frontend reads itself, even if a Dockerfile does not declare them: the
# Dockerfile reference, "BuildKit built-in build args".
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
_CHUNK: Final = 1 << 20
_DIRECTIVE: Final = r"#\s*(syntax|escape|check)\s*=\s*(.+?)\s*"
# A word as a shell splits a line, with its quotes: `<<` opens a here-document only at its start.
_WORD: Final = r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+"""
_HEREDOC: Final = r"\d*<<(-?)([^<]+)"
_HEREDOC_INSTRUCTIONS: Final = ("RUN", "COPY", "ADD")
_FLAGS: Final = r"(?:--\S+\s+)*"
_FROM: Final = rf"{_FLAGS}(\S+)(?:\s+AS\s+(\S+))?"
_ARG: Final = r"([A-Za-z_]\w*)(?:=(.*))?"
_VARIABLE: Final = r"\$(?:(\w+)|\{(\w+)(?::([-+])([^}]*))?\})"
_MOUNT: Final = r"--mount=(\S+)"
# What ADD takes from elsewhere: a URL, or a git repository; or what a variable contains.
_REMOTE: Final = r"://|git@|\$"
# Stands for every secret.
ANY: Final = "*"
_READ_FROM: Final = r"(?:--|[,=\"])from=([^\s,\"]+)"


class Instruction(NamedTuple):
    """One instruction of a Dockerfile.

    Attributes:
        keyword: in upper case, such as `FROM` or `USER`.
        arguments: the rest, with continued lines joined; without the content of here-documents.
        line: the number of its first line, from 1.
    """

    keyword: str
    arguments: str
    line: int


class StageSource(NamedTuple):
    """What planning needs to know of a stage's Dockerfile and context.

    Attributes:
        args: names of the build arguments that it takes: those that it declares, and BuildKit's.
        targets: names of its `FROM ... AS`, in lower case.
        contexts: names that a named context can replace, in lower case: of its targets, and of
            what it reads with `FROM`, `--from=` and `from=`.
        bases: what each target starts from, by the target's name in lower case: another target, by
            name or by the defaults of its arguments; else as written.
        digest: SHA-256 of its text and of every file of the context (path, executable bit,
            content).
        secrets: IDs of the secrets that its steps mount; `ANY` if only the build knows one of them.
        downloads: whether it adds files from URLs or git repositories.
    """

    args: frozenset[str]
    targets: frozenset[str]
    contexts: frozenset[str]
    bases: tuple[tuple[str, str], ...]
    digest: str
    secrets: frozenset[str] = frozenset()
    downloads: bool = False

    @property
    def effective_args(self) -> frozenset[str]:
        """Names of the arguments that it takes as build arguments, or as settings of a step."""
        return self.args | {arg for arg, setting in SETTINGS.items() if self.mounts(setting)}

    def mounts(self, secret: str) -> bool:
        """Whether a step mounts the secret with this ID, as far as is known before the build."""
        return not self.secrets.isdisjoint((secret, ANY))

    def starts_from(self, target: str, contexts: Container[str]) -> str:
        """Return what a target starts from, through other targets of the same Dockerfile.

        Args:
            target: a `FROM ... AS` name.
            contexts: names of named contexts, which replace targets of the same name (stand-ins).

        Returns:
            a name of `contexts` in lower case; else an image, or a reference with variables, as
            written.
        """
        bases = dict(self.bases)
        base, visited = bases.get(target.lower(), ""), {target.lower()}
        while (name := base.lower()) not in contexts and name in bases and name not in visited:
            visited.add(name)
            base = bases[name]
        return name if name in contexts else base


def read(dockerfile: Path, context: Path, known_digest: str = "") -> StageSource:
    """Read a stage's Dockerfile and context.

    Args:
        dockerfile: the stage's.
        context: the stage's.
        known_digest: a digest of the context if it is known; else every file of it is read.

    Raises:
        PluginError: the Dockerfile cannot be read.
    """
    try:
        text = dockerfile.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PluginError(
            f"the Dockerfile {dockerfile} cannot be read: {error}",
            "its plugin was not installed completely: reinstall it",
        ) from error
    parsed = tuple(parse(text))
    stages = tuple(_stages(parsed))
    targets = frozenset(name for name, _ in stages if name)
    return StageSource(
        args=frozenset(name for name, _ in _args(parsed)) | PREDEFINED,
        targets=targets,
        contexts=targets | frozenset(_named_sources(parsed)),
        bases=tuple((name, base) for name, base in stages if name),
        digest=_sha256(f"{text}\0{known_digest}") if known_digest else _digest(text, context),
        secrets=frozenset(_secrets(parsed)),
        downloads=any(_is_download(instruction) for instruction in parsed),
    )


def instructions(dockerfile: Path) -> tuple[Instruction, ...]:
    """Return the instructions of a Dockerfile, in order."""
    return tuple(parse(dockerfile.read_text(encoding="utf-8")))


def users(dockerfile: Path, target: str) -> tuple[Instruction, ...]:
    """Return the `USER` instructions that apply to an image of this target, in order."""
    by_stage: dict[str, tuple[Instruction, ...]] = {}
    name = ""
    for instruction in instructions(dockerfile):
        if instruction.keyword == "FROM":
            base, name = _from(instruction)
            by_stage[name] = by_stage.get(base.lower(), ())
        elif instruction.keyword == "USER" and name:
            by_stage[name] = (*by_stage[name], instruction)
    return by_stage.get(target.lower(), ())


def sources(dockerfile: Path, args: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return what each stage of a Dockerfile starts from, copies from or mounts: other stages,
    named contexts and images.

    Args:
        dockerfile: its path.
        args: build arguments, which override the defaults of arguments.

    Returns:
        by the stage's name in lower case, or its number.
    """
    found: dict[str, tuple[str, ...]] = {}
    values: dict[str, str] = dict(args)
    current = ""
    for number, instruction in enumerate(instructions(dockerfile)):
        if instruction.keyword == "ARG":
            defaults = {name: _expand(text, values) for name, text in _args([instruction])}
            values = {**defaults, **values}
        elif instruction.keyword == "FROM":
            base, name = _from(instruction)
            current = name or f"#{number}"
            found[current] = (_expand(base, values),)
        elif current and instruction.keyword in _HEREDOC_INSTRUCTIONS:
            flags = re.match(_FLAGS, instruction.arguments)
            names = re.findall(_READ_FROM, flags[0]) if flags else ()
            found[current] += tuple(_expand(name, values) for name in names)
    return found


def parse(text: str) -> Iterator[Instruction]:
    """Yield the instructions of a Dockerfile's text."""
    lines = text.removeprefix("\ufeff").split("\n")
    escape = _escape_character(lines)
    number = 0
    while number < len(lines):
        first = number
        joined, number = _join(lines, number, escape)
        keyword, arguments = _split(joined)
        if not keyword:
            continue
        if _opens_heredocs(keyword, arguments):
            number = _skip_heredocs(arguments, lines, number)
        yield Instruction(keyword=keyword, arguments=arguments, line=first + 1)


def _escape_character(lines: Iterable[str]) -> str:
    """Return the character that continues a line: of the directive `escape`, or a backslash.

    Directives end at the first line that is not one, be it empty or a comment.
    """
    for line in lines:
        directive = re.fullmatch(_DIRECTIVE, line.strip(), re.IGNORECASE)
        if not directive:
            break
        if directive[1].lower() == "escape":
            return directive[2]
    return "\\"


def _join(lines: list[str], number: int, escape: str) -> tuple[str, int]:
    """Join a line and those that continue it, without comments and empty lines between them.

    A word may go on in the next line, so nothing is inserted between them.

    Returns:
        the joined line, and the number of the next one.
    """
    joined = "" if lines[number].lstrip().startswith("#") else lines[number].rstrip()
    number += 1
    # Two escape characters at the end are an escaped one, which continues nothing.
    while joined.endswith(escape) and not joined.endswith(escape * 2):
        joined = joined[: -len(escape)]
        while number < len(lines) and _is_ignored(lines[number]):
            number += 1
        if number == len(lines):
            break
        joined += lines[number].rstrip()
        number += 1
    return joined, number


def _is_ignored(line: str) -> bool:
    stripped = line.strip()
    return not stripped or stripped.startswith("#")


def _split(line: str) -> tuple[str, str]:
    words = line.split(None, 1)
    return (words[0].upper(), words[1].strip() if len(words) > 1 else "") if words else ("", "")


def _opens_heredocs(keyword: str, arguments: str) -> bool:
    if keyword == "ONBUILD":
        keyword, _ = _split(arguments)
    # In the exec form, a JSON list, `<<` is text.
    words = re.sub(_FLAGS, "", arguments, count=1)
    return keyword in _HEREDOC_INSTRUCTIONS and not words.startswith("[")


def _skip_heredocs(arguments: str, lines: list[str], number: int) -> int:
    """Return the number of the line after the here-documents that an instruction opens."""
    for word in re.findall(_WORD, arguments):
        if not (match := re.fullmatch(_HEREDOC, word)):
            continue
        dash, delimiter = match[1], re.sub(r"\\(.)|[\"']", r"\1", match[2])
        while number < len(lines):
            line = lines[number].lstrip("\t") if dash else lines[number]
            number += 1
            if line == delimiter:
                break
    return number


def _from(instruction: Instruction) -> tuple[str, str]:
    """Return what a `FROM` starts from, as written, and its name in lower case, or no name."""
    match = re.match(_FROM, instruction.arguments, re.IGNORECASE)
    return (match[1], (match[2] or "").lower()) if match else ("", "")


def _stages(parsed: tuple[Instruction, ...]) -> Iterator[tuple[str, str]]:
    """Yield each stage's name, empty without `AS`, and what it starts from."""
    before_stages = itertools.takewhile(lambda entry: entry.keyword != "FROM", parsed)
    defaults = dict(_args(before_stages))
    names: set[str] = set()
    for instruction in parsed:
        if instruction.keyword == "FROM":
            base, name = _from(instruction)
            expanded = _expand(base, defaults)
            yield name, expanded if expanded.lower() in names else base
            names |= {name} - {""}


def _expand(text: str, values: dict[str, str]) -> str:
    """Replace the variables in `text` by their values."""

    def value(match: re.Match[str]) -> str:
        own = values.get(match[1] or match[2], "")
        if match[3] == "+":
            return match[4] if own else ""
        return own or match[4] or ""

    return re.sub(_VARIABLE, value, text)


def _args(parsed: Iterable[Instruction]) -> Iterator[tuple[str, str]]:
    """Yield the name and the default of each argument that `ARG` declares."""
    for instruction in parsed:
        if instruction.keyword == "ARG":
            for word in _words(instruction.arguments):
                if match := re.fullmatch(_ARG, word, re.DOTALL):
                    yield match[1], match[2] or ""


def _words(arguments: str) -> list[str]:
    # `#` starts a comment only at the start of a line.
    try:
        return shlex.split(arguments)
    except ValueError:
        return arguments.split()


def _named_sources(parsed: Iterable[Instruction]) -> Iterator[str]:
    for instruction in parsed:
        if instruction.keyword == "FROM":
            base, _ = _from(instruction)
            if "$" not in base:
                yield base.lower()
        elif instruction.keyword in _HEREDOC_INSTRUCTIONS:
            flags = re.match(_FLAGS, instruction.arguments)
            for name in re.findall(_READ_FROM, flags[0]) if flags else ():
                if "$" not in name:
                    yield name.lower()


def _secrets(parsed: Iterable[Instruction]) -> Iterator[str]:
    """Yield the IDs of the secrets that `RUN --mount=type=secret` mounts."""
    for instruction in parsed:
        flags = re.match(_FLAGS, instruction.arguments.removeprefix("RUN").lstrip())
        if instruction.keyword in ("RUN", "ONBUILD") and flags:
            for mount in re.findall(_MOUNT, flags[0]):
                fields = dict(field.partition("=")[::2] for field in mount.strip("\"'").split(","))
                if fields.get("type") == "secret":
                    yield _secret_id(fields)


def _secret_id(fields: dict[str, str]) -> str:
    """The ID of a secret, which is the name of its file if it is not given."""
    target = fields.get("target") or fields.get("dst") or fields.get("destination") or ""
    name = fields.get("id") or target.rpartition("/")[2]
    return ANY if not name or "$" in name else name


def _is_download(instruction: Instruction) -> bool:
    return instruction.keyword in ("ADD", "ONBUILD") and bool(
        re.search(_REMOTE, instruction.arguments)
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
    """SHA-256 of a file, chunk by chunk: a context may contain a wheel of gigabytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()
