# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What plugins and the user say about one image, merged: the input of the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from dynamo_container.errors import PluginError, UsageError
from dynamo_container.images import dockerfile
from dynamo_container.images.mirrors import Mirrors
from dynamo_container.model.names import (
    BASE_IMAGE,
    CUDA,
    DYNAMO,
    EXTRA_INDEX_URLS,
    EXTRA_PACKAGES,
    HOME_LABEL,
    INDEX_URL,
    MAX_JOBS,
    OVERRIDES,
    PLAN_LABEL,
    RELEASE_BUILD,
    RESOLVE_AS_OF,
    RUNTIME_STAGE,
    USER_GID,
    USER_LABEL,
    USER_UID,
)
from dynamo_container.model.provenance import (
    Contribution,
    Layer,
    PlanEntry,
    Resolved,
    Source,
    merge,
)
from dynamo_container.model.requests import BuildRequest, BuildSettings
from dynamo_container.model.values import (
    BaseImage,
    BuildArg,
    BuildSecret,
    Label,
    Override,
    Pin,
    Stage,
    SystemPackage,
)
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFiles:
    """A stage with a Dockerfile, and what was read from it."""

    stage: Stage
    source: dockerfile.Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributions:
    """What was said about one image, merged."""

    request: BuildRequest
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
        """The user's named contexts that the stage's Dockerfile reads, by name."""
        read = dict(self.files)[stage].source.contexts
        return tuple(sorted(one for one in self.contexts if one[0] in read))

    @property
    def plugins(self) -> tuple[str, ...]:
        """The plugins that said something about the image, with their versions: those that have
        nothing to do with it do not change it.
        """
        resolved: tuple[Resolved[Any], ...] = (  # of every kind
            *self.stages,
            *self.base_images,
            *self.pins,
            *self.args,
            *self.secrets,
            *self.labels,
        )
        sources = (
            source
            for one in resolved
            for source in (*one.sources, *(below.source for below in one.shadowed))
        )
        layers = (Layer.FRAMEWORK, Layer.OVERLAY)
        return tuple(sorted({one.distribution for one in sources if one.layer in layers}))

    def pin(self, name: str) -> str:
        """A pin's version; empty where nobody pins it."""
        return next((one.value.version for one in self.pins if one.key == name), "")

    def base_image(self, stage: str) -> str:
        """The image that a stage starts from; empty where it starts from another stage."""
        return next((one.value.image for one in self.base_images if one.key == stage), "")

    def args_of(self, stage: str) -> tuple[tuple[str, str], ...]:
        """The build arguments of a stage: those that its Dockerfile declares, sorted by name."""
        declared = dict(self.files)[stage].source.args
        chosen: dict[str, tuple[tuple[int, bool], str]] = {}
        for arg in self.args:
            if arg.value.name in declared and arg.value.stage in ("", stage):
                rank = (arg.sources[0].layer, bool(arg.value.stage))
                chosen[arg.value.name] = max(
                    chosen.get(arg.value.name, (rank, "")), (rank, arg.value.value)
                )
        args = {name: value for name, (_, value) in chosen.items()}
        if base := self.base_image(stage):
            args[BASE_IMAGE] = base
        return tuple(sorted(args.items()))

    def facts(self, stages: frozenset[str]) -> tuple[PlanEntry, ...]:
        """Everything that has to do with these stages, as text with its provenance."""
        used = {
            name
            for stage in stages
            if stage in dict(self.files)
            for name in dict(self.files)[stage].source.args
        }
        return (
            *(one.as_entry("stage", _tell_stage) for one in self.stages if one.key in stages),
            *(
                one.as_entry("base-image", lambda base: base.image)
                for one in self.base_images
                if one.key in stages
            ),
            *(one.as_entry("pin", lambda pin: pin.version) for one in self.pins),
            *(
                one.as_entry("build-arg", lambda arg: arg.value)
                for one in self.args
                if one.value.name in used
            ),
            *(one.as_entry("secret", _tell_secret) for one in self.secrets),
            *(one.as_entry("label", lambda label: label.value) for one in self.labels),
        )


