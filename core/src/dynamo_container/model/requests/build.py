# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A request for an image, and how images are built and named."""

from __future__ import annotations

from dataclasses import dataclass

from dynamo_container.model import facts, values
from dynamo_container.model.names import REPOSITORY
from dynamo_container.model.references import is_protected, variant
from dynamo_container.model.requests.base import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Sccache:
    """Where sccache stores compiled objects: an S3 bucket, or a folder on the builder.

    Attributes:
        bucket, region: of S3; empty for the folder.
    """

    bucket: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest(Request):
    """A request for one image.

    Attributes:
        framework: the framework's name.
        target: the stage to build.
        dynamo_version: the Dynamo release, such as `1.4.2`; None for the plugin's default.
        resolve_as_of: the date as of which packages are resolved (`2026-08-30`, or a timestamp),
            `none` for no limit; None for the plugin's choice.
        cuda_version: the CUDA version, such as `12.9`; None for the plugin's default. A plugin that
            supports several states the one that it chose by the pin `cuda`.
        device: the device (`--device`) that the image is for, if it is not the framework's default
            one; else empty.
        engine_image: the image of others that has the engine, beside which Dynamo is installed;
            None if the engine is installed, too.
        engine_info: what is known about that image; None if the docker engine does not have it.
        enable_kvbm: whether the image has Dynamo's block manager (KVBM); None for the plugin's
            default.
        base_image: the image that every stage starts from; None for the plugins' choices.
        index_url: the package index to use instead of the default one, without credentials; empty
            for the default.
        extra_index_urls: further package indexes, without credentials.
        trusted_hosts: hosts of indexes, as `HOST` or `HOST:PORT`, that may be used without TLS, or
            with a certificate that cannot be verified.
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
    device: str = ""
    engine_image: str | None = None
    engine_info: facts.ImageInfo | None = None
    enable_kvbm: bool | None = None
    base_image: str | None = None
    index_url: str = ""
    extra_index_urls: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    checkout: facts.Checkout | None = None
    release_build: bool = False
    max_jobs: int | None = None
    sccache: Sccache | None = None
    uid: int | None = None
    gid: int | None = None

    def trusts(self, url: str) -> bool:
        """Whether packages may come from this URL: it has TLS, or the user trusts its host."""
        return is_protected(url, self.trusted_hosts)

    @property
    def variant(self) -> str:
        """The framework, and the device if it is not the default one: `vllm-cpu`. Tags have it."""
        return variant(self.framework, self.device)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Where images are built, where they go, and which caches are read and written.

    Attributes:
        builder: as `docker buildx` names it; empty for the selected one.
        platforms: such as `linux/arm64`; empty for the builder's own.
        load: whether to load the images into the engine's image store.
        push: whether to push them to their registries.
        archives: the folder for archives from which podman loads them; empty for docker.
        saved: whether docker's own store has them first, and writes the archives.
        compression: of all layers that are pushed; empty for the default, for new layers only.
        network: of the steps: `host`, `none`, or empty for the builder's choice.
        hosts: lines for `/etc/hosts` of the steps, name and address.
        attests: attestations, as `docker buildx build --attest` takes them.
        cache_from, cache_to: caches as docker takes them; every stage reads all of `cache_from`.
        cache: a repository with a cache for each stage and platform; empty for none.
        cache_platform: the platform in the names of `cache` if `platforms` is empty.
    """

    builder: str = ""
    platforms: tuple[str, ...] = ()
    load: bool = True
    push: bool = False
    archives: str = ""
    saved: bool = False
    compression: str = ""
    network: str = ""
    hosts: tuple[tuple[str, str], ...] = ()
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
        named_secrets: IDs of those that `--secret` names.
        proxies: names of the proxy variables that are set (`HTTPS_PROXY`); never their values.
        no_cache, pull: as docker's.
        outputs: where images are built, and where they go.
        progress: as docker's.
        metadata_file: where buildx writes the digests of what it built, for a report; empty for
            nowhere.
        lock: what the images are made of; None to resolve it.
    """

    tags: tuple[str, ...] = ()
    repository: str = REPOSITORY
    latest: bool = True
    alone: bool = False
    build_args: tuple[tuple[str, str], ...] = ()
    stages: tuple[tuple[str, str], ...] = ()
    contexts: tuple[tuple[str, str], ...] = ()
    runtime_image: str | None = None
    secrets: tuple[values.BuildSecret, ...] = ()
    named_secrets: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    no_cache: bool = False
    pull: bool = False
    outputs: Outputs = Outputs()
    progress: str = "auto"
    metadata_file: str = ""
    lock: facts.Lock | None = None
