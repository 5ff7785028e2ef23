# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a user asks for, as hooks see it. Requests grow by keyword-only fields with defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dynamo_container.model.facts import NO_ENGINE, Checkout, EngineInfo, ImageInfo
from dynamo_container.model.names import (
    DEV_TARGET,
    HOME_LABEL,
    LOCAL_DEV_TARGET,
    REPOSITORY,
)
from dynamo_container.model.provenance import Layer, Source
from dynamo_container.model.values import BuildSecret, EnvVar, Mount, OptionValue, RunFlag

_COMMAND_LINE: Final = "command line"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What all requests have in common.

    Attributes:
        origins: where each option was set: `(("--base-image", "environment"), ...)`.
        options: values of the plugins' own options, by destination (`vllm_ref`).
    """

    origins: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, OptionValue], ...] = ()

    def option(self, destination: str) -> str | None:
        """Return the value of a plugin's option by its destination, such as `vllm_ref`.

        Returns:
            The text, path or number as text; `"true"` for a flag; None if it was not given.
        """
        value = dict(self.options).get(destination)
        if value is None or value is False:
            return None
        return "true" if value is True else str(value)

    def option_values(self, destination: str) -> tuple[str, ...]:
        """Return the values of a repeatable option of a plugin; empty if it was not given."""
        value = dict(self.options).get(destination, ())
        return value if isinstance(value, tuple) else (str(value),)

    def source(self, flag: str) -> Source:
        """Return the user as the source of what an option states."""
        origin = dict(self.origins).get(flag, _COMMAND_LINE)
        return Source(layer=Layer.USER, name=flag, distribution=origin)

    def is_given(self, flag: str) -> bool:
        """Whether the user set an option, on the command line or elsewhere."""
        return flag in dict(self.origins)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sccache:
    """Where sccache stores compiled objects: an S3 bucket, or a folder on the builder.

    Attributes:
        bucket, region: of S3; empty for the folder.
    """

    bucket: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest(_Request):
    """A request for one image.

    Attributes:
        framework: the framework's name.
        target: the stage to build.
        dynamo_version: the Dynamo release, such as `1.4.2`; None for the plugin's default.
        resolve_as_of: the date as of which packages are resolved (`2026-08-30`, or a timestamp),
            `none` for no limit; None for the plugin's choice.
        cuda_version: the CUDA version, such as `12.9`; None for the plugin's default. A plugin that
            supports several states the one that it chose by the pin `cuda`.
        enable_kvbm: whether the image has Dynamo's block manager (KVBM); None for the plugin's
            default.
        base_image: the image that every stage starts from; None for the plugins' choices.
        index_url: the package index to use instead of the default one, without credentials; empty
            for the default.
        extra_index_urls: further package indexes, without credentials.
        checkout: the Dynamo checkout to compile; None if Dynamo comes from a package index. With a
            checkout, `dynamo_version` is the release that the checkout is or will become.
        release_build: whether to compile wheels for every Python that Dynamo supports.
        max_jobs: how many compilers run at once; None for what the builder has resources for.
        sccache: where compiled objects are stored for other builders; None for nowhere.
        uid, gid: of the developer that a `local-dev` image is for; None for every other target.
    """

    framework: str
    target: str
    dynamo_version: str | None = None
    resolve_as_of: str | None = None
    cuda_version: str | None = None
    enable_kvbm: bool | None = None
    base_image: str | None = None
    index_url: str = ""
    extra_index_urls: tuple[str, ...] = ()
    checkout: Checkout | None = None
    release_build: bool = False
    max_jobs: int | None = None
    sccache: Sccache | None = None
    uid: int | None = None
    gid: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Where images are built, where they go, and which caches are read and written.

    Attributes:
        builder: as `docker buildx` names it; empty for the selected one.
        platforms: such as `linux/arm64`; empty for the builder's own.
        load: whether to load the images into the engine's image store.
        push: whether to push them to their registries.
        attests: attestations, as `docker buildx build --attest` takes them.
        cache_from, cache_to: caches as docker takes them; every stage reads all of `cache_from`.
        cache: a repository with a cache for each stage and platform; empty for none.
        cache_platform: the platform in the names of `cache` if `platforms` is empty.
    """

    builder: str = ""
    platforms: tuple[str, ...] = ()
    load: bool = True
    push: bool = False
    attests: tuple[str, ...] = ()
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    cache: str = ""
    cache_platform: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSettings:
    """How the requested images are built and named. Hooks do not see it, because it does not shape
    the images.

    Attributes:
        tags: replace the version tag.
        repository: the repository of the tags that we choose.
        latest: whether to set the `latest` tag too.
        alone: build and tag only the requested stages, not those that are built with them.
        build_args: the user's `--build-arg`, name and value.
        stages: the user's `--stage`, stage and image.
        contexts: the user's `--build-context`, name and path or URL.
        runtime_image: the image that the runtime starts from; None for the plugins' choice.
        secrets: the user's secrets.
        proxies: names of the proxy variables that are set (`HTTPS_PROXY`); never their values.
        no_cache, pull: as docker's.
        outputs: where images are built, and where they go.
        progress: as docker's.
        metadata_file: where buildx writes the digests of what it built, for a report; empty for
            nowhere.
    """

    tags: tuple[str, ...] = ()
    repository: str = REPOSITORY
    latest: bool = True
    alone: bool = False
    build_args: tuple[tuple[str, str], ...] = ()
    stages: tuple[tuple[str, str], ...] = ()
    contexts: tuple[tuple[str, str], ...] = ()
    runtime_image: str | None = None
    secrets: tuple[BuildSecret, ...] = ()
    proxies: tuple[str, ...] = ()
    no_cache: bool = False
    pull: bool = False
    outputs: Outputs = Outputs()
    progress: str = "auto"
    metadata_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest(_Request):
    """A request for one container.

    Attributes:
        framework: the framework's name, given by the user or by the image's label; empty if
            neither names one.
        image: the image's reference.
        command: what runs in it; empty for the image's own command.
        name: the container's name; empty for docker's choice.
        env, mounts, flags: as the user gave them.
        ports: `HOST:CONTAINER`, as `docker run --publish` takes them.
        gpus: `auto`, `all`, `none`, `count=N`, or comma-separated names: `0,1`, UUIDs.
        preflight: whether to compare the machine's driver with what the image requires.
        gds: whether to grant what GPUDirect Storage requires.
        init: whether to run an init process, which forwards signals and reaps processes.
        entrypoint: program, and arguments that precede the command.
        remove: delete the container when it exits.
        detach, interactive, tty: as docker's.
        target: the framework's target, if the user named one; empty if an image was named.
        workspace: the folder to mount at /workspace; empty for none.
        hf_cache: the folder of the Hugging Face cache to mount in the image user's home; empty for
            none.
        engine: facts about the engine.
        image_info: facts about the image; None if the engine does not have it or does not answer.
    """

    framework: str
    image: str
    command: tuple[str, ...] = ()
    name: str = ""
    env: tuple[EnvVar, ...] = ()
    mounts: tuple[Mount, ...] = ()
    flags: tuple[RunFlag, ...] = ()
    ports: tuple[str, ...] = ()
    gpus: str = "auto"
    preflight: bool = True
    gds: bool = False
    init: bool = True
    entrypoint: tuple[str, ...] = ()
    remove: bool = True
    detach: bool = False
    interactive: bool = False
    tty: bool = False
    target: str = ""
    workspace: str = ""
    hf_cache: str = ""
    engine: EngineInfo = NO_ENGINE
    image_info: ImageInfo | None = None

    def label(self, key: str) -> str:
        """Return a label of the image; empty if it does not have the label or is not known."""
        return self.image_info.label(key) if self.image_info else ""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest(_Request):
    """A request for the checks of one image."""

    framework: str
    image: str
    image_info: ImageInfo
