# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Certificates and indexes of a build: what is accepted, and what the errors advise."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

AUTHORITY = trustme.CA()
PEM = AUTHORITY.cert_pem.bytes()
DER = ssl.PEM_cert_to_DER_cert(PEM.decode())
KEY = AUTHORITY.private_key_pem.bytes()
PKCS7 = bytes.fromhex("3082010006092a864886f70d010702a0820100") + bytes(range(256))
PKCS12 = bytes.fromhex("3082010002010330820100") + bytes(range(256))


def dry_run(cli, *options):
    return cli("build", "none", *options, "--dry-run")


@pytest.mark.parametrize(
    "content",
    [PEM, PEM * 3, b"# Acme's authority\n" + PEM, PEM.replace(b"\n", b"\r\n"), PEM.rstrip()],
    ids=["one", "several", "a comment", "line ends of Windows", "no last line end"],
)
def test_certificates_in_pem_format_are_accepted(cli, tmp_path, content):
    file = tmp_path / "ca.pem"
    file.write_bytes(content)

    assert dry_run(cli, "--ca-bundle", str(file)).status == 0


WRONG = {
    "empty": (b"", "is empty", ""),
    "blank": (b" \n\n", "is empty", ""),
    "DER": (DER, "is in DER format", "openssl x509 -inform DER -in"),
    "PKCS#7": (PKCS7, "is in PKCS#7 format", "openssl pkcs7 -inform DER -print_certs -in"),
    "PKCS#7 in PEM": (b"-----BEGIN PKCS7-----\n", "is in PKCS#7", "openssl pkcs7 -print_certs"),
    "PKCS#12": (PKCS12, "is in PKCS#12 format", "openssl pkcs12 -nokeys -in"),
    "trusted": (
        PEM.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE"),
        "OpenSSL's format 'trusted'",
        "openssl x509 -in",
    ),
    "a key": (KEY, "contains a private key", ""),
    "a key beside it": (PEM + KEY, "contains a private key", "openssl storeutl -certs"),
    "a request": (b"-----BEGIN CERTIFICATE REQUEST-----\nAA==\n", "a request", ""),
    "a page": (b"<html>Sign in</html>", "has no certificate", ""),
    "cut off": (PEM[:-40], "cut off or damaged", ""),
    "the second cut off": (PEM + PEM[:-40], "cut off or damaged", ""),
    "damaged": (PEM[:60] + b"\n!!!" + PEM[64:], "cut off or damaged", ""),
}


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("given", ["--ca-bundle", "--secret", "SSL_CERT_FILE"])
def test_other_files_are_refused_with_the_command_that_converts_them(
    cli, tmp_path, monkeypatch, what, given
):
    content, reason, command = WRONG[what]
    file = tmp_path / "my ca"
    file.write_bytes(content)
    options = {
        "--ca-bundle": ("--ca-bundle", str(file)),
        "--secret": ("--secret", f"id=ca-bundle,src={file}"),
        "SSL_CERT_FILE": (),
    }
    if given == "SSL_CERT_FILE":
        monkeypatch.setenv("SSL_CERT_FILE", str(file))

    result = dry_run(cli, *options[given])

    assert result.status == 2
    assert reason in result.err
    assert command in result.err
    assert given in result.err
    assert len(result.err.splitlines()) == 2
    if command:
        assert f"'{file}'" in result.err


CERTIFICATES = """
from dynamo_container.api import BuildSecret, hookimpl

@hookimpl
def dynamo_container_secrets(request):
    yield BuildSecret(id="ca-bundle", path="/etc/acme/ca.pem")
"""


@pytest.mark.parametrize("given", ["--ca-bundle", "--secret", "SSL_CERT_FILE"])
def test_certificates_of_the_user_are_added_to_those_of_a_plugin(
    cli, site, tmp_path, monkeypatch, given
):
    site.install("acme-certificates", CERTIFICATES)
    file = tmp_path / "mine.pem"
    file.write_bytes(PEM)
    options = {
        "--ca-bundle": ("--ca-bundle", str(file)),
        "--secret": ("--secret", f"id=ca-bundle,src={file}"),
        "SSL_CERT_FILE": (),
    }
    if given == "SSL_CERT_FILE":
        monkeypatch.setenv("SSL_CERT_FILE", str(file))

    secrets = serving_secrets(dry_run(cli, *options[given]))

    assert f"id=ca-bundle,src={file}" in secrets
    assert "id=overlay-ca-bundle,src=/etc/acme/ca.pem" in secrets


def test_certificates_of_a_plugin_alone_keep_their_id(cli, site):
    site.install("acme-certificates", CERTIFICATES)

    assert "id=ca-bundle,src=/etc/acme/ca.pem" in serving_secrets(dry_run(cli))


def serving_secrets(result) -> list[str]:
    assert result.status == 0, result.err
    target = result.definition["target"]
    return next(one["secret"] for one in target.values() if one["target"] == "serving")


UNPROTECTED = {
    "--index-url": "http://packages.example:8080/simple",
    "--extra-index-url": "http://packages.example:8080/simple",
    "with credentials": "http://u:p4ss@packages.example:8080/simple",
    "in capitals": "HTTP://packages.example:8080/simple",
}


@pytest.mark.parametrize("what", UNPROTECTED)
def test_an_index_without_tls_is_refused_unless_its_host_is_trusted(cli, what):
    flag = what if what.startswith("--") else "--index-url"
    words = (flag, UNPROTECTED[what])

    refused = dry_run(cli, *words)
    assert refused.status == 2
    assert "is not protected" in refused.err
    assert "--trusted-host packages.example:8080" in refused.err
    assert "p4ss" not in refused.err

    for host in ("packages.example", "packages.example:8080"):
        accepted = dry_run(cli, *words, "--trusted-host", host)
        assert accepted.status == 0, accepted.err
        targets = accepted.definition["target"].values()
        hosts = {one["target"]: one.get("args", {}).get("TRUSTED_HOSTS") for one in targets}
        assert {hosts[name] for name in ("tools", "wheels", "serving")} == {host}


@pytest.mark.parametrize("host", ["other.example", "packages.example:80", "example"])
def test_trust_in_another_host_does_not_count(cli, host):
    words = ("--index-url", UNPROTECTED["--index-url"], "--trusted-host", host)

    assert dry_run(cli, *words).status == 2


@pytest.mark.parametrize("host", ["http://packages.example", "a b", "", "*", "x:y"])
def test_a_trusted_host_is_a_host(cli, host):
    assert dry_run(cli, "--trusted-host", host).status == 2


def test_the_index_of_tensorrt_llm_is_protected_too(cli):
    words = ("build", "trtllm", "--tensorrtllm-index-url", "http://packages.example/simple")

    assert "is not protected" in cli(*words, "--dry-run").err
    assert cli(*words, "--trusted-host", "packages.example", "--dry-run").status == 0


def test_a_file_that_cannot_be_read_is_an_error_of_two_lines(cli, tmp_path: Path):
    result = dry_run(cli, "--ca-bundle", str(tmp_path / "missing.pem"))

    assert result.status == 2
    assert len(result.err.splitlines()) == 2
