# SPDX-License-Identifier: Apache-2.0
"""What the image is made of, and how it is run: hooks that return values.

Each is a pure function of its request. They are called for a dry run, too: what has to be asked of
the network or of the machine belongs into a step of the Dockerfile.
"""

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
    EnvVar,
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
)

HERE: Final = Path(__file__).parent
RELEASES: Final = ReleaseTable(HERE / "releases.toml")
PORT: Final = "8000"


@hookimpl
def dynamo_container_framework() -> Framework:
    """What `build example-plugin` makes where no target is named."""
    return Framework(summary="example-plugin on Dynamo", default_target="runtime")


@hookimpl
def dynamo_container_releases() -> Iterable[Release]:
    """The Dynamo releases that this plugin knows."""
    return RELEASES.rows


@hookimpl
def dynamo_container_stages(request: BuildRequest) -> Iterator[Stage]:
    """The image that serves. `tools` and `wheels` come from dynamo-container-images."""
    dockerfile = HERE / "runtime" / "Dockerfile"
    yield Stage(name="runtime", dockerfile=dockerfile, needs=("tools", "wheels"))


@hookimpl
def dynamo_container_base_images(request: BuildRequest) -> Iterator[BaseImage]:
    """An engine that needs CUDA starts from an image that has it; see `releases.toml`."""
    yield BaseImage(stage="runtime", image="ubuntu:24.04")


@hookimpl
def dynamo_container_pins(request: BuildRequest) -> Iterator[Pin]:
    """Dynamo, and the wheels of the release's row: the engine's among them."""
    return RELEASES.choose(request).pins()


@hookimpl
def dynamo_container_build_args(request: BuildRequest) -> Iterator[BuildArg]:
    """The day as of which packages are taken."""
    return RELEASES.choose(request).build_args()


@hookimpl
def dynamo_container_labels(request: BuildRequest) -> Iterator[Label]:
    """Who runs in the image, where its home is, and the oldest driver for its CUDA."""
    yield from RELEASES.choose(request).labels()
    yield Label(key=f"{LABEL_PREFIX}user", value="ubuntu")
    yield Label(key=f"{LABEL_PREFIX}home", value="/home/ubuntu")


@hookimpl
def dynamo_container_notices(request: BuildRequest) -> Iterator[Notice]:
    """That a release is not in the table."""
    return RELEASES.choose(request).notices()


@hookimpl
def dynamo_container_run_env(request: RunRequest) -> Iterator[EnvVar]:
    """Users' own `--env` wins over this."""
    yield EnvVar(name="DYN_HTTP_PORT", value=PORT)


@hookimpl
def dynamo_container_readiness(request: RunRequest) -> Readiness:
    """What `run --detach --wait` waits for."""
    return Readiness(http=f"http://127.0.0.1:{PORT}/health")


@hookimpl
def dynamo_container_checks(request: CheckRequest) -> Iterator[Check]:
    """What `check` tries in an image, and the contract's test of the image, too."""
    yield imports("dynamo.llm")
    yield packages_agree()
    yield from as_pinned(request)
