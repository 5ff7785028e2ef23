# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The projects that `serve` started: what runs, whether it is ready, and its end. This module
starts processes.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, Final, TypeAlias

from dynamo_container.docker import process, program, signals
from dynamo_container.errors import WorkFailedError
from dynamo_container.model.text import listed, shortened, without_colors
from dynamo_container.services import compose_command
from dynamo_container.services.plan import ServePlan

# What happened, the name of the container, and its exit status if it ended.
Event: TypeAlias = tuple[str, str, str]

PROJECT_LABEL: Final = "com.docker.compose.project"
_START, _DIE, _HEALTHY = "start", "die", "health_status: healthy"
_STANDARD_ERROR: Final = 2
_LINES: Final = 20
# An event can be missed: then the state itself is asked.
_ASK_SECONDS: Final = 5.0
# How often a note names what is waited for.
_NOTE_SECONDS: Final = 20.0
# How long a project that was starting is watched after its removal, and how often.
_LATE_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.2
# A service that ends once is started again; one that cannot work ends each time.
_MAX_DEATHS: Final = 3
# Removes a project if this process ended without doing so. Several times: docker compose may still
# be ending, and a busy engine creates containers that it was asked for before.
_GUARD: Final = """\
trap '' HUP INT TERM PIPE
exec >/dev/null 2>&1
read -r verdict
[ "$verdict" = keep ] && exit
for pause in 2 5 8 0; do
    "$@"
    sleep $pause
done
"""


@contextmanager
def guarded(plan: ServePlan, held: tuple[int, ...]) -> Iterator[Callable[[], None]]:
    """Remove a project when the block ends, even if this process is killed.

    Args:
        plan: of the project.
        held: file descriptors that are open until it is removed; see `reservation`.

    Yields:
        A function that lets the project live on.
    """
    kept: list[bool] = []
    interrupted = False
    with signals.raised():
        command = compose_command.down_command(plan.program, plan.project)
        with signals.held():
            shell = process.start_guard(_GUARD, command, held)
        assert shell.stdin
        assert shell.stdout
        try:
            yield lambda: kept.append(True)
        except (KeyboardInterrupt, SystemExit):
            interrupted = True
            raise
        finally:
            with signals.held():
                if not kept:
                    _remove_started(plan, interrupted=interrupted)
                shell.stdin.write("keep\n")
                shell.stdin.close()
                shell.wait()
                shell.stdout.close()


def _remove_started(plan: ServePlan, *, interrupted: bool) -> None:
    """Remove a project, and what the engine creates later: a client that was ended can leave an
    engine that is about to create a container.
    """
    starting = interrupted and len(states(plan.project)) < len(list(containers(plan)))
    began = time.monotonic()
    remove(plan.program, plan.project)
    if not starting:
        return
    now = time.monotonic()
    # An engine that takes long to remove takes long to create.
    deadline = now + max(_LATE_SECONDS, now - began)
    while time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
        if states(plan.project):
            remove(plan.program, plan.project)


def remove(docker: str, project: str) -> int:
    """Remove a project: its containers, network and volumes, but no caches; return the status."""
    command = compose_command.down_command(docker, project)
    status = process.run(command, output=_STANDARD_ERROR)
    if states(project):
        # A client that was ended can leave an engine that was just creating a container.
        status = process.run(command, output=_STANDARD_ERROR)
    return status


def states(project: str) -> dict[str, str]:
    """Return the state of each container of a project, as `docker ps` shows it, by name."""
    completed = process.capture(
        program.selected(), "ps", "--all",
        f"--filter=label={PROJECT_LABEL}={project}", "--format={{.Names}}\t{{.Status}}",
    )  # fmt: skip
    rows = (line.partition("\t") for line in completed.stdout.splitlines())
    return {name: status for name, _, status in rows}


@contextmanager
def events(project: str) -> Iterator[SimpleQueue[Event]]:
    """Follow what happens to the containers of a project until the block ends."""
    queue: SimpleQueue[Event] = SimpleQueue()
    kinds = ("type=container", "event=start", "event=die", "event=health_status")
    words = (f"--filter={kind}" for kind in (f"label={PROJECT_LABEL}={project}", *kinds))
    form = "{{.Action}}\t{{.Actor.Attributes.name}}\t{{.Actor.Attributes.exitCode}}"
    with process.follow(program.selected(), "events", *words, f"--format={form}") as client:
        assert client.stdout is not None
        reader = Thread(target=_read, args=(client.stdout, queue), daemon=True)
        reader.start()
        try:
            yield queue
        finally:
            client.kill()
            reader.join()


