# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A dry run, executed by a shell, gives docker the same bytes as the real run.

From a file by any shell; as a terminal shows it by bash.
"""

from __future__ import annotations

import os
import pty
import random
import subprocess
import sys
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

pytestmark = pytest.mark.processes

# It answers what a plan needs to know, and records everything else that it is given.
DOCKER = """#!/bin/sh
case "$1 $2" in
"info "*) echo '{"ServerVersion": "28.5.2", "Runtimes": {}}'; exit 0 ;;
"version "*) echo 28.5.2; exit 0 ;;
"image inspect") echo "Error: No such image: x" >&2; exit 1 ;;
"ps "*) exit 0 ;;
esac
# By these, the guard of a real run knows the container. They are different each time.
for word; do
    shift
    case $word in
    --cidfile=*/dynamo-container-*.id | --label=ai.dynamo.container.call=*) ;;
    *) set -- "$@" "$word" ;;
    esac
done
{
    printf '%s\\0' "$PWD" "$BUILDX_NO_DEFAULT_LOAD" "$BUILDX_GIT_INFO" "$@"
    [ "$1" = run ] || cat
} > "$RECORD"
"""
# Anything that a shell can pass as a word, except an empty one.
WORDS = st.binary(min_size=1, max_size=40).map(lambda data: data.replace(b"\0", b"\x01"))
LOCALES = {
    "utf-8": {"LC_ALL": "C.UTF-8"},
    "c": {"LC_ALL": "C"},
    "ascii": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
ODD_WORDS = [
    b"\x1b[32mx", b"\x1b]52;c;x\x07", b"\xff\xfe", b"caf\xc3\xa9", b"\xc3", b"'", b'"$HOME`id`"',
    b"a\nb", b"\r\n", b"\t", b"!!", b"a!\x1b", b"\\", b"\\\x1b\\'", b"\x7f", b"\xc2\x9b", b"*",
    b"~",
    b"\xe2\x80\xae", b"\xf0\x9f\x98\x80", b"-x", b"#", b"$'\\x41'", b" ", b"\x1b0", b"\xed\xb3\xbf",
]  # fmt: skip


class Recorder:
    """Runs the command with a docker that records."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = folder / "docker"
        program.write_text(DOCKER)
        program.chmod(0o755)
        self.record = folder / "record"

    def call(self, *argv: bytes | str, **environment: str) -> tuple[bytes, bytes]:
        """Run a program; return its standard output and what docker was given."""
        self.record.unlink(missing_ok=True)
        done = subprocess.run(
            argv,
            env=self.environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout, self.record.read_bytes() if self.record.exists() else b""

    def environment(self, additions: dict[str, str]) -> dict[str, str]:
        """Return the variables that a program is started with."""
        return {
            **os.environ,
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "DOCKER_HOST": "tcp://127.0.0.1:9",
            "RECORD": str(self.record),
            **additions,
        }

    def compare(self, *words: bytes | str, **environment: str) -> bytes:
        """Check that the real run and the dry run give docker the same.

        Returns:
            The dry run as a terminal shows it.
        """
        command = (sys.executable, "-m", "dynamo_container", "--quiet", *words)
        _, real = self.call(*command, **environment)
        # A quiet build reads the progress; how it is shown does not change what is built.
        real = real.replace(b"--progress\0rawjson\0", b"--progress\0auto\0")
        cut = words.index("--") if "--" in words else len(words)
        dry = (*command[: cut + 4], "--dry-run", *command[cut + 4 :])
        text, nothing = self.call(*dry, **environment)
        assert nothing == b""
        assert real
        for shell in ("sh", "bash"):
            assert self.pasted(shell, text, **environment) == real
        shown = self.shown(*dry, **environment)
        assert self.pasted("bash", shown, **environment) == real
        return shown

    def shown(self, *argv: bytes | str, **environment: str) -> bytes:
        """Run a program at a terminal; return what it shows."""
        terminal, inside = pty.openpty()
        tty.setraw(inside)  # else line feeds arrive with carriage returns
        with (
            os.fdopen(terminal, "rb") as output,
            subprocess.Popen(argv, env=self.environment(environment), stdout=inside),
        ):
            os.close(inside)
            return b"".join(read_until_closed(output))

    def pasted(self, shell: str, text: bytes, **environment: str) -> bytes:
        """Return what docker is given if a shell executes the text."""
        script = self.folder / "script"
        script.write_bytes(text)
        return self.call(shell, str(script), **environment)[1]


def read_until_closed(terminal: BinaryIO) -> Iterator[bytes]:
    """Yield what is written to a terminal until no program has it any more, which is an error."""
    try:
        while data := os.read(terminal.fileno(), 65536):
            yield data
    except OSError:
        return


@pytest.fixture
def recorder(tmp_path):
    return Recorder(tmp_path)


def run_words(values: list[bytes]) -> tuple[bytes | str, ...]:
    env = [
        word for number, value in enumerate(values) for word in (b"-e", b"V%d=%s" % (number, value))
    ]
    return ("run", "none", "--image", "example:1", "--gpus", "none", *env, "--", "printf", *values)


def is_safe(text: bytes) -> bool:
    """Return whether a terminal can show a dry run: printable UTF-8, and line feeds."""
    return text.decode().replace("\n", "").isprintable()


@pytest.mark.parametrize("locale", LOCALES.values(), ids=LOCALES)
def test_a_run_is_the_same_in_every_locale(recorder, locale):
    text = recorder.compare(*run_words(ODD_WORDS), **locale)

    assert is_safe(text)
    assert b"$'V0=\\x1b[32mx'" in text.replace(b"--env=", b"") or b"$'--env=V0=\\x1b[32mx'" in text


def test_random_bytes_are_the_same(recorder):
    generator = random.Random(14)
    values = [
        bytes(generator.choices(range(1, 256), k=generator.randint(1, 30))) for _ in range(400)
    ]

    assert is_safe(recorder.compare(*run_words(values)))


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(values=st.lists(WORDS, min_size=1, max_size=60))
def test_any_words_are_the_same(recorder, values):
    assert is_safe(recorder.compare(*run_words(values)))


@pytest.mark.parametrize("locale", LOCALES.values(), ids=LOCALES)
def test_a_build_is_the_same(recorder, locale):
    odd = "caf\u00e9 \x1b[1m \n ${HOME} %{if} \U0001f600 \u202e\nEOF\n"
    arguments = ["--build-arg", f"CACHES={odd}", "--build-arg", f"EXTRA_PACKAGES={odd}"]

    text = recorder.compare(
        "build", "none", "--target", "runtime", "--tag", "x:1", "--no-latest", *arguments, **locale
    )

    assert is_safe(text)
    assert rb"caf\u00e9" in text


def test_folders_to_create_and_paths_are_the_same(recorder, tmp_path):
    cache = os.fsencode(tmp_path) + b"/c\x1b\xff'x"

    recorder.compare("run", "none", "--image", "x:1", "--gpus", "none", b"--hf-cache=" + cache)

    assert Path(os.fsdecode(cache)).is_dir()


@pytest.mark.parametrize("value", [b"\xff", b"\xed\xa0\x80", b"ok\xc3"])
def test_what_bake_cannot_take_is_refused_in_both(recorder, value):
    """Bake would replace bytes that are not UTF-8 by another character."""
    words = ("build", "none", "--target", "runtime", "--build-arg", b"CACHES=" + value)
    for dry in ((), ("--dry-run",)):
        answer = subprocess.run(
            [sys.executable, "-m", "dynamo_container", *words, *dry],
            capture_output=True, check=False,
        )  # fmt: skip
        assert answer.returncode == 2
        assert b"not UTF-8" in answer.stderr
        assert len(answer.stderr.splitlines()) == 2
