# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Dynamo beside the engine of an image of others, which are made here without this project.

The engine and Dynamo are stand-ins; the index has the made-up Dynamo 9.9 of `future`.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import future as future_release
import package_index
import pytest
from dynamo_container.model import names
from dynamo_container.options import build_images
from dynamo_container.testing.cli import Cli
from running import Docker
from slow import slow

# Where an engine's Python is: the image's own, a virtual environment, one that is not on the PATH.
PLACES = {
    "system": ("/usr/bin/python3", "/usr/local/lib/python3.13/dist-packages"),
    "venv": ("/opt/venv/bin/python3", "/opt/venv/lib/python3.13/site-packages"),
    "conda": ("/opt/conda/bin/python3", "/opt/conda/lib/python3.13/site-packages"),
}
# `shared` is newer than Dynamo 9.10 allows, but the engine allows an older one, too.
ENGINE = {
    ("vllm", "9.0+acme"): ("shared>=1.2",),
    ("torch", "9.0+cu140"): (),
    ("fast", "1"): (),
    ("shared", "2.0"): (),
}
OURS = ("opt/dynamo/", "home/ubuntu/", "workspace/")


@pytest.fixture(scope="session")
def index_wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of the index: pip and uv, two made-up Dynamos, and no engine."""
    from dynamo_container_images.plugin import UV

    folder = tmp_path_factory.mktemp("beside")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*pip, "--dest", str(folder), f"uv=={UV}", "pip"], check=True)
    for (name, version), requires in future_release.WHEELS.items():
        if name not in ("vllm", "torch", "fast"):
            package_index.write_wheel(folder, name, version, requires)
    newer = ("ai-dynamo-runtime==9.10", "vllm[flashinfer]==9.0; extra == 'vllm'")
    package_index.write_wheel(folder, "ai-dynamo", "9.10", newer)
    package_index.write_wheel(folder, "ai-dynamo-runtime", "9.10", ("shared<2",))
    for version in ("1.1", "1.5", "2.0"):
        package_index.write_wheel(folder, "shared", version)
    return folder


@pytest.fixture(scope="session")
def python_image(docker: Docker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image with Python, as engines are built from."""
    image = docker.unique("python")
    install = "apt-get -qq update && apt-get -qq install --yes python3 python3-venv >/dev/null"
    build(image, f"FROM {docker.base_image}\nRUN {install}\n", tmp_path_factory.mktemp("empty"))
    yield image
    docker.run("image", "rm", "--force", image, check=False)


