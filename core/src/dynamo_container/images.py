# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What images are called, and the keys of the labels by which they describe themselves."""

from __future__ import annotations

import re
from typing import Final

REPOSITORY: Final = "dynamo"
# Where an image is from whose reference names no registry.
DOCKER_HUB: Final = "docker.io"
# The target whose images have no suffix: what a developer asks for most.
PLAIN_TARGET: Final = "dev"
# The target that is for one user, and made with that user's IDs.
DEVELOPER_TARGET: Final = "local-dev"
# Before every label of ours, on images and on containers.
PREFIX: Final = "ai.dynamo.container."
FRAMEWORK: Final = f"{PREFIX}framework"
TARGET: Final = f"{PREFIX}target"
DYNAMO: Final = f"{PREFIX}dynamo"
CUDA: Final = f"{PREFIX}cuda"
# The oldest NVIDIA driver on which the image runs.
DRIVER: Final = f"{PREFIX}driver"
# The packages that the plan pinned: `ai-dynamo==1.4.2 nixl==1.3.2 torch-cuda==13.0`.
PINS: Final = f"{PREFIX}pins"
HOME: Final = f"{PREFIX}home"
UID: Final = f"{PREFIX}uid"
# The plan's hash: what shapes the image, and nothing else.
PLAN: Final = f"{PREFIX}plan"
# Marks the containers that `run` started.
RUN: Final = f"{PREFIX}run"
# The grammar of distribution/reference, without digests: a tag is what a build gives.
_REFERENCE = re.compile(
    r"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
    r"(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
)
_DIGEST = r"sha256:[0-9a-f]{64}"
_TAG_LENGTH: Final = 128


def image_reference(
    framework: str, target: str, version: str = "latest", repository: str = REPOSITORY
) -> str:
    """The reference of an image: `dynamo:latest-vllm-runtime`; `dev` has no suffix."""
    suffix = "" if target == PLAIN_TARGET else f"-{target}"
    return f"{repository}:{as_tag(f'{version}-{framework}{suffix}')}"


def as_tag(text: str) -> str:
    """The text with a `-` for every sign that a tag cannot have."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", text)[:_TAG_LENGTH]


def with_suffix(reference: str, suffix: str) -> str:
    """The reference with `-SUFFIX` behind its tag: `my/image:1` becomes `my/image:1-local-dev`.

    Without a tag it is `latest`; a digest says nothing about what is made from the image, and goes.
    """
    name = reference.partition("@")[0]
    tagged = ":" in name.rpartition("/")[2]
    return f"{name if tagged else f'{name}:latest'}-{suffix}"


def is_image(text: str) -> bool:
    """Whether an image can be found so: by a reference, with a digest or without, or by its ID."""
    name, at, digest = text.partition("@")
    if at:
        return is_reference(name) and bool(re.fullmatch(_DIGEST, digest))
    return is_reference(text) or bool(re.fullmatch(_DIGEST, text))


def is_repository(text: str) -> bool:
    """Whether a tag can stand behind it: `registry:5000/team/image`."""
    return is_reference(text) and ":" not in text.rpartition("/")[2]


def has_registry(reference: str) -> bool:
    """Whether a push of it goes somewhere else than to Docker Hub's own images (`library/`), which
    nobody may push.
    """
    return "/" in reference


def is_reference(text: str) -> bool:
    """Whether an image can be tagged so: `my-image:dev`, `registry:5000/team/image`."""
    return bool(_REFERENCE.fullmatch(text))


def registry_of(image: str) -> tuple[str, str]:
    """The registry of a reference and what comes after it, as docker reads both: `ubuntu:24.04` is
    `library/ubuntu:24.04` of `docker.io`.
    """
    host, slash, path = image.partition("/")
    if slash and (host == "localhost" or "." in host or ":" in host):
        return host, path
    return DOCKER_HUB, image if slash else f"library/{image}"
