# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Dynamo with vLLM, from wheels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
    UsageError,
    as_pinned,
    generates_a_token,
    hookimpl,
    imports,
    packages_agree,
    serves_a_model,
    without_credentials,
)

HERE: Final = Path(__file__).parent
RELEASES: Final = ReleaseTable(HERE / "releases.toml")
# One token of a tiny model, on a GPU.
GENERATE: Final = """
from vllm import LLM, SamplingParams
llm = LLM(model=model, load_format="dummy", skip_tokenizer_init=True, enforce_eager=True,
          max_model_len=64, gpu_memory_utilization=0.3)
wanted = SamplingParams(max_tokens=1, detokenize=False)
(answer,) = llm.generate({"prompt_token_ids": prompt}, wanted)
assert len(answer.outputs[0].token_ids) == 1, answer
"""
# What can be compiled from git: the option, and the pin whose build argument carries it.
REFS: Final = {"--vllm-ref": "vllm", "--deepgemm-ref": "deepgemm", "--flashinfer-ref": "flashinfer"}


@hookimpl
def dynamo_container_framework() -> Framework:
    """Dynamo with vLLM."""
    return Framework(
        summary="Dynamo with vLLM",
        homepage="https://github.com/ai-dynamo/dynamo",
    )


@hookimpl
def dynamo_container_releases() -> Iterable[Release]:
    """The table, as the command `releases` prints it."""
    return RELEASES.rows


@hookimpl
def dynamo_container_options(command: str) -> Iterator[Option]:
    """What is compiled from git instead of taken from the index."""
    if command == "build":
        for flag, name in REFS.items():
            yield Option(flag=flag, metavar="REF", help=f"compile {name} from this git ref")
        yield Option(flag="--vllm-git-url", metavar="URL", help="the repository of --vllm-ref")


def _chosen(request: BuildRequest) -> Chosen:
    return RELEASES.choose(request, kvbm=True)


def _refs(request: BuildRequest) -> dict[str, str]:
    """The git refs that are wanted, by the name of what is compiled."""
    wanted = {name: request.option(f"{name}_ref") for name in REFS.values()}
    if request.option("vllm_git_url") and not wanted["vllm"]:
        raise UsageError("--vllm-git-url means nothing without a ref", "say which: --vllm-ref REF")
    return {name: ref for name, ref in wanted.items() if ref}


@hookimpl
def dynamo_container_stages(request: BuildRequest) -> Iterator[Stage]:
    """The image that serves; and below `wheels` what is compiled."""
    yield Stage(
        name="runtime",
        dockerfile=HERE / "runtime" / "Dockerfile",
        needs=("scripts", "tools", "wheels"),
    )
    if _refs(request):
        # It is below whatever needs `tools`, and so takes nothing but those.
        dockerfile = HERE / "source" / "Dockerfile"
        yield Stage(name="vllm-wheels", dockerfile=dockerfile, extends="tools")


@hookimpl
def dynamo_container_base_images(request: BuildRequest) -> Iterator[BaseImage]:
    """The CUDA that the release's wheels are built for, and its toolkit for what is compiled."""
    chosen = _chosen(request)
    yield from chosen.base_images()
    if chosen.cuda and _refs(request):
        yield BaseImage(stage="vllm-wheels", image=chosen.cuda.devel)


@hookimpl
def dynamo_container_pins(request: BuildRequest) -> Iterator[Pin]:
    """Dynamo with its extra `vllm`, and the vLLM and NIXL that its release was tested with; or
    what is compiled.
    """
    refs = _refs(request)
    for pin in _chosen(request).pins(extras=("vllm",)):
        if pin.name not in refs:
            yield pin
    for name, ref in refs.items():
        yield Pin(name=name, version=ref, kind="git", build_arg=f"{name.upper()}_REF")


@hookimpl
def dynamo_container_build_args(request: BuildRequest) -> Iterator[BuildArg]:
    """The day of the resolution, what is overridden in it, and the services that old releases
    need.
    """
    chosen, refs = _chosen(request), _refs(request)
    if "vllm" in refs:
        # The wheel that is compiled is an override, too, and has no extras of its own.
        (wheel,) = [one for one in chosen.release.wheels if one.name == "vllm"]
        chosen = chosen.overriding(f"vllm[{','.join(wheel.extras)}]")
    yield from chosen.build_args()
    if url := request.option("vllm_git_url"):
        yield BuildArg(name="VLLM_GIT_URL", value=without_credentials("--vllm-git-url", url))


@hookimpl
def dynamo_container_labels(request: BuildRequest) -> Iterator[Label]:
    """Who runs in the image, where its home is, and which driver it needs."""
    yield Label(key=f"{LABEL_PREFIX}user", value="ubuntu")
    yield Label(key=f"{LABEL_PREFIX}home", value="/home/ubuntu")
    yield from _chosen(request).labels()


@hookimpl
def dynamo_container_notices(request: BuildRequest) -> Iterator[Notice]:
    """A release that the table does not have."""
    yield from _chosen(request).notices()


def _cache(request: RunRequest) -> str:
    return f"{request.home}/.cache/vllm"


@hookimpl
def dynamo_container_run_env(request: RunRequest) -> Iterator[EnvVar]:
    """Where models are looked for, and one place for all that is compiled at run time."""
    yield EnvVar(name="HF_HOME", value=f"{request.home}/.cache/huggingface")
    yield EnvVar(name="VLLM_CACHE_ROOT", value=_cache(request))
    # It puts `.cache/flashinfer` behind it.
    yield EnvVar(name="FLASHINFER_WORKSPACE_BASE", value=_cache(request))
    yield EnvVar(name="TRITON_CACHE_DIR", value=f"{_cache(request)}/triton")


@hookimpl
def dynamo_container_run_mounts(request: RunRequest) -> Iterator[Mount]:
    """What was compiled once stays, from container to container."""
    # One for each home: its files belong to the user of the image that made it.
    volume = f"dynamo-vllm-cache-{PurePosixPath(request.home).name}"
    yield Mount(type="volume", source=volume, target=_cache(request))


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
    yield imports("dynamo.frontend", "dynamo.vllm", "vllm")
    yield imports("nixl")
    # KVBM's wheel asks for an older NIXL than Dynamo's extra: what the plan overrides.
    yield packages_agree("nixl")
    yield from as_pinned(request)
    yield generates_a_token(GENERATE)