def contributions(
    registry: Registry, request: BuildRequest, settings: BuildSettings
) -> Contributions:
    """Ask every plugin that has a say about `request`, add the user's word, and merge.

    Raises:
        PluginError: a hook failed, or said something about a stage or an argument that does not
        exist. ConflictError: two plugins contradict each other.
        UsageError: the user asked for something that does not exist.
    """

    def call(hook: Callable[[BuildRequest], Iterable[T]]) -> tuple[Contribution[T], ...]:
        return registry.call(hook, request)

    notices = [one.value for one in call(hookspecs.dynamo_container_notices)]
    mirrors = Mirrors(call(hookspecs.dynamo_container_mirrors))
    stages = mirrors.stages(
        _merge_stages(call(hookspecs.dynamo_container_stages), dict(settings.stages), request)
    )
    files = tuple((one.key, _read(one, request)) for one in stages if one.value.dockerfile)
    bases = list(call(hookspecs.dynamo_container_base_images))
    base_images = mirrors.base_images(
        _merge_base_images(
            [*bases, *_user_base_images(bases, dict(files), request, settings)], dict(files)
        )
    )
    pinned = pins(registry, request)
    said_args = [
        *call(hookspecs.dynamo_container_build_args),
        *_pin_args(pinned, request, settings),
        *_joined(OVERRIDES, "|", call(hookspecs.dynamo_container_overrides), _requirement),
        *_joined(EXTRA_PACKAGES, " ", call(hookspecs.dynamo_container_system_packages), _package),
    ]
    args = merge(
        "build argument",
        [*said_args, *_user_args(request, settings, said_args)],
        key=lambda arg: f"{arg.name} (stage {arg.stage})" if arg.stage else arg.name,
        hint="decide with --build-arg {key}=VALUE, or {without}",
        describe=lambda arg: arg.value,
    )
    return Contributions(
        request=request,
        stages=stages,
        files=files,
        base_images=base_images,
        pins=pinned,
        args=args,
        secrets=merge(
            "secret",
            [*call(hookspecs.dynamo_container_secrets), *_user_secrets(settings.secrets, request)],
            key=lambda secret: secret.id,
            hint="decide with --secret id={key},src=FILE, or {without}",
            describe=_tell_secret,
        ),
        labels=merge(
            "label",
            [
                *_framework_labels(registry, request),
                *_allowed_labels(call(hookspecs.dynamo_container_labels)),
            ],
            key=lambda label: label.key,
            hint="{without}",
            describe=lambda label: label.value,
        ),
        notices=tuple(one.text for one in notices if not one.warning),
        warnings=(
            *_undeclared(args, stages, dict(files), settings),
            *(one.text for one in notices if one.warning),
        ),
        contexts=settings.contexts,
    )


def _framework_labels(registry: Registry, request: BuildRequest) -> Iterator[Contribution[Label]]:
    """Yield the user and the home that a framework states."""
    for entry in registry.call_for(request.framework, hookspecs.dynamo_container_framework):
        for key, value in ((USER_LABEL, entry.value.user), (HOME_LABEL, entry.value.home)):
            yield Contribution(value=Label(key=key, value=value), source=entry.source)


