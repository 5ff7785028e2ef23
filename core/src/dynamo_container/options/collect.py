# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Collect the facts of one call: from the environment, git, the engine and the builder, once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from dynamo_container.errors import EngineError, MachineError, UsageError
from dynamo_container.host import git
from dynamo_container.host.paths import absolute, is_folder
from dynamo_container.host.users import (
    caller_home,
    default_hf_cache,
    hf_hub_cache,
    hf_settings,
    hf_token_file,
    sudo_caller,
)
from dynamo_container.model.names import (
    DEV_TARGET,
    DYNAMO,
    FRAMEWORK_LABEL,
    LOCAL_DEV_TARGET,
    REPOSITORY,
    RUNTIME_STAGE,
)
from dynamo_container.model.references import image_reference
from dynamo_container.model.values import Notice
from dynamo_container.options import build_images
from dynamo_container.options.devices import run_variant, with_devices
from dynamo_container.options.facts import BuildFacts, Caller
from dynamo_container.options.records import CHECKOUT
from dynamo_container.options.selection import Describe, select_framework, select_frameworks
from dynamo_container.options.syntax import NONE, normal_platform

if TYPE_CHECKING:
    from dynamo_container.model.facts import Checkout, EngineInfo, ImageInfo, SharedFolder
    from dynamo_container.options.records import BuildOptions
    from dynamo_container.options.run_facts import RunFacts
    from dynamo_container.options.run_records import RunOptions
    from dynamo_container.plugins.registry import Registry

# A target, empty for an image that the user named, and the image's reference.
Candidate: TypeAlias = tuple[str, str]

# Functions import what only one command or one option needs.


def collect_build(
    options: BuildOptions, registry: Registry, describe: Describe, near: Iterable[Path]
) -> BuildFacts:
    """Collect the facts for a build.

    Args:
        options: of the command.
        registry: what is installed.
        describe: loads a framework and returns its description.
        near: folders around which a checkout is looked for.

    Raises:
        UsageError: a framework, a checkout or a dev image is not what the options need.
    """
    from dynamo_container.options import docker_proxies, unread
    from dynamo_container.options.build import variables

    dev_image, stage, notices = build_images.dev_image(options)
    checkout = _checkout(options, near)
    names = select_frameworks(registry, options, dev_image)
    platform, assumed = _platform(options)
    archives, saved = build_images.archives(options)
    return BuildFacts(
        frameworks=tuple((name, describe(name).default_target) for name in names),
        checkout=checkout,
        caller=collect_caller(),
        environment=tuple(
            (name, os.environ[name]) for name in variables(options) if name in os.environ
        ),
        dev_image=dev_image,
        dev_image_stage=stage,
        docker_proxies=docker_proxies.collect(options),
        engine_image=build_images.engine_image(options),
        platform=platform,
        archives=archives,
        saved=saved,
        notices=(*notices, *assumed, *_unknown(checkout), *unread.notices(options)),
    )


def _unknown(checkout: Checkout | None) -> Iterator[Notice]:
    """What could not be found out about the checkout."""
    for text in checkout.unknown if checkout else ():
        yield Notice(text=text, warning=True)


def collect_caller() -> Caller:
    """Return who called this program."""
    uid, gid = sudo_caller() or (os.getuid(), os.getgid())
    return Caller(
        uid=uid,
        gid=gid,
        home=caller_home(),
        hf_cache=default_hf_cache(),
        hf_hub=hf_hub_cache(),
        hf_settings=hf_settings(),
        hf_token=hf_token_file(),
        host=os.uname().nodename,
    )


def _checkout(options: BuildOptions, near: Iterable[Path]) -> Checkout | None:
    """The checkout to compile: the one named, else the one around the current folder, unless an
    option selects another source of Dynamo.
    """
    from dynamo_container.options.build import source_path

    if path := source_path(options):
        folder: Path | None = absolute(path)
        if git.find_checkout(absolute(path)) != folder:
            raise UsageError(
                f"--source: {folder} is not a Dynamo checkout",
                f"name a folder with a pyproject.toml whose project is {DYNAMO!r}",
            )
    elif options.source == NONE or _selects_a_release(options):
        folder = None
    else:
        folder = find_checkout(near)
    return git.collect(folder, options.version_override or "") if folder else None


