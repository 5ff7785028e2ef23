# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The one place that starts processes. Only `testing` has others of its own.

Every command is logged to `LOGGER` at level INFO, as its shell line. `subprocess` and `logging` are
imported by the functions that need them: a dry run starts no process and does not pay for them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from dynamo_container.docker.command import LOGGER, Command, encoded, shell_line
from dynamo_container.docker.errors import no_client
from dynamo_container.errors import EngineError, NoAnswerError, TooMuchOutputError

if TYPE_CHECKING:
    import subprocess

# Waits for a command and returns its output.
Query: TypeAlias = "Callable[[], subprocess.CompletedProcess[str]]"

# A healthy engine answers a query in 20 to 200 ms; after this time it is considered hung.
ANSWER_SECONDS: Final = 60.0
# The longest answers, such as lists of thousands of images, have a few MB.
ANSWER_BYTES: Final = 100_000_000
_CHUNK_BYTES: Final = 65536
_NO_VARIABLES: Final[Mapping[str, str]] = MappingProxyType({})


def run(command: Command, *, output: int | None = None) -> int:
    """Run a command with this process's terminal and output.

    Args:
        command: what runs.
        output: file descriptor to use instead of standard output.

    Returns:
        Its exit status.

    Raises:
        EngineError: the program is not installed.
    """
    with (
        _stdin(command) as stdin,
        _child(command, guarded=True, stdin=stdin, stdout=output) as process,
    ):
        return process.wait()


