# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The example of an overlay: it contributes to the plans of every framework, users can override it,
and without it nothing of it is left.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
from dynamo_container.api import Component, Inventory, Mount, PolicyError, RunFlag
from dynamo_container.testing import Cli, PlanBuild, PlanRun, plan_target, plan_values

pytestmark = pytest.mark.processes  # the overlay is installed for these tests

# The overlay knows none of them.
FRAMEWORKS = ["llama-cpp", "none", "sglang", "trtllm", "vllm"]
POLICY = "acme-policy"


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_image_has_the_labels_of_the_policy(plan_build: PlanBuild, framework: str) -> None:
    values = plan_values(plan_build(framework))

    assert "label com.acme.owner" in values
    assert "label com.acme.policy" in values
    assert POLICY in values["label ai.dynamo.container.plugins"]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_base_images_come_from_the_mirror(plan_build: PlanBuild, framework: str) -> None:
    values = plan_values(plan_build(framework))

    images = [value for key, value in values.items() if key.startswith("base-image ")]
    assert images
    assert all(image.startswith("registry.acme.example/") for image in images)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_packages_come_from_the_index_of_the_policy(plan_build: PlanBuild, framework: str) -> None:
    plan = plan_build(framework)

    assert "acme" in plan_values(plan)["build-arg INDEX_URL"]
    assert [secret.id for secret in plan.secrets] == ["ca-bundle"]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_hardened_stage_is_what_ships(plan_build: PlanBuild, framework: str) -> None:
    plan = plan_build(framework)

    hardened = plan_target(plan, "acme-hardened")
    assert plan.images[0].target == hardened.name
    assert [(context.name, context.source) for context in hardened.contexts] == [
        ("runtime", f"target:{framework}-runtime")
    ]


def test_development_image_starts_from_the_hardened_runtime(plan_build: PlanBuild) -> None:
    contexts = plan_target(plan_build("none", "dev"), "dev").contexts

    assert "target:acme-hardened" in [context.source for context in contexts]


def test_programs_in_containers_use_the_certificates_of_the_image(plan_run: PlanRun) -> None:
    values = plan_values(plan_run("none"))

    assert values["env SSL_CERT_FILE"] == "/etc/ssl/certs/ca-certificates.crt"


def test_explain_names_the_overlay_and_what_it_replaces(cli: Cli) -> None:
    lines = cli.ok("explain", "build", "none", "--target", "runtime", "base-image").out.splitlines()

    assert any(POLICY in line for line in lines)
    assert any("ubuntu:24.04" in line and "none" in line for line in lines)


def test_user_overrides_what_is_a_default_only(plan_build: PlanBuild) -> None:
    image = "registry.acme.example/team/base:1"
    values = plan_values(
        plan_build("none", base_image=image, index_url="https://other.example/simple")
    )

    assert values["label org.opencontainers.image.base.name"] == image
    assert values["build-arg INDEX_URL"] == "https://other.example/simple"


STRANGE = "docker.io/evil/image:1"


