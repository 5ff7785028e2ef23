# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`doctor`: what this machine has and lacks, and what to do about it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from dynamo_container.cli.app import Session
from dynamo_container.docker import engine
from dynamo_container.errors import EngineError
from dynamo_container.host import doctor, driver
from dynamo_container.host.paths import absolute, exists
from dynamo_container.host.users import default_hf_cache
from dynamo_container.model.facts import NO_ENGINE, EngineInfo

_COLORS: Final = {"ok": "green", "warning": "yellow", "failure": "red"}


@click.command(epilog="Example: dynamo-container doctor --json")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(session: Session, as_json: bool) -> int:
    """Look at docker, its engine, the disk, GPUs, caches and plugins, and say what to do.

    The exit status is 0, or that of the first failure.
    """
    found = list(doctor.findings(_look(session)))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
    else:
        for one in found:
            _tell(one)
    return next((one.status for one in found if one.state == "failure"), 0)


def _tell(finding: doctor.Finding) -> None:
    click.secho(f"{finding.state:<8} ", fg=_COLORS[finding.state], nl=False)
    click.echo(f"{finding.name}: {finding.said}")
    if finding.next_step:
        click.echo(f"{'':<8} -> {finding.next_step}")


def _look(session: Session) -> doctor.Machine:
    with engine.asking_build_cache() as build_cache:
        facts, silence = _engine()
        session.registry.load_all()
        return doctor.Machine(
            client=_version(engine.client_version),
            engine=facts,
            silence=silence,
            buildx=_version(engine.buildx_version),
            free=_free(facts),
            build_cache=build_cache() if facts.version else ("", ""),
            driver=driver.facts(),
            hf_cache=_folder(absolute(default_hf_cache())),
            plugins=tuple(map(str, session.registry.failures)),
        )


def _engine() -> tuple[EngineInfo, str]:
    try:
        return engine.facts(), ""
    except EngineError as error:
        return NO_ENGINE, error.what


def _version(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except EngineError:
        return ""


def _free(facts: EngineInfo) -> int | None:
    """Bytes that are free for the engine; None where its folder is not this machine's."""
    if not (facts.local and facts.root):
        return None
    try:
        disk = os.statvfs(facts.root)
    except OSError:
        return None
    return disk.f_bavail * disk.f_frsize


def _folder(path: Path) -> doctor.Folder:
    # One that is not there is made by whoever may write to the nearest that is.
    nearest = next(one for one in (path, *path.parents) if exists(one))
    return doctor.Folder(
        path=str(path), exists=nearest == path, writable=os.access(nearest, os.W_OK | os.X_OK)
    )
