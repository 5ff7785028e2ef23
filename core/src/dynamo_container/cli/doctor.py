# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`doctor`: check what this machine has and lacks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import click

from dynamo_container.cli.app import Session, at_terminal
from dynamo_container.cli.layout import examples
from dynamo_container.cli.types import flag
from dynamo_container.errors import UsageError, WorkFailedError
from dynamo_container.host import doctor
from dynamo_container.printing import confirm, print_json, print_label, print_line

_COLORS: Final = {"ok": "green", "warning": "yellow", "failure": "red"}


@click.command(epilog=examples("doctor --json", "doctor --fix"))
@flag("--json", "as_json", help="Print JSON.")
@flag("--fix", help="Offer the fixes that are safe, and ask before each.")
@flag("--yes", help="With --fix: do not ask.")
@click.pass_obj
def command(session: Session, as_json: bool, fix: bool, yes: bool) -> int:
    """Check this machine: docker, disk, GPUs, caches and plugins.

    Each problem comes with what to do about it. A fix that is safe changes only what is yours,
    requires no privileges, and deletes nothing that has a name.

    The exit status is 0, or that of the first failure.
    """
    if as_json and fix:
        raise UsageError("--json cannot be used with --fix", "omit one of them")
    if yes and not fix:
        raise UsageError("--yes requires --fix", "add --fix")
    machine, findings = _check(session)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            _show(finding)
    if fix and _fix(session, machine, yes=yes):
        _, findings = _check(session)
    return next((finding.status for finding in findings if finding.state == "failure"), 0)


def _check(session: Session) -> tuple[doctor.Machine, tuple[doctor.Finding, ...]]:
    machine = doctor.collect(lambda: map(str, session.registry.metadata_failures()))
    return machine, tuple(doctor.findings(machine))


def _fix(session: Session, machine: doctor.Machine, *, yes: bool) -> bool:
    """Offer the fixes, and run those that are wanted; return whether any ran.

    Raises:
        UsageError: there is no one to ask.
        WorkFailedError: a fix failed.
    """
    from dynamo_container.docker import process
    from dynamo_container.host import fixes

    ran = False
    for one in (offered := tuple(fixes.fixes(machine))):
        print_line(f"fix for {one.finding}: {one.reason}", err=True)
        print_line(f"  {one.command.shell()}", err=True)
        if not (yes or at_terminal()):
            raise UsageError("not confirmed: the fix above", "to fix without a question: --yes")
        if yes or confirm("run it?"):
            ran = True
            if process.run(one.as_run(), output=2):
                raise WorkFailedError(f"the fix for {one.finding} failed", "see the output above")
    if not offered:
        session.note("no fix that is safe applies")
    return ran


def _show(finding: doctor.Finding) -> None:
    print_label(f"{finding.state:<8} ", _COLORS[finding.state])
    print_line(f"{finding.name}: {finding.summary}")
    if finding.next_step:
        print_line(f"{'':<8} -> {finding.next_step}")
