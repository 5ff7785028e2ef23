# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Two plugins that contradict each other: both are named, with versions and outputs, and the way
out that is told works. And what does not matter for a plan: order, and plugins that say nothing.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from dynamo_container.images import planner
from dynamo_container.images.plan import BuildPlan
from dynamo_container.model.requests import BuildRequest, BuildSettings
from dynamo_container.model.values import Check, EnvVar, Mount, Pin, Release, Stage
from dynamo_container.plugins.registry import Registry
from fakes import FRAMEWORKS, Site
from hypothesis import given, settings
from hypothesis import strategies as st

IMPORT = "from dynamo_container.api import *\n"
BUILD = ("build", "none", "--target", "runtime", "--dry-run")
RUN = ("explain", "run", "none", "--gpus", "none")


def hook(name: str, value: str, argument: str = "request") -> str:
    return f"{IMPORT}\n@hookimpl\ndef dynamo_container_{name}({argument}):\n    yield {value}\n"


# What is contradicted, a hook with a place for the value, and a way out besides leaving one out.
CONFLICTS = {
    "stage": ("stages", "Stage(name='extra', image='{0}')", ""),
    "base image": ("base_images", "BaseImage(stage='runtime', image='{0}')", "--base-image x"),
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
@pytest.mark.parametrize("what", CONFLICTS)
def test_a_contradiction_names_both_plugins_and_ways_out_that_work(site, cli, what):
    name, value, way = CONFLICTS[what]
    site.install("acme-one", hook(name, value.format("first")), version="1.1")
    site.install("acme-two", hook(name, value.format("second")), version="2.2")
    words = RUN if what in RUNNING else BUILD

    result = cli(*words)

    assert result.status == 5
    for text in ("acme-one 1.1", "acme-two 2.2", "first", "second"):
        assert text in result.err
    assert len(re.findall(r"acme_(?:one|two)/__init__\.py:\d", result.err)) == 2
    assert "leave a plugin out: --no-plugin acme-one or --no-plugin acme-two" in result.err
    for plugin in ("acme-one", "acme-two"):
        cli.ok(*words, "--no-plugin", plugin)
    if way:
        cli.ok(*words, *way.split())


@pytest.mark.parametrize("flag", ["--acme-ref", "--base-image", "--build-arg"])
def test_an_option_that_is_taken_names_both(site, cli, flag):
    option = f"Option(flag='{flag}', help='x')"
    site.install("acme-one", hook("options", option, "command"), version="1.1")
    site.install("acme-two", hook("options", option, "command"), version="2.2")

    result = cli(*BUILD)

    assert result.status == 5
    rival = r"acme-one 1\.1\), .*acme_one/__init__\.py:\d" if flag == "--acme-ref" else "itself"
    taker = "acme-two 2.2" if flag == "--acme-ref" else "acme-one 1.1"
    assert f"the option {flag} of " in result.err
    assert taker in result.err
    assert re.search(f"is taken by .*{rival}", result.err)
    assert "leave the plugin out: --no-plugin acme-" in result.err
    assert cli.ok("build", "--help").err == ""


def test_equal_words_are_no_contradiction(site, cli):
    for name in ("acme-one", "acme-two"):
        site.install(name, hook("labels", "Label(key='team', value='same')"))

    (image,) = cli.ok("explain", *BUILD[:-1], "label team", "--json").json["images"]

    assert [one["name"] for one in image["values"][0]["sources"]] == ["acme-one", "acme-two"]


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        (Stage, {"name": "a", "image": "b", "also": ["dev"]}, "also is .*a tuple of texts"),
        (Stage, {"name": "a", "dockerfile": "/x"}, "dockerfile is '/x', and has to be a Path"),
        (Stage, {"name": "a", "image": "b", "order": "1"}, "order is '1', and has to be a number"),
        (Release, {"dynamo": "1", "released": "x", "wheels": ("a==1",)}, "a tuple of Pins"),
        (Pin, {"name": "a", "version": 1.2}, "version is 1.2, and has to be a text"),
        (
            Pin,
            {"name": "a", "version": "1", "kind": "whl"},
            "kind is wheel, cuda or git, not 'whl'",
        ),
        (EnvVar, {"name": "A", "value": 1}, "value is 1, and has to be a text or None"),
        (Mount, {"target": "/a", "source": "b", "type": "vol"}, "or a tmpfs, not 'vol'"),
        (Check, {"name": "a", "argv": "python -c 1"}, "argv is .* has to be a tuple of texts"),
    ],
)
def test_a_value_that_is_not_what_it_is_declared_to_be_is_refused(kind, fields, message):
    with pytest.raises(ValueError, match=message):
        kind(**fields)


# Plugins with something to say, of which the selected framework needs a part, and ones that have
# nothing to do with it.
SPEAKERS = {
    "acme-a": hook("labels", "Label(key='a', value='1')"),
    "acme-b": hook("build_args", "BuildArg(name='GREETING', value='hello')"),
    "acme-c": hook("secrets", "BuildSecret(id='netrc', path='/x')"),
    "acme-d": hook("labels", "Label(key='a', value='1')"),
}
SILENT = {
    "idle-overlay": IMPORT,
    "idle-runner": hook("run_env", "EnvVar(name='A', value='1')"),
    "idle-notes": f"{IMPORT}\n@hookimpl\ndef dynamo_container_notices(request):\n    return []\n",
    "idle-framework": None,
    "idle-broken": None,
}


def installed(folder: Path, names: list[str]) -> BuildPlan:
    """The plan of `core`, with these plugins installed in this order."""
    found = {one.name: one for one in Registry.discover().candidates if one.name in names}
    registry = Registry([found[name] for name in names])
    registry.load("core")
    request = BuildRequest(framework="core", target="runtime")
    return planner.plan(registry, [request], BuildSettings())


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """All of these distributions in one folder, which is on the path."""
    site = Site(tmp_path_factory.mktemp("site"))
    site.framework("core")
    for name, body in {**SPEAKERS, **SILENT}.items():
        if body is None:
            site.install(name, "1/0", group=FRAMEWORKS)
        else:
            site.install(name, body)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site.folder))
        yield site.folder


@settings(deadline=None, max_examples=60)
@given(
    order=st.permutations(["core", *SPEAKERS]),
    unrelated=st.lists(st.sampled_from(sorted(SILENT)), unique=True),
    data=st.data(),
)
def test_a_plan_depends_on_no_order_and_on_no_unrelated_plugin(everything, order, unrelated, data):
    alone = installed(everything, ["core", *SPEAKERS])
    mixed = data.draw(st.permutations([*order, *unrelated]))

    assert installed(everything, mixed) == alone


def test_a_plan_depends_on_no_order_of_folders_on_the_path(monkeypatch):
    plans = set()
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        first, second = Site(Path(one)), Site(Path(other))
        first.framework("core")
        for number, (name, body) in enumerate(SPEAKERS.items()):
            (second if number % 2 else first).install(name.replace("acme", "path"), body)
        for folders in ((one, other), (other, one)):
            with monkeypatch.context() as patch:
                for folder in folders:
                    patch.syspath_prepend(folder)
                candidates = Registry.discover().candidates
                wanted = [c for c in candidates if c.name.startswith("path-") or c.name == "core"]
                registry = Registry(wanted)
                registry.load("core")
                request = BuildRequest(framework="core", target="runtime")
                plans.add(planner.plan(registry, [request], BuildSettings()))
    assert len(plans) == 1
