# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a user asked for, as hooks see it. Requests grow by keyword-only fields with defaults."""

from __future__ import annotations

from typing import Final

from dynamo_container.checkout import Checkout
from dynamo_container.engine import NO_ENGINE, EngineFacts, ImageFacts
from dynamo_container.frozen import dataclass
from dynamo_container.images import DEVELOPER_TARGET, HOME, PLAIN_TARGET, REPOSITORY
from dynamo_container.provenance import Layer, Source
from dynamo_container.values import BuildSecret, EnvVar, Mount, RunFlag


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What every request has: where each option was given, and the values of the plugins' own
    options.
    """

    origins: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, str], ...] = ()

    def option(self, destination: str) -> str | None:
        """The value of a plugin's option by its destination (`vllm_ref`); None where it was not
        given.
        """
        return dict(self.options).get(destination)

    def source(self, flag: str) -> Source:
        """The user as a source, having said something by `flag`."""
        return Source(
            layer=Layer.USER, name=flag, distribution=dict(self.origins).get(flag, "command line")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sccache:
    """Where sccache keeps what was compiled: a bucket, or a folder of the builder's.

    Attributes:
        bucket, region: of S3; empty for the folder.
    """

    bucket: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest(_Asked):
    """One image that is wanted.

    Attributes:
        framework: the framework's name.
        target: the stage that is wanted.
        dynamo_version: the Dynamo release, such as `1.4.2`; None for the plugin's default.
        resolve_as_of: the day as of which packages are resolved (`2026-08-30`, or a timestamp),
            `none` for no limit; None for the plugin's choice.
        cuda_version: the CUDA version, such as `12.9`; None for the plugin's default. A plugin that
            has several answers with the pin `cuda`.
        enable_kvbm: whether Dynamo's block manager (KVBM) is in the image; None for the plugin's
            default.
        base_image: the image that every stage starts from; None for the plugins' choices.
        index_url: the package index instead of the default one, without credentials; empty for
            the default.
        extra_index_urls: further package indexes, without credentials.
        checkout: the Dynamo checkout that is compiled; None where Dynamo comes from an index. Then
            `dynamo_version` is the release that the checkout is, or becomes.
        release_build: compile the wheels for every Python that Dynamo supports.
        max_jobs: how many compilers run at once; None for what the builder has room for.
        sccache: where compiled objects are kept for other builders; None for nowhere.
        uid, gid: of the developer whom a `local-dev` is for; None for every other target.
        origins: which option was given where: `(("--base-image", "environment"), ...)`.
        options: values of plugins' own options by destination.
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
class Places:
    """Where images are built, where they go, and where what was built is kept for the next build.

    Attributes:
        builder: as `docker buildx` calls it; empty for the one that is selected.
        platforms: such as `linux/arm64`; empty for the builder's own.
        load: whether the images go into the engine's own store.
        push: whether they go to their registries.
        attests: attestations, as `docker buildx build --attest` takes them.
        cache_from, cache_to: caches, as docker takes them; every stage reads all of the former.
        cache: a repository that has a cache for each stage and platform; empty for none.
        cache_platform: what `cache` calls the platform where `platforms` is empty.
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


HERE: Final = Places()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSettings:
    """How the images that are wanted are built and named. Hooks do not see it: it does not shape
    them.

    Attributes:
        tags: instead of the version tag.
        repository: what stands before the colon of the tags that we choose.
        latest: whether the `latest` tag is set too.
        alone: build and tag the wanted stages only, not those that they say come with them.
        build_args: the user's `--build-arg`, name and value.
        stages: the user's `--stage`, stage and image.
        contexts: the user's `--build-context`, name and place.
        runtime_image: the image that the stage `runtime` starts from; None for the plugins' choice.
        secrets: the user's secrets.
        proxies: names of the proxy variables that are set (`HTTPS_PROXY`); never their values.
        places: where images are built, and where they go.
        progress: as `docker buildx` calls it.
        metadata_file: where buildx tells what it made, for a report; empty for nowhere.
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
    places: Places = HERE
    progress: str = "auto"
    metadata_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest(_Asked):
    """A container that is wanted.

    Attributes:
        framework: the framework's name: as asked for, or as the image's label says.
        image: the image's reference.
        command: what runs in it; the image's own command where empty.
        name: the container's name; docker's choice where empty.
        env, mounts, flags: as the user gave them.
        ports: `HOST:CONTAINER`, as `docker run --publish` takes them.
        gpus: `auto`, `all`, `none`, `count=N`, or names with commas between: `0,1`, UUIDs.
        preflight: whether the machine's driver is held against what the image needs.
        gds: whether it gets what GPUDirect Storage needs.
        init: whether an init runs in it, which hands signals on and collects what has ended.
        entrypoint: program, and arguments that go before the command.
        remove: delete the container when it ends.
        detach, interactive, tty: as docker's own.
        target: the framework's target that was asked for; empty where an image was.
        workspace: the folder to mount at /workspace; empty for none.
        hf_cache: the folder of the Hugging Face cache to mount under the image user's home; empty
            for none.
        engine: what the engine answered.
        image_facts: what the image says of itself; None where the engine does not have it or none
        answered.
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
    engine: EngineFacts = NO_ENGINE
    image_facts: ImageFacts | None = None

    def label(self, key: str) -> str:
        """A label of the image; empty where it has none or is not known."""
        return self.image_facts.label(key) if self.image_facts else ""

    @property
    def home(self) -> str:
        """The home of the image's user: as its label says, else as the target or the user
        suggests.
        """
        if labelled := self.label(HOME):
            return labelled
        if self.target:
            return "/root" if self.target == PLAIN_TARGET else "/home/ubuntu"
        if self.image_facts is None and self.image.endswith(f"-{DEVELOPER_TARGET}"):
            return "/home/ubuntu"
        user = self.image_facts.user if self.image_facts else ""
        return "/root" if user.partition(":")[0] in ("", "0", "root") else "/home/ubuntu"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest(_Asked):
    """An image that is to be checked."""

    framework: str
    image: str
    image_facts: ImageFacts
