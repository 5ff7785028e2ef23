# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Conflicts between plugins: the message names both, with version and location, and its advice
works. A plan depends neither on the order of plugins nor on plugins that contribute nothing to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pytest
from dynamo_container.images import planner
from dynamo_container.images.plan import BuildPlan
from dynamo_container.model.requests import BuildRequest, BuildSettings, RunRequest
from dynamo_container.model.types import wrong_field
from dynamo_container.model.values import BuildArg, Check, EnvVar, Framework, Pin, Release, Stage
from dynamo_container.plugins.discovery import Candidate
from dynamo_container.plugins.registry import Registry
from fakes import FRAMEWORKS, Site
from hypothesis import given, settings, strategies as st

IMPORT = "from dynamo_container.api import *\n"
BUILD = ("build", "none", "--target", "runtime", "--dry-run")
RUN = ("explain", "run", "none", "--gpus", "none")


def hook(name: str, value: str, argument: str = "request") -> str:
    return f"{IMPORT}\n@hookimpl\ndef dynamo_container_{name}({argument}):\n    yield {value}\n"


# A hook with a placeholder for the value, and options that resolve the conflict.
CONFLICTS = {
    "stage": ("stages", "Stage(name='extra', image='{0}')", ""),
    "base image": ("base_images", "BaseImage(stage='serving', image='{0}')", "--base-image x"),
    "pin": ("pins", "Pin(name='acme-library', version='{0}')", ""),
    "argument": (
        "build_args",
        "BuildArg(name='EXTRA_PACKAGES', value='{0}')",
        "--build-arg EXTRA_PACKAGES=x",
    ),
    "secret": (
        "secrets",
        "BuildSecret(id='netrc', path='/{0}')",
        "--secret id=netrc,src=/etc/hosts",
    ),
    "label": ("labels", "Label(key='team', value='{0}')", ""),
    "env": ("run_env", "EnvVar(name='A', value='{0}')", "-e A=x"),
    "mount": ("run_mounts", "Mount(type='volume', source='{0}', target='/data')", "-v x:/data"),
    "flag": ("run_flags", "RunFlag(flag='--shm-size', value='{0}')", "--shm-size 1G"),
}
RUNNING = ("env", "mount", "flag")


@pytest.mark.processes
@pytest.mark.parametrize("kind", CONFLICTS)
def test_a_conflict_names_both_plugins_and_its_advice_works(site, cli, kind):
    name, value, options = CONFLICTS[kind]
    site.install("acme-one", hook(name, value.format("first")), version="1.1")
    site.install("acme-two", hook(name, value.format("second")), version="2.2")
    words = RUN if kind in RUNNING else BUILD

    result = cli(*words)

    assert result.status == 5
    for text in ("acme-one 1.1", "acme-two 2.2", "first", "second"):
        assert text in result.err
    assert len(re.findall(r"acme_(?:one|two)/__init__\.py:\d", result.err)) == 2
    assert "exclude one of the plugins: --no-plugin acme-one or --no-plugin acme-two" in result.err
    for plugin in ("acme-one", "acme-two"):
        cli.ok(*words, "--no-plugin", plugin)
    if options:
        cli.ok(*words, *options.split())


@pytest.mark.parametrize("flag", ["--acme-ref", "--base-image", "--build-arg"])
def test_an_option_that_exists_already_is_a_conflict_that_names_both_owners(site, cli, flag):
    option = f"Option(flag='{flag}', help='x')"
    site.install("acme-one", hook("options", option, "command"), version="1.1")
    site.install("acme-two", hook("options", option, "command"), version="2.2")

    result = cli(*BUILD)

    assert result.status == 5
    rival = r"acme-one 1\.1\), .*acme_one/__init__\.py:\d" if flag == "--acme-ref" else "dynamo-"
    owner = "acme-two 2.2" if flag == "--acme-ref" else "acme-one 1.1"
    assert flag in result.err
    assert owner in result.err
    assert re.search(rival, result.err)
    assert "--no-plugin acme-" in result.err
    assert cli.ok("build", "--help").err == ""


