# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The stage `wheels` of a build from source: what compiles a checkout, and with what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container.api import BuildArg, BuildRequest, Checkout, Option, Pin, Stage, UsageError

DOCKERFILE: Final = Path(__file__).parent / "source" / "Dockerfile"
# Wheels that are compiled here run on every distribution; it is there for each architecture.
BUILDER_IMAGE: Final = "quay.io/pypa/manylinux_2_28"
MATURIN: Final = "1.16.0"
SCCACHE: Final = "0.14.0"
# Of Rust's official images, on Debian 12.
RUST_IMAGE: Final = "rust:{release}-slim-bookworm"
# For a checkout that names no release, and to develop without one.
RUST: Final = "1.95.0"


def option() -> Option:
    """In the place of the image that compiles."""
    return Option(
        flag="--builder-image",
        metavar="IMAGE",
        help="from a checkout: the image that compiles the wheels, with apt or dnf "
        "(default: --base-image, else manylinux)",
    )


def stages(checkout: Checkout | None) -> Iterator[Stage]:
    """`wheels`, whose context is the checkout, and the Rust that the checkout asks for."""
    if checkout:
        yield Stage(
            name="wheels", dockerfile=DOCKERFILE, context=checkout.path, needs=("rust", "tools")
        )
    release = (checkout.rust if checkout else "") or RUST
    yield Stage(name="rust", image=RUST_IMAGE.format(release=release))


def pins(request: BuildRequest) -> Iterator[Pin]:
    """What compiles, besides Rust."""
    if request.checkout or request.option("nixl_ref"):
        yield Pin(name="maturin", version=MATURIN, build_arg="MATURIN")
    if request.sccache:
        yield Pin(name="sccache", version=SCCACHE, build_arg="SCCACHE")


def build_args(request: BuildRequest) -> Iterator[BuildArg]:
    """The image that compiles: one that is given for every stage will do for this one, too.

    Raises:
        UsageError: nothing is compiled.
    """
    given = request.option("builder_image")
    compiled = bool(request.checkout or request.option("nixl_ref"))
    if given and not compiled:
        raise UsageError(
            "--builder-image means nothing without a checkout or --nixl-ref: nothing is compiled",
            "add --source PATH, or leave it out",
        )
    if compiled:
        image = given or request.base_image or BUILDER_IMAGE
        yield BuildArg(name="BUILDER_IMAGE", value=image)
    if sccache := request.sccache:
        yield BuildArg(name="USE_SCCACHE", value="bucket" if sccache.bucket else "local")
        if sccache.bucket:
            yield BuildArg(name="SCCACHE_BUCKET", value=sccache.bucket)
            yield BuildArg(name="SCCACHE_REGION", value=sccache.region)