@contextmanager
def running(command: Command, *, own_session: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command with this process's output, beside other work; it is killed at the end.

    Args:
        command: what runs.
        own_session: whether Ctrl-C does not reach it.

    Raises:
        EngineError: the program is not installed.
    """
    with (
        _stdin(command) as stdin,
        _child(command, stdin=stdin, start_new_session=own_session) as process,
    ):
        yield process


def capture(
    *argv: str, timeout: float | None = None, limit: int = ANSWER_BYTES
) -> subprocess.CompletedProcess[str]:
    """Run a docker command and capture its output.

    Args:
        argv: program and arguments.
        timeout: in seconds; None for the time that a query may take.
        limit: for the output, in bytes.

    Raises:
        EngineError: docker is not installed.
        NoAnswerError: the command did not end in time.
        TooMuchOutputError: it printed more.
    """
    with start_query(*argv, timeout=timeout, limit=limit) as finish:
        return finish()


@contextmanager
def start_query(
    *argv: str, timeout: float | None = None, limit: int = ANSWER_BYTES
) -> Iterator[Query]:
    """Start a docker command beside other work; it is killed if the block ends before it does.

    Args:
        argv: program and arguments.
        timeout: see `capture`; it counts from the call of the yielded function.
        limit: see `capture`.

    Yields:
        A function that waits for the command and returns its output; it raises what `capture`
        raises.
    """
    with ExitStack() as stack:
        try:
            process = stack.enter_context(_captured(argv))
        except EngineError as error:
            # Raised only if the answer is needed: some callers can do without it.
            yield _raises(error)
            return
        seconds = ANSWER_SECONDS if timeout is None else timeout
        yield lambda: _finish(process, argv, seconds, limit)


def _finish(
    process: subprocess.Popen[bytes], argv: tuple[str, ...], timeout: float, limit: int
) -> subprocess.CompletedProcess[str]:
    import subprocess

    from dynamo_container.docker import bounded

    try:
        output = bounded.communicate(process, timeout, limit)
    except bounded.TooMuchOutput as error:
        raise TooMuchOutputError(
            f"'{shell_line(argv[:3])}' printed more than {limit / 1e6:,.0f} MB",
            "check that the docker command works: docker version",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise NoAnswerError(
            f"'{shell_line(argv[:3])}' did not answer within {timeout:g} s",
            "check that the docker engine works: docker version",
        ) from error
    return subprocess.CompletedProcess(argv, process.returncode, *map(_text, output))


def _text(data: bytes) -> str:
    """Decode what docker prints; a container's log can contain any bytes."""
    return data.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")


def _captured(argv: tuple[str, ...]) -> AbstractContextManager[subprocess.Popen[bytes]]:
    import subprocess

    return _child(
        Command(argv=argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _raises(error: Exception) -> Query:
    def finish() -> NoReturn:
        raise error

    return finish


def query(
    *argv: str,
    drop_env: str = "",
    env: Mapping[str, str] = _NO_VARIABLES,
    errors: str = "replace",
) -> str:
    """Return what a program other than docker prints; empty if it fails, is not installed, or takes
    too long: its answer is useful, but never required.

    Args:
        argv: program and arguments.
        drop_env: a prefix; variables whose names start with it are removed from its environment.
        env: variables that are added to its environment.
        errors: how bytes that are not text are decoded; `surrogateescape` for names of files.
    """
    import subprocess

    inherited = {
        name: value
        for name, value in os.environ.items()
        if not (drop_env and name.startswith(drop_env))
    }
    try:
        completed = subprocess.run(
            _logged(argv),
            env={**inherited, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors=errors,
            check=False,
            timeout=ANSWER_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if completed.returncode else completed.stdout


def pipe(*argv: str, stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    """Run a program other than docker on some input, and capture its output.

    Raises:
        OSError: the program cannot be run.
    """
    import subprocess

    return subprocess.run(_logged(argv), input=stdin, capture_output=True, check=False)


def stream(command: Command, consume: Callable[[bytes], None], tick: Callable[[], None]) -> int:
    """Run a command and pass its standard error to `consume` as it arrives; call `tick` once in
    each second without any.

    Returns:
        Its exit status.

    Raises:
        EngineError: the program is not installed.
    """
    import select
    import subprocess

    with (
        _stdin(command) as stdin,
        _child(command, guarded=True, stdin=stdin, stderr=subprocess.PIPE) as process,
    ):
        assert process.stderr
        while True:
            if not select.select([process.stderr], [], [], 1.0)[0]:
                tick()
            elif data := os.read(process.stderr.fileno(), _CHUNK_BYTES):
                consume(data)
            else:
                break
        return process.wait()


@contextmanager
def _stdin(command: Command) -> Iterator[IO[bytes] | None]:
    """Open a file with what a command reads: a pipe could block before the command reads it."""
    if not command.stdin:
        yield None
        return
    import tempfile

    with tempfile.TemporaryFile() as file:
        file.write(command.stdin.encode())
        file.seek(0)
        yield file


def _child(command: Command, **options: Any) -> AbstractContextManager[subprocess.Popen[Any]]:
    """Start a command that ends with the block and with this process; see `child`."""
    from dynamo_container.docker import child

    return child.child(
        _logged(command.argv), cwd=command.cwd or None, env=command.environment(), **options
    )


def replace_process(command: Command) -> NoReturn:
    """Replace this process by the command: it then has the signals, the terminal and the exit
    status.

    Raises:
        EngineError: the program is not installed.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvpe(command.argv[0], _logged(command.argv), command.environment())  # noqa: S606
    except OSError as error:
        raise no_client(error) from error


def background(*argv: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Run a command beside other work, for its exit status only; it is killed at the end.

    Raises:
        EngineError: the program is not installed.
    """
    import subprocess

    return _child(
        Command(argv=argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def follow(*argv: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """Run a command beside other work, with standard output and error in one pipe; it is killed at
    the end. Ctrl-C does not reach it.

    Raises:
        EngineError: the program is not installed.
    """
    import subprocess

    return _child(
        Command(argv=argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def start_guard(
    script: str, command: Command, held: tuple[int, ...] = (), *, captured: bool = False
) -> subprocess.Popen[str]:
    """Start a shell script that outlives this process, whatever ends it.

    Args:
        script: reads from its standard input what to do.
        command: its arguments.
        held: file descriptors that it inherits.
        captured: whether its standard error is a pipe.
    """
    import subprocess

    return subprocess.Popen(
        ("/bin/sh", "-c", script, "sh", *_logged(command.argv)),
        env=command.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if captured else None,
        text=True,
        errors="replace",
        pass_fds=held,
        start_new_session=True,
    )


def _logged(argv: tuple[str, ...]) -> list[bytes]:
    """Log a command; return its words as bytes."""
    import logging

    logging.getLogger(LOGGER).info(shell_line(argv))
    return [encoded(word) for word in argv]
