# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`check`: run the plugins' checks in an image."""

from __future__ import annotations

import uuid
from typing import Any, Final

import click

from dynamo_container.cli import types
from dynamo_container.cli.app import Session
from dynamo_container.cli.layout import examples
from dynamo_container.cli.types import flag
from dynamo_container.docker import contained, engine, program
from dynamo_container.errors import (
    MachineError,
    NoAnswerError,
    TooMuchOutputError,
    TooMuchWrittenError,
    UsageError,
    WorkFailedError,
)
from dynamo_container.host.paths import absolute
from dynamo_container.inventory import contents, policy
from dynamo_container.inventory.scans import SEVERITIES
from dynamo_container.inventory.vulnerabilities import DEFAULT, Gate
from dynamo_container.model.facts import ImageInfo
from dynamo_container.model.names import FRAMEWORK_LABEL
from dynamo_container.model.requests import CheckRequest
from dynamo_container.model.values import Check
from dynamo_container.options.checking import device_arguments
from dynamo_container.plugins import hookspecs
from dynamo_container.printing import print_line, print_output

# How much a check can print; those of the plugins here print a few lines.
_BYTES: Final = 10_000_000


@click.command(epilog=examples("check dynamo:latest-none-runtime"))
@click.argument("image")
@click.option(
    "--framework",
    metavar="FRAMEWORK",
    help="Framework whose checks to run (default: the one that the image's label names).",
)
@click.option(
    "--timeout",
    type=types.SECONDS,
    default=600.0,
    metavar="SECONDS",
    help="Time limit of each check (default: 600).",
)
@flag(
    "--fast",
    help="Save time: hash only the Python code of packages, and compare their other files by size.",
)
@types.option("--scan", "FILE", "Fail for what a scanner reports: grype, trivy, OSV.", types.PATH)
@types.repeatable("--vex", "FILE", "OpenVEX: which findings do no harm; repeatable.", types.PATH)
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES[1:]),
    help="Lowest severity that fails (default: high).",
)
@click.pass_obj
def command(
    session: Session, /, image: str, framework: str | None, timeout: float, fast: bool, **gate: Any
) -> int:
    """Check that an image works, with the checks of its framework.

    Checks that need a GPU are skipped if the engine has none.
    """
    scanned = _gate(**gate)
    info = _inspect(image)
    name = framework or info.label(FRAMEWORK_LABEL)
    if not name:
        raise UsageError(
            f"{image} has no label that names its framework", "name it: --framework NAME"
        )
    name = session.registry.framework(name)
    request = CheckRequest(framework=name, image=image, image_info=info, fast=fast)
    registry = session.load(name)
    contributions = registry.call(hookspecs.dynamo_container_checks, request)
    checks = [contribution.value for contribution in contributions]
    if not checks:
        raise UsageError(f"no plugin has a check for {name!r}", "there is nothing to do")
    words = device_arguments(registry, request, engine.collect())
    failed = [check.name for check in checks if not _passes(image, info, check, words, timeout)]
    if failed:
        raise WorkFailedError(
            f"{len(failed)} of {len(checks)} checks failed in {image}: {', '.join(failed)}"
        )
    policy.require(registry, name, image)
    if scanned:
        if not scanned.is_about(info):
            session.warn(f"the scanner's report does not name the ID or a digest of {image}")
        session.show((), scanned.require(image, info, lambda: contents.inventory(image)))
    return 0


def _gate(scan: str | None, vex: tuple[str, ...], fail_on: str | None) -> Gate | None:
    """The gate for vulnerabilities, read before checks that take long."""
    if scan:
        return Gate.read(absolute(scan), map(absolute, vex), fail_on or DEFAULT)
    if vex or fail_on:
        raise UsageError(
            f"{'--vex' if vex else '--fail-on'} requires --scan",
            "scan the image, and name the report: --scan FILE",
        )
    return None


def _inspect(image: str) -> ImageInfo:
    info = engine.inspect_image(image)
    if info is None:
        raise MachineError(
            f"the engine does not have the image {image}", f"build it, or: docker pull {image}"
        )
    return info


def _passes(
    image: str, info: ImageInfo, check: Check, device: tuple[str, ...] | None, seconds: float
) -> bool:
    if check.needs_gpu and device is None:
        print_line(f"skipped  {check.name} (the engine has no GPU)")
        return True
    status, output = _run(image, info, check, device or () if check.needs_gpu else (), seconds)
    print_line(f"{'FAILED' if status else 'ok':<8} {check.name}")
    if status or check.reports:
        print_output(output, indent=" " * 9, err=bool(status))
    return not status


def _run(
    image: str, info: ImageInfo, check: Check, devices: tuple[str, ...], seconds: float
) -> tuple[int, str]:
    """The check's exit status and output; its container is removed in any case."""
    name = f"--name=dynamo-container-check-{uuid.uuid4().hex[:12]}"
    user = (f"--user={check.user}",) if check.user else ()
    words = (name, *user, *devices, f"--entrypoint={check.argv[0]}", image, *check.argv[1:])
    try:
        answer = contained.run(
            program.selected(), *words, seconds=seconds, limit=_BYTES, volumes=info.volumes
        )
    except TooMuchOutputError:
        return 1, f"it printed more than {_BYTES / 1e6:.0f} MB"
    except TooMuchWrittenError:
        return 1, f"it wrote more than {contained.WRITTEN_BYTES / 1e9:.0f} GB"
    except NoAnswerError:
        return 1, f"it did not finish within {seconds:g} s (--timeout)"
    if answer.returncode:
        engine.require()
    return answer.returncode, answer.stdout + answer.stderr
