# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plan of a served model: services of plugins, and what holds for each of their containers."""

from __future__ import annotations

from typing import Any

import pytest
from dynamo_container.errors import ConflictError, MachineError, PolicyError, UsageError
from dynamo_container.model.facts import DriverInfo, EngineInfo, Gpu
from dynamo_container.model.requests import Model, RunRequest, ServeRequest
from dynamo_container.model.values import EnvVar, Mount, RunFlag
from dynamo_container.plugins.registry import Registry
from dynamo_container.services.plan import ServePlan
from dynamo_container.services.planner import plan_serve

TINY = """
@hookimpl
def dynamo_container_services(request):
    if request.topology != "agg":
        return
    yield Service(name="frontend", role="frontend", command=("serve", "--http"), ports=(8000,))
    yield Service(
        name="worker",
        command=("work", request.model.name, *request.arguments),
        replicas=request.workers or 1,
        gpus=1 if request.gpus_per_worker is None else request.gpus_per_worker,
        env=(EnvVar(name="THREADS", value="8"), EnvVar(name="LICENSE")),
        mounts=(Mount(source="/data", target="/data"),),
    )

@hookimpl
def dynamo_container_run_env(request):
    yield EnvVar(name="THREADS", value="4")

@hookimpl
def dynamo_container_run_mounts(request):
    yield Mount(type="volume", source="kernels", target="/kernels")
"""
HUB = Model(name="org/model", served_name="model")
FOLDER = Model(name="/models/mine", served_name="mine", folder="/home/me/mine")
TWO_FRONTENDS = """yield Service(name="a", role="frontend")
    yield Service(name="b", role="frontend")"""
CDI = EngineInfo(
    version="28.5.2",
    runtimes=("runc",),
    cdi_devices=tuple(f"nvidia.com/gpu={name}" for name in (*range(4), "all")),
)


def plan_of(container: dict[str, Any] | None = None, **fields: Any) -> ServePlan:
    registry = Registry.discover()
    registry.load("tiny")
    common = RunRequest(framework="tiny", image="an/image:1", target="runtime", **(container or {}))
    request = {"project": "mine", "model": HUB, **fields}
    return plan_serve(registry, ServeRequest(framework="tiny", container=common, **request))


def env_of(plan: ServePlan, service: str) -> dict[str, str | None]:
    (found,) = (one for one in plan.services if one.name == service)
    return {var.name: var.value for var in found.container.env}


def worker(plan: ServePlan) -> Any:
    return plan.services[-1]


def test_services_are_what_a_plugin_says_and_the_frontend_comes_first(site):
    site.framework("tiny", TINY)

    plan = plan_of(workers=3, arguments=("--fast",), container={"gpus": "none"})

    assert [one.name for one in plan.services] == ["frontend", "worker"]
    assert plan.frontend.container.command == ("serve", "--http")
    assert worker(plan).container.command == ("work", "org/model", "--fast")
    assert worker(plan).service.replicas == 3


def test_what_a_plugin_says_of_a_service_replaces_what_it_says_of_all_containers(site):
    site.framework("tiny", TINY)

    plan = plan_of()

    assert env_of(plan, "frontend")["THREADS"] == "4"
    assert env_of(plan, "worker")["THREADS"] == "8"


def test_values_of_the_user_hold_for_each_service(site):
    site.framework("tiny", TINY)
    user = {
        "env": (EnvVar(name="THREADS", value="1"),),
        "mounts": (Mount(source="/etc/x", target="/x"),),
        "flags": (RunFlag(flag="--shm-size", value="1G"),),
        "hardened": True,
    }

    plan = plan_of(container=user)

    for service in plan.services:
        container = service.container
        assert env_of(plan, service.name)["THREADS"] == "1"
        assert "/x" in [mount.target for mount in container.mounts]
        flags = {(flag.flag, flag.value) for flag in container.flags}
        assert {("--shm-size", "1G"), ("--read-only", None), ("--cap-drop", "ALL")} <= flags
        # All of them are in the project's network, though `run --hardened` has another one.
        assert ("--network", "mine_default") in flags


