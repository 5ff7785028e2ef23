# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`ServingPlugin`: what the facts of a plugin mean for its images and containers."""

from __future__ import annotations

from pathlib import Path

import pytest
from dynamo_container.api import (
    BuildRequest,
    CheckRequest,
    ImageInfo,
    Model,
    Option,
    PluginError,
    RunRequest,
    ServeRequest,
    ServingPlugin,
)

TABLE = """
default = "1.4.2"

[[release]]
dynamo = "1.4.2"
released = 2026-08-28
wheels = ["acme==3.1"]
overrides = ["nixl==2"]
cuda = [{ version = "13.0", runtime = "cuda:13.0" }]
"""
BUILD = BuildRequest(framework="acme", target="runtime")
RUN = RunRequest(framework="acme", image="x", target="runtime")
CHECK = CheckRequest(framework="acme", image="x", image_info=ImageInfo(id="i", size=1))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "releases.toml").write_text(TABLE)
    return tmp_path


def plugin(folder: Path, /, **facts: object) -> ServingPlugin:
    """Return a plugin of a class with these attributes."""
    attributes = {"name": "acme", "summary": "Acme", "folder": folder, **facts}
    kind = type("Acme", (ServingPlugin,), attributes)
    instance: ServingPlugin = kind()
    return instance


def arguments(acme: ServingPlugin) -> dict[str, str]:
    return {arg.name: arg.value for arg in acme.dynamo_container_build_args(BUILD)}


def environment(acme: ServingPlugin) -> dict[str, str | None]:
    return {var.name: var.value for var in acme.dynamo_container_run_env(RUN)}


def test_the_runtime_starts_from_the_stage_serving(folder):
    (stage,) = plugin(folder).dynamo_container_stages(BUILD)

    assert (stage.name, stage.needs) == ("runtime", ("serving",))
    assert stage.dockerfile == folder / "runtime" / "Dockerfile"


def test_the_release_table_decides_the_image(folder):
    acme = plugin(folder, extras=("acme",), kvbm=True)

    pins = [pin.requirement for pin in acme.dynamo_container_pins(BUILD)]
    assert pins == ["ai-dynamo[acme]==1.4.2", "acme==3.1", "kvbm==1.4.2", "13.0"]
    (base,) = acme.dynamo_container_base_images(BUILD)
    assert (base.stage, base.image) == ("serving", "cuda:13.0")
    (override,) = acme.dynamo_container_overrides(BUILD)
    assert override.requirement == "nixl==2"
    (label,) = acme.dynamo_container_labels(BUILD)
    assert label.value == "580"


def test_an_engine_without_cuda_starts_from_its_base_image_and_does_not_support_cuda(folder):
    table = folder / "releases.toml"
    with_cuda = plugin(folder).dynamo_container_framework()
    table.write_text(TABLE.replace("cuda =", "# cuda ="))
    without = plugin(folder, base_image="debian:13")

    (base,) = without.dynamo_container_base_images(BUILD)
    assert base.image == "debian:13"
    assert with_cuda.supports == ("kvbm", "source", "cuda")
    assert without.dynamo_container_framework().supports == ("kvbm", "source")


def test_an_engine_that_compiles_nothing_has_no_cache_and_no_compiler(folder):
    acme = plugin(folder)

    assert "COMPILES_KERNELS" not in arguments(acme)
    assert environment(acme) == {}
    assert list(acme.dynamo_container_run_mounts(RUN)) == []
    assert list(acme.dynamo_container_run_flags(RUN)) == []


def test_an_engine_that_compiles_kernels_keeps_them_in_a_volume(folder):
    acme = plugin(
        folder,
        cache="acme",
        cache_env={"ACME_CACHE": "", "TRITON_CACHE_DIR": "triton"},
        compile_packages=("acme", "torch"),
        shm_size="16G",
        env={"ACME_FAST": "1"},
    )

    args = arguments(acme)
    assert args["COMPILES_KERNELS"] == "true"
    assert (args["CACHES"], args["COMPILE_PACKAGES"]) == ("acme", "acme torch")
    assert environment(acme) == {
        "ACME_CACHE": "/home/ubuntu/.cache/acme",
        "ACME_FAST": "1",
        "HF_HOME": "/home/ubuntu/.cache/huggingface",
        "TRITON_CACHE_DIR": "/home/ubuntu/.cache/acme/triton",
    }
    (mount,) = acme.dynamo_container_run_mounts(RUN)
    volume = f"dynamo-acme-cache-{RUN.image_key}"
    assert (mount.source, mount.target) == (volume, "/home/ubuntu/.cache/acme")
    (flag,) = acme.dynamo_container_run_flags(RUN)
    assert (flag.flag, flag.value) == ("--shm-size", "16G")


