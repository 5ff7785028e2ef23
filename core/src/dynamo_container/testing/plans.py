# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Plans of builds and runs for tests: with the installed plugins, in this process, without an
engine.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from dynamo_container.containers import planner as run_planner
from dynamo_container.containers.plan import RunPlan
from dynamo_container.errors import UsageError
from dynamo_container.images import planner
from dynamo_container.images.plan import BuildPlan, Target
from dynamo_container.model.facts import NO_ENGINE, EngineInfo, ImageInfo
from dynamo_container.model.names import LOCAL_DEV_TARGET, RUNTIME_STAGE
from dynamo_container.model.references import image_reference
from dynamo_container.model.requests import (
    BuildRequest,
    BuildSettings,
    Model,
    RunRequest,
    ServeRequest,
)
from dynamo_container.model.types import wrong_field
from dynamo_container.model.values import OptionValue
from dynamo_container.options.plugin_options import option_values
from dynamo_container.plugins.registry import Registry
from dynamo_container.services import planner as serve_planner
from dynamo_container.services.plan import ServePlan

# Texts, paths, numbers, flags, and lists of texts, by destination.
Options: TypeAlias = Mapping[str, object]

_UID: Final = 1000
_NO_OPTIONS: Final[Options] = {}

T = TypeVar("T", BuildRequest, BuildSettings, RunRequest, ServeRequest)


class PlanBuild(Protocol):
    """The type of the fixture `plan_build`; see the function."""

    def __call__(
        self,
        framework: str,
        target: str = RUNTIME_STAGE,
        *,
        options: Options = ...,
        **fields: object,
    ) -> BuildPlan: ...


class PlanRun(Protocol):
    """The type of the fixture `plan_run`; see the function."""

    def __call__(
        self,
        framework: str,
        image: str | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        engine: EngineInfo = NO_ENGINE,
        options: Options = ...,
        **fields: object,
    ) -> RunPlan: ...


class PlanServe(Protocol):
    """The type of the fixture `plan_serve`; see the function."""

    def __call__(
        self,
        framework: str,
        model: str | Model | None = None,
        *,
        options: Options = ...,
        container: Mapping[str, object] = ...,
        **fields: object,
    ) -> ServePlan: ...


def plan_build(
    framework: str, target: str = RUNTIME_STAGE, *, options: Options = _NO_OPTIONS, **fields: object
) -> BuildPlan:
    """Plan the build of an image.

    Args:
        framework: its name, such as `vllm`.
        target: the stage to build. `local-dev` is built for UID and GID 1000 by default.
        options: the plugins' own options, by destination: `{"vllm_ref": "main"}`.
        fields: of `BuildRequest`, such as `dynamo_version="1.4.2"`, and of `BuildSettings`, such as
            `tags=("my/image:1",)`.

    Raises:
        UsageError: the framework is not installed, or what the user asked for is not possible.
        DynamoContainerError: a plugin failed, or two of them contradict each other.
        TypeError: a field does not exist, or has the wrong type.
    """
    registry, name = _load(framework)
    _refuse_unknown("plan_build", fields, BuildRequest, BuildSettings)
    request_fields = _fields_of(BuildRequest, fields)
    if target == LOCAL_DEV_TARGET:
        request_fields = {"uid": _UID, "gid": _UID, **request_fields}
    request = _create(BuildRequest, framework=name, target=target, **request_fields)
    request = dataclasses.replace(request, options=_options(registry, "build", name, options))
    settings = _create(BuildSettings, **_fields_of(BuildSettings, fields))
    return planner.plan(registry, [request], settings)


def plan_run(
    framework: str,
    image: str | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    engine: EngineInfo = NO_ENGINE,
    options: Options = _NO_OPTIONS,
    **fields: object,
) -> RunPlan:
    """Plan a container.

    Args:
        framework: its name, such as `vllm`.
        image: the image's reference; None for the image of `target`, which is `runtime` by default.
        labels: the image's labels; None if the engine does not have the image.
        engine: what the engine supports; by default, it does not answer.
        options: the plugins' own options, by destination: `{"gguf": "/data/model.gguf"}`.
        fields: of `RunRequest`, such as `gpus="all"`.

    Raises:
        UsageError, DynamoContainerError, TypeError: see `plan_build`.
    """
    registry, name = _load(framework)
    _refuse_unknown("plan_run", fields, RunRequest)
    if image is None:
        fields.setdefault("target", RUNTIME_STAGE)
        image = image_reference(name, str(fields["target"]))
    if labels is not None:
        fields["image_info"] = ImageInfo(
            id=f"sha256:{'0' * 64}", size=1, labels=tuple(sorted(labels.items())), user="1000:1000"
        )
    request = _create(RunRequest, framework=name, image=image, engine=engine, **fields)
    request = dataclasses.replace(request, options=_options(registry, "run", name, options))
    return run_planner.plan(registry, request)


