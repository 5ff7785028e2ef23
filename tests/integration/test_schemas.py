# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`scripts/schemas.py` and the JSON Schemas in docs/schemas/."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import schemas

ROOT = Path(__file__).parents[2]


def test_schemas_are_written_and_pass_the_check(tmp_path):
    documents = {"report": lambda: {"title": "é"}}
    arguments = ["--output", str(tmp_path / "schemas")]

    assert schemas.main(arguments, documents) == 0
    assert schemas.main([*arguments, "--check"], documents) == 0
    assert json.loads((tmp_path / "schemas" / "report.schema.json").read_text()) == {"title": "é"}


def test_check_names_missing_and_outdated_files_and_writes_nothing(tmp_path, capsys):
    outdated = tmp_path / "explain.schema.json"
    outdated.write_text("{}\n")
    documents = {"explain": lambda: {"title": "explain"}, "report": lambda: {"title": "report"}}

    assert schemas.main(["--check", "--output", str(tmp_path)], documents) == 1

    assert capsys.readouterr().err.splitlines() == [
        f"{tmp_path / name}.schema.json is out of date; run: make schemas"
        for name in ("explain", "report")
    ]
    assert [path.read_text() for path in tmp_path.iterdir()] == ["{}\n"]


@pytest.mark.parametrize("name", sorted(schemas.SCHEMAS))
def test_each_schema_has_a_title_and_describes_objects(name):
    schema = schemas.SCHEMAS[name]()

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "dynamo-container" in schema["title"]
    for entry in schema.get("oneOf", [schema]):
        name = entry.get("$ref", "").rpartition("/")[2]
        target = schema["$defs"][name] if name else entry
        assert target["type"] == "object"
        assert target["properties"]


def test_project_file_schema_has_options_of_its_commands_with_their_help():
    properties = schemas.project_file_schema()["properties"]

    assert set(properties) == {"build", "run", "serve"}
    for table in properties.values():
        assert table["properties"]["framework" if "framework" in table["properties"] else "target"]
        assert all(option["description"] for option in table["properties"].values())


def test_release_tables_of_the_plugins_have_only_keys_of_the_schema():
    schema = schemas.SCHEMAS["releases"]()
    definitions = schema["$defs"]
    document = definitions[schema["$ref"].rpartition("/")[2]]
    row = definitions[document["properties"]["release"]["items"]["$ref"].rpartition("/")[2]]
    tables = sorted((ROOT / "plugins").glob("*/src/*/releases.toml"))

    assert len(tables) == 4
    for path in tables:
        table = tomllib.loads(path.read_text())
        assert set(table) <= set(document["properties"]), path
        for release in table["release"]:
            assert set(release) <= set(row["properties"]), path


def test_committed_schemas_are_up_to_date(capsys):
    assert schemas.main(["--check"]) == 0, capsys.readouterr().err
