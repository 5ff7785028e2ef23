# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""cosign with two pairs of keys: the program of this machine, or a stand-in if it has none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PASSWORD = "a password for keys"  # of keys that the test makes
# It keeps who signed what beside it, and answers with cosign's status. A pair of keys has the same
# content; the password is required to sign.
STAND_IN = """\
#!{python}
import os, pathlib, sys
verb, *words, image = sys.argv[1:]
key = next(pathlib.Path(word[6:]).read_text() for word in words if word.startswith("--key="))
signatures = pathlib.Path(__file__).with_name("signatures")
known = signatures.read_text().splitlines() if signatures.exists() else []
if verb == "sign":
    assert "@sha256:" in image and os.environ["COSIGN_PASSWORD"]
    signatures.write_text("\\n".join([*known, f"{{key}} {{image}}"]))
elif f"{{key}} {{image}}" not in known:
    sys.exit(12 if any(line.endswith(image) for line in known) else 10)
"""


@dataclass(frozen=True)
class Cosign:
    """cosign, and two pairs of keys: `own.key` and `own.pub`, `other.key` and `other.pub`.

    Attributes:
        folder: with the keys.
        signing, verifying: the options that it needs on a machine without Sigstore's services.
    """

    folder: Path
    signing: tuple[str, ...] = ()
    verifying: tuple[str, ...] = ()

    def signs(self, name: str) -> tuple[str, ...]:
        """The options to sign with a key."""
        return ("--yes", "--key", str(self.folder / f"{name}.key"), *self.signing)

    def verifies(self, name: str) -> tuple[str, ...]:
        """The options to verify with a key."""
        return ("--key", str(self.folder / f"{name}.pub"), *self.verifying)


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Cosign:
    """Make keys, and put the stand-in on the PATH if there is no cosign."""
    monkeypatch.setenv("COSIGN_PASSWORD", PASSWORD)
    if not shutil.which("cosign"):
        return _stand_in(folder, monkeypatch)
    for name in ("own", "other"):
        _run(folder, "generate-key-pair", f"--output-key-prefix={name}")
    configuration = folder / "no-log.json"
    configuration.write_text(_run(folder, "signing-config", "create"))
    return Cosign(
        folder,
        (f"--cosign-arg=--signing-config={configuration}",),
        ("--cosign-arg=--insecure-ignore-tlog",),
    )


def _run(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["cosign", *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def _stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Cosign:
    programs = folder / "cosign-programs"
    programs.mkdir()
    program = programs / "cosign"
    program.write_text(STAND_IN.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    for name in ("own", "other"):
        for end in ("key", "pub"):
            (folder / f"{name}.{end}").write_text(name)
    return Cosign(folder)
