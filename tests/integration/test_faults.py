# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Plugins that are broken in every way, each a distribution that pip installed, all of them side by
side: each gives its own clear message and the right exit status, and hurts nobody else.
"""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import package_index
import pytest
from dynamo_container.plugins import hookspecs
from fakes import DOCKERFILE, FRAMEWORK, FRAMEWORKS, OVERLAYS

pytestmark = pytest.mark.processes

VERSION = "2.7"
NONE = ("build", "none", "--target", "runtime", "--dry-run")
IMPORT = "from dynamo_container.api import *\n"
# Where a hook is called: `checks` takes a real image, and has a test of its own.
RUNNING = ("run_env", "run_mounts", "run_flags", "accelerator", "readiness")


@dataclass(frozen=True)
class Case:
    """A way to be broken.

    Attributes:
        body: the plugin's module.
        says: what the message says, besides distribution and version.
        group: of its entry point.
        target: what the entry point names, where it is not the module.
        name: the entry point's name, where it is not the case's.
        requires: requirements of the distribution.
        command: what uses the plugin; `{name}` is the framework's.
        status: the exit status of that.
        spoil: files of the installed `.dist-info` that are overwritten with no text at all.
    """

    body: str
    says: str
    group: str = FRAMEWORKS
    target: str = ""
    name: str = ""
    requires: tuple[str, ...] = ()
    command: tuple[str, ...] = ("build", "{name}", "--dry-run")
    status: int = 4
    spoil: tuple[str, ...] = field(default=())


def hook(name: str, body: str, arguments: str = "request") -> str:
    return f"{IMPORT}\n@hookimpl\ndef dynamo_container_{name}({arguments}):\n    {body}\n"


def raising(name: str) -> Case:
    """A framework whose hook of this name raises."""
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
    "no-module": Case("", "there is no module acme_elsewhere", target="acme_elsewhere.plugin"),
    "no-object": Case("", "has no such thing", target=":plugin"),
    "no-entry-point": Case("", "its entry point is none: 'not a module!'", target="not a module!"),
    "no-framework-hook": Case(IMPORT, "no hook dynamo_container_framework"),
    "unmarked": Case(
        FRAMEWORK + "\ndef dynamo_container_pins(request):\n    return []",
        "dynamo_container_pins is not marked with @hookimpl",
    ),
    "misspelled": Case(
        FRAMEWORK + hook("bild_args", "return []"),
        "has no hook 'dynamo_container_bild_args': is it 'dynamo_container_build_args'?",
    ),
    "argument": Case(
        FRAMEWORK + hook("pins", "return []", "request, novelty"),
        "dynamo_container_pins wants the argument 'novelty', and in dynamo-container ",
    ),
    "order": Case(
        FRAMEWORK + hook("pins", "return []").replace("@hookimpl", "@hookimpl(tryfirst=True)"),
        "order is by name",
    ),
    "wrong-type": Case(
        FRAMEWORK + hook("pins", "return ['vllm==1']"),
        "dynamo_container_pins gave a str instead of a Pin",
    ),
    "no-iterable": Case(FRAMEWORK + hook("pins", "return 7"), "'int' object is not iterable"),
    "endless": Case(
        FRAMEWORK + hook("labels", "while True: yield Label(key='a', value='b')"),
        "dynamo_container_labels gave more than 10000 values",
    ),
    "late": Case(
        FRAMEWORK + hook("labels", "yield Label(key='a', value='b'); raise OSError('late')"),
        "dynamo_container_labels failed: OSError: late",
    ),
    "wrong-field": Case(
        FRAMEWORK + hook("pins", "yield Pin(name='a', version=1)"),
        "ValueError: Pin: version is 1, and has to be a text",
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
        "it asks for dynamo-container>=9,<10, and this is dynamo-container ",
        requires=("dynamo-container>=9,<10",),
    ),
    "core-too-new": Case(
        "raise RuntimeError('imported')",
        "it asks for dynamo-container~=0.0.1, and this is dynamo-container ",
        requires=("dynamo-container~=0.0.1",),
    ),
    "requirement": Case(
        "", "what it asks of dynamo-container cannot be read", requires=("dynamo-container>=?",)
    ),
    "garbled-metadata": Case("", "its metadata cannot be read", spoil=("METADATA",)),
    "garbled-entry-points": Case(
        "",
        "its metadata cannot be read: UnicodeDecodeError",
        spoil=("entry_points.txt",),
        command=("plugins", "show", "acme-garbled-entry-points"),
        status=0,
    ),
    "taken": Case("", "the framework 'none' is claimed by", name="NONE", status=5),
    **{f"in-{name.replace('_', '-')}": raising(name) for name in (*BUILDING, *RUNNING)},
}
# The same as overlays: what cannot be loaded is one warning; what fails later is an error that says
# how to go on without.
IDLE = ("import", "exit", "absent-library", "registration", "class", "no-module", "no-object",
        "no-entry-point", "unmarked", "misspelled", "argument", "order", "core-too-old",
        "garbled-metadata")  # fmt: skip
ACTIVE = ("wrong-type", "no-iterable", "endless", "late", "wrong-field", "in-options", "in-pins",
          "in-labels")  # fmt: skip


def distribution(name: str, group: str) -> str:
    return f"acme-{name}" if group == FRAMEWORKS else f"acme-{name}-everywhere"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which pip installed every broken distribution."""
    wheels, site = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("site")
    wanted = [(name, case, case.group) for name, case in CASES.items()]
    wanted += [(name, CASES[name], OVERLAYS) for name in (*IDLE, *ACTIVE)]
    for name, case, group in wanted:
        own = distribution(name, group)
        package = own.replace("-", "_")
        target = package + case.target if case.target[:1] in ("", ":") else case.target
        target = "a_module" if " " in target else target
        # An overlay with the stages of a framework would be in conflict with the others.
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
    for name, case, group in wanted:
        (info,) = site.glob(f"{distribution(name, group).replace('-', '_')}-*.dist-info")
        for file in case.spoil:
            (info / file).write_bytes(b"\xff\xfe[x")
        # What pip itself may refuse: it was written by something else.
        if " " in case.target:
            entries = info / "entry_points.txt"
            entries.write_text(entries.read_text().replace("= a_module", f"= {case.target}"))
        if case.requires == ("dynamo-container>=?",):
            metadata = info / "METADATA"
            metadata.write_text(metadata.read_text() + "Requires-Dist: dynamo-container>=?\n")
    return site


