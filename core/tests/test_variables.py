# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Variables of the environment: a misspelt one is reported."""

from __future__ import annotations

import pytest

BUILD = ("build", "none", "--target", "runtime", "--dry-run")


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("BUILD_BASE_IMGAE", "BUILD_BASE_IMAGE"),
        ("BIULD_BASE_IMAGE", "BUILD_BASE_IMAGE"),
        ("BUILD_TAGS", "BUILD_TAG"),
        ("BUILD_INDEXURL", "BUILD_INDEX_URL"),
        ("PLUGIN", "PLUGINS"),
        ("TRUSTED", "TRUST"),
        ("NOPLUGIN", "NO_PLUGIN"),
    ],
)
def test_a_misspelt_variable_is_a_warning_with_the_name_that_was_meant(
    cli, monkeypatch, variable, meant
):
    monkeypatch.setenv(f"DYNAMO_CONTAINER_{variable}", "s3cret")

    shown = cli.ok(*BUILD).err

    assert f"warning: the variable DYNAMO_CONTAINER_{variable} has no effect on 'build'" in shown
    assert f"did you mean DYNAMO_CONTAINER_{meant}?" in shown
    assert "s3cret" not in shown


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BUILD_BASE_IMAGE", "debian:12"),
        ("RUN_SHM_SIZE", "1G"),
        ("PLUGINS", "images,none"),
        ("QUIET", "1"),
        ("TEST_BASE_IMAGE", "debian:12"),
        ("BUILD_VLLM_REF", "main"),
        ("CHECK_JSON", "1"),
    ],
)
def test_a_variable_that_has_an_effect_here_or_elsewhere_is_not(cli, monkeypatch, variable, value):
    monkeypatch.setenv(f"DYNAMO_CONTAINER_{variable}", value)

    assert "has no effect" not in cli.ok(*BUILD).err


def test_a_variable_that_resembles_none_is_a_warning_too(cli, monkeypatch):
    monkeypatch.setenv("DYNAMO_CONTAINER_BUILD_COLOUR_OF_THE_SKY", "blue")

    assert "COLOUR_OF_THE_SKY has no effect on 'build'\n" in cli.ok(*BUILD).err
