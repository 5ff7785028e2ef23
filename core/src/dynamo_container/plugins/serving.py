# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The base class of plugins for engines that Dynamo serves."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar, Final

from dynamo_container.errors import PluginError
from dynamo_container.model import values
from dynamo_container.model.names import (
    CACHE_SCOPE,
    CACHES,
    COMPILE_PACKAGES,
    COMPILES_KERNELS,
    CUDA_DEVICE,
    DYNAMO_LABEL,
    ENGINE_IMAGE_LABEL,
    ENGINE_MODULE,
    EXTRAS_LABEL,
    RUNTIME_STAGE,
    SERVING_STAGE,
)
from dynamo_container.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from dynamo_container.model.requests import (
        BuildRequest,
        CheckRequest,
        RunRequest,
        ServeRequest,
    )
    from dynamo_container.plugins.release_choice import ReleaseChoice
    from dynamo_container.plugins.releases import ReleaseTable
    from dynamo_container.plugins.services import Worker

# The attributes that every subclass sets, each with an example.
_REQUIRED: Final = {
    "name": "'acme'",
    "summary": "'Dynamo with Acme\\'s engine'",
    "folder": "Path(__file__).parent",
}
_TUPLES: Final = (
    "build_options",
    "compile_packages",
    "devices",
    "extras",
    "kv_events",
    "may_disagree",
    "modules",
    "optional_modules",
    "run_options",
    "supports",
    "system_packages",
    "worker_model",
)


