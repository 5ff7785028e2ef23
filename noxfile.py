# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Run the checks on every supported Python: `nox`, `nox -s tests-3.13 -- core/tests`.

The Makefile defines what each step does; the sessions only choose the Python. Interpreters that are
not installed are skipped.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

OLDEST, *NEWER = PYTHONS = ("3.11", "3.12", "3.13", "3.14")
DISTRIBUTIONS = ("core", "container", *sorted(str(path) for path in Path().glob("plugins/*")))

nox.options.default_venv_backend = "venv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ("lint", "tests", "docs")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests; those that need a Docker Engine are skipped if none answers."""
    make(session, "setup")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(python=OLDEST)
def lint(session: nox.Session) -> None:
    """Run all linters and the type checker."""
    make(session, "lint")


@nox.session(python=OLDEST)
def docs(session: nox.Session) -> None:
    """Build the site into site/."""
    make(session, "docs")


@nox.session(python=OLDEST)
def package(session: nox.Session) -> None:
    """Build an sdist and a wheel of each distribution into dist/."""
    make(session, "setup")
    shutil.rmtree("dist", ignore_errors=True)
    for folder in DISTRIBUTIONS:
        session.run("python", "-m", "build", "--no-isolation", "--outdir", "dist", folder)


def make(session: nox.Session, target: str) -> None:
    """Run a target of the Makefile in the session's virtual environment."""
    venv = session.virtualenv.location
    session.run("make", target, f"VENV={venv}", f"PYTHON={venv}/bin/python", external=True)
