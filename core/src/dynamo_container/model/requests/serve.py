# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A request to serve a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from dynamo_container.model.requests.base import Request
from dynamo_container.model.requests.run import RunRequest

Discovery: TypeAlias = Literal["file", "etcd", "kubernetes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model to serve.

    Attributes:
        name: what the engine gets: the name of a model of Hugging Face, or the path of its folder
            in the containers.
        served_name: the name by which clients ask for it.
        folder: the folder on this machine; empty for a model of Hugging Face.
        weights: the size of its weights in bytes; 0 if unknown.
        cached: whether it is in the caller's Hugging Face cache.
    """

    name: str
    served_name: str
    folder: str = ""
    weights: int = 0
    cached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeRequest(Request):
    """A request to serve a model.

    Attributes:
        framework: the framework's name.
        project: the name of all that is started together.
        container: what the containers of all services have in common, as a request for one: the
            image, the user's variables, mounts and flags, and the facts about engine and image.
        model: the model; None if the user named none.
        topology: `agg` (a frontend and a worker), `agg-router` (several workers, and the frontend
            knows which prefixes each has in its cache), `disagg` (workers for prefill and for
            decode), or one of a plugin.
        workers: how many workers; for `disagg`, how many of each kind. None for the default.
        gpus_per_worker: how many GPUs each gets; None for the framework's default.
        discovery: how services find each other.
        arguments: further arguments of the engine.
        cache_owner: the user who can write to the Hugging Face cache, if the image's user cannot;
            else empty.
        address, port: of this machine, at which the frontend is published.
    """

    framework: str
    project: str
    container: RunRequest
    model: Model | None = None
    topology: str = "agg"
    workers: int | None = None
    gpus_per_worker: int | None = None
    discovery: Discovery = "file"
    arguments: tuple[str, ...] = ()
    cache_owner: str = ""
    address: str = "127.0.0.1"
    port: int = 8000

    @property
    def device(self) -> str:
        """The device of the containers: `cuda`, `cpu`, or one of a plugin."""
        return self.container.used_device
