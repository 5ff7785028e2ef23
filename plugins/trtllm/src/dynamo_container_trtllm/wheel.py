# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Where TensorRT-LLM's wheel comes from: an index, a folder, or a commit of its repository."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from dynamo_container.api import (
    BuildRequest,
    Option,
    UsageError,
    exact_version,
    read_toml,
    without_credentials,
)

NAME: Final = "tensorrt-llm"
# The stage that provides the wheel.
STAGE: Final = "tensorrt-llm-wheel"
# NVIDIA's own index; the public one has a placeholder under this name.
INDEX_URL: Final = "https://pypi.nvidia.com"
GIT_URL: Final = "https://github.com/NVIDIA/TensorRT-LLM.git"
# Dynamo's build.sh takes a wheel from here without being asked. Every user can create this folder,
# so it is used only if it is named.
OLD_DIRECTORY: Final = Path("/tmp/trtllm_wheel")  # noqa: S108  # only whether it exists
# The commit that Dynamo 0.5.0 was tested with.
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
        help="Wheel of another version, such as tensorrt-llm==1.1.0rc3.",
        stages=(STAGE,),
    ),
    Option(
        flag=INDEX,
        metavar="URL",
        help=f"Index for this wheel only (default: {INDEX_URL}).",
        stages=(STAGE,),
    ),
    Option(
        flag=PIP_WHEEL_DIR,
        metavar="DIR",
        help="Folder with a wheel, and a commit.txt that contains <architecture>_<commit>.",
        type="path",
        stages=(STAGE,),
    ),
    Option(
        flag=COMMIT,
        metavar="COMMIT",
        help="Commit of the wheel, which is taken from the folder or compiled.",
        stages=(STAGE,),
    ),
    Option(
        flag=DEFAULT_COMMIT,
        help=f"Same as {COMMIT} {EXPERIMENTAL_COMMIT[:12]}...",
        type="flag",
        stages=(STAGE,),
    ),
    Option(
        flag=GIT,
        metavar="URL",
        help=f"Repository to compile from (default: {GIT_URL}).",
        stages=(STAGE,),
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
    """The wheel of this version on an index; without a version, the one that Dynamo requires."""

    version: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The wheel of this version in a folder that the user named."""

    path: Path
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A wheel that is compiled from a commit of a repository."""

    commit: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineImage:
    """No wheel: an image of others has the engine."""

    version: str = ""


Origin: TypeAlias = Index | Directory | Commit | EngineImage


def origin(request: BuildRequest, version: str) -> Origin:
    """Return where the wheel comes from.

    Args:
        request: with the options.
        version: of the wheel that the requested Dynamo was tested with; empty if unknown.

    Raises:
        UsageError: options cannot be used together, or the folder does not have the wheel.
    """
    if request.engine_image:
        return EngineImage()
    given = _given(request)
    for flag, other in _EXCLUSIVE:
        if flag in given and other in given:
            raise UsageError(f"{flag} cannot be used with {other}", "remove one of them")
    commit = EXPERIMENTAL_COMMIT if DEFAULT_COMMIT in given else given.get(COMMIT, "")
    if PIP_WHEEL_DIR in given:
        return _directory(Path(given[PIP_WHEEL_DIR]), commit)
    if not commit:
        _require_commit(given)
        if request.checkout:
            version = _required_by(request.checkout.path)
        return _index(request, given, version)
    return Commit(commit=commit, url=without_credentials(GIT, given.get(GIT, GIT_URL)))


def _given(request: BuildRequest) -> dict[str, str]:
    values = {option.flag: request.option(option.destination) for option in OPTIONS}
    return {flag: value for flag, value in values.items() if value}


def _require_commit(given: dict[str, str]) -> None:
    if GIT in given:
        raise UsageError(f"{GIT} requires a commit to compile", f"add: {COMMIT} COMMIT")


def _index(request: BuildRequest, given: dict[str, str], version: str) -> Index:
    wheel = given.get(PIP_WHEEL, "")
    name, _, requested = wheel.partition("==")
    if wheel and not (name.replace("_", "-") == NAME and requested):
        raise UsageError(
            f"{PIP_WHEEL} {wheel!r} is not a version of {NAME}", f"for example: {NAME}==1.1.0rc3"
        )
    url = without_credentials(INDEX, given.get(INDEX, INDEX_URL))
    if not request.trusts(url):
        raise UsageError(
            f"{INDEX} {url} is not protected: packages can be replaced on the way",
            "use https://, or accept it: --trusted-host HOST",
        )
    return Index(version=exact_version(PIP_WHEEL, requested) if requested else version, url=url)


def _required_by(checkout: Path) -> str:
    """Return the version that the extra `trtllm` of a checkout requires; empty if it requires no
    exact one. It is read here because the checkout's own release may not be on any index.
    """
    try:
        extras = read_toml(checkout / "pyproject.toml")["project"]["optional-dependencies"]
        matches = [re.fullmatch(rf"{NAME} *== *([^ ;*,]+)", line) for line in extras["trtllm"]]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return next((match[1] for match in matches if match), "")


def _directory(path: Path, commit: str) -> Directory:
    wheels = sorted(file.name for file in _look(path, lambda: list(path.glob("*.whl"))))
    matches = [name for name in wheels if re.match(r"tensorrt_llm-[^-]+-.*\.whl$", name)]
    if len(matches) != 1:
        raise UsageError(
            f"{PIP_WHEEL_DIR} {path} requires exactly one wheel of {NAME} in the folder, "
            f"which has {', '.join(wheels) or 'no wheels'}",
            f"remove the option to use the wheel of an index, or compile one: {COMMIT} COMMIT",
        )
    recorded = _commit_of(path)
    if commit and recorded != commit:
        reason = f"commit.txt contains {recorded}" if recorded else "commit.txt is missing"
        raise UsageError(
            f"the wheel in {path} is not of commit {commit}: {reason}",
            f"name the right folder, or remove {PIP_WHEEL_DIR} to compile the commit; "
            "the folder was not changed",
        )
    return Directory(path=path, version=matches[0].split("-")[1])


def _commit_of(path: Path) -> str:
    """Return the commit in `commit.txt`, after the architecture; empty without such a file."""
    file = path / "commit.txt"
    text = _look(path, lambda: file.read_bytes() if file.is_file() else b"")
    return text.decode(errors="replace").strip().rpartition("_")[2]


def _look(path: Path, read: Callable[[], T]) -> T:
    try:
        return read()
    except OSError as error:
        raise UsageError(
            f"{PIP_WHEEL_DIR} {path} cannot be read: {error.strerror}", "name another folder"
        ) from error
