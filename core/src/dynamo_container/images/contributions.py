# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What plugins and the user contribute to one image, merged: the input of the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from dynamo_container.errors import PluginError
from dynamo_container.images import user
from dynamo_container.images.dockerfile import StageSource
from dynamo_container.images.labels import merge_labels
from dynamo_container.images.locked import Locked
from dynamo_container.images.mirrors import Mirrors
from dynamo_container.images.pins import merge_pins, pin_args
from dynamo_container.images.stages import (
    PLUGIN_FAULT,
    StageFiles,
    describe_stage,
    merge_stages,
    read_stage,
)
from dynamo_container.model.names import (
    BASE_IMAGE,
    CA_BUNDLE,
    CUDA_DEVICE,
    EXTRA_PACKAGES,
    OVERLAY_CA_BUNDLE,
    OVERRIDES,
    SETTINGS,
)
from dynamo_container.model.provenance import Contribution, Layer, PlanEntry, Resolved, merge
from dynamo_container.model.requests import BuildRequest, BuildSettings
from dynamo_container.model.values import (
    BaseImage,
    BuildArg,
    BuildSecret,
    Label,
    Pin,
    Stage,
)
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry

T = TypeVar("T")


class Contributions(NamedTuple):
    """Everything that plugins and the user contribute to one image, merged.

    Attributes:
        request: of the image.
        device: that the image is for.
        files: the Dockerfiles, by stage.
        contexts: the user's named contexts, by name.
        notices, warnings: lines for the user.
    """

    request: BuildRequest
    device: str
    stages: tuple[Resolved[Stage], ...]
    files: tuple[tuple[str, StageFiles], ...]
    base_images: tuple[Resolved[BaseImage], ...]
    pins: tuple[Resolved[Pin], ...]
    args: tuple[Resolved[BuildArg], ...]
    secrets: tuple[Resolved[BuildSecret], ...]
    labels: tuple[Resolved[Label], ...]
    notices: tuple[str, ...]
    warnings: tuple[str, ...]
    contexts: tuple[tuple[str, str], ...] = ()

    def contexts_of(self, stage: str) -> tuple[tuple[str, str], ...]:
        """Return the user's named contexts that the stage's Dockerfile reads, by name."""
        read = dict(self.files)[stage].source.contexts
        return tuple(sorted(context for context in self.contexts if context[0] in read))

    @property
    def plugins(self) -> tuple[str, ...]:
        """The plugins that contribute to the image, with their versions; other ones do not change
        it.
        """
        resolved: tuple[Resolved[Any], ...] = (  # of every type
            *self.stages,
            *self.base_images,
            *self.pins,
            *self.args,
            *self.secrets,
            *self.labels,
        )
        sources = (
            source
            for value in resolved
            for source in (*value.sources, *(lower.source for lower in value.shadowed))
        )
        layers = (Layer.FRAMEWORK, Layer.OVERLAY)
        return tuple(sorted({source.distribution for source in sources if source.layer in layers}))

    def pin(self, name: str) -> str:
        """Return a pin's version; empty if there is no such pin."""
        return next((pin.value.version for pin in self.pins if pin.key == name), "")

    def base_image(self, stage: str) -> str:
        """Return the image that a stage starts from; empty if it starts from another stage."""
        return next((base.value.image for base in self.base_images if base.key == stage), "")

    def declared_args(self, stages: Iterable[str]) -> frozenset[str]:
        """Return the build arguments that the Dockerfiles of these stages take."""
        return frozenset(name for source in self._dockerfiles(stages) for name in source.args)

    def effective_args(self, stages: Iterable[str]) -> frozenset[str]:
        """Return the arguments that these stages take, as build arguments or as settings."""
        sources = self._dockerfiles(stages)
        return frozenset(name for source in sources for name in source.effective_args)

    def _dockerfiles(self, stages: Iterable[str]) -> list[StageSource]:
        files = dict(self.files)
        return [files[stage].source for stage in stages if stage in files]

    def args_of(self, stage: str) -> tuple[tuple[str, str], ...]:
        """Return the build arguments that a stage's Dockerfile takes, sorted by name."""
        declared = self.declared_args([stage])
        chosen: dict[str, tuple[tuple[int, bool], str]] = {}
        for arg in self.args:
            if arg.value.name in declared and arg.value.stage in ("", stage):
                rank = (arg.sources[0].layer, bool(arg.value.stage))
                value = (rank, arg.value.value)
                chosen[arg.value.name] = max(chosen.get(arg.value.name, (rank, "")), value)
        args = {name: value for name, (_, value) in chosen.items()}
        if base := self.base_image(stage):
            args[BASE_IMAGE] = base
        return tuple(sorted(args.items()))

    def entries(self, stages: frozenset[str]) -> tuple[PlanEntry, ...]:
        """Return everything that concerns these stages, as text with its provenance."""
        declared = self.declared_args(stages)
        own_stages = (stage for stage in self.stages if stage.key in stages)
        bases = (base for base in self.base_images if base.key in stages)
        args = (arg for arg in self.args if arg.value.name in declared)
        return (
            *(stage.as_entry("stage", describe_stage) for stage in own_stages),
            *(base.as_entry("base-image", lambda value: value.image) for base in bases),
            *(pin.as_entry("pin", lambda value: value.version) for pin in self.pins),
            *(arg.as_entry("build-arg", lambda value: value.value) for arg in args),
            *(secret.as_entry("secret", describe_secret) for secret in self.secrets),
            *(label.as_entry("label", lambda value: value.value) for label in self.labels),
        )