def test_equal_values_of_two_plugins_do_not_conflict(site, cli):
    for name in ("acme-one", "acme-two"):
        site.install(name, hook("labels", "Label(key='team', value='same')"))

    (image,) = cli.ok("explain", *BUILD[:-1], "label team", "--json").json["images"]

    sources = image["values"][0]["sources"]
    assert [source["name"] for source in sources] == ["acme-one", "acme-two"]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (
            Stage(name="a", image="b", built_with=["dev"]),  # type: ignore[arg-type]
            "built_with is ['dev'], which is not a tuple of str",
        ),
        (
            Stage(name="a", image="b", context=PurePosixPath("/x")),  # type: ignore[arg-type]
            "context is PurePosixPath('/x'), which is not a Path or None",
        ),
        (
            Stage(name="a", image="b", order="1"),  # type: ignore[arg-type]
            "order is '1', which is not an int",
        ),
        (
            Stage(name="a", image="b", order=True),
            "order is True, which is not an int",
        ),
        (
            Release(dynamo="1", released="x", wheels=("a==1",)),  # type: ignore[arg-type]
            "wheels is ('a==1',), which is not a tuple of Pin",
        ),
        (
            Release(
                dynamo="1",
                released="x",
                wheels=(Pin(name="a", version=1.2),),  # type: ignore[arg-type]
            ),
            "which is not a tuple of Pin",
        ),
        (
            Pin(name="a", version=1.2),  # type: ignore[arg-type]
            "version is 1.2, which is not a str",
        ),
        (
            Pin(name="a", version="1", kind="whl"),  # type: ignore[arg-type]
            "kind is 'whl', which is not 'wheel' or 'cuda' or 'git'",
        ),
        (
            Framework(summary="x", supports=("gpu",)),  # type: ignore[arg-type]
            (
                "supports is ('gpu',), which is not a tuple of "
                "'cuda' or 'engine-image' or 'kvbm' or 'source'"
            ),
        ),
        (
            EnvVar(name="A", value=1),  # type: ignore[arg-type]
            "value is 1, which is not a str or None",
        ),
        (
            Check(name="a", argv="python -c 1"),  # type: ignore[arg-type]
            "argv is 'python -c 1', which is not a tuple of str",
        ),
        (
            BuildArg(name="a", value="b", location=7),  # type: ignore[arg-type]
            "location is 7, which is not a str",
        ),
        (
            RunRequest(framework="a", image="b", env_files=(("/x", ("ONE", 2)),)),  # type: ignore[arg-type]
            "which is not a tuple of a tuple of str and a tuple of str",
        ),
        (
            RunRequest(framework="a", image="b", env_files=(("/x",),)),  # type: ignore[arg-type]
            "which is not a tuple of a tuple of str and a tuple of str",
        ),
    ],
    ids=str,
)
def test_a_field_of_another_type_is_found(value, problem):
    assert problem in wrong_field(value)


def test_fields_of_their_declared_types_are_correct():
    release = Release(dynamo="1", released="x", wheels=(Pin(name="a", version="1", extras=("b",)),))

    assert wrong_field(release) == ""
    assert wrong_field(Stage(name="a", dockerfile=Path("/x"))) == ""
    files = (("/x", ("ONE", "TWO")), ("/y", ()))
    assert wrong_field(RunRequest(framework="a", image="b", env_files=files)) == ""


# Plugins that contribute to the plan of the selected framework, and plugins that do not.
CONTRIBUTING = {
    "acme-a": hook("labels", "Label(key='a', value='1')"),
    "acme-b": hook("build_args", "BuildArg(name='GREETING', value='hello')"),
    "acme-c": hook("secrets", "BuildSecret(id='netrc', path='/x')"),
    "acme-d": hook("labels", "Label(key='a', value='1')"),
}
IDLE = {
    "idle-overlay": IMPORT,
    "idle-runner": hook("run_env", "EnvVar(name='A', value='1')"),
    "idle-notes": f"{IMPORT}\n@hookimpl\ndef dynamo_container_notices(request):\n    return []\n",
    "idle-framework": None,
    "idle-broken": None,
}


def plan_of(candidates: Iterable[Candidate]) -> BuildPlan:
    """Return the plan of the framework `core` if these plugins are installed, in this order."""
    registry = Registry(candidates)
    registry.load("core")
    request = BuildRequest(framework="core", target="runtime")
    return planner.plan(registry, [request], BuildSettings())


def installed(names: list[str]) -> list[Candidate]:
    """Return the installed plugins with these names, in this order."""
    by_name = {candidate.name: candidate for candidate in Registry.discover().candidates}
    return [by_name[name] for name in names]


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """Install all of these plugins in one folder on the path."""
    site = Site(tmp_path_factory.mktemp("site"))
    site.framework("core")
    for name, body in {**CONTRIBUTING, **IDLE}.items():
        if body is None:
            site.install(name, "1/0", group=FRAMEWORKS)
        else:
            site.install(name, body)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site.folder))
        yield


@pytest.mark.usefixtures("everything")
@settings(deadline=None, max_examples=60)
@given(
    order=st.permutations(["core", *CONTRIBUTING]),
    unrelated=st.lists(st.sampled_from(sorted(IDLE)), unique=True),
    data=st.data(),
)
def test_a_plan_depends_neither_on_order_nor_on_unrelated_plugins(order, unrelated, data):
    alone = plan_of(installed(["core", *CONTRIBUTING]))
    mixed = data.draw(st.permutations([*order, *unrelated]))

    assert plan_of(installed(mixed)) == alone


def test_a_plan_does_not_depend_on_the_order_of_folders_on_the_path(monkeypatch, tmp_path):
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    first, second = map(Site, folders)
    first.framework("core")
    for number, (name, body) in enumerate(CONTRIBUTING.items()):
        (second if number % 2 else first).install(name.replace("acme", "path"), body)

    plans = set()
    for order in (folders, folders[::-1]):
        with monkeypatch.context() as patch:
            for folder in order:
                patch.syspath_prepend(str(folder))
            plans.add(
                plan_of(
                    candidate
                    for candidate in Registry.discover().candidates
                    if candidate.name.startswith("path-") or candidate.name == "core"
                )
            )

    assert len(plans) == 1
