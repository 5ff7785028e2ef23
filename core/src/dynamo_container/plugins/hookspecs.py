# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The hooks. A plugin implements those that it has something to say about, as functions of the same
name and arguments.

Every hook is pure: it takes a frozen request and returns values; it asks no network, no engine, no
clock. Mark each implementation with `@hookimpl`; leave out arguments that are not needed.

    from dynamo_container.api import BuildRequest, Framework, hookimpl, Pin

    @hookimpl
    def dynamo_container_pins(request: BuildRequest) -> list[Pin]:
        version = request.dynamo_version or "1.4.2"
        return [Pin(name="ai-dynamo", version=version, build_arg="REQUIREMENTS")]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import pluggy

from dynamo_container.model.requests import BuildRequest, CheckRequest, RunRequest
from dynamo_container.model.values import (
    BaseImage,
    BuildArg,
    BuildSecret,
    Check,
    EnvVar,
    Framework,
    Label,
    Mirror,
    Mount,
    Notice,
    Option,
    Override,
    Pin,
    Readiness,
    Release,
    RunFlag,
    Stage,
    SystemPackage,
)

PROJECT: Final = "dynamo_container"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

# Hooks that are gone, and what to use instead. They warned for at least one release.
REMOVED: Final[dict[str, str]] = {}
F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSpec:
    """The specification of a hook.

    Attributes:
        returns: the type of its values.
        single: whether an implementation returns one value (or None) instead of an iterable.
        since: the release of the core that introduced it.
    """

    returns: type
    single: bool
    since: str


# The specification of each hook, by its name.
SPECS: Final[dict[str, HookSpec]] = {}


def hook(
    *,
    returns: type,
    single: bool = False,
    since: str,
    deprecated: str = "",
    deprecated_arguments: Mapping[str, str] | None = None,
) -> Callable[[F], F]:
    """Mark a function as the specification of a hook.

    A hook may get further arguments: implementations take those that they know. One that is to go
    warns first, for at least a release, each plugin that implements it or takes the argument.

    Args:
        returns: the type of its values.
        single: whether an implementation returns one value instead of an iterable of values.
        since: the release of the core that introduced it.
        deprecated: where the hook goes: in which release, and what to use instead.
        deprecated_arguments: the same for arguments, by name.
    """

    def mark(function: F) -> F:
        SPECS[function.__name__] = HookSpec(returns=returns, single=single, since=since)
        going = {
            name: DeprecationWarning(why) for name, why in (deprecated_arguments or {}).items()
        }
        return hookspec(
            function,
            warn_on_impl=DeprecationWarning(deprecated) if deprecated else None,
            warn_on_impl_args=going or None,
        )

    return mark


@hook(returns=Framework, single=True, since="0.1")
def dynamo_container_framework() -> Framework:  # type: ignore[empty-body]  # a hook's specification has no body
    """What this framework is. Every plugin in the group `dynamo_container.frameworks` implements
    it.

    @hookimpl
    def dynamo_container_framework():
        return Framework(summary="Acme's engine", default_target="runtime")
    """


@hook(returns=Release, since="0.1")
def dynamo_container_releases() -> Iterable[Release]:  # type: ignore[empty-body]  # as above
    """The releases of Dynamo that the plugin knows, for `dynamo-container releases`.

    @hookimpl
    def dynamo_container_releases():
        engine = Pin(name="acme-engine", version="3.1")
        yield Release(dynamo="1.4.2", released="2026-08-28", wheels=(engine,))
    """


@hook(returns=Option, since="0.1")
def dynamo_container_options(command: str) -> Iterable[Option]:  # type: ignore[empty-body]  # as above
    """Command-line options of the plugin's own, for `command` (`build` or `run`). Read them with
    `request.option()`.

    @hookimpl
    def dynamo_container_options(command):
        if command == "build":
            yield Option(flag="--acme-ref", metavar="REF", help="build from this git ref")
    """


@hook(returns=Stage, since="0.1")
def dynamo_container_stages(request: BuildRequest) -> Iterable[Stage]:  # type: ignore[empty-body]  # as above
    """Stages that the plugin owns. A name has one owner; `extends` stacks a stage upon another's.

    @hookimpl
    def dynamo_container_stages(request):
        yield Stage(name="runtime", dockerfile=HERE / "Dockerfile", needs=("tools", "wheels"))
    """


@hook(returns=BaseImage, since="0.1")
def dynamo_container_base_images(request: BuildRequest) -> Iterable[BaseImage]:  # type: ignore[empty-body]  # as above
    """The image that a stage starts from; its Dockerfile declares the argument `BASE_IMAGE`.

    @hookimpl
    def dynamo_container_base_images(request):
        yield BaseImage(stage="runtime", image="ubuntu:24.04")
    """


@hook(returns=Mirror, since="0.1")
def dynamo_container_mirrors(request: BuildRequest) -> Iterable[Mirror]:  # type: ignore[empty-body]  # as above
    """Where images that plugins name are taken from instead of their registry; what the user names
    is taken as it is named.

    @hookimpl
    def dynamo_container_mirrors(request):
        yield Mirror(registry="docker.io", mirror="registry.acme.example/docker-hub")
    """


