# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Dynamo with SGLang, from wheels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
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
    Mount,
    Notice,
    Option,
    Pin,
    Readiness,
    Release,
    ReleaseTable,
    RunFlag,
    RunRequest,
    Stage,
    UsageError,
    as_pinned,
    exact_version,
    generates_a_token,
    hookimpl,
    imports,
    packages_agree,
    serves_a_model,
)

HERE: Final = Path(__file__).parent
RELEASES: Final = ReleaseTable(HERE / "releases.toml")
# One token of a tiny model, on a GPU.
GENERATE: Final = """
import sglang
engine = sglang.Engine(model_path=model, load_format="dummy", skip_tokenizer_init=True,
                       disable_cuda_graph=True, mem_fraction_static=0.3)
answer = engine.generate(input_ids=prompt, sampling_params={"max_new_tokens": 1})
assert answer["meta_info"]["completion_tokens"] == 1, answer
engine.shutdown()
"""


@hookimpl
def dynamo_container_framework() -> Framework:
    """Dynamo with SGLang."""
    return Framework(
        summary="Dynamo with SGLang",
        homepage="https://github.com/ai-dynamo/dynamo",
    )


@hookimpl
def dynamo_container_releases() -> Iterable[Release]:
    """The table, as the command `releases` prints it."""
    return RELEASES.rows


@hookimpl
def dynamo_container_options(command: str) -> Iterator[Option]:
    """Another SGLang than the one that Dynamo asks for."""
    if command == "build":
        yield Option(
            flag="--sglang-version",
            metavar="VERSION",
            help="instead of the SGLang that Dynamo asks for: untested",
        )


@hookimpl
def dynamo_container_stages(request: BuildRequest) -> Iterator[Stage]:
    """The image that serves, and wheels that it needs and the index does not have."""
    yield Stage(name="sglang-wheels", dockerfile=HERE / "wheels" / "Dockerfile", extends="tools")
    yield Stage(
        name="runtime",
        dockerfile=HERE / "runtime" / "Dockerfile",
        needs=("scripts", "tools", "wheels"),
    )


@hookimpl
def dynamo_container_base_images(request: BuildRequest) -> Iterator[BaseImage]:
    """The CUDA that the release's wheels are built for."""
    yield from RELEASES.choose(request).base_images()


def _wheel(request: BuildRequest) -> Pin | None:
    """The SGLang that the user wants instead of the one that Dynamo asks for."""
    version = request.option("sglang_version")
    if not version:
        return None
    if request.checkout:
        raise UsageError(
            "--sglang-version means nothing with a checkout, which says itself which it needs",
            "leave it out, or build a release: --dynamo-version",
        )
    (pin,) = [one for one in RELEASES.choose(request).release.wheels if one.name == "sglang"]
    return replace(pin, version=exact_version("--sglang-version", version))


@hookimpl
def dynamo_container_pins(request: BuildRequest) -> Iterator[Pin]:
    """Dynamo with its extra `sglang`, and the SGLang and NIXL that its release was tested with."""
    wheel = _wheel(request)
    for pin in RELEASES.choose(request).pins(extras=("sglang",)):
        if not wheel or pin.name != wheel.name:
            yield pin
    if wheel:
        yield wheel


@hookimpl
def dynamo_container_build_args(request: BuildRequest) -> Iterator[BuildArg]:
    """The day of the resolution, what is overridden in it, and the services that old releases
    need.
    """
    chosen, wheel = RELEASES.choose(request), _wheel(request)
    yield from (chosen.overriding(wheel.requirement) if wheel else chosen).build_args()


@hookimpl
def dynamo_container_labels(request: BuildRequest) -> Iterator[Label]:
    """Who runs in the image, where its home is, and which driver it needs."""
    yield Label(key=f"{LABEL_PREFIX}user", value="ubuntu")
    yield Label(key=f"{LABEL_PREFIX}home", value="/home/ubuntu")
    yield from RELEASES.choose(request).labels()


@hookimpl
def dynamo_container_notices(request: BuildRequest) -> Iterator[Notice]:
    """A release that the table does not have."""
    yield from RELEASES.choose(request).notices()


@hookimpl
def dynamo_container_run_env(request: RunRequest) -> Iterator[EnvVar]:
    """Where models are looked for, one place for all that is compiled at run time, and an end
    that does not wait for requests that will never end.
    """
    cache = f"{request.home}/.cache/sglang"
    yield EnvVar(name="HF_HOME", value=f"{request.home}/.cache/huggingface")
    yield EnvVar(name="SGL_FORCE_SHUTDOWN", value="1")
    yield EnvVar(name="SGLANG_CACHE_DIR", value=cache)
    # It puts `.cache/flashinfer` behind it.
    yield EnvVar(name="FLASHINFER_WORKSPACE_BASE", value=cache)
    yield EnvVar(name="TRITON_CACHE_DIR", value=f"{cache}/triton")


@hookimpl
def dynamo_container_run_mounts(request: RunRequest) -> Iterator[Mount]:
    """What was compiled once stays, from container to container."""
    # One for each home: its files belong to the user of the image that made it.
    volume = f"dynamo-sglang-cache-{PurePosixPath(request.home).name}"
    yield Mount(type="volume", source=volume, target=f"{request.home}/.cache/sglang")


@hookimpl
def dynamo_container_run_flags(request: RunRequest) -> Iterator[RunFlag]:
    """Workers of one model hand tensors on in shared memory."""
    yield RunFlag(flag="--shm-size", value="16G")


@hookimpl
def dynamo_container_readiness(request: RunRequest) -> Readiness:
    """A frontend that answers and knows a model."""
    return serves_a_model()


@hookimpl
def dynamo_container_checks(request: CheckRequest) -> Iterator[Check]:
    """What has to work; a token from a tiny model where there is a GPU."""
    yield imports("dynamo.frontend", "dynamo.sglang", "sglang")
    yield imports("nixl")
    # KVBM's wheel asks for an older NIXL than Dynamo's extra: what the plan overrides.
    yield packages_agree("nixl")
    yield from as_pinned(request)
    yield generates_a_token(GENERATE)
