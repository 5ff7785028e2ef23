# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Plugins: discovery without imports, names, the default framework, and selection."""

from __future__ import annotations

import re
import sys

import pytest
from dynamo_container.errors import ConflictError, UsageError
from dynamo_container.plugins import discovery, hookspecs
from dynamo_container.plugins.registry import Registry
from fakes import FRAMEWORKS, Site
from registries import loaded, registry_of


def declare_default(site: Site, distribution: str, framework: str) -> None:
    """Let an installed distribution declare that its framework is the default."""
    package = distribution.replace("-", "_")
    entry_points = site.folder / f"{package}-1.0.dist-info" / "entry_points.txt"
    entry = f"[dynamo_container.default]\n{framework} = {package}\n"
    entry_points.write_text(entry_points.read_text() + entry)


def test_discovery_imports_nothing(site):
    site.framework("acme")
    site.install("acme-overlay", "raise RuntimeError('imported')")

    registry = Registry.discover()

    assert "acme" in registry.frameworks
    assert not {"acme_acme", "acme_overlay"} & set(sys.modules)


def test_only_the_selected_framework_is_imported(site):
    site.framework("acme")
    site.framework("other")

    loaded("acme")

    assert "acme_acme" in sys.modules
    assert "acme_other" not in sys.modules


def test_options_of_one_framework_do_not_import_another_one(site):
    body = """
        @hookimpl
        def dynamo_container_options(command):
            yield Option(flag="--acme-ref", help="A git ref.")
    """
    site.framework("acme", body)
    site.framework("other", "raise RuntimeError('imported')")
    registry = Registry.discover()
    registry.try_load("acme")

    options = registry.options("build", ("acme",))

    assert [option.value.flag for option in options if option.source.name == "acme"] == [
        "--acme-ref"
    ]
    assert "acme_other" not in sys.modules


def test_names_are_compared_without_case_and_punctuation(site):
    site.framework("My_Engine")

    assert Registry.discover().framework("my-ENGINE") == "my-engine"


def test_unreadable_metadata_of_one_distribution_does_not_hide_the_other_ones(site):
    site.framework("acme")
    site.install("acme-garbled", "")
    (site.folder / "acme_garbled-1.0.dist-info" / "entry_points.txt").write_bytes(b"\xff\xfe[x")

    (failure,) = loaded("acme").failures

    assert "acme-garbled 1.0" in str(failure)
    assert "metadata cannot be read" in str(failure)


def test_a_framework_that_two_distributions_provide_is_a_conflict_that_names_both(site):
    site.framework("acme")
    site.install("stranger", group=FRAMEWORKS, name="ACME", version="9.1")

    with pytest.raises(ConflictError) as error:
        loaded("acme")

    assert error.value.exit_status == 5
    for text in ("acme-acme 1.0", "stranger 9.1", "pip uninstall", "--no-plugin stranger"):
        assert text in str(error.value)


def test_an_overlay_that_two_distributions_provide_is_a_conflict_that_exclusion_resolves(site, cli):
    site.framework("acme")
    site.install("acme-policy", name="policy")
    site.install("stranger", name="policy", version="9.1")

    result = cli("build", "acme", "--dry-run")

    assert result.status == 5
    for text in ("overlay 'policy'", "acme-policy 1.0", "stranger 9.1", "--no-plugin stranger"):
        assert text in result.err
    cli.ok("build", "acme", "--dry-run", "--no-plugin", "stranger")


def test_one_module_can_be_the_plugin_of_several_names(site):
    site.framework("acme", "@hookimpl\ndef dynamo_container_notices(request):\n    return []\n")
    entry_points = site.folder / "acme_acme-1.0.dist-info" / "entry_points.txt"
    entry_points.write_text(entry_points.read_text() + "acme-next = acme_acme\n")

    registry = loaded("acme", "acme-next")

    names = [plugin.candidate.name for plugin in registry.plugins("acme-next")]
    assert names == ["acme-next", "images"]
    for framework in ("acme", "acme-next"):
        (description,) = registry.call_for(framework, hookspecs.dynamo_container_framework)
        assert description.source.name == framework


def test_the_extras_of_the_core_are_the_known_frameworks(site):
    site.framework("acme")

    registry = Registry.discover()

    assert dict(registry.catalog.known_frameworks) == {
        name: f"dynamo-container-{name}" for name in ("none", "sglang", "trtllm", "vllm")
    }
    assert set(registry.known_frameworks) >= {"acme", "none", "sglang", "trtllm", "vllm"}


