# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Split a command line that is not complete, as bash would."""

from __future__ import annotations

import shlex


def split(line: str) -> list[str]:
    """Return the words up to the cursor, the last of which is the current one, perhaps empty.

    A quote that is not closed yet reaches to the end.
    """
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        for word in lexer:
            words.append(word)  # noqa: PERF402  # those before an error are kept
    except ValueError:
        return [*words, lexer.token.lstrip("\"'")]
    ends_in_word = line[-1:] not in ("", " ", "\t", "\n") or line.endswith("\\ ")
    return words if words and ends_in_word else [*words, ""]
