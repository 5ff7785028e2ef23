# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Dynamo without an engine, from wheels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from dynamo_container.api import (
    LABEL_PREFIX,
    BaseImage,
    BuildArg,
    BuildRequest,
    Check,
    CheckRequest,
    Framework,
    Label,
    Notice,
    Pin,
    Readiness,
    Release,
    ReleaseTable,
    RunRequest,
    Stage,
    as_pinned,
    hookimpl,
    imports,
    packages_agree,
    serves_a_model,
)

HERE: Final = Path(__file__).parent
RELEASES: Final = ReleaseTable(HERE / "releases.toml")


@hookimpl
def dynamo_container_framework() -> Framework:
    """Dynamo's own parts, and no engine."""
    return Framework(
        summary="Dynamo without an engine: frontend, router, mocker",
        homepage="https://github.com/ai-dynamo/dynamo",
    )


@hookimpl
def dynamo_container_releases() -> Iterable[Release]:
    """The table, as the command `releases` prints it."""
    return RELEASES.rows


@hookimpl
def dynamo_container_stages(request: BuildRequest) -> Iterator[Stage]:
    """The image that serves."""
    yield Stage(
        name="runtime",
        dockerfile=HERE / "runtime" / "Dockerfile",
        needs=("scripts", "tools", "wheels"),
    )


@hookimpl
def dynamo_container_base_images(request: BuildRequest) -> Iterator[BaseImage]:
    """A plain distribution: without an engine there is no need of CUDA."""
    yield BaseImage(stage="runtime", image="ubuntu:24.04")


@hookimpl
def dynamo_container_pins(request: BuildRequest) -> Iterator[Pin]:
    """Dynamo, and the NIXL that its release was tested with."""
    chosen = RELEASES.choose(request)
    yield from chosen.pins()
    if not chosen.known:
        # No extra asks for NIXL here, so that a release brings none of its own.
        yield from chosen.release.wheels


@hookimpl
def dynamo_container_build_args(request: BuildRequest) -> Iterator[BuildArg]:
    """The day of the resolution, what it leaves out, and the services that old releases need."""
    chosen = RELEASES.choose(request)
    yield from chosen.build_args()
    # NIXL's Python bindings ask for torch, 5 GB of it: an engine's, and there is none here.
    overrides = ["torch; python_version < '0'"]
    if chosen.kvbm:
        # Its wheel often asks for an older NIXL than the row's, by a wheel that chooses among them.
        (wheel,) = chosen.release.wheels
        name, _, cuda = wheel.name.partition("-")
        overrides.append(f"{name}[{cuda}]=={wheel.version}" if cuda else wheel.requirement)
    yield BuildArg(name="OVERRIDES", value="|".join(overrides))


@hookimpl
def dynamo_container_labels(request: BuildRequest) -> Iterator[Label]:
    """Who runs in the image, and where its home is."""
    yield Label(key=f"{LABEL_PREFIX}user", value="ubuntu")
    yield Label(key=f"{LABEL_PREFIX}home", value="/home/ubuntu")


@hookimpl
def dynamo_container_notices(request: BuildRequest) -> Iterator[Notice]:
    """A release that the table does not have."""
    yield from RELEASES.choose(request).notices()


@hookimpl
def dynamo_container_readiness(request: RunRequest) -> Readiness:
    """A frontend that answers and knows a model."""
    return serves_a_model()


@hookimpl
def dynamo_container_checks(request: CheckRequest) -> Iterator[Check]:
    """What has to work without a GPU and without an engine."""
    yield imports("dynamo.frontend", "dynamo.mocker", "dynamo.runtime")
    load = "import ctypes, os; ctypes.CDLL(os.environ['NIXL_LIB_DIR'] + '/libnixl.so')"
    yield Check(name="load NIXL", argv=("python", "-c", load))
    # NIXL's Python bindings ask for torch, and without an engine nobody uses them; KVBM's wheel
    # asks for an older NIXL: what the plan overrides.
    yield packages_agree("torch", "nixl")
    yield from as_pinned(request)
