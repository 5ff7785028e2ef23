# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Completion in shells: what is offered, how fast, and what the scripts make of it."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from dynamo_container.cli.app import app
from dynamo_container.completion import answer, grammar, shells, store
from dynamo_container.completion.offers import FILES, offers
from dynamo_container.completion.shell_words import split
from dynamo_container.plugins.registry import Registry

BASH = shutil.which("bash") or "bash"
ON_ENGINE = {"image": ["dynamo:latest-none", "mine:1"], "container": ["my-server"]}
OPTIONS = """
@hookimpl
def dynamo_container_options(command):
    if command == "build":
        yield Option(flag="--tiny-attention", choices=("flash", "paged"), help="Kernels.")
        yield Option(flag="--tiny-config", type="path", help="A file.")
        yield Option(flag="--tiny-fast", type="flag", help="Be fast.")
"""


@pytest.fixture(scope="module")
def described():
    """The grammar with the plugins of this repository."""
    return grammar.describe(app, click.Context(app), Registry.discover())


@pytest.fixture
def offered(described):
    """What is offered at the end of a line."""

    def offer(line: str, document=described) -> list[str] | str:
        *words, current = split(line)
        found = offers(document, words[1:], current, ON_ENGINE.__getitem__)
        return found if isinstance(found, str) else [name for name, _ in found]

    return offer


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "build"),
        ("plugins ", "show"),
        ("help pl", "plugins"),
        ("build ", "vllm"),
        ("build none v", "vllm"),
        ("build --framework ", "none"),
        ("build --framework=n", "--framework=none"),
        ("build vllm --target r", "runtime"),
        ("build none --stage to", "tools="),
        ("build none --stage tools=mi", "tools=mine:1"),
        ("build vllm --cuda-version ", "12.9"),
        ("build vllm --dynamo-version 1.4", "1.4.2"),
        ("build vllm --device ", "cpu"),
        ("build none --progress p", "plain"),
        ("build none --progress=p", "--progress=plain"),
        ("build none --platform linux/a", "linux/arm64"),
        ("build none --dry", "--dry-run"),
        ("build none --no-enable", "--no-enable-kvbm"),
        ("explain build none --tar", "--target"),
        ("--engine docker build vl", "vllm"),
        ("-q run --image d", "dynamo:latest-none"),
        ("check m", "mine:1"),
        ("stop my", "my-server"),
        ("logs no", "none"),
        ("plugins show im", "images"),
        ("--no-plugin vl", "vllm"),
        ("run --network h", "host"),
        ("build trtllm --trt", "--trtllm-use-nixl-kvcache-experimental"),
        ("completion f", "fish"),
    ],
)
def test_it_offers(offered, line, expected):
    assert expected in offered(f"dynamo-container {line}")


@pytest.mark.parametrize(
    "line", ["build --source ./", "build --report=x", "run none -- ./", "render none --output d"]
)
def test_it_offers_files(offered, line):
    assert offered(f"dynamo-container {line}") == FILES


def test_an_option_that_was_given_is_offered_again_only_if_it_can_be_repeated(offered):
    found = offered("dynamo-container build none --dry-run --tag a:1 --")

    assert "--tag" in found
    assert "--dry-run" not in found


@pytest.mark.parametrize("line", ["nosuch ", "build --nosuch=", "plugins nosuch ", "build 'a b "])
def test_words_that_are_not_known_are_ignored(offered, line):
    offered(f"dynamo-container {line}")


def test_values_depend_on_the_framework(offered):
    assert "1.4.2" in offered("dynamo-container build vllm --dynamo-version ")
    only_cpu = offered("dynamo-container build none --cuda-version ")
    assert set(only_cpu) <= set(offered("dynamo-container build vllm --cuda-version "))


