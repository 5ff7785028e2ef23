# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Where images are built, where they go, and where what was built is kept: what the options say."""

from __future__ import annotations

import csv
import io
import os
import re
from typing import Any, Final

from dynamo_container.cli.app import Session
from dynamo_container.cli.paths import absolute
from dynamo_container.docker import buildx
from dynamo_container.errors import EngineError, UsageError
from dynamo_container.model.references import is_reference, is_repository
from dynamo_container.model.requests import Outputs

_PLATFORM: Final = re.compile(r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9.]+)?")
# How else an architecture is called, and what all of docker calls it.
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64", "arm64/v8": "arm64"}
# Fields of a cache that are secrets; buildx takes each from the environment, too.
_SECRET_FIELDS: Final = ("secret_access_key", "session_token", "token", "ghtoken", "account_key")
_NO: Final = ("false", "0", "no")


def places_from(session: Session, params: dict[str, Any]) -> Outputs:
    """What the options say. The builder is asked only where a name needs its platform."""
    builder = params["builder"] or ""
    platforms = _platforms(params["platform"])
    cache = _repository(params["cache"], "--cache")
    cache_from = tuple(_cache(word, "--cache-from") for word in params["cache_from"])
    cache_to = tuple(_cache(word, "--cache-to") for word in params["cache_to"])
    if "ACTIONS_RUNTIME_TOKEN" not in os.environ and any(
        one.startswith("type=gha") for one in (*cache_from, *cache_to)
    ):
        session.warn(
            "a cache of type=gha does nothing outside of GitHub Actions: "
            "ACTIONS_RUNTIME_TOKEN is not set, and buildx leaves the cache out"
        )
    return Outputs(
        builder=builder,
        platforms=platforms,
        load=params["load"] or not params["push"],
        push=params["push"],
        attests=(*_attest("sbom", params["sbom"]), *_attest("provenance", params["provenance"])),
        cache_from=cache_from,
        cache_to=cache_to,
        cache=cache,
        cache_platform=_own_platform(session, builder) if cache and not platforms else "",
    )


def repository_from(params: dict[str, Any]) -> str:
    """What stands before the colon of the tags."""
    return _repository(params["repository"], "--repository")


def _repository(word: str | None, flag: str) -> str:
    if word and not is_repository(word):
        raise UsageError(
            f"{flag} {word!r} is no repository", "for example: registry:5000/team/name"
        )
    return word or ""


def _platforms(words: tuple[str, ...]) -> tuple[str, ...]:
    """Platforms, each once, as docker calls them."""
    found = [one.strip().lower() for word in words for one in word.split(",")]
    for one in found:
        if not _PLATFORM.fullmatch(one):
            raise UsageError(f"--platform {one!r} is no platform", "for example: linux/arm64")
    return tuple(dict.fromkeys(map(_normal, found)))


def _normal(platform: str) -> str:
    system, _, architecture = platform.partition("/")
    return f"{system}/{_ARCHITECTURES.get(architecture, architecture)}"


def _own_platform(session: Session, builder: str) -> str:
    """The platform that the builder builds for where nobody says another."""
    try:
        platforms = buildx.inspect_builder(builder).platforms
    except EngineError as error:
        session.note(f"{error.what}; assumed: it builds for this machine's platform")
        platforms = ()
    return platforms[0] if platforms else _machine()


def _machine() -> str:
    import platform

    return _normal(f"linux/{platform.machine().lower()}")


def _attest(kind: str, word: str | None) -> tuple[str, ...]:
    """As buildx reads `--sbom` and `--provenance`: yes, no, or fields."""
    if word is None:
        return ()
    if word.lower() in _NO:
        return (f"type={kind},disabled=true",)
    if "=" in word:
        return (f"type={kind},{word}",)
    if word.lower() not in ("true", "1", "yes"):
        raise UsageError(f"--{kind} {word!r} is not like docker's", f"for example: --{kind} true")
    return (f"type={kind}",)


def _cache(word: str, flag: str) -> str:
    """Docker's own grammar: comma-separated fields, or a reference alone. Its paths become
    absolute.

    Raises:
        UsageError: it is not like that, or has a secret in it, which would be seen.
    """
    try:
        parts = next(csv.reader([word]), [])
    except csv.Error:
        parts = []
    if len(parts) == 1 and is_reference(parts[0]):
        return f"type=registry,ref={parts[0]}"
    fields = [part.partition("=")[::2] for part in parts]
    if not dict(fields).get("type") or any(not value for _, value in fields):
        raise UsageError(
            f"{flag} {word.partition(',')[0]!r} is not like docker's",
            f"for example: {flag} type=registry,ref=REGISTRY/NAME:TAG",
        )
    for name, _ in fields:
        if name in _SECRET_FIELDS:
            raise UsageError(
                f"{flag} has {name} in it, which would be seen",
                "leave it out: buildx takes it from the environment (AWS_SECRET_ACCESS_KEY, "
                "ACTIONS_RUNTIME_TOKEN)",
            )
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(
        f"{name}={absolute(value) if name in ('src', 'dest') else value}" for name, value in fields
    )
    return line.getvalue()
