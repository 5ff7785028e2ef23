# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Release tables: reading them, choosing a release, and the command that prints them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dynamo_container.errors import PluginError, UsageError
from dynamo_container.model.facts import Checkout
from dynamo_container.model.requests import BuildRequest
from dynamo_container.plugins import release_document, release_reader
from dynamo_container.plugins.release_choice import ReleaseChoice
from dynamo_container.plugins.releases import ReleaseTable, schema

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
ROW = '[[release]]\ndynamo = "1.0.0"\nreleased = 2026-02-27\n'


@pytest.fixture
def table(tmp_path) -> ReleaseTable:
    path = tmp_path / "releases.toml"
    path.write_text(TABLE)
    return ReleaseTable(path)


def request(**fields) -> BuildRequest:
    return BuildRequest(framework="acme", target="runtime", **fields)


def pins(release: ReleaseChoice) -> list[str]:
    return [pin.requirement for pin in release.pins(extras=("acme",))]


def test_rows_are_sorted_by_version(table):
    assert [row.dynamo for row in table.rows] == ["0.6.0", "1.0.0", "1.10.0"]
    assert [row.checked for row in table.rows] == [False, True, False]


def test_default_is_the_default_release_with_its_first_cuda(table):
    release = table.choose(request())

    assert release.exact
    assert pins(release) == ["ai-dynamo[acme]==1.0.0", "acme==2.0", "12.9"]
    assert [base.image for base in release.base_images()] == ["cuda:12.9"]
    assert [label.value for label in release.labels()] == ["525"]


def test_dynamo_version_and_cuda_version_select_a_row_and_its_images(table):
    newest = table.choose(request(dynamo_version="1.10.0"))
    older_cuda = table.choose(request(dynamo_version="1.10.0", cuda_version="12.9"))

    assert pins(newest)[1:] == ["acme==3.1", "toolkit[nvcc,crt]==13.0.2", "13.0", "13.0"]
    assert [base.image for base in newest.base_images()] == ["cuda:13.0"]
    assert [base.image for base in newest.toolkit_images("acme-wheels")] == ["devel:13.0"]
    assert [base.image for base in older_cuda.base_images()] == ["cuda:12.9"]
    assert list(older_cuda.toolkit_images("acme-wheels")) == []


def test_pins_base_images_and_overrides_name_the_line_of_their_row(table):
    release = table.choose(request(dynamo_version="1.10.0"))

    line = f"{table.path}:4"
    assert {pin.location for pin in release.pins()} == {line}
    assert {base.location for base in release.base_images()} == {line}
    assert {override.location for override in release.overrides} == {line}
    assert [row.location.rpartition(":")[2] for row in table.rows] == ["21", "14", "4"]


def test_rows_in_another_form_have_the_file_as_location(tmp_path):
    path = tmp_path / "releases.toml"
    path.write_text('default = "1.0"\nrelease = [{ dynamo = "1.0", released = 2026-02-27 }]\n')

    assert [row.location for row in ReleaseTable(path).rows] == [str(path)]


def test_packages_are_resolved_as_of_two_days_after_the_release(table):
    args = {arg.name: arg.value for arg in table.choose(request()).build_args()}

    assert args == {"RESOLVE_AS_OF": "2026-03-01T00:00:00Z"}


def test_old_releases_need_services_in_their_image(table):
    def packages(version: str) -> list[str]:
        release = table.choose(request(dynamo_version=version))
        return [package.name for package in release.system_packages()]

    assert packages("0.6.0") == ["etcd-server", "nats-server"]
    assert packages("1.0.0") == []


def test_overrides_are_those_of_the_row_and_those_that_are_added(table):
    release = table.choose(request(dynamo_version="1.10.0")).overriding("acme[x]")

    assert [override.requirement for override in release.overrides] == [
        "nixl==2",
        "numpy==1",
        "acme[x]",
    ]


def test_without_omits_the_pins_of_wheels(table):
    release = table.choose(request(dynamo_version="1.10.0"))

    assert release.wheel("toolkit").extras == ("nvcc", "crt")
    assert "acme==3.1" not in pins(release.without("acme"))
    assert "toolkit[nvcc,crt]==13.0.2" in pins(release.without("acme"))


@pytest.mark.parametrize(
    ("cuda", "hint"),
    [
        ("13.0", "for CUDA 13.0: --dynamo-version 1.10.0"),
        ("11.8", "other releases can be built for CUDA 12.9, 13.0"),
    ],
)
def test_unavailable_cuda_version_lists_what_is_available(table, cuda, hint):
    with pytest.raises(UsageError, match=r"cannot be built for CUDA .*, only for 12\.9") as error:
        table.choose(request(dynamo_version="1.0.0", cuda_version=cuda))
    assert error.value.next_step == hint