def test_options_of_a_plugin_are_offered_with_its_framework_only(offered, site):
    site.framework("tiny", OPTIONS)
    document = grammar.describe(app, click.Context(app), Registry.discover())

    assert offered("dynamo-container build tiny --tiny-a", document) == ["--tiny-attention"]
    assert offered("dynamo-container build tiny --tiny-attention ", document) == ["flash", "paged"]
    assert offered("dynamo-container build tiny --tiny-config ", document) == FILES
    assert offered("dynamo-container build tiny --tiny-fast no", document) == ["none"]
    assert offered("dynamo-container build none --tiny", document) == []


def test_a_plugin_that_fails_does_not_stop_completion(offered, site):
    site.framework("broken", "raise RuntimeError('no')")
    site.framework("tiny", "@hookimpl\ndef dynamo_container_stages(request):\n    1 / 0\n")

    document = grammar.describe(app, click.Context(app), Registry.discover())

    assert "broken" in offered("dynamo-container build ", document)
    assert offered("dynamo-container build tiny --target ", document) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a b ", ["a", "b", ""]),
        ("a b", ["a", "b"]),
        ("", [""]),
        ("a 'b c", ["a", "b c"]),
        ('a "b c', ["a", "b c"]),
        ("a b\\ ", ["a", "b "]),
        ("a # b", ["a", "#", "b"]),
    ],
)
def test_a_line_that_is_not_complete_is_split_as_bash_does(line, words):
    assert split(line) == words


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A grammar that was made from one file."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source = tmp_path / "plugin.py"
    source.write_text("")
    store.save({"root": {}}, [str(source)])
    return source


def test_the_grammar_is_kept(kept):
    assert store.load() == {"root": {}}


def test_it_is_made_again_if_a_plugin_changes(kept):
    os.utime(kept, (1, 1))

    assert store.load() is None


def test_it_is_made_again_if_a_package_is_installed(kept, tmp_path, monkeypatch):
    (tmp_path / "packages").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))

    assert store.load() is None


def test_it_is_made_again_if_other_plugins_are_allowed(kept, monkeypatch):
    monkeypatch.setenv("DYNAMO_CONTAINER_PLUGINS", "none")

    assert store.load() is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"made_of": 1, "grammar": {}}', "[" * 100_000])
def test_a_file_that_cannot_be_used_is_ignored(kept, text):
    Path(store.path()).write_text(text)

    assert store.load() is None


