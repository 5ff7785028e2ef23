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
CHOICE = """\
ARG BASE_IMAGE
ARG CUDA
FROM ${BASE_IMAGE} AS a
FROM a AS a-for-cuda
FROM a${CUDA:+-for-cuda} AS runtime
"""
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
        "RUN true \\\n\n  # a comment\n\nARG IN",
        "RUN true \\  \nARG IN",
        'RUN --network=none ["cat", "<<EOF"]',
        "RUN <<A cat > a && <<'B' cat > b\nARG IN\nA\nARG IN\nB",
        "COPY <<-A <<B /files/\n\tARG IN\n\t\tA\nARG IN\nB",
        "RUN <<A\n<<B\nARG IN\nA",
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
        ("# syntax=docker/dockerfile:1\n# Escape = `\nARG A `\nB", {"A", "B"}),
        ("arg A", {"A"}),
        ("ARG COLOR=#fff A", {"COLOR", "A"}),
        ("ARG A # B", {"A", "B"}),
        ("ARG LONG_\\\nNAME", {"LONG_NAME"}),
        ("ARG A=\"x # y\" B='\\' C", {"A", "B", "C"}),
        ("\ufeff# escape=`\nARG A `\n B", {"A", "B"}),
        ("ARG A\r\nARG B\\\r\n=1\r", {"A", "B"}),
    ],
)
def test_an_arg_instruction_declares_all_its_names(tmp_path, text, names):
    assert read(tmp_path, f"{text}\nFROM scratch AS a\n").args - dockerfile.PREDEFINED == names


@pytest.mark.parametrize("first", ["# a comment", "", "# unknown=x", "FROM scratch"])
def test_a_directive_after_any_other_line_is_a_comment(first):
    text = f"{first}\n# escape=`\nARG A \\\n B\n"

    (arg,) = [entry for entry in dockerfile.parse(text) if entry.keyword == "ARG"]
    assert arg.arguments.split() == ["A", "B"]


def test_an_instruction_has_its_first_line_and_its_joined_arguments():
    text = "FROM a\n\n# b\n  RUN x \\\n  # c\n    y\nUSER 0\n"

    assert [(entry.keyword, entry.line) for entry in dockerfile.parse(text)] == [
        ("FROM", 1),
        ("RUN", 4),
        ("USER", 7),
    ]
    assert [entry.arguments.split() for entry in dockerfile.parse(text)][1] == ["x", "y"]


def test_named_contexts_replace_what_from_copy_and_mounts_read(tmp_path):
    source = read(
        tmp_path,
        "FROM ${BASE} AS a\n"
        "COPY --chown=1:1 --from=Tools /a /b\n"
        "RUN --mount=type=bind,from=scripts,target=/x --mount=from=wheels,target=/y \\\n"
        "    --mount=type=bind,from=$VARIABLE,target=/z program --from=option\n"
        'COPY --from=0 ["/a", "/b"]\n'
        "FROM a AS b\n",
    )

    assert source.contexts == {"a", "b", "tools", "scripts", "wheels", "0"}


def test_a_target_inherits_the_users_of_the_targets_below_it(tmp_path):
    file = tmp_path / "Dockerfile"
    file.write_text(
        "FROM x AS base\nUSER 0\nFROM y AS other\nUSER 5\n"
        "FROM BASE AS top\nRUN <<EOF\nUSER 7\nEOF\nUSER 1000:0\n"
    )

    assert [user.arguments for user in dockerfile.users(file, "Top")] == ["0", "1000:0"]
    assert [user.line for user in dockerfile.users(file, "other")] == [4]
    assert dockerfile.users(file, "nosuch") == ()


def test_a_cycle_of_targets_ends(tmp_path):
    source = read(tmp_path, "FROM b AS a\nFROM a AS b\n")

    assert source.starts_from("a", ()) == "a"


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
        (CHOICE, "runtime"),
        ("ARG KIND=serving\nFROM scratch AS serving\nFROM $KIND AS runtime\n", "serving"),
        ("FROM scratch AS serving\nFROM ${KIND:-serving} AS runtime\n", "serving"),
    ],
)
def test_runtime_image_is_for_the_stage_at_the_foot_of_runtimes_chain(tmp_path, runtime, stage):
    assert foot(tmp_path, runtime) == stage


def test_runtime_image_cannot_be_used_if_the_chain_ends_in_another_image(tmp_path):
    with pytest.raises(UsageError, match="--runtime-image cannot be used with 'acme'"):
        foot(tmp_path, "ARG BASE_IMAGE\nFROM ${BASE_IMAGE} AS a\nFROM debian AS runtime\n")