class ServingPlugin:
    """A framework's plugin, made of facts about its engine.

    Subclass it, set the attributes that describe the engine, and override the hooks in which it
    differs; a hook that is overridden is marked with `@hookimpl` again. The entry point names an
    instance:

        class Acme(ServingPlugin):
            name, summary, folder = "acme", "Dynamo with Acme's engine", Path(__file__).parent
            extras, kvbm = ("acme",), True
            cache, shm_size, cache_env = "acme", "16G", {"ACME_CACHE": ""}
            modules = (("dynamo.frontend", "dynamo.acme", "acme"),)
            compile_packages, smoke_test = ("acme", "torch"), "import acme; ..."

        plugin = Acme()

    Attributes:
        name: the framework's name, as in its entry point.
        summary: one line for lists.
        folder: the folder with `releases.toml` and `runtime/Dockerfile`.
        homepage: a URL.
        default_target: the stage that `build` builds if no target is given.
        supports: as in `Framework`. `cuda` is added if a row of the release table has it,
            and `engine-image` if `engine` is set.
        devices: as in `Framework`. The devices in the release table are added.
        build_options, run_options: the plugin's own options of `build`, and of `run` and `serve`.
        base_image: the image to start from if the release table names none (by its `cuda`).
        engine: the engine's module, by which it is found in an image of others
            (`--engine-image`); empty if there is no such image.
        extras: the extras of `ai-dynamo` that the engine needs.
        kvbm: whether Dynamo's block manager (KVBM) is installed if the user does not say.
        system_packages: packages of the distribution that the engine needs.
        compile_packages: Python packages whose bytecode is compiled in the image; empty for all. An
            engine of gigabytes names those that a worker imports.
        cache: the folder below `~/.cache` that keeps the kernels that the engine compiles at run
            time, in a volume that outlives a container. Empty if it compiles none; then the image
            has no compiler.
        cache_env: variables that point into that folder, each with the path below it.
        env: other variables of a container.
        shm_size: the size of a container's shared memory, such as `16G`; empty for the default.
        worker: the module of its workers, such as `dynamo.acme`, with which `serve` starts a
            frontend and workers. Empty if the image's own command serves a model, on port 8000.
        worker_gpus: how many GPUs a worker, or an image that serves by itself, gets if the user
            does not say. 0 also means that containers run without a GPU as well as with one.
        worker_model: the worker's options for the model, and for the name by which clients ask
            for it.
        kv_events: arguments with which a worker reports what its cache holds, for KV-aware routing.
        disaggregated: arguments of the workers for `prefill` and for `decode`; empty if the engine
            cannot divide them.
        modules: groups of modules that `check` imports, each group by one process.
        optional_modules: modules that `check` imports if the image has them, such as `ray`.
        may_disagree: packages that may have another version than other packages require.
        smoke_test: a script for `checks.generates_a_token`; empty for none.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    folder: ClassVar[Path]
    homepage: ClassVar[str] = "https://github.com/ai-dynamo/dynamo"
    default_target: ClassVar[str] = "dev"
    supports: ClassVar[tuple[values.Feature, ...]] = ("kvbm", "source")
    devices: ClassVar[tuple[str, ...]] = (CUDA_DEVICE,)
    build_options: ClassVar[tuple[values.Option, ...]] = ()
    run_options: ClassVar[tuple[values.Option, ...]] = ()

    base_image: ClassVar[str] = "ubuntu:24.04"
    engine: ClassVar[str] = ""
    extras: ClassVar[tuple[str, ...]] = ()
    kvbm: ClassVar[bool] = False
    system_packages: ClassVar[tuple[str, ...]] = ()
    compile_packages: ClassVar[tuple[str, ...]] = ()

    cache: ClassVar[str] = ""
    cache_env: ClassVar[Mapping[str, str]] = {}
    env: ClassVar[Mapping[str, str]] = {}
    shm_size: ClassVar[str] = ""

    worker: ClassVar[str] = ""
    worker_gpus: ClassVar[int] = 1
    worker_model: ClassVar[tuple[str, str]] = ("--model", "--served-model-name")
    kv_events: ClassVar[tuple[str, ...]] = ()
    disaggregated: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    modules: ClassVar[tuple[tuple[str, ...], ...]] = (("dynamo.frontend",),)
    optional_modules: ClassVar[tuple[str, ...]] = ()
    may_disagree: ClassVar[tuple[str, ...]] = ()
    smoke_test: ClassVar[str] = ""

    def __init__(self) -> None:
        """Create the plugin.

        Raises:
            PluginError: a required attribute is missing, or an attribute is not valid.
        """
        _check_attributes(type(self))

    @functools.cached_property
    def releases(self) -> ReleaseTable:
        """The release table of the plugin's folder, which is read when it is first needed."""
        from dynamo_container.plugins.releases import ReleaseTable

        return ReleaseTable(self.folder / "releases.toml")

    def release(self, request: BuildRequest) -> ReleaseChoice:
        """Choose what is installed. Override it to leave out a wheel or to override a requirement.

        Raises:
            UsageError: the release table cannot satisfy the request.
            PluginError: the release table is not valid.
        """
        return self.releases.choose(request, kvbm=self.kvbm)

    @hookimpl
    def dynamo_container_framework(self) -> values.Framework:
        from dynamo_container.plugins import device_releases

        rows = self.releases.rows
        supports = (*self.supports, "cuda") if any(row.cuda for row in rows) else self.supports
        return values.Framework(
            summary=self.summary,
            homepage=self.homepage,
            default_target=self.default_target,
            supports=(*supports, "engine-image") if self.engine else supports,
            devices=tuple(dict.fromkeys((*self.devices, *device_releases.devices(rows)))),
            needs_gpu=self.worker_gpus > 0,
        )

    @hookimpl
    def dynamo_container_releases(self) -> Iterable[values.Release]:
        return self.releases.rows

    @hookimpl
    def dynamo_container_options(self, command: str) -> Iterable[values.Option]:
        from dynamo_container.plugins import release_extras

        if command == "build":
            return (*self.build_options, *release_extras.options(self.releases.rows))
        # What shapes a container shapes those of a served model, too.
        return self.run_options if command in ("run", "serve") else ()

    @hookimpl
    def dynamo_container_stages(self, request: BuildRequest) -> Iterator[values.Stage]:  # noqa: ARG002  # for overrides
        dockerfile = self.folder / "runtime" / "Dockerfile"
        yield values.Stage(name=RUNTIME_STAGE, dockerfile=dockerfile, needs=(SERVING_STAGE,))

    @hookimpl
    def dynamo_container_base_images(self, request: BuildRequest) -> Iterator[values.BaseImage]:
        images = tuple(self.release(request).base_images(SERVING_STAGE))
        yield from images or (values.BaseImage(stage=SERVING_STAGE, image=self.base_image),)

    @hookimpl
    def dynamo_container_pins(self, request: BuildRequest) -> Iterator[values.Pin]:
        yield from self.release(request).pins(extras=self.extras)

    @hookimpl
    def dynamo_container_overrides(self, request: BuildRequest) -> Iterator[values.Override]:
        yield from self.release(request).overrides

    @hookimpl
    def dynamo_container_system_packages(
        self, request: BuildRequest
    ) -> Iterator[values.SystemPackage]:
        if request.engine_image:
            return
        for package in self.system_packages:
            yield values.SystemPackage(name=package)
        yield from self.release(request).system_packages()

    @hookimpl
    def dynamo_container_build_args(self, request: BuildRequest) -> Iterator[values.BuildArg]:
        yield from self.release(request).build_args()
        yield values.BuildArg(name=CACHE_SCOPE, value=self.name)
        if self.cache:
            yield values.BuildArg(name=CACHES, value=self.cache)
        if request.engine_image:
            yield values.BuildArg(name=ENGINE_MODULE, value=self.engine)
            return
        if self.compile_packages:
            yield values.BuildArg(name=COMPILE_PACKAGES, value=" ".join(self.compile_packages))
        if self.cache:
            yield values.BuildArg(name=COMPILES_KERNELS, value="true")

    @hookimpl
    def dynamo_container_labels(self, request: BuildRequest) -> Iterator[values.Label]:
        yield from self.release(request).labels()

    @hookimpl
    def dynamo_container_notices(self, request: BuildRequest) -> Iterator[values.Notice]:
        yield from self.release(request).notices()

    @hookimpl
    def dynamo_container_run_env(self, request: RunRequest) -> Iterator[values.EnvVar]:
        for name, value in self.env.items():
            yield values.EnvVar(name=name, value=value)
        if self.cache:
            yield values.EnvVar(name="HF_HOME", value=f"{request.home}/.cache/huggingface")
        for name, below in self.cache_env.items():
            yield values.EnvVar(name=name, value=str(self._cache_folder(request) / below))

    @hookimpl
    def dynamo_container_run_mounts(self, request: RunRequest) -> Iterator[values.Mount]:
        if self.cache:
            # Programs are loaded from it: another image must not write them.
            volume = f"dynamo-{self.name}-cache-{request.image_key}"
            yield values.Mount(
                type="volume", source=volume, target=str(self._cache_folder(request))
            )

    @hookimpl
    def dynamo_container_run_flags(self, request: RunRequest) -> Iterator[values.RunFlag]:  # noqa: ARG002  # for overrides
        # Workers of one model exchange tensors through shared memory.
        if self.shm_size:
            yield values.RunFlag(flag="--shm-size", value=self.shm_size)

    @hookimpl
    def dynamo_container_readiness(self, request: RunRequest) -> values.Readiness:
        from dynamo_container.plugins import checks

        return checks.component_is_ready(*request.entrypoint, *request.command)

    @hookimpl
    def dynamo_container_services(self, request: ServeRequest) -> Iterator[values.Service]:
        from dynamo_container.plugins.services import usual_services

        yield from usual_services(self._worker(), request, self.worker_gpus)

    def _worker(self) -> Worker | None:
        from dynamo_container.plugins.services import Worker

        if not self.worker:
            return None
        model, served_name = self.worker_model
        return Worker(
            module=self.worker,
            gpus=self.worker_gpus,
            model=model,
            served_name=served_name,
            kv_events=self.kv_events,
            modes=self.disaggregated,
        )

    @hookimpl
    def dynamo_container_checks(self, request: CheckRequest) -> Iterator[values.Check]:
        from dynamo_container.plugins import checks

        dynamo = request.image_info.label(DYNAMO_LABEL)
        extras = request.image_info.label(EXTRAS_LABEL).split()
        overrides = self.releases.overrides(dynamo, request.device, extras)
        for modules in filter(None, (*self.modules, self.releases.modules(dynamo, extras))):
            yield checks.imports(*modules)
        if self.optional_modules:
            yield checks.imports_if_installed(*self.optional_modules)
        if self.modules:
            yield checks.entry_points(*itertools.chain(*self.modules))
        beside = request.image_info.label(ENGINE_IMAGE_LABEL)
        agree = checks.fits_engine if beside else checks.packages_agree
        yield agree(*self.may_disagree, overrides=overrides)
        yield from checks.as_pinned(request)
        if self.smoke_test:
            yield checks.generates_a_token(self.smoke_test)

    def _cache_folder(self, request: RunRequest) -> PurePosixPath:
        return PurePosixPath(request.home, ".cache", self.cache)


def _check_attributes(plugin: type[ServingPlugin]) -> None:
    """Raise PluginError for the plugin's author if an attribute is missing or not valid."""
    label = f"{plugin.__module__}.{plugin.__qualname__}"
    for attribute, example in _REQUIRED.items():
        if not getattr(plugin, attribute, None):
            raise PluginError(
                f"{label} does not set {attribute!r}; add to the class: {attribute} = {example}"
            )
    for attribute in _TUPLES:
        value = getattr(plugin, attribute)
        if not isinstance(value, tuple):
            raise PluginError(f"{label}: {attribute} is {value!r}, which is not a tuple")
    for modules in plugin.modules:
        if not isinstance(modules, tuple):
            raise PluginError(
                f"{label}: modules contains {modules!r}, which is not a tuple of names"
            )
    if not Path(plugin.folder, "releases.toml").is_file():
        raise PluginError(
            f"{label}: folder is {str(plugin.folder)!r}, which has no file releases.toml"
        )
