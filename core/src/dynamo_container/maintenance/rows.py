# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Derive the row of a release from what the index knows, and resolve it on every platform.

The nearest older row is the pattern: it says which packages a row of this framework states, what is
left out, and which images go with which CUDA.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from dynamo_container.errors import WorkFailedError
from dynamo_container.maintenance.index import Index, Published
from dynamo_container.maintenance.resolution import PLATFORMS, Answer, Question, resolve
from dynamo_container.model.names import DYNAMO, REQUIREMENTS
from dynamo_container.model.requests import BuildRequest
from dynamo_container.model.values import CudaImages, Override, Pin, Release
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry
from dynamo_container.plugins.release_choice import KVBM, settled

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_CUDA_TOOLKIT: Final = "cuda-toolkit"
# `aisimulate==0.13.0 has no usable wheels`, with a marker in braces.
_NO_WHEEL: Final = re.compile(r"([A-Za-z0-9._-]+)(?:\{[^}]*\})?==([^ ,]+) has no usable wheels")
# `vllm==9.0 depends on nixl[cu14]==9.0`, or `all versions of vllm depend on nixl==9.0`.
_DEPENDS: Final = r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?(?:[=<>]\S*)? depends? on {}(?:\[[^]]*\])?[=<>]"
# A resolution is tried again after each override; more than these are a fault.
_MAX_OVERRIDES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A row that was derived.

    Attributes:
        row: the row.
        answers: its resolution on each platform.
        remarks: what a maintainer should look at.
    """

    row: Release
    answers: tuple[Answer, ...]
    remarks: tuple[str, ...] = ()


def derive(
    registry: Registry, framework: str, table: tuple[Release, ...], index: Index, new: Published
) -> Derived:
    """Derive the row of a release of a framework.

    Args:
        registry: with the framework's plugin loaded.
        framework: its name.
        table: the rows of the framework, oldest first.
        index: what the package index knows.
        new: the release.

    Raises:
        WorkFailedError: no row can be resolved.
    """
    pattern = _pattern(table, new)
    request = BuildRequest(framework=framework, target="runtime", dynamo_version=str(new.version))
    pins = [
        pin.value
        for pin in registry.call_for(framework, hookspecs.dynamo_container_pins, request=request)
    ]
    extras = next((pin.extras for pin in pins if pin.name == DYNAMO), ())
    exact = _exact(index.requirements(DYNAMO, str(new.version)))
    row = Release(
        dynamo=str(new.version),
        released=new.uploaded.isoformat(),
        wheels=tuple(_wheels(pattern, extras, exact)),
        overrides=tuple(override for override in pattern.overrides if override.leaves_out),
        cuda=pattern.cuda,
        python=pattern.python,
        deprecated=pattern.deprecated,
    )
    own = [
        override.value.requirement
        for override in registry.call_for(
            framework, hookspecs.dynamo_container_overrides, request=request
        )
    ]
    derived = _resolved(row, extras, tuple(own), exact, index)
    return replace(derived, remarks=(*derived.remarks, *_not_derived(pattern)))


def question_of(registry: Registry, framework: str, release: str) -> Question:
    """Return what the build of a release with a row resolves."""
    request = BuildRequest(framework=framework, target="runtime", dynamo_version=release)
    arguments = {
        arg.value.name: arg.value.value
        for arg in registry.call_for(
            framework, hookspecs.dynamo_container_build_args, request=request
        )
    }
    pins = registry.call_for(framework, hookspecs.dynamo_container_pins, request=request)
    overrides = registry.call_for(framework, hookspecs.dynamo_container_overrides, request=request)
    return Question(
        requirements=tuple(
            pin.value.requirement for pin in pins if pin.value.build_arg == REQUIREMENTS
        ),
        overrides=tuple(override.value.requirement for override in overrides),
        as_of=arguments.get("RESOLVE_AS_OF", ""),
    )


def _pattern(table: tuple[Release, ...], new: Published) -> Release:
    older = [row for row in table if type(new.version)(row.dynamo) < new.version]
    return older[-1] if older else table[0]


def _exact(requirements: tuple[Requirement, ...]) -> dict[tuple[str, str], Requirement]:
    """Return what Dynamo requires in one version, by extra (empty for all of them) and name."""
    exact = {}
    for requirement in requirements:
        specifiers = list(requirement.specifier)
        if len(specifiers) != 1 or specifiers[0].operator != "==":
            continue
        extra = re.search(r"""extra == ["']([^"']+)["']""", str(requirement.marker or ""))
        exact[extra[1] if extra else "", requirement.name] = requirement
    return exact


def _version(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    return specifier.version


def _wheels(
    pattern: Release, extras: tuple[str, ...], exact: dict[tuple[str, str], Requirement]
) -> Iterator[Pin]:
    """Yield the pattern's wheels in the versions that Dynamo requires."""
    for pin in pattern.wheels:
        if pin.name == KVBM:
            continue
        wanted = [exact[extra, pin.name] for extra in extras if (extra, pin.name) in exact]
        if wanted:
            own = tuple(sorted(wanted[0].extras)) if pin.extras else ()
            yield replace(pin, version=_version(wanted[0]), extras=own)
        elif not extras and (found := _library(pin, exact)):
            yield found
        else:
            yield pin


def _library(pin: Pin, exact: dict[tuple[str, str], Requirement]) -> Pin | None:
    """Return the wheel of a library such as `nixl-cu13`, in the newest version and for the CUDA
    that any extra requires (`nixl[cu13]==1.5.0`); None if none does.
    """
    from packaging.version import Version

    name = pin.name.partition("-")[0]
    found = [requirement for (_, project), requirement in exact.items() if project == name]
    if not found:
        return None
    newest = max(found, key=lambda requirement: Version(_version(requirement)))
    cuda = "-".join([name, *sorted(newest.extras)])
    return replace(pin, name=cuda, version=_version(newest))


