# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Image references: `registry:5000/team/image:tag@sha256:...`, how to check them and make them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from dynamo_container.errors import UsageError
from dynamo_container.model.names import DEV_TARGET, REPOSITORY
from dynamo_container.model.text import quoted

# The registry of a reference that does not name one.
DOCKER_HUB: Final = "docker.io"
# The grammar of github.com/distribution/reference, without digests.
_REFERENCE: Final = re.compile(
    r"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
    r"(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
)
_DIGEST: Final = r"sha256:[0-9a-f]{64}"
_TAG_LENGTH: Final = 128


def image_reference(
    framework: str, target: str, version: str = "latest", repository: str = REPOSITORY
) -> str:
    """Return an image's reference, such as `dynamo:latest-vllm-runtime`; `dev` has no suffix."""
    suffix = "" if target == DEV_TARGET else f"-{target}"
    return f"{repository}:{as_tag(f'{version}-{framework}{suffix}')}"


def variant(framework: str, device: str) -> str:
    """Return what tags call a framework's image for a device: `vllm-cpu`.

    Args:
        framework: its name.
        device: the device, if it is not the framework's default one; else empty.
    """
    return f"{framework}-{device}" if device else framework


def as_tag(text: str) -> str:
    """Replace characters that a tag cannot contain by `-`, and cut the text to a tag's length."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", text)[:_TAG_LENGTH]


def with_suffix(reference: str, suffix: str) -> str:
    """Append `-SUFFIX` to the tag: `my/image:1` becomes `my/image:1-local-dev`.

    A reference without a tag gets the tag `latest` first. A digest is dropped: it does not
    identify what is built from the image.
    """
    name = reference.partition("@")[0]
    tagged = ":" in name.rpartition("/")[2]
    return f"{name if tagged else f'{name}:latest'}-{suffix}"


def is_image(text: str) -> bool:
    """Whether an engine can look up an image by this text: a reference, a digest, or an ID."""
    name, at, digest = text.partition("@")
    if at:
        return is_reference(name) and bool(re.fullmatch(_DIGEST, digest))
    return is_reference(text) or bool(re.fullmatch(_DIGEST, text))


def require_image(text: str) -> None:
    """Require that an engine can look up an image by the text.

    Raises:
        UsageError: it is not valid.
    """
    if not is_image(text):
        raise UsageError(
            f"{quoted(text)} is not a valid image reference", "for example: my-image:dev"
        )


def is_repository(text: str) -> bool:
    """Whether the text is a repository without a tag: `registry:5000/team/image`."""
    return is_reference(text) and ":" not in text.rpartition("/")[2]


def familiar(reference: str) -> str:
    """Return a reference as docker shows it, and as BuildKit looks up named contexts: without what
    it adds itself, as in `docker.io/library/ubuntu:latest`.
    """
    short = reference.removeprefix("index.").removeprefix(f"{DOCKER_HUB}/")
    return short.removeprefix("library/").removesuffix(":latest")


def repository_of(reference: str) -> str:
    """Return a reference without its tag; it has no digest."""
    return reference.rpartition(":")[0] if ":" in reference.rpartition("/")[2] else reference


def has_registry(reference: str) -> bool:
    """Whether a push goes anywhere but to Docker Hub's official images, which users cannot push."""
    return "/" in reference


def is_reference(text: str) -> bool:
    """Whether an image can be tagged with this text: `my-image:dev`, `registry:5000/team/image`."""
    return bool(re.fullmatch(_REFERENCE, text))


def registry_of(image: str) -> tuple[str, str]:
    """Split a reference into its registry and the rest, the way docker reads it.

    `ubuntu:24.04` is `library/ubuntu:24.04` on `docker.io`.
    """
    host, slash, path = image.partition("/")
    if slash and (host == "localhost" or "." in host or ":" in host):
        return host, path
    return DOCKER_HUB, image if slash else f"library/{image}"


def is_protected(url: str, trusted_hosts: Iterable[str]) -> bool:
    """Whether packages from an index cannot be replaced on the way: the URL does not start with
    `http://`, or the user trusts its host, as `HOST` or `HOST:PORT`.
    """
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0].rpartition("@")[2]
    return scheme.lower() != "http" or not {host, host.partition(":")[0]}.isdisjoint(trusted_hosts)
