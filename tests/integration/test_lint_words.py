# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`scripts/lint_words.py` finds phrases that read as if translated, and nothing else."""

from __future__ import annotations

from pathlib import Path

import lint_words
import pytest

TRANSLATED = (
    "error: 'x86' is no platform",
    "which are no images",
    "an image that is none of ours",
    "the core knows no plugin",
    "--port means nothing without --network bridge",
    "mend the file",
    "explain shows who said what",
    "as was said above",
    "a plugin that is broken is told by name",
    "a release whose label says so",
    "the image stands in the place of a stage",
    "the search passes over folders of others",
    "it goes on without us",
    "the version; empty where the client has none",
    "None where it cannot be read",
    "used where it is mounted",
    "pulled, where there is a registry",
    "the time, where none answers",
    "skipped where one is required",
    "not printed where the engine is remote",
    "the tag, where given",
    "Where nothing is set, the default is used.",
    "what is odd is listed first",
    "the overlay has a say in every plan",
    "nobody reads it",
    "it may be somebody else's",
    "the driver is as it should be",
    "Good to know: podman works, too",
    "CDI is the way in",
    "the error names the way out",
    "the option takes a text",
    "the folder has to be there",
    "the file is not there",
)
PLAIN = (
    "'x86' is not a valid platform",
    "There is no engine, and Docker is no longer running.",
    "The driver is no older than the image requires.",
    "the folder where the models are",
    "Print where the image is stored.",
    "The files stay where they are.",
    "find out where it is installed",
    "It shows where each value comes from.",
    "Where to go next: recipes, and plugins",
    "Where an environment has its packages.",
    "the way in which stages are merged",
    "a text file with one option per line",
    "None if the file cannot be read",
    "a recommendation that depends on the amendment",
    "The two cannot be told apart.",
    "There will be there-and-back tests.",
    "--gpus requires a driver",
    "instead of the stage of that name",
)


@pytest.mark.parametrize("sentence", TRANSLATED)
def test_each_phrase_is_found_with_advice(sentence):
    (finding, *_) = lint_words.check(Path("x.md"), sentence)

    assert str(finding).startswith(f'x.md:1: "{finding.text}" -> {finding.phrase.better}')


def test_every_phrase_of_the_list_has_an_example():
    text = "\n\n".join(TRANSLATED)

    assert [phrase.pattern for phrase in lint_words.PHRASES if not any(phrase.matches(text))] == []


@pytest.mark.parametrize("sentence", PLAIN)
def test_plain_sentences_pass(sentence):
    assert lint_words.check(Path("x.md"), sentence) == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("nobody = told(where=None)\n", []),
        ("x = 1  # nobody reads it\n", [1]),
        ("# who\n# said what\n", [1]),
        ("# who\nx = 1  # said what\n", []),
        ('"""A module.\n\nIt passes\nover files.\n"""\n', [3]),
        ('raise E(\n    "a text: means "\n    "nothing"\n)\n', [2, 2]),
        ("f'{name!r} is no framework: {nobody}'\n", [1]),
        ("f'{told}: {nobody!r:>{told}}'\n", []),
        ("x = ['is', 'no way']\n", []),
        ("def test_a_fault_is_told_once():\n    pass\n", [1]),
        ("def told():\n    pass\n", []),
        ("x = 'é', 'means nothing'\n", [1]),
    ],
)
def test_python_counts_comments_strings_and_names_of_tests(tmp_path, source, lines):
    file = tmp_path / "x.py"
    file.write_text(source)

    assert [finding.line for finding in lint_words.check_file(file)] == lines


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("page.md", "Renamed `told` to `describe`.\nIt is told.\n", [2]),
        ("page.md", "It is none\n\nof ours\n", []),
        ("Dockerfile", "# skipped where\n# none answers\nRUN true\n", [1]),
        ("tool", "#!/bin/sh\necho 'mend the file'\n", [2]),
        ("tool", "#!/usr/bin/env python3\nnobody = 1  # nobody\n", [2]),
        ("notes", "nobody reads files of other kinds\n", []),
        ("x.toml", "told = 'mend it'\n", [1, 1]),
        ("lint_words.py", "# nobody\n", []),
    ],
)
def test_other_files_by_their_kind(tmp_path, name, text, lines):
    file = tmp_path / name
    file.write_text(text)

    assert [finding.line for finding in lint_words.check_file(file)] == lines


def test_status_1_and_a_line_for_each_finding(tmp_path, capsys):
    bad, good = tmp_path / "bad.md", tmp_path / "good.md"
    bad.write_text("Mend it.\n\nNobody knows.\n")
    good.write_text("Fix it.\n")

    assert lint_words.main([str(good)]) == 0
    assert lint_words.main([str(bad), str(good)]) == 1
    shown = capsys.readouterr()
    assert [line.split(" ", 1)[0] for line in shown.out.splitlines()] == [f"{bad}:1:", f"{bad}:3:"]
