# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a build passes to the engine arrives there, and nothing else. Small stages, real engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import unicodedata
import uuid
from collections.abc import Iterator
from pathlib import Path

import package_index
import pytest
from dynamo_container.docker.command import Command
from dynamo_container.images import bake
from dynamo_container.images.plan import BuildPlan, Image, Target
from dynamo_container.model.values import Label, NamedContext
from hypothesis import HealthCheck, Phase, example, given, settings, strategies as st
from running import Cli, Docker

ROOT = Path(__file__).parents[2]
GENERATIONS = ("the engine of the tests", "next")


@pytest.fixture(scope="module", params=GENERATIONS)
def generation(request: pytest.FixtureRequest, docker: Docker) -> Iterator[dict[str, str]]:
    """The environment of an engine: the one that all tests use, then one of the next generation."""
    if request.param != "next":
        yield {}
        return
    script = str(ROOT / "scripts" / "engine")
    subprocess.run([script, "up", "--generation", "next"], check=True)
    lines = subprocess.run(
        [script, "env", "--generation", "next"], check=True, capture_output=True, text=True
    )
    shown = subprocess.run(
        ["bash", "-c", f"{lines.stdout}\nenv -0"], check=True, capture_output=True, text=True
    )
    environment = dict(one.partition("=")[::2] for one in shown.stdout.split("\0") if one)
    yield {name: environment[name] for name in ("DOCKER_HOST", "DOCKER_CONFIG", "PATH")}
    subprocess.run([script, "down", "--generation", "next"], check=True)


# Everything that docker takes as an argument's value: no NUL, and no lone surrogate.
text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
SIGNS = ["${HOME}", "%{x}", "$", "%", "{", "}", '"', "'", "\\", "\n", " ", "EOF\n", "#", "\r", "é"]
AWKWARD = [
    *SIGNS,
    "$${HOME}",
    "%%{x}",
    "$$${a",
    "%%%{",
    "$%{a}",
    "%${a}",
    '${"a"}',
    "a\r\nb",
    "$\r{",
    "\r${a}",
    "  x  ",
]
awkward = st.sampled_from(SIGNS)
values = st.lists(st.one_of(text, awkward), min_size=0, max_size=6).map("".join)


@pytest.mark.engine
class TestBothGenerations:
    @settings(
        max_examples=8,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),  # a build an example: shrinking takes minutes
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(
        args=st.lists(values, min_size=10, max_size=30),
        labels=st.lists(values, min_size=10, max_size=30),
        folder=st.lists(
            st.sampled_from([*"ab -_.,$%{}'\"#é", "${HOME}", "%{x}"]), min_size=1, max_size=12
        ),
    )
    @example(args=AWKWARD, labels=AWKWARD, folder=["${HOME}", " ", "%{x}", "'", '"'])
    def test_values_arrive_byte_for_byte(self, generation, tmp_path, args, labels, folder):
        # Bake hands strings on in NFC: a path in another form is not one of ours.
        name = unicodedata.normalize("NFC", "".join(folder)).strip(" .") or "x"
        context = tmp_path / f"x{name}"
        shutil.rmtree(context, ignore_errors=True)
        context.mkdir()
        keys = [f"A{number}" for number in range(len(args))]
        script = "FROM scratch AS image\n" + "".join(
            f'ARG {key}\nENV {key}="${key}"\n' for key in keys
        )
        (context / "Dockerfile").write_text(script)
        tag = f"dynamo-container-test/bytes:{abs(hash(str(tmp_path)))}"
        plan = small_plan(context, dict(zip(keys, args, strict=True)), labels, tag)

        run(bake.command(plan), generation)

        config = json.loads(docker(generation, "image", "inspect", tag))[0]["Config"]
        docker(generation, "image", "rm", tag)
        arrived = dict(one.partition("=")[::2] for one in config["Env"])
        got = [arrived[key] for key in keys]
        got += [config["Labels"][f"l{number}"] for number in range(len(labels))]
        wanted = [unicodedata.normalize("NFC", value) for value in (*args, *labels)]
        assert [(one, two) for one, two in zip(wanted, got, strict=True) if one != two] == []

    def test_several_stages_leave_nothing_nameless_behind(self, generation, tmp_path):
        (tmp_path / "Dockerfile").write_text("FROM scratch AS below\nFROM below AS image\n")
        # A label identifies these images: other tests use the engine at the same time.
        label = f"stages={uuid.uuid4()}"
        below = f"FROM scratch AS below\nCOPY Below /below\nLABEL {label}\n"
        (tmp_path / "Below").write_text(below)
        tag = f"dynamo-container-test/stages:{tmp_path.name}"
        plan = small_plan(tmp_path, {}, [], tag)
        lowest = Target(
            name="below", stage="below", dockerfile=tmp_path / "Below", context=tmp_path,
            dockerfile_target="below", args=(), contexts=(), digest="",
        )  # fmt: skip
        (image,) = plan.targets
        reading = Target(
            name=image.name, stage="image", dockerfile=image.dockerfile, context=tmp_path,
            dockerfile_target="image", args=(), digest="",
            contexts=(NamedContext(name="below", source="target:below"),),
        )  # fmt: skip

        run(bake.command(BuildPlan(images=plan.images, targets=(lowest, reading))), generation)

        listed = docker(generation, "images", "--all", "--quiet", "--filter", f"label={label}")
        assert len(set(listed.split())) == 1
        docker(generation, "image", "rm", tag)