def test_an_extra_that_brings_something_else_is_not_a_known_framework(site):
    info = site.folder / "dynamo_container-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: dynamo-container\nVersion: 1.0\n"
        "Provides-Extra: ssh\nRequires-Dist: docker[ssh]>=7; extra == 'ssh'\n"
        "Provides-Extra: Gaudi\nRequires-Dist: dynamo_container.gaudi<2; extra == 'gaudi'\n"
    )

    assert discovery.known_frameworks() == {"gaudi": "dynamo-container-gaudi"}


def test_a_known_framework_that_is_not_installed_comes_with_the_command_to_install_it(site):
    site.framework("acme")

    with pytest.raises(UsageError) as error:
        registry_of("acme", "none").framework("trtllm")

    assert "'trtllm' is not installed (installed frameworks: acme, none)" in error.value.what
    assert error.value.next_step == "pip install dynamo-container-trtllm"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("tensorrtllm", "trtllm"),
        ("trt-llm", "trtllm"),
        ("tensorrt-llm", "trtllm"),
        ("TensorRT-LLM", "trtllm"),
        ("sgl", "sglang"),
        ("vlm", "vllm"),
        ("dynamo-vllm", "vllm"),
        ("vllm-runtime", "vllm"),
        ("dynamo-container-sglang", "sglang"),
    ],
)
@pytest.mark.parametrize("installed", [True, False])
def test_what_people_type_for_a_framework_suggests_its_name(site, name, meant, installed):
    names = ("none", "sglang", "trtllm", "vllm") if installed else ("none",)
    registry = registry_of(*names)

    with pytest.raises(UsageError) as error:
        registry.framework(name)

    command = "" if installed else f" (pip install dynamo-container-{meant})"
    assert error.value.next_step == f"did you mean {meant!r}?{command}"


@pytest.mark.parametrize("name", ["vlm", "vlllm", "dynamo-vlm", "tensorflow", "x", "vllm-gaudi"])
def test_only_known_distributions_are_ever_advised(cli, name):
    shown = cli("build", name, "--dry-run").err

    advised = set(re.findall(r"dynamo-container-[a-z0-9-]+", shown))
    assert advised <= set(discovery.known_frameworks().values())


@pytest.mark.parametrize(
    ("name", "next_step"),
    [
        ("acmee", "did you mean 'acme'?"),
        ("vlm", "did you mean 'vllm'? (pip install dynamo-container-vllm)"),
        (
            "quantum",
            "install the plugin that provides it; known ones that are not installed: none, vllm",
        ),
    ],
)
def test_an_unknown_framework_suggests_a_similar_name_and_no_unknown_distribution(
    site, name, next_step
):
    site.framework("acme")

    with pytest.raises(UsageError) as error:
        registry_of("acme", "sglang", "trtllm").framework(name)

    installed = "installed frameworks: acme, sglang, trtllm"
    assert error.value.what == f"framework {name!r} not found ({installed})"
    assert error.value.next_step == next_step


def test_something_that_cannot_be_a_framework_name_is_not_shown(site):
    site.framework("acme")

    with pytest.raises(UsageError, match="not a valid name") as error:
        registry_of("acme").framework("https://user:SECRET@index.example/simple")

    assert "SECRET" not in str(error.value)


def test_the_only_framework_is_the_default(site):
    site.framework("acme")

    assert registry_of("acme").default_framework() == "acme"


def test_the_default_of_several_frameworks_is_the_one_whose_distribution_declares_it(site):
    site.framework("acme")
    site.framework("better")
    declare_default(site, "acme-better", "better")

    assert registry_of("acme", "better").default_framework() == "better"
    assert registry_of("acme").default_framework() == "acme"


def test_only_the_distribution_of_a_framework_can_make_it_the_default(site):
    site.framework("acme")
    site.framework("better")
    declare_default(site, "acme-better", "acme")

    with pytest.raises(UsageError, match="name one of: acme, better"):
        registry_of("acme", "better").default_framework()


def test_two_defaults_are_a_conflict_unless_a_framework_is_named(site):
    site.framework("acme")
    site.framework("better")
    declare_default(site, "acme-acme", "acme")
    declare_default(site, "acme-better", "better")
    registry = registry_of("acme", "better")

    with pytest.raises(ConflictError) as error:
        registry.default_framework()

    assert "'acme' by acme-acme 1.0 and 'better' by acme-better 1.0" in error.value.what
    assert error.value.next_step == "name one of: acme, better"
    assert registry.framework("better") == "better"


