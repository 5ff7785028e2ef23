# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""llama.cpp behind Dynamo's HTTP service, on CPUs: the image, and two options to run it."""

from __future__ import annotations

import re
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
    RunRequest,
    Stage,
    UsageError,
    as_pinned,
    hookimpl,
    imports,
    packages_agree,
)

HERE: Final = Path(__file__).parent
RELEASES: Final = ReleaseTable(HERE / "releases.toml")
PORT: Final = "8000"
# Where the model is in a container.
MODELS: Final = PurePosixPath("/models")


@hookimpl
def dynamo_container_framework() -> Framework:
    """llama.cpp needs no developer's image: it is built elsewhere."""
    return Framework(
        summary="llama.cpp on Dynamo, for models in GGUF files, on CPUs",
        homepage="https://github.com/ggml-org/llama.cpp",
        default_target="runtime",
    )


@hookimpl
def dynamo_container_releases() -> Iterable[Release]:
    """The table, as the command `releases` prints it."""
    return RELEASES.rows


@hookimpl
def dynamo_container_options(command: str) -> Iterator[Option]:
    """Which model to serve, and on how much of the machine."""
    if command == "run":
        yield Option(flag="--gguf", metavar="FILE", help="serve the model in this file")
        yield Option(
            flag="--llama-cpp-threads",
            metavar="N",
            help="threads for the model (default: one for each core)",
        )


@hookimpl
def dynamo_container_stages(request: BuildRequest) -> Iterator[Stage]:
    """The image that serves."""
    dockerfile = HERE / "runtime" / "Dockerfile"
    yield Stage(name="runtime", dockerfile=dockerfile, needs=("tools", "wheels"))


@hookimpl
def dynamo_container_base_images(request: BuildRequest) -> Iterator[BaseImage]:
    """A plain distribution: there is no CUDA in it."""
    yield BaseImage(stage="runtime", image="ubuntu:24.04")


@hookimpl
def dynamo_container_pins(request: BuildRequest) -> Iterator[Pin]:
    """Dynamo, and the llama.cpp of its release's row."""
    chosen = RELEASES.choose(request)
    yield from chosen.pins()
    if not chosen.known:
        # Nothing of Dynamo's asks for llama.cpp, so that a release brings none of its own.
        yield from chosen.release.wheels


@hookimpl
def dynamo_container_build_args(request: BuildRequest) -> Iterator[BuildArg]:
    """The day as of which packages are taken."""
    yield from RELEASES.choose(request).build_args()


@hookimpl
def dynamo_container_labels(request: BuildRequest) -> Iterator[Label]:
    """Who runs in the image, and where its home is."""
    yield Label(key=f"{LABEL_PREFIX}user", value="ubuntu")
    yield Label(key=f"{LABEL_PREFIX}home", value="/home/ubuntu")


@hookimpl
def dynamo_container_notices(request: BuildRequest) -> Iterator[Notice]:
    """That a release is not in the table."""
    yield from RELEASES.choose(request).notices()


@hookimpl
def dynamo_container_run_mounts(request: RunRequest) -> Iterator[Mount]:
    """The model's file, under its own name, which is the model's, too."""
    if model := _model(request):
        yield Mount(source=model, target=str(MODELS / Path(model).name), options=("ro",))


@hookimpl
def dynamo_container_run_env(request: RunRequest) -> Iterator[EnvVar]:
    """What the program in the image reads."""
    yield EnvVar(name="DYN_HTTP_PORT", value=PORT)
    if model := _model(request):
        yield EnvVar(name="LLAMA_CPP_MODEL", value=str(MODELS / Path(model).name))
    if threads := request.option("llama_cpp_threads"):
        if not re.fullmatch("[1-9][0-9]*", threads):
            raise UsageError(
                f"--llama-cpp-threads {threads!r} is no number of threads", "for example: 8"
            )
        yield EnvVar(name="LLAMA_CPP_THREADS", value=threads)


@hookimpl
def dynamo_container_readiness(request: RunRequest) -> Readiness:
    """The service answers once the model is loaded."""
    return Readiness(http=f"http://127.0.0.1:{PORT}/health")


@hookimpl
def dynamo_container_checks(request: CheckRequest) -> Iterator[Check]:
    """What has to work without a model."""
    yield imports("dynamo.llm", "xllamacpp")
    yield packages_agree()
    yield from as_pinned(request)


def _model(request: RunRequest) -> str:
    """The path of the model's file; empty where none was given."""
    model = request.option("gguf") or ""
    if model and not Path(model).is_absolute():
        # What a relative path is of, a request does not say: hooks do not look at the machine.
        raise UsageError(f"--gguf {model!r} is no absolute path", 'for example: --gguf "$PWD/FILE"')
    return model
