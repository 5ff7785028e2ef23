# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Builds from source: which checkout, and what means something only with one."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final

from dynamo_container.cli import project
from dynamo_container.cli.app import Session
from dynamo_container.cli.paths import absolute
from dynamo_container.errors import UsageError
from dynamo_container.host import git
from dynamo_container.model.facts import Checkout
from dynamo_container.model.requests import Sccache
from dynamo_container.model.values import BuildSecret

# In the place of a path: no checkout, even inside one.
_NONE: Final = "none"
# What may come behind `v` in a tag.
_VERSION: Final = r"[A-Za-z0-9][A-Za-z0-9_.+-]*"
# Options that say where Dynamo comes from themselves.
_INSTEAD: Final = ("dynamo_version", "dev_image")
_ONLY_FROM_SOURCE: Final = (
    "version_override",
    "release_build",
    "use_sccache",
)
_KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_TOKEN: Final = "AWS_SESSION_TOKEN"  # noqa: S105  # a variable's name
_WEB_IDENTITY: Final = ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")


def checkout_from(session: Session, params: dict[str, Any]) -> Checkout | None:
    """The checkout that is built: the one that was named, else the one around, unless an option
    says where else Dynamo comes from.

    Raises:
        UsageError: it is none, or options contradict each other.
    """
    word = params["source"]
    rival = next((name for name in _INSTEAD if params[name]), "")
    if word and word != _NONE and rival:
        raise UsageError(
            f"--source {word} and --{rival.replace('_', '-')} both say where Dynamo comes from",
            "leave one of them out",
        )
    path = None if word == _NONE or rival else _path(word) if word else session.checkout()
    if path is None:
        _refuse(params)
        return None
    version = params["version_override"] or ""
    if version and not re.fullmatch(_VERSION, version):
        raise UsageError(f"--version-override {version!r} is no version", "for example: 0.6.1")
    return git.collect(path, version.removeprefix("v"))


def _path(word: str) -> Path:
    path = absolute(word)
    if git.find_checkout(path) != path:
        raise UsageError(
            f"--source: {path} is no Dynamo checkout",
            f"name a folder with a pyproject.toml whose project is {project.CHECKOUT!r}",
        )
    return path


def _refuse(params: dict[str, Any]) -> None:
    for name in _ONLY_FROM_SOURCE:
        if params[name]:
            raise UsageError(
                f"--{name.replace('_', '-')} means nothing without a checkout: "
                "it is for what is compiled",
                "add --source PATH, or leave it out",
            )


def sccache_from(params: dict[str, Any]) -> Sccache | None:
    """Where compiled objects are kept.

    Raises:
        UsageError: part of it is missing.
    """
    bucket, region = params["sccache_bucket"] or "", params["sccache_region"] or ""
    local = params["sccache_local"]
    if not params["use_sccache"]:
        for flag, value in (("bucket", bucket), ("region", region), ("local", local)):
            if value:
                raise UsageError(
                    f"--sccache-{flag} means nothing without --use-sccache",
                    "add it, or leave this out",
                )
        return None
    if local and (bucket or region):
        raise UsageError("--sccache-local and a bucket are two outputs", "leave one of them out")
    if not local and not (bucket and region):
        raise UsageError(
            "--use-sccache needs a place for what is compiled",
            "add --sccache-bucket B and --sccache-region R, or --sccache-local",
        )
    return Sccache(bucket=bucket, region=region)


def sccache_secrets(sccache: Sccache | None) -> tuple[BuildSecret, ...]:
    """The credentials for the bucket, by the variables of AWS that are set: keys, with a session
    token where there is one, or a role and the file of a web identity.

    Raises:
        UsageError: there are none.
    """
    if sccache is None or not sccache.bucket:
        return ()
    if all(os.environ.get(name) for name in _KEYS):
        names = (*_KEYS, _TOKEN) if os.environ.get(_TOKEN) else _KEYS
        return tuple(BuildSecret(id=_id(name), env=name) for name in names)
    role, file = (os.environ.get(name, "") for name in _WEB_IDENTITY)
    if role and file and Path(file).is_file():
        return (
            BuildSecret(id="aws-role-arn", env=_WEB_IDENTITY[0]),
            BuildSecret(id="aws-web-identity-token", path=str(absolute(file))),
        )
    raise UsageError(
        f"--use-sccache: no credentials for the bucket {sccache.bucket}",
        f"export {' and '.join(_KEYS)} (and {_TOKEN}), or {' and '.join(_WEB_IDENTITY)}",
    )


def _id(variable: str) -> str:
    return {_KEYS[0]: "aws-key-id", _KEYS[1]: "aws-secret-id", _TOKEN: "aws-session-token"}[
        variable
    ]