def _selects_a_release(options: BuildOptions) -> bool:
    return bool(options.dynamo_version or options.dev_image or options.engine_image)


def find_checkout(near: Iterable[Path]) -> Path | None:
    """Return the first checkout around these folders; None if there is none."""
    return next(filter(None, map(git.find_checkout, near)), None)


def _platform(options: BuildOptions) -> tuple[str, tuple[Notice, ...]]:
    """The builder's own platform, which is part of a cache's name if no platform is given."""
    if not options.cache or options.platform:
        return "", ()
    from dynamo_container.docker import buildx

    try:
        platforms = buildx.inspect_builder(options.builder or "").platforms
        notices: tuple[Notice, ...] = ()
    except EngineError as error:
        platforms = ()
        text = f"{error.what}; assuming that it builds for this machine's platform"
        notices = (Notice(text=text),)
    return platforms[0] if platforms else _machine(), notices


def _machine() -> str:
    import platform

    return normal_platform(f"linux/{platform.machine().lower()}")


def collect_run(
    options: RunOptions,
    registry: Registry,
    describe: Describe,
    *,
    near: Iterable[Path],
    terminal: bool,
    dry_run: bool,
    project: Path | None = None,
    repository: str = REPOSITORY,
) -> RunFacts:
    """Collect the facts for a run.

    Args:
        options: of the command.
        registry: what is installed.
        describe: loads a framework and returns its description.
        near: folders around which a checkout is looked for.
        terminal: whether standard input and output are a terminal.
        dry_run: whether to go on without an engine and to report what was assumed.
        project: the project file that is used; None for none.
        repository: of the images that `build` names.

    Raises:
        EngineError: no engine answers.
        MachineError: the engine does not have the framework's image.
        UsageError: a framework, a checkout or a folder is not what the options need.
    """
    from dynamo_container.docker import engine
    from dynamo_container.options import env_file, image_trust
    from dynamo_container.options.run_facts import RunFacts

    # The engine answers while the plugins are loaded.
    with engine.start_collecting() as answer:
        asked = select_framework(registry, options)
        candidates = _candidates(options, asked, describe, repository)
        found, info, image_info, notices = _engine(candidates, answer, dry_run=dry_run)
    target, image = found
    if image_info:
        image_trust.require_valid_labels(image, image_info)
    elif not dry_run:
        _require_not_ours(options, registry, asked, found)
    framework, unknown = (asked, ()) if asked else _labelled_framework(registry, image_info)
    built = image_trust.is_built(image_info)
    trusted = image_trust.is_trusted(options, asked, image, built=built)
    facts = RunFacts(
        framework=framework,
        image=image,
        target=target,
        engine=with_devices(info, image_info, options),
        image_info=image_info,
        caller=collect_caller(),
        workspace=_workspace(options, near),
        env_files=env_file.read_all(options.env_file),
        built_here=built,
        trusted=trusted,
        project=str(project.parent if project else find_checkout(near) or ""),
        terminal=terminal,
        notices=(
            *notices,
            *unknown,
            *image_trust.withheld(options, image, trusted=trusted),
            *_limits(options, info),
        ),
    )
    return replace(facts, folders=_folders(options, facts)) if info.local else facts


def _folders(options: RunOptions, facts: RunFacts) -> tuple[SharedFolder, ...]:
    """The caller's folders that the container is to write to."""
    from dynamo_container.host import folders
    from dynamo_container.options.run import shared_folders

    return tuple(folders.collect(shared_folders(options, facts)))


def _limits(options: RunOptions, engine: EngineInfo) -> Iterator[Notice]:
    given = {limit.partition("=")[0] for limit in options.ulimit}
    missing = [limit for limit in engine.limits if limit not in given]
    if missing:
        defaults = "stays at its default" if len(missing) == 1 else "stay at its defaults"
        yield Notice(text=f"the engine may not raise limits: {' and '.join(missing)} {defaults}")
    for limit in options.ulimit:
        name, _, value = limit.partition("=")
        if name in engine.limits and value.startswith("-1"):
            text = f"the engine may refuse --ulimit {limit}: it may not raise limits"
            yield Notice(text=f"{text}; if it does: --ulimit {name}=default", warning=True)


