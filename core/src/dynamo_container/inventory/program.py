# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Programs of ours that run in an image, by its own Python, and print what they find as JSON."""

from __future__ import annotations

import json
from importlib import resources
from typing import Final, TypeVar

import msgspec

from dynamo_container.docker import contained, engine
from dynamo_container.errors import MachineError, TooMuchOutputError, WorkFailedError
from dynamo_container.model.facts import ImageInfo

T = TypeVar("T")
_SECONDS: Final = 600.0
# The largest images of engines have some 10 MB of license texts. As JSON, an image that lies can
# take twenty times as much memory.
_BYTES: Final = 50_000_000
_NO_PYTHON: Final = 127
_PYTHONS: Final = "/opt/dynamo/venv/bin/python", "/usr/bin/python3", "/usr/local/bin/python3"


def inspect(image: str) -> ImageInfo:
    """Return what the engine knows about an image.

    Raises:
        EngineError: no engine answers.
        MachineError: it does not have the image.
    """
    info = engine.inspect_image(image)
    if info is None:
        raise MachineError(
            f"the engine does not have the image {image}", f"pull it: docker pull {image}"
        )
    return info


def report(image: str, form: type[T], name: str, *arguments: str) -> T:
    """Run a program in an image, and return what it reports. The image runs it, so its words are
    the image's: they have the form of the type, or are an error.

    Args:
        image: that has the Python.
        form: the type of what the program reports.
        name: of the program's file, in this package.
        arguments: of the program.

    Raises:
        MachineError, WorkFailedError: as `run`; or what the image reports is not valid.
    """
    text = run(image, name, *arguments)
    try:
        # Not by msgspec alone, which takes no names of files that are not UTF-8.
        return msgspec.convert(json.loads(text), type=form)
    except (ValueError, RecursionError) as error:
        raise WorkFailedError(
            f"what the image {image} reports is not valid: {error}",
            f"by layer: dynamo-container size {image} --by layer",
        ) from error


def run(image: str, name: str, *arguments: str) -> str:
    """Run a program in an image, without a network.

    Args:
        image: that has the Python.
        name: of the program's file, in this package.
        arguments: of the program.

    Raises:
        MachineError: no Python runs in the image.
        WorkFailedError: the program failed, or printed too much.
    """
    script = resources.files("dynamo_container.inventory").joinpath(name).read_text("utf-8")
    words = ("--read-only", "--network=none", "--user=0", "--entrypoint=/bin/sh", image)
    volumes = inspect(image).volumes
    start = f'[ -x "$p" ] && exec "$p" -I -c "$0" "$@"; done; exit {_NO_PYTHON}'
    find = f"for p in {' '.join(_PYTHONS)}; do {start}"
    arguments = (*words, "-c", find, script, *arguments)
    hint = f"by layer: dynamo-container size {image} --by layer"
    try:
        answer = contained.run(
            "docker", *arguments, seconds=_SECONDS, limit=_BYTES, volumes=volumes
        )
    except TooMuchOutputError as error:
        raise WorkFailedError(
            f"what the image {image} reports is not valid: more than {_BYTES / 1e6:.0f} MB", hint
        ) from error
    if answer.returncode == _NO_PYTHON:
        raise MachineError(f"the image {image} has no Python, which lists what is in it", hint)
    if answer.returncode:
        reason = answer.stderr.strip()[-300:] or f"docker exited with status {answer.returncode}"
        raise WorkFailedError(f"the image {image} cannot be examined: {reason}", hint)
    return answer.stdout