def collect(registry: Registry, request: BuildRequest, settings: BuildSettings) -> Contributions:
    """Call the hooks of the plugins of a request, add the user's values, and merge them.

    Raises:
        PluginError: a hook failed, or contributed to a stage or an argument that does not exist.
        ConflictError: two plugins contradict each other.
        UsageError: the user asked for something that does not exist.
    """

    def call(hook: Callable[[BuildRequest], Iterable[T]]) -> tuple[Contribution[T], ...]:
        return registry.call(hook, request)

    notices = [notice.value for notice in call(hookspecs.dynamo_container_notices)]
    mirrors = Mirrors(call(hookspecs.dynamo_container_mirrors))
    pins = merge_pins(registry, request)
    locked = Locked(settings.lock, request, pins)
    own_stages = call(hookspecs.dynamo_container_stages)
    stages = mirrors.stages(merge_stages(own_stages, dict(settings.stages), request))
    stages = locked.stages(stages)
    files = {stage.key: read_stage(stage, request) for stage in stages if stage.value.dockerfile}
    bases = _merge_base_images(registry, request, settings, files)
    args = _merge_args(registry, request, settings, pins, locked)
    return Contributions(
        request=request,
        device=request.device or _default_device(registry, request),
        stages=stages,
        files=tuple(files.items()),
        base_images=locked.base_images(mirrors.base_images(bases)),
        pins=pins,
        args=args,
        secrets=merge_secrets(
            _add_certificates(
                (
                    *call(hookspecs.dynamo_container_secrets),
                    *user.secrets(settings.secrets, request),
                    *_settings(args),
                )
            )
        ),
        labels=merge_labels(registry, request),
        notices=tuple(notice.text for notice in notices if not notice.warning),
        warnings=(
            *_check_declared(args, stages, files, settings),
            *(notice.text for notice in notices if notice.warning),
        ),
        contexts=settings.contexts,
    )


def _default_device(registry: Registry, request: BuildRequest) -> str:
    described = registry.call_for(request.framework, hookspecs.dynamo_container_framework)
    names = (entry.value.devices[0] for entry in described)
    return next(names, CUDA_DEVICE)


def _merge_base_images(
    registry: Registry,
    request: BuildRequest,
    settings: BuildSettings,
    files: dict[str, StageFiles],
) -> tuple[Resolved[BaseImage], ...]:
    own = registry.call(hookspecs.dynamo_container_base_images, request)
    merged = merge(
        "base image of stage",
        [*own, *user.base_images(own, files, request, settings)],
        key=lambda base: base.stage,
        hint="decide with --base-image IMAGE, or {without}",
        describe=lambda base: base.image,
    )
    for base in merged:
        if base.key in files and BASE_IMAGE not in files[base.key].source.args:
            raise PluginError(
                f"{base.sources[0].with_location} contributes a base image of stage {base.key!r}, "
                f"whose Dockerfile does not declare {BASE_IMAGE} (ARG)",
                PLUGIN_FAULT,
            )
    return merged


