# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Dynamo with TensorRT-LLM."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container.api import (
    REQUIREMENTS,
    RUNTIME_STAGE,
    BaseImage,
    BuildArg,
    BuildRequest,
    Check,
    CheckRequest,
    Notice,
    Option,
    Pin,
    ReleaseChoice,
    ServingPlugin,
    Stage,
    hookimpl,
    imports,
    replace,
)

from dynamo_container_trtllm import wheel


class Trtllm(ServingPlugin):
    """TensorRT-LLM, whose wheel is on NVIDIA's own index, in a folder, or compiled."""

    name, summary, folder = "trtllm", "Dynamo with TensorRT-LLM", Path(__file__).parent
    engine, extras, kvbm = "tensorrt_llm", ("trtllm",), True
    compile_packages = ("tensorrt_llm", "torch")
    # OpenMPI starts the workers, those on other machines by ssh.
    system_packages = ("libzmq5", "openmpi-bin", "openssh-client", "openssh-server")
    # FlashInfer appends `.cache/flashinfer` to its folder.
    cache, shm_size, cache_env = (
        "tensorrt-llm",
        "16G",
        {"FLASHINFER_WORKSPACE_BASE": "", "TRITON_CACHE_DIR": "triton"},
    )
    worker, worker_model = "dynamo.trtllm", ("--model-path", "--served-model-name")
    kv_events = ("--publish-events-and-metrics",)
    disaggregated = {  # noqa: RUF012  # the base class declares it
        mode: ("--disaggregation-mode", mode) for mode in ("prefill", "decode")
    }
    smoke_test = """
from tensorrt_llm import LLM, SamplingParams
llm = LLM(model=model, load_format="dummy", skip_tokenizer_init=True)
parameters = SamplingParams(max_tokens=1, detokenize=False, end_id=2)
(answer,) = llm.generate([prompt], parameters)
assert len(answer.outputs[0].token_ids) == 1, answer
"""
    build_options = (
        *wheel.OPTIONS,
        Option(
            flag="--trtllm-use-nixl-kvcache-experimental",
            help="Transfer KV caches by NIXL.",
            type="flag",
            harmless=True,
            stages=(RUNTIME_STAGE,),
        ),
    )

    def release(self, request: BuildRequest) -> ReleaseChoice:
        """Leave the engine's wheel to `wheel.origin`."""
        return super().release(request).without(wheel.NAME)

    def origin(self, request: BuildRequest) -> wheel.Origin:
        """Return where TensorRT-LLM's wheel comes from."""
        release = super().release(request)
        exact = release.exact and not request.engine_image
        return wheel.origin(request, release.wheel(wheel.NAME).version if exact else "")

    @hookimpl
    def dynamo_container_stages(self, request: BuildRequest) -> Iterator[Stage]:
        yield from super().dynamo_container_stages(request)
        origin = self.origin(request)
        if isinstance(origin, wheel.EngineImage):
            return
        dockerfile = self.folder / "wheel" / "Dockerfile"
        # It extends `tools`, so the stage `wheels` finds the wheel.
        stage = Stage(name=wheel.STAGE, dockerfile=dockerfile, extends="tools")
        if isinstance(origin, wheel.Index):
            yield replace(stage, target="from-index")
        elif isinstance(origin, wheel.Directory):
            yield replace(stage, target="from-directory", context=origin.path)
        else:
            yield replace(stage, dockerfile=self.folder / "source" / "Dockerfile")

    @hookimpl
    def dynamo_container_base_images(self, request: BuildRequest) -> Iterator[BaseImage]:
        yield from super().dynamo_container_base_images(request)
        if isinstance(self.origin(request), wheel.Commit):
            yield from self.release(request).toolkit_images(wheel.STAGE)

    @hookimpl
    def dynamo_container_pins(self, request: BuildRequest) -> Iterator[Pin]:
        yield from super().dynamo_container_pins(request)
        origin = self.origin(request)
        if isinstance(origin, wheel.Commit):
            argument = "TENSORRTLLM_COMMIT"
            yield Pin(name=wheel.NAME, version=origin.commit, kind="git", build_arg=argument)
        elif origin.version:
            yield Pin(name=wheel.NAME, version=origin.version, build_arg=REQUIREMENTS)

    @hookimpl
    def dynamo_container_build_args(self, request: BuildRequest) -> Iterator[BuildArg]:
        yield from super().dynamo_container_build_args(request)
        origin = self.origin(request)
        if isinstance(origin, wheel.Index):
            # Without a version, the stage looks up the one that this Dynamo requires.
            project = f"{wheel.NAME}=={origin.version}" if origin.version else self._dynamo(request)
            yield BuildArg(name="TENSORRTLLM_WHEEL", value=project)
            yield BuildArg(name="TENSORRTLLM_INDEX_URL", value=origin.url)
        elif isinstance(origin, wheel.Commit):
            yield BuildArg(name="TENSORRTLLM_GIT_URL", value=origin.url)
        if request.option("trtllm_use_nixl_kvcache_experimental"):
            yield BuildArg(name="TRTLLM_USE_NIXL_KVCACHE_EXPERIMENTAL", value="1")

    def _dynamo(self, request: BuildRequest) -> str:
        return f"ai-dynamo=={self.release(request).dynamo}"

    @hookimpl
    def dynamo_container_notices(self, request: BuildRequest) -> Iterator[Notice]:
        yield from super().dynamo_container_notices(request)
        origin = self.origin(request)
        if isinstance(origin, wheel.Commit) and wheel.OLD_DIRECTORY.exists():
            yield Notice(
                text=f"{wheel.OLD_DIRECTORY} is not used, because every user can create it; "
                f"if the wheel is yours: {wheel.PIP_WHEEL_DIR} {wheel.OLD_DIRECTORY}",
                warning=True,
            )

    @hookimpl
    def dynamo_container_checks(self, request: CheckRequest) -> Iterator[Check]:
        yield from super().dynamo_container_checks(request)
        # Its bindings load the driver's library.
        yield replace(imports("dynamo.trtllm", "tensorrt_llm"), needs_gpu=True)


plugin: Final = Trtllm()
