# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A request for a container."""

from __future__ import annotations

from dataclasses import dataclass

from dynamo_container.model import facts, values
from dynamo_container.model.names import (
    CUDA_DEVICE,
    DEV_TARGET,
    DEVICE_LABEL,
    HOME_LABEL,
    LOCAL_DEV_TARGET,
    PLAN_LABEL,
)
from dynamo_container.model.requests.base import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest(Request):
    """A request for one container.

    Attributes:
        framework: the framework's name, given by the user or by the image's label; empty if
            neither names one.
        image: the image's reference.
        command: what runs in it; empty for the image's own command.
        name: the container's name; empty for docker's choice.
        env, mounts, flags: as the user gave them.
        docker_args: flags that the user passes on to docker as they are.
        env_files: files of environment variables, each with the names of its variables.
        hardened: whether the container is closed as far as serving permits.
        ports: `HOST:CONTAINER`, as `docker run --publish` takes them.
        device: the device (`--device`) that the user named; empty for the image's own.
        gpus: `auto`, `all`, `none`, `count=N`, or comma-separated names: `0,1`, UUIDs.
        preflight: whether to compare the machine's driver with what the image requires.
        gds: whether to grant what GPUDirect Storage requires.
        init: whether to run an init process, which forwards signals and reaps processes.
        entrypoint: program, and arguments that precede the command.
        readiness: how to find out whether the container is ready; None for the plugin's way.
        remove: delete the container when it exits.
        detach, interactive, tty: as docker's.
        target: the framework's target, if the user named one; empty if an image was named.
        workspace: the folder to mount at /workspace; empty for none.
        hf_cache: the folder of the Hugging Face cache to mount in the image user's home; empty for
            none.
        hf_hub: the folder of models and data sets, if it is not in `hf_cache`; else empty.
        hf_settings: names of the caller's variables that decide where models come from.
        hf_token: the file with the caller's token for Hugging Face, if it is not in `hf_cache`.
        folders: facts about the folders of this machine that the container is to write to; none
            for an engine elsewhere.
        engine: facts about the engine.
        image_info: facts about the image; None if the engine does not have it or does not answer.
        built_here: whether the caller built the image on this machine.
        trusted: whether the image may get what is the caller's own, such as the Hugging Face cache:
            the caller built it here, or named its framework.
        owner: `UID@HOST` of the caller; empty if unknown.
        project: the folder of the caller's project; empty for none.
        served: the project of a served model that the container belongs to; empty for none.
        service: the service of a served model that the container belongs to; empty for none.
        network: the network that it is in, if the user does not name one; empty for the host's.
    """

    framework: str
    image: str
    command: tuple[str, ...] = ()
    name: str = ""
    env: tuple[values.EnvVar, ...] = ()
    mounts: tuple[values.Mount, ...] = ()
    flags: tuple[values.RunFlag, ...] = ()
    docker_args: tuple[values.RunFlag, ...] = ()
    env_files: tuple[tuple[str, tuple[str, ...]], ...] = ()
    hardened: bool = False
    ports: tuple[str, ...] = ()
    device: str = ""
    gpus: str = "auto"
    preflight: bool = True
    gds: bool = False
    init: bool = True
    entrypoint: tuple[str, ...] = ()
    readiness: values.Readiness | None = None
    remove: bool = True
    detach: bool = False
    interactive: bool = False
    tty: bool = False
    target: str = ""
    workspace: str = ""
    hf_cache: str = ""
    hf_hub: str = ""
    hf_settings: tuple[str, ...] = ()
    hf_token: str = ""
    folders: tuple[facts.SharedFolder, ...] = ()
    engine: facts.EngineInfo = facts.NO_ENGINE
    image_info: facts.ImageInfo | None = None
    built_here: bool = False
    trusted: bool = False
    owner: str = ""
    project: str = ""
    served: str = ""
    service: str = ""
    network: str = ""

    @property
    def image_key(self) -> str:
        """12 characters for the names of volumes that only the same image shares.

        They stand for the image's plan if the caller built it, so that the same plan built again
        finds its cache; else for its ID, because anyone can write a label.
        """
        import hashlib

        plan = self.label(PLAN_LABEL) if self.built_here else ""
        identity = plan or (self.image_info.id if self.image_info else self.image)
        return hashlib.sha256(identity.encode()).hexdigest()[:12]

    def label(self, key: str) -> str:
        """Return a label of the image; empty if it does not have the label or is not known."""
        return self.image_info.label(key) if self.image_info else ""

    @property
    def used_device(self) -> str:
        """The device that the container uses: the one that the user named, else the image's."""
        return self.device or self.label(DEVICE_LABEL) or CUDA_DEVICE

    @property
    def home(self) -> str:
        """The home folder of the image's user: from the image's label, else by target or user."""
        if labelled := self.label(HOME_LABEL):
            return labelled
        if self.target:
            return "/root" if self.target == DEV_TARGET else "/home/ubuntu"
        if self.image_info is None and self.image.endswith(f"-{LOCAL_DEV_TARGET}"):
            return "/home/ubuntu"
        user = self.image_info.user if self.image_info else ""
        return "/root" if user.partition(":")[0] in ("", "0", "root") else "/home/ubuntu"
