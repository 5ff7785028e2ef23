# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""From the options and facts of `serve` or `export` to the request. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from dynamo_container.host.paths import absolute
from dynamo_container.model.requests import Discovery, Model, RunRequest, ServeRequest
from dynamo_container.options.run import resolve_run
from dynamo_container.options.serve_facts import ServeFacts
from dynamo_container.options.serve_records import ServeOptions

_ADDRESS: Final = "127.0.0.1"
_PORT: Final = 8000
# The user of our runtime images.
_IMAGE_UID: Final = 1000
_PORTABLE_CACHE: Final = "~/.cache/huggingface"


def resolve_serve(
    options: ServeOptions, facts: ServeFacts, *, discovery: Discovery = "file"
) -> ServeRequest:
    """Resolve the options, which `rules.check_serve` has accepted, and facts to a request.

    Args:
        options: of the command.
        facts: about the machine and the model.
        discovery: how services find each other if the user does not say.
    """
    address, port = published(options)
    workers = options.workers
    default = "agg-router" if workers and workers > 1 else "agg"
    container = _container(options, facts)
    return ServeRequest(
        framework=facts.run.framework,
        project=options.name or default_project(facts.run.framework),
        container=container,
        model=facts.model,
        topology=options.topology or default,
        workers=workers,
        gpus_per_worker=options.gpus_per_worker,
        discovery=options.discovery or discovery,
        arguments=options.command,
        cache_owner=_cache_owner(container, facts),
        address=address,
        port=port,
        origins=options.origins,
        options=options.plugin_options,
    )


def default_project(framework: str) -> str:
    """Return the name of a framework's project if the user does not name it."""
    return f"dynamo-{framework}" if framework else "dynamo"


def published(options: ServeOptions) -> tuple[str, int]:
    """Return the address and the port at which the frontend is published."""
    words = options.port[-1].rpartition(":") if options.port else ("", "", str(_PORT))
    return words[0].strip("[]") or _ADDRESS, int(words[2])


def portable(options: ServeOptions) -> ServeOptions:
    """Return the options for files that are the same on every machine."""
    return replace(options, hf_cache=options.hf_cache or _PORTABLE_CACHE)


def _container(options: ServeOptions, facts: ServeFacts) -> RunRequest:
    """Return what the containers of all services have in common."""
    request = resolve_run(replace(options, port=(), name=None, command=()), facts.run)
    model = facts.model
    if model is None or model.folder:
        # Nothing is downloaded, and no more of the caller's is mounted than is needed.
        return request if options.hf_cache else replace(request, hf_cache="", hf_hub="")
    if options.hf_cache is None and facts.run.trusted:
        caller = facts.run.caller
        hub = str(absolute(caller.hf_hub)) if caller.hf_hub else ""
        request = replace(request, hf_cache=str(absolute(caller.hf_cache)), hf_hub=hub)
    return request


def _cache_owner(container: RunRequest, facts: ServeFacts) -> str:
    """Return the user who can write to the cache, if a download needs that."""
    uid = facts.run.caller.uid
    downloads = facts.model and not (facts.model.folder or facts.model.cached)
    return f"{uid}:0" if downloads and container.hf_cache and uid != _IMAGE_UID else ""


def container_path(folder: str) -> str:
    """Return where the folder of a model is mounted: its name is often shown to clients."""
    name = re.sub(r"[^\w.-]+", "-", folder.rstrip("/").rpartition("/")[2], flags=re.ASCII)
    return f"/models/{name.strip('-.') or 'model'}"


def model_of(options: ServeOptions, folder: str, weights: int, *, cached: bool) -> Model | None:
    """Return the model that the options name.

    Args:
        options: of the command.
        folder: of the model on this machine; empty for a model of Hugging Face.
        weights: the size of its weights in bytes; 0 if unknown.
        cached: whether it is in the caller's Hugging Face cache.
    """
    if options.model is None:
        return None
    name = container_path(folder) if folder else options.model
    served = name.rpartition("/")[2] if folder else name
    return Model(
        name=name,
        served_name=options.served_model_name or served,
        folder=folder,
        weights=weights,
        cached=cached,
    )
