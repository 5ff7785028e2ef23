# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The command line without an engine: output, exit status, and where options come from."""

from __future__ import annotations

import importlib
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
from dynamo_container.cli.app import COMMANDS, app
from dynamo_container.options.project import FILE
from dynamo_container.plugins import catalog

BASH = shutil.which("bash") or "bash"
PIN = """
@hookimpl
def dynamo_container_options(command):
    if command == "build":
        yield Option(flag="--tiny-ref", metavar="REF", help="a git ref")

@hookimpl
def dynamo_container_pins(request):
    if ref := request.option("tiny_ref"):
        yield Pin(name="tiny", version=ref, kind="git", build_arg="GREETING")
"""


@pytest.fixture
def no_docker(monkeypatch):
    """A machine without the docker command, and without an engine."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")


@pytest.fixture
def no_engine(monkeypatch, tmp_path):
    """A docker client, if there is one, without an engine."""
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/absent.sock")


@pytest.mark.skipif(bool(find_spec("paramiko")), reason="with paramiko it would be asked")
def test_an_engine_over_ssh_needs_an_extra(cli, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "ssh://me@host")

    result = cli("ps")

    assert result.status == 3
    assert result.err.splitlines()[1] == "pip install 'dynamo-container[ssh]'"


@pytest.mark.parametrize("words", [("ps",), ("stop", "--all")])
def test_an_unknown_docker_context_is_not_mistaken_for_the_local_engine(
    cli, monkeypatch, tmp_path, words
):
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONTEXT", "nosuch")

    result = cli(*words)

    assert result.status == 3
    assert "docker context 'nosuch' does not exist" in result.err


@pytest.mark.processes
@pytest.mark.parametrize("words", [("build", "none"), ("run", "none"), ("check", "an/image")])
def test_without_an_engine_the_status_is_3_with_a_next_step(cli, no_engine, words):
    result = cli(*words)

    assert result.status == 3
    assert result.out == ""
    what, next_step = result.err.splitlines()
    assert what.startswith("error: ")
    assert "docker" in what
    assert "Docker" in next_step


@pytest.mark.processes
@pytest.mark.parametrize("words", [("build", "none"), ("run", "none")])
def test_without_docker_the_status_is_3_with_a_next_step(cli, no_docker, words):
    result = cli(*words)

    assert result.status == 3
    what, next_step = result.err.splitlines()
    assert what == "error: the docker command is not installed"
    assert "install Docker" in next_step


# Not marked `processes`: that nothing is started is what is tested.
@pytest.mark.parametrize(
    "words",
    [
        ("build", "none", "--dry-run"),
        ("explain", "build", "none"),
        ("plugins", "list"),
        ("plugins", "show", "none"),
        ("--version",),
        ("--help",),
        ("build", "--help"),
    ],
)
def test_commands_that_only_plan_start_no_process(cli, words):
    assert cli.ok(*words).out


@pytest.mark.processes
@pytest.mark.parametrize("words", [("run", "none", "--dry-run"), ("explain", "run", "none")])
def test_a_run_is_planned_without_an_engine_and_reports_its_assumptions(cli, no_docker, words):
    result = cli.ok(*words)

    assert "dynamo:latest-none" in result.out
    assert "assuming no GPU" in result.err


@pytest.mark.processes
@pytest.mark.parametrize(
    "words", ["build none --dry-run", "run none --dry-run", "plugins list", "explain build none"]
)
def test_heavy_packages_are_not_imported(words):
    script = (
        "import sys; from dynamo_container.cli import main; "
        f"assert main({shlex.split(words)!r}) == 0; "
        "print(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    imported = {name.partition(".")[0] for name in answer.stderr.splitlines()}
    assert "dynamo_container" in imported
    assert not imported & {"docker", "requests", "urllib3", "asyncio", "pydantic"}


def test_an_unknown_option_is_a_two_line_error_with_status_2(cli):
    result = cli("build", "none", "--nonsense")

    assert result.status == 2
    assert len(result.err.splitlines()) == 2
    assert "--nonsense" in result.err
    assert "dynamo-container build --help" in result.err


def test_a_known_framework_that_is_not_installed_names_its_package(cli, monkeypatch):
    known = {"gaudi": "dynamo-container-gaudi"}
    monkeypatch.setattr(catalog, "known_frameworks", lambda: known)

    result = cli("build", "gaudi")

    assert result.status == 2
    assert "pip install dynamo-container-gaudi" in result.err


def test_an_unknown_target_lists_the_known_targets(cli):
    result = cli("build", "none", "--target", "nosuch")

    assert result.status == 2
    assert "'nosuch'" in result.err
    assert (
        "known targets: dev, local-dev, runtime, rust, scripts, serving, tools, wheels"
        in result.err
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--tag", "a b"), "not a valid image reference"),
        (("--dynamo-version", "new"), "is not a valid version"),
        (("--resolve-as-of", "yesterday"), "is not a valid date"),
        (("--base-image-tag", "1"), "requires --base-image"),
        (("--base-image", "a:1", "--base-image-tag", "2"), "has a tag already"),
        (("--stage", "tools"), "NAME=IMAGE"),
        (("--stage", "nosuch=x"), "known stages"),
        (("--stage", "tools=a b"), "NAME=IMAGE"),
        (("--stage", "tools=a:1", "--stage", "tools=a:2"), "two images"),
        (("--build-arg", "=x"), "is not a valid KEY=VALUE"),
        (("--build-arg", "a b=x"), "is not a valid KEY=VALUE"),
        (("--build-arg", "INDEX_URL=x"), "use --index-url"),
        (("--base-image", "a b"), "not a valid image reference"),
        (("--target", ""), "--target is empty"),
        (("--index-url", "https://u:p@[::1"), "is not a valid URL"),
        (("--resolve-as-of", "20260830"), "is not a valid date"),
        (("--ca-bundle", "~no-such-user/x"), "absolute path"),
        (("--ca-bundle", "/no/such/file"), "file not found: /no/such/file"),
        (("--secret", "src=x"), "not in docker's syntax"),
        (("--secret", "id=x\n,src=y"), "not in docker's syntax"),
        (("--secret", "id=x,value=mine"), "--secret id=x is not in docker's syntax"),
    ],
)
def test_invalid_options_are_errors_with_status_2(cli, words, message):
    result = cli("build", "none", "--dry-run", *words)

    assert result.status == 2
    assert message in result.err
    assert result.out == ""


@pytest.mark.parametrize("words", [(), ("explain",), ("plugins",)])
def test_help_is_shown_without_a_command(cli, words):
    assert cli.ok(*words).out.startswith("Usage: dynamo-container")


@pytest.mark.parametrize(
    "words",
    [
        ("--index-url", "https://u:SECRET/x@index.example/simple"),
        ("--index-url", "u:SECRET@index.example/simple"),
        ("--index-url", "https://index.example/simple?token=SECRET"),
        ("--build-arg", "INDEX_URL=https://u:SECRET@index.example"),
        ("https://u:SECRET@index.example",),
    ],
)
def test_possible_secrets_are_refused_without_being_shown(cli, words):
    result = cli("build", "none", *words, "--dry-run")

    assert result.status == 2
    assert "SECRET" not in result.out + result.err


def test_several_extra_indexes_in_one_value_keep_their_secrets(cli):
    urls = "https://u:SECRET@a.example/x https://v:SECRET@b.example/y"

    result = cli.ok("build", "none", "--extra-index-url", urls, "--dry-run")

    assert "SECRET" not in result.out + result.err
    assert '"EXTRA_INDEX_URLS": "https://a.example/x https://b.example/y"' in result.out


def test_the_value_of_an_option_is_not_mistaken_for_a_framework(cli, site):
    site.framework("vllm", PIN)
    entry_points = site.folder / "acme_vllm-1.0.dist-info" / "entry_points.txt"
    default = "[dynamo_container.default]\nvllm = acme_vllm\n"
    entry_points.write_text(entry_points.read_text() + default)

    alone = ("--no-plugin", "dynamo-container-vllm")
    result = cli.ok(*alone, "build", "--resolve-as-of", "none", "--tiny-ref", "v2", "--dry-run")

    assert "vllm-runtime" in result.out


def test_help_works_even_if_plugins_that_are_not_selected_fail(cli, site):
    raising = "\n@hookimpl\ndef dynamo_container_options(command):\n    raise RuntimeError('x')\n"
    site.framework("one", PIN)
    site.framework("two", PIN)
    site.framework("raising", raising)

    assert "--tiny-ref" in cli.ok("build", "one", "--help").out
    assert "no such option" in cli("build", "none", "--nonsense").err


def test_a_plugin_that_exits_in_a_hook_is_an_error_that_names_it(cli, site):
    exits = "\n@hookimpl\ndef dynamo_container_labels(request):\n    raise SystemExit(0)\n"
    site.framework("tiny", exits)

    result = cli("build", "tiny", "--dry-run")

    assert result.status == 4
    assert "acme-tiny 1.0" in result.err


def test_a_value_of_a_wrong_type_is_an_error_that_names_the_hooks_location(cli, site):
    wrong = (
        "\n@hookimpl\ndef dynamo_container_labels(request):\n    yield Label(key='a', value=5)\n"
    )
    site.framework("tiny", wrong)

    result = cli("build", "tiny", "--dry-run")

    assert result.status == 4
    assert "value is 5" in result.err
    assert "acme_tiny/__init__.py:" in result.err


def test_output_of_a_plugin_is_not_part_of_a_dry_run(cli, site):
    site.framework("tiny", "print('hello from a plugin')")

    result = cli.ok("build", "tiny", "--dry-run")

    assert "hello" not in result.out
    assert "hello" in result.err


def test_a_deleted_current_folder_is_not_an_error(cli, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    cli.ok("plugins", "list")


def test_several_frameworks_are_one_graph_with_the_shared_stages_once(cli, site):
    site.framework("tiny")

    result = cli.ok("build", "none", "tiny", "--dry-run")

    assert result.definition["group"]["default"]["targets"] == ["dev", "tiny-runtime"]
    assert set(result.definition["target"]) == {
        "dev",
        "none-runtime",
        "scripts",
        "serving",
        "tiny-runtime",
        "tools",
        "wheels",
    }


def test_one_tag_for_two_images_is_an_error_before_the_build(cli, site):
    site.framework("tiny")

    result = cli("build", "none", "tiny", "--tag", "mine:1")

    assert result.status == 2
    assert "--tag cannot be used with several images" in result.err


def test_a_plugins_own_option_reaches_its_hooks_and_help_shows_it(cli, site):
    site.framework("tiny", PIN)

    assert "tiny = v2" in cli.ok("explain", "build", "tiny", "--tiny-ref", "v2").out
    shown = cli.ok("build", "tiny", "--help").out
    assert "Options of the plugin 'tiny'" in shown
    assert "--tiny-ref REF" in shown
    general = cli.ok("build", "--help").out
    assert "--tiny-ref" not in general
    assert "tiny" in general


def test_help_names_the_command_that_shows_more_options_and_an_options_choices(cli, site):
    declared = """
