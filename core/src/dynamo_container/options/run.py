# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""From the options and facts of a run to its request. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final, TypeVar

from dynamo_container.containers.planner import flag_key
from dynamo_container.errors import UsageError
from dynamo_container.host.paths import absolute
from dynamo_container.model.names import CUDA_DEVICE
from dynamo_container.model.requests import RunRequest
from dynamo_container.model.values import RunFlag
from dynamo_container.options.run_facts import RunFacts
from dynamo_container.options.run_records import RunOptions
from dynamo_container.options.syntax import NONE

T = TypeVar("T")

_CDI_GPU: Final = "nvidia.com/gpu="
_PORTABLE_CACHE: Final = "~/.cache/huggingface"
# Options that become the docker flag of the same name, besides those of `docker_options`.
_FLAGS: Final = ("network", "user", "workdir", "runtime")


def resolve_run(options: RunOptions, facts: RunFacts) -> RunRequest:
    """Resolve a run's options, which `rules.check_run` has accepted, and its facts to a request."""
    # Images start a shell by default: without a command, a terminal is what people expect.
    terminal = facts.terminal and not options.command and not options.detach
    return RunRequest(
        framework=facts.framework,
        image=facts.image,
        target=facts.target,
        command=options.command,
        name=options.name or "",
        env=_last(options.env, lambda var: var.name),
        mounts=_last((*options.volume, *options.tmpfs), lambda mount: mount.target),
        flags=_last(_flags(options), flag_key),
        docker_args=_docker_args(options),
        env_files=facts.env_files,
        hardened=options.hardened,
        ports=options.port,
        device=options.device_kind,
        gpus=options.gpus,
        preflight=not options.no_preflight,
        gds=options.use_nixl_gds,
        init=options.init,
        entrypoint=options.entrypoint or (),
        readiness=options.wait_for,
        # Docker cannot restart a container that it deletes when it exits.
        remove=options.rm and options.restart in (None, "no"),
        detach=options.detach,
        interactive=options.interactive or terminal,
        tty=options.tty or terminal,
        workspace=facts.workspace,
        hf_cache=_hf_cache(options, facts),
        hf_hub=_hf_hub(options, facts),
        hf_settings=facts.caller.hf_settings,
        hf_token=_hf_token(options, facts),
        folders=facts.folders,
        engine=facts.engine,
        image_info=facts.image_info,
        built_here=facts.built_here,
        trusted=facts.trusted,
        owner=facts.caller.owner,
        project=facts.project,
        origins=options.origins,
        options=options.plugin_options,
    )


def portable(options: RunOptions) -> RunOptions:
    """Return the options for a container on any machine, as a Dev Container's file has it.

    Its editor adds NVIDIA's GPUs with `--gpus auto`; with others, they are CDI devices. The flags
    of another device are its own.

    Raises:
        UsageError: GPUs are given by their number, which CDI devices cannot express.
    """
    plain = options.device_kind in ("", CUDA_DEVICE)
    return replace(
        options,
        device=(*options.device, *_cdi_devices(options.gpus)) if plain else options.device,
        gpus=NONE if plain else options.gpus,
        # Not HF_HOME, which is a folder of one machine.
        hf_cache=options.hf_cache or _PORTABLE_CACHE,
    )


def _cdi_devices(gpus: str) -> Iterator[str]:
    if gpus.startswith("count="):
        raise UsageError(
            f"--gpus {gpus}: a Dev Container's file cannot request a number of GPUs",
            "name them, such as --gpus 0,1; or request all: --gpus all",
        )
    names = () if gpus in ("auto", NONE) else gpus.split(",")
    return (f"{_CDI_GPU}{name}" for name in names)


def _last(values: Iterable[T], key: Callable[[T], str]) -> tuple[T, ...]:
    """The last value for each key: repeating an option replaces its earlier value."""
    return tuple({key(value): value for value in values}.values())


def _flags(options: RunOptions) -> Iterator[RunFlag]:
    for name in _FLAGS:
        if value := getattr(options, name):
            yield RunFlag(flag=f"--{name.replace('_', '-')}", value=value)
    for flag, on in (("--privileged", options.privileged), ("--read-only", options.read_only)):
        if on:
            yield RunFlag(flag=flag)
    # Imported here: only a run needs the table.
    from dynamo_container.options import docker_options

    yield from docker_options.flags(options)


def _docker_args(options: RunOptions) -> tuple[RunFlag, ...]:
    """The flags of `--docker-arg`: one that is given several times is repeated."""
    names = [flag.flag for flag in options.docker_arg]
    return tuple(
        replace(flag, key=flag.value or "") if names.count(flag.flag) > 1 else flag
        for flag in dict.fromkeys(options.docker_arg)
    )


def shared_folders(options: RunOptions, facts: RunFacts) -> Iterator[tuple[str, str]]:
    """Yield the caller's folders that a container is to write to, each with what it is."""
    folders = {
        "the workspace": facts.workspace,
        "the Hugging Face cache": _hf_cache(options, facts),
        "the folder of models": _hf_hub(options, facts),
    }
    return ((folder, what) for what, folder in folders.items() if folder)


def _hf_token(options: RunOptions, facts: RunFacts) -> str:
    """The file with the caller's token, if the caller's own cache is mounted."""
    own = options.mount_workspace and facts.trusted
    return str(absolute(facts.caller.hf_token)) if own and facts.caller.hf_token else ""


def _hf_hub(options: RunOptions, facts: RunFacts) -> str:
    """The caller's own folder of models, if the caller's own cache is mounted and lacks it."""
    own = options.mount_workspace and facts.trusted and options.hf_cache is None
    return str(absolute(facts.caller.hf_hub)) if own and facts.caller.hf_hub else ""


def _hf_cache(options: RunOptions, facts: RunFacts) -> str:
    """The Hugging Face cache to mount: the one given, or with a workspace the caller's own."""
    value = options.hf_cache
    if value is None:
        own = options.mount_workspace and facts.trusted
        return str(absolute(facts.caller.hf_cache)) if own else ""
    return "" if value.lower() == NONE else str(absolute(value))
