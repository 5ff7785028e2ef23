# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What the images of several plugins have in common: checks, and how a container is ready."""

from __future__ import annotations

from typing import Final

from dynamo_container.model.names import PINS_LABEL, TORCH_CUDA
from dynamo_container.model.requests import CheckRequest
from dynamo_container.model.values import Check, Readiness

# What a pin's own version says may be more than what it asks for: a local version (`2.11.0+cu130`).
_AS_PINNED: Final = """
import importlib.metadata, sys
wrong = []
for name, version in (pin.split("==") for pin in sys.argv[1:]):
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        found = "none"
    if found.partition("+")[0] != version.partition("+")[0]:
        wrong.append(f"{name}: {version} was planned, {found} is installed")
sys.exit("\\n".join(wrong) or None)
"""
_TORCH_CUDA: Final = """
import sys, torch
found = torch.version.cuda
sys.exit(None if found == sys.argv[1] else f"PyTorch is built for CUDA {found}, not {sys.argv[1]}")
"""
# What says nothing of packages did not look at any, whatever its status.
_UV_PIP_CHECK: Final = """
said=$(uv pip check 2>&1)
grep --quiet '^Checked ' <<<"$said" || { echo "$said"; exit 1; }
"""
# A model of two layers without weights: an engine makes them up ("dummy"), and takes token IDs.
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


def serves_a_model() -> Readiness:
    """A Dynamo frontend answers in the container, and knows a model."""
    url = "http://127.0.0.1:${DYN_HTTP_PORT:-8000}/v1/models"
    ask = f'curl --silent --fail --max-time 5 "{url}" | jq --exit-status ".data[0]"'
    return Readiness(argv=("sh", "-c", ask))


def imports(*modules: str) -> Check:
    """These modules can be imported."""
    names = ", ".join(modules)
    return Check(name=f"import {names}", argv=("python", "-c", f"import {names}"))


def generates_a_token(script: str) -> Check:
    """The engine generates one token on a GPU.

    Args:
        script: Python that has `model`, a directory with the configuration of a tiny model and
            nothing else, and `prompt`, a list of token IDs; it raises where no token comes.
    """
    argv = ("python", "-c", f"{_TINY_MODEL}{script}")
    return Check(name="a token from a tiny model", argv=argv, needs_gpu=True)


def packages_agree(*left_out: str) -> Check:
    """Every package has what it asks for, as `uv pip check` sees it.

    Args:
        left_out: packages that may be missing or of another version than somebody asks for.
    """
    agree = "! grep --extended-regexp ' requires | is broken ' <<<\"$said\""
    for package in left_out:
        agree += f" | grep --invert-match --extended-regexp ' requires `{package}[^a-z0-9_-]'"
    return Check(name="packages agree", argv=("bash", "-c", f"{_UV_PIP_CHECK}{agree}"))


def as_pinned(request: CheckRequest) -> tuple[Check, ...]:
    """The packages have the versions of the plan, as the image's label has them; nothing to check
    where it has no such label.
    """
    pins = dict(pin.split("==") for pin in request.image_info.label(PINS_LABEL).split())
    torch = pins.pop(TORCH_CUDA, "")
    pins.pop("cuda", None)
    checks = []
    if pins:
        words = tuple(f"{name}=={version}" for name, version in pins.items())
        checks.append(
            Check(name="versions are the plan's", argv=("python", "-c", _AS_PINNED, *words))
        )
    if torch:
        checks.append(
            Check(name=f"PyTorch is of CUDA {torch}", argv=("python", "-c", _TORCH_CUDA, torch))
        )
    return tuple(checks)
