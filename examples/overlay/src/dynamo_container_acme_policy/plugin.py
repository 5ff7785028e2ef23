# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Acme's policy for the images of all frameworks, as an overlay of plain functions.

It does not depend on any framework: it uses only stages and arguments that all of them have, and
its own stage extends `runtime`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dynamo_container.api import (
    INDEX_URL,
    RUNTIME_STAGE,
    TARGET_LABEL,
    BuildArg,
    BuildRequest,
    BuildSecret,
    Check,
    CheckRequest,
    EnvVar,
    Inventory,
    Label,
    Mirror,
    PlanView,
    Refusal,
    RunRequest,
    Stage,
    hookimpl,
    read_toml,
    registry_of,
)

HERE: Final = Path(__file__).parent
# The certificate authority of Acme's own servers.
CERTIFICATES: Final = HERE / "hardened" / "acme.crt"
# Above the extensions of other plugins, because the last one is what ships.
LAST: Final = 900
_CAPABILITIES: Final = ("ALL", "SYS_ADMIN")
_OFF: Final = ("false", "f", "0")
_SETUID: Final = "find / -xdev -type f -perm /6000 2>/dev/null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The content of `policy.toml`.

    Attributes:
        index: the URL of the package index.
        mirrors: registries and their mirrors.
        labels: the labels of every image.
        registries: those that images may come from.
        licenses: those that images must not have, as the start of their names.
        packages: that images must not have, with the reason.
        size: that a runtime may have, in MB.
    """

    index: str
    mirrors: tuple[tuple[str, str], ...]
    labels: tuple[tuple[str, str], ...]
    registries: tuple[str, ...]
    licenses: tuple[str, ...]
    packages: tuple[tuple[str, str], ...]
    size: int


@functools.cache
def policy() -> Policy:
    """Return the policy, which is read when a hook needs it for the first time."""
    document = read_toml(HERE / "policy.toml")
    return Policy(
        index=document["index"],
        mirrors=tuple(document["mirrors"].items()),
        labels=tuple(document["labels"].items()),
        registries=tuple(document["registries"]),
        licenses=tuple(document["licenses"]),
        packages=tuple(document["packages"].items()),
        size=document["size"],
    )


@hookimpl
def dynamo_container_mirrors(request: BuildRequest) -> Iterator[Mirror]:
    """Replace the registries of images that plugins name; images that the user names stay."""
    for registry, mirror in policy().mirrors:
        yield Mirror(registry=registry, mirror=mirror)


@hookimpl
def dynamo_container_build_args(request: BuildRequest) -> Iterator[BuildArg]:
    """Install packages from Acme's index, unless the user names another: --index-url."""
    yield BuildArg(name=INDEX_URL, value=policy().index)


@hookimpl
def dynamo_container_secrets(request: BuildRequest) -> Iterator[BuildSecret]:
    """Trust Acme's authority in every step that downloads; the user's --ca-bundle replaces it."""
    yield BuildSecret(id="ca-bundle", path=str(CERTIFICATES))


@hookimpl
def dynamo_container_stages(request: BuildRequest) -> Iterator[Stage]:
    """Harden every runtime. Stages that need a runtime get the hardened one."""
    yield Stage(
        name="acme-hardened",
        dockerfile=HERE / "hardened" / "Dockerfile",
        extends=RUNTIME_STAGE,
        order=LAST,
    )


@hookimpl
def dynamo_container_labels(request: BuildRequest) -> Iterator[Label]:
    """Label images with their owner and the policy's version."""
    for key, value in policy().labels:
        yield Label(key=key, value=value)


@hookimpl
def dynamo_container_run_env(request: RunRequest) -> Iterator[EnvVar]:
    """Let programs that bring their own certificates use those of the image."""
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        yield EnvVar(name=name, value="/etc/ssl/certs/ca-certificates.crt")


@hookimpl
def dynamo_container_checks(request: CheckRequest) -> Iterator[Check]:
    """Check images that ship; development images have sudo."""
    if request.image_info.label(TARGET_LABEL) == RUNTIME_STAGE:
        argv = ("sh", "-c", f'test -z "$({_SETUID})"')
        yield Check(name="no setuid programs", argv=argv)


@hookimpl
def dynamo_container_verify(plan: PlanView) -> Iterator[Refusal]:
    """Refuse what the policy does not allow, whoever set it."""
    yield from _refuse_registries(plan) if plan.command == "build" else _refuse_rights(plan)
    yield from _refuse_labels(plan)


def _refuse_registries(plan: PlanView) -> Iterator[Refusal]:
    """Refuse images of other registries: of --base-image, --stage, a build argument, any source."""
    allowed = policy().registries
    for image in plan.images:
        if registry_of(image)[0] not in allowed:
            yield Refusal(
                reason=f"the image {image} does not come from {' or '.join(allowed)}",
                hint=f"copy it to {allowed[0]}, and use it from there",
            )


def _refuse_rights(plan: PlanView) -> Iterator[Refusal]:
    """Refuse what opens the machine to a container."""
    if any(value.lower() not in _OFF for value in plan.flag_values("--privileged")):
        yield Refusal(reason="containers must not be privileged", hint="omit --privileged")
    for value in plan.flag_values("--cap-add"):
        if _capability(value) in _CAPABILITIES:
            yield Refusal(reason=f"containers must not have --cap-add {value}")
    for entry in plan.entries:
        if entry.kind in ("flag", "mount") and "docker.sock" in entry.value:
            yield Refusal(reason=f"containers must not control the engine: {entry.key}")


def _capability(value: str) -> str:
    return value.upper().removeprefix("CAP_")


def _refuse_labels(plan: PlanView) -> Iterator[Refusal]:
    """Refuse images without the policy's labels, or with other values of them."""
    # The labels of an image are not known if the engine does not have it.
    known = plan.values("label") if plan.command == "build" else dict(plan.image_labels)
    for key, value in policy().labels if known else ():
        if known.get(key) != value:
            yield Refusal(
                reason=f"the image has no label {key}={value}",
                hint="build it with the plugin dynamo-container-acme-policy",
            )


@hookimpl
def dynamo_container_inventory(inventory: Inventory) -> Iterator[Refusal]:
    """Refuse images for what is in them: licenses, packages, size."""
    added = [one for one in inventory.components if not one.from_base]
    for component in added:
        if any(one.startswith(policy().licenses) for one in component.license.split(" AND ")):
            yield Refusal(
                reason=f"its license is not allowed: {component.describe()}",
                hint=f"see: dynamo-container sbom {inventory.image} {component.name}",
            )
    for name, why in policy().packages:
        for component in inventory.named(name):
            yield Refusal(reason=f"{why}: {component.describe()}", hint=_leave_out(name))
    if inventory.target == RUNTIME_STAGE and inventory.size > policy().size * 1e6:
        yield Refusal(
            reason=f"it has {inventory.size / 1e6:,.0f} MB, and may have {policy().size:,}",
            hint=f"see: dynamo-container size {inventory.image}",
        )


def _leave_out(name: str) -> str:
    return f"leave it out, in the release table: overrides = [\"{name}; python_version < '0'\"]"
