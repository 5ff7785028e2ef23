#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Write the JSON Schemas of the documents that people and other programs read or write.

    python scripts/schemas.py [--check] [--output DIRECTORY]

Editors use the committed files in docs/schemas/: `#:schema docs/schemas/releases.schema.json` in
the first line of a TOML file. With `--check` nothing is written; the exit status is 1 if a file
differs from what would be written.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

Schema = dict[str, Any]


def core_schema(module: str) -> Schema:
    """Return what the function `schema` of a module of the core returns."""
    schema: Schema = importlib.import_module(f"dynamo_container.{module}").schema()
    return schema


def project_file_schema() -> Schema:
    """Return the schema of the project file, with the options of its commands."""
    from dynamo_container.cli import project_options
    from dynamo_container.options import project

    commands: dict[str, dict[str, tuple[project.Form, str]]] = {}
    for name in project.COMMANDS:
        params = importlib.import_module(f"dynamo_container.cli.{name}").command.params
        help_texts = {param.name: getattr(param, "help", "") or "" for param in params}
        commands[name] = {
            option: (form, help_texts[option])
            for option, form in project_options.forms(params).items()
        }
    return project.schema(commands)


SCHEMAS: dict[str, Callable[[], Schema]] = {
    "project-file": project_file_schema,
    "releases": partial(core_schema, "plugins.releases"),
    "report": partial(core_schema, "images.report"),
    "explain": partial(core_schema, "explain"),
    "lock": partial(core_schema, "locks.document"),
}


def main(
    arguments: Sequence[str] | None = None,
    schemas: Mapping[str, Callable[[], Schema]] = SCHEMAS,
) -> int:
    """Write the files, or compare them; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; compare")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "schemas")
    options = parser.parse_args(arguments)
    files = {
        options.output / f"{name}.schema.json": render(schema()) for name, schema in schemas.items()
    }
    if options.check:
        return check(files)
    options.output.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return 0


def render(schema: Schema) -> str:
    """Return a schema as the text of its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def check(files: Mapping[Path, str]) -> int:
    """Print the files that differ from these texts; return 1 if there are any."""
    outdated = [
        path
        for path, text in files.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    for path in outdated:
        print(f"{path} is out of date; run: make schemas", file=sys.stderr)
    return 1 if outdated else 0


if __name__ == "__main__":
    sys.exit(main())
