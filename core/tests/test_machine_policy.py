# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Policies: plugins that refuse plans, plugins that the machine requires, and warnings about what
plugins take without the user's word.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dynamo_container.api import BuildSecret, Mount, PolicyError, RunFlag
from dynamo_container.plugins.registry import Registry
from dynamo_container.trust import policy

BUILD = ("build", "acme", "--dry-run")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="a policy belongs to root")

REFUSING = """
from dynamo_container.api import *

@hookimpl
def dynamo_container_verify(plan):
    for image in plan.images:
        if not image.startswith("good.example/"):
            yield Refusal(reason=f"{plan.command} {plan.target} uses {image}", hint="ask Ada")
"""
DOCKERFILE = """\
ARG BASE_IMAGE=good.example/base:1
ARG TOOLS=good.example/tools
ARG SUFFIX=${TOOLS}:1
FROM ${SUFFIX} AS tools
FROM unused.example/image:1 AS unused
FROM ${BASE_IMAGE} AS runtime
ARG GREETING
ARG COPIED=good.example/copied:1
COPY --from=tools /a /a
COPY --from=${COPIED} /b /b
RUN --mount=type=bind,from=good.example/mounted:1,target=/c true
"""


@pytest.fixture
def acme(site) -> None:
    """A framework whose images come from one registry, and a policy that allows no other one."""
    site.framework("acme", dockerfile=DOCKERFILE)
    site.install("acme-policy", REFUSING)


class TestVerify:
    def test_a_plan_that_no_plugin_refuses_is_built(self, cli, acme):
        cli.ok(*BUILD)

    @pytest.mark.parametrize("argument", ["BASE_IMAGE", "TOOLS", "COPIED", "BUILDKIT_SYNTAX"])
    def test_a_policy_sees_images_that_the_user_names(self, cli, acme, argument):
        refused = cli(*BUILD, "--build-arg", f"{argument}=evil.example/x")

        assert (refused.status, refused.out) == (2, "")
        assert (
            "error: acme-policy (acme-policy 1.0) refuses this plan: build runtime uses "
            "evil.example/x"
        ) in refused.err
        assert "ask Ada" in refused.err

    @pytest.mark.parametrize(
        "line",
        [
            "FROM evil.example/x AS runtime",
            "FROM --platform=linux/amd64 evil.example/x AS runtime",
            "FROM good.example/x AS runtime\nCOPY --chmod=1 --from=evil.example/x /a /a",
            "FROM good.example/x AS runtime\nRUN --mount=type=bind,target=/a,from=evil.example/x t",
            "FROM evil.example/x AS a\nFROM a AS b\nFROM b AS runtime",
        ],
    )
    def test_a_policy_sees_images_that_a_dockerfile_names(self, cli, site, line):
        site.framework("acme", dockerfile=f"{line}\nARG GREETING\nARG BASE_IMAGE\n")
        site.install("acme-policy", REFUSING)

        assert "evil.example/x" in cli(*BUILD).err

    def test_a_policy_sees_what_a_stage_below_is_built_from(self, cli, site):
        below = """
@hookimpl
def dynamo_container_stages(request):
    yield Stage(name="below", dockerfile=HERE / "below" / "Dockerfile")
    yield Stage(name="runtime", dockerfile=HERE / "Dockerfile", needs=("below",))
"""
        folder = site.framework("acme", below, dockerfile="FROM below AS runtime\n")
        (folder / "below").mkdir()
        (folder / "below" / "Dockerfile").write_text("FROM evil.example/x AS below\n")
        site.install("acme-policy", REFUSING)

        assert "evil.example/x" in cli(*BUILD).err

    def test_a_policy_sees_the_image_of_a_container(self, plan_run, acme):
        assert plan_run("acme", "good.example/x").image

        with pytest.raises(PolicyError, match="run runtime uses evil"):
            plan_run("acme", "evil.example/x", target="runtime")

    def test_a_refusal_is_an_error_in_explain_and_render_too(self, cli, acme):
        for words in (("explain", *BUILD[:-1]), ("render", "acme", "--output", "out")):
            assert cli(*words, "--base-image", "evil.example/x").status == 2

    def test_a_policy_that_fails_is_an_error(self, cli, site):
        site.framework("acme")
        site.install("broken", REFUSING.replace("plan.images", "plan.nothing"))

        result = cli(*BUILD)

        assert result.status == 4
        assert "dynamo_container_verify failed" in result.err