def plan_serve(
    framework: str,
    model: str | Model | None = None,
    *,
    options: Options = _NO_OPTIONS,
    container: Mapping[str, object] = _NO_OPTIONS,
    **fields: object,
) -> ServePlan:
    """Plan the services of a model.

    Args:
        framework: its name, such as `vllm`.
        model: a model, or the name of one of Hugging Face; None for an image that serves its own.
        options: the plugins' own options, by destination.
        container: fields of `RunRequest`, for the containers of all services: `{"gpus": "0,1"}`.
        fields: of `ServeRequest`, such as `topology="disagg"`.

    Raises:
        UsageError, DynamoContainerError, TypeError: see `plan_build`.
    """
    registry, name = _load(framework)
    _refuse_unknown("plan_serve", fields, ServeRequest)
    _refuse_unknown("plan_serve(container=...)", container, RunRequest)
    own = _options(registry, "serve", name, options)
    image = {"image": image_reference(name, RUNTIME_STAGE), "target": RUNTIME_STAGE, **container}
    named = Model(name=model, served_name=model) if isinstance(model, str) else model
    request = _create(
        ServeRequest,
        framework=name,
        container=_create(RunRequest, framework=name, options=own, **image),
        **{"project": "test", "options": own, "model": named, **fields},
    )
    return serve_planner.plan_serve(registry, request)


def plan_values(plan: BuildPlan | RunPlan) -> dict[str, str]:
    """Return the values of a plan as `explain` shows them, by kind and key.

    For example `{"pin ai-dynamo": "1.4.2", "label com.acme.team": "inference"}`. If a build makes
    several images, the values are those of the last one, which was requested.
    """
    entries = plan.images[-1].entries if isinstance(plan, BuildPlan) else plan.entries
    return {f"{entry.kind} {entry.key}": entry.value for entry in entries}


def plan_target(plan: BuildPlan, name: str) -> Target:
    """Return the target of a plan that builds a stage.

    Args:
        plan: the plan of a build.
        name: the stage, such as `wheels`, or the target, such as `vllm-runtime`.

    Raises:
        LookupError: the plan has no such target.
    """
    for target in plan.targets:
        if name in (target.stage, target.name):
            return target
    names = ", ".join(target.name for target in plan.targets)
    raise LookupError(f"the plan does not build {name!r}; it builds: {names}")


def _load(framework: str) -> tuple[Registry, str]:
    registry = Registry.discover()
    try:
        name = registry.framework(framework)
    except UsageError as error:
        raise UsageError(
            error.what, "install the plugin in the environment of the tests: pip install -e ."
        ) from error
    registry.load(name)
    return registry, name


def _fields_of(kind: type[Any], fields: Mapping[str, object]) -> dict[str, object]:
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in fields.items() if name in names}


def _refuse_unknown(function: str, fields: Iterable[str], *kinds: type[Any]) -> None:
    known = {field.name for kind in kinds for field in dataclasses.fields(kind)}
    for name in fields:
        if name not in known:
            similar = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {similar[0]!r}?" if similar else ""
            raise TypeError(
                f"{function}() has no argument {name!r}.{hint} "
                f"A plugin's option is given by: options={{{name!r}: ...}}"
            )


def _create(kind: type[T], **fields: Any) -> T:
    value = kind(**fields)
    if problem := wrong_field(value):
        raise TypeError(f"{kind.__name__}: {problem}")
    return value


def _options(
    registry: Registry, command: str, framework: str, given: Options
) -> tuple[tuple[str, OptionValue], ...]:
    """Return the values of the plugins' options as the command line passes them, with defaults."""
    contributions = registry.options(command, [framework])
    options = {entry.value.destination: entry.value for entry in contributions}
    for name in given:
        if name not in options:
            raise UsageError(
                f"{name!r} is not a plugin's option of '{command} {framework}'",
                f"it has: {', '.join(sorted(options)) or 'none'}",
            )
    return option_values(options.values(), given)
