# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""From a request of `run` to the plan of a container to develop in. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from dynamo_container.containers import planner
from dynamo_container.containers.additions import Additions
from dynamo_container.containers.caches import CACHES
from dynamo_container.containers.docker_argv import create_command
from dynamo_container.containers.plan import RunPlan
from dynamo_container.development.plan import DevPlan, Settings
from dynamo_container.model.names import DEV_LABEL, DEV_PLAN_LABEL, UID_LABEL
from dynamo_container.model.provenance import CORE, Contribution
from dynamo_container.model.requests import RunRequest
from dynamo_container.model.values import EnvVar, Mount
from dynamo_container.plugins.registry import Registry

# The caller's certificates in the container, and those together with the distribution's own.
BUNDLE: Final = "/run/dynamo/ca-bundle.pem"
CERTIFICATES: Final = "/etc/dynamo/certificates.pem"
_CERTIFICATE_VARIABLES: Final = (
    "CARGO_HTTP_CAINFO", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT", "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
)  # fmt: skip
# The caches are on another file system than the environment, so that uv cannot link its files.
_LINK_MODE: Final = EnvVar(name="UV_LINK_MODE", value="copy")
_SLEEP: Final = ("sleep", "infinity")
_SLUG_LENGTH: Final = 30


def container_name(owner: str, source: str, framework: str) -> str:
    """Return the name of the container in which a user develops a folder with a framework.

    Args:
        owner: `UID@HOST` of the user.
        source: the folder's path.
        framework: of the image; empty for none.
    """
    identity = f"{owner}\0{source}\0{framework}"
    digest = hashlib.sha256(identity.encode(errors="surrogateescape")).hexdigest()[:8]
    words = (framework, source.rpartition("/")[2])
    slug = re.sub(r"[^a-zA-Z0-9_.]+", "-", "-".join(filter(None, words)))[:_SLUG_LENGTH]
    return f"dynamo-dev-{slug.strip('-')}-{digest}"


def plan_dev(registry: Registry, request: RunRequest, settings: Settings) -> DevPlan:
    """Plan a container to develop in; see `containers.planner.plan` for what it raises.

    Args:
        registry: with the request's framework loaded.
        request: of a container that mounts the folder as its workspace.
        settings: what it gets besides.
    """
    additions = Additions(
        env=tuple(Contribution(value=var, source=CORE) for var in _env(settings)),
        mounts=tuple(
            Contribution(value=mount, source=CORE) for mount in _mounts(request, settings)
        ),
    )
    planned = planner.plan(registry, request, additions=additions)
    container = replace(
        planned,
        name=container_name(request.owner, settings.source, request.framework),
        entrypoint=_SLEEP[:1],
        command=_SLEEP[1:],
        # Values from the caller's environment are for commands: a container would keep them.
        env=tuple(var for var in planned.env if var.value is not None),
    )
    image = request.image_info.id if request.image_info else request.image
    arguments = (*_arguments(container), f"image {image}")
    return DevPlan(
        container=_labelled(container, settings, arguments),
        framework=request.framework,
        settings=settings,
        arguments=arguments,
        caches=tuple(mount.target for mount in _caches(request)),
        session=tuple(var for var in planned.env if var.value is None),
        workdir="/".join(filter(None, (planner.WORKSPACE, settings.workdir))),
    )


def _env(settings: Settings) -> Iterator[EnvVar]:
    yield _LINK_MODE
    yield from settings.env
    if settings.ca_bundle:
        for name in _CERTIFICATE_VARIABLES:
            yield EnvVar(name=name, value=CERTIFICATES)


def _mounts(request: RunRequest, settings: Settings) -> Iterator[Mount]:
    yield from _caches(request)
    if settings.ca_bundle:
        yield Mount(source=settings.ca_bundle, target=BUNDLE, options=("ro",))


def _caches(request: RunRequest) -> Iterator[Mount]:
    """Yield a volume for each cache and UID: its files belong to the user of the image."""
    user = request.label(UID_LABEL) or "developer"
    # Like the caller's other caches, only for images of the caller's.
    for name, folder in CACHES if request.trusted else ():
        target = f"{request.home}/{folder}"
        yield Mount(type="volume", source=f"dynamo-{name}-{user}", target=target)


def _arguments(container: RunPlan) -> tuple[str, ...]:
    """Return what a container is created with, without its labels and the image's name."""
    plain = create_command(replace(container, labels=()))
    return tuple(word for word in plain.argv[2:] if word != container.image)


def _labelled(container: RunPlan, settings: Settings, arguments: tuple[str, ...]) -> RunPlan:
    own = ((DEV_LABEL, settings.source), (DEV_PLAN_LABEL, json.dumps(arguments)))
    return replace(container, labels=(*container.labels, *own))


def changes(before: str, plan: DevPlan) -> tuple[str, ...]:
    """Return what an existing container was created with differently, for people.

    Args:
        before: its label.
        plan: what it would be created with now.

    Returns:
        Lines such as `+ --publish=8000:8000` and `- --gpus=all`; empty if nothing has changed.
    """
    try:
        old = tuple(map(str, json.loads(before)))
    except (TypeError, ValueError):
        return ("? unknown",)
    lost = (f"- {word}" for word in old if word not in plan.arguments)
    new = (f"+ {word}" for word in plan.arguments if word not in old)
    return (*lost, *new)


def lacks_toolchain(plan: DevPlan, toolchains: tuple[str, ...]) -> bool:
    """Whether none of the installed Rust toolchains is the one that the checkout names.

    Args:
        plan: with the checkout's settings.
        toolchains: such as `1.95.0-x86_64-unknown-linux-gnu`.
    """
    rust = plan.settings.rust
    return bool(rust and toolchains) and not any(
        name == rust or name.startswith((f"{rust}-", f"{rust}.")) for name in toolchains
    )
