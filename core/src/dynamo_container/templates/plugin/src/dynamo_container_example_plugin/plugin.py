# SPDX-License-Identifier: Apache-2.0
"""What the image is made of, and how it is run.

A `ServingPlugin` states facts as class attributes. If the engine differs in more than facts, override
a hook: a pure function that returns values. Hooks are called for a dry run too, so leave everything
that asks the network or the machine to a step of the Dockerfile.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dynamo_container.api import ServingPlugin


class Plugin(ServingPlugin):
    """example-plugin on NVIDIA Dynamo."""

    name, folder = "example-plugin", Path(__file__).parent
    summary = "example-plugin on Dynamo"
    default_target = "runtime"

    # Packages of the distribution that the engine needs; its wheels are in releases.toml.
    system_packages = ()

    # If the engine compiles kernels at run time, the folder below ~/.cache that keeps them. The image
    # then has a compiler too.
    cache = ""

    # GPUs of a container that serves a model: `serve.py` needs none. Without this line, it is 1.
    worker_gpus = 0

    # Modules that `dynamo-container check` imports in the image.
    modules = (("dynamo.llm",),)


plugin: Final = Plugin()