def call(site: Path, *words: str, allow: str = "") -> subprocess.CompletedProcess[str]:
    """Call the command with what is installed there; of that, only what `allow` names is used."""
    # Nothing of this machine: a bundle of certificates would be in a plan.
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
def undisturbed(site: Path) -> str:
    """What `build none` says where nothing is broken."""
    answer = call(site.parent, *NONE)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.mark.parametrize("name", CASES)
def test_a_broken_framework_is_the_error_of_who_uses_it_and_hurts_no_other(site, undisturbed, name):
    case, own = CASES[name], distribution(name, FRAMEWORKS)
    words = [word.format(name=case.name or name) for word in case.command]

    used = call(site, *words, allow=own)

    said = used.stdout + used.stderr
    assert used.returncode == case.status, said
    assert case.says in said
    assert own in said
    assert VERSION in said
    assert "Traceback" not in said
    if case.status:
        (error,) = [line for line in used.stderr.splitlines() if line.startswith("error: ")]
        assert used.stderr.splitlines().index(error) == len(used.stderr.splitlines()) - 2
    if name != "taken":
        assert call(site, *NONE, allow=own).stdout == undisturbed


@pytest.mark.parametrize("name", IDLE)
def test_an_overlay_that_cannot_be_loaded_is_one_warning(site, undisturbed, name):
    own = distribution(name, OVERLAYS)

    built = call(site, *NONE, allow=own)

    assert (built.returncode, built.stdout) == (0, undisturbed)
    (warning,) = [line for line in built.stderr.splitlines() if line.startswith("warning: ")]
    assert f"{own} {VERSION} is left out: " in warning
    assert CASES[name].says in warning


@pytest.mark.parametrize("name", ACTIVE)
def test_an_overlay_that_fails_in_a_hook_says_how_to_go_on_without_it(site, undisturbed, name):
    own = distribution(name, OVERLAYS)

    built = call(site, *NONE, allow=own)

    assert built.returncode == 4
    assert CASES[name].says in built.stderr
    assert f"{own} {VERSION}" in built.stderr
    assert re.search(r"__init__\.py:\d+\)", built.stderr)
    hint = re.search(rf"--no-plugin {name}-everywhere$", built.stderr, re.MULTILINE)
    assert hint, built.stderr
    without = call(site, *NONE, *hint[0].split(), allow=own)
    assert (without.returncode, without.stdout) == (0, undisturbed)


def test_every_one_at_once_leaves_the_others_alone(site, undisturbed):
    out = [
        word
        for name in (*ACTIVE, "taken")
        for word in ("--no-plugin", distribution(name, FRAMEWORKS if name == "taken" else OVERLAYS))
    ]

    built = call(site, *NONE, *out)

    assert (built.returncode, built.stdout) == (0, undisturbed)
    warnings = [line for line in built.stderr.splitlines() if line.startswith("warning: ")]
    # The one more is the distribution whose entry points cannot be read: it may be an overlay.
    assert len(warnings) == len(IDLE) + 2
    every = ("build", "none", "sglang", "trtllm", "vllm", "--target", "runtime", "--dry-run")
    assert call(site, *every, *out).stdout == call(site.parent, *every).stdout != ""
    listed = call(site, "plugins", "list").stdout
    assert [name for name in CASES if f"acme-{name} {VERSION}" not in listed] == []
    assert call(site, "--version").stderr == ""
