# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`doctor`: check what this machine has and lacks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.layout import examples
from dynamo_container.host import doctor
from dynamo_container.printing import print_json, print_label, print_line

_COLORS: Final = {"ok": "green", "warning": "yellow", "failure": "red"}


@click.command(epilog=examples("doctor --json"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(session: Session, as_json: bool) -> int:
    """Check this machine: docker, disk, GPUs, caches and plugins.

    Each problem comes with what to do about it.

    The exit status is 0, or that of the first failure.
    """
    machine = doctor.collect(lambda: map(str, session.registry.metadata_failures()))
    findings = tuple(doctor.findings(machine))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            _show(finding)
    return next((finding.status for finding in findings if finding.state == "failure"), 0)


def _show(finding: doctor.Finding) -> None:
    print_label(f"{finding.state:<8} ", _COLORS[finding.state])
    print_line(f"{finding.name}: {finding.summary}")
    if finding.next_step:
        print_line(f"{'':<8} -> {finding.next_step}")
