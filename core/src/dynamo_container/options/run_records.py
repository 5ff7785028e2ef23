# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a user gave to `run`: see `records`."""

from __future__ import annotations

from dataclasses import dataclass

from dynamo_container.model.values import EnvVar, Mount, Readiness, RunFlag
from dynamo_container.options.records import Options


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunOptions(Options):
    """The options of `run` and `explain run`, and those of them that `devcontainer` takes; see
    `run --help` for each.

    Attributes:
        command: the words after `--`.
    """

    framework: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    target: str | None = None
    image: str | None = None
    name: str | None = None
    env: tuple[EnvVar, ...] = ()
    volume: tuple[Mount, ...] = ()
    port: tuple[str, ...] = ()
    network: str | None = None
    gpus: str = "auto"
    runtime: str | None = None
    no_preflight: bool = False
    use_nixl_gds: bool = False
    mount_workspace: str | None = None
    hf_cache: str | None = None
    user: str | None = None
    workdir: str | None = None
    entrypoint: tuple[str, ...] | None = None
    privileged: bool = False
    hardened: bool = False
    read_only: bool = False
    tmpfs: tuple[Mount, ...] = ()
    env_file: tuple[str, ...] = ()
    shm_size: str | None = None
    ipc: str | None = None
    ulimit: tuple[str, ...] = ()
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    pids_limit: str | None = None
    memory: str | None = None
    cpus: str | None = None
    userns: str | None = None
    device: tuple[str, ...] = ()
    group_add: tuple[str, ...] = ()
    add_host: tuple[str, ...] = ()
    hostname: str | None = None
    restart: str | None = None
    platform: str | None = None
    pull: str | None = None
    health_cmd: str | None = None
    health_interval: str | None = None
    health_retries: str | None = None
    health_start_period: str | None = None
    health_timeout: str | None = None
    docker_arg: tuple[RunFlag, ...] = ()
    rm: bool = True
    init: bool = True
    interactive: bool = False
    tty: bool = False
    detach: bool = False
    wait: bool = False
    wait_for: Readiness | None = None
    wait_timeout: float = 300.0
    dry_run: bool = False

    @property
    def prefers_runtime(self) -> bool:
        """Whether the runtime image comes first if the user names no target."""
        return self.hardened

    @property
    def device_kind(self) -> str:
        """The kind of device that `--device` names, such as `cpu`; empty if none. Other values are
        devices of the host, or CDI devices, as docker takes them.
        """
        return next((value for value in self.device if "/" not in value), "")
