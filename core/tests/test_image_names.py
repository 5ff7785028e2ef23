# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Commands about images, given something that names none: no engine is asked for it."""

from __future__ import annotations

import pytest
from dynamo_container.docker import engine
from dynamo_container.errors import UsageError

COMMANDS = (
    "size {}", "sbom {}", "notices {}", "check {}",
    "diff {} an/image:1", "diff an/image:1 {}", "reproduce {}", "reproduce an/image:1 {}",
)  # fmt: skip
# Bytes that are not characters, options of docker, escapes, and what no image is called.
NAMES = (
    "\udcff", "caf\udcc3", "--privileged", "-v/:/host", "--output=/etc/passwd", "x\x1b[2J",
    "x\nbuild succeeded", "../../containers/json", "x y", "x?force=1", "Ü", "x@sha256:1",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:20]))
@pytest.mark.parametrize("command", COMMANDS)
def test_what_names_no_image_is_refused(cli, command, name):
    verb, *words = command.split()
    result = cli(verb, "--", *(name if word == "{}" else word for word in words))

    assert result.status == UsageError.exit_status
    assert "is not a valid image reference" in result.err
    assert len(result.err.splitlines()) == 2
    assert result.err.replace("\n", "").isprintable()


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:20]))
def test_neither_does_a_lock_or_a_label_name_one(name):
    """What they name is inspected the same way."""
    with pytest.raises(UsageError, match="is not a valid image reference"):
        engine.inspect_image(name)