def _merge_args(
    registry: Registry,
    request: BuildRequest,
    settings: BuildSettings,
    pins: tuple[Resolved[Pin], ...],
    locked: Locked,
) -> tuple[Resolved[BuildArg], ...]:
    overrides = registry.call(hookspecs.dynamo_container_overrides, request)
    packages = registry.call(hookspecs.dynamo_container_system_packages, request)
    own = [
        *registry.call(hookspecs.dynamo_container_build_args, request),
        *pin_args(pins, request, settings),
        *_joined(OVERRIDES, "|", overrides, lambda override: override.requirement),
        *_joined(EXTRA_PACKAGES, " ", packages, lambda package: package.name),
    ]
    return merge(
        "build argument",
        locked.args([*own, *user.build_args(request, settings, own)]),
        key=lambda arg: f"{arg.name} (stage {arg.stage})" if arg.stage else arg.name,
        hint="decide with --build-arg {key}=VALUE, or {without}",
        describe=lambda arg: arg.value,
    )


def _joined(
    name: str,
    separator: str,
    values: tuple[Contribution[T], ...],
    describe: Callable[[T], str],
) -> Iterator[Contribution[BuildArg]]:
    """One build argument with all values, each once, in the order of the plugins."""
    text = separator.join(dict.fromkeys(describe(value.value) for value in values))
    for source in dict.fromkeys(value.source for value in values):
        yield Contribution(value=BuildArg(name=name, value=text), source=source)


def _settings(args: Iterable[Resolved[BuildArg]]) -> Iterator[Contribution[BuildSecret]]:
    """Yield the build arguments that steps can mount as settings instead."""
    for arg in args:
        setting = SETTINGS.get(arg.key)
        if setting and arg.value.value:
            secret = BuildSecret(id=setting, setting=arg.value.value)
            yield Contribution(value=secret, source=arg.sources[0])


def _add_certificates(
    contributions: Iterable[Contribution[BuildSecret]],
) -> Iterator[Contribution[BuildSecret]]:
    """Keep the certificates of plugins beside those of the user, which would replace them."""
    given = tuple(contributions)
    bundles = [one.source.layer for one in given if one.value.id == CA_BUNDLE]
    for one in given:
        keep = one.value.id != CA_BUNDLE or one.source.layer is Layer.USER
        if keep or Layer.USER not in bundles:
            yield one
        else:
            yield replace(one, value=replace(one.value, id=OVERLAY_CA_BUNDLE))


def merge_secrets(
    contributions: Iterable[Contribution[BuildSecret]],
) -> tuple[Resolved[BuildSecret], ...]:
    """Merge secrets by ID.

    Raises:
        ConflictError: two plugins take one secret from different places.
    """
    return merge(
        "secret",
        contributions,
        key=lambda secret: secret.id,
        hint="decide with --secret id={key},src=FILE, or {without}",
        describe=describe_secret,
    )


def _check_declared(
    args: Iterable[Resolved[BuildArg]],
    stages: Iterable[Resolved[Stage]],
    files: dict[str, StageFiles],
    settings: BuildSettings,
) -> Iterator[str]:
    """Yield warnings for arguments of the user that no Dockerfile declares.

    Raises:
        PluginError: a plugin contributes such an argument.
    """
    # The stage that declares an argument may be one that the user replaced, or one that is missing,
    # which is reported when the graph is made.
    needed = {
        need for stage in stages for need in (*stage.value.needs, stage.value.extends) if need
    }
    complete = not settings.stages and needed <= {stage.key for stage in stages}
    for arg in args:
        readers = [arg.value.stage] if arg.value.stage else list(files)
        sources = [files[stage].source for stage in readers if stage in files]
        if any(arg.value.name in source.effective_args for source in sources):
            continue
        if arg.sources[0].layer is Layer.USER:
            yield (
                f"{arg.sources[0]} {arg.value.name}: no Dockerfile declares this argument, "
                "so it has no effect"
            )
        elif complete:
            raise _undeclared(arg)


def _undeclared(arg: Resolved[BuildArg]) -> PluginError:
    stage = arg.value.stage
    where = f"the Dockerfile of stage {stage!r}" if stage else "any Dockerfile"
    return PluginError(
        f"the build argument {arg.value.name} of {arg.sources[0].with_location} is not declared "
        f"(ARG) by {where}",
        PLUGIN_FAULT,
    )


def describe_secret(secret: BuildSecret) -> str:
    """Return where a secret comes from, never its content; or the value of a setting."""
    if secret.setting:
        return secret.setting
    return f"variable {secret.env}" if secret.env else f"file {secret.path}"
