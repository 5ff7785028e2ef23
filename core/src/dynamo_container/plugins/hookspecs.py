# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The specifications of the hooks. A plugin implements the hooks that it needs, as functions with
the same name and arguments.

Every hook is pure: it takes a frozen request and returns values; it uses neither the network nor
the engine nor the clock. Mark each implementation with `@hookimpl`, and omit the arguments that it
does not need:

```python
from dynamo_container.api import Pin, hookimpl

@hookimpl
def dynamo_container_pins(request):
    version = request.dynamo_version or "1.4.2"
    return [Pin(name="ai-dynamo", version=version, build_arg="REQUIREMENTS")]
```
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import pluggy

from dynamo_container.model import requests, values

PROJECT: Final = "dynamo_container"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

# Hooks that were removed, each with what replaces it. They warned for at least one release.
REMOVED: Final[dict[str, str]] = {}
# The attribute of a specification function that holds its HookSpec.
_ATTRIBUTE: Final = f"{PROJECT}_hook"
F = TypeVar("F", bound=Callable[..., object])


class HookSpec(NamedTuple):
    """The specification of a hook.

    Attributes:
        arguments: names of the arguments that it is called with.
        returns: the name of the type of its values, which is in `model.values`.
        single: whether an implementation returns one value instead of an iterable.
        required: whether an implementation with `single` must return a value. If not, it can return
            None.
        since: the release of the core that introduced it.
        deprecated: when the hook will be removed, and what replaces it; empty if it stays.
        deprecated_arguments: the same for arguments, by name.
    """

    arguments: tuple[str, ...]
    returns: str
    single: bool
    required: bool
    since: str
    deprecated: str
    deprecated_arguments: tuple[tuple[str, str], ...]

    @property
    def type(self) -> type[object]:
        """The type of its values."""
        kind: type[object] = getattr(values, self.returns)
        return kind


def hook(
    *,
    returns: str,
    single: bool = False,
    required: bool = False,
    since: str,
    deprecated: str = "",
    deprecated_arguments: Mapping[str, str] | None = None,
) -> Callable[[F], F]:
    """Mark a function as the specification of a hook. See `HookSpec` for the arguments.

    Arguments can be added to a hook at any time: an implementation takes those that it names.
    Before a hook or an argument is removed, it is deprecated for at least one release, and every
    plugin that uses it causes a warning.
    """

    def mark(function: F) -> F:
        spec = HookSpec(
            arguments=tuple(inspect.signature(function).parameters),
            returns=returns,
            single=single,
            required=required,
            since=since,
            deprecated=deprecated,
            deprecated_arguments=tuple(sorted((deprecated_arguments or {}).items())),
        )
        setattr(function, _ATTRIBUTE, spec)
        return hookspec(function)

    return mark


def specifications(namespace: Mapping[str, Any]) -> dict[str, HookSpec]:
    """Return the specifications among the objects of a module, by the names of the hooks."""
    specs = ((name, getattr(value, _ATTRIBUTE, None)) for name, value in namespace.items())
    return {name: spec for name, spec in specs if isinstance(spec, HookSpec)}


@hook(returns="Framework", single=True, required=True, since="0.1")
def dynamo_container_framework() -> values.Framework:  # type: ignore[empty-body]  # specifications have no body
    """Return the description of the framework. Every plugin in the group
    `dynamo_container.frameworks` must implement this hook.

    ```python
    from dynamo_container.api import Framework, hookimpl

    @hookimpl
    def dynamo_container_framework():
        return Framework(
            summary="Dynamo with Acme's engine",
            homepage="https://acme.example",
            default_target="runtime",
            user="acme",
            home="/home/acme",
            supports=("cuda", "kvbm"),
        )
    ```
    """


@hook(returns="Release", since="0.1")
def dynamo_container_releases() -> Iterable[values.Release]:  # type: ignore[empty-body]  # as above
    """Return the Dynamo releases that the plugin supports, for `dynamo-container releases`.

    ```python
    from dynamo_container.api import Pin, Release, hookimpl

    @hookimpl
    def dynamo_container_releases():
        engine = Pin(name="acme-engine", version="3.1")
        yield Release(dynamo="1.4.2", released="2026-08-28", wheels=(engine,))
    ```
    """


