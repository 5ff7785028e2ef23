# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Where TensorRT-LLM's wheel comes from: an index, a directory, or a commit of its repository."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from dynamo_container.api import (
    BuildRequest,
    Option,
    UsageError,
    exact_version,
    read_toml,
    without_credentials,
)

NAME: Final = "tensorrt-llm"
# NVIDIA's own index; the public one has a placeholder under this name.
INDEX_URL: Final = "https://pypi.nvidia.com"
GIT_URL: Final = "https://github.com/NVIDIA/TensorRT-LLM.git"
# Where a build from a commit used to leave its wheel, and looks for it.
DIRECTORY: Final = Path("/tmp/trtllm_wheel")  # noqa: S108  # nothing is written there
# What Dynamo 0.5.0 was tried with.
EXPERIMENTAL_COMMIT: Final = "e81c50dbd2811ec858eccc2c71b5e7a330ff7e24"

T = TypeVar("T")

PIP_WHEEL: Final = "--tensorrtllm-pip-wheel"
PIP_WHEEL_DIR: Final = "--tensorrtllm-pip-wheel-dir"
INDEX: Final = "--tensorrtllm-index-url"
COMMIT: Final = "--tensorrtllm-commit"
DEFAULT_COMMIT: Final = "--use-default-experimental-tensorrtllm-commit"
GIT: Final = "--tensorrtllm-git-url"

OPTIONS: Final = (
    Option(
        flag=PIP_WHEEL,
        metavar="WHEEL",
        help="the wheel of another version, such as tensorrt-llm==1.1.0rc3",
    ),
    Option(
        flag=INDEX,
        metavar="URL",
        help=f"the index that this wheel alone is taken from (default: {INDEX_URL})",
    ),
    Option(
        flag=PIP_WHEEL_DIR,
        metavar="DIR",
        help="a directory with a wheel, and a commit.txt with <architecture>_<commit>",
    ),
    Option(
        flag=COMMIT,
        metavar="COMMIT",
        help="the wheel of this commit: from the directory, else built from source",
    ),
    Option(
        flag=DEFAULT_COMMIT,
        help=f"the same for {EXPERIMENTAL_COMMIT[:12]}",
        type="flag",
    ),
    Option(
        flag=GIT,
        metavar="URL",
        help=f"the repository of a build from source (default: {GIT_URL})",
    ),
)
_EXCLUSIVE: Final = (
    (PIP_WHEEL, PIP_WHEEL_DIR),
    (PIP_WHEEL, COMMIT),
    (PIP_WHEEL, DEFAULT_COMMIT),
    (COMMIT, DEFAULT_COMMIT),
    (INDEX, PIP_WHEEL_DIR),
    (INDEX, COMMIT),
    (INDEX, DEFAULT_COMMIT),
    (GIT, PIP_WHEEL_DIR),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A wheel of this version from this index; without a version the one that Dynamo asks for."""

    version: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The wheel in this directory, of this version."""

    path: Path
    version: str
    assumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A wheel that is built from a commit."""

    commit: str
    url: str


def origin(request: BuildRequest, version: str) -> Index | Directory | Commit:
    """Where the wheel comes from.

    Args:
        request: with the options.
        version: the wheel that goes with the wanted Dynamo; empty where it is not known.

    Raises:
        UsageError: the options contradict each other, or the directory has no such wheel.
    """
    given = _given(request)
    for one, other in _EXCLUSIVE:
        if one in given and other in given:
            raise UsageError(f"{one} and {other} exclude each other", "leave one of them out")
    commit = EXPERIMENTAL_COMMIT if DEFAULT_COMMIT in given else given.get(COMMIT, "")
    if PIP_WHEEL_DIR in given:
        return _directory(Path(given[PIP_WHEEL_DIR]), commit)
    if not commit:
        _refuse_git(given)
        if request.checkout:
            version = _asked_by(request.checkout.path)
        return _index(given, version)
    if GIT not in given and (built := _built_before(commit)):
        return built
    return Commit(commit=commit, url=without_credentials(GIT, given.get(GIT, GIT_URL)))


def _given(request: BuildRequest) -> dict[str, str]:
    values = {one.flag: request.option(one.destination) for one in OPTIONS}
    return {flag: value for flag, value in values.items() if value}


def _refuse_git(given: dict[str, str]) -> None:
    if GIT in given:
        raise UsageError(
            f"{GIT} means nothing without a commit to build", f"say which: {COMMIT} COMMIT"
        )


def _index(given: dict[str, str], version: str) -> Index:
    wheel = given.get(PIP_WHEEL, "")
    name, _, wanted = wheel.partition("==")
    if wheel and not (name.replace("_", "-") == NAME and wanted):
        raise UsageError(
            f"{PIP_WHEEL} {wheel!r} names no version of {NAME}", f"for example: {NAME}==1.1.0rc3"
        )
    url = without_credentials(INDEX, given.get(INDEX, INDEX_URL))
    return Index(version=exact_version(PIP_WHEEL, wanted) if wanted else version, url=url)


def _asked_by(checkout: Path) -> str:
    """The version that the extra `trtllm` of a checkout asks for; empty where it does not say one:
    its own release may not be on any index.
    """
    try:
        extras = read_toml(checkout / "pyproject.toml")["project"]["optional-dependencies"]
        asked = [re.fullmatch(rf"{NAME} *== *([^ ;*,]+)", one) for one in extras["trtllm"]]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return next((one[1] for one in asked if one), "")


def _built_before(commit: str) -> Directory | None:
    """The wheel that an earlier build of this commit left; None where there is none, or not whole:
    nobody asked for that directory.
    """
    try:
        return _directory(DIRECTORY, commit, assumed=True)
    except UsageError:
        return None


def _directory(path: Path, commit: str, *, assumed: bool = False) -> Directory:
    path = path.expanduser().absolute()
    wheels = sorted(_look(path, lambda: path.glob("*.whl")))
    of_it = [one for one in wheels if re.match(r"tensorrt_llm-[^-]+-.*\.whl$", one.name)]
    if len(of_it) != 1:
        found = ", ".join(one.name for one in wheels) or "none at all"
        raise UsageError(
            f"{PIP_WHEEL_DIR} {path} has to have one wheel of {NAME}, and has {found}",
            f"leave it out for the wheel of an index, or build one: {COMMIT} COMMIT",
        )
    there = _commit_of(path)
    if commit and there != commit:
        says = f"says {there}" if there else "is missing"
        raise UsageError(
            f"the wheel in {path} is not of commit {commit}: commit.txt there {says}",
            f"it is left as it is: give the right one, or leave out {PIP_WHEEL_DIR} to compile",
        )
    return Directory(path=path, version=of_it[0].name.split("-")[1], assumed=assumed)


def _commit_of(path: Path) -> str:
    """The commit in `commit.txt`, behind the architecture; empty without such a file."""
    file = path / "commit.txt"
    text = _look(path, lambda: file.read_bytes() if file.is_file() else b"")
    return text.decode(errors="replace").strip().rpartition("_")[2]


def _look(path: Path, read: Callable[[], T]) -> T:
    try:
        return read()
    except OSError as error:
        raise UsageError(
            f"{PIP_WHEEL_DIR} {path} cannot be read: {error.strerror}", "give another directory"
        ) from error
