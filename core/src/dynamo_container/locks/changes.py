# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What differs between two locks, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from dynamo_container.model.lock import Lock, LockedImage, LockedWheel

_SHORT: Final = 12


def changes(before: Lock, after: Lock) -> tuple[str, ...]:
    """Return what changes from one lock to another, a line for each thing."""
    reasons = _reasons(before, after)
    return (
        *_compare("image", _images(before), _images(after), {}),
        *_compare("base image", _bases(before), _bases(after), {}),
        *_compare("tool", _tools(before), _tools(after), {}),
        *_compare("", _wheels(before), _wheels(after), reasons),
        *_compare("apt", _packages(before), _packages(after), {}),
        *_sizes(before, after),
    )


def newer(before: Lock, after: Lock, as_of: str) -> tuple[str, ...]:
    """Return what is newer in a lock that was made without a date, and why it is held back.

    Args:
        before: the lock in use.
        after: a lock of the same request, without a date.
        as_of: the date of the request; empty for none.
    """
    reasons = {wheel.name: _held_back(wheel, as_of) for one in after.wheels for wheel in one.wheels}
    lines = (
        *_compare("base image", _bases(before), _bases(after), {}),
        *_compare("", _wheels(before), _wheels(after), reasons),
        *_compare("apt", _packages(before), _packages(after), {}),
    )
    changed = "changed "
    return tuple(line.removeprefix(changed) for line in lines if line.startswith(changed))


def _held_back(wheel: LockedWheel, as_of: str) -> str:
    if as_of and wheel.uploaded >= as_of:
        return f" (held back: it is of {wheel.uploaded}, and packages are as of {as_of})"
    return f" (held back by the lock: update {wheel.name})"


def _reasons(before: Lock, after: Lock) -> dict[str, str]:
    """Why Python packages have their versions: the plan pins them, or others that change require
    them.
    """
    old, new = _wheels(before), _wheels(after)
    changed = {name for name in new if old.get(name) != new[name]}
    versions = {name: version for name, (version, _) in new.items()}
    reasons = {}
    for one in after.wheels:
        for wheel in one.wheels:
            via = [name for name in wheel.via if name in changed]
            if via:
                words = " and ".join(f"{name} {versions[name]}" for name in via[:2])
                verb = "requires" if len(via) == 1 else "require"
                reasons[wheel.name] = f" ({words} {verb} it)"
    pins = {name: image.framework for image in after.images for name in _pins(image)}
    return reasons | {name: f" ({framework} pins it)" for name, framework in pins.items()}


def _sizes(before: Lock, after: Lock) -> Iterator[str]:
    """Yield how much more or less Python packages are downloaded, if it changes."""
    old, new = (
        sum(wheel.size for one in lock.wheels for wheel in one.wheels) for lock in (before, after)
    )
    if old and new and old != new:
        yield (
            f"Python packages: {old / 1e6:,.1f} MB -> {new / 1e6:,.1f} MB compressed "
            f"({(new - old) / 1e6:+,.1f} MB)"
        )


def _compare(
    what: str,
    before: Mapping[str, tuple[str, str]],
    after: Mapping[str, tuple[str, str]],
    reasons: Mapping[str, str],
) -> Iterator[str]:
    """Yield a line for each name whose version or content differs."""
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        label = f"{what} {name}".lstrip()
        if old is None and new is not None:
            yield f"added   {label} {new[0]}".rstrip() + reasons.get(name, "")
        elif new is None and old is not None:
            yield f"removed {label} {old[0]}".rstrip()
        elif old and new:
            same = "the same version with another content" if old[0] == new[0] else ""
            version = f"{old[0]} ({same})" if same else f"{old[0]} -> {new[0]}"
            yield f"changed {label} {version}{reasons.get(name, '')}"


def _pins(image: LockedImage) -> Iterator[str]:
    for key, _ in image.values:
        kind, _, name = key.partition(" ")
        if kind == "pin":
            yield name


def _images(lock: Lock) -> dict[str, tuple[str, str]]:
    return {" ".join(filter(None, image.identity)): ("", "") for image in lock.images}


def _bases(lock: Lock) -> dict[str, tuple[str, str]]:
    digests = {base.image: base.digest or base.id for base in lock.bases}
    return {image: (digest[: len("sha256:") + _SHORT], digest) for image, digest in digests.items()}


def _tools(lock: Lock) -> dict[str, tuple[str, str]]:
    return {tool.name: (tool.version, " ".join(tool.hashes)) for tool in lock.tools}


def _wheels(lock: Lock) -> dict[str, tuple[str, str]]:
    return _joined(
        (wheel.name, wheel.version, wheel.sha256) for one in lock.wheels for wheel in one.wheels
    )


def _packages(lock: Lock) -> dict[str, tuple[str, str]]:
    return _joined(
        (package.name, package.version, package.sha256)
        for one in lock.packages
        for package in one.packages
    )


def _joined(found: Iterator[tuple[str, str, str]]) -> dict[str, tuple[str, str]]:
    """Return versions and hashes by name: several, if images or platforms differ."""
    by_name: dict[str, tuple[set[str], set[str]]] = {}
    for name, version, sha256 in found:
        versions, hashes = by_name.setdefault(name, (set(), set()))
        versions.add(version)
        hashes.add(sha256)
    return {
        name: (" and ".join(sorted(versions)), " ".join(sorted(hashes)))
        for name, (versions, hashes) in by_name.items()
    }
