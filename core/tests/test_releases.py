# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A table of releases: which row a request gets, what follows from it, and how it is told."""

from __future__ import annotations

import pytest
from dynamo_container.errors import UsageError
from dynamo_container.model.requests import BuildRequest
from dynamo_container.plugins.releases import ReleaseTable

TABLE = """
default = "1.0.0"

[[release]]
dynamo = "1.10.0"
released = 2026-09-01
wheels = ["acme==3.1", "toolkit[nvcc,crt]==13.0.2"]
overrides = ["nixl==2", "numpy==1"]
cuda = [
    { version = "13.0", torch = "13.0", runtime = "cuda:13.0", devel = "devel:13.0" },
    { version = "12.9", runtime = "cuda:12.9" },
]

[[release]]
dynamo = "1.0.0"
released = 2026-02-27
wheels = ["acme==2.0"]
checked = true
cuda = [{ version = "12.9", runtime = "cuda:12.9" }]

[[release]]
dynamo = "0.6.0"
released = 2025-10-28
"""


@pytest.fixture
def table(tmp_path) -> ReleaseTable:
    path = tmp_path / "releases.toml"
    path.write_text(TABLE)
    return ReleaseTable(path)


def request(**asked) -> BuildRequest:
    return BuildRequest(framework="acme", target="runtime", **asked)


def pins(chosen) -> list[str]:
    return [pin.requirement for pin in chosen.pins(extras=("acme",))]


def test_rows_are_in_the_order_of_versions(table):
    assert [row.dynamo for row in table.rows] == ["0.6.0", "1.0.0", "1.10.0"]
    assert [row.checked for row in table.rows] == [False, True, False]


def test_without_a_wish_it_is_the_default_release_with_its_first_cuda(table):
    chosen = table.choose(request())

    assert chosen.known
    assert pins(chosen) == ["ai-dynamo[acme]==1.0.0", "acme==2.0", "12.9"]
    assert [base.image for base in chosen.base_images()] == ["cuda:12.9"]
    assert [label.value for label in chosen.labels()] == ["525"]


def test_a_release_and_a_cuda_version_choose_a_row(table):
    newest = table.choose(request(dynamo_version="1.10.0"))
    other = table.choose(request(dynamo_version="1.10.0", cuda_version="12.9"))

    assert pins(newest)[1:] == ["acme==3.1", "toolkit[nvcc,crt]==13.0.2", "13.0", "13.0"]
    assert [base.image for base in newest.base_images()] == ["cuda:13.0"]
    assert [base.image for base in other.base_images()] == ["cuda:12.9"]


def test_packages_are_taken_as_of_two_days_after_the_release(table):
    args = {arg.name: arg.value for arg in table.choose(request()).build_args()}

    assert args == {"RESOLVE_AS_OF": "2026-03-01T00:00:00Z"}


def test_what_is_overridden_is_one_argument(table):
    chosen = table.choose(request(dynamo_version="1.10.0"))

    assert {arg.name: arg.value for arg in chosen.build_args()}["OVERRIDES"] == "nixl==2|numpy==1"


@pytest.mark.parametrize(
    ("cuda", "says"),
    [
        ("13.0", "with CUDA 13.0 there are: --dynamo-version 1.10.0"),
        ("11.8", "with other releases there is CUDA 12.9, 13.0"),
    ],
)
def test_a_cuda_version_that_a_release_does_not_have_is_told_with_those_that_it_has(
    table, cuda, says
):
    with pytest.raises(UsageError, match=r"Dynamo 1\.0\.0 is built for CUDA 12\.9") as error:
        table.choose(request(dynamo_version="1.0.0", cuda_version=cuda))
    assert error.value.next_step == says


def test_a_cuda_version_alone_takes_the_newest_release_that_has_it_and_says_so(table):
    chosen = table.choose(request(cuda_version="13.0"))

    assert chosen.dynamo == "1.10.0"
    (notice,) = chosen.notices()
    assert notice.text == "Dynamo is 1.10.0, the newest for CUDA 13.0: 1.0.0 is not for that"


def test_the_default_release_is_taken_where_it_has_the_cuda_version(table):
    assert table.choose(request(cuda_version="12.9")).dynamo == "1.0.0"


def test_a_release_that_it_does_not_have_is_built_from_what_the_nearest_older_one_is(table):
    chosen = table.choose(request(dynamo_version="1.20.0"))

    assert not chosen.known
    assert pins(chosen) == ["ai-dynamo[acme]==1.20.0", "13.0"]
    assert [base.image for base in chosen.base_images()] == ["cuda:13.0"]
    assert list(chosen.build_args()) == []
    (notice,) = chosen.notices()
    assert "Dynamo 1.20.0 is not in this plugin's table" in notice.text
    assert "1.10.0" in notice.text


def test_a_known_release_needs_no_notice(table):
    assert list(table.choose(request()).notices()) == []


def test_kvbm_is_the_plugins_choice_unless_the_user_says(table):
    def has_kvbm(*, default: bool, wanted: bool | None) -> bool:
        chosen = table.choose(request(enable_kvbm=wanted), kvbm=default)
        return "kvbm==1.0.0" in pins(chosen)

    assert has_kvbm(default=True, wanted=None)
    assert has_kvbm(default=False, wanted=True)
    assert not has_kvbm(default=True, wanted=False)
    assert not has_kvbm(default=False, wanted=None)


RELEASES = """
import pathlib
RELEASES = ReleaseTable(HERE / "releases.toml")

@hookimpl
def dynamo_container_releases():
    return RELEASES.rows
"""


def test_the_command_prints_the_newest_first(cli, site):
    (site.framework("tiny", RELEASES) / "releases.toml").write_text(TABLE)

    lines = cli.ok("releases", "tiny").out.splitlines()

    assert lines[0] == "tiny:"
    assert [line.split()[0] for line in lines[1:]] == ["DYNAMO", "1.10.0", "1.0.0", "0.6.0"]
    assert "13.0, 12.9" in lines[2]
    assert "580, 525" in lines[2]
    assert "acme 3.1" in lines[2]
    assert " yes " in lines[3]


def test_as_json_it_has_everything(cli, site):
    (site.framework("tiny", RELEASES) / "releases.toml").write_text(TABLE)

    told = cli.ok("releases", "tiny", "--json").json

    assert [row["dynamo"] for row in told["tiny"]] == ["0.6.0", "1.0.0", "1.10.0"]
    assert told["tiny"][2]["cuda"][1]["runtime"] == "cuda:12.9"


def test_without_a_name_it_is_every_framework_that_is_installed(cli, site):
    site.framework("tiny")

    said = cli.ok("releases").out

    assert "tiny: its plugin has no table of releases" in said
    assert "\nnone:" in f"\n{said}"
