#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Write a tiny model with weights from a seed, so that its answers are the same on every machine.

    python scripts/seeded_model.py DIRECTORY

It is a Qwen3 of two layers with the tokenizer of `tiny_model`. Its heads have 64 elements, fewer of
which vLLM's kernels for CPUs refuse.
"""

from __future__ import annotations

import json
import random
import struct
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tiny_model

SEED = 15
HIDDEN, INTERMEDIATE, LAYERS, HEADS, KEY_VALUE_HEADS, HEAD = 256, 512, 2, 4, 2, 64
# Wide enough that the most probable token is so by far.
DEVIATION = 0.1


def config(base: dict[str, Any]) -> dict[str, Any]:
    """Return the model's configuration, from that of the model without weights."""
    return {
        **base,
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "hidden_size": HIDDEN,
        "intermediate_size": INTERMEDIATE,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KEY_VALUE_HEADS,
        "head_dim": HEAD,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
        "hidden_act": "silu",
    }


def shapes(vocabulary: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield each tensor's name and shape; those with one dimension are norms."""
    queries, keys = HEADS * HEAD, KEY_VALUE_HEADS * HEAD
    yield "model.embed_tokens.weight", (vocabulary, HIDDEN)
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}"
        yield f"{prefix}.input_layernorm.weight", (HIDDEN,)
        yield f"{prefix}.self_attn.q_proj.weight", (queries, HIDDEN)
        yield f"{prefix}.self_attn.k_proj.weight", (keys, HIDDEN)
        yield f"{prefix}.self_attn.v_proj.weight", (keys, HIDDEN)
        yield f"{prefix}.self_attn.o_proj.weight", (HIDDEN, queries)
        yield f"{prefix}.self_attn.q_norm.weight", (HEAD,)
        yield f"{prefix}.self_attn.k_norm.weight", (HEAD,)
        yield f"{prefix}.post_attention_layernorm.weight", (HIDDEN,)
        yield f"{prefix}.mlp.gate_proj.weight", (INTERMEDIATE, HIDDEN)
        yield f"{prefix}.mlp.up_proj.weight", (INTERMEDIATE, HIDDEN)
        yield f"{prefix}.mlp.down_proj.weight", (HIDDEN, INTERMEDIATE)
    yield "model.norm.weight", (HIDDEN,)
    yield "lm_head.weight", (vocabulary, HIDDEN)


def weights(vocabulary: int) -> bytes:
    """Return the content of a file `model.safetensors`."""
    numbers = random.Random(SEED)  # noqa: S311  # reproducible on purpose
    header: dict[str, object] = {}
    data = b""
    for name, shape in shapes(vocabulary):
        if len(shape) == 1:
            values = array("f", [1.0]) * shape[0]
        else:
            count = shape[0] * shape[1]
            values = array("f", (numbers.uniform(-1, 1) * 2 * DEVIATION for _ in range(count)))
        content = values.tobytes()
        offsets = [len(data), len(data) + len(content)]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": offsets}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def write(directory: Path) -> None:
    """Write the model's files into a directory; create it if it does not exist."""
    tiny_model.write(directory)
    path = directory / "config.json"
    base = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(config(base), indent=2), encoding="utf-8")
    (directory / "model.safetensors").write_bytes(weights(base["vocab_size"]))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
