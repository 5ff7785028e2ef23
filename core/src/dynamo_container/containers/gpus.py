# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The way in for NVIDIA's GPUs, chosen from what the engine reports.

CDI devices where the engine has them, else a registered nvidia runtime, else docker's own `--gpus`,
where NVIDIA's hook is there to serve it. One of them: the runtime would add its devices to CDI's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from dynamo_container.errors import MachineError, UsageError
from dynamo_container.model.facts import EngineInfo
from dynamo_container.model.values import EnvVar, RunFlag

VISIBLE: Final = "NVIDIA_VISIBLE_DEVICES"
COUNT: Final = "count="
_KIND: Final = "nvidia.com/gpu="
_RUNTIME: Final = "nvidia"
_TOOLKIT: Final = (
    "install the NVIDIA Container Toolkit, then: "
    "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml; or leave out --gpus"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuAccess:
    """What gives a container its GPUs; nothing where it gets none."""

    flags: tuple[RunFlag, ...] = ()
    env: tuple[EnvVar, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.flags)


_NONE: Final = GpuAccess()


def gpu_access(
    gpus: str, engine: EngineInfo, runtime: str = "", *, chosen: bool = False
) -> GpuAccess:
    """The flags and variables that give a container the GPUs that are wanted.

    Args:
        gpus: `auto`, `all`, `none`, `count=N`, or names with commas between: indexes, UUIDs.
        engine: what it reports; without a version nothing is known of it.
        runtime: the one that the user named.
        chosen: whether the user chooses by NVIDIA_VISIBLE_DEVICES, which only a runtime heeds.

    Raises:
        MachineError: they were asked for, and the engine lacks them.
        UsageError: the variable is given with what does not heed it.
    """
    if chosen and gpus not in ("auto", "none"):
        raise UsageError(f"--gpus and --env {VISIBLE} both say which GPUs", "leave one of them out")
    if gpus == "none":
        return _without(engine)
    if chosen:
        way = _by_runtime(gpus, engine, runtime, chosen=True)
    else:
        way = (
            _by_cdi(gpus, engine, runtime)
            or _by_runtime(gpus, engine, runtime)
            or _by_docker(gpus, engine, runtime)
        )
    if not way and chosen and (_indexes(engine) or engine.hook):
        raise UsageError(
            f"--env {VISIBLE} means nothing to an engine that has no nvidia runtime",
            "say which with --gpus, for example: --gpus 0",
        )
    if not way and gpus != "auto":
        raise _lacking(gpus, engine, runtime)
    return way or _NONE


def _without(engine: EngineInfo) -> GpuAccess:
    """None: an image may ask for all of them, where NVIDIA's runtime is the default one."""
    return GpuAccess(env=_void(engine))


def _void(engine: EngineInfo) -> tuple[EnvVar, ...]:
    if engine.default_runtime.startswith(_RUNTIME):
        return (EnvVar(name=VISIBLE, value="void"),)
    return ()


def _by_cdi(gpus: str, engine: EngineInfo, runtime: str) -> GpuAccess | None:
    names = _named(gpus, engine)
    if not names or runtime.startswith(_RUNTIME):
        return None
    devices = [f"{_KIND}{name}" for name in names]
    if not set(devices) <= set(engine.cdi_devices):
        return None
    flags = tuple(RunFlag(flag="--device", value=one, key=one) for one in devices)
    return GpuAccess(flags=flags, env=_void(engine))


def _named(gpus: str, engine: EngineInfo) -> tuple[str, ...]:
    """The names of CDI devices that are wanted; none where there are too few."""
    indexes = _indexes(engine)
    if gpus in ("auto", "all"):
        return ("all",) if f"{_KIND}all" in engine.cdi_devices else indexes
    if gpus.startswith(COUNT):
        wanted = int(gpus[len(COUNT) :])
        return indexes[:wanted] if wanted <= len(indexes) else ()
    return tuple(gpus.split(","))


def _indexes(engine: EngineInfo) -> tuple[str, ...]:
    names = (name[len(_KIND) :] for name in engine.cdi_devices if name.startswith(_KIND))
    return tuple(sorted((name for name in names if name.isdigit()), key=int))


def _by_runtime(
    gpus: str, engine: EngineInfo, runtime: str, *, chosen: bool = False
) -> GpuAccess | None:
    name = runtime or _RUNTIME
    if not name.startswith(_RUNTIME) or (engine.version and name not in engine.runtimes):
        return None
    if not engine.version and not runtime:
        return None
    flags = (RunFlag(flag="--runtime", value=name),)
    if chosen:
        return GpuAccess(flags=flags)
    return GpuAccess(flags=flags, env=(EnvVar(name=VISIBLE, value=_visible(gpus)),))


def _visible(gpus: str) -> str:
    """The runtime has no word for a number of GPUs: they are the first ones."""
    if gpus.startswith(COUNT):
        return ",".join(map(str, range(int(gpus[len(COUNT) :]))))
    return "all" if gpus == "auto" else gpus


def _by_docker(gpus: str, engine: EngineInfo, runtime: str) -> GpuAccess | None:
    """Docker's `--gpus`: where NVIDIA's hook is there, or nothing is known of the engine."""
    asked = gpus != "auto" and not engine.version
    if not (asked or engine.hook) or runtime:
        return None
    return GpuAccess(flags=(RunFlag(flag="--gpus", value=_docker_word(gpus)),))


def _docker_word(gpus: str) -> str:
    if gpus in ("auto", "all"):
        return "all"
    if gpus.startswith(COUNT):
        return gpus[len(COUNT) :]
    # Docker reads a line of CSV: without the quotes it takes `1` for a field of its own.
    return f'"device={gpus}"' if "," in gpus else f"device={gpus}"


def _lacking(gpus: str, engine: EngineInfo, runtime: str) -> MachineError:
    names = [name[len(_KIND) :] for name in engine.cdi_devices if name.startswith(_KIND)]
    if not names and runtime and engine.has_gpus:
        return MachineError(
            f"no GPU for --gpus {gpus}: the engine's do not come in by --runtime {runtime}",
            "leave out --runtime",
        )
    if not names:
        return MachineError(
            f"no GPU for --gpus {gpus}: the engine has no CDI device of NVIDIA's, "
            "and no nvidia runtime",
            _TOOLKIT,
        )
    missing = _missing(gpus, names)
    return MachineError(
        f"no GPU for --gpus {gpus}: the engine has {_listed(names)}{missing}",
        "name GPUs that it has; after a change of the machine: "
        "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",
    )


def _missing(gpus: str, names: Iterable[str]) -> str:
    if gpus.startswith(COUNT):
        return ""
    return f", and not {_listed(one for one in gpus.split(',') if one not in names)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