def build(image: str, dockerfile: str, context: Path) -> None:
    command = ("docker", "build", "--quiet", "--tag", image, "--file", "-", str(context))
    answer = subprocess.run(command, input=dockerfile, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


@pytest.fixture
def engine(docker: Docker, python_image: str, tmp_path: Path, tag):
    """Make an engine's image as its own users do, and return its name."""

    def make(place: str, packages=ENGINE, extra: str = "") -> str:
        context, image = tmp_path / "context", str(tag(f"engine-{place}"))
        site = context / "site"
        for (name, version), requires in packages.items():
            wheel = package_index.write_wheel(tmp_path, name, version, requires)
            zipfile.ZipFile(wheel).extractall(site)
        if ("torch", "9.0+cu140") in packages:
            (site / "torch" / "version.py").write_text("cuda = '14.0'\n")
        python, folder = PLACES[place]
        prefix = python.removesuffix("/bin/python3")
        venv = "" if place == "system" else f"RUN python3 -m venv --without-pip {prefix}\n"
        path = f"ENV PATH={prefix}/bin:$PATH\n" if place == "venv" else ""
        dockerfile = (
            f'FROM {python_image}\n{venv}{path}COPY site/ {folder}/\n{extra}ENTRYPOINT ["false"]\n'
        )
        build(image, dockerfile, context)
        return image

    return make


@pytest.fixture
def build_beside(cli: Cli, docker: Docker, index_wheels: Path, tmp_path: Path, tag):
    """Build vllm beside an engine; return the result and the image."""
    gateway = "{{(index .IPAM.Config 0).Gateway}}"
    bridge = docker.run("network", "inspect", "bridge", "--format", gateway)

    def run(engine: str, dynamo: str = "9.9"):
        image = tag("beside")
        with package_index.serve(index_wheels, bridge, tmp_path, upload_times=False) as index:
            result = cli(
                "build", "vllm", "--target", "runtime", "--dynamo-version", dynamo,
                "--engine-image", engine, "--base-image", docker.base_image,
                "--index-url", index.url, "--ca-bundle", str(index.ca_bundle),
                "--tag", image, "--no-latest", "--progress", "plain",
            )  # fmt: skip
        return result, image

    return run


def layers(docker: Docker, image: str) -> list[str]:
    return list(docker.inspect(image)["RootFS"]["Layers"])


def added_files(docker: Docker, image: str, below: int) -> set[str]:
    """Return what the layers of an image above the lowest ones contain, except folders."""
    process = subprocess.run(["docker", "save", image], capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(process.stdout)) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest
        found: set[str] = set()
        for name in json.load(manifest)[0]["Layers"][below:]:
            layer = archive.extractfile(name)
            assert layer
            with tarfile.open(fileobj=layer) as members:
                found |= {member.name for member in members if not member.isdir()}
    return found


INHERITED = ("device", "uid", "serve", "dev", "owner", "run", "kernels")
HOSTILE = "LABEL " + " ".join(f"ai.dynamo.container.{key}=evil" for key in INHERITED) + "\n"
USE = "import ai_dynamo, vllm, torch, fast, nixl; print(ai_dynamo.__version__, vllm.__version__)"


@pytest.mark.engine
@pytest.mark.parametrize("place", ["system", pytest.param("venv", marks=slow), "conda"])
def test_dynamo_is_put_beside_the_engine_and_nothing_of_it_is_changed(
    cli: Cli, docker: Docker, engine, build_beside, place, monkeypatch
):
    hostile = place == "conda"
    below = engine(place, extra=HOSTILE if hostile else "")
    if hostile:  # the engine does not have the image, but the builder pulls it
        monkeypatch.setattr(build_images, "engine_image", lambda _options: None)

    result, image = build_beside(below)

    assert result.status == 0, result.err[-3000:]
    assert f"at {PLACES[place][0]}" in result.err.replace("at python3", "at /usr/bin/python3")
    own = layers(docker, below)
    assert layers(docker, image)[: len(own)] == own
    files = added_files(docker, image, len(own))
    assert [name for name in sorted(files) if not name.startswith(OURS)] == []
    assert len(files) > 20
    answer = docker.run("run", "--rm", "--user", "54321:0", image, "python", "-c", USE)
    assert answer == "9.9 9.0+acme"
    listed = docker.run(
        "run", "--rm", image, "ls", "-1", "/opt/dynamo/venv/lib/python3.13/site-packages"
    )
    assert "ai_dynamo" in listed.split()
    assert not {"vllm", "torch", "fast"} & set(listed.split())
    assert docker.labels(image)["ai.dynamo.container.engine-image"] == below
    if hostile:
        assert {docker.labels(image)[f"ai.dynamo.container.{key}"] for key in INHERITED} == {""}
        shown = cli.ok("run", "--image", image, "--gpus", "none", "--dry-run").out
        assert "evil" not in shown
    # The same engine with another Dynamo has the same layers, except Dynamo's.
    if place == "system":
        newer, other = build_beside(below, "9.10")
        assert newer.status == 0
        assert layers(docker, other)[: len(own)] == own
        assert docker.run("run", "--rm", other, "python", "-c", USE.replace(", nixl", "")) == (
            "9.10 9.0+acme"
        )
        # Dynamo's processes get the `shared` that both allow; the engine's stays what it is.
        assert "use shared 1.5 instead of the engine's 2.0" in newer.err
        names = added_files(docker, other, len(own))
        assert [name for name in sorted(names) if not name.startswith(OURS)] == []
        version = ("-c", "import shared; print(shared.__version__)")
        assert docker.run("run", "--rm", other, "python", *version) == "1.5"
        assert docker.run("run", "--rm", other, "/usr/bin/python3", *version) == "2.0"
        fits = "Dynamo's packages agree with those of the engine"
        assert f"ok       {fits}" in cli("check", other).out


TORCH = {("torch", "9.0+cu140"): (), ("fast", "1"): ()}
NEEDS_SHARED = {**ENGINE, ("vllm", "9.0+acme"): ("shared>=2",)}
MISFITS = {
    "no engine": ("9.9", TORCH, "no Python with the module 'vllm'"),
    "another engine": ("9.9", TORCH | {("vllm", "8.0"): ()}, "vllm[flashinfer]==9.0"),
    "another NIXL": ("9.9", ENGINE | {("nixl", "9.0"): ()}, "nixl[cu14]==9.1"),
    "no version for both": ("9.10", NEEDS_SHARED, "shared<2"),
    "built for PyTorch": ("9.10", ENGINE | {("shared", "2.0"): ("torch",)}, "shared==2.0"),
}


OFTEN = "no version for both"


@pytest.mark.engine
@pytest.mark.parametrize(
    "what", [OFTEN, *(pytest.param(what, marks=slow) for what in MISFITS if what != OFTEN)]
)
def test_an_engine_that_does_not_fit_is_refused_with_the_reason(engine, build_beside, what):
    dynamo, packages, message = MISFITS[what]

    result, _ = build_beside(engine("venv", packages), dynamo)

    assert result.status == 1
    assert message in result.err
    assert "--engine-image IMAGE" in result.err or "Dynamo does not fit the engine" in result.err


@pytest.mark.engine
def test_an_engine_for_another_cuda_is_refused(engine, build_beside):
    other = (
        "RUN echo \"cuda: str = '13.0'\" >/opt/venv/lib/python3.13/site-packages/torch/version.py\n"
    )

    result, _ = build_beside(engine("venv", extra=other))

    assert result.status == 1
    assert "Dynamo requires nixl-cu14, but the engine's PyTorch is built for CUDA 13" in result.err


@pytest.mark.engine
def test_what_an_images_variables_say_is_reported_before_anything_is_built(engine, cli: Cli):
    image = engine("venv", extra="ENV CUDA_VERSION=12.9.1\n")

    result = cli("build", "vllm", "--engine-image", image, "--dynamo-version", "1.6.1", "--dry-run")

    assert result.status == 2
    assert "has CUDA 12.9.1, but Dynamo 1.6.1 is for CUDA 13.0" in result.err


@pytest.mark.processes
def test_a_plan_beside_an_engine_has_no_cuda_and_no_wheels_of_the_engine(cli: Cli):
    result = cli.ok(
        "build", "vllm", "--engine-image", "acme/vllm:1", "--target", "dev", "--dry-run"
    )

    targets = result.definition["target"]
    assert targets["serving"]["args"]["BASE_IMAGE"] == "acme/vllm:1"
    assert targets["serving"]["args"]["REQUIREMENTS"] == "ai-dynamo[vllm]==1.6.1"
    assert targets["tools"]["args"].get("BASE_IMAGE") != "acme/vllm:1"
    assert "wheels" not in targets
    labels = targets["dev"]["labels"]
    assert labels["ai.dynamo.container.engine-image"] == "acme/vllm:1"
    assert labels["ai.dynamo.container.pins"] == "ai-dynamo==1.6.1"
    assert labels["ai.dynamo.container.cuda"] == ""


@pytest.mark.processes
def test_an_engine_image_that_only_the_builder_knows_passes_on_no_label_of_ours(cli: Cli):
    words = ("build", "vllm", "--engine-image", "acme/vllm:1", "--target", "local-dev")

    result = cli.ok(*words, "--uid", "1234", "--dry-run")

    targets = result.definition["target"].values()
    images = [target["labels"] for target in targets if "labels" in target]
    assert len(images) > 1
    for labels in images:
        assert {*names.LABELS} <= {*labels}
        assert labels["ai.dynamo.container.framework"] == "vllm"
        assert labels["ai.dynamo.container.owner"] == labels["ai.dynamo.container.device"] == ""
    assert images[-1]["ai.dynamo.container.uid"] == "1234"
    # Of an image that is made of ours alone, nothing has to be taken back.
    plain = cli.ok("build", "vllm", "--target", "runtime", "--dry-run").definition["target"]
    assert "" not in plain["vllm-runtime"]["labels"].values()


def test_no_label_of_ours_is_forgotten():
    keys = {value for name, value in vars(names).items() if name.endswith("_LABEL")}

    assert keys == {*names.LABELS}


@pytest.mark.processes
@pytest.mark.parametrize("framework", ["sglang", "trtllm"])
def test_other_engines_wheels_are_not_installed_either(cli: Cli, framework):
    targets = cli.ok(
        "build", framework, "--engine-image", "acme/engine:1", "--target", "runtime", "--dry-run"
    ).definition["target"]

    assert set(targets) == {"scripts", "tools", "serving", f"{framework}-runtime"}


@pytest.mark.processes
def test_an_engine_for_cpus_gets_nixl_without_dynamos_extras(cli: Cli):
    words = ("--engine-image", "acme/vllm-cpu:1", "--target", "runtime", "--device", "cpu")
    targets = cli.ok("build", "vllm", *words, "--dry-run").definition["target"]

    assert targets["serving"]["args"]["REQUIREMENTS"] == "ai-dynamo==1.6.1 nixl==1.4.1"


@pytest.mark.processes
def test_a_framework_without_an_engine_and_several_frameworks_are_refused(cli: Cli):
    one = cli("build", "none", "--engine-image", "acme/vllm:1", "--dry-run")
    several = cli("build", "vllm", "sglang", "--engine-image", "acme/vllm:1", "--dry-run")

    assert one.status == several.status == 2
    assert "'none', which does not support it" in one.err
    assert "an image has one engine" in several.err
