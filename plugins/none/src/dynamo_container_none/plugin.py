# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Dynamo without an engine, from wheels."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
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
    RunRequest,
    Stage,
    hookimpl,
    read_toml,
)
from packaging.version import Version

HERE: Final = Path(__file__).parent
# From this release on, Dynamo discovers services without etcd and sends requests without NATS.
SELF_SUFFICIENT: Final = Version("0.8")
# A release's own packages appear over two days.
SETTLING: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A row of `releases.toml`: the day of the release, and the distribution and version of its
    NIXL.
    """

    version: Version
    released: date
    nixl: str
    nixl_version: str


@functools.cache
def _table() -> tuple[str, tuple[Release, ...]]:
    """The default release, and all that are known, oldest first."""
    document = read_toml(HERE / "releases.toml")
    rows = []
    for row in document["release"]:
        nixl, _, nixl_version = row["nixl"].partition("==")
        version, released = Version(row["dynamo"]), row["released"]
        rows.append(
            Release(version=version, released=released, nixl=nixl, nixl_version=nixl_version)
        )
    return document["default"], tuple(sorted(rows, key=lambda one: one.version))


def _version(request: BuildRequest) -> Version:
    return Version(request.dynamo_version or _table()[0])


def _release(request: BuildRequest) -> tuple[Release, bool]:
    """The row of the wanted release and whether it is that release's own; else the nearest older
    row.
    """
    version = _version(request)
    rows = _table()[1]
    older = [row for row in rows if row.version <= version]
    row = older[-1] if older else rows[0]
    return row, row.version == version


@hookimpl
def dynamo_container_framework() -> Framework:
    """Dynamo's own parts, and no engine."""
    return Framework(
        summary="Dynamo without an engine: frontend, router, mocker",
        homepage="https://github.com/ai-dynamo/dynamo",
    )


@hookimpl
def dynamo_container_stages(request: BuildRequest) -> Iterator[Stage]:
    """The image that serves."""
    yield Stage(
        name="runtime", dockerfile=HERE / "runtime" / "Dockerfile", needs=("tools", "wheels")
    )


@hookimpl
def dynamo_container_base_images(request: BuildRequest) -> Iterator[BaseImage]:
    """A plain distribution: without an engine there is no need of CUDA."""
    yield BaseImage(stage="runtime", image="ubuntu:24.04")


@hookimpl
def dynamo_container_pins(request: BuildRequest) -> Iterator[Pin]:
    """Dynamo, and the NIXL that its release was tested with."""
    row, _ = _release(request)
    yield Pin(name="ai-dynamo", version=str(_version(request)), build_arg="REQUIREMENTS")
    yield Pin(name=row.nixl, version=row.nixl_version, build_arg="REQUIREMENTS")


@hookimpl
def dynamo_container_build_args(request: BuildRequest) -> Iterator[BuildArg]:
    """The day of the resolution, what it leaves out, and the services that old releases need."""
    row, known = _release(request)
    if known:
        yield BuildArg(name="RESOLVE_AS_OF", value=f"{row.released + SETTLING}T00:00:00Z")
    # NIXL's Python bindings ask for torch, 5 GB of it: an engine's, and there is none here.
    yield BuildArg(name="OVERRIDES", value="torch; python_version < '0'")
    if _version(request) < SELF_SUFFICIENT:
        yield BuildArg(name="EXTRA_PACKAGES", value="etcd-server nats-server")


@hookimpl
def dynamo_container_labels(request: BuildRequest) -> Iterator[Label]:
    """Who runs in the image, and where its home is."""
    yield Label(key=f"{LABEL_PREFIX}user", value="ubuntu")
    yield Label(key=f"{LABEL_PREFIX}home", value="/home/ubuntu")


@hookimpl
def dynamo_container_notices(request: BuildRequest) -> Iterator[Notice]:
    """A release that the table does not have."""
    row, known = _release(request)
    if not known:
        yield Notice(
            text=f"Dynamo {_version(request)} is not in this plugin's table: "
            f"NIXL is that of {row.version}, and packages are taken as of today "
            "unless --resolve-as-of says a day"
        )


@hookimpl
def dynamo_container_readiness(request: RunRequest) -> Readiness:
    """A frontend that answers and knows a model."""
    url = "http://127.0.0.1:${DYN_HTTP_PORT:-8000}/v1/models"
    return Readiness(
        argv=(
            "sh",
            "-c",
            f'curl --silent --fail --max-time 5 "{url}" | jq --exit-status ".data[0]"',
        )
    )


@hookimpl
def dynamo_container_checks(request: CheckRequest) -> Iterator[Check]:
    """What has to work without a GPU and without an engine."""
    yield Check(
        name="import dynamo",
        argv=("python", "-c", "import dynamo.frontend, dynamo.mocker, dynamo.runtime"),
    )
    load = "import ctypes, os; ctypes.CDLL(os.environ['NIXL_LIB_DIR'] + '/libnixl.so')"
    yield Check(name="load NIXL", argv=("python", "-c", load))
    # torch alone may be missing: NIXL's Python bindings ask for it, and without an engine nobody
    # uses them.
    agree = "! uv pip check 2>&1 | grep ' requires ' | grep --invert-match ' requires `torch`'"
    yield Check(name="packages agree", argv=("bash", "-c", agree))
