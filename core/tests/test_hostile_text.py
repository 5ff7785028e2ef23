# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Text of images, containers, locks, packages and servers in each command that prints it: in a
pipe, at a terminal, and at one without rich. None of it controls the terminal or forges a line.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import time
import xml.etree.ElementTree as ET
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from archives import packed
from attacks import ATTACKS, EVERY_ATTACK as EVIL, FORGED, problems
from dynamo_container import printing
from dynamo_container.cli import check as checking, outdated, rm, stop, update
from dynamo_container.containers import started
from dynamo_container.docker import containers, engine as docker_engine, images, process
from dynamo_container.docker.command import Command
from dynamo_container.docker.engine import BuildCache
from dynamo_container.docker.images import ListedImage
from dynamo_container.docker.listed import Container
from dynamo_container.errors import WorkFailedError
from dynamo_container.host import built, doctor
from dynamo_container.images import diagram, drawing
from dynamo_container.images.diagram import Diagram, Node
from dynamo_container.images.records import Records
from dynamo_container.images.watch import Watcher
from dynamo_container.inventory import program
from dynamo_container.locks import changes
from dynamo_container.model.facts import EngineInfo, ImageInfo
from dynamo_container.model.lock import Lock, LockedBase, LockedImage, LockedWheel, LockedWheels
from dynamo_container.options import image_trust

LABELS = tuple(
    (f"ai.dynamo.container.{key}", f"{key}{EVIL}")
    for key in ("cuda", "device", "dynamo", "framework", "plan", "target")
)
IMAGE = ListedImage(
    id=f"sha256:{'a' * 64}", tags=(f"a{EVIL}:1", f"b{EVIL}:1"), labels=LABELS, size=5, created=5.0
)
CONTAINER = Container(
    id=f"{'c' * 64}", name=f"name{EVIL}", framework=f"framework{EVIL}", owner=f"1@{EVIL}",
    project=f"/p{EVIL}", served=f"served{EVIL}", developed=f"/d{EVIL}", image=f"image{EVIL}",
    state="running", status=f"Up{EVIL}", ports=(f"1{EVIL}",), created=1,
)  # fmt: skip
# What a program in an image reports.
PACKAGE = {
    "name": f"name{EVIL}", "version": f"1{EVIL}", "license": f"MIT{EVIL}", "requires": [EVIL],
    "size": 1, "from_base": False, "libraries": [[f"lib{EVIL}.so", f"f{EVIL}"]], "texts": ["t"],
    "boms": [{"name": EVIL, "version": EVIL, "purl": f"pkg:cargo/{EVIL}", "license": EVIL}],
}  # fmt: skip
CONTENTS = {
    "python": [PACKAGE, {**PACKAGE, "name": f"other{EVIL}", "texts": []}],
    "apt": [{key: PACKAGE[key] for key in ("name", "version", "license", "from_base", "texts")}],
    "texts": {"t": "".join(one for one in ATTACKS if "\n" not in one)},
    "folders": {f"/f{EVIL}": 5},
}
MIXED = WorkFailedError(f"what {EVIL}", f"next {EVIL}", (EVIL, *ATTACKS))


def lock_of(version: str) -> Lock:
    """A lock that was made by somebody who can write anything into it."""
    wheels = tuple(
        LockedWheel(
            name=f"{name}{EVIL}", version=f"{version}{EVIL}", file=EVIL, sha256=version,
            uploaded=f"2026{EVIL}", via=(f"a{EVIL}",),
        )
        for name in "ab"
    )  # fmt: skip
    return Lock(
        path=f"/lock{EVIL}",
        created="2026-11-26T08:00:00Z",
        images=(LockedImage(framework=f"f{EVIL}{version}", target=EVIL, values=((EVIL, EVIL),)),),
        bases=(LockedBase(image=f"base{EVIL}", digest=f"sha256:{version}{EVIL}"),),
        wheels=(LockedWheels(framework=EVIL, platform=EVIL, python="3.12", wheels=wheels),),
    )


def archive(content: bytes) -> bytes:
    """An image, as docker saves it, with names, steps and labels that attack."""
    name = EVIL.replace("\0", "").encode(errors="surrogateescape").decode(errors="surrogateescape")
    layer = packed({name: content})
    labels = {"org.opencontainers.image.base.name": f"{content!r}{EVIL}"}
    config = {
        f"key{EVIL}": content.decode(),
        "config": {"Labels": labels},
        "history": [{"created_by": f"RUN {EVIL}{content!r}"}],
        "rootfs": {"diff_ids": [hashlib.sha256(layer).hexdigest()]},
    }
    manifest = [{"Config": "config", "Layers": ["layer"]}]
    files = {"manifest.json": json.dumps(manifest).encode(), "config": json.dumps(config).encode()}
    return packed({**files, "layer": layer})


