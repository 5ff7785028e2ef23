# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The Dockerfile reader: here-documents, continued lines, and what stages start from."""

from __future__ import annotations

import pytest
from dynamo_container.errors import UsageError
from dynamo_container.images import dockerfile, user
from dynamo_container.images.stages import StageFiles
from dynamo_container.model.requests import BuildRequest
from dynamo_container.model.values import Stage

SERVING = "ARG BASE_IMAGE=scratch\nFROM ${BASE_IMAGE} AS serving\n"
STANDS_ALONE = "FROM scratch AS serving\nFROM serving AS runtime\n"


def read(folder, text: str) -> dockerfile.StageSource:
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(text)
    return dockerfile.read(folder / "Dockerfile", folder)


@pytest.mark.parametrize(
    "text",
    [
        "RUN <<EOF\nARG IN\nEOF",
        "RUN <<A cat <<B\nARG IN\nA\nARG IN\nB",
        "RUN <<-EOF\nARG IN\n\tEOF",
        "RUN <<'EOF'\nARG IN\nEOF",
        'COPY <<"EOF" /file\nARG IN\nEOF',
        "RUN 3<<EOF cat\nARG IN\nEOF",
        "RUN <<END-1\nARG IN\nEND-1",
        "RUN <<EOF\nARG IN\n EOF\nEOF",
        "ONBUILD RUN <<EOF\nARG IN\nEOF",
        'RUN echo "<<EOF"',
        "RUN echo $((1 << N))",
        "ENV P=C:\\\\",
        "# ARG IN",
        "RUN true \\\n# ARG IN\n && true",
    ],
)
def test_only_arg_instructions_declare_arguments(tmp_path, text):
    source = read(tmp_path, f"FROM scratch AS a\n{text}\nARG AFTER\n")

    assert source.args - dockerfile.PREDEFINED == {"AFTER"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ARG A B=1 C='x y' D=\"ARG E\"", {"A", "B", "C", "D"}),
        ("ARG A \\\n# a comment\n\n  B", {"A", "B"}),
        ("# escape=`\nARG A `\n  B", {"A", "B"}),
        ("arg A", {"A"}),
    ],
)
def test_an_arg_instruction_declares_all_its_names(tmp_path, text, names):
    assert read(tmp_path, f"{text}\nFROM scratch AS a\n").args - dockerfile.PREDEFINED == names


def test_flags_of_from_are_not_its_image(tmp_path):
    source = read(tmp_path, "FROM --platform=$BUILDPLATFORM Debian:13 AS Base\n")

    assert source.targets == {"base"}
    assert source.starts_from("base", ()) == "Debian:13"
    assert source.contexts == {"base", "debian:13"}


def foot(tmp_path, runtime: str, needs: tuple[str, ...] = ("serving",)) -> str:
    files = {
        name: StageFiles(
            stage=Stage(name=name, dockerfile=tmp_path / name / "Dockerfile", needs=reads),
            source=read(tmp_path / name, text),
        )
        for name, text, reads in (("serving", SERVING, ()), ("runtime", runtime, needs))
    }
    return user._foot_of_runtime(files, BuildRequest(framework="acme", target="runtime"))


@pytest.mark.parametrize(
    ("runtime", "stage"),
    [
        (STANDS_ALONE, "serving"),
        ("FROM debian AS serving\nFROM Serving AS runtime\n", "serving"),
        ("FROM scratch AS serving\nFROM serving AS a\nFROM a AS runtime\n", "serving"),
        ("ARG BASE_IMAGE\nFROM ${BASE_IMAGE} AS a\nFROM a AS runtime\n", "runtime"),
        (SERVING.replace("serving", "builder") + STANDS_ALONE, "serving"),
    ],
)
def test_runtime_image_is_for_the_stage_at_the_foot_of_runtimes_chain(tmp_path, runtime, stage):
    assert foot(tmp_path, runtime) == stage


def test_runtime_image_cannot_be_used_if_the_chain_ends_in_another_image(tmp_path):
    with pytest.raises(UsageError, match="--runtime-image cannot be used with 'acme'"):
        foot(tmp_path, "ARG BASE_IMAGE\nFROM ${BASE_IMAGE} AS a\nFROM debian AS runtime\n")