def _read(output: IO[str], queue: SimpleQueue[Event]) -> None:
    for line in output:
        fields = line.rstrip("\n").split("\t")
        if len(fields) == 3:  # noqa: PLR2004  # as in the format
            queue.put((fields[0], fields[1], fields[2]))


def wait_until_ready(
    plan: ServePlan,
    queue: SimpleQueue[Event],
    seconds: float,
    ended: Callable[[], bool],
    note: Callable[[str], None] | None = None,
) -> bool:
    """Wait until all containers of a project are ready.

    Args:
        plan: of the services.
        queue: of events since before the start.
        seconds: the timeout.
        ended: whether it is pointless to go on, because the start has failed.
        note: called now and then with what is waited for; not if the logs are shown anyway.

    Returns:
        Whether they are; False if the start has failed.

    Raises:
        WorkFailedError: a container ends again and again, or the time is over.
    """
    missing = dict(containers(plan))
    deaths: Counter[str] = Counter()
    deadline = time.monotonic() + seconds
    next_note = time.monotonic() + _NOTE_SECONDS
    while missing:
        if (rest := deadline - time.monotonic()) <= 0:
            raise _late(plan, seconds, sorted(missing))
        if note and time.monotonic() >= next_note:
            next_note += _NOTE_SECONDS
            note(_waiting(plan, sorted(missing)))
        try:
            action, name, code = queue.get(timeout=min(rest, _ASK_SECONDS))
        except Empty:
            if ended():
                return False
            for name, status in states(plan.project).items():
                if _is_ready(status, has_check=missing.get(name, True)):
                    missing.pop(name, None)
            continue
        if action == _DIE:
            deaths[name] += 1
            _require_life(plan, name, code, deaths[name])
        elif action == (_HEALTHY if missing.get(name, True) else _START):
            missing.pop(name, None)
    return True


def _is_ready(status: str, *, has_check: bool) -> bool:
    return "(healthy)" in status if has_check else status.startswith("Up")


def containers(plan: ServePlan) -> Iterator[tuple[str, bool]]:
    """Yield the names of a project's containers, and whether docker checks the health of each."""
    for service in plan.services:
        for name, container, replicas in service.instances:
            has_check = container.readiness is not None and not container.readiness.log
            for number in range(1, replicas + 1):
                yield f"{plan.project}-{name}-{number}", has_check


def _require_life(plan: ServePlan, name: str, code: str, deaths: int) -> None:
    if deaths >= _MAX_DEATHS:
        raise WorkFailedError(
            f"the container {name} has ended {deaths} times, at last with status {code}",
            "its last lines:",
            last_lines(name),
        )


def _waiting(plan: ServePlan, missing: list[str]) -> str:
    """Return what is waited for, with the last line of its log."""
    cause = _cause(plan, missing)
    line = next(filter(str.strip, reversed(last_lines(cause))), "")
    return f"waiting for {listed(missing)}; the last line of {cause}: {shortened(line) or 'none'}"


def _cause(plan: ServePlan, missing: list[str]) -> str:
    """Return the container whose log probably says why some are not ready."""
    # The frontend waits for workers, so the cause is rarely in its own lines.
    frontend = f"{plan.project}-{plan.frontend.name}-"
    return min(missing, key=lambda name: name.startswith(frontend))


def _late(plan: ServePlan, seconds: float, missing: list[str]) -> WorkFailedError:
    cause = _cause(plan, missing)
    return WorkFailedError(
        f"{', '.join(missing)}: not ready after {seconds:g} s (--timeout)",
        f"the last lines of {cause}:",
        last_lines(cause),
    )


def last_lines(container: str) -> tuple[str, ...]:
    """Return the last lines that a container has printed."""
    completed = process.capture(program.selected(), "logs", f"--tail={_LINES}", container)
    lines = (completed.stdout + completed.stderr).splitlines()
    return tuple(without_colors(line) for line in lines[-_LINES:])
