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
from dynamo_container.model.names import REPOSITORY
from dynamo_container.options.build import EXTRA_INDEX_VARIABLE

F = TypeVar("F", bound=Callable[..., Any])  # Any: click's decorators take every function

_PROGRESS: Final = ("auto", "plain", "tty", "rawjson", "quiet")


def _option(*flags: str, metavar: str, type: Any = types.TEXT, **settings: Any) -> Any:  # noqa: A002
    return click.option(*flags, metavar=metavar, type=type, **settings)


def _repeatable(*flags: str, metavar: str, type: Any = types.TEXT, **settings: Any) -> Any:  # noqa: A002
    return click.option(*flags, multiple=True, metavar=metavar, type=type, **settings)


_WHAT: Final = (
    click.argument(
        "frameworks",
        nargs=-1,
        metavar="[FRAMEWORK]...",
        type=types.TEXT,
        shell_complete=complete_framework,
    ),
    _repeatable(
        "--framework",
        metavar="F",
        shell_complete=complete_framework,
        help="Same as the argument.",
    ),
    _repeatable(
        "--target",
        metavar="T",
        help="Stage to build (default: the framework's own choice); repeatable.",
    ),
    _repeatable(
        "--cuda-version",
        metavar="V",
        type=types.CUDA_VERSION,
        help="CUDA version, such as 12.9 (default: the framework's own); repeatable.",
    ),
    _option(
        "--dynamo-version",
        metavar="X",
        type=types.DYNAMO_VERSION,
        help="Dynamo release, such as 1.4.2.",
    ),
    _option(
        "--resolve-as-of",
        metavar="DATE|none",
        type=types.DATE,
        help="Resolve packages as of this date (default: two days after the release).",
    ),
    click.option(
        "--enable-kvbm/--no-enable-kvbm",
        default=None,
        help="Include Dynamo's block manager (default: the framework's own choice).",
    ),
)
_SOURCE: Final = (
    _option(
        "--source",
        metavar="PATH|none",
        type=types.PATH,
        help="Compile Dynamo from this checkout (default: the checkout around the current "
        "folder; 'none': install a release).",
    ),
    _option(
        "--version-override",
        metavar="X",
        type=types.VERSION_IN_TAG,
        help="From a checkout: version for tags and labels, instead of git's.",
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
    _repeatable(
        "--build-context",
        metavar="NAME=PATH",
        type=types.BUILD_CONTEXT,
        help="Folder, or image or URL in docker's syntax, to use as the build context NAME; "
        "repeatable.",
    ),
    click.option(
        "--use-sccache", is_flag=True, help="From a checkout: cache compiled objects with sccache."
    ),
    _option("--sccache-bucket", metavar="B", help="S3 bucket of sccache."),
    _option("--sccache-region", metavar="R", help="Region of the bucket."),
    click.option(
        "--sccache-local",
        is_flag=True,
        help="Let sccache use a folder on the builder instead of a bucket.",
    ),
)
_IMAGES: Final = (
    _option(
        "--base-image",
        metavar="IMAGE",
        type=types.IMAGE,
        help="Image that every stage starts from.",
    ),
    _option("--base-image-tag", metavar="TAG", help="Tag of --base-image, if given separately."),
    _option(
        "--runtime-image",
        metavar="IMAGE",
        type=types.IMAGE,
        help="Image that only the runtime starts from.",
    ),
    _repeatable(
        "--stage",
        metavar="NAME=IMAGE",
        type=types.STAGE_IMAGE,
        help="Existing image to use instead of building a stage; repeatable.",
    ),
    _option(
        "--dev-image",
        metavar="IMAGE",
        type=types.IMAGE,
        help="Build local-dev from this dev image, and tag it IMAGE-local-dev.",
    ),
    click.option(
        "--uid", type=int, metavar="N", help="UID of the local-dev user (default: yours)."
    ),
    click.option(
        "--gid", type=int, metavar="N", help="GID of the local-dev user (default: yours)."
    ),
    _repeatable(
        "--tag",
        metavar="REF",
        type=types.TAG,
        help="Tag to set instead of the version tag; repeatable.",
    ),
    _option(
        "--repository",
        metavar="NAME",
        type=types.REPOSITORY,
        default=REPOSITORY,
        show_default=True,
        help="Repository of the tags, such as REGISTRY/NAME.",
    ),
    click.option("--no-latest", is_flag=True, help="Do not set the tag 'latest'."),
    _repeatable(
        "--build-arg",
        metavar="K[=V]",
        type=types.BUILD_ARG,
        help="Build argument, which overrides every plugin's; without a value it is taken from "
        "the environment; repeatable.",
    ),
)
_NETWORK: Final = (
    _repeatable(
        "--secret",
        metavar="SPEC",
        type=types.SECRET,
        help="Build secret in docker's syntax: id=X,src=FILE; repeatable.",
    ),
    _option(
        "--index-url",
        metavar="URL",
        type=types.INDEX_URL,
        help="Python package index; credentials in the URL stay secret.",
    ),
    _repeatable(
        "--extra-index-url",
        metavar="URL",
        type=types.INDEX_URLS,
        envvar=EXTRA_INDEX_VARIABLE,
        help="Additional package index; repeatable.",
    ),
    _option(
        "--ca-bundle",
        metavar="FILE",
        type=types.PATH,
        envvar=[f"{ENVIRONMENT}_BUILD_CA_BUNDLE", "SSL_CERT_FILE"],
        help="Certificates to trust in steps that download (default: SSL_CERT_FILE).",
    ),
)
_OUTPUT: Final = (
    click.option("--no-cache", is_flag=True, help="Run every step again."),
    click.option("--pull", is_flag=True, help="Check registries for newer base images."),
    _repeatable(
        "--platform",
        metavar="P",
        type=types.PLATFORMS,
        help="Platform to build for, such as linux/arm64; repeatable or comma-separated.",
    ),
    _option("--builder", metavar="B", help="Builder, by its name in docker buildx."),
    click.option("--push", is_flag=True, help="Push the images to their registries."),
    click.option(
        "--load",
        is_flag=True,
        help="Load the images into the engine; the default without --push.",
    ),
    _option(
        "--cache",
        metavar="REPOSITORY",
        type=types.REPOSITORY,
        help="Read and write a cache for each stage and platform in this repository.",
    ),
    _repeatable(
        "--cache-from",
        metavar="SPEC",
        type=types.CACHE,
        help="Cache to read, in docker's syntax: type=registry,ref=X; repeatable.",
    ),
    _repeatable(
        "--cache-to",
        metavar="SPEC",
        type=types.CACHE,
        help="Cache to write, in docker's syntax; repeatable.",
    ),
    _option(
        "--sbom",
        metavar="[SPEC]",
        type=types.SBOM,
        is_flag=False,
        flag_value="true",
        help="Attach a software bill of materials, as docker does.",
    ),
    _option(
        "--provenance",
        metavar="[SPEC]",
        type=types.PROVENANCE,
        is_flag=False,
        flag_value="true",
        help="Attach a provenance statement, as docker does: mode=max.",
    ),
    click.option(
        "--progress",
        type=click.Choice(_PROGRESS),
        default="auto",
        show_default=True,
        help="How docker shows progress.",
    ),
    _option(
        "--report",
        metavar="FILE",
        type=types.PATH,
        help="Write a report of the build to FILE, as JSON.",
    ),
    click.option("--dry-run", is_flag=True, help="Print the command instead of running it."),
)


class BuildCommand(PluginCommand):
    """A command with the options of `build`."""

    plugin_command = "build"


def build_options(function: F) -> F:
    """Add the options of `build` to a command."""
    for option in reversed((*_WHAT, *_SOURCE, *_IMAGES, *_NETWORK, *_OUTPUT)):
        function = option(function)
    return function
