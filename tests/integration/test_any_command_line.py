# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever is on the command line, in the environment and in files: no fault, and errors of two
lines with a status of ours.

Command lines are generated from click's own description of the commands, so new options are covered
without being listed here. No engine answers, and no docker command is installed.
"""

from __future__ import annotations

import gc
import json
import os
import re
from collections.abc import Iterator

import click
import pytest
from dynamo_container.cli.app import COMMANDS, app
from hypothesis import HealthCheck, Phase, example, given, settings, strategies as st

pytestmark = [
    pytest.mark.processes,
    # docker's SDK does not close a socket that nothing listens on.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

STATUSES = {0, 1, 2, 3, 4, 5, 6, 130}
DIGITS = "9" * 5000
ODD_VALUES = (
    "", " ", "\n", "a\nb\nc\nd\ne\nf", "-", "--", "=", "=x", "x=", ",", ":", "::", "/", "//", ".",
    "~", "~no-one/x", "/dev/full", "/dev/null", "/no/such/file", "/proc/self/mem", "\x1b[2J",
    "\x9b",
    "\u202e", "\udcff", "caf\u00e9", "\U0001f600", "'", '"', "`id`", "${HOME}", "%{if}", "{{", "*",
    "$(id)", "\\", "0", "1", "-1", "00", "1e400", "nan", "inf", "-inf", "0x10", "1_000", "\u0661",
    DIGITS, f"-{DIGITS}", f"1.{DIGITS}", f"{DIGITS}.1", f"count={DIGITS}", f"{DIGITS}:1", "count=0",
    "x" * 120_000, ",".join(f"name{number}" for number in range(200)), "[" * 5000, "none", "vllm",
    "dev", "runtime", "local-dev", "a:b", "a:b:c:d", "a b", "A=\x1b", "id=x", "id=x,src=/no",
    'id="', "id=x,env=Y", "type=registry,ref=x", "type=s3,secret_access_key=x", "https://u:p@h/x",
    "type=local,dest=/x", "https://[::1", "http://h:notaport/", "https://h/?token=x", "git@h:x",
    "docker-image://x", "x@sha256:0", "sha256:" + "0" * 64, "linux/amd64",
    "linux/amd64,linux/arm64",
    "1.4.2", "12.9", "2026-08-30", "9999-99-99", "true", "maybe", "TRUE", "mode=max", "8000:8000",
    "host", "container:x", "device=0,1", "0,1", "GPU-x",
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(ODD_VALUES),
    st.text(max_size=30).map(lambda text: text.replace("\0", "")),
    st.binary(max_size=20).map(lambda data: os.fsdecode(data.replace(b"\0", b""))),
)
# Options that name what is written: their values stay below the test's own folder.
OUTPUTS = {"--output", "--report"}
PLACES = st.sampled_from(
    ["out", "a/b", "", ".", "out\n", "\udcff", "x" * 300, "/dev/full", "/no/such/x"]
)


def commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield each command with its words."""
    context = click.Context(app)
    for name in COMMANDS:
        command = app.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            for sub, child in command.commands.items():
                yield (name, sub), child
        else:
            yield (name,), command


ALL = list(commands())
GLOBAL = [[], ["--quiet"], ["--verbose"], ["--debug"], ["--no-color"], ["--near", "/no/such"]]


@st.composite
def option_words(draw, option: click.Option) -> list[str]:
    flag = draw(st.sampled_from([*option.opts, *option.secondary_opts]))
    if (option.is_flag and option.secondary_opts) or option.is_bool_flag or option.count:
        return [flag]
    value = draw(PLACES if OUTPUTS & set(option.opts) else VALUES)
    if flag.startswith("--") and draw(st.booleans()):
        return [f"{flag}={value}"]
    return [flag, value]


@st.composite
def command_lines(draw) -> list[str]:
    """Generate a command with some of its options, with odd values, in any order."""
    words, command = draw(st.sampled_from(ALL))
    options = [one for one in command.params if isinstance(one, click.Option)]
    chosen = draw(st.lists(st.sampled_from(options), max_size=4)) if options else []
    parts = [draw(option_words(option)) for option in chosen]
    parts += [[draw(VALUES)] for _ in range(draw(st.integers(0, 2)))]
    if any("--dry-run" in option.opts for option in options):
        parts.append(["--dry-run"])
    if "new-plugin" in words:
        parts.append(["--output", draw(PLACES)])
    after = draw(st.sampled_from([[], [], ["--"], ["--", draw(VALUES)]]))
    shuffled = draw(st.permutations(parts))
    return [*draw(st.sampled_from(GLOBAL)), *words, *(w for part in shuffled for w in part), *after]