class TestRequired:
    @pytest.fixture
    def registry(self, acme):
        def discover(**arguments):
            return Registry.discover(required=("acme-policy",), **arguments)

        return discover

    def test_a_required_plugin_cannot_be_left_out(self, registry):
        with pytest.raises(PolicyError, match="--no-plugin acme-policy: the policy of this"):
            registry(without=("acme-policy",))

        names = [candidate.name for candidate in registry(only=("acme",)).candidates]
        assert names == ["acme", "acme-policy"]

    def test_one_that_is_not_installed_is_an_error(self, registry, site):
        site.uninstall("acme-policy")

        with pytest.raises(PolicyError, match="'acme-policy', which is not installed"):
            registry().load("acme")

    def test_one_that_cannot_be_loaded_is_an_error(self, registry, site):
        site.uninstall("acme-policy")
        site.install("acme-policy-2", "import nothing", name="acme-policy")

        with pytest.raises(Exception, match="cannot be loaded"):
            registry().load("acme")

    @pytest.fixture
    def machine(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The policy of the machine, in a folder of the test."""
        path = tmp_path / "etc" / "dynamo-container" / "policy.toml"
        path.parent.mkdir(parents=True)
        path.write_text('[plugins]\nrequired = ["acme-policy"]\n')
        monkeypatch.setattr(policy, "PATH", path)
        return path

    @as_root
    @pytest.mark.parametrize("words", [("--no-plugin", "acme-policy", *BUILD), BUILD])
    def test_the_policy_of_the_machine_wins_over_the_user(
        self, cli, acme, machine, monkeypatch, words
    ):
        monkeypatch.setenv("DYNAMO_CONTAINER_PLUGINS", "acme")

        assert cli(*words, "--base-image", "evil.example/x").status == 2

    @as_root
    def test_neither_does_the_end_of_a_command(self, cli, acme, machine):
        assert "the policy of this machine" in cli(*BUILD, "--no-plugin", "acme-policy").err

    @as_root
    @pytest.mark.parametrize("part", ["file", "folder", "folder above", "writable", "link"])
    def test_a_policy_that_others_could_have_written_is_refused(self, cli, acme, machine, part):
        if part == "writable":
            machine.chmod(0o666)
        elif part == "link":
            machine.rename(machine.with_name("other"))
            machine.symlink_to(machine.with_name("other"))
        else:
            path = {"file": machine, "folder": machine.parent}.get(part, machine.parent.parent)
            os.chown(path, 4711, 4711)

        refused = cli(*BUILD)

        assert refused.status == 2
        assert f"the policy of this machine, {machine}" in refused.err

    @as_root
    @pytest.mark.parametrize(
        "text", ["[plugins", "[plugin]\n", "[plugins]\nrequired = 1", "[plugins]\nrequire = ['x']"]
    )
    def test_a_policy_that_is_not_valid_is_refused(self, cli, acme, machine, text):
        machine.write_text(text)

        assert cli(*BUILD).status == 2

    def test_no_variable_and_no_option_names_the_policy(self):
        assert Path("/etc/dynamo-container/policy.toml") == policy.PATH


DANGEROUS_FLAGS = [
    RunFlag(flag="--privileged"),
    RunFlag(flag="--cap-add", value="CAP_SYS_ADMIN", key="CAP_SYS_ADMIN"),
    RunFlag(flag="--cap-add", value="all", key="all"),
    RunFlag(flag="--pid", value="host"),
    RunFlag(flag="--security-opt", value="seccomp=unconfined", key="seccomp"),
    RunFlag(flag="--device", value="/dev/sda", key="/dev/sda"),
    RunFlag(flag="--volume", value="/:/host", key="/host"),
    RunFlag(flag="--volumes-from", value="x", key="x"),
]
DANGEROUS_MOUNTS = [
    Mount(source="/var/run/docker.sock", target="/s"),
    Mount(source="/run/user/1000/podman/podman.sock", target="/s"),
    Mount(source="/etc", target="/e"),
    Mount(source="/etc/../root/.ssh", target="/e"),
    Mount(source="/", target="/host"),
    Mount(source="/var", target="/v"),
]
HARMLESS_VALUES = [
    RunFlag(flag="--cap-add", value="IPC_LOCK", key="IPC_LOCK"),
    RunFlag(flag="--device", value="nvidia.com/gpu=all", key="x"),
    RunFlag(flag="--shm-size", value="1G"),
    Mount(source="/srv/models", target="/m"),
    Mount(source="/etc/localtime", target="/etc/localtime"),
    Mount(source="etc", target="/etc/x", type="volume"),
]


class TestWarnings:
    @staticmethod
    def overlay(value: object) -> str:
        hook = "run_mounts" if isinstance(value, Mount) else "run_flags"
        hook = "secrets" if isinstance(value, BuildSecret) else hook
        return f"""
from pathlib import Path
from dynamo_container.api import *

HERE = str(Path(__file__).parent)

@hookimpl
def dynamo_container_{hook}(request):
    yield {value!r}
"""

    @pytest.mark.parametrize("value", [*DANGEROUS_FLAGS, *DANGEROUS_MOUNTS], ids=str)
    def test_what_opens_the_machine_is_a_warning_by_name_and_plugin(self, plan_run, site, value):
        site.framework("acme")
        site.install("sneaky", self.overlay(value))

        (warning,) = plan_run("acme").warnings

        assert warning.startswith("sneaky (sneaky 1.0) ")
        assert (value.source if isinstance(value, Mount) else value.flag) in warning

    @pytest.mark.parametrize("value", HARMLESS_VALUES, ids=str)
    def test_what_does_not_is_none(self, plan_run, site, value):
        site.framework("acme")
        site.install("honest", self.overlay(value))

        assert plan_run("acme").warnings == ()

    @pytest.mark.parametrize("value", [DANGEROUS_FLAGS[0], DANGEROUS_MOUNTS[0]], ids=str)
    def test_the_users_own_word_is_not_a_warning(self, plan_run, site, value):
        site.framework("acme")
        site.install("sneaky", self.overlay(value))

        name = "mounts" if isinstance(value, Mount) else "flags"
        assert plan_run("acme", **{name: (value,)}).warnings == ()

    @pytest.mark.parametrize(
        "secret",
        [
            BuildSecret(id="x", path="/etc/shadow"),
            BuildSecret(id="x", path="/etc/ssl/certs/../private/key.pem"),
            BuildSecret(id="x", env="AWS_SECRET_ACCESS_KEY"),
        ],
        ids=str,
    )
    def test_secrets_of_this_machine_are_a_warning(self, cli, site, secret):
        site.framework("acme")
        site.install("sneaky", self.overlay(secret))

        shown = cli.ok(*BUILD).err

        assert "warning: sneaky (sneaky 1.0) gives steps the " in shown
        assert (secret.path or secret.env) in shown

    def test_files_of_the_plugin_itself_are_not(self, cli, site):
        site.framework("acme")
        text = self.overlay(BuildSecret(id="ca-bundle", path="HERE"))
        folder = site.install("honest", text.replace("path='HERE'", "path=HERE + '/own.crt'"))
        (folder / "own.crt").write_text("certificate")

        assert "gives steps" not in cli.ok(*BUILD).err

    def test_plugins_that_the_machine_requires_are_trusted(self, site):
        from dynamo_container.containers import planner
        from dynamo_container.model.requests import RunRequest

        site.framework("acme")
        site.install("sneaky", self.overlay(DANGEROUS_FLAGS[0]))
        registry = Registry.discover(required=("sneaky",))
        registry.load("acme")

        assert planner.plan(registry, RunRequest(framework="acme", image="x")).warnings == ()
