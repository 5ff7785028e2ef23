# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a terminal shows of a build: made of BuildKit's records, as buildx writes them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from dynamo_container.images.progress import duration, frame, in_words
from dynamo_container.images.records import Records, Vertex
from dynamo_container.images.watch import LiveWatcher
from dynamo_container.printing import Screen

START = 1_800_000_000.0
NOW = START + 30
TARGETS = ("tools", "serving", "none-runtime")


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(START + seconds, UTC).isoformat().replace("+00:00", "Z")


def vertex(
    name: str, started: float | None = 0, completed: float | None = None, **others: object
) -> dict[str, object]:
    record: dict[str, object] = {"digest": name, "name": name, **others}
    if started is not None:
        record["started"] = moment(started)
    if completed is not None:
        record["completed"] = moment(completed)
    return record


def records(*vertexes: dict[str, object], **others: object) -> Records:
    read = Records(TARGETS)
    list(read.feed(json.dumps({"vertexes": vertexes, **others})))
    return read


def test_a_stage_that_runs_has_its_step_its_time_and_its_last_line():
    name = "[tools tools 3/4] RUN --mount=type=cache,target=/x apt-get install git"
    log = base64.b64encode(b"Get:1 git\nUnpacking git ...\n").decode()

    lines = frame(records(vertex(name), logs=[{"vertex": name, "data": log}]), NOW)

    assert lines == ["- tools  3/4 apt-get install git  30.0 s", "           Unpacking git ..."]


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        ([vertex("[tools 2/2] RUN a", 0, 4)], "1 step  4.0 s"),
        ([vertex("[tools 2/2] RUN a", 0, 0, cached=True)], "1 step, cached"),
        (
            [vertex("[tools 2/3] RUN a", 0, 0, cached=True), vertex("[tools 3/3] RUN b", 0, 90)],
            "2 steps, 1 cached  1 min 30 s",
        ),
        (
            [vertex("[tools 2/2] RUN a", 0, 4), vertex("[tools] exporting to image", 4, 6)],
            "1 step  4.0 s  exported in 2.0 s",
        ),
        ([vertex("[tools] pushing r/x:1 with docker", 0, 89)], "exported in 1 min 29 s"),
    ],
)
def test_a_stage_that_is_done_says_how_long_it_took_and_what_was_cached(steps, line):
    (shown,) = frame(records(*steps), NOW)

    assert re.sub("^. ", "", shown) == f"tools  {line}"


@pytest.mark.parametrize(
    ("name", "transfer", "line"),
    [
        ("[tools 1/3] FROM r/ubuntu", {"id": "sha256:1", "total": 60_000_000}, "12 MB of 60 MB"),
        ("[tools] exporting to image", {"id": "exporting layers"}, "12 MB"),
        ("[tools] pushing r/x:1 with docker", {"id": "a", "total": 2 * 10**9}, "12 MB of 2.00 GB"),
    ],
)
def test_downloads_exports_and_pushes_have_bytes_and_a_rate(name, transfer, line):
    status = {"vertex": name, "current": 12_000_000, **transfer}

    (shown,) = frame(records(vertex(name, 24), statuses=[status]), NOW)

    assert f"{line}, 2 MB/s  6.0 s" in shown


def test_a_long_step_is_cut_so_that_its_time_is_seen():
    (line,) = frame(records(vertex(f"[tools 2/3] RUN {'long ' * 50}")), NOW, width=50)

    assert len(line) <= 50
    assert line.endswith("...  30.0 s")


def test_stages_are_in_the_order_in_which_they_are_built():
    steps = [vertex(f"[{name} 2/2] RUN {name}") for name in reversed(TARGETS)]

    names = [line.split()[1] for line in frame(records(*steps), NOW)]

    assert names == list(TARGETS)


def test_a_shared_step_belongs_to_the_lowest_stage():
    name = "tools 2/2] RUN a"
    read = records(vertex(f"[serving {name}"))
    shared = {**vertex(f"[tools {name}"), "digest": f"[serving {name}"}
    list(read.feed(json.dumps({"vertexes": [shared]})))

    (line,) = frame(read, NOW)

    assert line.split()[1] == "tools"


