# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Parts of Dynamo that images leave out unless the user asks for them (`--extra`)."""

from __future__ import annotations

from pathlib import Path

import pytest
from dynamo_container.api import (
    BuildRequest,
    CheckRequest,
    ImageInfo,
    PluginError,
    ReleaseTable,
    ServingPlugin,
    UsageError,
)

PREFIX = "ai.dynamo.container."
LEFT_OUT = "forecast; python_version < '0'"
TABLE = """
default = "2.0"

[[release]]
dynamo = "1.0"
released = 2026-01-01

[[release]]
dynamo = "2.0"
released = 2026-02-01
wheels = ["acme==7.0"]
overrides = [
    { requirement = "forecast; python_version < '0'", reason = "1 GB that only the planner uses" },
    { requirement = "numpy==3.0", reason = "a conflict" },
]

[[release.device]]
device = "cpu"
wheels = ["acme-cpu==7.0"]
overrides = [{ requirement = "forecast; python_version < '0'", reason = "too large" }]

[[release.extra]]
extra = "planner"
wheels = ["pandas==4.0"]
overrides = [{ requirement = "forecast==1.1", reason = "1.0 is a placeholder" }]
modules = ["dynamo.planner"]

[[release.extra]]
extra = "profiler"
modules = ["dynamo.profiler"]
"""


@pytest.fixture
def table(tmp_path: Path) -> ReleaseTable:
    path = tmp_path / "releases.toml"
    path.write_text(TABLE)
    return ReleaseTable(path)


def request(*extras: str, dynamo_version: str | None = None, device: str = "") -> BuildRequest:
    return BuildRequest(
        framework="tiny",
        target="runtime",
        dynamo_version=dynamo_version,
        device=device,
        options=(("extra", extras),) if extras else (),
    )


def requirements(table: ReleaseTable, wanted: BuildRequest) -> tuple[list[str], list[str]]:
    choice = table.choose(wanted)
    pins = [pin.requirement for pin in choice.pins()]
    return pins, [override.requirement for override in choice.overrides]


def test_without_the_option_the_part_is_left_out(table: ReleaseTable) -> None:
    assert requirements(table, request()) == (
        ["ai-dynamo==2.0", "acme==7.0"],
        [LEFT_OUT, "numpy==3.0"],
    )
    assert [label.key for label in table.choose(request()).labels()] == []


def test_a_part_adds_its_packages_and_replaces_what_leaves_them_out(table: ReleaseTable) -> None:
    pins, overrides = requirements(table, request("planner"))

    assert pins == ["ai-dynamo==2.0", "acme==7.0", "pandas==4.0"]
    assert overrides == ["numpy==3.0", "forecast==1.1"]


def test_the_image_of_another_device_can_have_it(table: ReleaseTable) -> None:
    pins, overrides = requirements(table, request("planner", device="cpu"))

    assert pins == ["ai-dynamo==2.0", "acme-cpu==7.0", "pandas==4.0"]
    assert overrides == ["forecast==1.1"]


@pytest.mark.parametrize("order", [("planner", "profiler"), ("profiler", "planner", "profiler")])
def test_the_label_names_each_part_once_in_any_order(
    table: ReleaseTable, order: tuple[str, ...]
) -> None:
    (label,) = table.choose(request(*order)).labels()

    assert (label.key, label.value) == (f"{PREFIX}extras", "planner profiler")


def test_a_release_without_a_row_has_the_parts_of_the_nearest_older_one(
    table: ReleaseTable,
) -> None:
    _, overrides = requirements(table, request("planner", dynamo_version="2.1"))

    assert overrides == ["forecast==1.1"]


def test_a_release_that_lacks_a_part_names_those_that_have_it(table: ReleaseTable) -> None:
    with pytest.raises(UsageError) as error:
        table.choose(request("planner", dynamo_version="1.0"))

    assert "with Dynamo 1.0 cannot be built with --extra planner" in str(error.value)
    assert error.value.next_step == "choose a release that has it: --dynamo-version 2.0"


def tiny(table: ReleaseTable) -> ServingPlugin:
    attributes = {"name": "tiny", "summary": "Tiny", "folder": table.path.parent}
    plugin: ServingPlugin = type("Tiny", (ServingPlugin,), attributes)()
    return plugin


def test_build_has_the_option_if_the_table_has_parts(table: ReleaseTable) -> None:
    (option,) = tiny(table).dynamo_container_options("build")
    assert (option.flag, option.choices) == ("--extra", ("planner", "profiler"))
    assert tiny(table).dynamo_container_options("run") == ()

    table.path.write_text(TABLE.partition("[[release.extra]]")[0])
    assert tiny(table).dynamo_container_options("build") == ()


@pytest.mark.parametrize(
    ("label", "imported", "exceptions"),
    [
        ("", [], "forecast (1 GB that only the planner uses), numpy (a conflict)"),
        ("planner", ["dynamo.planner"], "numpy (a conflict), forecast (1.0 is a placeholder)"),
        (
            "planner profiler",
            ["dynamo.planner, dynamo.profiler"],
            "numpy (a conflict), forecast (1.0 is a placeholder)",
        ),
    ],
)
def test_check_follows_the_parts_of_an_image(
    table: ReleaseTable, label: str, imported: list[str], exceptions: str
) -> None:
    labels = ((f"{PREFIX}dynamo", "2.0"), (f"{PREFIX}extras", label))
    info = ImageInfo(id="i", size=1, labels=labels)
    check = CheckRequest(framework="tiny", image="x", image_info=info)

    names = [check.name for check in tiny(table).dynamo_container_checks(check)]

    imports = [name for name in names if name.startswith("import ")]
    assert imports == [f"import {modules}" for modules in ("dynamo.frontend", *imported)]
    assert names[-1] == f"packages agree, except {exceptions}"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('extra = "planner"', 'extra = "The Planner"', "a part of Dynamo, such as planner"),
        ('"dynamo.planner"', '"dynamo planner"', "a Python module, such as dynamo.planner"),
        ('extra = "profiler"', "", "missing key `extra`"),
        ('modules = ["dynamo.profiler"]', 'imports = ["x"]', "unknown key `imports`"),
    ],
)
def test_a_wrong_row_is_an_error_that_names_the_key(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    path = tmp_path / "releases.toml"
    path.write_text(TABLE.replace(before, after))

    with pytest.raises(PluginError, match=r"releases\.toml:8: ") as error:
        _ = ReleaseTable(path).rows

    assert message in str(error.value)
