# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a build must not show: credentials of indexes, files of secrets."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from typing import Final

import click
from click.core import ParameterSource

from dynamo_container.cli.app import ENVIRONMENT
from dynamo_container.cli.paths import file
from dynamo_container.errors import UsageError
from dynamo_container.model.values import BuildSecret

_INDEX_VARIABLE: Final = f"{ENVIRONMENT}_BUILD_INDEX_URL"
EXTRA_INDEX_VARIABLE: Final = f"{ENVIRONMENT}_BUILD_EXTRA_INDEX_URL"
SECRET_IDS: Final = {_INDEX_VARIABLE: "index-url", EXTRA_INDEX_VARIABLE: "extra-index-url"}


def urls(words: Iterable[str]) -> tuple[str, ...]:
    """Each word may be several URLs, as in PIP_EXTRA_INDEX_URL."""
    return tuple(url for word in words for url in word.split())


def index_secrets(index: str, extra: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The variables that hold index URLs with credentials. A URL without any is a build argument
    and no secret.
    """
    found = []
    if "@" in index:
        found.append((_INDEX_VARIABLE, index))
    if any("@" in url for url in extra):
        found.append((EXTRA_INDEX_VARIABLE, " ".join(extra)))
    return tuple(found)


def without_credentials(url: str, option: str) -> str:
    """The URL without user and password.

    Raises:
        UsageError: something else in it may be a secret. The URL is not in the message.
    """
    if not url:
        return ""
    from urllib.parse import urlsplit

    hint = "for example: https://USER:PASSWORD@HOST/simple, signs in them percent-encoded; or netrc"
    try:
        parts = urlsplit(url)
        plain = parts._replace(netloc=parts.netloc.rpartition("@")[2])
        host = plain.hostname
    except ValueError:
        raise UsageError(f"{option} is no URL", hint) from None
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(f"{option} is no URL that starts with https:// and has a host", hint)
    if parts.query or parts.fragment or "@" in parts.path:
        raise UsageError(f"{option} has '?', '#' or '@' after its host: it would be seen", hint)
    return plain.geturl()


def ca_origin(ctx: click.Context) -> str:
    """What named the file of certificates, for messages."""
    source = ctx.get_parameter_source("ca_bundle")
    if source is not ParameterSource.ENVIRONMENT or f"{ENVIRONMENT}_BUILD_CA_BUNDLE" in os.environ:
        return "--ca-bundle"
    return "SSL_CERT_FILE"


def secrets(
    words: tuple[str, ...], ca_bundle: str | None, ca_origin: str
) -> tuple[BuildSecret, ...]:
    """The secrets by id; the last of each counts."""
    secrets = {secret.id: secret for secret in map(_secret, words)}
    if ca_bundle and "ca-bundle" not in secrets:
        secrets["ca-bundle"] = BuildSecret(id="ca-bundle", path=file(ca_bundle, ca_origin))
    return tuple(secrets.values())


def _secret(word: str) -> BuildSecret:
    """Docker's own grammar: comma-separated `id=`, `src=` or `source=`, `env=`, `type=file|env`."""
    try:
        fields = dict(part.partition("=")[::2] for part in next(csv.reader([word]), []))
    except csv.Error:
        fields = {}
    name, path, variable = (
        fields.get("id", ""),
        fields.get("src") or fields.get("source", ""),
        fields.get("env", ""),
    )
    unknown = set(fields) - {"id", "src", "source", "env", "type"}
    if not name or unknown or (path and variable):
        # No more of the word: somebody may have put the secret itself there.
        which = f" id={name}" if name else ""
        raise UsageError(
            f"--secret{which} is not like docker's", "for example: --secret id=netrc,src=~/.netrc"
        )
    if fields.get("type") == "env" and path:
        path, variable = "", path
    if not path and not variable:
        # As docker does it: the variable of that name, else the file of that name.
        path, variable = ("", name) if name in os.environ else (name, "")
    return (
        BuildSecret(id=name, env=variable)
        if variable
        else BuildSecret(id=name, path=file(path, "--secret"))
    )