def _candidates(
    options: RunOptions, framework: str, describe: Describe, repository: str
) -> tuple[Candidate, ...]:
    """The images that the options stand for, best first: that of the target, else of the
    framework's default target, else the runtime. For `--hardened` and `serve`, the runtime comes
    first.
    """
    if options.image:
        return (("", options.image),)
    targets = [options.target or describe(framework).default_target]
    targets += [] if options.target else [RUNTIME_STAGE]
    name = run_variant(framework, options, describe)
    ordered = reversed(targets) if options.prefers_runtime else targets
    return tuple(
        (target, image_reference(name, target, repository=repository))
        for target in dict.fromkeys(ordered)
    )


def has_image(
    options: RunOptions, registry: Registry, describe: Describe, repository: str = REPOSITORY
) -> bool:
    """Whether the engine has the image that the options stand for, and not only one that could be
    used in its place; see `collect_run`.
    """
    from dynamo_container.docker import engine

    framework = select_framework(registry, options)
    _, image = _candidates(options, framework, describe, repository)[0]
    return engine.inspect_image(image) is not None


def _engine(
    candidates: tuple[Candidate, ...], answer: Callable[[], EngineInfo], *, dry_run: bool
) -> tuple[Candidate, EngineInfo, ImageInfo | None, tuple[Notice, ...]]:
    """The first candidate that the engine has, else the first; and what the engine reports."""
    from dynamo_container.docker import engine, program
    from dynamo_container.model.facts import EngineInfo

    first = candidates[0]
    try:
        for candidate in candidates:
            if image_info := engine.inspect_image(candidate[1]):
                text = f"the engine does not have {first[1]}; running {candidate[1]}"
                notices = () if candidate == first else (Notice(text=text),)
                return candidate, answer(), image_info, notices
        return first, answer(), None, ()
    except EngineError as error:
        if not dry_run:
            raise
        text = f"{error.what}; assuming no GPU unless --gpus names one, and an image without labels"
        return first, EngineInfo(program=program.selected()), None, (Notice(text=text),)


def _require_not_ours(
    options: RunOptions, registry: Registry, framework: str, missing: Candidate
) -> None:
    """Require that an image that the engine does not have can be in a registry.

    Raises:
        MachineError: it has a name that `build` gives; docker would look for it on Docker Hub.
    """
    target, image = missing
    if options.image and (image.partition(":")[0] != REPOSITORY or options.pull == "always"):
        return
    words = image.partition(":")[2].split("-")
    framework = framework or next((name for name in registry.frameworks if name in words), "")
    target = target or next((name for name in ("runtime", LOCAL_DEV_TARGET) if name in image), "")
    option = f" --device {options.device_kind}" if options.device_kind else ""
    option += f" --target {target}" if target and target != DEV_TARGET else ""
    raise MachineError(
        f"the engine does not have the image {image}",
        f"build it: dynamo-container build {framework}{option}".rstrip(),
    )


def _labelled_framework(
    registry: Registry, image: ImageInfo | None
) -> tuple[str, tuple[Notice, ...]]:
    """The framework that the image's label names, if its plugin is installed."""
    name = image.label(FRAMEWORK_LABEL) if image else ""
    if not name or name in registry.frameworks:
        return name, ()
    text = (
        f"the image is of the framework {name!r}, whose plugin is not installed: "
        "its defaults are not used"
    )
    return "", (Notice(text=text, warning=True),)


def _workspace(options: RunOptions, near: Iterable[Path]) -> str:
    """The folder to mount: the one given, or the checkout around the current folder."""
    if options.mount_workspace is None:
        return ""
    if options.mount_workspace != CHECKOUT:
        folder = absolute(options.mount_workspace)
        if not is_folder(folder):
            raise UsageError(
                f"--mount-workspace: the folder {folder} was not found", "name an existing folder"
            )
        return str(folder)
    checkout = find_checkout(near)
    if checkout is None:
        raise UsageError(
            "--mount-workspace: no Dynamo checkout was found around the current folder",
            "name the folder: --mount-workspace PATH, for example: --mount-workspace .",
        )
    return str(checkout)