def test_secrets_are_names_and_caches_outlive_the_project(site):
    site.framework("tiny", TINY)

    plan = plan_of(container={"trusted": True})

    assert plan.secrets == ("HF_TOKEN", "LICENSE")
    assert plan.caches == ("kernels",)
    assert plan.discovery_volume == "mine_discovery"


def test_a_model_in_a_folder_is_mounted_read_only_and_nothing_is_fetched(site):
    site.framework("tiny", TINY)

    plan = plan_of(model=FOLDER, container={"trusted": True})

    for service in plan.services:
        (mount,) = (one for one in service.container.mounts if one.source == FOLDER.folder)
        assert (mount.target, mount.options) == ("/models/mine", ("ro",))
        assert env_of(plan, service.name)["HF_HUB_OFFLINE"] == "1"
    assert "HF_TOKEN" not in plan.secrets


def test_an_image_that_is_not_trusted_gets_no_token(site):
    site.framework("tiny", TINY)

    assert "HF_TOKEN" not in plan_of(container={"trusted": False}).secrets


@pytest.mark.parametrize("discovery", ["etcd", "kubernetes"])
def test_other_discovery_has_no_volume(site, discovery):
    site.framework("tiny", TINY)

    plan = plan_of(discovery=discovery)

    assert plan.discovery_volume == ""
    assert env_of(plan, "worker")["DYN_DISCOVERY_BACKEND"] == discovery
    assert "DYN_FILE_KV" not in env_of(plan, "worker")


def devices(plan: ServePlan) -> list[list[str | None]]:
    """Return the GPUs of each container, beginning with the frontend's."""
    return [
        [flag.value for flag in container.flags if flag.flag in ("--device", "--gpus")]
        for service in plan.services
        for container in service.containers
    ]


@pytest.mark.parametrize(
    ("wanted", "per_worker", "expected"),
    [
        ("auto", 1, [["0"], ["1"]]),
        ("all", 2, [["0", "1"], ["2", "3"]]),
        ("3,1", 1, [["3"], ["1"]]),
        ("count=2", 1, [["0"], ["1"]]),
    ],
)
def test_each_worker_gets_gpus_of_its_own(site, wanted, per_worker, expected):
    site.framework("tiny", TINY)

    plan = plan_of(workers=2, gpus_per_worker=per_worker, container={"gpus": wanted, "engine": CDI})

    names = [[f"nvidia.com/gpu={name}" for name in one] for one in expected]
    assert devices(plan) == [[], *names]
    assert [name for name, _, _ in worker(plan).instances] == ["worker-1", "worker-2"]


def test_gpus_are_named_without_an_engine(site):
    site.framework("tiny", TINY)

    assert devices(plan_of(workers=2)) == [[], ["device=0"], ["device=1"]]


@pytest.mark.parametrize(
    ("wanted", "error"), [("auto", MachineError), ("0,1", UsageError), ("count=2", UsageError)]
)
def test_too_few_gpus_are_an_error(site, wanted, error):
    site.framework("tiny", TINY)

    with pytest.raises(error, match="the services need 6 GPUs"):
        plan_of(workers=3, gpus_per_worker=2, container={"gpus": wanted, "engine": CDI})


def test_without_a_gpu_in_the_machine_services_run_without_one_and_a_warning_is_shown(site):
    site.framework("tiny", TINY)

    plan = plan_of(container={"engine": EngineInfo(version="28.5.2", runtimes=("runc",))})

    assert devices(plan) == [[], []]
    assert "the engine has no GPU" in plan.warnings[0]


@pytest.mark.parametrize(("weights", "warned"), [(30, True), (10, False), (0, False)])
def test_a_model_that_is_larger_than_the_memory_of_its_gpus_is_a_warning(site, weights, warned):
    site.framework("tiny", TINY)
    gpu = Gpu(name="A10", uuid="GPU-1", memory=24 * 10**9)
    engine = EngineInfo(
        version="28.5.2",
        cdi_devices=("nvidia.com/gpu=0",),
        driver=DriverInfo(version="580.1", cuda="13.0", gpus=(gpu,)),
    )
    model = Model(name="org/model", served_name="model", weights=weights * 10**9, cached=True)

    plan = plan_of(model=model, container={"engine": engine})

    assert any("30.0 GB" in text and "24.0 GB" in text for text in plan.warnings) is warned


