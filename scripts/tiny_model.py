#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Write a tiny model without weights: the files that Dynamo's frontend and mocker read.

    python scripts/tiny_model.py DIRECTORY

The tokenizer has a token for every byte, a few special tokens, and made-up words: the mocker
answers with random tokens between 1000 and 2000, and words make that answer readable.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

SPECIAL = ("<|bos|>", "<|eos|>", "<|user|>", "<|assistant|>")
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>"
    "{{ message['content'] }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def byte_alphabet() -> list[str]:
    """Return the 256 characters that stand for bytes in byte-level BPE, as in GPT-2."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [chr(code) for code in printable] + [chr(0x100 + n) for n in range(256 - len(printable))]


def words() -> list[str]:
    """Return 2,000 words of two syllables, each after the `Ġ` that stands for a space."""
    syllables = [consonant + vowel for consonant in "bdfgklmnprst" for vowel in "aeiou"]
    return [f"Ġ{first}{second}" for first in syllables for second in syllables][:2000]


def files() -> dict[str, object]:
    """Return the content of the model's JSON files, by file name."""
    vocabulary = {
        token: index for index, token in enumerate([*SPECIAL, *byte_alphabet(), *words()])
    }
    added = [
        {"id": vocabulary[token], "content": token, "special": True, "single_word": False,
         "lstrip": False, "rstrip": False, "normalized": False}
        for token in SPECIAL
    ]  # fmt: skip
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    }
    ends = {"bos_token_id": vocabulary["<|bos|>"], "eos_token_id": vocabulary["<|eos|>"]}
    return {
        "tokenizer.json": {
            "version": "1.0",
            "added_tokens": added,
            "pre_tokenizer": byte_level,
            "decoder": byte_level,
            "model": {"type": "BPE", "vocab": vocabulary, "merges": []},
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": "<|bos|>",
            "eos_token": "<|eos|>",
            "model_max_length": 2048,
            "chat_template": TEMPLATE,
        },
        "config.json": {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_attention_heads": 4,
            "num_hidden_layers": 2,
            "num_key_value_heads": 4,
            "max_position_embeddings": 2048,
            "vocab_size": len(vocabulary),
            "torch_dtype": "float32",
            **ends,
        },
        "generation_config.json": ends,
    }


def write(directory: Path) -> None:
    """Write the model's files into a directory; create it if it does not exist."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        (directory / name).write_text(json.dumps(content, indent=2), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
