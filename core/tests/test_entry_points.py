# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The check that what an engine imports when it starts is installed, run as it runs in an image."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from dynamo_container.plugins.checks import entry_points, imports_if_installed

pytestmark = pytest.mark.processes
ENGINE = {
    "acme/__init__.py": "from __future__ import annotations\nimport os.path\nfrom . import args\n",
    "acme/args.py": "from acme.deep.config import Config\nfrom acme.deep import below\n",
    "acme/deep/config.py": "class Config: ...\n",
    "acme/deep/below.py": "raise SystemExit('it is imported, but must not be')\n",
    "acme/__main__.py": "if __name__ == '__main__':\n    from acme.main import main\n",
    "acme/main.py": "import helper\n",
    "acme/serve.py": "",
    "acme-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme\nVersion: 1\n",
    "acme-1.dist-info/entry_points.txt": "[console_scripts]\nacme = acme.serve:main\n",
    "helper/__init__.py": "import what_others_import_is_their_affair\n",
}


@pytest.fixture
def check(tmp_path):
    """Run a check in a site with these files besides those of the engine."""

    def run(check, **changes: str | None) -> subprocess.CompletedProcess[str]:
        site = tmp_path / "site-packages"
        changed = {name.replace("__", "/", 1) + ".py": text for name, text in changes.items()}
        for name, text in (ENGINE | changed).items():
            path = site / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text or "")
            if text is None:
                path.unlink()
                path.parent.rmdir()
        env = {**os.environ, "PYTHONPATH": str(site)}
        argv = [sys.executable, "-S", *check.argv[1:]]
        return subprocess.run(argv, env=env, capture_output=True, text=True, check=False)

    return run


def test_an_engine_whose_imports_are_installed_passes_and_is_not_imported(check):
    result = check(entry_points("acme"))

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"acme__main": "import cutlass.cute"}, "acme.main imports cutlass.cute"),
        ({"acme__args": "import zstandard"}, "acme.args imports zstandard"),
        ({"acme__serve": "from zstandard import compress"}, "acme.serve imports zstandard"),
        ({"acme__args": "from .gone import x"}, "acme.args imports acme.gone"),
        ({"acme__args": "from acme.deep.gone import x"}, "acme.args imports acme.deep.gone"),
        ({"helper____init__": None}, "acme.main imports helper"),
    ],
)
def test_an_import_that_is_not_installed_fails(check, changes, message):
    result = check(entry_points("acme"), **changes)

    assert result.returncode == 1
    assert f"{message}, which is not installed" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    import gone\nexcept ImportError:\n    pass",
        "def main():\n    import gone",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import gone",
        "import sys\nif sys.platform == 'win32':\n    import gone",
    ],
)
def test_an_optional_import_does_not_count(check, text):
    assert check(entry_points("acme"), acme__main=text).returncode == 0


def test_a_module_that_does_not_exist_fails(check):
    result = check(entry_points("acme.gone", "other"))

    assert result.returncode == 1
    assert "its entry point imports other, which is not installed" in result.stderr
    assert "its entry point imports acme.gone, which is not installed" in result.stderr


def test_many_missing_imports_are_counted(check):
    text = "\n".join(f"import gone{number}" for number in range(12))
    result = check(entry_points("acme"), acme__main=text)

    assert len(result.stderr.splitlines()) == 11
    assert "... and 2 more" in result.stderr


def test_an_optional_module_is_imported_only_if_it_is_installed(check):
    broken = "raise ImportError('broken ray')"

    assert check(imports_if_installed("ray")).returncode == 0
    result = check(imports_if_installed("ray"), ray____init__=broken)
    assert result.returncode == 1
    assert "broken ray" in result.stderr
