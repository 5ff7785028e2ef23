# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""llama.cpp behind Dynamo's HTTP service, on CPUs, with two options of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from dynamo_container.api import (
    EnvVar,
    Mount,
    Option,
    RunRequest,
    ServingPlugin,
    UsageError,
    hookimpl,
)

# The folder of the model in a container.
MODELS: Final = PurePosixPath("/models")


class LlamaCpp(ServingPlugin):
    """llama.cpp, which serves the model in one file."""

    name, folder = "llama-cpp", Path(__file__).parent
    summary = "llama.cpp on Dynamo, for models in GGUF files, on CPUs"
    homepage = "https://github.com/ggml-org/llama.cpp"
    default_target, devices = "runtime", ("cpu",)
    # llama.cpp distributes its work over the cores with OpenMP.
    system_packages = ("libgomp1",)
    modules = (("dynamo.llm", "xllamacpp"),)
    run_options = (
        Option(flag="--gguf", metavar="FILE", help="Serve the model in this file.", type="path"),
        Option(
            flag="--llama-cpp-threads",
            metavar="N",
            help="Threads for the model (default: one for each core).",
            type="int",
            harmless=True,
        ),
    )

    @hookimpl
    def dynamo_container_run_mounts(self, request: RunRequest) -> Iterator[Mount]:
        yield from super().dynamo_container_run_mounts(request)
        if model := request.option("gguf"):
            yield Mount(source=model, target=_in_container(model), options=("ro",))

    @hookimpl
    def dynamo_container_run_env(self, request: RunRequest) -> Iterator[EnvVar]:
        yield from super().dynamo_container_run_env(request)
        if model := request.option("gguf"):
            yield EnvVar(name="LLAMA_CPP_MODEL", value=_in_container(model))
        if threads := request.option("llama_cpp_threads"):
            if int(threads) < 1:
                raise UsageError(
                    f"--llama-cpp-threads {threads} is not a positive number", "for example: 8"
                )
            yield EnvVar(name="LLAMA_CPP_THREADS", value=threads)


def _in_container(model: str) -> str:
    """Return the path of a model's file in a container. The file's name is the model's name too."""
    return str(MODELS / Path(model).name)


plugin: Final = LlamaCpp()
