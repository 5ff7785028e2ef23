# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""From the options of `dev` to those of `run`, and to what its container gets besides."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from dynamo_container.development.plan import Settings
from dynamo_container.errors import UsageError
from dynamo_container.host import git
from dynamo_container.host.certificates import check_certificates
from dynamo_container.host.paths import absolute, existing_file, is_folder
from dynamo_container.model.names import LOCAL_DEV_TARGET
from dynamo_container.model.values import EnvVar
from dynamo_container.options.collect import find_checkout
from dynamo_container.options.dev_records import DevOptions
from dynamo_container.options.records import BuildOptions
from dynamo_container.options.secrets import check_protected


def run_options(options: DevOptions, source: str) -> DevOptions:
    """Return the options with which `run` would start the container."""
    return replace(
        options,
        mount_workspace=source,
        target=None if options.image else LOCAL_DEV_TARGET,
        rm=False,
        detach=True,
    )


def collect_source(options: DevOptions, near: Iterable[Path]) -> str:
    """Return the folder that is developed: the one named, else the checkout around the current
    folder.

    Raises:
        UsageError: there is none.
    """
    if options.source:
        folder: Path | None = absolute(options.source)
        if folder and not is_folder(folder):
            raise UsageError(f"--source: the folder {folder} was not found", "name an existing one")
    else:
        folder = find_checkout(near)
    if folder is None:
        raise UsageError(
            "no Dynamo checkout was found around the current folder",
            "go to it, or name it: --source DIR",
        )
    # One folder has one container, whichever links lead to it.
    return os.path.realpath(folder)


def collect_settings(options: DevOptions, source: str, *, trusted: bool) -> Settings:
    """Collect what a container to develop in gets besides what `run` gives it.

    Args:
        options: of the command.
        source: the folder that is developed.
        trusted: whether the image may get what is the caller's own, such as credentials.

    Raises:
        UsageError: a file of certificates is not usable, or an index is not protected.
    """
    check_protected(
        BuildOptions(
            index_url=options.index_url,
            extra_index_url=options.extra_index_url,
            trusted_host=options.trusted_host,
        )
    )
    variables = tuple(_index_variables(options))
    plain = tuple(EnvVar(name=name, value=value) for name, value, hidden in variables if not hidden)
    secrets = tuple((name, value) for name, value, hidden in variables if hidden)
    return Settings(
        source=source,
        workdir=_below(source),
        checkout=git.find_checkout(Path(source)) == Path(source),
        rust=git.rust_release(Path(source)),
        ca_bundle=_ca_bundle(options),
        env=plain,
        secrets=secrets if trusted else (),
    )


def _below(source: str) -> str:
    """Return the current folder relative to the one that is developed; empty if it is not in it."""
    try:
        current = Path.cwd().resolve()
    except FileNotFoundError:
        return ""
    relative = current.relative_to(source) if current.is_relative_to(source) else Path()
    return "" if relative == Path() else str(relative)


def _ca_bundle(options: DevOptions) -> str:
    if not options.ca_bundle:
        return ""
    path = existing_file(options.ca_bundle, "--ca-bundle")
    check_certificates(path, "--ca-bundle")
    return path


def _index_variables(options: DevOptions) -> Iterator[tuple[str, str, bool]]:
    """Yield the variables that steps of builds get, each with its value and if it is hidden."""
    if index := options.index_url:
        for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"):
            yield name, index.secret or index.url, bool(index.secret)
    # Not for pip, which would take the highest version of all indexes.
    extra = [one for urls in options.extra_index_url for one in urls]
    if extra:
        urls = " ".join(one.secret or one.url for one in extra)
        yield "UV_INDEX", urls, any(one.secret for one in extra)
    for name in ("PIP_TRUSTED_HOST", "UV_INSECURE_HOST") if options.trusted_host else ():
        yield name, " ".join(options.trusted_host), False
