# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Collect the facts of one `serve` or `export`, once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from dynamo_container.errors import UsageError
from dynamo_container.host import models
from dynamo_container.host.paths import absolute, is_folder
from dynamo_container.model.names import REPOSITORY, RUNTIME_STAGE
from dynamo_container.model.references import image_reference
from dynamo_container.model.requests import Model
from dynamo_container.options import env_file, serve_syntax
from dynamo_container.options.collect import collect_caller, collect_run
from dynamo_container.options.devices import run_variant
from dynamo_container.options.facts import Caller
from dynamo_container.options.run_facts import RunFacts
from dynamo_container.options.selection import Describe, select_framework
from dynamo_container.options.serve import model_of
from dynamo_container.options.serve_facts import ServeFacts
from dynamo_container.options.serve_records import ServeOptions
from dynamo_container.options.syntax import NONE
from dynamo_container.plugins.registry import Registry


def collect_serve(
    options: ServeOptions,
    registry: Registry,
    describe: Describe,
    *,
    near: Iterable[Path],
    dry_run: bool,
    project: Path | None = None,
    repository: str = REPOSITORY,
) -> ServeFacts:
    """Collect the facts for the services of a model; see `collect_run`."""
    run = collect_run(
        options,
        registry,
        describe,
        near=near,
        terminal=False,
        dry_run=dry_run,
        project=project,
        repository=repository,
    )
    return ServeFacts(run=_with_framework(run, options), model=_model(options, run.caller))


def collect_export(options: ServeOptions, registry: Registry, describe: Describe) -> ServeFacts:
    """Collect the facts for files that are the same on every machine: no engine is asked."""
    framework = select_framework(registry, options)
    if options.image and not framework:
        raise _unnamed(options.image)
    target = "" if options.image else options.target or RUNTIME_STAGE
    image = options.image or image_reference(run_variant(framework, options, describe), target)
    run = RunFacts(
        framework=framework,
        image=image,
        target=target or RUNTIME_STAGE,
        trusted=True,
        caller=collect_caller()._replace(uid=1000, gid=1000, host="", hf_hub="", hf_settings=()),
        env_files=env_file.read_all(options.env_file),
    )
    model = _model(options, run.caller)
    return ServeFacts(run=run, model=replace(model, cached=False) if model else None)


def _with_framework(run: RunFacts, options: ServeOptions) -> RunFacts:
    if not run.framework:
        raise _unnamed(options.image or "the image")
    return run


def _unnamed(image: str) -> UsageError:
    return UsageError(
        f"it is not known which framework serves in {image}",
        "name it: dynamo-container serve FRAMEWORK --image IMAGE",
    )


def _model(options: ServeOptions, caller: Caller) -> Model | None:
    name = options.model
    if name is None:
        return None
    if serve_syntax.is_folder(name):
        folder = absolute(name)
        if not is_folder(folder):
            raise UsageError(
                f"--model: the folder {folder} was not found", "name an existing folder"
            )
        return model_of(options, str(folder), models.weights(folder), cached=False)
    snapshot = None
    if (options.hf_cache or "").lower() != NONE:
        snapshot = models.cached(_hub(options, caller), name)
    weights = models.weights(snapshot) if snapshot else 0
    return model_of(options, "", weights, cached=snapshot is not None)


def _hub(options: ServeOptions, caller: Caller) -> Path:
    """Return the folder of the models that the containers see."""
    if options.hf_cache is None and caller.hf_hub:
        return absolute(caller.hf_hub)
    return absolute(options.hf_cache or caller.hf_cache) / "hub"
