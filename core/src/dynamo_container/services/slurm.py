# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A served model as a batch script for Slurm, with containers of enroot and pyxis."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Final

from dynamo_container.errors import UsageError
from dynamo_container.model.names import CUDA_DEVICE
from dynamo_container.model.references import DOCKER_HUB, has_registry, registry_of
from dynamo_container.model.values import Mount
from dynamo_container.services.kubernetes_text import object_name
from dynamo_container.services.plan import ServePlan, ServicePlan, is_gpu_variable
from dynamo_container.services.renderers import ExportOptions

# Tasks on one node share its network, so each would need another port.
_OMITTED: Final = ("DYN_SYSTEM_PORT",)
_HEAD: Final = """\
set -euo pipefail
# All nodes must see this folder: the services find each other there.
shared=${SLURM_SUBMIT_DIR:-$PWD}/@NAME-${SLURM_JOB_ID:-0}
mkdir -p "$shared"
trap 'rm -rf "$shared"' EXIT
"""
_FOOT: Final = """\
# If one service ends, all do.
wait -n
"""


def render(plan: ServePlan, options: ExportOptions) -> dict[str, str]:
    """Return the script by its file name.

    Raises:
        UsageError: a mount cannot be written, because its path has a comma or a colon.
    """
    name = object_name(plan)
    lines = [
        "#!/bin/bash\n",
        *(f"# {line}\n" for line in _introduction(plan)),
        *(f"#SBATCH {line}\n" for line in _resources(plan)),
        _HEAD.replace("@NAME", name),
        *(f'mkdir -p "{_cache(cache)}"\n' for cache in plan.caches),
        f"image={_image(plan.image)}\n\n",
        *(f"{_step(plan, service, options)}\n" for service in plan.services),
        _FOOT,
    ]
    return {f"{name}.sbatch": "".join(lines)}


def _introduction(plan: ServePlan) -> Iterator[str]:
    yield f"Submit it: sbatch --nodes=N {object_name(plan)}.sbatch"
    if plan.frontend.service.ports:
        yield f"The first node answers at port {plan.frontend.service.ports[0]}."
    for name in plan.secrets:
        yield f"{name} comes from the environment of sbatch."
    if not has_registry(plan.image):
        yield f"Once: enroot import --output {_file(plan.image)} dockerd://{plan.image}"


def _resources(plan: ServePlan) -> Iterator[str]:
    services = [one.service for one in plan.services]
    yield f"--job-name={object_name(plan)}"
    yield f"--ntasks={sum(one.replicas for one in services)}"
    if plan.device == CUDA_DEVICE and (gpus := sum(one.replicas * one.gpus for one in services)):
        yield f"--gpus={gpus}"


def _step(plan: ServePlan, service: ServicePlan, options: ExportOptions) -> str:
    """Return the command that runs all tasks of a service."""
    container = service.container
    gpus = service.service.gpus if plan.device == CUDA_DEVICE else 0
    workdir = next((flag.value for flag in container.flags if flag.flag == "--workdir"), None)
    words = [
        f"srun --exact --ntasks={service.service.replicas}",
        *([f"--gpus-per-task={gpus}"] if gpus else []),
        '--container-image="$image"',
        *(["--container-mounts=" + ",".join(_mounts(plan, service, options))]),
        *([f"--container-workdir={shlex.quote(workdir)}"] if workdir else []),
        *(["--container-entrypoint"] if not (container.command or container.entrypoint) else []),
    ]
    env = [
        shlex.quote(f"{var.name}={var.value}")
        for var in container.env
        if var.value is not None and var.name not in _OMITTED and not is_gpu_variable(var)
    ]
    command = shlex.join((*container.entrypoint, *container.command))
    return " \\\n    ".join((*words, " ".join(("env", *env)), f"{command} &"))


def _mounts(plan: ServePlan, service: ServicePlan, options: ExportOptions) -> Iterator[str]:
    for mount in service.container.mounts:
        if mount.type != "tmpfs":
            suffix = ":ro" if "ro" in mount.options else ""
            yield f"{_source(plan, mount, options.home)}:{_path(mount.target)}{suffix}"


def _source(plan: ServePlan, mount: Mount, home: str) -> str:
    if mount.type == "volume":
        return '"$shared"' if mount.source == plan.discovery_volume else f'"{_cache(mount.source)}"'
    if home and mount.source.startswith(f"{home}/"):
        return f'"$HOME"{_path(mount.source.removeprefix(home))}'
    return _path(mount.source)


def _path(path: str) -> str:
    if set(path) & set(",:"):
        raise UsageError(f"Slurm cannot mount {path!r}, which has a comma or a colon", "rename it")
    return shlex.quote(path)


def _cache(volume: str) -> str:
    return f"$HOME/.cache/dynamo-container/{volume}"


def _image(image: str) -> str:
    """Return a reference as pyxis takes it, or the file of an image that no registry has."""
    if not has_registry(image):
        return f'"${{SLURM_SUBMIT_DIR:-$PWD}}"/{_file(image)}'
    registry, path = registry_of(image)
    return shlex.quote(path if registry == DOCKER_HUB else f"{registry}#{path}")


def _file(image: str) -> str:
    return image.replace(":", "-") + ".sqsh"
