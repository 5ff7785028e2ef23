# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""How a container gets access to NVIDIA GPUs, chosen by what the engine reports.

CDI devices if the engine has them, else a registered nvidia runtime, else docker's own `--gpus` if
NVIDIA's container hook is installed. Never two of them: a runtime would add its devices to CDI's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from dynamo_container.errors import MachineError, UsageError
from dynamo_container.model.facts import EngineInfo
from dynamo_container.model.values import EnvVar, RunFlag

VISIBLE_DEVICES: Final = "NVIDIA_VISIBLE_DEVICES"
COUNT_PREFIX: Final = "count="
_CDI_PREFIX: Final = "nvidia.com/gpu="
_RUNTIME: Final = "nvidia"
_GENERATE_CDI: Final = "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"
_INSTALL_TOOLKIT: Final = (
    f"install the NVIDIA Container Toolkit, then: {_GENERATE_CDI}; or omit --gpus"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuAccess:
    """The flags and variables that give a container access to GPUs. False without access."""

    flags: tuple[RunFlag, ...] = ()
    env: tuple[EnvVar, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.flags)


_NO_ACCESS: Final = GpuAccess()


def is_gpu_device(flag: RunFlag) -> bool:
    """Whether a flag gives access to a GPU as a CDI device."""
    return flag.flag == "--device" and (flag.value or "").startswith(_CDI_PREFIX)


def gpu_access(
    gpus: str, engine: EngineInfo, runtime: str = "", *, by_variable: bool = False
) -> GpuAccess:
    """Choose how a container gets access to GPUs.

    Args:
        gpus: `auto`, `all`, `none`, `count=N`, or comma-separated names: indexes, UUIDs.
        engine: facts about the engine; without a version, nothing is known about it.
        runtime: the container runtime that the user named; empty for none.
        by_variable: whether the user selects GPUs with NVIDIA_VISIBLE_DEVICES, which only the
            runtime reads.

    Raises:
        MachineError: GPUs were requested that the engine does not have.
        UsageError: the variable is used together with `gpus`, or without the runtime.
    """
    if by_variable and gpus not in ("auto", "none"):
        raise UsageError(f"--gpus and --env {VISIBLE_DEVICES} both select GPUs", "omit one of them")
    if gpus == "none":
        return GpuAccess(env=_hide_from_default_runtime(engine))
    if by_variable:
        return _selected_by_variable(gpus, engine, runtime)
    access = (
        _by_cdi(gpus, engine, runtime)
        or _by_runtime(gpus, engine, runtime)
        or _by_docker(gpus, engine, runtime)
    )
    if not access and gpus != "auto":
        raise _unavailable(gpus, engine, runtime)
    return access or _NO_ACCESS


def _selected_by_variable(gpus: str, engine: EngineInfo, runtime: str) -> GpuAccess:
    access = _by_runtime(gpus, engine, runtime, by_variable=True)
    if not access and (_indexes(engine) or engine.hook):
        raise UsageError(
            f"--env {VISIBLE_DEVICES} requires an nvidia runtime, which the engine lacks",
            "select GPUs with --gpus, for example: --gpus 0",
        )
    return access or _NO_ACCESS


def _hide_from_default_runtime(engine: EngineInfo) -> tuple[EnvVar, ...]:
    """Return what prevents NVIDIA's runtime, if it is the default one, from adding the GPUs that an
    image requests.
    """
    if engine.default_runtime.startswith(_RUNTIME):
        return (EnvVar(name=VISIBLE_DEVICES, value="void"),)
    return ()


def _by_cdi(gpus: str, engine: EngineInfo, runtime: str) -> GpuAccess | None:
    names = _cdi_names(gpus, engine)
    if not names or runtime.startswith(_RUNTIME):
        return None
    devices = [f"{_CDI_PREFIX}{name}" for name in names]
    if not set(devices) <= set(engine.cdi_devices):
        return None
    flags = tuple(RunFlag(flag="--device", value=device, key=device) for device in devices)
    return GpuAccess(flags=flags, env=_hide_from_default_runtime(engine))


def _cdi_names(gpus: str, engine: EngineInfo) -> tuple[str, ...]:
    """Return the names of the requested CDI devices; empty if there are too few."""
    indexes = _indexes(engine)
    if gpus in ("auto", "all"):
        return ("all",) if f"{_CDI_PREFIX}all" in engine.cdi_devices else indexes
    if gpus.startswith(COUNT_PREFIX):
        count = int(gpus.removeprefix(COUNT_PREFIX))
        return indexes[:count] if count <= len(indexes) else ()
    return tuple(gpus.split(","))


def _all_names(engine: EngineInfo) -> list[str]:
    return [
        device.removeprefix(_CDI_PREFIX)
        for device in engine.cdi_devices
        if device.startswith(_CDI_PREFIX)
    ]


def _indexes(engine: EngineInfo) -> tuple[str, ...]:
    return tuple(sorted((name for name in _all_names(engine) if name.isdigit()), key=int))


def _by_runtime(
    gpus: str, engine: EngineInfo, runtime: str, *, by_variable: bool = False
) -> GpuAccess | None:
    name = runtime or _RUNTIME
    registered = name in engine.runtimes if engine.version else bool(runtime)
    if not (name.startswith(_RUNTIME) and registered):
        return None
    flags = (RunFlag(flag="--runtime", value=name),)
    if by_variable:
        return GpuAccess(flags=flags)
    return GpuAccess(flags=flags, env=(EnvVar(name=VISIBLE_DEVICES, value=_visible(gpus)),))


def _visible(gpus: str) -> str:
    """Return the value for NVIDIA_VISIBLE_DEVICES. It cannot be a count: we take the first GPUs."""
    if gpus.startswith(COUNT_PREFIX):
        return ",".join(map(str, range(int(gpus.removeprefix(COUNT_PREFIX)))))
    return "all" if gpus == "auto" else gpus


def _by_docker(gpus: str, engine: EngineInfo, runtime: str) -> GpuAccess | None:
    """Use docker's `--gpus`, if the hook is installed, or if nothing is known about the engine."""
    assumed = gpus != "auto" and not engine.version
    if not (assumed or engine.hook) or runtime:
        return None
    return GpuAccess(flags=(RunFlag(flag="--gpus", value=_docker_value(gpus)),))


def _docker_value(gpus: str) -> str:
    if gpus in ("auto", "all"):
        return "all"
    if gpus.startswith(COUNT_PREFIX):
        return gpus.removeprefix(COUNT_PREFIX)
    # Docker reads the value as CSV: without the quotes, `1` of `device=0,1` is a field of its own.
    return f'"device={gpus}"' if "," in gpus else f"device={gpus}"


def _unavailable(gpus: str, engine: EngineInfo, runtime: str) -> MachineError:
    names = _all_names(engine)
    if not names and runtime and engine.has_gpus:
        return MachineError(
            f"no GPU for --gpus {gpus}: --runtime {runtime} gives no access to the engine's GPUs",
            "omit --runtime",
        )
    if not names:
        return MachineError(
            f"no GPU for --gpus {gpus}: the engine has no NVIDIA CDI devices and no nvidia runtime",
            _INSTALL_TOOLKIT,
        )
    return MachineError(
        f"no GPU for --gpus {gpus}: the engine has {_join(names)}{_missing(gpus, names)}",
        f"name GPUs that the engine has; if the machine's GPUs have changed: {_GENERATE_CDI}",
    )


def _missing(gpus: str, names: Iterable[str]) -> str:
    if gpus.startswith(COUNT_PREFIX):
        return ""
    return f", but not {_join(name for name in gpus.split(',') if name not in names)}"


def _join(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
