# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The digests of images from outside: as the engine has them, else as their registries do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from dynamo_container.docker import buildx, engine
from dynamo_container.errors import MachineError
from dynamo_container.model.lock import LockedBase
from dynamo_container.model.references import repository_of


def locked(images: Iterable[str], *, pull: bool) -> Iterator[LockedBase]:
    """Yield what is locked for each image.

    A build takes an image that the engine has, unless --pull is given; so does a lock.

    Raises:
        EngineError: no engine answers.
        MachineError: neither the engine nor the registry has an image.
    """
    for image in images:
        plain, _, digest = image.partition("@")
        info = None if pull or digest else engine.inspect_image(image)
        repository = repository_of(plain)
        known = (
            [one.partition("@")[2] for one in info.digests if _is_of(one, repository)]
            if info
            else []
        )
        if info and not known:
            yield LockedBase(image=image, id=info.id)
            continue
        reference = f"{repository}@{known[0]}" if known else image
        manifest = buildx.registry_manifest(reference).document
        if not (digest or known or manifest):
            raise MachineError(
                f"the digest of {image} is not known: neither the engine nor its registry has it",
                f"check: docker buildx imagetools inspect {image}",
            )
        yield LockedBase(
            image=image,
            digest=digest or (known[0] if known else str(manifest["digest"])),
            platforms=tuple(_platforms(manifest)),
        )


def _is_of(reference: str, repository: str) -> bool:
    """Whether a reference is of a repository, which docker names in a short form."""
    return reference.partition("@")[0].removeprefix("docker.io/").removeprefix("library/") == (
        repository.removeprefix("docker.io/").removeprefix("library/")
    )


def _platforms(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for entry in manifest.get("manifests") or ():
        platform = entry.get("platform") or {}
        if platform.get("os") == "linux":
            variant = platform.get("variant", "")
            name = f"linux/{platform.get('architecture', '')}{f'/{variant}' if variant else ''}"
            yield name, str(entry["digest"])
