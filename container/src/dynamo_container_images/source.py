# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The stage `wheels` of a build from source: what compiles a checkout, and with which tools."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container import api

DOCKERFILE: Final = Path(__file__).parent / "source" / "Dockerfile"
REQUIREMENTS: Final = Path(__file__).parent / "requirements" / "Dockerfile"
# Wheels that are compiled in it run on every distribution, and it exists for each architecture.
BUILDER_IMAGE: Final = "quay.io/pypa/manylinux_2_28"
MATURIN: Final = "1.16.0"
SCCACHE: Final = "0.14.0"
# Rust's official image on Debian 12.
RUST_IMAGE: Final = "rust:{release}-slim-bookworm"
# For a checkout that does not name a release, and for development without a checkout.
RUST: Final = "1.95.0"
# What Dynamo's own wheels are compiled with, as far as a checkout has these features.
FEATURES: Final = (
    "aic-forward-pass",
    "kv-indexer",
    "mm-routing",
    "request-trace-s3",
    "select-service",
    "slot-tracker",
)


def options() -> Iterator[api.Option]:
    """Yield the options about what compiles, and how."""
    yield api.Option(
        flag="--cargo-features",
        metavar="NAMES",
        help="Cargo features of a checkout's bindings besides those of Dynamo's own wheels, "
        "separated by commas.",
        stages=("wheels",),
    )
    yield api.Option(
        flag="--builder-image",
        metavar="IMAGE",
        help="Image that compiles a checkout's wheels, or NIXL; it needs apt or dnf "
        "(default: --base-image, else manylinux).",
        stages=("wheels", "nixl"),
    )


def stages(checkout: api.Checkout | None) -> Iterator[api.Stage]:
    """Yield `wheels` and the requirements for dev, whose context is the checkout, and the Rust that
    the checkout names.
    """
    if checkout:
        yield api.Stage(
            name="wheels", dockerfile=DOCKERFILE, context=checkout.path, needs=("rust", "tools")
        )
        yield api.Stage(
            name="checkout-requirements", dockerfile=REQUIREMENTS, context=checkout.path
        )
    release = (checkout.rust if checkout else "") or RUST
    yield api.Stage(name="rust", image=RUST_IMAGE.format(release=release))


def pins(request: api.BuildRequest) -> Iterator[api.Pin]:
    """Yield the tools that compile, except Rust."""
    if request.checkout or request.option("nixl_ref"):
        yield api.Pin(name="maturin", version=MATURIN, build_arg="MATURIN")
    if request.sccache:
        yield api.Pin(name="sccache", version=SCCACHE, build_arg="SCCACHE")


def build_args(request: api.BuildRequest) -> Iterator[api.BuildArg]:
    """Yield the image that compiles, the features, and where sccache stores what is compiled.

    Raises:
        UsageError: an image or features are given, but nothing is compiled.
    """
    given = request.option("builder_image")
    compiles = bool(request.checkout or request.option("nixl_ref"))
    if given and not compiles:
        raise api.UsageError(
            "--builder-image requires a checkout or --nixl-ref; else nothing is compiled",
            "add: --source PATH",
        )
    if compiles:
        # The image that the user names for every stage is used for this one too.
        image = given or request.base_image or BUILDER_IMAGE
        yield api.BuildArg(name="BUILDER_IMAGE", value=image)
    if request.checkout:
        yield api.BuildArg(name="CARGO_FEATURES", value=" ".join(FEATURES))
    if features := _more_features(request):
        yield api.BuildArg(name="MORE_CARGO_FEATURES", value=features)
    if sccache := request.sccache:
        yield api.BuildArg(name="USE_SCCACHE", value="bucket" if sccache.bucket else "local")
        if sccache.bucket:
            yield api.BuildArg(name="SCCACHE_BUCKET", value=sccache.bucket)
            yield api.BuildArg(name="SCCACHE_REGION", value=sccache.region)


def cache_key(checkout: api.Checkout) -> api.BuildSecret:
    """Return the setting that names the checkout's folder in the cache of compiled crates."""
    digest = hashlib.sha256(os.fsencode(checkout.path)).hexdigest()
    return api.BuildSecret(id="checkout", setting=digest[:16])


def _more_features(request: api.BuildRequest) -> str:
    """Return the features that the user names, separated by spaces.

    Raises:
        UsageError: they are not names, or nothing is compiled.
    """
    given = request.option("cargo_features")
    if given and not request.checkout:
        raise api.UsageError(
            "--cargo-features requires a checkout; else nothing is compiled",
            "add: --source PATH",
        )
    names = given.replace(",", " ").split() if given else []
    if wrong := [name for name in names if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_+-]*", name)]:
        raise api.UsageError(
            f"--cargo-features: {wrong[0]!r} is not a valid name of a feature",
            "for example: --cargo-features media-ffmpeg,nvtx",
        )
    return " ".join(names)