def test_cuda_version_is_refused_for_a_release_without_cuda(table):
    with pytest.raises(UsageError, match="its image has no CUDA"):
        table.choose(request(dynamo_version="0.6.0", cuda_version="12.9"))


def test_cuda_version_alone_selects_the_newest_release_that_has_it(table):
    release = table.choose(request(cuda_version="13.0"))

    assert release.dynamo == "1.10.0"
    (notice,) = release.notices()
    assert "1.10.0 is the newest release for CUDA 13.0; the default, 1.0.0, cannot" in notice.text


def test_cuda_version_selects_the_default_release_if_that_has_it(table):
    assert table.choose(request(cuda_version="12.9")).dynamo == "1.0.0"


def test_unknown_release_is_built_like_the_nearest_older_one(table):
    release = table.choose(request(dynamo_version="1.20.0"))

    assert not release.exact
    assert pins(release) == ["ai-dynamo[acme]==1.20.0", "13.0"]
    assert [base.image for base in release.base_images()] == ["cuda:13.0"]
    assert [(arg.name, arg.value) for arg in release.build_args()] == [
        ("DERIVED", "ai-dynamo-runtime")
    ]
    assert release.overrides == ()
    (notice,) = release.notices()
    assert notice.warning
    assert "Dynamo 1.20.0 is not in the plugin's release table" in notice.text
    assert "1.10.0" in notice.text


@pytest.mark.parametrize("version", ["1.6.0", "1.5.0.post1", "1.7.0.dev20261026", "9.9"])
def test_unknown_release_leaves_out_what_the_nearest_older_one_does(posts, version):
    """A version that the row overrides is not that of another release."""
    release = posts.choose(request(dynamo_version=version), kvbm=True)

    assert [override.name for override in release.overrides] == ["simulator"]
    assert not release.kvbm
    assert posts.overrides(version) == release.overrides


@pytest.mark.parametrize("version", ["1.4", "1.3.1", "", "not a version"])
def test_nothing_is_left_out_of_other_releases(posts, version):
    assert posts.overrides(version) == ()


def test_the_build_finds_the_cuda_compiler_of_an_unknown_release(tmp_path):
    path = tmp_path / "releases.toml"
    path.write_text(TABLE.replace("toolkit[nvcc,crt]", "cuda-toolkit[nvcc,crt]"))
    release = ReleaseTable(path).choose(request(dynamo_version="1.20.0"))

    assert {arg.name: arg.value for arg in release.build_args()} == {
        "DERIVED": "ai-dynamo-runtime cuda-toolkit[nvcc,crt]"
    }


def test_unknown_release_keeps_the_wheels_of_the_row_if_no_extra_pins_them(table):
    release = table.choose(request(dynamo_version="1.20.0"))

    assert "acme==3.1" in [pin.requirement for pin in release.pins()]


POSTS = """
default = "1.3.1"

[[release]]
dynamo = "1.3.0.post1"
released = 2026-07-22

[[release]]
dynamo = "1.3.0.post2"
released = 2026-07-23

[[release]]
dynamo = "1.3.1"
released = 2026-08-05

[[release]]
dynamo = "1.3.1.post1"
released = 2026-08-06
wheels = ["acme==1", "kvbm==1.3.1"]

[[release]]
dynamo = "1.5.0"
released = 2026-09-19
deprecated = ["kvbm"]
overrides = [
    "numpy==1",
    { requirement = "simulator; python_version < '0'", reason = "only the planner uses it" },
]
"""


@pytest.fixture
def posts(tmp_path) -> ReleaseTable:
    path = tmp_path / "posts.toml"
    path.write_text(POSTS)
    return ReleaseTable(path)


@pytest.mark.parametrize(
    ("named", "built"),
    [
        ("1.3.0", "1.3.0.post2"),
        ("1.3", "1.3.0.post2"),
        ("1.3.0.post1", "1.3.0.post1"),
        ("1.3.1", "1.3.1"),
        ("1.3.1.post1", "1.3.1.post1"),
    ],
)
def test_a_release_that_has_only_post_releases_is_the_newest_of_them(posts, named, built):
    release = posts.choose(request(dynamo_version=named))

    assert release.exact
    assert release.dynamo == built
    notices = [notice.text for notice in release.notices()]
    assert notices == (
        [f"Dynamo {release.named} was published as {built}"] if release.named else []
    )
    assert bool(release.named) == (named in ("1.3.0", "1.3"))


def test_a_checkout_keeps_its_own_version(posts):
    checkout = Checkout(path=Path("/dynamo"), release="1.3.0", version="1.3.0.dev.1")

    assert posts.choose(request(checkout=checkout, dynamo_version="1.3.0")).dynamo == "1.3.0"


