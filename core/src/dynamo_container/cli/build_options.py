# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The options of `build`, which `explain build` and `render` take too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from dynamo_container.cli import types
from dynamo_container.cli.app import ENVIRONMENT
from dynamo_container.cli.frameworks import complete_framework
from dynamo_container.cli.plugin_command import PluginCommand
from dynamo_container.cli.types import option, repeatable
from dynamo_container.model.names import REPOSITORY
from dynamo_container.options.build import EXTRA_INDEX_VARIABLE

F = TypeVar("F", bound=Callable[..., Any])  # Any: click's decorators take every function

_PROGRESS: Final = ("auto", "plain", "tty", "rawjson", "quiet")


_WHAT: Final = (
    click.argument(
        "frameworks",
        nargs=-1,
        metavar="[FRAMEWORK]...",
        type=types.TEXT,
        shell_complete=complete_framework,
    ),
    repeatable("--framework", "F", "Same as the argument.", shell_complete=complete_framework),
    repeatable(
        "--target", "T", "Stage to build (default: the framework's own choice); repeatable."
    ),
    repeatable(
        "--cuda-version",
        "V",
        "CUDA version, such as 12.9 (default: the framework's own); repeatable.",
        types.CUDA_VERSION,
    ),
    option("--dynamo-version", "X", "Dynamo release, such as 1.4.2.", types.DYNAMO_VERSION),
    option(
        "--resolve-as-of",
        "DATE|none",
        "Resolve packages as of this date (default: two days after the release).",
        types.DATE,
    ),
    click.option(
        "--enable-kvbm/--no-enable-kvbm",
        default=None,
        help="Include Dynamo's block manager (default: the framework's own choice).",
    ),
)
_SOURCE: Final = (
    option(
        "--source",
        "PATH|none",
        "Compile Dynamo from this checkout (default: the checkout around the current "
        "folder; 'none': install a release).",
        types.PATH,
    ),
    option(
        "--version-override",
        "X",
        "From a checkout: version for tags and labels, instead of git's.",
        types.VERSION_IN_TAG,
    ),
    click.option(
        "--release-build",
        is_flag=True,
        help="From a checkout: compile wheels for every Python that Dynamo supports.",
    ),
    click.option(
        "--max-jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="Number of compilers that run at once (default: as many as the builder has cores "
        "and memory for).",
    ),
    repeatable(
        "--build-context",
        "NAME=PATH",
        "Folder, or image or URL in docker's syntax, to use as the build context NAME; repeatable.",
        types.BUILD_CONTEXT,
    ),
    click.option(
        "--use-sccache", is_flag=True, help="From a checkout: cache compiled objects with sccache."
    ),
    option("--sccache-bucket", "B", "S3 bucket of sccache."),
    option("--sccache-region", "R", "Region of the bucket."),
    click.option(
        "--sccache-local",
        is_flag=True,
        help="Let sccache use a folder on the builder instead of a bucket.",
    ),
)
_IMAGES: Final = (
    option("--base-image", "IMAGE", "Image that every stage starts from.", types.IMAGE),
    option("--base-image-tag", "TAG", "Tag of --base-image, if given separately."),
    option("--runtime-image", "IMAGE", "Image that only the runtime starts from.", types.IMAGE),
    repeatable(
        "--stage",
        "NAME=IMAGE",
        "Existing image to use instead of building a stage; repeatable.",
        types.STAGE_IMAGE,
    ),
    option(
        "--dev-image",
        "IMAGE",
        "Build local-dev from this dev image, and tag it IMAGE-local-dev.",
        types.IMAGE,
    ),
    click.option(
        "--uid", type=int, metavar="N", help="UID of the local-dev user (default: yours)."
    ),
    click.option(
        "--gid", type=int, metavar="N", help="GID of the local-dev user (default: yours)."
    ),
    repeatable("--tag", "REF", "Tag to set instead of the version tag; repeatable.", types.TAG),
    option(
        "--repository",
        "NAME",
        "Repository of the tags, such as REGISTRY/NAME.",
        types.REPOSITORY,
        default=REPOSITORY,
        show_default=True,
    ),
    click.option("--no-latest", is_flag=True, help="Do not set the tag 'latest'."),
    repeatable(
        "--build-arg",
        "K[=V]",
        "Build argument, which overrides every plugin's; without a value it is taken from "
        "the environment; repeatable.",
        types.BUILD_ARG,
    ),
)
_NETWORK: Final = (
    repeatable(
        "--secret",
        "SPEC",
        "Build secret in docker's syntax: id=X,src=FILE; repeatable.",
        types.SECRET,
    ),
    option(
        "--index-url",
        "URL",
        "Python package index; credentials in the URL stay secret.",
        types.INDEX_URL,
    ),
    repeatable(
        "--extra-index-url",
        "URL",
        "Additional package index; repeatable.",
        types.INDEX_URLS,
        envvar=EXTRA_INDEX_VARIABLE,
    ),
    option(
        "--ca-bundle",
        "FILE",
        "Certificates to trust in steps that download (default: SSL_CERT_FILE).",
        types.PATH,
        envvar=[f"{ENVIRONMENT}_BUILD_CA_BUNDLE", "SSL_CERT_FILE"],
    ),
)
_OUTPUT: Final = (
    click.option("--no-cache", is_flag=True, help="Run every step again."),
    click.option("--pull", is_flag=True, help="Check registries for newer base images."),
    repeatable(
        "--platform",
        "P",
        "Platform to build for, such as linux/arm64; repeatable or comma-separated.",
        types.PLATFORMS,
    ),
    option("--builder", "B", "Builder, by its name in docker buildx."),
    click.option("--push", is_flag=True, help="Push the images to their registries."),
    click.option(
        "--load",
        is_flag=True,
        help="Load the images into the engine; the default without --push.",
    ),
    option(
        "--cache",
        "REPOSITORY",
        "Read and write a cache for each stage and platform in this repository.",
        types.REPOSITORY,
    ),
    repeatable(
        "--cache-from",
        "SPEC",
        "Cache to read, in docker's syntax: type=registry,ref=X; repeatable.",
        types.CACHE,
    ),
    repeatable(
        "--cache-to", "SPEC", "Cache to write, in docker's syntax; repeatable.", types.CACHE
    ),
    option(
        "--sbom",
        "[SPEC]",
        "Attach a software bill of materials, as docker does.",
        types.SBOM,
        is_flag=False,
        flag_value="true",
    ),
    option(
        "--provenance",
        "[SPEC]",
        "Attach a provenance statement, as docker does: mode=max.",
        types.PROVENANCE,
        is_flag=False,
        flag_value="true",
    ),
    click.option(
        "--progress",
        type=click.Choice(_PROGRESS),
        default="auto",
        show_default=True,
        help="How docker shows progress.",
    ),
    option("--report", "FILE", "Write a report of the build to FILE, as JSON.", types.PATH),
    click.option("--dry-run", is_flag=True, help="Print the command instead of running it."),
)


class BuildCommand(PluginCommand):
    """A command with the options of `build`."""

    plugin_command = "build"


def build_options(function: F) -> F:
    """Add the options of `build` to a command."""
    for add in reversed((*_WHAT, *_SOURCE, *_IMAGES, *_NETWORK, *_OUTPUT)):
        function = add(function)
    return function