@hookimpl
def dynamo_container_options(command):
    yield Option(flag="--kernels", help="Kernels.", default="flash", choices=("flash", "math"))
"""
    site.framework("tiny", declared)

    for command in ("build", "run"):
        words = " ".join(cli.ok(command, "tiny", "--help").out.split())
        assert "Kernels. [one of: flash, math; default: flash]" in words
        assert "can have options of its own" not in words
        general = " ".join(cli.ok(command, "--help").out.replace("-\n", "-").split())
        assert f"dynamo-container {command} " in general.partition("name it: ")[2]


@pytest.mark.parametrize("command", ["build", "run", "render", "devcontainer"])
def test_help_shows_the_common_options_and_help_all_shows_each_option_once(cli, site, command):
    site.framework("tiny", "")
    found = app.get_command(click.Context(app), command)
    assert found is not None
    options = [one for one in found.params if isinstance(one, click.Option) and not one.hidden]

    common = cli.ok(command, "--help").out
    every = cli.ok(command, "--help-all").out

    assert f"All options: dynamo-container {command} --help-all" in common
    assert len(common.splitlines()) < len(every.splitlines())
    for flag in (option.opts[-1] for option in options):
        assert re.search(rf"^  .*{flag}\b(?!-)", every, re.MULTILINE), flag


def test_help_shows_the_help_of_a_command(cli):
    assert cli.ok("help", "plugins", "list").out == cli.ok("plugins", "list", "--help").out
    assert cli.ok("help").out == cli.ok("--help").out

    result = cli("help", "plugins", "lst")
    assert result.status == 2
    assert "no such command: 'lst'" in result.err


@pytest.mark.parametrize("columns", ["60", "80", "140"])
def test_help_cuts_no_word(cli, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)

    for command in COMMANDS:
        shown = cli.ok(command, "--help").out
        several = re.compile(r"\b[A-Z]+\.\.\.")  # such as COMMAND...
        assert not re.search(r"[\w.]\.\.\.", several.sub("", shown)), shown


@pytest.mark.parametrize("command", ["build", "run"])
def test_a_framework_that_is_not_found_comes_before_an_option_that_may_be_its_own(cli, command):
    result = cli(command, "nope", "--nope-ref", "v2")

    assert result.status == 2
    assert "framework 'nope' not found" in result.err
    assert "--nope-ref" not in result.err


def test_a_word_that_explain_takes_as_a_key_is_not_taken_for_a_framework(cli):
    for command in ("build", "run"):
        assert "no such option: --nonsense" in cli("explain", command, "env", "--nonsense").err


def test_an_option_of_a_plugin_that_is_not_selected_is_unknown(cli, site):
    site.framework("tiny", PIN)

    result = cli("build", "none", "--tiny-ref", "v2", "--dry-run")

    assert result.status == 2
    assert "no such option: --tiny-ref" in result.err
    assert "if it is an option of a plugin, name its framework" in result.err


class TestOrigins:
    """Options come from the command line, the environment, the project file: in this order."""

    @pytest.fixture(autouse=True)
    def _project_file(self, tmp_path, monkeypatch):
        monkeypatch.setenv("DYNAMO_CONTAINER_TRUST", "1")
        text = '[build]\nbase-image = "from/file:1"\ndynamo-version = "1.4.1"\n'
        (tmp_path / FILE).write_text(text)

    @staticmethod
    def base_image(cli, *words):
        values = cli.ok("explain", "build", "none", "base-image", *words, "--json").json
        return values["images"][0]["values"][0]

    def test_the_project_file_wins_over_plugins(self, cli, tmp_path):
        value = self.base_image(cli)

        assert value["value"] == "from/file:1"
        assert value["sources"][0]["distribution"] == f"project file {tmp_path / FILE}"
        assert [one["value"] for one in value["shadowed"]] == ["ubuntu:24.04"]

    def test_the_environment_wins_over_the_project_file(self, cli, monkeypatch):
        monkeypatch.setenv("DYNAMO_CONTAINER_BUILD_BASE_IMAGE", "from/environment:1")

        value = self.base_image(cli)

        assert value["value"] == "from/environment:1"
        assert value["sources"][0]["distribution"] == "environment"

    def test_the_command_line_wins_over_both(self, cli, monkeypatch):
        monkeypatch.setenv("DYNAMO_CONTAINER_BUILD_BASE_IMAGE", "from/environment:1")

        value = self.base_image(cli, "--base-image", "x:y")

        assert value["value"] == "x:y"
        assert value["sources"][0]["name"] == "--base-image"
        assert value["sources"][0]["distribution"] == "command line"

    def test_the_project_file_is_found_in_a_parent_folder(self, cli, monkeypatch, tmp_path):
        below = tmp_path / "a" / "b"
        below.mkdir(parents=True)
        monkeypatch.chdir(below)

        assert self.base_image(cli)["value"] == "from/file:1"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[build", "not valid TOML"),
            ("[biuld]", "'biuld' is not a table of options"),
            ("[build]\nbase-imgae = 'x'", "'base-imgae'"),
            ("[build]\nbase-image = ['x', 'y']", "not a string"),
            ("[build]\nno-latest = 7", "not true or false"),
            ("[build]\nbuild-arg = [1]", "list of strings"),
            ("[build]\nframeworks = ['none']", "'frameworks'"),
        ],
    )
    def test_errors_in_the_project_file_are_reported(self, cli, tmp_path, text, message):
        (tmp_path / FILE).write_text(text)

        result = cli("build", "none", "--dry-run")

        assert result.status == 2
        assert message in result.err

    def test_the_example_of_the_docs_works(self, cli, tmp_path):
        page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
        (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
        (tmp_path / FILE).write_text(example)

        result = cli.ok("build", "none", "--dry-run")

        assert "debian:trixie-slim" in result.out
        assert "no Dockerfile declares" in result.err  # its arguments are made up

    def test_explain_accepts_options_that_only_build_and_run_use(self, cli, tmp_path):
        text = '[build]\nprogress = "plain"\n[run]\nwait-timeout = 5\n'
        (tmp_path / FILE).write_text(text)

        cli.ok("explain", "build", "none")

    def test_a_table_in_pyproject_toml_works_too(self, cli, tmp_path):
        (tmp_path / FILE).unlink()
        text = '[tool.dynamo-container.build]\nbase-image = "from/pyproject:1"\n'
        (tmp_path / "pyproject.toml").write_text(text)

        assert self.base_image(cli)["value"] == "from/pyproject:1"


@pytest.mark.parametrize("name", ["TARGET", "NAME", "RM", "BASE_IMAGE", "FRAMEWORK", "TAG"])
def test_no_other_variable_changes_a_plan(cli, monkeypatch, name):
    before = cli.ok("build", "none", "--dry-run").out
    monkeypatch.setenv(name, "something")

    assert cli.ok("build", "none", "--dry-run").out == before


@pytest.mark.parametrize("command", ["build", "run"])
def test_options_have_the_same_name_in_the_environment_and_the_project_file(command):
    module = importlib.import_module(f"dynamo_container.cli.{command}")
    options = [param for param in module.command.params if isinstance(param, click.Option)]

    assert len(options) > 15
    for option in options:
        assert option.name == max(option.opts, key=len)[2:].replace("-", "_")


def test_repeatable_options_take_one_value_per_line_from_the_environment(cli, monkeypatch):
    monkeypatch.setenv("DYNAMO_CONTAINER_BUILD_BUILD_ARG", "UV=a b\nREQUIREMENTS=x")

    result = cli.ok("build", "none", "--dry-run")

    assert '"UV": "a b"' in result.out
    assert '"REQUIREMENTS": "x"' in result.out


def test_no_environment_variable_prints_the_version(cli, monkeypatch):
    monkeypatch.setenv("DYNAMO_CONTAINER_VERSION", "1")

    assert "bake" in cli.ok("build", "none", "--dry-run").out


def test_a_proxy_as_a_build_argument_reaches_the_build_and_no_output(cli):
    result = cli.ok("build", "none", "--build-arg", "HTTPS_PROXY=http://u:SECRET@p", "--dry-run")

    assert '"HTTPS_PROXY": "${HTTPS_PROXY}"' in result.out
    assert "export HTTPS_PROXY" in result.err
    assert "SECRET" not in result.out + result.err


def test_a_proxy_reaches_the_build_by_name_only(cli, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://user:SECRET@proxy:1")

    result = cli.ok("build", "none", "--dry-run")

    assert '"https_proxy": "${https_proxy}"' in result.out
    assert "SECRET" not in result.out + result.err


def test_credentials_of_an_index_are_in_no_output(cli):
    url = "https://user:SECRET@index.example/simple"
    words = ("build", "none", "--index-url", url, "--extra-index-url", url)

    dry = cli.ok(*words, "--dry-run")
    explained = cli.ok("explain", *words, "--json")

    assert "SECRET" not in dry.out + dry.err + explained.out + explained.err
    assert "https://index.example/simple" in dry.out
    assert "id=index-url,env=DYNAMO_CONTAINER_BUILD_INDEX_URL" in dry.out
    assert "export DYNAMO_CONTAINER_BUILD_INDEX_URL" in dry.err


def test_a_broken_plugin_is_one_warning_and_plugins_check_shows_the_cause(cli, site):
    site.install("acme-broken", "raise RuntimeError('bad wheel')", version="2.7")

    assert cli.ok("--version").err == ""
    built = cli.ok("build", "none", "--dry-run")
    checked = cli("plugins", "check")

    assert built.err.count("warning") == 1
    assert "acme-broken 2.7" in built.err
    assert "RuntimeError: bad wheel" in built.err
    assert checked.status == 4
    assert "RuntimeError: bad wheel" in checked.out
    assert any(line.startswith("none") and line.endswith("ok") for line in checked.out.splitlines())


def test_a_name_that_two_distributions_claim_is_an_error_that_names_both(cli, site):
    site.install("acme-none", "", group="dynamo_container.frameworks", name="none", version="3.1")

    result = cli("build", "none", "--dry-run")

    assert result.status == 5
    assert "acme-none 3.1" in result.err
    assert "dynamo-container-none 0.2.0" in result.err
    assert "its name is provided by" in cli.ok("plugins", "list").out


def test_plugins_show_lists_hooks_with_their_locations(cli):
    result = cli.ok("plugins", "show", "none", "--json")

    (shown,) = result.json
    assert shown["distribution"] == "dynamo-container-none"
    path, _, line = shown["hooks"]["dynamo_container_pins"].rpartition(":")
    assert path.endswith("dynamo_container_none/plugin.py")
    assert int(line) > 0


def bash_words(command: str) -> list[str]:
    """Return the words of a command as bash takes them, which also knows $'...'."""
    script = f"printf '%s\\0' {command}"
    shown = subprocess.run([BASH, "-c", script], check=True, capture_output=True, text=True)
    return shown.stdout.split("\0")[:-1]


@pytest.mark.processes
class TestRun:
    """The docker command that `run` becomes, as `--dry-run` prints it."""

    @pytest.fixture(autouse=True)
    def _no_docker(self, no_docker):
        """Nothing is asked of an engine."""

    @staticmethod
    def argv(cli, *words):
        command = cli.ok("run", "--dry-run", *words).out
        return bash_words(command)

    def test_the_defaults_are_those_of_run_sh(self, cli):
        argv = self.argv(cli, "none")

        assert argv[:3] == ["docker", "run", "--rm"]
        assert argv[-1] == "dynamo:latest-none"
        for word in (
            "--network=host", "--shm-size=10G", "--ulimit=memlock=-1", "--ulimit=stack=67108864",
            "--ulimit=nofile=65536:65536", "--cap-add=SYS_PTRACE", "--ipc=host",
            "--workdir=/workspace",
        ):  # fmt: skip
            assert word in argv
        assert not {"--privileged", "--interactive", "--tty"} & set(argv)

    def test_each_default_can_be_replaced(self, cli):
        argv = self.argv(
            cli, "none", "--network", "bridge", "--shm-size", "1G", "--ulimit", "stack=1",
            "--ipc", "private", "--workdir", "/tmp",
        )  # fmt: skip

        assert {"--network=bridge", "--shm-size=1G", "--ulimit=stack=1"} <= set(argv)
        assert {"--ipc=private", "--workdir=/tmp", "--ulimit=memlock=-1"} <= set(argv)
        assert not {"--network=host", "--shm-size=10G", "--ulimit=stack=67108864"} & set(argv)

    def test_words_after_two_dashes_are_the_command_as_they_are(self, cli):
        words = ["sh", "-c", "echo 'a b' \"$X\"", "--", "--rm"]

        assert self.argv(cli, "none", "--", *words)[-5:] == words

    def test_values_keep_what_shells_and_docker_might_change(self, cli):
        argv = self.argv(cli, "none", "-e", "A=-x 'y' \"z\"\n*", "-e", "B")

        assert "--env=A=-x 'y' \"z\"\n*" in argv
        assert "--env=B" in argv

    def test_a_path_is_made_absolute_and_a_name_is_a_volume(self, cli, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", "/home/me")
        argv = self.argv(
            cli, "none", "-v", "./a,b:/a:ro", "-v", "~/models:/m", "-v", "cache:/c", "-v", "/x:/z:z"
        )

        assert f'--mount=type=bind,"source={tmp_path}/a,b",target=/a,readonly' in argv
        assert "--mount=type=bind,source=/home/me/models,target=/m" in argv
        assert "--mount=type=volume,source=cache,target=/c" in argv
        assert "--volume=/x:/z:z" in argv

    def test_a_port_means_a_bridge_and_contradicts_the_hosts_network(self, cli):
        argv = self.argv(cli, "none", "-p", "8000:8000")

        assert "--publish=8000:8000" in argv
        assert "--network=bridge" in argv
        result = cli("run", "none", "-p", "1:1", "--network", "host", "--dry-run")
        assert result.status == 2
        assert "--port cannot be used with --network host" in result.err

    def test_an_entrypoints_arguments_go_before_the_command(self, cli):
        argv = self.argv(cli, "none", "--entrypoint", "sh -c", "--", "id")

        assert "--entrypoint=sh" in argv
        assert argv[-2:] == ["-c", "id"]

    @pytest.mark.parametrize(
        ("words", "removed"),
        [((), True), (("--rm",), True), (("--rm", "FALSE"), False), (("--rm=false",), False)],
    )
    def test_rm_takes_true_and_false(self, cli, words, removed):
        assert ("--rm" in self.argv(cli, *words, "none")) == removed

    def test_the_values_of_other_options_stay_as_they_are(self, cli):
        argv = self.argv(cli, "none", "-e", "--rm", "--workdir", "--privileged")

        assert "--env=--rm" in argv
        assert "--workdir=--privileged" in argv

    @pytest.mark.parametrize("words", [(), ("--", "ls")])
    def test_without_an_argument_the_default_framework_runs(self, cli, words):
        assert "dynamo:latest-vllm" in self.argv(cli, *words)

    def test_a_repeated_option_replaces_its_earlier_value(self, cli):
        argv = self.argv(
            cli, "none", "-e", "A=1", "-e", "A=2", "-v", "/a:/b", "-v", "/c:/b/", "--ulimit",
            "nofile=1", "--ulimit", "nofile=2",
        )  # fmt: skip

        assert [word for word in argv if word.startswith("--env")] == ["--env=A=2"]
        assert "--mount=type=bind,source=/c,target=/b" in argv
        assert "--ulimit=nofile=2" in argv

    def test_an_empty_entrypoint_resets_the_images(self, cli):
        assert "--entrypoint=" in self.argv(cli, "none", "--entrypoint", "")

    def test_explain_shows_values_that_only_the_user_sets(self, cli):
        out = cli.ok("explain", "run", "none", "-p", "1:1", "--name", "xyz").out

        assert "port 1:1 = 1:1" in out
        assert "name --name = xyz" in out
        assert "user: --port (command line)" in out

    def test_a_container_is_privileged_only_on_request(self, cli):
        assert "--privileged" in self.argv(cli, "none", "--privileged", "TRUE")
        assert "--privileged" in self.argv(cli, "--privileged", "none")

    def test_a_terminal_is_allocated_for_an_interactive_shell(self, cli):
        assert {"--interactive", "--tty"} <= set(self.argv(cli, "none", "-it"))

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (("none", "--wait"), "--wait requires --detach"),
            (("none", "-d", "--wait-timeout", "5"), "--wait-timeout requires --wait"),
            (("--image", "a/b:1", "--target", "runtime"), "--target cannot be used with --image"),
            (("--image", "a/b:1", "-d", "--wait"), "it is not known how"),
            (
                ("none", "--framework", "trtllm"),
                "a container runs one framework, not none and trtllm",
            ),
            (("none", "-v", "a:b"), "absolute TARGET"),
            (("none", "-e", "=x"), "is not a valid NAME=VALUE"),
            (("none", "-p", "abc"), "is not a valid port mapping"),
            (("none", "-p", "1:1", "--network", "none"), "--port cannot be used with"),
            (("none", "--entrypoint", '"x'), "quote"),
            (("--image", "Foo"), "not a valid image reference"),
            (("--image", "--privileged"), "not a valid image reference"),
            (("--image", ""), "--image is empty"),
        ],
    )
    def test_invalid_options_are_errors_with_status_2(self, cli, words, message):
        result = cli("run", *words, "--dry-run")

        assert result.status == 2
        assert message in result.err

    @pytest.mark.parametrize("words", [("--gpus", "al"), ("-p", "abc"), ("-v", "a:b")])
    def test_invalid_options_are_reported_before_the_engine_is_contacted(self, cli, words):
        assert cli("run", "none", *words).status == 2

    def test_framework_names_are_case_insensitive(self, cli):
        assert self.argv(cli, "--framework", "NONE")[-1] == "dynamo:latest-none"


class TestOptionsOfOneFrameworkInTheProjectFile:
    @pytest.fixture(autouse=True)
    def _plugin_with_an_option(self, site, tmp_path, monkeypatch):
        monkeypatch.setenv("DYNAMO_CONTAINER_TRUST", "1")
        site.framework("tiny", PIN)
        text = '[build]\nno-latest = true\n[build.tiny]\ntiny-ref = "v3"\n'
        (tmp_path / FILE).write_text(text)

    def test_they_apply_if_the_framework_is_built(self, cli):
        assert cli.values("build", "tiny")["pin tiny"] == "v3"

    def test_they_are_ignored_if_another_framework_is_built(self, cli):
        assert "pin tiny" not in cli.values("build", "none")

    def test_the_table_of_an_unknown_framework_is_an_error(self, cli, tmp_path):
        (tmp_path / FILE).write_text("[build.nosuch]\nx = 1\n")

        result = cli("build", "none", "--dry-run")

        assert result.status == 2
        assert "'nosuch' in [build], which is not one of its options" in result.err
