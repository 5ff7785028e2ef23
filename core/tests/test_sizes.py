# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Sizes of images as tables and as differences; and `diff` of locks."""

from __future__ import annotations

import pytest
from dynamo_container.errors import WorkFailedError
from dynamo_container.inventory import program, sizes
from dynamo_container.inventory.sizes import Part, Sizes
from dynamo_container.options import docker_syntax


def measured(**parts: int) -> Sizes:
    """The sizes of an image with these parts, in MB."""
    found = tuple(Part(name=name, size=size * 1_000_000) for name, size in parts.items())
    return Sizes(image="x", by="package", size=sum(part.size for part in found), parts=found)


def test_a_table_has_sizes_shares_and_the_sum():
    assert measured(torch=3, numpy=1).rows() == [
        "3.0 MB   75.0%  torch",
        "1.0 MB   25.0%  numpy",
        "4.0 MB  100.0%  in all",
    ]


def test_a_table_has_the_largest_parts_and_the_sum_of_the_others():
    rows = measured(**{f"p{number:02}": 100 - number for number in range(60)}).rows()

    assert len(rows) == 42
    assert "20 others" in rows[40]
    assert measured().rows() == ["0.0 MB  0.0%  in all"]


def test_differences_are_sorted_by_their_size():
    before, after = measured(torch=5, old=1, same=7), measured(torch=3, new=4, same=7)

    assert sizes.differences(before, after) == (
        "+4.0 MB  added    new",
        "-2.0 MB  changed  torch",
        "-1.0 MB  removed  old",
        "+1.0 MB           in all",
    )
    assert sizes.differences(before, before) == ()


STEPS = {
    "RUN |2 A=1 B=x y /bin/sh -c apt-get install x # buildkit": "apt-get install x",
    "RUN /bin/sh -c true # buildkit": "true",
    "COPY /a /b # buildkit": "COPY /a /b",
    "/bin/sh -c #(nop) ADD file:abc in / ": "#(nop) ADD file:abc in /",
    "": "(base image)",
}


@pytest.mark.parametrize(("text", "step"), STEPS.items(), ids=STEPS.values())
def test_a_layer_is_called_by_what_its_step_runs(text, step):
    assert sizes.step_name(text) == step


def test_diff_takes_two_locks_or_two_images(cli, tmp_path):
    lock = tmp_path / "a.lock"
    lock.write_text("schema = 1")

    result = cli("diff", str(lock), "image:1")

    assert result.status == 2
    assert "is a file, but image:1 is not" in result.err
    assert "is not a valid lock" in cli("diff", str(lock), str(lock)).err


BYTES = {"9.6GB": 9_600_000_000, "500 MiB": 524_288_000, "12": 12, "3k": 3000, "1TB": 10**12}


@pytest.mark.parametrize(("text", "number"), BYTES.items(), ids=BYTES)
def test_a_limit_has_dockers_units(text, number):
    assert docker_syntax.byte_count(text) == number


@pytest.mark.parametrize("text", ["", "0", "GB", "9,6GB", "-1GB", "1XB", "1 2"])
def test_other_limits_are_refused(cli, text):
    result = cli("build", "none", "--max-size", text, "--dry-run")

    assert result.status == 2
    assert "--max-size" in result.err


NO_SIZES = {
    "not JSON": "build succeeded",
    "another form": '{"packages": []}',
    "text for a size": '{"packages": {"a": "1"}, "folders": {}}',
    "NaN": '{"packages": {"a": NaN}, "folders": {}}',
    "a negative size": '{"packages": {"a": -1}, "folders": {}}',
    "a size of 300 digits": '{"packages": {"a": %s}, "folders": {}}' % ("9" * 300),
    "deep nesting": '{"packages": ' + "[" * 100_000,
}


@pytest.mark.parametrize("answer", NO_SIZES.values(), ids=NO_SIZES)
def test_an_image_that_reports_no_sizes_is_an_error(answer, monkeypatch):
    """What runs in an image is the image's own."""
    monkeypatch.setattr(program, "inspect", lambda _image: None)
    monkeypatch.setattr(program, "run", lambda *_words: answer)

    with pytest.raises(WorkFailedError, match="what the image tiny:1 reports is not valid"):
        sizes.measure("tiny:1", "folder")
