# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Plugins that are broken in every way, as distributions that pip installed side by side: each
causes its own clear message and the right exit status, and does not affect the other plugins.
"""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import package_index
import pytest
from dynamo_container.plugins import hookspecs
from fakes import DOCKERFILE, FRAMEWORK, FRAMEWORKS, OVERLAYS

pytestmark = pytest.mark.processes

VERSION = "2.7"
NONE = ("build", "none", "--target", "runtime", "--dry-run")
IMPORT = "from dynamo_container.api import *\n"
# The hooks that `run` calls. `checks` requires a real image and has its own test.
RUNNING = ("run_env", "run_mounts", "run_flags", "accelerator", "readiness")


@dataclass(frozen=True)
class Case:
    """One way in which a plugin can be broken.

    Attributes:
        body: the plugin's module.
        message: what the message contains besides distribution and version.
        group: the group of its entry point.
        target: the object of the entry point, if it is not the module.
        name: the name of the entry point, if it is not that of the case.
        requires: requirements of the distribution.
        command: a command that uses the plugin; `{name}` is the framework's name.
        status: the exit status of the command.
        overwritten: files of the installed `.dist-info` that are overwritten with binary data.
    """

    body: str
    message: str
    group: str = FRAMEWORKS
    target: str = ""
    name: str = ""
    requires: tuple[str, ...] = ()
    command: tuple[str, ...] = ("build", "{name}", "--dry-run")
    status: int = 4
    overwritten: tuple[str, ...] = ()


def hook(name: str, body: str, arguments: str = "request") -> str:
    return f"{IMPORT}\n@hookimpl\ndef dynamo_container_{name}({arguments}):\n    {body}\n"


def raising(name: str) -> Case:
    """Return a framework whose hook of this name raises."""
    function = getattr(hookspecs, f"dynamo_container_{name}")
    body = hook(name, "raise KeyError('lost')", ", ".join(inspect.signature(function).parameters))
    running = ("run", "{name}", "--gpus", "auto", "--target", "runtime", "--dry-run")
    return Case(
        FRAMEWORK + body,
        f"dynamo_container_{name} failed: KeyError: 'lost'",
        command=running if name in RUNNING else Case.command,
    )


BUILDING = ("framework", "options", "stages", "base_images", "pins", "build_args", "secrets",
            "labels", "notices")  # fmt: skip
CASES = {
    "import": Case("raise RuntimeError('no GPU\\nhere')", "RuntimeError: no GPU here"),
    "exit": Case("import sys; sys.exit(3)", "SystemExit: 3"),
    "syntax": Case("def broken(:", "SyntaxError"),
    "absent-library": Case("import a_library_that_is_not_there", "No module named 'a_library"),
    "registration": Case(
        "class Shy:\n    def __dir__(self): raise OSError('shy')\nplugin = Shy()",
        "OSError: shy",
        target=":plugin",
    ),
    "class": Case(f"class Plugin:\n    {IMPORT[:0]}pass", "is a class", target=":Plugin"),
    "no-module": Case("", "module acme_elsewhere does not exist", target="acme_elsewhere.plugin"),
    "no-object": Case("", "has no such attribute", target=":plugin"),
    "no-entry-point": Case(
        "", "'not a module!' is not a valid entry point", target="not a module!"
    ),
    "no-framework-hook": Case(IMPORT, "it does not implement dynamo_container_framework"),
    "framework-none": Case(
        FRAMEWORK.replace("    return Framework", "    Framework"),
        "dynamo_container_framework returned None instead of a Framework",
    ),
    "unmarked": Case(
        FRAMEWORK + "\ndef dynamo_container_pins(request):\n    return []",
        "dynamo_container_pins is not marked with @hookimpl",
    ),
    "misspelled": Case(
        FRAMEWORK + hook("bild_args", "return []"),
        "has no hook 'dynamo_container_bild_args': did you mean 'dynamo_container_build_args'?",
    ),
    "argument": Case(
        FRAMEWORK + hook("pins", "return []", "request, novelty"),
        "dynamo_container_pins has no argument 'novelty' in dynamo-container ",
    ),
    "order": Case(
        FRAMEWORK + hook("pins", "return []").replace("@hookimpl", "@hookimpl(tryfirst=True)"),
        "dynamo_container_pins cannot use tryfirst",
    ),
    "wrong-type": Case(
        FRAMEWORK + hook("pins", "return ['vllm==1']"),
        "dynamo_container_pins returned an object of type str instead of a Pin",
    ),
    "no-iterable": Case(FRAMEWORK + hook("pins", "return 7"), "'int' object is not iterable"),
    "endless": Case(
        FRAMEWORK + hook("labels", "while True: yield Label(key='a', value='b')"),
        "dynamo_container_labels returned more than 10000 values",
    ),
    "late": Case(
        FRAMEWORK + hook("labels", "yield Label(key='a', value='b'); raise OSError('late')"),
        "dynamo_container_labels failed: OSError: late",
    ),
    "wrong-field": Case(
        FRAMEWORK + hook("pins", "yield Pin(name='a', version=1)"),
        "dynamo_container_pins returned a Pin whose field version is 1, which is not a str",
    ),
    "unknown-field": Case(
        FRAMEWORK + hook("pins", "yield Pin(name='a', version='1', novelty=2)"),
        "unexpected keyword argument 'novelty'",
    ),
    "changes-the-request": Case(
        FRAMEWORK + hook("pins", "request.target = 'mine'; return []"), "FrozenInstanceError"
    ),
    "no-dockerfile": Case(FRAMEWORK, "Dockerfile cannot be read"),
    "core-too-old": Case(
        "raise RuntimeError('imported')",
        "it requires dynamo-container>=9,<10, and this is dynamo-container ",
        requires=("dynamo-container>=9,<10",),
    ),
    "core-too-new": Case(
        "raise RuntimeError('imported')",
        "it requires dynamo-container~=0.0.1, and this is dynamo-container ",
        requires=("dynamo-container~=0.0.1",),
    ),
    "requirement": Case(
        "",
        "'dynamo-container>=?' is not a valid requirement on dynamo-container",
        requires=("dynamo-container>=?",),
    ),
    "garbled-metadata": Case("", "its metadata cannot be read", overwritten=("METADATA",)),
    "garbled-entry-points": Case(
        "",
        "its metadata cannot be read: UnicodeDecodeError",
        overwritten=("entry_points.txt",),
        command=("plugins", "show", "acme-garbled-entry-points"),
        status=0,
    ),
    "taken": Case("", "the framework 'none' is provided by", name="NONE", status=5),
    **{f"in-{name.replace('_', '-')}": raising(name) for name in (*BUILDING, *RUNNING)},
}
# The same as overlays: one that cannot be loaded causes one warning; one that fails later causes an
# error that says how to continue without it.
UNLOADABLE = ("import", "exit", "absent-library", "registration", "class", "no-module", "no-object",
        "no-entry-point", "unmarked", "misspelled", "argument", "order", "core-too-old",
        "garbled-metadata")  # fmt: skip
FAILING = ("wrong-type", "no-iterable", "endless", "late", "wrong-field", "in-options", "in-pins",
          "in-labels")  # fmt: skip


def distribution(name: str, group: str) -> str:
    return f"acme-{name}" if group == FRAMEWORKS else f"acme-{name}-everywhere"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder into which pip installed every broken distribution."""
    wheels, site = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("site")
    cases = [(name, case, case.group) for name, case in CASES.items()]
    cases += [(name, CASES[name], OVERLAYS) for name in (*UNLOADABLE, *FAILING)]
    for name, case, group in cases:
        own = distribution(name, group)
        package = own.replace("-", "_")
        target = package + case.target if case.target[:1] in ("", ":") else case.target
        target = "a_module" if " " in target else target
        # Overlays with the stages of a framework would conflict with each other.
        body = case.body if group == FRAMEWORKS else case.body.replace(FRAMEWORK, "")
        package_index.write_wheel(
            wheels,
            own,
            VERSION,
            requires=case.requires if case.requires != ("dynamo-container>=?",) else (),
            body=body,
            entry_points=f"[{group}]\n{case.name or own.removeprefix('acme-')} = {target}\n",
            files=() if name == "no-dockerfile" else (("Dockerfile", DOCKERFILE),),
        )
    words = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site))
    subprocess.run([sys.executable, *words, *map(str, sorted(wheels.iterdir()))], check=True)
    for name, case, group in cases:
        (info,) = site.glob(f"{distribution(name, group).replace('-', '_')}-*.dist-info")
        for file in case.overwritten:
            (info / file).write_bytes(b"\xff\xfe[x")
        # pip refuses these values itself, so they are written after the installation.
        if " " in case.target:
            entries = info / "entry_points.txt"
            entries.write_text(entries.read_text().replace("= a_module", f"= {case.target}"))
        if case.requires == ("dynamo-container>=?",):
            metadata = info / "METADATA"
            metadata.write_text(metadata.read_text() + "Requires-Dist: dynamo-container>=?\n")
    return site