@pytest.mark.parametrize(
    "fields",
    [
        {"base_image": STRANGE},
        {"runtime_image": STRANGE},
        {"stages": (("serving", STRANGE),)},
        {"stages": (("tools", STRANGE),)},
        {"build_args": (("BASE_IMAGE", STRANGE),)},
        {"build_args": (("BUILDKIT_SYNTAX", STRANGE),)},
        {"contexts": (("tools", f"docker-image://{STRANGE}"),)},
        {"contexts": (("tools", "https://evil.example/tools.git"),)},
    ],
    ids="-".join,
)
@pytest.mark.parametrize("framework", ["none", "vllm"])
def test_images_of_other_registries_are_refused(
    plan_build: PlanBuild, framework: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(PolicyError, match="does not come from registry"):
        plan_build(framework, **fields)


@pytest.mark.parametrize(
    "words",
    [
        ("--base-image", STRANGE),
        ("--runtime-image", STRANGE),
        ("--stage", f"tools={STRANGE}"),
        ("--build-arg", f"BASE_IMAGE={STRANGE}"),
        ("--sbom", f"generator={STRANGE}"),
    ],
)
def test_no_option_evades_the_registries(cli: Cli, words: tuple[str, ...]) -> None:
    refused = cli("build", "none", "--target", "runtime", "--dry-run", *words)

    assert (refused.status, refused.out) == (2, "")
    assert "acme-policy (dynamo-container-acme-policy 2026.11) refuses" in refused.err
    assert STRANGE in refused.err


@pytest.mark.parametrize(
    "flag",
    [
        RunFlag(flag="--privileged"),
        RunFlag(flag="--cap-add", value="ALL", key="ALL"),
        RunFlag(flag="--cap-add", value="SYS_ADMIN", key="SYS_ADMIN"),
        RunFlag(flag="--cap-add", value="cap_sys_admin", key="cap_sys_admin"),
        RunFlag(flag="--cap-add", value="all"),
        RunFlag(flag="--privileged", value="true", key="true"),
        RunFlag(flag="--volume", value="/var/run/docker.sock:/s"),
    ],
    ids=lambda flag: f"{flag.flag} {flag.value} {flag.key}",
)
def test_privileges_are_refused(plan_run: PlanRun, flag: RunFlag) -> None:
    with pytest.raises(PolicyError, match="must not"):
        plan_run("none", flags=(flag,))
    with pytest.raises(PolicyError, match="must not"):
        plan_run("none", docker_args=(flag,))


def test_control_of_the_engine_is_refused(plan_run: PlanRun) -> None:
    socket = Mount(source="/var/run/docker.sock", target="/s")

    with pytest.raises(PolicyError, match="must not control the engine"):
        plan_run("none", mounts=(socket,))


def test_images_without_the_labels_are_refused(plan_run: PlanRun) -> None:
    labels = {"com.acme.owner": "ml-platform", "com.acme.policy": "2026-11"}
    assert plan_run("none", labels=labels).image

    for key in labels:
        with pytest.raises(PolicyError, match=key):
            plan_run("none", labels=labels | {key: "other"})


def refusals(*components: Component, size: int = 0, target: str = "runtime") -> list[str]:
    """What the policy says about an image with these components."""
    plugin = importlib.import_module("dynamo_container_acme_policy.plugin")
    inventory = Inventory(image="image:1", target=target, size=size, components=components)
    found = plugin.dynamo_container_inventory(inventory)
    return [f"{refusal.reason} / {refusal.hint}" for refusal in found]


def part(name: str, license_: str = "MIT", **fields: Any) -> Component:
    return Component(kind="python", name=name, version="1.0", license=license_, **fields)


def test_an_image_with_nothing_special_is_allowed() -> None:
    assert refusals(part("requests"), part("lgpl", "LGPL-3.0-only"), size=10**9) == []


@pytest.mark.parametrize("license_", ["AGPL-3.0-only", "MIT AND SSPL-1.0"])
def test_licenses_are_refused_but_not_those_of_the_base_image(license_: str) -> None:
    (refused,) = refusals(part("bad", license_, via=("none", "ai-dynamo", "bad")))

    assert "its license is not allowed: bad 1.0" in refused
    assert "asked for by none > ai-dynamo > bad" in refused
    assert refusals(part("bad", license_, from_base=True)) == []


def test_packages_are_refused_with_a_hint() -> None:
    (refused,) = refusals(part("av", via=("vllm", "vllm", "av")))

    assert refused.startswith("codecs need a license: av 1.0 (MIT; asked for by vllm > vllm > av)")
    assert "av; python_version < '0'" in refused


def test_runtimes_have_a_size_budget() -> None:
    (refused,) = refusals(size=12_000_000_001)

    assert "it has 12,000 MB, and may have 12,000" in refused
    assert refusals(size=12_000_000_000) == []
    assert refusals(size=20_000_000_000, target="dev") == []


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_without_the_overlay_plans_are_as_if_it_were_not_installed(
    cli: Cli, framework: str, overlay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = ("build", framework, "--target", "runtime", "--dry-run")
    with_policy = cli.ok(*build).out
    without_policy = cli.ok("--no-plugin", POLICY, *build).out
    monkeypatch.setattr("sys.path", [path for path in sys.path if path != str(overlay)])
    not_installed = cli.ok(*build).out

    assert "acme" in with_policy
    assert "acme" not in not_installed
    assert without_policy == not_installed