def test_an_overlay_replaces_a_service_and_adds_others(site):
    site.framework("tiny", TINY)
    site.install(
        "extra",
        """
from dynamo_container.api import *

@hookimpl
def dynamo_container_services(request):
    yield Service(name="worker", command=("other",), env=(EnvVar(name="A", value="b"),))
    yield Service(name="planner", role="other", command=("plan",), needs=("frontend",))
""",
    )

    plan = plan_of()

    assert [one.name for one in plan.services] == ["frontend", "planner", "worker"]
    assert worker(plan).container.command == ("other",)
    (entry,) = (one for one in plan.entries if one.key == "worker")
    assert entry.sources[0].name == "extra"
    assert entry.shadowed[0].source.name == "tiny"


@pytest.mark.parametrize(
    ("services", "message"),
    [
        ('yield Service(name="worker")', "0 of the services are frontends"),
        (
            TWO_FRONTENDS,
            "2 of the services are frontends",
        ),
        (
            'yield Service(name="a", role="frontend", needs=("database",))',
            "needs 'database', which is not one of a",
        ),
    ],
)
def test_services_that_cannot_work_together_are_a_conflict(site, services, message):
    site.framework("tiny", f"@hookimpl\ndef dynamo_container_services(request):\n    {services}\n")

    with pytest.raises(ConflictError, match=message):
        plan_of()


def test_an_unknown_topology_is_an_error(site):
    site.framework("tiny", TINY)

    with pytest.raises(UsageError, match="no services for the topology 'ring'"):
        plan_of(topology="ring")


@pytest.mark.parametrize(
    "fields",
    ['name="Worker"', 'name="a", replicas=0', 'name="a", gpus=-1', 'name="a", ports=(70000,)'],
)
def test_a_service_that_is_not_valid_is_the_plugins_fault(site, fields):
    site.framework(
        "tiny", f"@hookimpl\ndef dynamo_container_services(request):\n    yield Service({fields})\n"
    )

    with pytest.raises(Exception, match="tiny"):
        plan_of()


POLICY = """
from dynamo_container.api import *

@hookimpl
def dynamo_container_verify(plan):
    if plan.command == "run" and plan.service == "worker" and "--privileged" in plan.values("flag"):
        yield Refusal(reason="no privileged workers")
    if plan.command == "serve" and plan.values("port")["--port"].startswith("0.0.0.0"):
        yield Refusal(reason="not for everybody")
"""


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"container": {"flags": (RunFlag(flag="--privileged"),)}}, "no privileged workers"),
        ({"address": "0.0.0.0"}, "not for everybody"),
    ],
)
def test_a_policy_can_refuse_a_service_and_the_whole(site, fields, reason):
    site.framework("tiny", TINY)
    site.install("policy", POLICY)
    plan_of()

    with pytest.raises(PolicyError, match=reason):
        plan_of(**fields)


def test_a_download_is_written_by_the_owner_of_the_cache(site):
    site.framework("tiny", TINY)

    plan = plan_of(cache_owner="1234:0", container={"hf_cache": "/home/me/.cache/huggingface"})

    flags = {(flag.flag, flag.value) for flag in worker(plan).container.flags}
    assert {("--user", "1234:0"), ("--group-add", "0")} <= flags
    assert "--cap-drop" not in {flag for flag, _ in flags}


def test_root_writes_its_cache_without_the_privileges_of_root(site):
    site.framework("tiny", TINY)

    plan = plan_of(cache_owner="0:0", container={"hf_cache": "/root/.cache/huggingface"})

    flags = {(flag.flag, flag.value) for flag in worker(plan).container.flags}
    wanted = {("--user", "0:0"), ("--cap-drop", "ALL"), ("--security-opt", "no-new-privileges")}
    assert wanted <= flags
