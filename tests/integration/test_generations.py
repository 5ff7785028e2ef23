# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Two generations of docker: what `render` writes, what `--report` tells, the guide's examples."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from engines import IMAGE as BASE, Engine, tiny_engine

pytestmark = pytest.mark.engine

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
    with tiny_engine(docker.base_image, request.param) as one:
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
    trustme.CA().cert_pem.write_to_path(str(secret))
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
    # An engine that is short of disk may have forgotten the steps: then only the dates differ.
    assert theirs["RootFS"] == ours["RootFS"]
    assert theirs["Config"] == ours["Config"]
    assert theirs["Config"]["Labels"]["ai.dynamo.container.plan"].startswith("sha256:")
    assert "G=${HOME} and %{more}, $$ 'quoted'" in theirs["Config"]["Env"]


@pytest.mark.parametrize("framework", ["none", "sglang", "trtllm", "vllm"])
def test_bake_takes_every_file_that_is_rendered_and_finds_nothing_to_warn_of(
    cli, on, tmp_path, framework
):
    words = ["--target", "local-dev", "--uid", "7", "--gid", "7", "--stage", f"rust={BASE}"]
    words += ["--base-image", BASE, "--output", str(tmp_path / "out")]
    cli.ok("render", framework, *words)

    printed = json.loads(sh("docker buildx bake --print", tmp_path / "out"))

    assert {f"{framework}-runtime", "local-dev"} <= set(printed["target"])
    if "--check" in sh("docker buildx build --help", tmp_path):
        # Bake's own --check does not find other targets' stages; stand-ins complete the files.
        for context in (tmp_path / "out" / "contexts").iterdir():
            argument = f"BASE_IMAGE={BASE}"
            said = sh(f"docker buildx build --check --build-arg {argument} . 2>&1", context)
            assert "no warnings found" in said


RUN = "RUN --network=none"
SHARED = """
from pathlib import Path
from dynamo_container.api import *

@hookimpl
def dynamo_container_stages(request):
    yield Stage(name="shared", dockerfile=Path(__file__).parent / "Dockerfile")
"""
READS = """
@hookimpl
def dynamo_container_stages(request):
    yield Stage(name="runtime", dockerfile=HERE / "Dockerfile", needs=("shared",))
"""


def test_a_report_has_what_ran_and_what_was_cached(cli, site, on, tmp_path):
    shared = f"FROM {BASE} AS shared\nCOPY Dockerfile /file\n{RUN} echo shared > /shared\n"
    site.install("shared", SHARED, files={"Dockerfile": shared})
    for name in ("one", "two"):
        own = f"FROM scratch AS shared\nFROM shared AS runtime\n{RUN} echo {name} > /own\n"
        site.framework(name, READS, dockerfile=own)
    path = tmp_path / "report.json"

    result = cli.ok("build", "one", "two", "--report", str(path))

    report = json.loads(path.read_text())
    stages = {stage["name"]: stage for stage in report["stages"]}
    assert cached(stages["shared"]) == [("COPY", False), ("RUN", False)]
    for name in ("one", "two"):
        (image,) = [one for one in report["images"] if one["framework"] == name]
        known = json.loads(on.docker("image", "inspect", image["tags"][0]))[0]
        assert cached(stages[f"{name}-runtime"]) == [("RUN", False)]
        assert (image["steps"], image["cached"]) == (3, 0)
        assert 0 < stages[f"{name}-runtime"]["seconds"] <= image["seconds"] < report["seconds"]
        assert (image["digest"], image["size"]) == (known["Id"], known["Size"])
        assert f"{image['tags'][0]} " in result.out
    assert list(tmp_path.glob("report*")) == [path]

    cli.ok("build", "one", "--report", str(path))

    again = json.loads(path.read_text())
    assert again["images"][0]["cached"] == again["images"][0]["steps"] > 0
    assert again["images"][0]["seconds"] == 0


def cached(stage) -> list[tuple[str, bool]]:
    return [(step["instruction"].split()[0], step["cached"]) for step in stage["steps"]]


@pytest.mark.parametrize("progress", ["auto", "plain", "quiet"])
def test_a_report_of_a_build_that_failed_has_the_step_that_did(cli, site, on, tmp_path, progress):
    site.framework("tiny", dockerfile=f"FROM {BASE} AS runtime\n{RUN} echo why-it-failed; false\n")
    path = tmp_path / "report.json"

    result = cli("build", "tiny", "--report", str(path), "--progress", progress)

    report = json.loads(path.read_text())
    (step,) = report["stages"][0]["steps"]
    assert result.status == 1
    assert report["status"] == 1
    assert "exit code: 1" in step["error"]
    assert "why-it-failed\n" in result.err
    assert report["images"][0]["digest"] is None


VLLM = """
@hookimpl
def dynamo_container_framework():
    return Framework(summary="instead of vLLM")

@hookimpl
def dynamo_container_stages(request):
    for name, needs, also in (
        ("runtime", (), ()), ("dev", ("runtime",), ()), ("local-dev", ("dev",), ("dev",))
    ):
        folder = HERE / name
        yield Stage(name=name, dockerfile=folder / "Dockerfile", needs=needs, built_with=also)

@hookimpl
def dynamo_container_pins(request):
    yield Pin(name="ai-dynamo", version="1.6.1")
"""
STAGES_OF_VLLM = {
    "runtime": f"FROM {BASE} AS runtime\n{RUN} echo runtime > /stage\n",
    "dev": f"FROM scratch AS runtime\nFROM runtime AS dev\n{RUN} echo dev >> /stage\n",
    "local-dev": (
        "FROM scratch AS dev\nFROM dev AS local-dev\nARG USER_UID\n"
        f"{RUN} echo $USER_UID >> /stage\n"
    ),
}


def test_the_examples_of_the_guide_build_what_it_says(scripts, site, on, monkeypatch):
    """Tiny stages instead of vLLM's; all else is as a user has it."""
    package = site.framework("vllm", VLLM)
    for name, text in STAGES_OF_VLLM.items():
        (package / name).mkdir()
        (package / name / "Dockerfile").write_text(text)
    for name, value in (
        ("PYTHONPATH", str(site.folder)), ("DYNAMO_CONTAINER_PLUGINS", "acme-vllm"),
        ("SUDO_UID", "1234"), ("SUDO_GID", "1235"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)

    def build(line: str) -> set[str]:
        """Run build.sh with an empty engine, or with what an earlier line left; what it adds."""
        before = images()
        answer = scripts("build.sh", line)
        assert answer.returncode == 0, answer.stderr
        return images() - before

    def images() -> set[str]:
        return set(on.docker("images", "dynamo", "--format", "{{.Tag}}").split()) | set(
            on.docker("images", "my-local", "--format", "{{.Tag}}").split()
        )

    dev, local_dev = {"latest-vllm", "v1.6.1-vllm"}, {"latest-vllm-local-dev"}
    assert build("--dry-run") == set()
    assert build("") == dev
    assert build("--dev-image dynamo:latest-vllm --framework vllm --dry-run") == set()
    assert build("--dev-image dynamo:latest-vllm --framework vllm") == local_dev
    assert build("--dev-image dynamo:latest-vllm --framework vllm --tag my-local:dev") == {"dev"}
    assert build("--framework vllm --target local-dev") == {"v1.6.1-vllm-local-dev"}
    assert build("--no-cache") == set()
    assert build("--build-arg CUSTOM_ARG=value") == set()
    stage = on.docker("run", "--rm", "--network=none", "my-local:dev", "cat", "/stage")
    assert stage.split() == ["runtime", "dev", "1234"]
