# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The command line without an engine: output, exit status, and where options come from."""

from __future__ import annotations

import shlex
import subprocess
import sys
from importlib.util import find_spec

import pytest
from dynamo_container.plugins import catalog
from fakes import PIN


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
def test_the_reason_is_that_of_the_machine_not_of_a_library(no_engine):
    # In a process of its own: docker's SDK leaves the socket open that it cannot connect.
    command = [sys.executable, "-m", "dynamo_container", "ps"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert "no docker engine answers: No such file or directory" in result.stderr


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


@pytest.mark.parametrize(
    "words",
    [
        ("build", "tiny", "--dry-run"),
        ("explain", "build", "tiny"),
        ("render", "tiny", "--output", "x"),
    ],
)
def test_a_current_folder_that_was_deleted_is_named(cli, site, tmp_path, monkeypatch, words):
    site.framework("tiny")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    result = cli(*words)

    assert result.status == 2
    assert result.err == (
        "error: the current folder does not exist any more\ngo to another one: cd DIR\n"
    )
