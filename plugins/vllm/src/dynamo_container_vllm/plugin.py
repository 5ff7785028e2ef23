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
    Option,
    Pin,
    ReleaseChoice,
    ServingPlugin,
    Stage,
    UsageError,
    hookimpl,
    without_credentials,
)

SOURCE: Final = "vllm-wheels"
# What that stage compiles from git, by the options `--NAME-ref` and the build arguments `NAME_REF`.
REFS: Final = ("vllm", "deepgemm", "flashinfer")

# Each worker is in a container of its own, so the port can be the same.
KV_EVENTS: Final = (
    '{"enable_kv_cache_events":true,"publisher":"zmq","topic":"kv-events",'
    '"endpoint":"tcp://*:20080"}'
)
KV_TRANSFER: Final = '{"kv_connector":"NixlConnector","kv_role":"kv_both"}'


class Vllm(ServingPlugin):
    """vLLM from its wheel, or from git refs."""

    name, summary, folder = "vllm", "Dynamo with vLLM", Path(__file__).parent
    extras, kvbm, compile_packages = ("vllm",), True, ("vllm", "torch")
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
    build_options = tuple(
        Option(flag=flag, metavar=metavar, help=text, stages=(SOURCE,))
        for flag, metavar, text in (
            *((f"--{name}-ref", "REF", f"Compile {name} from this git ref.") for name in REFS),
            ("--vllm-git-url", "URL", "Repository of --vllm-ref."),
        )
    )

    def release(self, request: BuildRequest) -> ReleaseChoice:
        """Leave out the wheels that are compiled instead."""
        release, refs = super().release(request), _refs(request)
        if "vllm" in refs:
            # The compiled wheel is an override, which has to name the extras again.
            release = release.overriding(f"vllm[{','.join(release.wheel('vllm').extras)}]")
        return release.without(*refs)

    @hookimpl
    def dynamo_container_stages(self, request: BuildRequest) -> Iterator[Stage]:
        yield from super().dynamo_container_stages(request)
        if _refs(request):
            yield Stage(name=SOURCE, dockerfile=self.folder / "source/Dockerfile", extends="tools")

    @hookimpl
    def dynamo_container_base_images(self, request: BuildRequest) -> Iterator[BaseImage]:
        yield from super().dynamo_container_base_images(request)
        if _refs(request):
            yield from self.release(request).toolkit_images(SOURCE)

    @hookimpl
    def dynamo_container_pins(self, request: BuildRequest) -> Iterator[Pin]:
        yield from super().dynamo_container_pins(request)
        for name, ref in _refs(request).items():
            yield Pin(name=name, version=ref, kind="git", build_arg=f"{name.upper()}_REF")

    @hookimpl
    def dynamo_container_build_args(self, request: BuildRequest) -> Iterator[BuildArg]:
        yield from super().dynamo_container_build_args(request)
        if url := request.option("vllm_git_url"):
            yield BuildArg(name="VLLM_GIT_URL", value=without_credentials("--vllm-git-url", url))


def _refs(request: BuildRequest) -> dict[str, str]:
    """Return the git refs to compile, by the name of what is compiled."""
    refs = {name: ref for name in REFS if (ref := request.option(f"{name}_ref"))}
    if request.option("vllm_git_url") and "vllm" not in refs:
        raise UsageError("--vllm-git-url requires --vllm-ref", "add: --vllm-ref REF")
    return refs


plugin: Final = Vllm()