def small_plan(context: Path, args: dict[str, str], labels: list[str], tag: str) -> BuildPlan:
    target = Target(
        name="image", stage="image", dockerfile=context / "Dockerfile", context=context,
        dockerfile_target="image", args=tuple(args.items()), contexts=(), digest="",
    )  # fmt: skip
    image = Image(
        framework="test", stage="image", target="image", tags=(tag,), plan_hash="", entries=(),
        labels=tuple(Label(key=f"l{number}", value=value) for number, value in enumerate(labels)),
    )  # fmt: skip
    return BuildPlan(images=(image,), targets=(target,))


def run(command: Command, environment: dict[str, str]) -> None:
    """Run the command as its text says, in the environment of an engine."""
    answer = subprocess.run(
        ["bash", "-c", command.shell()],
        env=with_variables(command, environment),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr


def with_variables(command: Command, environment: dict[str, str]) -> dict[bytes, bytes]:
    own = {os.fsencode(name): os.fsencode(value) for name, value in environment.items()}
    return {**command.environment(), **own}


def docker(environment: dict[str, str], *words: str) -> str:
    command = Command(argv=("docker", *words))
    answer = subprocess.run(
        command.argv,
        env=with_variables(command, environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of the index: the real uv and pip, and small ones instead of Dynamo's."""
    from dynamo_container_images.plugin import UV

    folder = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*pip, "--dest", str(folder), f"uv=={UV}", "pip"], check=True)
    package_index.write_wheel(folder, "ai-dynamo", "1.6.1", ("ai-dynamo-runtime==1.6.1", "torch"))
    package_index.write_wheel(folder, "ai-dynamo-runtime", "1.6.1")
    package_index.write_wheel(folder, "nixl-cu13", "1.4.1")
    return folder


@pytest.fixture
def bridge(docker: Docker) -> str:
    """The address at which build steps reach this machine."""
    gateway = "{{(index .IPAM.Config 0).Gateway}}"
    return docker.run("network", "inspect", "bridge", "--format", gateway)


def build_words(docker: Docker, index: package_index.Index, image: str) -> tuple[str, ...]:
    """A build of `none` from the tests' own index."""
    return (
        "build", "none", "--target", "runtime", "--base-image", docker.base_image,
        "--index-url", index.url, "--ca-bundle", str(index.ca_bundle), "--tag", image,
        "--no-latest", "--progress", "plain",
    )  # fmt: skip


@pytest.mark.engine
def test_an_index_with_a_password_and_a_certificate_of_its_own_leaves_no_trace(
    cli: Cli, docker: Docker, wheels, bridge, tmp_path, tag
):
    image = tag("own-index")
    with package_index.serve(wheels, bridge, tmp_path, upload_times=True) as index:
        words = (*build_words(docker, index, image), "--no-cache")
        result = cli.ok(*words)
        dry = cli.ok(*words, "--dry-run")
        explained = cli.ok("explain", *words, "--json")

    assert "ai_dynamo-1.6.1-py3-none-any.whl" in index.served
    history = docker.run("history", "--no-trunc", "--format", "{{.CreatedBy}} {{.Comment}}", image)
    traces = {
        "history": history,
        "inspect": docker.run("image", "inspect", image),
        "build log": result.out + result.err,
        "dry run": dry.out + dry.err,
        "explain": explained.out + explained.err,
    }
    for where, text_ in traces.items():
        assert package_index.PASSWORD not in text_, where
    for where in ("history", "inspect"):
        assert index.ca_bundle.name not in traces[where], where
    certificate = index.ca_bundle.read_text().splitlines()[1]
    for secret in (package_index.PASSWORD, index.ca_bundle.name, certificate):
        assert files_with(docker, image, secret) == ""
    assert "export DYNAMO_CONTAINER_BUILD_INDEX_URL" in dry.err
    assert "id=index-url,env=DYNAMO_CONTAINER_BUILD_INDEX_URL" in dry.out


def files_with(docker: Docker, image: str, text_: str) -> str:
    """Names of the image's files that contain a string."""
    find = ("--recursive", "--files-with-matches", "--binary-files=text", "--fixed-strings")
    leave = ("--exclude-dir=proc", "--exclude-dir=sys", text_, "/")
    words = ("--user", "0", "--entrypoint", "grep", image, *find, *leave)
    return docker.run("run", "--rm", *words, check=False)


@pytest.mark.engine
def test_an_index_without_upload_times_needs_resolve_as_of_none_and_the_error_suggests_it(
    cli: Cli, docker: Docker, wheels, bridge, tmp_path, tag
):
    image = tag("no-times")
    with package_index.serve(wheels, bridge, tmp_path, upload_times=False) as index:
        words = build_words(docker, index, image)
        failed = cli(*words)
        built = cli(*words, "--resolve-as-of", "none")

    assert failed.status == 1
    assert "--resolve-as-of none" in failed.err
    assert built.status == 0, built.err
    assert (
        docker.run(
            "run", "--rm", image, "python", "-c", "import ai_dynamo as d; print(d.__version__)"
        )
        == "1.6.1"
    )


HARDEN = """
from pathlib import Path
from dynamo_container.api import Stage, hookimpl

@hookimpl
def dynamo_container_stages(request):
    yield Stage(name="harden", dockerfile=Path(__file__).parent / "Dockerfile", extends="runtime")
"""


@pytest.mark.engine
def test_an_overlays_stage_is_in_the_image_and_gone_when_it_is_uninstalled(cli, docker, site, tag):
    dockerfile = "ARG BASE_IMAGE=scratch\nFROM ${BASE_IMAGE} AS runtime\nRUN echo plain > /state\n"
    base = (
        "@hookimpl\ndef dynamo_container_base_images(request):\n"
        f"    yield BaseImage(stage='runtime', image={docker.base_image!r})\n"
    )
    site.framework("tiny", base, dockerfile=dockerfile)
    harden = "FROM scratch AS runtime\nFROM runtime AS harden\nRUN echo hardened > /state\n"
    site.install("acme-harden", HARDEN, files={"Dockerfile": harden})
    first, second = tag("hardened"), tag("plain")

    cli.ok("build", "tiny", "--tag", first, "--no-latest")
    site.uninstall("acme-harden")
    cli.ok("build", "tiny", "--tag", second, "--no-latest")

    assert docker.run("run", "--rm", first, "cat", "/state") == "hardened"
    assert docker.run("run", "--rm", second, "cat", "/state") == "plain"


@pytest.mark.engine
def test_stage_takes_an_image_of_the_engine(cli, docker, site, tag):
    site.framework("tiny", READS_OTHER, dockerfile=DOCKERFILE_OTHER)
    other, image = tag("other"), tag("reader")
    subprocess.run(
        ["docker", "import", "-c", "LABEL x=y", "-", other],
        input=EMPTY_TAR,
        check=True,
        capture_output=True,
    )

    cli.ok("build", "tiny", "--tag", image, "--no-latest", "--stage", f"other={other}")

    assert docker.labels(image)["x"] == "y"


READS_OTHER = """
@hookimpl
def dynamo_container_stages(request):
    yield Stage(name="other", image="an/image:that-does-not-exist")
    yield Stage(name="runtime", dockerfile=HERE / "Dockerfile", needs=("other",))
"""
DOCKERFILE_OTHER = "FROM scratch AS other\nFROM other AS runtime\n"
EMPTY_TAR = b"\0" * 10240


@pytest.mark.engine
def test_a_failing_build_has_status_1_and_says_where_to_look(cli, docker, site, tag):
    site.framework("tiny", dockerfile="FROM scratch AS runtime\nCOPY nosuch /\n")

    result = cli("build", "tiny", "--tag", tag("failing"), "--no-latest")

    assert result.status == 1
    assert "nosuch" in result.err
    assert "--progress plain" in result.err
