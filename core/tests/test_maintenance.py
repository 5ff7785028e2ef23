# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`releases --update` and `--verify`, with an index of the tests' own."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import future
import package_index
import pytest
from dynamo_container.errors import UsageError
from dynamo_container.maintenance import tables
from dynamo_container.maintenance.index import configured_url
from dynamo_container.model.values import Evidence, Override, Pin, Release
from dynamo_container.plugins.releases import ReleaseTable

PLUGIN = """
import pathlib

def table():
    # The tests run several commands in one process: read the file again.
    return ReleaseTable(HERE / "releases.toml")

@hookimpl
def dynamo_container_releases():
    return table().rows

@hookimpl
def dynamo_container_pins(request):
    return table().choose(request).pins(extras=("vllm",))

@hookimpl
def dynamo_container_overrides(request):
    return table().choose(request).overrides

@hookimpl
def dynamo_container_build_args(request):
    return table().choose(request).build_args()
"""
TABLE = """\
# A comment.

default = "1.6.1"

[[release]]
dynamo = "1.4.2"
released = 2026-08-28
wheels = ["vllm==0.26.0", "nixl==1.3.2"]
checked = true

[[release]]
dynamo = "1.6.1"
released = 2026-10-27
wheels = ["vllm[flashinfer]==0.31.0", "nixl==1.4.1", "cuda-toolkit[crt,nvcc]==13.0.3"]
overrides = [
    { requirement = "aisimulate; python_version < '0'", reason = "only the planner uses it" },
    { requirement = "nixl[cu13]==1.4.1", reason = "KVBM requires an older one" },
]
deprecated = ["kvbm"]

[[release.cuda]]
version = "13.0"
torch = "13.0"
runtime = "cuda:13.0"
devel = "devel:13.0"
"""
ROW = """
[[release]]
dynamo = "9.9"
released = 2026-08-28
wheels = ["vllm[flashinfer]==9.0", "nixl==9.1", "cuda-toolkit[crt,nvcc]==14.1.0"]
overrides = [
    { requirement = "aisimulate; python_version < '0'", reason = "only the planner uses it" },
    { requirement = "nixl[cu14]==9.1", reason = "vllm requires another version" },
]
deprecated = ["kvbm"]

[[release.cuda]]
version = "13.0"
torch = "14.1"
runtime = "cuda:13.0"
devel = "devel:13.0"
"""
REMARK = (
    "PyTorch is built for CUDA 14.1, but the images are for 13.0: "
    "write the [[release.cuda]] of the row"
)