def _resolved(
    row: Release,
    extras: tuple[str, ...],
    own: tuple[str, ...],
    exact: dict[tuple[str, str], Requirement],
    index: Index,
) -> Derived:
    """Resolve the row, and add overrides until it can be resolved, with and without KVBM."""
    remarks: list[str] = []
    row, answer = _completed(row, extras, own)
    # A plugin without one of Dynamo's extras overrides what KVBM requires by itself.
    with_kvbm = bool(extras) and index.has_wheel(KVBM, row.dynamo)
    kvbm = (Pin(name=KVBM, version=row.dynamo),) if with_kvbm else ()
    trial = answer
    while not (trial and (trial := resolve(_question(row, extras, own, kvbm), PLATFORMS[0]))):
        added = _override_for(trial.reason, extras, exact, index, row)
        if added is None or len(row.overrides) > _MAX_OVERRIDES:
            raise WorkFailedError(
                f"no packages were found for Dynamo {row.dynamo} on {trial.platform}",
                "write the row by hand, with an override; see docs/releases.md",
                details=tuple(trial.reason.splitlines()),
            )
        row = replace(row, overrides=(*row.overrides, added))
        remarks.append(f"overrides {added.requirement}: {added.reason}")
        row, answer = _completed(row, extras, own)
        trial = answer
    answers = (answer, *(resolve(_question(row, extras, own), other) for other in PLATFORMS[1:]))
    remarks += [f"not resolved on {a.platform}: {a.reason}" for a in answers if not a]
    return Derived(row=row, answers=answers, remarks=(*remarks, *_cuda_remarks(row)))


def _completed(
    row: Release, extras: tuple[str, ...], own: tuple[str, ...]
) -> tuple[Release, Answer]:
    """Resolve the row without CUDA's toolkit, then with that of PyTorch."""
    toolkit = next((pin for pin in row.wheels if pin.name == _CUDA_TOOLKIT), None)
    without = replace(row, wheels=tuple(pin for pin in row.wheels if pin != toolkit))
    answer = resolve(_question(without, extras, own), PLATFORMS[0], compile_nothing=True)
    version = _short(answer.packages.get(_CUDA_TOOLKIT, ""))
    if not answer or toolkit is None or not version:
        return row, answer
    row = replace(without, wheels=(*without.wheels, replace(toolkit, version=version)))
    row = replace(row, cuda=tuple(_for_torch(images, version) for images in row.cuda))
    return row, resolve(_question(row, extras, own), PLATFORMS[0], compile_nothing=True)


def _question(
    row: Release, extras: tuple[str, ...], own: tuple[str, ...], also: tuple[Pin, ...] = ()
) -> Question:
    dynamo = Pin(name=DYNAMO, version=row.dynamo, extras=extras)
    stated = (override.requirement for override in row.overrides)
    return Question(
        requirements=tuple(pin.requirement for pin in (dynamo, *row.wheels, *also)),
        overrides=tuple(dict.fromkeys((*own, *stated))),
        as_of=settled(row.released),
        python=row.python,
    )


def _short(version: str) -> str:
    """Return `13.0.3` for `13.0.3.0`."""
    return ".".join(version.split(".")[:3])


def _for_torch(images: CudaImages, toolkit: str) -> CudaImages:
    return replace(images, torch=".".join(toolkit.split(".")[:2]))


def _override_for(
    reason: str,
    extras: tuple[str, ...],
    exact: dict[tuple[str, str], Requirement],
    index: Index,
    row: Release,
) -> Override | None:
    """Return the override that fixes what uv reports; None if nothing is known."""
    known = {override.name for override in row.overrides}
    reason = " ".join(reason.split())
    if (match := _NO_WHEEL.search(reason)) and match[1] not in known:
        return _instead(match[1], match[2], index)
    for extra in ("", *extras):
        for (of, name), requirement in exact.items():
            if of != extra or name in known:
                continue
            others = [
                found
                for found in re.findall(_DEPENDS.format(re.escape(name)), reason)
                if found != DYNAMO
            ]
            if others:
                stated = str(requirement).partition(";")[0].strip()
                return Override(requirement=stated, reason=f"{others[0]} requires another version")
    return None


def _instead(name: str, version: str, index: Index) -> Override:
    """Return an override for a package that has no wheel: a later version of the same release, or
    else nothing at all.
    """
    from packaging.version import Version

    wanted = Version(version)
    for found in index.wheel_versions(name):
        if found > wanted and found.release == wanted.release and not found.is_prerelease:
            return Override(
                requirement=f"{name}=={found}",
                reason=f"{version} is a placeholder on the public index",
            )
    return Override(
        requirement=f"{name}; python_version < '0'",
        reason=f"{version} has no wheel on the public index",
    )


def _not_derived(pattern: Release) -> Iterator[str]:
    for device in pattern.devices:
        yield f"not derived: the [[release.device]] {device.device} of {pattern.dynamo}"
    for extra in pattern.extras:
        yield f"not derived: the [[release.extra]] {extra.extra} of {pattern.dynamo}"


def _cuda_remarks(row: Release) -> Iterator[str]:
    for images in row.cuda:
        if images.torch.partition(".")[0] != images.version.partition(".")[0]:
            yield (
                f"PyTorch is built for CUDA {images.torch}, but the images are for "
                f"{images.version}: write the [[release.cuda]] of the row"
            )
