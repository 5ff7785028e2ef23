# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Write a tiny model for llama.cpp, for the tests of the example `llama-cpp`. It answers with
random words from its own vocabulary.

    python scripts/tiny_gguf.py FILE
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import gguf
import numpy as np

WORDS: Final = ("a", "answers", "inference", "is", "model", "that", "what")
_WIDTH: Final = 64
_HEADS: Final = 4
_CONTEXT: Final = 512
# Before the words: three control tokens, and one for each byte, to encode all other text.
_SPECIAL: Final = ("<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)))


def write(path: Path) -> None:
    """Write the model: a single layer of Llama's architecture with random weights."""
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name(path.stem)
    writer.add_context_length(_CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(2 * _WIDTH)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    _add_tokenizer(writer)
    _add_weights(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_tokenizer(writer: gguf.GGUFWriter) -> None:
    kinds = gguf.TokenType
    tokens = [*_SPECIAL, *(f"\N{LOWER ONE EIGHTH BLOCK}{word}" for word in WORDS)]
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(
        [kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL]
        + [kinds.BYTE] * 256
        + [kinds.NORMAL] * len(WORDS)
    )
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template("{% for message in messages %}{{ message['content'] }}{% endfor %}")


def _add_weights(writer: gguf.GGUFWriter) -> None:
    random = np.random.default_rng(0)

    def add(name: str, *shape: int) -> None:
        weights = random.standard_normal(shape) * 0.1
        writer.add_tensor(f"{name}.weight", weights.astype(np.float32))

    def add_norm(name: str) -> None:
        writer.add_tensor(f"{name}.weight", np.ones(_WIDTH, np.float32))

    tokens = len(_SPECIAL) + len(WORDS)
    add("token_embd", tokens, _WIDTH)
    # All other tokens get a weight of 0, so that the model chooses words.
    output = random.standard_normal((tokens, _WIDTH)).astype(np.float32)
    output[: len(_SPECIAL)] = 0
    writer.add_tensor("output.weight", output)
    add_norm("output_norm")
    for name in ("attn_norm", "ffn_norm"):
        add_norm(f"blk.0.{name}")
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        add(f"blk.0.{name}", _WIDTH, _WIDTH)
    for name in ("ffn_gate", "ffn_up"):
        add(f"blk.0.{name}", 2 * _WIDTH, _WIDTH)
    add("blk.0.ffn_down", _WIDTH, 2 * _WIDTH)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