@hook(returns="Option", since="0.1")
def dynamo_container_options(command: str) -> Iterable[values.Option]:  # type: ignore[empty-body]  # as above
    """Return the command-line options that the plugin adds to `command`, which is `build` or `run`.

    Other hooks read the values with `request.option()`.

    ```python
    from dynamo_container.api import Option, hookimpl

    @hookimpl
    def dynamo_container_options(command):
        if command == "build":
            yield Option(
                flag="--acme-ref",
                metavar="REF",
                help="Build the engine from this git ref.",
                stages=("acme-wheels",),
            )
            yield Option(flag="--acme-patch", type="path", repeatable=True, help="Apply a patch.")
            yield Option(
                flag="--acme-attention",
                choices=("flash", "paged"),
                default="flash",
                help="Attention kernels.",
            )
    ```
    """


@hook(returns="Stage", since="0.1")
def dynamo_container_stages(request: requests.BuildRequest) -> Iterable[values.Stage]:  # type: ignore[empty-body]  # as above
    """Return the stages that the plugin provides.

    Only one plugin can provide a stage of a given name; another one can stack a stage on it with
    `extends`.

    ```python
    from pathlib import Path

    from dynamo_container.api import Stage, hookimpl

    FOLDER = Path(__file__).parent

    @hookimpl
    def dynamo_container_stages(request):
        yield Stage(
            name="runtime",
            dockerfile=FOLDER / "runtime" / "Dockerfile",
            needs=("serving",),
        )
        yield Stage(
            name="benchmark",
            dockerfile=FOLDER / "benchmark" / "Dockerfile",
            needs=("runtime",),
            built_with=("runtime",),
        )
    ```
    """


@hook(returns="BaseImage", since="0.1")
def dynamo_container_base_images(request: requests.BuildRequest) -> Iterable[values.BaseImage]:  # type: ignore[empty-body]  # as above
    """Return the images that stages start from. The stage's Dockerfile declares the build argument
    `BASE_IMAGE`.

    ```python
    from dynamo_container.api import BaseImage, hookimpl

    @hookimpl
    def dynamo_container_base_images(request):
        yield BaseImage(stage="serving", image="ubuntu:24.04")
    ```
    """


@hook(returns="Mirror", since="0.1")
def dynamo_container_mirrors(request: requests.BuildRequest) -> Iterable[values.Mirror]:  # type: ignore[empty-body]  # as above
    """Return mirrors of registries. They replace the registries of the images that plugins name;
    the images that the user names stay as they are.

    ```python
    from dynamo_container.api import Mirror, hookimpl

    @hookimpl
    def dynamo_container_mirrors(request):
        yield Mirror(registry="docker.io", mirror="registry.acme.example/docker-hub")
    ```
    """


@hook(returns="Pin", since="0.1")
def dynamo_container_pins(request: requests.BuildRequest) -> Iterable[values.Pin]:  # type: ignore[empty-body]  # as above
    """Return the versions that the image is built with: of wheels, of CUDA, of git repositories.

    ```python
    from dynamo_container.api import Pin, hookimpl

    @hookimpl
    def dynamo_container_pins(request):
        version = request.dynamo_version or "1.4.2"
        yield Pin(
            name="ai-dynamo", version=version, extras=("acme",), build_arg="REQUIREMENTS"
        )
        yield Pin(name="cuda", version="13.0", kind="cuda", build_arg="CUDA_VERSION")
    ```
    """


@hook(returns="BuildArg", since="0.1")
def dynamo_container_build_args(request: requests.BuildRequest) -> Iterable[values.BuildArg]:  # type: ignore[empty-body]  # as above
    """Return build arguments. A Dockerfile must declare each of them (`ARG`).

    ```python
    from dynamo_container.api import BuildArg, hookimpl

    @hookimpl
    def dynamo_container_build_args(request):
        yield BuildArg(name="ENABLE_ACME", value="true")
    ```
    """


