# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The command `plugins`: what it imports, what it shows, and when it fails."""

from __future__ import annotations

import re
import sys


def test_plugins_list_imports_nothing_and_shows_problems_of_the_metadata(site, cli):
    site.install("acme-broken", "raise RuntimeError('imported')")
    site.install("acme-old", requires=("dynamo-container<0.1",))

    lines = cli.ok("plugins", "list").out.splitlines()

    assert "acme_broken" not in sys.modules
    (broken,) = (line for line in lines if line.startswith("acme-broken "))
    assert re.fullmatch(r"acme-broken +overlay +acme-broken 1\.0 +ok", broken)
    (old,) = (line for line in lines if line.startswith("acme-old "))
    assert "it requires dynamo-container<0.1" in old


def test_plugins_show_imports_only_the_plugin_that_it_shows(site, cli):
    site.framework("acme")
    site.install("acme-broken", "raise RuntimeError('imported')")

    shown = cli.ok("plugins", "show", "ACME-acme")

    assert re.search(r"hooks: +dynamo_container_framework  .*acme_acme/__init__\.py:7", shown.out)
    assert "acme_broken" not in sys.modules


def test_plugins_show_of_an_unknown_name_lists_the_installed_plugins(cli):
    result = cli("plugins", "show", "nonee")

    assert result.status == 2
    assert (
        "plugin 'nonee' not found\ndid you mean 'none'? installed plugins: images, " in result.err
    )


def test_plugins_check_imports_all_plugins_and_fails_if_one_is_broken(site, cli):
    site.framework("acme")
    site.install("acme-broken", "raise RuntimeError('bad wheel')", version="2.7")

    result = cli("plugins", "check")

    assert result.status == 4
    assert "importing all installed plugins" in result.err
    assert re.search(r"acme-broken 2\.7 +RuntimeError: bad wheel", result.out)
    assert re.search(r"acme-acme 1\.0 +ok", result.out)
    assert {"acme_acme", "dynamo_container_none.plugin"} <= set(sys.modules)


def test_plugins_check_of_one_plugin_ignores_the_other_ones(site, cli):
    site.framework("acme")
    site.install("acme-broken", "raise RuntimeError('bad wheel')")

    assert "acme-acme 1.0  ok" in cli.ok("plugins", "check", "acme").out
    assert cli("plugins", "check", "acme-broken").status == 4
    cli.ok("--no-plugin", "acme-broken", "plugins", "check")
