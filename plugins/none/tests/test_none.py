# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin `none`: what it says about releases."""

from __future__ import annotations

import pytest
from dynamo_container.model.toml import read_toml
from dynamo_container_none import plugin


def values(cli, *words: str) -> dict[str, str]:
    """The plan's values by kind and key."""
    plan = cli.ok("explain", "build", "none", "--target", "runtime", *words, "--json").json[
        "images"
    ][0]
    return {f"{one['kind']} {one['key']}": one["value"] for one in plan["values"]}


def test_the_default_release_is_1_4_2_as_of_two_days_after_it(cli):
    said = values(cli)

    assert said["pin ai-dynamo"] == "1.4.2"
    assert said["build-arg REQUIREMENTS"] == "ai-dynamo==1.4.2 nixl-cu13==1.3.2"
    assert said["build-arg RESOLVE_AS_OF"] == "2026-08-30T00:00:00Z"
    assert said["base-image runtime"] == "ubuntu:24.04"
    assert said["label ai.dynamo.container.dynamo"] == "1.4.2"
    assert "build-arg EXTRA_PACKAGES" not in said


def test_with_kvbm_the_nixl_of_the_row_stays(cli):
    """Its wheel asks for another one, and without this nothing resolves."""
    said = values(cli, "--enable-kvbm")

    assert said["pin kvbm"] == "1.4.2"
    assert said["build-arg OVERRIDES"] == "torch; python_version < '0'|nixl[cu13]==1.3.2"


def test_releases_before_0_8_bring_etcd_and_nats(cli):
    said = values(cli, "--dynamo-version", "0.7.1")

    assert said["build-arg EXTRA_PACKAGES"] == "etcd-server nats-server"
    assert said["pin ai-dynamo"] == "0.7.1"


def test_a_release_that_is_not_in_the_table_is_told_and_takes_packages_as_of_today(cli):
    result = cli.ok("--quiet", "explain", "build", "none", "--dynamo-version", "9.0", "--json")

    assert "warning: Dynamo 9.0 is not in this plugin's table" in result.err
    (image,) = result.json["images"]
    said = {one["key"]: one["value"] for one in image["values"]}
    assert said["ai-dynamo"] == "9.0"
    assert "RESOLVE_AS_OF" not in said


@pytest.mark.parametrize(("day", "argument"), [("2026-09-01", "2026-09-01"), ("none", "")])
def test_the_users_day_wins(cli, day, argument):
    assert values(cli, "--resolve-as-of", day)["build-arg RESOLVE_AS_OF"] == argument


def test_every_row_of_the_table_plans(cli):
    for row in read_toml(plugin.HERE / "releases.toml")["release"]:
        said = values(cli, "--dynamo-version", row["dynamo"])
        assert said["build-arg REQUIREMENTS"] == f"ai-dynamo=={row['dynamo']} {row['wheels'][0]}"
        assert said["build-arg RESOLVE_AS_OF"] > f"{row['released']}"