def test_a_row_states_the_kvbm_of_a_post_release(posts):
    release = posts.choose(request(dynamo_version="1.3.1.post1", enable_kvbm=True))

    assert pins(release) == ["ai-dynamo[acme]==1.3.1.post1", "acme==1", "kvbm==1.3.1"]
    without = posts.choose(request(dynamo_version="1.3.1.post1"))
    assert pins(without) == ["ai-dynamo[acme]==1.3.1.post1", "acme==1"]


def test_deprecated_kvbm_is_installed_only_if_the_user_asks_for_it(posts):
    release = posts.choose(request(dynamo_version="1.5.0"), kvbm=True)
    enabled = posts.choose(request(dynamo_version="1.5.0", enable_kvbm=True), kvbm=True)

    assert not release.kvbm
    assert list(release.notices()) == []
    (notice,) = enabled.notices()
    assert "KVBM, which Dynamo has deprecated" in notice.text


def test_an_override_can_have_a_reason(posts):
    plain, reasoned = posts.choose(request(dynamo_version="1.5.0")).overrides

    assert (plain.requirement, plain.reason) == ("numpy==1", "")
    assert (reasoned.name, reasoned.reason) == ("simulator", "only the planner uses it")


def test_known_release_has_no_notice(table):
    assert list(table.choose(request()).notices()) == []


def test_checkout_is_compiled_with_or_without_kvbm(table):
    checkout = Checkout(path=Path("/dynamo"), release="1.0.0", version="1.0.0.dev.1")

    release = table.choose(request(checkout=checkout, dynamo_version="1.0.0"), kvbm=True)

    assert {arg.name: arg.value for arg in release.build_args()} == {"ENABLE_KVBM": "true"}
    assert "kvbm==1.0.0" not in pins(release)
    assert list(release.notices()) == []


def test_kvbm_is_the_plugins_choice_unless_the_user_decides(table):
    def has_kvbm(*, default: bool, wanted: bool | None) -> bool:
        release = table.choose(request(enable_kvbm=wanted), kvbm=default)
        return "kvbm==1.0.0" in pins(release)

    assert has_kvbm(default=True, wanted=None)
    assert has_kvbm(default=False, wanted=True)
    assert not has_kvbm(default=True, wanted=False)
    assert not has_kvbm(default=False, wanted=None)


def test_kvbm_is_refused_for_releases_that_have_no_wheel_of_it(table):
    with pytest.raises(UsageError, match=r"cannot be used with Dynamo 0\.6\.0"):
        table.choose(request(dynamo_version="0.6.0", enable_kvbm=True))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("default = \n", "is not valid TOML: Invalid value"),
        (ROW, ": missing key `default`"),
        ('default = "1.0.0"\n', ": missing key `release`"),
        ('default = "2.0.0"\n' + ROW, ": default: '2.0.0' is not one of its releases"),
        ('default = "1.0.0"\n' + ROW + 'color = "red"\n', ":2: unknown key `color`"),
        (
            'default = "1.0.0"\n' + ROW + "checked = 1\n",
            ":2: checked: expected `bool | object`, got `int`",
        ),
        (
            'default = "1.0.0"\n' + ROW + "checked = { packages = 1 }\n",
            ":2: checked: missing key `date`",
        ),
        (
            'default = "1.0.0"\n' + ROW + 'wheels = ["acme"]\n',
            ":2: wheels[0]: expected a package with one exact version, such as acme[tools]==1.2.3",
        ),
        (
            'default = "1.0.0"\n' + ROW + 'overrides = [{ requirement = "acme==1" }]\n',
            ":2: overrides[0]: missing key `reason`",
        ),
        (
            'default = "1.0.0"\n' + ROW + 'deprecated = ["nixl"]\n',
            ":2: deprecated[0]: invalid enum value",
        ),
        (
            'default = "1.0.0"\n' + ROW + 'cuda = [{ version = "13.0" }]\n',
            ":2: cuda[0]: missing key `runtime`",
        ),
        (
            'default = "1.0.0"\n\n' + ROW.replace("2026-02-27", '"yesterday"'),
            ":3: released: invalid RFC3339",
        ),
    ],
)
def test_a_table_that_is_not_valid_is_the_plugins_fault(tmp_path, text, message):
    path = tmp_path / "releases.toml"
    path.write_text(text)

    with pytest.raises(PluginError) as error:
        _ = ReleaseTable(path).rows

    assert error.value.what.startswith(str(path))
    assert message in error.value.what
    assert "fault in the plugin" in error.value.next_step