def _merge_stages(
    said: Iterable[Contribution[Stage]], replaced: dict[str, str], request: BuildRequest
) -> tuple[Resolved[Stage], ...]:
    # One owner for a name, whatever the layers: a stage that replaces another's in silence is what
    # nobody wants.
    leveled = [replace(one, source=replace(one.source, layer=Layer.FRAMEWORK)) for one in said]
    merge(
        "stage",
        leveled,
        key=lambda stage: stage.name,
        hint="{without}",
        describe=_tell_stage,
    )
    known = {one.value.name for one in said}
    for name in replaced:
        if name not in known:
            raise UsageError(
                f"--stage {name}: there is no such stage",
                f"known stages: {', '.join(sorted(known))}",
            )
    user = [
        Contribution(value=Stage(name=name, image=image), source=request.source("--stage"))
        for name, image in replaced.items()
    ]
    return merge(
        "stage", [*said, *user], key=lambda stage: stage.name, hint="", describe=_tell_stage
    )


def _read(resolved: Resolved[Stage], request: BuildRequest) -> StageFiles:
    stage = resolved.value
    assert stage.dockerfile is not None
    context = stage.context or stage.dockerfile.parent
    checkout = request.checkout
    known = checkout.digest if checkout and context == checkout.path else ""
    try:
        read = dockerfile.read(stage.dockerfile, context, known)
    except PluginError as error:
        owner = f"stage {stage.name!r} of {resolved.sources[0].with_location}"
        raise PluginError(f"{owner}: {error.what}", error.next_step) from error
    if (stage.target or stage.name) not in read.targets:
        raise PluginError(
            f"{stage.dockerfile} has no 'FROM ... AS {stage.target or stage.name}', "
            f"which stage {stage.name!r} of {resolved.sources[0]} needs",
            "this is a fault in the plugin: update it, or tell its author",
        )
    return StageFiles(stage=stage, source=read)


def _user_base_images(
    said: Iterable[Contribution[BaseImage]],
    files: dict[str, StageFiles],
    request: BuildRequest,
    settings: BuildSettings,
) -> Iterator[Contribution[BaseImage]]:
    argument = dict(settings.build_args).get(BASE_IMAGE)
    image, flag = (argument, "--build-arg") if argument else (request.base_image, "--base-image")
    runtime = "" if argument else settings.runtime_image
    declared = {name for name, one in files.items() if BASE_IMAGE in one.source.args}
    stages = sorted(declared | {one.value.stage for one in said})
    if image and not stages:
        raise UsageError(
            f"{flag} means nothing for {request.framework!r}: no Dockerfile has ARG {BASE_IMAGE}",
            "leave it out",
        )
    foot = _foot_of_runtime(files)
    if runtime and foot not in stages:
        raise UsageError(
            f"--runtime-image means nothing for {request.framework!r}: "
            f"its stage {RUNTIME_STAGE} has no ARG {BASE_IMAGE}",
            "leave it out",
        )
    chosen = {stage: (image, flag) for stage in stages if image}
    if runtime:
        chosen[foot] = (runtime, "--runtime-image")
    for stage, (name, said_by) in chosen.items():
        yield Contribution(value=BaseImage(stage=stage, image=name), source=request.source(said_by))


def _foot_of_runtime(files: dict[str, StageFiles]) -> str:
    """Return the stage that the runtime's chain of stages starts from."""
    name = RUNTIME_STAGE
    while name in files and BASE_IMAGE not in files[name].source.args:
        needs = files[name].stage.needs
        name = needs[0] if needs else ""
    return name


def _merge_base_images(
    said: list[Contribution[BaseImage]], files: dict[str, StageFiles]
) -> tuple[Resolved[BaseImage], ...]:
    merged = merge(
        "base image of stage",
        said,
        key=lambda base: base.stage,
        hint="decide with --base-image IMAGE, or {without}",
        describe=lambda base: base.image,
    )
    for one in merged:
        if one.key in files and BASE_IMAGE not in files[one.key].source.args:
            raise PluginError(
                f"{one.sources[0].with_location} gives stage {one.key!r} a base image, "
                f"but its Dockerfile has no ARG {BASE_IMAGE}",
                "this is a fault in the plugin: update it, or tell its author",
            )
    return merged


