# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""From a request to the plan of a served model."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from dynamo_container.containers import planner as containers, writing
from dynamo_container.containers.additions import Additions
from dynamo_container.containers.plan import RunPlan
from dynamo_container.errors import ConflictError, UsageError
from dynamo_container.model.names import CUDA_DEVICE
from dynamo_container.model.provenance import CORE, Contribution, PlanEntry, Resolved, Source, merge
from dynamo_container.model.requests import PlanView, RunRequest, ServeRequest
from dynamo_container.model.values import EnvVar, Mount, RunFlag, Service
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry
from dynamo_container.plugins.verification import verify
from dynamo_container.services import gpus
from dynamo_container.services.plan import ServePlan, ServicePlan

# Where services find each other: a folder in memory that all of them can write, whatever their UID.
DISCOVERY_FOLDER: Final = "/discovery"
_RESTART: Final = RunFlag(flag="--restart", value="unless-stopped")
_TOPOLOGIES: Final = "agg, agg-router, disagg"
_HINT: Final = "give one of them another name; or {without}"


def plan_serve(registry: Registry, request: ServeRequest, *, verified: bool = True) -> ServePlan:
    """Plan the services of a model. Pure, as `containers.planner.plan` is.

    Args:
        registry: with the request's framework loaded.
        request: what the user asked for.
        verified: whether plugins may refuse the plan; not for tests of plugins.

    Raises:
        ConflictError, MachineError, PluginError, PolicyError: see `containers.planner.plan`.
        UsageError: no plugin has services for the topology, or options contradict each other.
    """
    services = _services(registry, request)
    assigned, warnings = gpus.assign([one.value for one in services], request)
    planned = tuple(
        _service_plan(registry, request, one, assigned[one.value.name], verified=verified)
        for one in services
    )
    plan = _plan(request, services, planned, warnings)
    if verified:
        verify(registry, request.framework, lambda: view(plan, request))
    return plan


def _plan(
    request: ServeRequest,
    services: Iterable[Resolved[Service]],
    planned: tuple[ServicePlan, ...],
    warnings: Iterable[str],
) -> ServePlan:
    every = [container for one in planned for container in one.containers]
    volume = _discovery_volume(request)
    uid, groups = writing.user(request.container, planned[0].container.flags)
    return ServePlan(
        program=request.container.engine.program,
        project=request.project,
        framework=request.framework,
        topology=request.topology,
        image=request.container.image,
        model=request.model,
        discovery=request.discovery,
        address=request.address,
        port=request.port,
        services=planned,
        hf_cache=request.container.hf_cache,
        discovery_volume=volume,
        caches=_caches(every, volume),
        secrets=tuple(sorted({var.name for one in every for var in one.env if var.value is None})),
        device=request.device,
        uid=uid,
        groups=groups,
        hardened=request.container.hardened,
        entries=(*_service_entries(services), *_request_entries(request)),
        warnings=tuple(
            dict.fromkeys((*warnings, *(text for one in every for text in one.warnings)))
        ),
    )


def view(plan: ServePlan, request: ServeRequest) -> PlanView:
    """Return a plan as hooks see it, without what belongs to a single service."""
    container = containers.view(plan.frontend.container, request.container)
    return replace(container, command="serve", service="", entries=plan.entries)


def _services(registry: Registry, request: ServeRequest) -> tuple[Resolved[Service], ...]:
    """Return the services, the frontend first.

    Raises:
        UsageError: there are none for this topology.
        ConflictError: no service is the frontend, or several are; or one needs another that does
            not exist.
    """
    contributions = registry.call(hookspecs.dynamo_container_services, request)
    if not contributions:
        raise UsageError(
            f"{request.framework or 'the image'} has no services for the topology "
            f"{request.topology!r}",
            f"the usual ones are: {_TOPOLOGIES}",
        )
    merged = merge("service", contributions, lambda one: one.name, _HINT, describe=describe)
    frontends = [one for one in merged if one.value.role == "frontend"]
    if len(frontends) != 1:
        raise ConflictError(
            f"{len(frontends)} of the services are frontends, according to {_sources(merged)}",
            f"clients talk to exactly one: see dynamo-container plugins show {request.framework}",
        )
    _require_needs(merged)
    return (*frontends, *(one for one in merged if one.value.role != "frontend"))


def _sources(services: Iterable[Resolved[Service]]) -> str:
    return ", ".join(dict.fromkeys(str(one.sources[0]) for one in services))


def _require_needs(services: tuple[Resolved[Service], ...]) -> None:
    names = {one.value.name for one in services}
    for one in services:
        if missing := set(one.value.needs) - names:
            raise ConflictError(
                f"the service {one.value.name} of {one.sources[0].with_location} needs "
                f"{min(missing)!r}, which is not one of {', '.join(sorted(names))}",
                "choose another topology; or report it to the plugin's authors",
            )


def _service_plan(
    registry: Registry,
    request: ServeRequest,
    resolved: Resolved[Service],
    selections: tuple[str, ...],
    *,
    verified: bool,
) -> ServicePlan:
    """Plan the containers of a service.

    Args:
        registry: as in `plan_serve`.
        request: as in `plan_serve`.
        resolved: the service.
        selections: the GPUs of each replica; one if all have the same.
        verified: as in `plan_serve`.
    """
    service = resolved.value
    additions = _additions(request, service, resolved.sources[0])
    common = _container(request, service)
    return ServicePlan(
        service=service,
        containers=tuple(
            containers.plan(
                registry, replace(common, gpus=selection), additions=additions, verified=verified
            )
            for selection in selections
        ),
    )


