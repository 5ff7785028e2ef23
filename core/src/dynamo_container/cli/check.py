# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`check`: the plugins' checks, run in an image."""

from __future__ import annotations

import click

from dynamo_container import engine
from dynamo_container.cli.app import Session
from dynamo_container.errors import MachineError, UsageError, WorkFailedError
from dynamo_container.images import FRAMEWORK, is_image
from dynamo_container.requests import CheckRequest
from dynamo_container.run import gpus
from dynamo_container.run.docker_argv import env_words, flag_words
from dynamo_container.values import Check


@click.command(epilog="Example: dynamo-container check dynamo:latest-none-runtime")
@click.argument("image")
@click.option("--framework", metavar="F", help="Whose checks (default: as the image's label says).")
@click.pass_obj
def command(session: Session, image: str, framework: str | None) -> int:
    """Run the plugins' checks in IMAGE: CPU ones always, GPU ones where the engine has a GPU."""
    if not is_image(image):
        raise UsageError(f"{image!r} is no image reference", "for example: my-image:dev")
    image_facts = engine.inspect_image(image)
    if image_facts is None:
        raise MachineError(f"the engine has no image {image}", f"build it, or: docker pull {image}")
    name = framework or image_facts.label(FRAMEWORK)
    if not name:
        raise UsageError(
            f"{image} does not say which framework it is of", "say it: --framework NAME"
        )
    name = session.registry.framework(name)
    request = CheckRequest(framework=name, image=image, image_facts=image_facts)
    checks = [said.value for said in session.load(name).say("checks", Check, name, request=request)]
    if not checks:
        raise UsageError(f"no plugin has a check for {name!r}", "there is nothing to do")
    way = gpus.way_in("auto", engine.facts())
    gpu_flags = [*flag_words(way.flags), *env_words(way.env)] if way else []
    failed = [check.name for check in checks if not _passes(image, check, gpu_flags)]
    if failed:
        raise WorkFailedError(
            f"{len(failed)} of {len(checks)} checks failed in {image}: {', '.join(failed)}"
        )
    return 0


def _passes(image: str, check: Check, gpu_flags: list[str]) -> bool:
    if check.needs_gpu and not gpu_flags:
        click.echo(f"skipped  {check.name} (the engine knows no GPU)")
        return True
    devices = gpu_flags if check.needs_gpu else []
    argv = (
        "docker",
        "run",
        "--rm",
        *devices,
        f"--entrypoint={check.argv[0]}",
        image,
        *check.argv[1:],
    )
    answer = engine.capture(*argv, timeout=600)
    click.echo(f"{'ok' if answer.returncode == 0 else 'FAILED':<8} {check.name}")
    if answer.returncode:
        click.echo((answer.stdout + answer.stderr).rstrip(), err=True)
    return answer.returncode == 0
