# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What the options reach, if a project file sets them."""

from __future__ import annotations

import click
import pytest
from dynamo_container.cli.build import command as build
from dynamo_container.cli.run import command as run
from dynamo_container.cli.serve import command as serve
from dynamo_container.options.reach import HARMLESS, REACHES, requires_trust

COMMANDS: list[tuple[str, click.Command]] = [("build", build), ("run", run), ("serve", serve)]


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=["build", "run", "serve"])
def test_every_option_is_classified(name, command):
    """A new option belongs into one of the tables of options/reach.py, and no old one stays."""
    options = {param.name for param in command.params if isinstance(param, click.Option)}

    # The command line alone sets `--trust`.
    classified = HARMLESS[name] | REACHES[name].keys()
    assert options - {"trust"} == classified, (
        f"classify in options/reach.py: {options ^ classified}"
    )
    assert HARMLESS[name] & REACHES[name].keys() == set()


@pytest.mark.parametrize("command", ["build", "run", "serve"])
def test_an_option_that_is_not_classified_requires_trust(command):
    assert requires_trust(command, "brand_new")
