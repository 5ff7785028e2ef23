# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The options of `build`, which `explain build` and `render` take too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from dynamo_container.cli import types
from dynamo_container.cli.app import ENVIRONMENT
from dynamo_container.cli.layout import add_options
from dynamo_container.cli.plugin_command import PluginCommand
from dynamo_container.cli.types import flag, option, repeatable
from dynamo_container.model.names import COMPRESSIONS, REPOSITORY
from dynamo_container.options import docker_syntax
from dynamo_container.options.secrets import EXTRA_INDEX_VARIABLE

F = TypeVar("F", bound=Callable[..., Any])  # Any: click's decorators take every function

_PROGRESS: Final = ("auto", "plain", "docker", "tty", "rawjson", "quiet")


_WHAT: Final = (
    click.argument(
        "frameworks",
        nargs=-1,
        metavar="[FRAMEWORK]...",
        type=types.TEXT,
    ),
    repeatable(
        "--framework",
        "FRAMEWORK",
        "Framework to build, like the argument; repeatable.",
    ),
    repeatable(
        "--target",
        "TARGET",
        "Stage to build: runtime, dev, local-dev or any other (default: dev for most frameworks); "
        "repeatable.",
    ),
    repeatable(
        "--cuda-version",
        "VERSION",
        "CUDA version, such as 12.9 (default: that of the Dynamo release); repeatable.",
        types.CUDA_VERSION,
    ),
    option(
        "--device",
        "DEVICE",
        "Device that the engine runs on: cuda, cpu, or a plugin's, such as rocm (default: cuda for "
        "most frameworks).",
        types.DEVICE,
    ),
    option(
        "--dynamo-version",
        "VERSION",
        "Dynamo release to install (default: the newest that was checked with the framework; see: "
        "dynamo-container releases).",
        types.DYNAMO_VERSION,
    ),
    option(
        "--resolve-as-of",
        "DATE|none",
        "Ignore Python packages that were uploaded after DATE; with none, ignore none of them "
        "(default: two days after the Dynamo release).",
        types.DATE,
    ),
    click.option(
        "--enable-kvbm/--no-enable-kvbm",
        default=None,
        help="Install KVBM, Dynamo's KV block manager (default: chosen by the framework).",
    ),
)
_LOCK: Final = (
    option(
        "--lock",
        "FILE|none",
        "Lock to use; with none, resolve everything (default: dynamo-container.lock beside the "
        "project file, else in the current folder, if it fits).",
        types.PATH,
    ),
    flag("--locked", help="Require a lock that fits, and build exactly what it names."),
    flag(
        "--frozen",
        help="Like --locked, and fail if plugins have changed since the lock was written.",
    ),
)
_SOURCE: Final = (
    option(
        "--source",
        "PATH|none",
        "Compile Dynamo from the checkout at PATH; with none, install a release "
        "(default: the checkout that contains the current folder, else a release).",
        types.PATH,
    ),
    option(
        "--version-override",
        "VERSION",
        "Version to use in tags and labels (default: the checkout's own).",
        types.VERSION_IN_TAG,
    ),
    flag(
        "--release-build",
        help="Compile wheels for all Python versions that Dynamo supports, not only the image's.",
    ),
    click.option(
        "--max-jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="Maximum number of compile jobs at once (default: depends on the builder's "
        "cores and memory).",
    ),
    repeatable(
        "--build-context",
        "NAME=PATH",
        "Use a folder, or an image or a URL in docker's syntax, as the build "
        "context NAME; repeatable.",
        types.BUILD_CONTEXT,
    ),
    flag("--use-sccache", help="Cache compiled objects with sccache."),
    option("--sccache-bucket", "BUCKET", "With --use-sccache: S3 bucket for the cache."),
    option("--sccache-region", "REGION", "With --use-sccache: AWS region of the bucket."),
    flag(
        "--sccache-local",
        help="With --use-sccache: keep the cache on the builder instead of in a bucket.",
    ),
)
_IMAGES: Final = (
    option("--base-image", "IMAGE", "Base image of all stages.", types.IMAGE),
    option("--base-image-tag", "TAG", "With --base-image: use this tag of it."),
    option(
        "--engine-image",
        "IMAGE",
        "Image that has the engine already, such as the engine's own: add Dynamo to it, and change "
        "none of its files.",
        types.IMAGE,
    ),
    option("--runtime-image", "IMAGE", "Base image of the runtime stage only.", types.IMAGE),
    repeatable(
        "--stage",
        "NAME=IMAGE",
        "Use IMAGE instead of building the stage NAME; repeatable.",
        types.STAGE_IMAGE,
    ),
    option(
        "--dev-image",
        "IMAGE",
        "Build local-dev on top of this dev image, and tag it IMAGE-local-dev.",
        types.IMAGE,
    ),
    click.option(
        "--uid", type=int, metavar="N", help="UID of the local-dev user (default: yours)."
    ),
    click.option(
        "--gid", type=int, metavar="N", help="GID of the local-dev user (default: yours)."
    ),
    repeatable(
        "--tag",
        "REF",
        "Name of the image, instead of dynamo:vVERSION-FRAMEWORK-TARGET; repeatable.",
        types.TAG,
    ),
    option(
        "--repository",
        "NAME",
        "Repository of the default tags, such as REGISTRY/NAME.",
        types.REPOSITORY,
        default=REPOSITORY,
        show_default=True,
    ),
    flag("--no-latest", help="Do not also tag the image latest-FRAMEWORK-TARGET."),
    repeatable(
        "--build-arg",
        "NAME[=VALUE]",
        "Build argument, which overrides that of a plugin. NAME alone takes the value "
        "from your environment; repeatable.",
        types.BUILD_ARG,
    ),
)
_NETWORK: Final = (
    repeatable(
        "--secret",
        "SPEC",
        "Build secret in docker's syntax, such as id=X,src=FILE; repeatable.",
        types.SECRET,
    ),
    option(
        "--index-url",
        "URL",
        "Python package index. Credentials in the URL are neither shown nor stored.",
        types.INDEX_URL,
    ),
    repeatable(
        "--extra-index-url",
        "URL",
        "Another Python package index to search as well; repeatable.",
        types.INDEX_URLS,
        envvar=EXTRA_INDEX_VARIABLE,
    ),
    repeatable(
        "--trusted-host",
        "HOST",
        "Index that may be used without TLS or a valid certificate; repeatable.",
        types.HOST,
    ),
    option(
        "--ca-bundle",
        "FILE",
        "CA certificates to trust when downloading (default: the variable SSL_CERT_FILE).",
        types.PATH,
        envvar=[f"{ENVIRONMENT}_BUILD_CA_BUNDLE", "SSL_CERT_FILE"],
    ),
    click.option(
        "--network",
        type=click.Choice(("default", "host", "none")),
        help="Network of the steps: host is the builder's own, so that they reach a proxy or an "
        "index on 127.0.0.1 (default: a network of their own).",
    ),
    repeatable(
        "--add-host",
        "HOST:IP",
        "Add a line to /etc/hosts of the steps; IP can be host-gateway; repeatable.",
        types.Parsed(docker_syntax.host, "HOST:IP", "index.example:10.0.0.1"),
    ),
)
_OUTPUT: Final = (
    flag("--no-cache", help="Run every step again instead of using cached ones."),
    flag("--pull", help="Pull newer versions of the base images."),
    repeatable(
        "--platform",
        "PLATFORM",
        "Platform to build for, such as linux/arm64; repeatable or comma-separated.",
        types.PLATFORMS,
    ),
    option("--builder", "BUILDER", "Name of the buildx builder to use."),
    flag("--push", help="Push the images to their registries."),
    flag("--load", help="Load the images into the engine: the default, or in addition to --push."),
    click.option(
        "--compression",
        type=click.Choice(COMPRESSIONS),
        help="With --push: compression of all layers (default: zstd, for new layers).",
    ),
    option(
        "--cache",
        "REPOSITORY",
        "Read and write the build cache in this registry repository, for each stage and platform.",
        types.REPOSITORY,
    ),
    repeatable(
        "--cache-from",
        "SPEC",
        "Cache to read, in docker's syntax, such as type=registry,ref=X; repeatable.",
        types.CACHE,
    ),
    repeatable(
        "--cache-to", "SPEC", "Cache to write, in docker's syntax; repeatable.", types.CACHE
    ),
    option(
        "--sbom",
        "[SPEC]",
        "Attach a software bill of materials, in docker's syntax.",
        types.SBOM,
        is_flag=False,
        flag_value="true",
    ),
    option(
        "--provenance",
        "[SPEC]",
        "Attach a provenance statement, in docker's syntax, such as mode=max.",
        types.PROVENANCE,
        is_flag=False,
        flag_value="true",
    ),
    click.option(
        "--progress",
        type=click.Choice(_PROGRESS),
        default="auto",
        show_default=True,
        help="How to show progress: a line for each stage at a terminal (auto), all output of the "
        "steps (plain), as docker does (docker, tty), BuildKit's records (rawjson), or only "
        "failures (quiet).",
    ),
    option(
        "--report",
        "FILE",
        "Write a report of the build to FILE, as JSON or (FILE.html) as a page: times, cached "
        "steps, sizes.",
        types.PATH,
    ),
    option(
        "--max-size",
        "SIZE",
        "Fail if an image is larger, such as 9.6GB, and name its largest packages.",
        types.BYTES,
    ),
    flag("--dry-run", help="Print the command instead of running it."),
)


_GROUPS: Final = (
    ("What to build", _WHAT),
    ("Lock", _LOCK),
    ("Builds from a checkout", _SOURCE),
    ("Base images, stages and tags", _IMAGES),
    ("Package index, certificates and secrets", _NETWORK),
    ("Builder, cache and output", _OUTPUT),
)
_COMMON: Final = frozenset(
    (
        *("target", "dynamo_version", "cuda_version", "source", "base_image", "tag"),
        *("no_cache", "platform", "push", "progress", "dry_run"),
    )
)


class BuildCommand(PluginCommand):
    """A command with the options of `build`."""

    plugin_command = "build"
    groups = _GROUPS
    common = _COMMON


class LockCommand(BuildCommand):
    """A command with the options of `build`, about what images are made of: not about where the
    result of a build goes.
    """

    refused = frozenset(("dry_run", "locked", "frozen"))
    unlisted = frozenset(
        (
            *("tag", "no_latest", "push", "load", "compression", "cache_to"),
            *("sbom", "provenance", "report", "max_size"),
        )
    )


def build_options(function: F) -> F:
    """Add the options of `build` to a command."""
    return add_options(function, _GROUPS)