@pytest.fixture
def nothing_answers(monkeypatch, tmp_path):
    """A machine without docker, on which nothing listens."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/missing.sock")
    monkeypatch.setenv("COLUMNS", "80")
    yield
    gc.collect()  # now, while its complaints about sockets are ignored


def check(cli, words, *, garbage: bool = False) -> None:
    """Run a command line and check what a user sees; with `garbage`, docker's own output too."""
    result = cli(*words)
    shown = json.dumps([word[:200] for word in words])
    assert result.status in STATUSES, shown
    assert "fault in dynamo-container" not in result.err, f"{shown}\n{result.err}"
    assert "Traceback" not in result.err, shown
    # What docker prints may not end with a line feed.
    message = re.search(r"error: " if garbage else r"^error: ", result.err, re.MULTILINE)
    error = result.err[message.start() :] if message else ""
    silent = result.status in (0, 130) or {"doctor", "plugins"} & set(words)
    assert error or silent, shown
    assert len(error.splitlines()) <= 3, f"{shown}\n{error}"
    assert len(error.encode()) <= 4096, shown
    assert garbage or result.err.replace("\n", "").replace("\t", "").isprintable(), shown


@pytest.mark.parametrize("framework", ["none", "vllm"])
def test_verify_asks_for_an_engine_before_it_resolves_packages(cli, nothing_answers, framework):
    result = cli("releases", "--verify", framework)

    assert result.status == 3
    assert result.err.count("error: ") == 1
    assert "packages" not in result.out


fuzzing = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    report_multiple_bugs=False,
)


@settings(fuzzing, max_examples=1500)
@given(words=command_lines())
@example(words=["check", "x", "--timeout", "nan"])
@example(words=["run", "none", "--gpus", f"count={DIGITS}", "--dry-run"])
@example(words=["build", "none", "--uid", DIGITS, "--dry-run"])
def test_any_command_line(words, cli, nothing_answers):
    check(cli, words)


def toml_value(value: object) -> str:
    """Write a value as TOML: JSON's strings and lists are valid in it, if ASCII."""
    return json.dumps(value) if not isinstance(value, float) else str(value).lower()


VALUES_OF_FILES = st.one_of(
    VALUES.map(lambda text: text.encode("utf-8", "replace").decode()[:2000]),
    st.sampled_from(["a\0b", "\0", True, False, 0, -1, 10**400, 1.5, float("nan"), float("inf")]),
    st.lists(st.sampled_from(["a", "", "a\0", "\x1b", "a=b"]), max_size=3),
)


@st.composite
def project_files(draw) -> tuple[str, str]:
    """Generate a command and a project file with some of its options."""
    command = draw(st.sampled_from(["build", "run"]))
    params = dict(ALL)[(command,)].params
    names = [(one.name or "").replace("_", "-") for one in params if isinstance(one, click.Option)]
    chosen = draw(st.dictionaries(st.sampled_from(names), VALUES_OF_FILES, max_size=4))
    chosen.pop("report", None)
    lines = [f"{json.dumps(name)} = {toml_value(value)}" for name, value in chosen.items()]
    return command, "\n".join([f"[{command}]", *lines])