def call(site: Path, *words: str, allow: str = "") -> subprocess.CompletedProcess[str]:
    """Call the command with the distributions of a folder, of which only `allow` can be used."""
    # The environment of this machine can change plans, for example by a certificate bundle.
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(site),
        "DOCKER_HOST": "tcp://127.0.0.1:1",
    }
    if allow:
        environment["DYNAMO_CONTAINER_PLUGINS"] = f"images,dynamo-container-none,{allow}"
    return subprocess.run(
        [sys.executable, "-m", "dynamo_container", *words],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def expected(site: Path) -> str:
    """Return the output of `build none` if no broken plugin is installed."""
    result = call(site.parent, *NONE)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("name", CASES)
def test_a_broken_framework_is_an_error_only_if_it_is_used(site, expected, name):
    case, own = CASES[name], distribution(name, FRAMEWORKS)
    words = [word.format(name=case.name or name) for word in case.command]

    used = call(site, *words, allow=own)

    output = used.stdout + used.stderr
    assert used.returncode == case.status, output
    for text in (case.message, own, VERSION):
        assert text in output
    assert "Traceback" not in output
    assert "fault in dynamo-container" not in output
    if case.status:
        (error,) = [line for line in used.stderr.splitlines() if line.startswith("error: ")]
        assert used.stderr.splitlines().index(error) == len(used.stderr.splitlines()) - 2
    if name != "taken":
        assert call(site, *NONE, allow=own).stdout == expected


@pytest.mark.parametrize("name", UNLOADABLE)
def test_an_overlay_that_cannot_be_loaded_causes_one_warning(site, expected, name):
    own = distribution(name, OVERLAYS)

    built = call(site, *NONE, allow=own)

    assert (built.returncode, built.stdout) == (0, expected)
    (warning,) = [line for line in built.stderr.splitlines() if line.startswith("warning: ")]
    assert f"({own} {VERSION}) was not loaded: " in warning
    assert CASES[name].message in warning


@pytest.mark.parametrize("name", FAILING)
def test_an_overlay_that_fails_in_a_hook_causes_an_error_that_says_how_to_exclude_it(
    site, expected, name
):
    own = distribution(name, OVERLAYS)

    built = call(site, *NONE, allow=own)

    assert built.returncode == 4
    assert CASES[name].message in built.stderr
    assert f"{own} {VERSION}" in built.stderr
    assert re.search(r"__init__\.py:\d+\)", built.stderr)
    hint = re.search(rf"--no-plugin {name}-everywhere$", built.stderr, re.MULTILINE)
    assert hint, built.stderr
    without = call(site, *NONE, *hint[0].split(), allow=own)
    assert (without.returncode, without.stdout) == (0, expected)


def test_all_broken_plugins_together_do_not_affect_the_other_ones(site, expected):
    excluded = [
        word
        for name in (*FAILING, "taken")
        for word in ("--no-plugin", distribution(name, FRAMEWORKS if name == "taken" else OVERLAYS))
    ]

    built = call(site, *NONE, *excluded)

    assert (built.returncode, built.stdout) == (0, expected)
    warnings = [line for line in built.stderr.splitlines() if line.startswith("warning: ")]
    # One more: the distribution whose entry points cannot be read, because it can be an overlay.
    assert len(warnings) == len(UNLOADABLE) + 2
    every = ("build", "none", "sglang", "trtllm", "vllm", "--target", "runtime", "--dry-run")
    assert call(site, *every, *excluded).stdout == call(site.parent, *every).stdout != ""
    listed = call(site, "plugins", "list").stdout
    assert [name for name in CASES if f"acme-{name} {VERSION}" not in listed] == []
    assert call(site, "--version").stderr == ""
