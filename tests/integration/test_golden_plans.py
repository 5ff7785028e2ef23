# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The content of the four frameworks' plans does not change by accident.

The plans were recorded when each framework installed everything in its own `runtime`. Now the
shared stage `serving` does that, with arguments for what differs. `expected()` states what this
changes in a recorded plan; everything else has to be equal. The default release was 1.4.2 then:
a plan without `--dynamo-version` differs from the recorded one as the rows of the two releases do.
"""

from __future__ import annotations

import json

import golden
import pytest

# What the stage `serving` needs to know about an engine, which its own Dockerfile said before.
ARGUMENTS = {
    "none": {},
    "sglang": {"CACHES": "sglang", "COMPILE_PACKAGES": "sglang torch"},
    "trtllm": {"CACHES": "tensorrt-llm", "COMPILE_PACKAGES": "tensorrt_llm torch"},
    "vllm": {"CACHES": "vllm", "COMPILE_PACKAGES": "vllm torch"},
}
# The default release when the plans were recorded, and now.
RECORDED_DEFAULT, DEFAULT = "1.4.2", "1.6.1"
PACKAGES = {"trtllm": ["libzmq5", "openmpi-bin", "openssh-client", "openssh-server"]}


def expected(name: str, recorded: dict[str, str]) -> dict[str, str]:
    """Return a recorded plan with what the stage `serving` changes in it."""
    command, framework, *_ = name.split()
    if command == "run":
        return recorded
    values = {
        key.replace("base-image runtime", "base-image serving"): value
        for key, value in recorded.items()
    }
    # A build of several images has the target's name before each key.
    for image in {key.removesuffix("pin ai-dynamo") for key in recorded if "pin ai-dynamo" in key}:
        argument = f"{image}build-arg "
        values[f"{argument}CACHE_SCOPE"] = framework
        values[f"{argument}HEAVY_WHEELS"] = "20000000"
        for key, value in ARGUMENTS[framework].items():
            values[f"{argument}{key}"] = value
            values[f"{argument}COMPILES_KERNELS"] = "true"
        if packages := PACKAGES.get(framework):
            services = values.get(f"{argument}EXTRA_PACKAGES", "").split()
            values[f"{argument}EXTRA_PACKAGES"] = " ".join([*packages, *services])
    return values


def with_new_default(name: str, values: dict[str, str], plans: dict[str, dict[str, str]]):
    """Return the plan of a build that names no release, as it is with the new default."""
    command, framework, *options = name.split()
    if command == "run" or "--dynamo-version" in options:
        return values
    old, new = (_explicit(framework, release, plans) for release in (RECORDED_DEFAULT, DEFAULT))
    replaced = {_renamed(key): _renamed(value) for key, value in values.items()}
    images = {key.removesuffix("pin ai-dynamo") for key in values if "pin ai-dynamo" in key}
    for key in old.keys() | new.keys():
        if old.get(key) == new.get(key) or key.startswith("tag"):
            continue
        for image in images:
            replaced.pop(f"{image}{key}", None)
            if key in new:
                replaced[f"{image}{key}"] = new[key]
    return replaced


def _explicit(framework: str, release: str, plans: dict[str, dict[str, str]]) -> dict[str, str]:
    start = f"build {framework} --target runtime --dynamo-version {release}"
    return next(values for name, values in plans.items() if name.startswith(start))


def _renamed(text: str) -> str:
    return text.replace(f"v{RECORDED_DEFAULT}-", f"v{DEFAULT}-")


@pytest.mark.processes
def test_every_plan_is_equal_to_the_recorded_one(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    monkeypatch.setenv("HOME", "/root")
    recorded = json.loads(golden.FILE.read_text())

    plans = dict(golden.plans())

    assert plans.keys() >= recorded.keys()
    for name, values in recorded.items():
        assert plans[name] == with_new_default(name, expected(name, values), plans), name