def pins(registry: Registry, request: BuildRequest) -> tuple[Resolved[Pin], ...]:
    """The versions of one image: what plugins say, and the user's word on Dynamo's and CUDA's.

    Raises:
        UsageError: the plugins have no such version to decide about.
        ConflictError, PluginError: as `contributions()`.
    """
    said = registry.call(hookspecs.dynamo_container_pins, request)
    return merge(
        "pin",
        [*said, *_user_pins(said, request)],
        key=lambda pin: pin.name,
        hint="{without}; and ask their authors which version is right",
        describe=lambda pin: pin.version,
    )


def _user_pins(
    said: tuple[Contribution[Pin], ...], request: BuildRequest
) -> Iterator[Contribution[Pin]]:
    by_name = {name: [one for one in said if one.value.name == name] for name in (DYNAMO, CUDA)}
    if request.checkout:
        for one in by_name[DYNAMO][:1]:
            pin = replace(one.value, version=request.checkout.version)
            yield Contribution(value=pin, source=request.source("--source"))
    elif request.dynamo_version:
        if not by_name[DYNAMO]:
            raise UsageError(
                f"--dynamo-version means nothing for {request.framework!r}: "
                f"its plugin installs no {DYNAMO}",
                "leave it out",
            )
        pin = replace(by_name[DYNAMO][0].value, version=request.dynamo_version)
        yield Contribution(value=pin, source=request.source("--dynamo-version"))
    if request.cuda_version:
        yield _user_cuda(by_name[CUDA], request)


def _user_cuda(said: list[Contribution[Pin]], request: BuildRequest) -> Contribution[Pin]:
    """The CUDA version that was asked for, where a plugin answered with it: base images and
    packages go by it, so that it is no number that the core can put in the place of another.
    """
    if not said:
        raise UsageError(
            f"--cuda-version means nothing for {request.framework!r}: it has no CUDA version",
            "leave it out, or build that framework apart",
        )
    for one in said:
        if one.value.version == request.cuda_version:
            return Contribution(value=one.value, source=request.source("--cuda-version"))
    raise UsageError(
        f"{request.framework!r} cannot be built with CUDA {request.cuda_version}: "
        f"{said[0].source} says {said[0].value.version}",
        f"leave --cuda-version out, or: --cuda-version {said[0].value.version}",
    )


def _pin_args(
    pins: Iterable[Resolved[Pin]], request: BuildRequest, settings: BuildSettings
) -> Iterator[Contribution[BuildArg]]:
    """The arguments that carry pins. The version of what is compiled is in its wheel: in an
    argument, each commit would resolve everything anew. The user's word on a pin is less than the
    one on the argument.
    """
    given = dict(settings.build_args)
    by_arg: dict[str, list[Resolved[Pin]]] = {}
    for pin in pins:
        if pin.value.build_arg:
            by_arg.setdefault(pin.value.build_arg, []).append(pin)
    for name, sharing in by_arg.items():
        words = [
            pin.value.requirement.partition("==")[0]
            if request.checkout and pin.key == DYNAMO
            else pin.value.requirement
            for pin in sharing
        ]
        arg = BuildArg(name=name, value=" ".join(words))
        for source_ in sorted({one for pin in sharing for one in pin.sources}, key=str):
            if not (name in given and source_.layer is Layer.USER):
                yield Contribution(value=arg, source=source_)


def _joined(
    name: str, separator: str, values: Iterable[Contribution[T]], describe: Callable[[T], str]
) -> Iterator[Contribution[BuildArg]]:
    """One build argument with all values, each once, in the order of the plugins."""
    known = list(values)
    text = separator.join(dict.fromkeys(describe(one.value) for one in known))
    for source_ in dict.fromkeys(one.source for one in known):
        yield Contribution(value=BuildArg(name=name, value=text), source=source_)


def _requirement(override: Override) -> str:
    return override.requirement


def _package(package: SystemPackage) -> str:
    return package.name