def save(command: Command) -> int:
    """Stands in for `docker image save`."""
    Path(command.argv[4]).write_bytes(archive(command.argv[5].encode()))
    return 0


def captured(*argv: str, **_options: object) -> SimpleNamespace:
    """Stands in for docker commands whose output is read."""
    history = json.dumps(["7", EVIL], ensure_ascii=False)
    return SimpleNamespace(
        returncode=int("rm" in argv), stdout=f"{history}\n{history}\n", stderr=f"reason {EVIL}\n"
    )


@pytest.fixture
def engine(no_docker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine on which others have been."""
    info = ImageInfo(id=IMAGE.id, size=5, labels=LABELS, env=(f"A={EVIL}",), user=EVIL)
    for module, name, answer in (
        (images, "list_images", lambda: (IMAGE,)),
        (images, "_inspect", lambda _ids: [{"Id": IMAGE.id, "RepoTags": list(IMAGE.tags)}]),
        (images, "containers_of", lambda _image: ()),
        *((one, "is_built_here", lambda _id: True) for one in (built, image_trust)),
        *(
            (one, "list_containers", lambda _owner="": (CONTAINER,))
            for one in (containers, started)
        ),
        (containers, "stop", lambda found, **_options: iter(found)),
        (program, "inspect", lambda _image: info),
        (program, "run", report),
        (process, "capture", captured),
        (process, "run", save),
        (doctor, "collect", lambda _problems: MACHINE),
        (checking, "_inspect", lambda _image: replace(info, labels=())),
        (checking, "_run", lambda *_words: (1, EVIL)),
        (docker_engine, "server_version", lambda: "28"),
        (docker_engine, "collect", lambda: EngineInfo(version="28")),
        (diagram, "diagram", lambda _plan: DIAGRAM),
        (outdated, "of_lock", fail),
        (update, "of_lock", fail),
    ):
        monkeypatch.setattr(module, name, answer)


def report(image: str, *_words: str) -> str:
    """Stands in for what a program in an image prints."""
    return json.dumps({**CONTENTS, "packages": {f"p{EVIL}": len(image), EVIL: 6}})


def fail(*_words: object, **_options: object) -> None:
    raise MIXED


MACHINE = doctor.Machine(
    client=f"28{EVIL}", engine=EngineInfo(version=f"28{EVIL}", root=f"/{EVIL}", local=True),
    engine_error=EVIL, buildx=f"0.29{EVIL}", build_cache=BuildCache(size=EVIL, reclaimable=EVIL),
    hf_cache=doctor.Folder(path=f"/{EVIL}", exists=True, writable=False), plugins=(EVIL,),
)  # fmt: skip
NODE = Node(name=f"node{EVIL}", kind="stage", lines=(f"line{EVIL}", EVIL))
DIAGRAM = Diagram(nodes=(NODE,), edges=((NODE.name, NODE.name),))
FRAMEWORK = """
@hookimpl
def dynamo_container_checks(request):
    yield Check(name={evil!r}, argv=("true",))

@hookimpl
def dynamo_container_labels(request):
    yield Label(key="com.acme.evil", value={evil!r})
"""
COMMANDS = (
    "images", "images --quiet", "images --json", "rm {} --force", "rm {}", "prune --all",
    "prune --all --force", "ps", "ps --quiet", "ps --json", "ps --all-users", "logs x",
    "stop --all", "stop --all-users --all", "dev status", "dev stop --all", "serve status",
    "serve status --all-users x", "serve stop x", "size an/image", "size an/image --by layer",
    "size an/image --by folder", "size an/image --json", "diff an/image an/image:1",
    "sbom an/image", "sbom an/image --format json", "notices an/image",
    "reproduce an/image:1 an/image:2", "check an/image --framework tiny", "doctor",
    "doctor --json", "outdated", "update x", "explain build tiny", "explain build tiny --json",
    "explain build tiny --graph mermaid", "explain build tiny --graph dot",
    "explain build tiny --graph svg",  "releases",
)  # fmt: skip


NOTHING_OF_OTHERS = ("images --quiet", "ps --quiet", "logs x", "releases")


# What rich draws, if it is installed.
DRAWN = ("images", "ps --all-users", "dev status", "serve status", "explain build tiny")
CASES = (
    *(("a pipe", command) for command in COMMANDS),
    *(("a terminal", command) for command in COMMANDS),
    *(("a terminal without rich", command) for command in DRAWN),
)


def print_to(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if where != "a pipe":
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setenv("COLUMNS", "100000")  # a table is drawn only if it fits
        monkeypatch.setattr(printing, "_is_terminal", lambda _stream: True)
    if where == "a terminal without rich":
        imported = (name for name in sys.modules if name.startswith("rich."))
        for name in ("rich", *imported):
            monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize(("where", "command"), CASES)
def test_no_command_prints_an_attack(where, command, cli, site, engine, monkeypatch):
    print_to(where, monkeypatch)
    site.framework("tiny", FRAMEWORK.format(evil=EVIL))
    words = [word.format(IMAGE.id) for word in command.split()]

    result = cli(*words)

    assert problems(result.out) == problems(result.err) == []
    assert "fault in dynamo-container" not in result.err
    assert (FORGED in result.out + result.err) != (command in NOTHING_OF_OTHERS)


@pytest.mark.parametrize("command", ["stop --all-users --all", "prune --all"])
def test_no_question_prints_an_attack(command, cli, engine, monkeypatch):
    monkeypatch.setattr(stop, "at_terminal", lambda: True)
    monkeypatch.setattr(rm, "at_terminal", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))

    result = cli(*command.split())

    assert "?" in result.err
    assert FORGED in result.err
    assert problems(result.out) == problems(result.err) == []


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was printed; each attack is seen in it."""
    out, err = capsys.readouterr()
    assert FORGED in out + err
    return out + err


def test_no_difference_between_locks_prints_an_attack(capsys):
    before, after = lock_of("1"), lock_of("2")
    printing.print_lines(changes.changes(before, after))
    printing.print_lines(changes.newer(before, after, "2025"))

    assert problems(printed(capsys)) == []


@pytest.mark.parametrize("attack", ATTACKS, ids=ascii)
def test_no_output_of_others_looks_like_a_line_of_ours(attack, capsys):
    """Output that explains an error, and that of a check, is indented."""
    printing.print_error(WorkFailedError(f"w{attack}", f"n{attack}", (f"d{attack}", FORGED)))
    printing.print_output(f"o{attack}\n{FORGED}", err=True)

    assert problems(printed(capsys)) == []


WORDS = {"error": EVIL, "completed": "2026-11-26T08:00:01Z", "started": "2026-11-26T08:00:00Z"}
RECORDS = {
    "vertexes": [{"digest": "sha256:1", "name": f"[runtime 1/1] RUN {EVIL}", **WORDS}],
    "warnings": [
        {"vertex": "sha256:1", "short": b64encode(EVIL.encode(errors="replace")).decode()}
    ],
    "logs": [{"vertex": "sha256:1", "data": b64encode(FORGED.encode()).decode()}],
}


@pytest.mark.parametrize("shown", ["plain", "auto", "quiet", "rawjson"])
def test_no_record_of_buildkit_looks_like_a_line_of_ours(shown, capsys):
    """A registry that refuses an image writes the error's text, of as many lines as it likes."""
    watcher = Watcher(Records(["runtime"]), shown, lambda text: printing.print_text(text, err=True))

    watcher.feed(json.dumps(RECORDS).encode() + b"\n")
    watcher.feed(b"\x1b[2J a line of buildx\x85build succeeded\n")
    watcher.close()

    assert problems(printed(capsys)) == []


def test_no_drawing_has_markup_of_others():
    evil = Node(name="<script>x</script>", kind="stage", lines=(f"</text><a>{EVIL}", '" onload="x'))
    text = drawing.svg(Diagram(nodes=(evil,), edges=()))

    assert "<script" not in text
    assert "<a>" not in text
    assert '" onload' not in text
    assert problems(text) == []
    ET.fromstring(text)


@pytest.mark.parametrize(
    "text",
    ["-----BEGIN PRIVATE KEY-----\n" * 20_000, "a" * 10**6, "//" * 10**5, "x@" * 10**5,
     "a:b" * 10**5 + "@", "-_." * 10**5 + "=x", "eyJ" * 10**5, "pass" * 10**5 + "=", "=" * 10**6],
    ids=lambda text: text[:8],
)  # fmt: skip
def test_no_text_takes_long_to_make_safe(text):
    """Linear in its length; some expressions would take hours."""
    start = time.process_time()
    for _ in range(2):
        printing.print_line(text[: len(text) // 2])

    assert time.process_time() - start < 20
