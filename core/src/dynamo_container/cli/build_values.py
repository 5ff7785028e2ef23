# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What the options of `build` may say, and what that comes to."""

from __future__ import annotations

import os
import re
from typing import Final

from dynamo_container.cli.paths import folder
from dynamo_container.errors import UsageError
from dynamo_container.model.references import is_image

# What uv takes: a day, or a moment with its offset (RFC 3339).
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?")
# CUDA's packages and images go by these two numbers.
_CUDA: Final = re.compile(r"\d+\.\d+")
# A named context that is no folder, as docker writes it.
_ELSEWHERE: Final = ("docker-image://", "oci-layout://", "http://", "https://", "git@", "git://")
_ARGUMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Build arguments that options of their own are for, which keep credentials out of them.
_RESERVED: Final = {"INDEX_URL": "--index-url", "EXTRA_INDEX_URLS": "--extra-index-url"}


def version(word: str | None) -> str | None:
    if word is None:
        return None
    # Imported here: only where there is such a word does a command pay for it.
    from dynamo_container.plugins.releases import exact_version

    return exact_version("--dynamo-version", word)


def day(word: str | None) -> str | None:
    if word is None or word == "none":
        return word
    from datetime import datetime

    try:
        if not _DAY.fullmatch(word):
            raise ValueError(word)  # noqa: TRY301  # one way to say it
        datetime.fromisoformat(word.replace("Z", "+00:00"))
    except ValueError as error:
        raise UsageError(
            f"--resolve-as-of {word!r} is no day",
            "for example: 2026-08-30, 2026-08-30T12:00:00Z, or none",
        ) from error
    return word


def base_image(image: str | None, tag: str | None) -> str | None:
    if tag and not image:
        raise UsageError(
            "--base-image-tag means nothing without --base-image",
            "give both, or --base-image IMAGE:TAG",
        )
    if image is None:
        return None
    if tag and (":" in image.rsplit("/", 1)[-1] or "@" in image):
        raise UsageError(
            f"--base-image {image} has a tag, and --base-image-tag gives another",
            "give one of them",
        )
    return image_of(f"{image}:{tag}" if tag else image, "--base-image")


def image_of(word: str | None, flag: str) -> str | None:
    """An image to start from."""
    if word is not None and not is_image(word):
        raise UsageError(
            f"{flag} {word!r} is no image reference", "for example: debian:trixie-slim"
        )
    return word


def cuda_versions(words: tuple[str, ...]) -> tuple[str, ...]:
    """CUDA versions, each once."""
    for word in words:
        if not _CUDA.fullmatch(word):
            raise UsageError(f"--cuda-version {word!r} is no CUDA version", "for example: 12.9")
    return tuple(dict.fromkeys(words))


def stages(words: tuple[str, ...], found: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """The images that stand for stages, by stage, beside those that are found already."""
    found = dict(found)
    for word in words:
        name, equals, image = word.partition("=")
        if not (name and equals and is_image(image)):
            raise UsageError(
                f"--stage {word!r} is not NAME=IMAGE", "for example: --stage tools=my/tools:1"
            )
        if found.setdefault(name, image) != image:
            raise UsageError(f"--stage {name} is given two images", "leave one of them out")
    return tuple(found.items())


def contexts(words: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The named contexts, the last of each name; a folder's path made absolute."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, place = word.partition("=")
        if not (name and equals and place):
            raise UsageError(
                f"--build-context {word!r} is not NAME=PATH",
                "for example: --build-context nixl=./nixl",
            )
        found[name.lower()] = (
            place if place.startswith(_ELSEWHERE) else folder(place, "--build-context")
        )
    return tuple(found.items())


def build_args(words: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The last value of each name, sorted. A name alone takes its value from the environment, as
    docker's does.
    """
    values: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not _ARGUMENT.fullmatch(name):
            raise UsageError(
                f"--build-arg {name!r} is no name", "for example: --build-arg KEY=VALUE"
            )
        if name in _RESERVED:
            raise UsageError(
                f"--build-arg {name} would show an index's credentials",
                f"use {_RESERVED[name]}, which keeps them secret",
            )
        if equals:
            values[name] = value
        elif name in os.environ:
            values[name] = os.environ[name]
    return tuple(sorted(values.items()))