@hook(returns=Pin, since="0.1")
def dynamo_container_pins(request: BuildRequest) -> Iterable[Pin]:  # type: ignore[empty-body]  # as above
    """Versions that the image is built with: wheels, CUDA, git refs.

    @hookimpl
    def dynamo_container_pins(request):
        yield Pin(name="acme", version="1.2", kind="wheel", build_arg="REQUIREMENTS")
    """


@hook(returns=BuildArg, since="0.1")
def dynamo_container_build_args(request: BuildRequest) -> Iterable[BuildArg]:  # type: ignore[empty-body]  # as above
    """Build arguments. A Dockerfile has to declare each (`ARG`).

    @hookimpl
    def dynamo_container_build_args(request):
        yield BuildArg(name="ENABLE_KVBM", value="true")
    """


@hook(returns=Override, since="0.2")
def dynamo_container_overrides(request: BuildRequest) -> Iterable[Override]:  # type: ignore[empty-body]  # as above
    """Requirements that replace what packages require, if they contradict each other. The core passes
    them to the resolution in the build argument `OVERRIDES`.

    @hookimpl
    def dynamo_container_overrides(request):
        yield Override(requirement="nixl==1.3.2")
    """


@hook(returns=SystemPackage, since="0.2")
def dynamo_container_system_packages(request: BuildRequest) -> Iterable[SystemPackage]:  # type: ignore[empty-body]  # as above
    """Packages of the distribution that the serving image has besides its usual ones. The core passes
    them in the build argument `EXTRA_PACKAGES`.

    @hookimpl
    def dynamo_container_system_packages(request):
        yield SystemPackage(name="libzmq5")
    """


@hook(returns=BuildSecret, since="0.1")
def dynamo_container_secrets(request: BuildRequest) -> Iterable[BuildSecret]:  # type: ignore[empty-body]  # as above
    """Build secrets: from a file or an environment variable, by id.

    @hookimpl
    def dynamo_container_secrets(request):
        yield BuildSecret(id="netrc", path="/etc/acme/netrc")
    """


@hook(returns=Label, since="0.1")
def dynamo_container_labels(request: BuildRequest) -> Iterable[Label]:  # type: ignore[empty-body]  # as above
    """Labels of the image.

    @hookimpl
    def dynamo_container_labels(request):
        yield Label(key="com.acme.team", value="inference")
    """


@hook(returns=Notice, since="0.1")
def dynamo_container_notices(request: BuildRequest) -> Iterable[Notice]:  # type: ignore[empty-body]  # as above
    """Lines for the user about what was assumed, left out, or is untested in this build.

    @hookimpl
    def dynamo_container_notices(request):
        if request.dynamo_version not in TESTED:
            yield Notice(text=f"Dynamo {request.dynamo_version} is newer than this plugin's table")
    """


@hook(returns=EnvVar, since="0.1")
def dynamo_container_run_env(request: RunRequest) -> Iterable[EnvVar]:  # type: ignore[empty-body]  # as above
    """Environment variables of a container.

    @hookimpl
    def dynamo_container_run_env(request):
        yield EnvVar(name="ACME_THREADS", value="4")
    """


@hook(returns=Mount, since="0.1")
def dynamo_container_run_mounts(request: RunRequest) -> Iterable[Mount]:  # type: ignore[empty-body]  # as above
    """Mounts of a container.

    @hookimpl
    def dynamo_container_run_mounts(request):
        yield Mount(type="volume", source="acme-cache", target="/home/ubuntu/.cache/acme")
    """


@hook(returns=RunFlag, since="0.1")
def dynamo_container_run_flags(request: RunRequest) -> Iterable[RunFlag]:  # type: ignore[empty-body]  # as above
    """Flags of `docker run`.

    @hookimpl
    def dynamo_container_run_flags(request):
        yield RunFlag(flag="--shm-size", value="32G")
    """


@hook(returns=RunFlag, since="0.1")
def dynamo_container_accelerator(request: RunRequest) -> Iterable[RunFlag]:  # type: ignore[empty-body]  # as above
    """How this framework's accelerator comes into a container, where it is not NVIDIA's. It takes
    `request.gpus`.

    @hookimpl
    def dynamo_container_accelerator(request):
        yield RunFlag(flag="--device", value="/dev/accel/0", key="/dev/accel/0")
    """


@hook(returns=Readiness, single=True, since="0.1")
def dynamo_container_readiness(request: RunRequest) -> Readiness:  # type: ignore[empty-body]  # as above
    """How a container of this framework says that it is ready, for `run --wait`.

    @hookimpl
    def dynamo_container_readiness(request):
        return Readiness(http="http://127.0.0.1:8000/health")
    """


@hook(returns=Check, since="0.1")
def dynamo_container_checks(request: CheckRequest) -> Iterable[Check]:  # type: ignore[empty-body]  # as above
    """Commands that succeed in an image that is as it should be.

    @hookimpl
    def dynamo_container_checks(request):
        yield Check(name="import acme", argv=("python", "-c", "import acme"))
    """
