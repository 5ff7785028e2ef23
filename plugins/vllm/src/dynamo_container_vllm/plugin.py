# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Dynamo with vLLM."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container.api import (
    BaseImage,
    BuildArg,
    BuildRequest,
    Pin,
    ReleaseChoice,
    ServingPlugin,
    Stage,
    hookimpl,
    without_credentials,
)

from dynamo_container_vllm import refs

# Each worker is in a container of its own, so the port can be the same.
KV_EVENTS: Final = (
    '{"enable_kv_cache_events":true,"publisher":"zmq","topic":"kv-events",'
    '"endpoint":"tcp://*:20080"}'
)
KV_TRANSFER: Final = '{"kv_connector":"NixlConnector","kv_role":"kv_both"}'


class Vllm(ServingPlugin):
    """vLLM from its wheel, or from git refs."""

    name, summary, folder = "vllm", "Dynamo with vLLM", Path(__file__).parent
    engine, extras, kvbm, compile_packages = "vllm", ("vllm",), True, ("vllm", "torch")
    # FlashInfer appends `.cache/flashinfer` to its folder.
    cache, shm_size, cache_env = (
        "vllm",
        "16G",
        {"VLLM_CACHE_ROOT": "", "FLASHINFER_WORKSPACE_BASE": "", "TRITON_CACHE_DIR": "triton"},
    )
    worker, kv_events = "dynamo.vllm", ("--kv-events-config", KV_EVENTS)
    disaggregated = {  # noqa: RUF012  # the base class declares it
        mode: ("--disaggregation-mode", mode, "--kv-transfer-config", KV_TRANSFER)
        for mode in ("prefill", "decode")
    }
    modules = (("dynamo.frontend", "dynamo.vllm", "vllm"), ("nixl",))
    optional_modules = ("ray",)
    may_disagree = ("nixl",)  # KVBM's wheel requires an older one; the release table overrides it
    smoke_test = """
from vllm import LLM, SamplingParams
llm = LLM(model=model, load_format="dummy", skip_tokenizer_init=True, enforce_eager=True,
          max_model_len=64, gpu_memory_utilization=0.3)
parameters = SamplingParams(max_tokens=1, detokenize=False)
(answer,) = llm.generate({"prompt_token_ids": prompt}, parameters)
assert len(answer.outputs[0].token_ids) == 1, answer
"""
    build_options = refs.OPTIONS

    def release(self, request: BuildRequest) -> ReleaseChoice:
        """Leave out the wheels that are compiled instead."""
        release, compiled = super().release(request), refs.requested(request)
        if "vllm" in compiled:
            # The compiled wheel is an override, which has to name the extras again.
            release = release.overriding(f"vllm[{','.join(release.wheel('vllm').extras)}]")
        return release.without(*compiled)

    @hookimpl
    def dynamo_container_stages(self, request: BuildRequest) -> Iterator[Stage]:
        yield from super().dynamo_container_stages(request)
        if refs.requested(request):
            yield Stage(
                name=refs.SOURCE, dockerfile=self.folder / "source/Dockerfile", extends="tools"
            )

    @hookimpl
    def dynamo_container_base_images(self, request: BuildRequest) -> Iterator[BaseImage]:
        yield from super().dynamo_container_base_images(request)
        if refs.requested(request):
            yield from self.release(request).toolkit_images(refs.SOURCE)

    @hookimpl
    def dynamo_container_pins(self, request: BuildRequest) -> Iterator[Pin]:
        yield from super().dynamo_container_pins(request)
        for name, ref in refs.requested(request).items():
            yield Pin(name=name, version=ref, kind="git", build_arg=f"{name.upper()}_REF")

    @hookimpl
    def dynamo_container_build_args(self, request: BuildRequest) -> Iterator[BuildArg]:
        yield from super().dynamo_container_build_args(request)
        if url := request.option("vllm_git_url"):
            yield BuildArg(name="VLLM_GIT_URL", value=without_credentials("--vllm-git-url", url))


plugin: Final = Vllm()