def test_a_folder_that_cannot_be_written_is_ignored(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")

    store.save({}, [])
    assert store.load() is None


def complete(line: str, cache: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Ask the program as bash does."""
    return subprocess.run(
        [sys.executable, "-m", "dynamo_container"],
        env={
            "PATH": os.environ["PATH"],
            "XDG_CACHE_HOME": str(cache),
            "COMP_LINE": line,
            shells.VARIABLE: "bash",
            **environment,
        },
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.processes
def test_the_second_answer_imports_neither_click_nor_a_plugin(tmp_path):
    first = complete("dynamo-container build n", tmp_path)
    second = complete("dynamo-container build n", tmp_path, PYTHONPROFILEIMPORTTIME="1")

    assert second.stdout == first.stdout == "=none\n"
    imported = {line.rpartition("|")[2].strip() for line in second.stderr.splitlines()}
    assert "dynamo_container.completion.offers" in imported
    slow = {"click", "pluggy", "dataclasses", "importlib_metadata", "dynamo_container.cli"}
    assert imported & slow == set()


@pytest.mark.processes
def test_it_takes_less_than_150_ms(tmp_path):
    """Of the processor: how long it waits for others says nothing about it."""
    complete("dynamo-container build n", tmp_path)
    seconds = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        complete("dynamo-container build vllm --target r", tmp_path)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    assert min(seconds) < 0.15


@pytest.mark.processes
@pytest.mark.parametrize(
    ("line", "replies"),
    [
        ("dynamo-container build no", ["none"]),
        ("dynamo-container build none --stage to", ["compopt -o nospace", "tools="]),
        ("dynamo-container build none --source ", ["compopt -o default"]),
        ("dynamo-container build none --progress=pl", ["plain"]),
    ],
)
def test_bash_takes_the_offers(tmp_path, line, replies):
    script = (
        f'dynamo-container() {{ "{sys.executable}" -m dynamo_container "$@"; }}\n'
        f"{shells.SCRIPTS['bash']}\n"
        'compopt() { echo "compopt $*"; }\n'
        "COMP_LINE=$1 COMP_POINT=${#1}\n"
        "_dynamo_container dynamo-container\n"
        'for one in "${COMPREPLY[@]}"; do echo "$one"; done\n'
    )
    done = subprocess.run(
        [BASH, "-c", script, "bash", line],
        env={"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines() == replies
    assert done.stderr == ""


@pytest.mark.processes
@pytest.mark.parametrize("shell", list(shells.SCRIPTS))
def test_the_scripts_have_no_syntax_error(tmp_path, shell):
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    file = tmp_path / "script"
    file.write_text(shells.SCRIPTS[shell])

    done = subprocess.run([program, "-n", file], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_values_that_bash_regards_as_several_words_are_cut(monkeypatch, capfd, tmp_path, described):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(answer, "_lookup", ON_ENGINE.__getitem__)
    store.save(described, [])
    monkeypatch.setenv("COMP_LINE", "dynamo-container check dynamo:l")

    answer.main("bash", dict)

    assert capfd.readouterr().out == "=latest-none\n"


def test_a_name_that_controls_the_terminal_is_not_offered(monkeypatch, capfd, tmp_path, described):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(answer, "_lookup", lambda _kind: ["my\x1b[2J", "mine\nrm"])
    store.save(described, [])
    monkeypatch.setenv("COMP_LINE", "dynamo-container check m")

    answer.main("bash", dict)

    assert capfd.readouterr().out == ""


def test_completion_prints_the_script(cli):
    assert cli.ok("completion", "bash").out == shells.SCRIPTS["bash"]


@pytest.mark.parametrize("shell", list(shells.SCRIPTS))
def test_completion_is_installed_where_the_shell_looks(cli, monkeypatch, tmp_path, shell):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "SUDO_UID"):
        monkeypatch.delenv(name, raising=False)

    result = cli.ok("completion", shell, "--install")

    path = Path(result.out.strip())
    assert path.is_relative_to(tmp_path)
    assert path.read_text() == shells.SCRIPTS[shell]
    assert "open a new shell" in result.err


def test_if_completion_cannot_be_installed_the_error_names_another_way(cli, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", "/dev/null")

    result = cli("completion", "bash", "--install")

    assert result.status == 6
    assert "completion bash > FILE" in result.err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("buidl", "none"), "build"),
        (("plugins", "shw"), "show"),
        (("help", "exlain"), "explain"),
        (("plugins", "show", "nnoe"), "none"),
        (("--no-plugin", "nnoe", "build", "none"), "none"),
        (("build", "none", "--target", "runtim", "--dry-run"), "runtime"),
        (("build", "none", "--stage", "tols=x", "--dry-run"), "tools"),
        (("build", "none", "--progress", "plane", "--dry-run"), "plain"),
        (("build", "nnoe", "--dry-run"), "none"),
        (("build", "none", "--targt", "x"), "--target"),
        (("explain", "build", "none", "tols"), "tools"),
        (("--engine", "dokcer", "ps"), "docker"),
    ],
)
def test_a_misspelled_name_is_recognized(cli, words, meant):
    result = cli(*words)

    assert result.status == 2
    assert "did you mean" in result.err
    assert meant in result.err.partition("did you mean")[2].split("?")[0]


def test_a_name_that_is_like_no_other_has_no_suggestion(cli):
    assert "did you mean" not in cli("zzzzz").err


def test_the_grammar_is_plain_data(described):
    assert json.loads(json.dumps(described)) == described
