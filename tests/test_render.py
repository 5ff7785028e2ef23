# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What `render` writes is built by docker alone, on two generations, into the same image."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines import Engine, engine, tiny_image

pytestmark = pytest.mark.engine

PRIVATE = shutil.which("debootstrap") is not None and os.getuid() == 0
BASE = "tiny:1"
STAGES = """
@hookimpl
def dynamo_container_stages(request):
    yield Stage(name="below", dockerfile=HERE / "below" / "Dockerfile")
    yield Stage(name="runtime", dockerfile=HERE / "runtime" / "Dockerfile", needs=("below",))

@hookimpl
def dynamo_container_build_args(request):
    yield BuildArg(name="GREETING", value="${HOME} and %{more}, $$ 'quoted'")
"""
BELOW = 'FROM scratch AS below\nCOPY ["a file", "/a-file"]\n'
RUNTIME = (
    "FROM scratch AS below\nFROM below AS runtime\nARG GREETING\nENV G=${GREETING}\nCOPY x /x\n"
)


@pytest.fixture(scope="module", params=["stable", "next"])
def generation(request, docker) -> Iterator[Engine]:
    if not PRIVATE:
        pytest.skip("further engines need root on Debian")
    files = tiny_image(docker.base_image)
    with engine(request.param) as one:
        one.docker("import", "-", BASE, stdin=files)
        yield one


@pytest.fixture
def on(generation, monkeypatch) -> Engine:
    """The engine of that generation, to which the test's docker commands go."""
    one: Engine = generation
    one.use(monkeypatch)
    return one


def sh(command: str, folder: Path) -> str:
    """What a shell command says, as a user gives it in this folder."""
    answer = subprocess.run(
        ["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def documented(folder: Path) -> str:
    """The command that the folder's own page says."""
    (command,) = re.findall(r"^    (.*bake)$", (folder / "README.md").read_text(), re.MULTILINE)
    return str(command)


def test_docker_alone_builds_the_same_image(cli, site, on, tmp_path):
    package = site.framework("tiny", STAGES)
    for name, text in (("below", BELOW), ("runtime", RUNTIME)):
        (package / name / "__pycache__").mkdir(parents=True)
        (package / name / "Dockerfile").write_text(text)
        (package / name / "x").write_text(name)
        (package / name / "a file").write_text(name)
    secret = tmp_path / "a secret"
    secret.write_text("x")
    words = ("tiny", "--tag", "rendered:1", "--no-latest", "--secret", f"id=ca-bundle,src={secret}")
    cli.ok("build", *words)
    ours = json.loads(on.docker("image", "inspect", "rendered:1"))[0]
    on.docker("image", "rm", "rendered:1")
    folder = tmp_path / "a folder"

    cli.ok("render", *words, "--output", str(folder))
    # Nothing of where it came from is needed.
    shutil.rmtree(package)
    secret.rename(tmp_path / "elsewhere")
    sh(f"CA_BUNDLE={tmp_path}/elsewhere {documented(folder)}", folder)

    theirs = json.loads(on.docker("image", "inspect", "rendered:1"))[0]
    assert theirs["Id"] == ours["Id"]
    assert theirs["Config"]["Labels"]["ai.dynamo.container.plan"].startswith("sha256:")
    assert "G=${HOME} and %{more}, $$ 'quoted'" in theirs["Config"]["Env"]


@pytest.mark.parametrize("target", ["runtime", "local-dev"])
def test_bake_takes_every_file_that_is_rendered_and_finds_nothing_to_warn_of(
    cli, on, tmp_path, target
):
    words = ["none", "--target", target, "--base-image", BASE]
    words += ["--stage", f"rust={BASE}", "--uid", "7", "--gid", "7"] if target != "runtime" else []
    cli.ok("render", *words, "--output", str(tmp_path / "out"))

    printed = json.loads(sh("docker buildx bake --print", tmp_path / "out"))

    assert "none-runtime" in printed["target"]
    if "--check" in sh("docker buildx build --help", tmp_path):
        # Bake's own --check knows no stage that another target makes; stand-ins make files whole.
        for context in (tmp_path / "out" / "contexts").iterdir():
            argument = f"BASE_IMAGE={BASE}"
            said = sh(f"docker buildx build --check --build-arg {argument} . 2>&1", context)
            assert "no warnings found" in said