def test_system_packages_precede_the_services_of_old_releases(folder):
    acme = plugin(folder, system_packages=("libacme1",))
    old = BuildRequest(framework="acme", target="runtime", dynamo_version="0.7.1")

    packages = [package.name for package in acme.dynamo_container_system_packages(old)]

    assert packages == ["libacme1", "etcd-server", "nats-server"]


def test_each_command_has_its_own_options(folder):
    build, run = Option(flag="--acme-ref", help="x"), Option(flag="--acme-mode", help="x")
    acme = plugin(folder, build_options=(build,), run_options=(run,))

    assert acme.dynamo_container_options("build") == (build,)
    assert acme.dynamo_container_options("run") == (run,)
    assert acme.dynamo_container_options("check") == ()


@pytest.mark.parametrize(("facts", "gpus"), [({}, 1), ({"worker_gpus": 0}, 0)])
def test_whether_an_engine_needs_a_gpu_is_stated_by_the_gpus_of_its_workers(folder, facts, gpus):
    acme = plugin(folder, **facts)
    worker = plugin(folder, worker="dynamo.acme", **facts)
    model = Model(name="a/b", served_name="b")

    alone = ServeRequest(framework="acme", project="p", container=RUN)
    request = ServeRequest(framework="acme", project="p", model=model, container=RUN)
    (server,) = acme.dynamo_container_services(alone)
    gpus_of = {one.name: one.gpus for one in worker.dynamo_container_services(request)}

    assert server.gpus == gpus
    assert gpus_of == {"frontend": 0, "worker": gpus}
    assert acme.dynamo_container_framework().needs_gpu is (gpus > 0)


def test_checks_import_each_group_of_modules_and_run_the_smoke_test(folder):
    acme = plugin(folder, modules=(("a", "b"), ("c",)), smoke_test="import acme")

    checks = list(acme.dynamo_container_checks(CHECK))

    assert [check.name for check in checks] == [
        "import a, b",
        "import c",
        "imports and libraries of a, b, c",
        "packages agree",
        "generate a token with a tiny model",
    ]
    assert [check.needs_gpu for check in checks] == [False, False, False, False, True]


def test_checks_except_what_the_row_of_the_image_overrides(folder):
    override = '{ requirement = "nixl==2", reason = "KVBM requires 1" }'
    table = folder / "releases.toml"
    table.write_text(table.read_text().replace('"nixl==2"', override))

    def name(release: str) -> str:
        info = ImageInfo(id="i", size=1, labels=(("ai.dynamo.container.dynamo", release),))
        check = CheckRequest(framework="acme", image="x", image_info=info)
        return next(
            check.name
            for check in plugin(folder).dynamo_container_checks(check)
            if check.name.startswith("packages agree")
        )

    assert name("1.4.2") == "packages agree, except nixl (KVBM requires 1)"
    assert name("1.4.1") == "packages agree"


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"name": ""}, r"test_serving\.Acme does not set 'name'; add .*: name = 'acme'"),
        ({"summary": ""}, "does not set 'summary'"),
        ({"folder": None}, r"does not set 'folder'; add .*: folder = Path\(__file__\)\.parent"),
        ({"extras": "acme"}, "extras is 'acme', which is not a tuple"),
        ({"modules": ("acme",)}, "modules contains 'acme', which is not a tuple of names"),
        ({"folder": Path("/nowhere")}, r"folder is '/nowhere', which has no file releases\.toml"),
    ],
)
def test_an_attribute_that_is_missing_or_not_valid_is_the_plugins_fault(folder, facts, message):
    with pytest.raises(PluginError, match=message):
        plugin(folder, **facts)


BROKEN = """
from dynamo_container.api import ServingPlugin

class Acme(ServingPlugin):
    summary = "Acme"

plugin = Acme()
"""


def test_a_broken_plugin_is_named_with_what_it_lacks(cli, site):
    site.install("acme-engine", BROKEN, group="dynamo_container.frameworks", name="acme")

    result = cli("build", "acme", "--dry-run")

    assert result.status == 4
    assert "acme_engine.Acme does not set 'name'" in result.err