def test_if_there_is_no_room_stages_that_do_nothing_are_omitted():
    steps = [vertex(f"[{name} 2/2] RUN x", 0, 1) for name in TARGETS[:2]]

    lines = frame(records(*steps, vertex("[none-runtime 2/2] RUN x")), NOW, height=2)

    assert lines[0].split()[1] == "none-runtime"
    assert lines[1:] == ["  2 more stages"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("[a 2/3] RUN --mount=type=bind,from=x,source=/y --network=none make  all", "make all"),
        ("[a 2/3] RUN --mount=type=cache,id=x /opt/tools/create-user ${CACHES}", "create user"),
        ("[a 2/3] COPY --from=scripts --chmod=755 bin/ /opt/", "COPY bin/ /opt/"),
        ("[a 2/3] WORKDIR /workspace", "WORKDIR /workspace"),
        ("[a 1/3] FROM docker.io/library/ubuntu:24.04", "download docker.io/library/ubuntu:24.04"),
        ("[a] exporting to image", "exporting to image"),
    ],
)  # fmt: skip
def test_a_step_is_shown_without_the_options_of_its_instruction(name, words):
    assert in_words(Vertex(digest="", name=name)) == words


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0.0 s"), (4.24, "4.2 s"), (60, "1 min 00 s"), (3725, "62 min 05 s")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


class Lines:
    """A screen that keeps what is drawn."""

    size = (80, 20)

    def __init__(self) -> None:
        self.now: list[str] = []
        self.text = ""
        self.closed = False

    def draw(self, lines: Sequence[str]) -> None:
        self.now = list(lines)

    def above(self, text: str) -> None:
        self.text += text

    def close(self) -> None:
        self.closed = True


def watched(*documents: dict[str, object]) -> Lines:
    """Return what a terminal shows at the end of a stream."""
    screen = Lines()
    watcher = LiveWatcher(
        records=Records(TARGETS), progress="auto", show=screen.above, screen=screen
    )
    for document in documents:
        watcher.feed(json.dumps(document).encode())
    watcher.close()
    return screen


def test_a_failure_ends_with_the_last_30_lines_of_the_step_and_not_with_what_it_cancelled():
    name, other = "[tools 2/2] RUN false", "[serving 2/2] RUN sleep"
    output = "".join(f"line {number}\n" for number in range(100))
    log = {"vertex": name, "data": base64.b64encode(output.encode()).decode()}

    screen = watched(
        {"vertexes": [vertex(name), vertex(other)], "logs": [log]},
        {
            "vertexes": [
                vertex(name, 0, 1, error="exit code: 1"),
                vertex(other, 0, 1, error="Canceled: context canceled"),
            ]
        },
    )

    lines = screen.text.splitlines()
    assert lines == [f"  line {number}" for number in range(70, 100)] + [f"{name}: exit code: 1"]
    assert screen.now == [
        "\N{MULTIPLICATION X} tools    2/2 false",
        "  serving  cancelled",
    ]
    assert screen.closed


def test_a_warning_is_kept_and_shown_once():
    name = "[tools 2/2] RUN x"
    warning = {"vertex": name, "short": base64.b64encode(b"another platform").decode()}
    warned: dict[str, object] = {"warnings": [warning]}

    screen = watched({"vertexes": [vertex(name)]}, warned, warned)

    assert screen.text == "warning: another platform\n"


def test_buildx_own_lines_are_kept():
    screen = Lines()
    watcher = LiveWatcher(
        records=Records(TARGETS), progress="auto", show=screen.above, screen=screen
    )
    watcher.feed(b"ERROR: no builder\n")

    assert screen.text == "ERROR: no builder\n"


def test_the_lines_of_a_terminal_are_replaced_and_cannot_control_it(capfd, monkeypatch):
    monkeypatch.setattr("dynamo_container.printing._terminal_size", lambda: (30, 10))
    screen = Screen()
    screen.draw(["one", "x" * 100])
    screen.draw(["a \x1b[2J b"])
    screen.above("kept\n")

    shown = capfd.readouterr().err
    assert "one\x1b[K\n" in shown
    assert f"{'x' * 29}\x1b[K\n" in shown
    assert "\x1b[2A" in shown
    assert "a \\x1b[2J b" in shown
    assert shown.endswith("kept\n")
