# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Dynamo with TensorRT-LLM, from wheels."""

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
    Chosen,
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
    as_pinned,
    generates_a_token,
    hookimpl,
    imports,
    packages_agree,
    serves_a_model,
)

from dynamo_container_trtllm import wheel

HERE: Final = Path(__file__).parent
RELEASES: Final = ReleaseTable(HERE / "releases.toml")
# One token of a tiny model, on a GPU.
GENERATE: Final = """
from tensorrt_llm import LLM, SamplingParams
llm = LLM(model=model, load_format="dummy", skip_tokenizer_init=True)
wanted = SamplingParams(max_tokens=1, detokenize=False, end_id=2)
(answer,) = llm.generate([prompt], wanted)
assert len(answer.outputs[0].token_ids) == 1, answer
"""


@hookimpl
def dynamo_container_framework() -> Framework:
    """Dynamo with TensorRT-LLM."""
    return Framework(
        summary="Dynamo with TensorRT-LLM",
        homepage="https://github.com/ai-dynamo/dynamo",
    )


@hookimpl
def dynamo_container_releases() -> Iterable[Release]:
    """The table, as the command `releases` prints it."""
    return RELEASES.rows


@hookimpl
def dynamo_container_options(command: str) -> Iterator[Option]:
    """Where TensorRT-LLM's wheel comes from."""
    if command == "build":
        yield from wheel.OPTIONS
        yield Option(
            flag="--trtllm-use-nixl-kvcache-experimental",
            help="KV caches travel by NIXL",
            type="flag",
        )


def _chosen(request: BuildRequest) -> Chosen:
    return RELEASES.choose(request, kvbm=True)


def _origin(request: BuildRequest) -> wheel.Index | wheel.Directory | wheel.Commit:
    chosen = _chosen(request)
    (pin,) = [one for one in chosen.release.wheels if one.name == wheel.NAME]
    return wheel.origin(request, pin.version if chosen.known else "")


@hookimpl
def dynamo_container_stages(request: BuildRequest) -> Iterator[Stage]:
    """The image that serves, and below `wheels` a stage that has TensorRT-LLM's wheel."""
    yield Stage(
        name="runtime",
        dockerfile=HERE / "runtime" / "Dockerfile",
        needs=("scripts", "tools", "wheels"),
    )
    origin = _origin(request)
    dockerfile = HERE / "wheel" / "Dockerfile"
    of_wheel = Stage(name="tensorrt-llm-wheel", dockerfile=dockerfile, extends="tools")
    if isinstance(origin, wheel.Index):
        yield replace(of_wheel, target="from-index")
    elif isinstance(origin, wheel.Directory):
        yield replace(of_wheel, target="from-directory", context=origin.path)
    else:
        yield replace(of_wheel, dockerfile=HERE / "source" / "Dockerfile")


@hookimpl
def dynamo_container_base_images(request: BuildRequest) -> Iterator[BaseImage]:
    """The CUDA that the release's wheels are built for."""
    chosen = _chosen(request)
    yield from chosen.base_images()
    if chosen.cuda and isinstance(_origin(request), wheel.Commit):
        yield BaseImage(stage="tensorrt-llm-wheel", image=chosen.cuda.devel)


@hookimpl
def dynamo_container_pins(request: BuildRequest) -> Iterator[Pin]:
    """Dynamo with its extra `trtllm`, and the TensorRT-LLM of its release or of the user."""
    chosen, origin = _chosen(request), _origin(request)
    for pin in chosen.pins(extras=("trtllm",)):
        if pin.name != wheel.NAME:
            yield pin
    if isinstance(origin, wheel.Commit):
        yield Pin(
            name=wheel.NAME, version=origin.commit, kind="git", build_arg="TENSORRTLLM_COMMIT"
        )
    elif origin.version:
        yield Pin(name=wheel.NAME, version=origin.version, build_arg="REQUIREMENTS")


@hookimpl
def dynamo_container_build_args(request: BuildRequest) -> Iterator[BuildArg]:
    """The day of the resolution, the services that old releases need, and the wheel's origin."""
    chosen, origin = _chosen(request), _origin(request)
    yield from chosen.build_args()
    if isinstance(origin, wheel.Index):
        version = f"{wheel.NAME}=={origin.version}" if origin.version else ""
        # Without a version, the one that this Dynamo asks for is looked up there.
        yield BuildArg(name="TENSORRTLLM_WHEEL", value=version or f"ai-dynamo=={chosen.dynamo}")
        yield BuildArg(name="TENSORRTLLM_INDEX_URL", value=origin.url)
    elif isinstance(origin, wheel.Commit):
        yield BuildArg(name="TENSORRTLLM_GIT_URL", value=origin.url)
    if request.option("trtllm_use_nixl_kvcache_experimental"):
        yield BuildArg(name="TRTLLM_USE_NIXL_KVCACHE_EXPERIMENTAL", value="1")


@hookimpl
def dynamo_container_labels(request: BuildRequest) -> Iterator[Label]:
    """Who runs in the image, where its home is, and which driver it needs."""
    yield Label(key=f"{LABEL_PREFIX}user", value="ubuntu")
    yield Label(key=f"{LABEL_PREFIX}home", value="/home/ubuntu")
    yield from _chosen(request).labels()


@hookimpl
def dynamo_container_notices(request: BuildRequest) -> Iterator[Notice]:
    """A release that the table does not have, and a wheel that was found."""
    yield from _chosen(request).notices()
    origin = _origin(request)
    if isinstance(origin, wheel.Directory) and origin.assumed:
        yield Notice(
            text=f"{wheel.COMMIT}: the wheel in {origin.path} is of that commit, and is taken"
        )


@hookimpl
def dynamo_container_run_env(request: RunRequest) -> Iterator[EnvVar]:
    """Where models are looked for, and one place for all that is compiled at run time."""
    cache = f"{request.home}/.cache/tensorrt-llm"
    yield EnvVar(name="HF_HOME", value=f"{request.home}/.cache/huggingface")
    # It puts `.cache/flashinfer` behind it.
    yield EnvVar(name="FLASHINFER_WORKSPACE_BASE", value=cache)
    yield EnvVar(name="TRITON_CACHE_DIR", value=f"{cache}/triton")


@hookimpl
def dynamo_container_run_mounts(request: RunRequest) -> Iterator[Mount]:
    """What was compiled once stays, from container to container."""
    # One for each home: its files belong to the user of the image that made it.
    volume = f"dynamo-trtllm-cache-{PurePosixPath(request.home).name}"
    yield Mount(type="volume", source=volume, target=f"{request.home}/.cache/tensorrt-llm")


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
    yield imports("dynamo.frontend")
    # Its bindings load the driver's library.
    yield replace(imports("dynamo.trtllm", "tensorrt_llm"), needs_gpu=True)
    yield packages_agree()
    yield from as_pinned(request)
    yield generates_a_token(GENERATE)
