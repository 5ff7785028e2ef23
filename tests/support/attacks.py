# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Text that attacks a terminal or forges a message, and what may be left of it."""

from __future__ import annotations

import re

# A line that is not ours, if it stands alone.
FORGED = "build succeeded"
# Clear the screen, set the title, write the clipboard (OSC 52), a link (OSC 8), C1 control
# sequences, a forged line, an overwritten line, a reversed direction of writing, an undecoded byte,
# a delete character, line ends of other systems, invisible tags.
ATTACKS = (
    "\x1b[2J", "\x1b]0;title\x07", "\x1b]52;c;cm0gLXJm\x1b\\", "\x1b]8;;http://evil\x1b\\",
    "\x9b31m", "\x9d0;title\x9c", f"\n{FORGED}", f"\r{FORGED}", f"\r\n{FORGED}\n", "\u202e",
    "\u2066", "\udcff", "\x7f", "\0", f"\u2028{FORGED}", f"\x85{FORGED}", f"\x0b{FORGED}",
    "\U000e0001",
)  # fmt: skip
# All of them in one text.
EVERY_ATTACK = "".join(ATTACKS)
# What `rich` and click write themselves: colors, and links to files of this machine.
_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_LINK = re.compile(r"\x1b\]8;[^;\x1b]*;(?:file://[!-~]*)?\x1b\\")


def problems(text: str) -> list[str]:
    """Return the lines of a command's output that attack a terminal, or look like a line of ours.

    Line feeds end the lines of the output; nothing else does.
    """
    lines = [_LINK.sub("", _COLOR.sub("", line)) for line in text.split("\n")]
    return [line for line in lines if not line.isprintable() or line.startswith(FORGED)]
