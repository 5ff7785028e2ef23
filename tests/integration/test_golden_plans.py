# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The content of the four frameworks' plans does not change by accident.

The plans were recorded when each framework installed everything in its own `runtime`. Now the
shared stage `serving` does that, with arguments for what differs. `expected()` states what this
changes in a recorded plan; everything else has to be equal.
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
        for key, value in ARGUMENTS[framework].items():
            values[f"{argument}{key}"] = value
            values[f"{argument}COMPILES_KERNELS"] = "true"
        if packages := PACKAGES.get(framework):
            services = values.get(f"{argument}EXTRA_PACKAGES", "").split()
            values[f"{argument}EXTRA_PACKAGES"] = " ".join([*packages, *services])
    return values


@pytest.mark.processes
def test_every_plan_is_equal_to_the_recorded_one(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    monkeypatch.setenv("HOME", "/root")
    recorded = json.loads(golden.FILE.read_text())

    plans = dict(golden.plans())

    assert plans.keys() == recorded.keys()
    for name, values in recorded.items():
        assert plans[name] == expected(name, values), name