@hook(returns="Override", since="0.2")
def dynamo_container_overrides(request: requests.BuildRequest) -> Iterable[values.Override]:  # type: ignore[empty-body]  # as above
    """Return requirements that replace what packages require, if they contradict each other. The
    core passes them to the resolution in the build argument `OVERRIDES`.

    ```python
    from dynamo_container.api import Override, hookimpl

    @hookimpl
    def dynamo_container_overrides(request):
        yield Override(requirement="nixl[cu13]==1.3.2")
    ```
    """


@hook(returns="SystemPackage", since="0.2")
def dynamo_container_system_packages(  # type: ignore[empty-body]  # as above
    request: requests.BuildRequest,
) -> Iterable[values.SystemPackage]:
    """Return packages of the Linux distribution that the serving image needs in addition to its
    usual ones. The core passes them in the build argument `EXTRA_PACKAGES`.

    ```python
    from dynamo_container.api import SystemPackage, hookimpl

    @hookimpl
    def dynamo_container_system_packages(request):
        yield SystemPackage(name="libzmq5")
    ```
    """


@hook(returns="BuildSecret", since="0.1")
def dynamo_container_secrets(request: requests.BuildRequest) -> Iterable[values.BuildSecret]:  # type: ignore[empty-body]  # as above
    """Return build secrets, each as an ID with the file or the environment variable that contains
    the secret.

    ```python
    from dynamo_container.api import BuildSecret, hookimpl

    @hookimpl
    def dynamo_container_secrets(request):
        yield BuildSecret(id="netrc", path="/etc/acme/netrc")
    ```
    """


@hook(returns="Label", since="0.1")
def dynamo_container_labels(request: requests.BuildRequest) -> Iterable[values.Label]:  # type: ignore[empty-body]  # as above
    """Return labels of the image.

    ```python
    from dynamo_container.api import Label, hookimpl

    @hookimpl
    def dynamo_container_labels(request):
        yield Label(key="com.acme.team", value="inference")
    ```
    """


@hook(returns="Notice", since="0.1")
def dynamo_container_notices(request: requests.BuildRequest) -> Iterable[values.Notice]:  # type: ignore[empty-body]  # as above
    """Return lines for the user about what was assumed, omitted, or is untested in this build.

    ```python
    from dynamo_container.api import Notice, hookimpl

    NEWEST = "1.4.2"

    @hookimpl
    def dynamo_container_notices(request):
        if request.dynamo_version != NEWEST:
            yield Notice(text=f"tested with Dynamo {NEWEST} only", warning=True)
    ```
    """


@hook(returns="EnvVar", since="0.1")
def dynamo_container_run_env(request: requests.RunRequest) -> Iterable[values.EnvVar]:  # type: ignore[empty-body]  # as above
    """Return environment variables of a container.

    ```python
    from dynamo_container.api import EnvVar, hookimpl

    @hookimpl
    def dynamo_container_run_env(request):
        yield EnvVar(name="ACME_THREADS", value="4")
    ```
    """


@hook(returns="Mount", since="0.1")
def dynamo_container_run_mounts(request: requests.RunRequest) -> Iterable[values.Mount]:  # type: ignore[empty-body]  # as above
    """Return mounts of a container.

    ```python
    from dynamo_container.api import Mount, hookimpl

    @hookimpl
    def dynamo_container_run_mounts(request):
        target = f"{request.home}/.cache/acme"
        yield Mount(type="volume", source="acme-cache", target=target)
    ```
    """


@hook(returns="RunFlag", since="0.1")
def dynamo_container_run_flags(request: requests.RunRequest) -> Iterable[values.RunFlag]:  # type: ignore[empty-body]  # as above
    """Return flags of `docker run`.

    ```python
    from dynamo_container.api import RunFlag, hookimpl

    @hookimpl
    def dynamo_container_run_flags(request):
        yield RunFlag(flag="--shm-size", value="32G")
    ```
    """


