# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The options of `build`, and of what explains it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from dynamo_container.cli.app import ENVIRONMENT
from dynamo_container.cli.build_secrets import EXTRA_INDEX_VARIABLE
from dynamo_container.cli.frameworks import complete_framework
from dynamo_container.cli.plugin_command import LINES, PluginCommand
from dynamo_container.model.names import REPOSITORY

F = TypeVar("F", bound=Callable[..., Any])  # Any: click's decorators take every function

_PROGRESS: Final = ("auto", "plain", "tty", "rawjson", "quiet")


# Where it is built, where it goes, and where it is kept for the next build.
_PLACES: Final = (
    click.option(
        "--platform",
        multiple=True,
        type=LINES,
        metavar="P",
        help="Build for this platform, such as linux/arm64; repeatable, or with commas.",
    ),
    click.option("--builder", metavar="B", help="The builder, as docker buildx calls it."),
    click.option("--push", is_flag=True, help="Push the images to their registries."),
    click.option(
        "--load", is_flag=True, help="Load the images into the engine; the default without --push."
    ),
    click.option(
        "--cache",
        metavar="REPOSITORY",
        help="Read and write a cache for each stage and platform in this repository.",
    ),
    click.option(
        "--cache-from",
        multiple=True,
        type=LINES,
        metavar="SPEC",
        help="Read a cache, as docker's: type=registry,ref=X; repeatable.",
    ),
    click.option(
        "--cache-to",
        multiple=True,
        type=LINES,
        metavar="SPEC",
        help="Write a cache, as docker's; repeatable.",
    ),
    click.option(
        "--sbom",
        is_flag=False,
        flag_value="true",
        metavar="[SPEC]",
        help="Attach a bill of materials, as docker's.",
    ),
    click.option(
        "--provenance",
        is_flag=False,
        flag_value="true",
        metavar="[SPEC]",
        help="Attach a statement of provenance, as docker's: mode=max.",
    ),
)
# Where Dynamo is compiled from, and how.
_SOURCE: Final = (
    click.option(
        "--source",
        metavar="PATH|none",
        help="Compile Dynamo from this checkout (default: the one around; 'none': no checkout).",
    ),
    click.option(
        "--version-override",
        metavar="X",
        help="From a checkout: the version in tags and labels, instead of git's.",
    ),
    click.option(
        "--release-build",
        is_flag=True,
        help="From a checkout: wheels for every Python that Dynamo supports, with its README.",
    ),
    click.option(
        "--max-jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="Compilers at once (default: what the builder has cores and memory for).",
    ),
    click.option(
        "--build-context",
        multiple=True,
        type=LINES,
        metavar="NAME=PATH",
        help="A folder, or an image or URL as docker writes it, in the place of what a Dockerfile "
        "calls NAME; repeatable.",
    ),
    click.option(
        "--use-sccache", is_flag=True, help="From a checkout: keep what is compiled with sccache."
    ),
    click.option("--sccache-bucket", metavar="B", help="The S3 bucket of sccache."),
    click.option("--sccache-region", metavar="R", help="The region of that bucket."),
    click.option(
        "--sccache-local",
        is_flag=True,
        help="In the place of a bucket: a folder that the builder keeps.",
    ),
)


class BuildCommand(PluginCommand):
    """`build`, and what explains it."""

    plugin_command = "build"


def build_options(function: F) -> F:
    """What `build` and `explain build` take."""
    options = (
        click.argument(
            "frameworks", nargs=-1, metavar="[FRAMEWORK]...", shell_complete=complete_framework
        ),
        click.option(
            "--framework",
            multiple=True,
            metavar="F",
            shell_complete=complete_framework,
            help="The same as the argument.",
        ),
        click.option(
            "--target",
            multiple=True,
            type=LINES,
            metavar="T",
            help="The stage to build (default: the framework's own choice); repeatable.",
        ),
        click.option(
            "--cuda-version",
            multiple=True,
            type=LINES,
            metavar="V",
            help="The CUDA version, such as 12.9 (default: the framework's own); repeatable.",
        ),
        click.option("--dynamo-version", metavar="X", help="The Dynamo release, such as 1.4.2."),
        *_SOURCE,
        click.option(
            "--resolve-as-of",
            metavar="DATE|none",
            help="Take packages as they were on that day (default: two days after the release).",
        ),
        click.option(
            "--base-image", metavar="IMAGE", help="The image that every stage starts from."
        ),
        click.option(
            "--base-image-tag", metavar="TAG", help="The tag of --base-image, apart from it."
        ),
        click.option(
            "--runtime-image",
            metavar="IMAGE",
            help="The image that the stage runtime starts from, and no other.",
        ),
        click.option(
            "--enable-kvbm/--no-enable-kvbm",
            default=None,
            help="With Dynamo's block manager (default: the framework's own choice).",
        ),
        click.option(
            "--stage",
            multiple=True,
            type=LINES,
            metavar="NAME=IMAGE",
            help="An existing image in the place of a stage.",
        ),
        click.option(
            "--dev-image",
            metavar="IMAGE",
            help="Build local-dev from this dev image, as IMAGE-local-dev.",
        ),
        click.option(
            "--uid", type=int, metavar="N", help="With local-dev: the user's UID (default: yours)."
        ),
        click.option(
            "--gid", type=int, metavar="N", help="With local-dev: the user's GID (default: yours)."
        ),
        click.option(
            "--tag",
            multiple=True,
            type=LINES,
            metavar="REF",
            help="Instead of the version tag; repeatable.",
        ),
        click.option(
            "--repository",
            metavar="NAME",
            default=REPOSITORY,
            help="What stands before the colon of the tags, such as REGISTRY/NAME.",
        ),
        click.option("--no-latest", is_flag=True, help="Set no 'latest' tag."),
        click.option(
            "--build-arg",
            multiple=True,
            type=LINES,
            metavar="K[=V]",
            help="A build argument; wins over all that plugins say; "
            "without a value from the environment.",
        ),
        click.option(
            "--secret",
            multiple=True,
            type=LINES,
            metavar="SPEC",
            help="A build secret, as docker's: id=X,src=FILE.",
        ),
        click.option(
            "--index-url",
            metavar="URL",
            help="The Python package index; credentials in it stay secret.",
        ),
        click.option(
            "--extra-index-url",
            multiple=True,
            type=LINES,
            metavar="URL",
            envvar=EXTRA_INDEX_VARIABLE,
            help="A further package index; repeatable.",
        ),
        click.option(
            "--ca-bundle",
            metavar="FILE",
            envvar=[f"{ENVIRONMENT}_BUILD_CA_BUNDLE", "SSL_CERT_FILE"],
            help="Certificates to trust in steps that download (default: SSL_CERT_FILE).",
        ),
        click.option("--no-cache", is_flag=True, help="Run every step again."),
        click.option("--pull", is_flag=True, help="Ask the registry for newer base images."),
        *_PLACES,
        click.option(
            "--progress",
            type=click.Choice(_PROGRESS),
            default="auto",
            help="How docker shows the progress.",
        ),
        click.option(
            "--report",
            metavar="FILE",
            help="Write a report as JSON, from BuildKit's own records: docs/report.md.",
        ),
        click.option(
            "--dry-run", is_flag=True, help="Print the command that would run, and run nothing."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function
