# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`check`: the plugins' checks, run in an image."""

from __future__ import annotations

import uuid

import click

from dynamo_container.cli.app import Session
from dynamo_container.containers import gpus
from dynamo_container.containers.docker_argv import env_arguments, flag_arguments
from dynamo_container.docker import engine, process
from dynamo_container.errors import MachineError, NoAnswerError, UsageError, WorkFailedError
from dynamo_container.model.names import FRAMEWORK_LABEL
from dynamo_container.model.references import is_image
from dynamo_container.model.requests import CheckRequest
from dynamo_container.model.values import Check
from dynamo_container.plugins import hookspecs


@click.command(epilog="Example: dynamo-container check dynamo:latest-none-runtime")
@click.argument("image")
@click.option("--framework", metavar="F", help="Whose checks (default: as the image's label says).")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=600.0,
    metavar="SECONDS",
    help="The longest that one check may take (default 600).",
)
@click.pass_obj
def command(session: Session, image: str, framework: str | None, timeout: float) -> int:
    """Run the plugins' checks in IMAGE: CPU ones always, GPU ones where the engine has a GPU."""
    if not is_image(image):
        raise UsageError(f"{image!r} is no image reference", "for example: my-image:dev")
    image_info = engine.inspect_image(image)
    if image_info is None:
        raise MachineError(f"the engine has no image {image}", f"build it, or: docker pull {image}")
    name = framework or image_info.label(FRAMEWORK_LABEL)
    if not name:
        raise UsageError(
            f"{image} does not say which framework it is of", "say it: --framework NAME"
        )
    name = session.registry.framework(name)
    request = CheckRequest(framework=name, image=image, image_info=image_info)
    checks = [
        one.value for one in session.load(name).call(hookspecs.dynamo_container_checks, request)
    ]
    if not checks:
        raise UsageError(f"no plugin has a check for {name!r}", "there is nothing to do")
    access = gpus.gpu_access("auto", engine.collect())
    gpu_flags = [*flag_arguments(access.flags), *env_arguments(access.env)] if access else []
    failed = [check.name for check in checks if not _passes(image, check, gpu_flags, timeout)]
    if failed:
        raise WorkFailedError(
            f"{len(failed)} of {len(checks)} checks failed in {image}: {', '.join(failed)}"
        )
    return 0


def _passes(image: str, check: Check, gpu_flags: list[str], seconds: float) -> bool:
    if check.needs_gpu and not gpu_flags:
        click.echo(f"skipped  {check.name} (the engine knows no GPU)")
        return True
    status, said = _run(image, check, gpu_flags if check.needs_gpu else [], seconds)
    click.echo(f"{'FAILED' if status else 'ok':<8} {check.name}")
    if status:
        click.echo(said.rstrip(), err=True)
    return not status


def _run(image: str, check: Check, devices: list[str], seconds: float) -> tuple[int, str]:
    """The check's status and what it said; its container is gone afterwards, however it went."""
    name = f"dynamo-container-check-{uuid.uuid4().hex[:12]}"
    words = ("--rm", f"--name={name}", *devices, f"--entrypoint={check.argv[0]}")
    try:
        answer = process.capture("docker", "run", *words, image, *check.argv[1:], timeout=seconds)
    except BaseException as error:
        # Without its client, a container goes on.
        process.capture("docker", "rm", "--force", name)
        if isinstance(error, NoAnswerError):
            return 1, f"it did not end within {seconds:g} s (--timeout)"
        raise
    return answer.returncode, answer.stdout + answer.stderr