VALID = 'default = "1.0.0"\n' + ROW
FORMS = [
    VALID,
    TABLE,
    VALID + 'wheels = ["acme==1"]\noverrides = ["a[b]==1"]\npython = "3.11"\nchecked = false\n',
    VALID + 'overrides = ["a==1", { requirement = "b==1", reason = "why" }]\n'
    'deprecated = ["kvbm"]\n',
    VALID.replace("2026-02-27", '"2026-02-27"'),
    VALID.replace("2026-02-27", "2026-02-27T00:00:00"),
    VALID.replace("1.0.0", "1"),
    VALID.replace("1.0.0", "1.0.0\\n"),
    VALID.replace("[[release]]", "[release]"),
    'default = "1.0.0"\nrelease = []\n',
    "default = 1\nrelease = 2\n",
    "more = 1\n" + VALID,
    VALID + 'wheels = "acme==1"\n',
    VALID + 'wheels = ["acme>=1"]\n',
    VALID + 'wheels = ["acme==1 "]\n',
    VALID + "wheels = [1]\n",
    VALID + 'overrides = ["a|b"]\n',
    VALID + 'overrides = [""]\n',
    VALID + 'overrides = [{ requirement = "b==1" }]\n',
    VALID + 'overrides = [{ requirement = "b==1", reason = "why", url = "x" }]\n',
    VALID + 'deprecated = ["kvbm\\n"]\n',
    VALID + 'deprecated = ["router"]\n',
    VALID + 'python = "2.7"\n',
    VALID + "python = 3.12\n",
    VALID + 'checked = "true"\n',
    VALID + "cuda = [1]\n",
    VALID + 'cuda = [{ version = "13", runtime = "x" }]\n',
    VALID + 'cuda = [{ version = "13.0", runtime = 1 }]\n',
    VALID + 'cuda = [{ version = "13.0", runtime = "x", devel = 1 }]\n',
    VALID + 'cuda = [{ version = "13.0", runtime = "x", other = "y" }]\n',
]


@pytest.mark.parametrize("text", FORMS)
def test_the_quick_reader_accepts_only_what_the_schema_accepts_and_reads_the_same(tmp_path, text):
    path = tmp_path / "releases.toml"
    path.write_text(text)

    quick = release_reader.read(path)

    if quick:
        assert quick == release_document.read(path)
        assert [row.location for row in quick[1]] == [
            row.location for row in release_document.read(path)[1]
        ]
    else:
        assert text not in FORMS[:4]


@pytest.mark.parametrize(
    "path",
    sorted(Path(__file__).parents[2].glob("plugins/*/src/*/releases.toml")),
    ids=lambda path: path.parent.name,
)
def test_the_quick_reader_reads_the_tables_of_our_plugins(path):
    assert release_reader.read(path) == release_document.read(path)


def test_a_missing_table_is_the_plugins_fault(tmp_path):
    with pytest.raises(PluginError, match=r"releases\.toml cannot be read: No such file"):
        _ = ReleaseTable(tmp_path / "releases.toml").default


def test_the_published_schema_is_that_of_the_code():
    published = Path(__file__).parents[2] / "docs" / "schemas" / "releases.schema.json"

    assert json.loads(published.read_text()) == json.loads(json.dumps(schema()))


def test_the_schema_allows_no_unknown_keys():
    definitions = schema()["$defs"]

    assert {name: entry["additionalProperties"] for name, entry in definitions.items()} == {
        "ReleaseDocument": False,
        "EvidenceRow": False,
        "OverrideRow": False,
        "ReleaseRow": False,
        "CudaRow": False,
        "DeviceRow": False,
        "ExtraRow": False,
    }


RELEASES = """
import pathlib
RELEASES = ReleaseTable(HERE / "releases.toml")

@hookimpl
def dynamo_container_releases():
    return RELEASES.rows
"""


def test_releases_prints_the_newest_first(cli, site):
    (site.framework("tiny", RELEASES) / "releases.toml").write_text(TABLE)

    lines = cli.ok("releases", "tiny").out.splitlines()

    assert lines[0] == "tiny:"
    assert [line.split()[0] for line in lines[1:]] == ["DYNAMO", "1.10.0", "1.0.0", "0.6.0"]
    assert "13.0, 12.9" in lines[2]
    assert "580, 525" in lines[2]
    assert "acme 3.1" in lines[2]
    assert " yes " in lines[3]


def test_releases_as_json_has_everything(cli, site):
    (site.framework("tiny", RELEASES) / "releases.toml").write_text(TABLE)

    document = cli.ok("releases", "tiny", "--json").json

    rows = document.get("releases", document)["tiny"]
    assert [row["dynamo"] for row in rows] == ["0.6.0", "1.0.0", "1.10.0"]
    assert rows[2]["cuda"][1]["runtime"] == "cuda:12.9"


def test_releases_without_a_name_lists_every_installed_framework(cli, site):
    site.framework("tiny")

    out = cli.ok("releases").out

    assert "tiny:" in out
    assert "\nnone:" in f"\n{out}"
