# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Which GPUs of this machine each container of a served model gets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from dynamo_container.containers.gpus import COUNT_PREFIX
from dynamo_container.errors import MachineError, UsageError
from dynamo_container.model.facts import EngineInfo
from dynamo_container.model.names import CUDA_DEVICE
from dynamo_container.model.requests import ServeRequest
from dynamo_container.model.values import Service

_NONE: Final = "none"
_ALL: Final = ("auto", "all")
_GB: Final = 1e9
_CDI_PREFIX: Final = "nvidia.com/gpu="


def assign(
    services: Iterable[Service], request: ServeRequest
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Give each replica GPUs of its own.

    Args:
        services: of the plan, in the order in which they get GPUs.
        request: with the user's `--gpus`, and facts about the engine.

    Returns:
        For each service, what `--gpus` of `run` would be for each replica; one value if all
        replicas get the same. And warnings for the user.

    Raises:
        MachineError, UsageError: there are fewer GPUs than the services need.
    """
    services = tuple(services)
    wanted, engine = request.container.gpus, request.container.engine
    if request.device != CUDA_DEVICE and wanted in (*_ALL, _NONE):
        # How many there are is not known: each container gets what the device's plugin describes.
        return {one.name: (_undivided(one, wanted),) for one in services}, ()
    needed = sum(one.gpus * one.replicas for one in services)
    if not needed or wanted == _NONE:
        return {one.name: (_NONE,) for one in services}, ()
    if wanted == "auto" and engine.version and not engine.has_gpus:
        text = f"the engine has no GPU, and the services would use {needed}: they run without"
        return {one.name: (_NONE,) for one in services}, (f"{text} (to confirm: --gpus none)",)
    names = iter(_pool(wanted, engine, needed))
    found = {one.name: _selections(one, names) for one in services}
    small = _too_small(services, found, request) if request.device == CUDA_DEVICE else ()
    return found, tuple(small)


def _undivided(service: Service, wanted: str) -> str:
    return "auto" if service.gpus and wanted != _NONE else _NONE


def _too_small(
    services: Iterable[Service], found: dict[str, tuple[str, ...]], request: ServeRequest
) -> Iterator[str]:
    """Yield a warning for each service whose GPUs cannot hold the model, if both are known."""
    driver, weights = request.container.engine.driver, request.model.weights if request.model else 0
    memory = {str(index): gpu.memory for index, gpu in enumerate(driver.gpus)} if driver else {}
    for service in services if weights else ():
        names = found[service.name][0].split(",")
        available = sum(memory.get(name, 0) for name in names)
        if service.gpus and all(memory.get(name) for name in names) and available < weights:
            yield (
                f"the model has {weights / _GB:.1f} GB of weights, and a {service.name} has GPUs "
                f"with {available / _GB:.1f} GB: give it more with --gpus-per-worker"
            )


def _selections(service: Service, names: Iterable[str]) -> tuple[str, ...]:
    if not service.gpus:
        return (_NONE,)
    return tuple(",".join(islice(names, service.gpus)) for _ in range(service.replicas))


def _pool(wanted: str, engine: EngineInfo, needed: int) -> Sequence[str]:
    """Return the names of the GPUs to divide.

    Raises:
        MachineError: the machine has fewer than are needed.
        UsageError: the user named fewer than are needed.
    """
    if wanted.startswith(COUNT_PREFIX):
        names = tuple(map(str, range(int(wanted.removeprefix(COUNT_PREFIX)))))
    elif wanted in _ALL:
        names = _known(engine) or tuple(map(str, range(needed)))
    else:
        names = tuple(wanted.split(","))
    if len(names) >= needed:
        return names
    hint = "use fewer --workers or --gpus-per-worker"
    if wanted in _ALL:
        raise MachineError(
            f"the services need {needed} GPUs, and the engine has {len(names)}", hint
        )
    raise UsageError(f"the services need {needed} GPUs, and --gpus gives them {len(names)}", hint)


def _known(engine: EngineInfo) -> tuple[str, ...]:
    """Return the indexes of the engine's GPUs; nothing if they are not known."""
    names = (name.removeprefix(_CDI_PREFIX) for name in engine.cdi_devices)
    indexes = sorted((name for name in names if name.isdigit()), key=int)
    if indexes or engine.driver is None:
        return tuple(indexes)
    return tuple(map(str, range(len(engine.driver.gpus))))
