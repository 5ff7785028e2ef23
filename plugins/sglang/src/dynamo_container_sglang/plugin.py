# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Dynamo with SGLang."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container.api import (
    BuildRequest,
    Option,
    Pin,
    ReleaseChoice,
    ServingPlugin,
    Stage,
    hookimpl,
)

from dynamo_container_sglang.version import requested_wheel


class Sglang(ServingPlugin):
    """SGLang from its wheel, of the version that Dynamo requires or that the user names."""

    name, summary, folder = "sglang", "Dynamo with SGLang", Path(__file__).parent
    engine, extras, compile_packages = "sglang", ("sglang",), ("sglang", "torch")
    cache, shm_size = "sglang", "16G"
    env, cache_env = (
        # Stop without waiting for requests, some of which may never end.
        {"SGL_FORCE_SHUTDOWN": "1"},
        # FlashInfer appends `.cache/flashinfer` to its folder.
        {"SGLANG_CACHE_DIR": "", "FLASHINFER_WORKSPACE_BASE": "", "TRITON_CACHE_DIR": "triton"},
    )
    worker, worker_model = "dynamo.sglang", ("--model-path", "--served-model-name")
    kv_events = (
        "--kv-events-config",
        '{"publisher":"zmq","topic":"kv-events","endpoint":"tcp://*:20080"}',
    )
    disaggregated = {  # noqa: RUF012  # the base class declares it
        mode: (
            *("--disaggregation-mode", mode, "--disaggregation-transfer-backend", "nixl"),
            # Workers for decode reach those for prefill from other containers.
            *("--host", "0.0.0.0"),  # noqa: S104  # of a container
        )
        for mode in ("prefill", "decode")
    }
    modules = (("dynamo.frontend", "dynamo.sglang", "sglang"), ("nixl",))
    optional_modules = ("ray",)
    may_disagree = ("nixl",)  # KVBM's wheel requires an older one; the release table overrides it
    smoke_test = """
import sglang
engine = sglang.Engine(model_path=model, load_format="dummy", skip_tokenizer_init=True,
                       disable_cuda_graph=True, mem_fraction_static=0.3)
answer = engine.generate(input_ids=prompt, sampling_params={"max_new_tokens": 1})
assert answer["meta_info"]["completion_tokens"] == 1, answer
engine.shutdown()
"""
    build_options = (
        Option(
            flag="--sglang-version",
            metavar="VERSION",
            help="Version to install instead of the one that Dynamo requires; untested.",
            stages=("wheels",),
        ),
    )

    def release(self, request: BuildRequest) -> ReleaseChoice:
        """Override Dynamo's own requirement if the user names another version."""
        release = super().release(request)
        wheel = requested_wheel(request, release)
        return release.without("sglang").overriding(wheel.requirement) if wheel else release

    @hookimpl
    def dynamo_container_stages(self, request: BuildRequest) -> Iterator[Stage]:
        yield from super().dynamo_container_stages(request)
        # It extends `tools`, so the stage `wheels` finds the wheels that it compiles.
        dockerfile = self.folder / "wheels" / "Dockerfile"
        if not request.engine_image:
            yield Stage(name="sglang-wheels", dockerfile=dockerfile, extends="tools")

    @hookimpl
    def dynamo_container_pins(self, request: BuildRequest) -> Iterator[Pin]:
        yield from super().dynamo_container_pins(request)
        if wheel := requested_wheel(request, super().release(request)):
            yield wheel


plugin: Final = Sglang()