def _container(request: ServeRequest, service: Service) -> RunRequest:
    """Return the request for a container of a service."""
    return replace(
        request.container,
        served=request.project,
        service=service.name,
        network=network(request),
        command=service.command,
        ports=(),
        # Only containers with GPUs depend on the driver.
        preflight=request.container.preflight and service.gpus > 0,
        interactive=False,
        tty=False,
        remove=False,
    )


def network(request: ServeRequest) -> str:
    """Return the name of the network that the services share."""
    return f"{request.project}_default"


def _additions(request: ServeRequest, service: Service, source: Source) -> Additions:
    return Additions(
        env=(
            *(Contribution(value=var, source=source) for var in service.env),
            *_discovery_env(request),
            *_model_env(request),
        ),
        mounts=(
            *(Contribution(value=mount, source=source) for mount in service.mounts),
            *_discovery_mounts(request),
            *_model_mounts(request),
        ),
        flags=tuple(Contribution(value=flag, source=CORE) for flag in _flags(request)),
        readiness=(
            (Contribution(value=service.readiness, source=source),) if service.readiness else ()
        ),
    )


def _flags(request: ServeRequest) -> Iterator[RunFlag]:
    yield _RESTART
    if request.cache_owner:
        yield RunFlag(flag="--user", value=request.cache_owner)
        # Our images are writable for group 0, whichever user runs in them.
        yield RunFlag(flag="--group-add", value="0", key="0")
    if request.cache_owner.startswith("0:"):
        # Root's own files are written, and nothing else of what root may do is needed.
        yield RunFlag(flag="--cap-drop", value="ALL", key="ALL")
        yield RunFlag(flag="--security-opt", value="no-new-privileges", key="no-new-privileges")


def _discovery_volume(request: ServeRequest) -> str:
    return f"{request.project}_discovery" if request.discovery == "file" else ""


def _discovery_env(request: ServeRequest) -> Iterator[Contribution[EnvVar]]:
    given = request.is_given("--discovery")
    source = request.source("--discovery") if given else CORE
    backend = EnvVar(name="DYN_DISCOVERY_BACKEND", value=request.discovery)
    yield Contribution(value=backend, source=source)
    if request.discovery == "file":
        folder = EnvVar(name="DYN_FILE_KV", value=f"{DISCOVERY_FOLDER}/store")
        yield Contribution(value=folder, source=source)


def _discovery_mounts(request: ServeRequest) -> Iterator[Contribution[Mount]]:
    if volume := _discovery_volume(request):
        mount = Mount(type="volume", source=volume, target=DISCOVERY_FOLDER)
        yield Contribution(value=mount, source=CORE)


def _model_env(request: ServeRequest) -> Iterator[Contribution[EnvVar]]:
    model = request.model
    if model and (model.folder or model.cached):
        # All of it is here; without the variable, engines ask the hub all the same.
        yield Contribution(value=EnvVar(name="HF_HUB_OFFLINE", value="1"), source=CORE)
    elif model and request.container.trusted:
        # By name only: the value comes from the caller's environment, and is never printed.
        yield Contribution(value=EnvVar(name="HF_TOKEN"), source=CORE)


def _model_mounts(request: ServeRequest) -> Iterator[Contribution[Mount]]:
    model = request.model
    if model and model.folder:
        mount = Mount(source=model.folder, target=model.name, options=("ro",))
        yield Contribution(value=mount, source=request.source("--model"))


def _caches(every: Iterable[RunPlan], discovery: str) -> tuple[str, ...]:
    volumes = {mount.source for one in every for mount in one.mounts if mount.type == "volume"} - {
        discovery,
        "",
    }
    return tuple(sorted(volumes))


def _service_entries(services: Iterable[Resolved[Service]]) -> Iterator[PlanEntry]:
    return (one.as_entry("service", describe) for one in services)


def describe(service: Service) -> str:
    """Return a service as one line for people."""
    gpus_each = (
        f", {service.gpus} GPU{'s' if service.gpus > 1 else ''} each" if service.gpus else ""
    )
    command = shlex.join(service.command) or "the image's own command"
    return f"{service.replicas} x {command}{gpus_each}"


def _request_entries(request: ServeRequest) -> Iterator[PlanEntry]:
    """Yield the entries for values that only the user or a default can set."""
    model = request.model
    for kind, key, value in (
        ("setting", "--name", request.project),
        ("setting", "--model", (model.folder or model.name) if model else ""),
        ("setting", "--served-model-name", model.served_name if model else ""),
        ("setting", "--topology", request.topology),
        ("setting", "--discovery", request.discovery),
        ("setting", "--device", "" if request.device == CUDA_DEVICE else request.device),
        ("image", "--image", request.container.image),
        ("port", "--port", f"{request.address}:{request.port}"),
    ):
        if value:
            source = request.source(key) if request.is_given(key) else CORE
            yield PlanEntry(kind=kind, key=key, value=value, sources=(source,))
