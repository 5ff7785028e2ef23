# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Checks and readiness that plugins share."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Final

from dynamo_container.model import requests, values
from dynamo_container.model.names import CUDA, PINS_LABEL, TORCH_CUDA

# A local version is ignored: `2.11.0+cu130` is installed for the pin `2.11.0`. So are zeros at the
# end: `13.0.3.0` is installed for `13.0.3`.
_AS_PINNED: Final = """
import importlib.metadata, re, sys
def release(version):
    return re.sub(r"(\\.0)+$", "", version.partition("+")[0])
errors = []
for name, planned in (pin.split("==") for pin in sys.argv[1:]):
    try:
        installed = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        errors.append(f"{name} {planned} is not installed")
        continue
    if release(installed) != release(planned):
        errors.append(f"{name} is {installed}, but the plan has {planned}")
sys.exit("\\n".join(errors) or None)
"""
_TORCH_CUDA: Final = """
import sys, torch
built = torch.version.cuda
sys.exit(None if built == sys.argv[1] else f"PyTorch is built for CUDA {built}, not {sys.argv[1]}")
"""
_IF_INSTALLED: Final = """
import importlib, importlib.util, sys
for name in filter(importlib.util.find_spec, sys.argv[1:]):
    importlib.import_module(name)
"""
# Output without this line means that uv did not look at any package, whatever its exit status.
_UV_PIP_CHECK: Final = """
report=$(uv pip check 2>&1)
grep --quiet '^Checked ' <<<"$report" || { echo "$report"; exit 1; }
"""
# A model of two layers without weights: engines make those up ("dummy"), and accept token IDs.
_TINY_MODEL: Final = """
import json, pathlib, tempfile
model = tempfile.mkdtemp()
pathlib.Path(model, "config.json").write_text(json.dumps({
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "float16",
    "hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 4, "vocab_size": 512,
    "max_position_embeddings": 256, "bos_token_id": 1, "eos_token_id": 2,
}))
prompt = [1, 5, 7]
"""


def serves_a_model() -> values.Readiness:
    """Wait until a server of the container lists a model, on whichever port. Requires Python."""
    return values.Readiness(serves="model")


def component_is_ready(*words: str) -> values.Readiness:
    """Wait until what a command starts is ready: a frontend that answers, a worker whose system
    server (`DYN_SYSTEM_PORT`) is healthy; for anything else, such as a script, a model.

    Args:
        words: of the command: `python -m dynamo.frontend`.
    """
    for option, module in itertools.pairwise(words):
        if option == "-m" and module.startswith("dynamo."):
            frontend = module == "dynamo.frontend"
            return values.Readiness(serves="frontend" if frontend else "worker")
    return serves_a_model()


def imports(*modules: str) -> values.Check:
    """Check that these modules can be imported."""
    names = ", ".join(modules)
    return values.Check(name=f"import {names}", argv=("python", "-c", f"import {names}"))


def imports_if_installed(*modules: str) -> values.Check:
    """Check that those of these top-level modules that the image has can be imported."""
    names = ", ".join(modules)
    argv = ("python", "-c", _IF_INSTALLED, *modules)
    return values.Check(name=f"import {names}, if installed", argv=argv)


def entry_points(*modules: str) -> values.Check:
    """Check that what these modules import when they are started is installed, and that no native
    library of it lacks another one. Nothing is imported, so engines need no GPU for it.
    """
    argv = ("python", "-c", _script("entry-points"), *modules)
    name = f"imports and libraries of {', '.join(modules)}"
    return values.Check(name=name, argv=argv, reports=True)


def generates_a_token(script: str) -> values.Check:
    """Check that the engine generates a token on a GPU.

    Args:
        script: Python code that raises if the engine does not generate one. It finds the variables
            `model`, a directory with the configuration of a tiny model and no weights, and
            `prompt`, a list of token IDs.
    """
    argv = ("python", "-c", f"{_TINY_MODEL}{script}")
    return values.Check(name="generate a token with a tiny model", argv=argv, needs_gpu=True)


def packages_agree(*excluded: str, overrides: tuple[values.Override, ...] = ()) -> values.Check:
    """Check that the requirements of every package are met, according to `uv pip check`.

    Args:
        excluded: packages that may be missing, or of another version than is required.
        overrides: what the release overrides: further such packages, which the check's name states
            with their reasons.
    """
    agree = "! grep --extended-regexp ' requires | is broken ' <<<\"$report\""
    for package in dict.fromkeys((*excluded, *(override.name for override in overrides))):
        agree += f" | grep --invert-match --extended-regexp ' requires `{package}[^a-z0-9_-]'"
    name = _with_reasons("packages agree", overrides)
    return values.Check(name=name, argv=("bash", "-c", f"{_UV_PIP_CHECK}{agree}"))


def fits_engine(*excluded: str, overrides: tuple[values.Override, ...] = ()) -> values.Check:
    """Check that what Dynamo's own packages require is installed, in an image that has Dynamo
    beside the engine of another image (`--engine-image`).

    Args:
        excluded: packages that may be missing, or of another version than is required.
        overrides: what the release overrides: further such packages.
    """
    names = dict.fromkeys((*excluded, *(override.name for override in overrides)))
    name = _with_reasons("Dynamo's packages agree with those of the engine", overrides)
    return values.Check(name=name, argv=("python", "-c", _script("fits-engine"), *names))


def _with_reasons(name: str, overrides: tuple[values.Override, ...]) -> str:
    reasons = (f"{override.name} ({override.reason})" for override in overrides if override.reason)
    return ", except ".join(filter(None, (name, ", ".join(reasons))))


def _script(name: str) -> str:
    return (Path(__file__).parent / "scripts" / name).read_text(encoding="utf-8")


def as_pinned(request: requests.CheckRequest) -> tuple[values.Check, ...]:
    """Check that packages have the versions in the image's label; nothing without that label."""
    pins = dict(pin.split("==") for pin in request.image_info.label(PINS_LABEL).split())
    torch = pins.pop(TORCH_CUDA, "")
    pins.pop(CUDA, None)
    checks = []
    if pins:
        argv = tuple(f"{name}=={version}" for name, version in pins.items())
        checks.append(
            values.Check(name="versions match the plan", argv=("python", "-c", _AS_PINNED, *argv))
        )
    if torch:
        checks.append(
            values.Check(
                name=f"PyTorch is built for CUDA {torch}",
                argv=("python", "-c", _TORCH_CUDA, torch),
            )
        )
    return tuple(checks)