@hook(returns="Device", since="0.2")
def dynamo_container_devices(request: requests.RunRequest) -> Iterable[values.Device]:  # type: ignore[empty-body]  # as above
    """Return devices (`--device`) besides `cuda` and `cpu`, which the core knows: what a container
    needs to use each of them. `request.gpus` is what the user selected, and
    `request.engine.device_files` what this machine has.

    ```python
    from dynamo_container.api import Device, RunFlag, hookimpl

    @hookimpl
    def dynamo_container_devices(request):
        yield Device(
            name="acme",
            summary="Acme's accelerators",
            files=("/dev/acme0",),
            flags=(RunFlag(flag="--device", value="/dev/acme0", key="/dev/acme0"),),
            frameworks=("vllm",),
        )
    ```
    """


@hook(
    returns="RunFlag",
    since="0.1",
    deprecated="it will be removed in 0.4; use dynamo_container_devices",
)
def dynamo_container_accelerator(request: requests.RunRequest) -> Iterable[values.RunFlag]:  # type: ignore[empty-body]  # as above
    """Return the flags of `docker run` that give a container its accelerator, if that is not an
    NVIDIA GPU. `request.gpus` is what the user selected.

    ```python
    from dynamo_container.api import RunFlag, hookimpl

    @hookimpl
    def dynamo_container_accelerator(request):
        yield RunFlag(flag="--device", value="/dev/accel/0", key="/dev/accel/0")
    ```
    """


@hook(returns="Readiness", single=True, since="0.1")
def dynamo_container_readiness(request: requests.RunRequest) -> values.Readiness | None:
    """Return how to find out whether a container is ready, for `run --wait`; None if unknown.

    ```python
    from dynamo_container.api import Readiness, hookimpl

    @hookimpl
    def dynamo_container_readiness(request):
        return Readiness(http="http://127.0.0.1:8000/health")
    ```
    """


@hook(returns="Service", since="0.2")
def dynamo_container_services(request: requests.ServeRequest) -> Iterable[values.Service]:  # type: ignore[empty-body]  # as above
    """Return the services that serve a model in the topology of the request; nothing for a topology
    that the plugin does not know.

    ```python
    from dynamo_container.api import Service, hookimpl

    @hookimpl
    def dynamo_container_services(request):
        yield Service(
            name="frontend",
            role="frontend",
            command=("python", "-m", "dynamo.frontend", "--http-port", "8000"),
            ports=(8000,),
        )
        yield Service(
            name="worker",
            command=("python", "-m", "dynamo.acme", "--model", request.model.name),
            replicas=request.workers or 1,
            gpus=1,
        )
    ```
    """


@hook(returns="Check", since="0.1")
def dynamo_container_checks(request: requests.CheckRequest) -> Iterable[values.Check]:  # type: ignore[empty-body]  # as above
    """Return commands that exit with status 0 in a correct image, for `dynamo-container check`.

    ```python
    from dynamo_container.api import Check, hookimpl

    @hookimpl
    def dynamo_container_checks(request):
        yield Check(name="import acme", argv=("python", "-c", "import acme"))
    ```
    """


@hook(returns="Refusal", since="0.2")
def dynamo_container_verify(plan: requests.PlanView) -> Iterable[values.Refusal]:  # type: ignore[empty-body]  # as above
    """Return why a plan is refused; nothing if it is not. It is called with every image of a build
    and with every container, after the merge: with what the user overrides.

    ```python
    from dynamo_container.api import Refusal, hookimpl

    @hookimpl
    def dynamo_container_verify(plan):
        if plan.flag_values("--privileged"):
            yield Refusal(reason="containers must not be privileged", hint="omit --privileged")
    ```
    """


@hook(returns="Refusal", since="0.2")
def dynamo_container_inventory(inventory: requests.Inventory) -> Iterable[values.Refusal]:  # type: ignore[empty-body]  # as above
    """Return why an image is refused for what is in it; nothing if it is not. It is called with
    every image that `build` has loaded into the engine, and by `check`.

    ```python
    from dynamo_container.api import Refusal, hookimpl

    @hookimpl
    def dynamo_container_inventory(inventory):
        for component in inventory.named("av"):
            yield Refusal(
                reason=f"codecs need a license: {component.describe()}",
                hint="leave it out with an override in the release table",
            )
    ```
    """


# The specification of each hook, by its name.
SPECS: Final[Mapping[str, HookSpec]] = specifications(globals())