def test_vllm_declares_itself_the_default():
    assert registry_of("none", "sglang", "vllm").default_framework() == "vllm"


def test_without_a_default_several_frameworks_are_an_error_that_lists_them(site):
    site.framework("acme")

    with pytest.raises(UsageError, match="name one of: acme, none"):
        registry_of("acme", "none").default_framework()


def test_without_any_framework_the_error_lists_the_known_distributions():
    with pytest.raises(UsageError, match="pip install") as error:
        registry_of().default_framework()

    assert "dynamo-container-none, dynamo-container-sglang" in error.value.next_step


def test_a_known_framework_of_another_distribution_causes_a_warning(site, cli, monkeypatch):
    site.framework("trtllm")
    monkeypatch.setenv("DYNAMO_CONTAINER_PLUGINS", "images,acme-trtllm")

    built = cli.ok("build", "trtllm", "--dry-run")

    assert (
        "warning: the framework 'trtllm' is provided by acme-trtllm 1.0 (acme_trtllm in "
        in built.err
    )
    assert "not by dynamo-container-trtllm" in built.err


def test_an_excluded_plugin_is_not_imported(site):
    site.framework("acme")
    site.install("acme-policy", "raise RuntimeError('imported')")
    registry = Registry.discover(without=["ACME_policy"])

    registry.load("acme")

    assert registry.failures == ()
    assert "acme_policy" not in sys.modules


def test_an_excluded_framework_is_an_error_that_says_what_excludes_it(site):
    site.framework("acme")

    with pytest.raises(UsageError, match=r"'acme' \(acme-acme 1\.0\) is excluded by --no-plugin"):
        Registry.discover(without=["acme"]).framework("acme")


def test_excluding_a_plugin_that_is_not_installed_is_an_error(site):
    site.framework("acme")

    with pytest.raises(UsageError, match="--no-plugin acmee: plugin not found") as error:
        Registry.discover(without=["acmee"])

    assert "acme, images, " in str(error.value)


def test_the_allow_list_excludes_all_other_plugins(site, cli, monkeypatch):
    site.framework("acme")
    site.install("acme-policy", "raise RuntimeError('imported')")
    monkeypatch.setenv("DYNAMO_CONTAINER_PLUGINS", "images, acme absent")

    built = cli.ok("build", "acme", "--dry-run")

    assert "DYNAMO_CONTAINER_PLUGINS contains 'absent', which is not installed" in built.err
    assert re.search("by DYNAMO_CONTAINER_PLUGINS: acme-policy$", built.err, re.MULTILINE)
    assert "acme_policy" not in sys.modules
    assert cli("build", "none", "--dry-run").status == 2
    assert "excluded by DYNAMO_CONTAINER_PLUGINS" in cli.ok("plugins", "show", "none").out


def test_a_framework_without_the_shared_stages_names_the_missing_one(site, cli, monkeypatch):
    monkeypatch.setenv("DYNAMO_CONTAINER_PLUGINS", "none")

    built = cli("build", "none", "--target", "runtime", "--dry-run")

    assert built.status != 0
    assert "by DYNAMO_CONTAINER_PLUGINS: images" in built.err
    assert "which no loaded plugin provides" in built.err


def test_an_empty_allow_list_is_an_error(cli, monkeypatch):
    monkeypatch.setenv("DYNAMO_CONTAINER_PLUGINS", " ")

    assert "DYNAMO_CONTAINER_PLUGINS is empty" in cli("build", "none", "--dry-run").err


@pytest.mark.parametrize("words", [("--no-plugin", "stranger", "build"), ("build",)])
def test_excluding_one_of_two_plugins_of_a_name_selects_the_other_one(
    site, cli, monkeypatch, words
):
    site.framework("acme")
    site.install("stranger", group=FRAMEWORKS, name="ACME", version="9.1")
    if len(words) == 1:
        monkeypatch.setenv("DYNAMO_CONTAINER_BUILD_NO_PLUGIN", "stranger")

    built = cli.ok(*words, "acme", "--dry-run")

    assert "acme_acme/Dockerfile" in built.out
    after = cli.ok("build", "acme", "--no-plugin", "stranger", "--dry-run")
    assert after.out == built.out