@settings(fuzzing, max_examples=500)
@given(case=project_files())
@example(case=("build", "[build]\nuid = " + DIGITS))
@example(case=("build", "[build]\ntag = " + "[" * 5000))
@example(case=("run", '[run]\nenv = ["A=a\\u0000b"]'))
@example(case=("run", "[run]\nwait-timeout = nan"))
@example(case=("run", "[run]\n" + "[run.a" + ".a" * 5000 + "]"))
def test_any_project_file(case, cli, nothing_answers):
    command, text = case
    with open("dynamo-container.toml", "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)

    check(cli, [command, "none", "--dry-run"])


@pytest.mark.parametrize("command", [["build", "none"], ["run", "none"], ["ps"], ["doctor"]])
@pytest.mark.parametrize(
    "text",
    [
        "tool.dynamo-container.x = " + "[" * 5000,
        "# ai-dynamo\nx = " + "[" * 5000 + "]" * 5000,
        "# ai-dynamo\nx" + ".x" * 5000 + " = 1",
        "# ai-dynamo dynamo-container\n\0",
        "# ai-dynamo\nx = " + DIGITS,
    ],
    ids=["list", "closed-list", "keys", "nul", "digits"],
)
def test_anybodys_pyproject(text, command, cli, nothing_answers, tmp_path):
    (tmp_path / "pyproject.toml").write_text(text)

    dry_run = ["--dry-run"] if len(command) > 1 else []
    check(cli, [*command, *dry_run])


# Commands that read or write at a place: a pipe without a writer, or a device.
PLACED = (
    "diff {0} {0}", "trust {0}", "build none --lock {0} --dry-run",
    "build none --report {0} --dry-run", "build none --ca-bundle {0} --dry-run",
    "lock none --target runtime --lock {0}", "outdated --lock {0}", "update --lock {0}",
    "reproduce a:1 --lock {0}", "run none --env-file {0} --dry-run", "dev none --source {0}",
    "new-plugin acme --output {0}", "new-plugin acme --output {0}/x", "render none --output {0}",
    "export compose {0} none --model org/model", "export slurm {0}/x none --model org/model",
)  # fmt: skip


@pytest.mark.parametrize("words", PLACED)
def test_a_place_that_cannot_be_used(words, cli, nothing_answers, tmp_path):
    pipe = tmp_path / "pipe.lock"
    os.mkfifo(pipe)
    for place in (pipe, "/dev/full"):
        line = words.format(place).split()
        assert cli(*line).status
        check(cli, line)


CONFIGURATIONS = (
    "[]", "{}", "null", "1", '"x"', "{", "\xff", "[" * 5000, '{"currentContext": 1}',
    '{"currentContext": {"a": 1}}', '{"currentContext": "\\u0000"}',
    '{"currentContext": "no/such"}',
    '{"auths": []}', '{"auths": {"x": 1}}', '{"proxies": "x"}', '{"proxies": {"default": []}}',
    '{"HttpHeaders": 3}', '{"credHelpers": []}', '{"credsStore": {}}',
)  # fmt: skip
ASKING = (
    ["ps"], ["logs"], ["exec"], ["stop", "--all"], ["doctor"], ["check", "x:1"], ["run", "none"],
    ["run", "none", "--dry-run"], ["build", "none"],
    ["build", "none", "--push", "--platform", "a/b", "--repository", "r/x"],
)  # fmt: skip


@pytest.mark.parametrize("command", ASKING, ids=" ".join)
@pytest.mark.parametrize("host", [None, ""], ids=["no-host", "empty-host"])
def test_an_odd_configuration_of_docker(command, host, cli, nothing_answers, tmp_path, monkeypatch):
    monkeypatch.delenv("DOCKER_HOST")
    if host is not None:
        monkeypatch.setenv("DOCKER_HOST", host)
    # A machine may have an engine at the default address.
    monkeypatch.setattr("dynamo_container.docker.api._DEFAULT_SOCKET", str(tmp_path / "missing"))
    monkeypatch.setattr("docker.constants.DEFAULT_UNIX_SOCKET", f"http+unix://{tmp_path}/missing")
    for text in CONFIGURATIONS:
        folder = tmp_path / "configuration"
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_bytes(text.encode("latin-1"))
        monkeypatch.setenv("DOCKER_CONFIG", str(folder))
        check(cli, command)


HOSTS = (
    "tcp://h:notaport", "tcp://127.0.0.1:99999", "tcp://", "unix://", "unix:///" + "x" * 300, "x",
    "//",
    "http://[::1", "npipe://x", "fd://", "tcp://127.0.0.1:9", "unix://\x1b[2J", "ssh://", "tcp://:\n:",
    "\udcff", "unix://\udcff", "tcp://u:p@127.0.0.1:9",
)  # fmt: skip


@pytest.mark.parametrize("command", ASKING, ids=" ".join)
def test_an_odd_address_of_the_engine(command, cli, nothing_answers, monkeypatch):
    for host in HOSTS:
        monkeypatch.setenv("DOCKER_HOST", host)
        check(cli, command)


GARBAGE = (
    "", "garbage", "{", "{}", "[]", "null", "1", '{"ServerVersion": 1}',
    '{"ServerVersion": "x", "Runtimes": 3}',
    '{"ServerVersion": "28", "CDISpecDirs": 5}',
    '{"ServerVersion": "28", "DiscoveredDevices": [1]}',
    '{"ServerVersion": "28", "Name": []}', "\x1b[2J", "[" * 5000, '{"Id": 1}',
    '{"Type": "Build Cache"}',
    "Name: x\nDriver: docker\n", "Driver: docker\n", "9" * 5000, "\n\n\n", "-1.-1", "\xff\xfe",
)  # fmt: skip


@pytest.mark.parametrize("status", [0, 1])
@pytest.mark.parametrize("command", ASKING, ids=" ".join)
def test_a_docker_that_prints_garbage(command, status, cli, nothing_answers, tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "docker"
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    for text in GARBAGE:
        (folder / "answer").write_bytes(text.encode("latin-1"))
        program.write_text(
            f"#!/bin/sh\nread -r line < {folder}/answer\n/bin/cat {folder}/answer\n"
            f"/bin/cat {folder}/answer >&2\nexit {status}\n"
        )
        program.chmod(0o755)
        check(cli, command, garbage=True)
