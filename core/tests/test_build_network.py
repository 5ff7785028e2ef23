# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The network of build steps, what they cannot reach, and settings that they do not read."""

from __future__ import annotations

from pathlib import Path

import pytest
from dynamo_container.docker import buildx
from dynamo_container.errors import EngineError
from dynamo_container.host import tool_settings
from dynamo_container.options.loopback import is_loopback

BUILD = ("build", "none", "--target", "runtime", "--dry-run")


@pytest.fixture(autouse=True)
def machine(monkeypatch, tmp_path) -> Path:
    """A user without settings of pip or uv, and without proxies; the user's home."""
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE", "UV_CONFIG_FILE",
                 "UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "NETRC",
                 "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "http_proxy",
                 "https_proxy", "ftp_proxy", "all_proxy"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tool_settings, "_INDEX_FILES", ("{config}/pip/pip.conf", "{home}/uv.toml"))
    monkeypatch.setattr(tool_settings, "caller_home", lambda: str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    home: Path = tmp_path
    return home


def test_every_step_gets_the_network_and_the_hosts(cli):
    words = ("--network", "host", "--add-host", "a:10.0.0.1", "--add-host", "a:::1")

    result = cli.ok(*BUILD, *words)

    assert "docker buildx bake --allow network.host --progress" in result.out
    for target in result.definition["target"].values():
        assert target["network"] == "host"
        assert target["extra-hosts"] == {"a": "10.0.0.1,::1"}


@pytest.mark.parametrize("words", [(), ("--network", "default")])
def test_by_default_the_builder_decides(cli, words):
    result = cli.ok(*BUILD, *words)

    assert "--allow" not in result.out
    assert "network" not in result.out
    assert not any("extra-hosts" in target for target in result.definition["target"].values())


def test_steps_without_a_network_need_no_permission(cli):
    result = cli.ok(*BUILD, "--network", "none")

    assert "--allow" not in result.out
    assert {target["network"] for target in result.definition["target"].values()} == {"none"}


@pytest.mark.parametrize("words", [("--network", "bridge"), ("--add-host", "nonsense")])
def test_what_buildkit_cannot_do_is_an_error(cli, words):
    assert cli(*BUILD, *words).status == 2


@pytest.mark.parametrize(
    ("version", "fits"), [("0.13.1+ds1", False), ("0.24.0", False), ("0.25.0", True), ("dev", True)]
)
def test_an_older_buildx_that_would_ignore_the_option_is_an_error(monkeypatch, version, fits):
    monkeypatch.setattr(buildx, "version", lambda: version)
    if fits:
        buildx.require_version("0.25", "--add-host")
        return
    with pytest.raises(EngineError, match=r"--add-host requires buildx 0\.25 or newer") as raised:
        buildx.require_version("0.25", "--add-host")
    assert "docker buildx create" in raised.value.next_step


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("https://127.0.0.1/simple", True),
        ("http://127.1.2.3:3128", True),
        ("http://user:s3cret@localhost:3128", True),
        ("http://[::1]:3128", True),
        ("localhost:3128", True),
        ("https://127.example.com", False),
        ("https://10.0.0.1:8080", False),
        ("https://localhost.example.com", False),
        ("http://[nonsense", False),
        ("", False),
    ],
)
def test_loopback_addresses_are_recognized(url, loopback):
    assert is_loopback(url) is loopback


def test_a_proxy_or_an_index_on_the_own_address_is_a_warning_without_its_password(cli, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://user:s3cret@127.0.0.1:3128")
    words = (
        "--index-url",
        "https://localhost:8000/simple",
        "--build-arg",
        "HTTP_PROXY=127.0.0.1:1",
    )

    warned = cli.ok(*BUILD, *words).err

    for name in ("--index-url", "https_proxy", "HTTP_PROXY"):
        assert f"warning: {name} is on this machine's own address" in warned
    assert "--network host" in warned
    assert "s3cret" not in warned
    assert "own address" not in cli.ok(*BUILD, *words, "--network", "host").err


def test_a_proxy_elsewhere_causes_no_warning(cli, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")

    assert "own address" not in cli.ok(*BUILD).err


def test_indexes_of_pip_and_uv_are_not_read_and_that_is_mentioned_once(cli, machine, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:s3cret@pip.example/simple")
    (machine / ".config" / "pip").mkdir(parents=True)
    (machine / ".config" / "pip" / "pip.conf").write_text("[global]\nindex-url = https://x\n")
    (machine / "uv.toml").write_text('[[index]]\nurl = "https://x"\n')

    result = cli.ok(*BUILD)

    assert result.err.count("is not used by builds") == 1
    for name in ("PIP_INDEX_URL", "pip.conf", "uv.toml", "--index-url"):
        assert name in result.err
    assert "s3cret" not in result.err
    assert "pip.example" not in result.out
    assert "not used" not in cli.ok(*BUILD, "--index-url", "https://mine.example/simple").err


def test_settings_about_other_things_than_indexes_are_not_mentioned(cli, machine):
    (machine / "uv.toml").write_text('cache-dir = "/x"\nindex-strategy = "first-index"\n')

    assert "not used" not in cli.ok(*BUILD).err


def test_a_netrc_file_is_mentioned_if_an_index_could_need_it(cli, machine):
    netrc = machine / ".netrc"
    netrc.write_text("machine x login y password z\n")
    index = ("--index-url", "https://mine.example/simple")

    assert f"--secret id=netrc,src={netrc}" in cli.ok(*BUILD, *index).err
    assert "netrc" not in cli.ok(*BUILD).err
    assert "netrc" not in cli.ok(*BUILD, "--index-url", "https://u:p@mine.example/simple").err
    given = ("--secret", f"id=netrc,src={netrc}")
    assert "is not used" not in cli.ok(*BUILD, *index, *given).err


def test_pushed_layers_are_compressed_with_zstd_unless_the_user_says_otherwise(cli):
    push = (*BUILD, "--push", "--repository", "registry.example/team/dynamo")

    for words, wanted in (((), "zstd"), (("--compression", "gzip"), "gzip,force-compression=true")):
        target = cli.ok(*push, *words).definition["target"]["none-runtime"]
        assert target["output"] == [f"type=registry,compression={wanted},oci-mediatypes=true"]
    refused = cli(*BUILD, "--compression", "gzip")
    assert refused.status == 2
    assert "--compression requires --push" in refused.err