@pytest.fixture
def table(site) -> Path:
    """The release table of a framework."""
    path: Path = site.framework("tiny", PLUGIN) / "releases.toml"
    path.write_text(TABLE)
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[package_index.Index]:
    """An index that has Dynamo 9.9, with which uv and pip are configured."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    future.write(wheels)
    package_index.write_wheel(wheels, "pip", "26.0")
    with package_index.serve(wheels, "127.0.0.1", tmp_path, upload_times=True) as running:
        monkeypatch.setenv("UV_DEFAULT_INDEX", running.url)
        for variable in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.setenv(variable, str(running.ca_bundle))
        yield running


@pytest.mark.processes
def test_update_writes_the_row_of_an_unknown_release(cli, table, index):
    """Its engine contradicts Dynamo about NIXL, and PyTorch is for another CUDA."""
    lines = cli.ok("releases", "tiny", "--update").out.splitlines()

    assert table.read_text() == TABLE + ROW
    assert lines == [
        f"tiny: wrote the row of Dynamo 9.9 into {table}",
        "  x86_64: 10 packages",
        "  aarch64: 10 packages",
        "  overrides nixl[cu14]==9.1: vllm requires another version",
        f"  {REMARK}",
    ]
    assert cli.ok("releases", "tiny", "--json").json["releases"]["tiny"][-1]["dynamo"] == "9.9"


@pytest.mark.processes
def test_update_changes_nothing_if_no_release_is_new(cli, table, index):
    cli.ok("releases", "tiny", "--update")
    written = table.read_text()

    assert cli.ok("releases", "tiny", "--update").out == "tiny: the table has every release\n"
    assert table.read_text() == written


@pytest.mark.processes
def test_verify_resolves_a_row_on_every_platform_and_writes_that(cli, table, index):
    cli.ok("releases", "tiny", "--update")

    out = cli.ok("releases", "tiny", "9.9", "--verify", "--resolve-only").out

    row = tomllib.loads(table.read_text())["release"][-1]
    checked = row["checked"]
    assert checked.pop("date")
    assert checked == {"resolved": ["x86_64", "aarch64"], "installed": [], "packages": 10}
    assert out.splitlines()[-1].endswith("(resolved for x86_64, aarch64)")
    newest = cli.ok("releases", "tiny").out.splitlines()[2]
    assert "(resolved for x86_64, aarch64)" in newest
    assert not cli.ok("releases", "tiny", "--json").json["releases"]["tiny"][-1]["checked"]


@pytest.mark.processes
def test_verify_reports_a_row_that_cannot_be_resolved(cli, table, index):
    """The index has no Dynamo 1.6.1."""
    failed = cli("releases", "tiny", "--verify", "--resolve-only")

    assert failed.status == 1
    assert "the row of Dynamo 1.6.1 cannot be resolved on x86_64" in failed.err
    assert "ai-dynamo" in failed.err
    assert table.read_text() == TABLE


@pytest.mark.processes
def test_no_output_has_the_password_of_the_index(cli, table, index):
    good = cli("releases", "tiny", "--update")
    bad = cli("releases", "tiny", "--verify", "--resolve-only")

    for result in (good, bad):
        assert package_index.PASSWORD not in result.out + result.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("releases", "tiny", "9.9"), "VERSION requires --update or --verify"),
        (("releases", "tiny", "--resolve-only"), "--resolve-only requires --verify"),
        (("releases", "tiny", "9.9", "--verify"), "the release table of 'tiny' has no row of 9.9"),
    ],
)
def test_invalid_arguments_are_errors(cli, table, words, message):
    failed = cli(*words)

    assert failed.status == 2
    assert message in failed.err


def test_only_tables_in_a_checkout_are_changed():
    row = Release(dynamo="1", released="2026-01-01", location="/v/site-packages/a/releases.toml:4")

    with pytest.raises(UsageError, match="not in a checkout") as error:
        tables.editable_table((row,))
    assert "--editable" in error.value.next_step


@pytest.mark.processes
def test_a_folder_of_others_neither_runs_code_nor_names_an_index(
    cli, table, index, tmp_path, monkeypatch
):
    """`python -m NAME` would import a module of the current folder, and uv reads its uv.toml."""
    folder, ran = tmp_path / "of others", tmp_path / "ran"
    folder.mkdir()
    for module in ("pip", "uv", "json", "re"):
        (folder / f"{module}.py").write_text(f"open({str(ran)!r}, 'a').write({module!r})\n")
    (folder / "uv.toml").write_text("no-index = true\n")
    monkeypatch.chdir(folder)

    cli.ok("releases", "tiny", "--update")
    configured_url({})

    assert table.read_text() == TABLE + ROW
    assert not ran.exists()


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({"UV_DEFAULT_INDEX": "a", "PIP_INDEX_URL": "b"}, "a"),
        ({"UV_DEFAULT_INDEX": "", "UV_INDEX_URL": "c", "PIP_INDEX_URL": "b"}, "c"),
        ({"PIP_INDEX_URL": "b"}, "b"),
    ],
)
def test_the_index_is_the_one_of_uv_or_pip(variables, url):
    assert configured_url(variables) == url


def test_rows_are_inserted_in_the_order_of_versions():
    rows = ("1.10.0", "1.4.2.post1", "1.5.0", "0.9.0")

    text = TABLE
    for version in rows:
        text = tables.insert(text, Release(dynamo=version, released="2026-09-01"))

    versions = [row["dynamo"] for row in tomllib.loads(text)["release"]]
    assert versions == ["0.9.0", "1.4.2", "1.4.2.post1", "1.5.0", "1.6.1", "1.10.0"]
    assert text.startswith("# A comment.\n")


def test_a_row_that_is_written_is_read_as_the_same_row(tmp_path):
    (row,) = (row for row in _read(tmp_path, TABLE) if row.dynamo == "1.6.1")

    written = tables.row_text(row)

    assert written in TABLE
    quoted = Release(
        dynamo="1.0",
        released="2026-01-01",
        wheels=(Pin(name="a", version="1"),),
        overrides=(Override(requirement="b==1", reason='says "no"'),),
        python="3.13",
    )
    (again,) = _read(tmp_path, f'default = "1.0"\n{tables.row_text(quoted)}')
    assert (again.python, again.overrides) == (quoted.python, quoted.overrides)
    assert again.overrides[0].reason == 'says "no"'


@pytest.mark.parametrize("release", ["1.4.2", "1.6.1"])
def test_evidence_is_written_into_the_row_once(tmp_path, release):
    proof = Evidence(
        date="2026-11-26",
        resolved=("x86_64", "aarch64"),
        installed=("x86_64",),
        packages=2,
        megabytes=7,
    )

    once = tables.with_evidence(TABLE, release, proof.as_toml())
    again = tables.with_evidence(once, release, proof.as_toml())

    assert once == again
    rows = {row.dynamo: row for row in _read(tmp_path, once)}
    assert (rows[release].evidence, rows[release].checked) == (proof, True)
    other = "1.6.1" if release == "1.4.2" else "1.4.2"
    assert rows[other] == {row.dynamo: row for row in _read(tmp_path, TABLE)}[other]
    assert proof.summary() == "2026-11-26 (built on x86_64; resolved for aarch64)"


INNER = (
    """
[[release.cuda]]
version = "13.0"
runtime = "cuda:13.0"
""",
    """
# The wheel is a third party's.
# It has two lines.
[[release.device]]
device = "cpu"
wheels = ["acme-cpu==1"]
""",
    """
[[release.extra]]
extra = "planner"
modules = ["dynamo.planner"]
""",
)


@pytest.mark.parametrize("inner", [*INNER, INNER[2] + INNER[1] + INNER[0]])
def test_evidence_is_above_the_tables_inside_of_a_row(inner):
    row = '[[release]]\ndynamo = "1.0"\nreleased = 2026-01-01\n'

    text = tables.with_evidence(row + inner, "1.0", "true")

    assert text == f"{row}checked = true\n{inner}"
    assert tables.with_evidence(text, "1.0", "true") == text


@pytest.mark.processes
def test_update_states_what_it_does_not_derive(cli, table, index):
    table.write_text(TABLE + INNER[1] + INNER[2])

    lines = cli.ok("releases", "tiny", "--update").out.splitlines()

    assert lines[-2:] == [
        "  not derived: the [[release.device]] cpu of 1.6.1",
        "  not derived: the [[release.extra]] planner of 1.6.1",
    ]


def _read(folder: Path, text: str) -> tuple[Release, ...]:
    path = folder / "releases.toml"
    path.write_text(text)
    return ReleaseTable(path).rows