def _user_args(
    request: BuildRequest, settings: BuildSettings, said: Iterable[Contribution[BuildArg]]
) -> Iterator[Contribution[BuildArg]]:
    """The user's build arguments. One by name wins over those for one stage only, too."""
    stages = {(one.value.name, one.value.stage) for one in said if one.value.stage}
    given = dict(settings.build_args)
    as_of = "" if request.resolve_as_of == "none" else request.resolve_as_of
    for name, value, flag in (
        (RESOLVE_AS_OF, as_of, "--resolve-as-of"),
        (INDEX_URL, request.index_url or None, "--index-url"),
        (EXTRA_INDEX_URLS, " ".join(request.extra_index_urls) or None, "--extra-index-url"),
        (RELEASE_BUILD, "true" if request.release_build else None, "--release-build"),
        (MAX_JOBS, _number(request.max_jobs), "--max-jobs"),
        (USER_UID, _number(request.uid), "--uid"),
        (USER_GID, _number(request.gid), "--gid"),
    ):
        if value is not None and name not in given:
            yield Contribution(value=BuildArg(name=name, value=value), source=request.source(flag))
    for name, value in given.items():
        source_ = request.source("--build-arg")
        if name != BASE_IMAGE:
            yield Contribution(value=BuildArg(name=name, value=value), source=source_)
        for other, stage in sorted(stages):
            if other == name:
                yield Contribution(
                    value=BuildArg(name=name, value=value, stage=stage), source=source_
                )


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def _user_secrets(
    secrets: Iterable[BuildSecret], request: BuildRequest
) -> Iterator[Contribution[BuildSecret]]:
    given = {flag for flag, _ in request.origins}
    for secret in secrets:
        flag = f"--{secret.id}" if f"--{secret.id}" in given else "--secret"
        yield Contribution(value=secret, source=request.source(flag))


def _undeclared(
    args: Iterable[Resolved[BuildArg]],
    stages: Iterable[Resolved[Stage]],
    files: dict[str, StageFiles],
    settings: BuildSettings,
) -> tuple[str, ...]:
    """Warnings for the user's arguments that no Dockerfile declares; a plugin's are an error."""
    warnings = []
    # A stage that the user replaced may have been the one that declares it, or one that is needed
    # and not there, which is told when the graph is made.
    needed = {need for one in stages for need in (*one.value.needs, one.value.extends) if need}
    whole = not settings.stages and needed <= {one.key for one in stages}
    for arg in args:
        readers = [arg.value.stage] if arg.value.stage else list(files)
        if any(arg.value.name in files[stage].source.args for stage in readers if stage in files):
            continue
        if arg.sources[0].layer is Layer.USER:
            warnings.append(
                f"{arg.sources[0]} {arg.value.name}: no Dockerfile declares this argument, "
                "so it has no effect"
            )
        elif whole:
            raise _undeclared_by_plugin(arg.sources[0], arg.value)
    return tuple(warnings)


def _undeclared_by_plugin(said_by: Source, arg: BuildArg) -> PluginError:
    where = f"the Dockerfile of stage {arg.stage!r}" if arg.stage else "any Dockerfile"
    return PluginError(
        f"the build argument {arg.name} of {said_by.with_location} is not declared (ARG) by {where}",
        "this is a fault in the plugin: update it, or tell its author",
    )


def _allowed_labels(said: tuple[Contribution[Label], ...]) -> tuple[Contribution[Label], ...]:
    for one in said:
        if one.value.key == PLAN_LABEL:
            raise PluginError(
                f"{one.source.with_location} gives the image the label {PLAN_LABEL}, which is the plan's hash",
                "this is a fault in the plugin: update it, or tell its author",
            )
    return said


def _tell_stage(stage: Stage) -> str:
    return stage.image or str(stage.dockerfile)


def _tell_secret(secret: BuildSecret) -> str:
    return f"variable {secret.env}" if secret.env else f"file {secret.path}"
