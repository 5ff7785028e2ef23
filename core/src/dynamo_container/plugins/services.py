# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The usual services of a model: a frontend, and workers of a framework's engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from dynamo_container.errors import UsageError
from dynamo_container.model.names import CPU_DEVICE
from dynamo_container.model.requests import ServeRequest
from dynamo_container.model.values import EnvVar, Readiness, Service

_Role: TypeAlias = Literal["worker", "prefill", "decode"]

HTTP_PORT: Final = 8000
# Where a worker reports its health and its metrics; the name of the variable is Dynamo's.
SYSTEM_PORT: Final = 9090
_AGG: Final = "agg"
_ROUTER: Final = "agg-router"
_DISAGG: Final = "disagg"
_MODES: Final[tuple[_Role, ...]] = ("prefill", "decode")
# How often a request is tried again if its worker ends.
_MIGRATIONS: Final = EnvVar(name="DYN_MIGRATION_LIMIT", value="3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """How a framework's worker is started.

    Attributes:
        module: the Python module, such as `dynamo.vllm`.
        gpus: how many GPUs a worker gets if the user does not say.
        model, served_name: its options for the model, and for the name by which clients ask for it.
        kv_events: arguments with which it reports what its cache holds, for KV-aware routing.
        modes: arguments of the workers of a disaggregated topology, by role; empty if the engine
            cannot divide prefill and decode.
    """

    module: str
    gpus: int = 1
    model: str = "--model"
    served_name: str = "--served-model-name"
    kv_events: tuple[str, ...] = ()
    modes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


def usual_services(
    worker: Worker | None, request: ServeRequest, gpus: int = 1
) -> Iterator[Service]:
    """Yield the services of the usual topologies; nothing for another one.

    Args:
        worker: how the framework's worker is started; None if its image's own command serves a
            model, on port 8000.
        request: what is served.
        gpus: how many GPUs such an image gets if the user does not say.

    Raises:
        UsageError: the framework cannot serve what is requested.
    """
    if worker is None:
        yield from _alone(request, gpus)
        return
    if request.model is None:
        raise UsageError(
            f"serve {request.framework} requires --model",
            "name a model of Hugging Face, or a folder: --model Qwen/Qwen3-0.6B",
        )
    if request.topology in (_AGG, _ROUTER):
        routes = request.topology == _ROUTER
        yield _frontend(request, routes=routes)
        arguments = worker.kv_events if routes else ()
        yield _worker(worker, request, "worker", arguments, default=2 if routes else 1)
    elif request.topology == _DISAGG and worker.modes:
        yield _frontend(request, routes=False)
        for role in _MODES:
            yield _worker(worker, request, role, worker.modes[role], default=1)


def _alone(request: ServeRequest, gpus: int) -> Iterator[Service]:
    """Yield the one service of an image whose command serves a model by itself."""
    if request.topology != _AGG or request.workers not in (None, 1):
        raise UsageError(
            f"{request.framework} serves by a single process: it has neither workers nor another "
            f"topology than {_AGG}",
            "omit --workers and --topology",
        )
    if request.model is not None:
        raise UsageError(
            f"--model cannot be used with {request.framework}, whose image names its model itself",
            f"see its own options: dynamo-container serve {request.framework} --help",
        )
    default = 0 if request.device == CPU_DEVICE else gpus
    yield Service(
        name="server",
        role="frontend",
        # Only arguments that follow the image's own entry point can be added to its command.
        command=request.arguments,
        gpus=default if request.gpus_per_worker is None else request.gpus_per_worker,
        ports=(HTTP_PORT,),
        readiness=Readiness(serves="model"),
    )


def _frontend(request: ServeRequest, *, routes: bool) -> Service:
    routing = ("--router-mode", "kv") if routes else ()
    return Service(
        name="frontend",
        role="frontend",
        command=("python", "-m", "dynamo.frontend", "--http-port", str(HTTP_PORT), *routing),
        ports=(HTTP_PORT,),
        env=() if request.workers == 1 else (_MIGRATIONS,),
        readiness=Readiness(serves="model"),
    )


def _worker(
    worker: Worker, request: ServeRequest, role: _Role, arguments: tuple[str, ...], *, default: int
) -> Service:
    assert request.model
    gpus = 0 if request.device == CPU_DEVICE else worker.gpus
    return Service(
        name=role,
        role=role,
        command=(
            "python", "-m", worker.module,
            worker.model, request.model.name,
            worker.served_name, request.model.served_name,
            *arguments, *request.arguments,
        ),
        replicas=default if request.workers is None else request.workers,
        gpus=gpus if request.gpus_per_worker is None else request.gpus_per_worker,
        ports=(SYSTEM_PORT,),
        env=(EnvVar(name="DYN_SYSTEM_PORT", value=str(SYSTEM_PORT)),),
        readiness=Readiness(serves="worker"),
    )  # fmt: skip
