# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Inventories of images: who asked for a package, policies, CycloneDX, and license texts."""

from __future__ import annotations

import json
import sys
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from dynamo_container.docker import contained
from dynamo_container.errors import (
    MachineError,
    PolicyError,
    TooMuchOutputError,
    UsageError,
    WorkFailedError,
)
from dynamo_container.inventory import contents, cyclonedx, listing, policy, program
from dynamo_container.inventory.contents import Contents, PythonPackage, SystemPackage
from dynamo_container.model.facts import ImageInfo
from dynamo_container.model.requests import Component, Inventory
from dynamo_container.plugins.registry import Registry
from fakes import Site

POLICY = """
from dynamo_container.api import *

@hookimpl
def dynamo_container_inventory(inventory):
    for component in inventory.components:
        if component.license.startswith("GPL"):
            yield Refusal(reason=f"not licensed: {component.describe()}", hint="leave it out")
"""


@pytest.mark.parametrize(
    "words", [("size", "a:1"), ("sbom", "a:1"), ("notices", "a:1"), ("diff", "a:1", "a:1")]
)
def test_an_image_that_prints_without_end_is_refused_by_name(cli, monkeypatch, words):
    def run(*_words: str, limit: int, **_options: float) -> None:
        raise TooMuchOutputError(f"'docker start' printed more than {limit} bytes")

    monkeypatch.setattr(program, "inspect", lambda image: ImageInfo(id=image, size=1))
    monkeypatch.setattr(contained, "run", run)

    result = cli(*words)

    assert result.status == 1
    assert result.err == (
        "error: what the image a:1 reports is not valid: more than 50 MB\n"
        "by layer: dynamo-container size a:1 --by layer\n"
    )


def probe() -> dict[str, Any]:  # functions
    """The functions of the program that runs in images, without running it."""
    source = Path(contents.__file__).with_name("contents_probe.py").read_text()
    names: dict[str, Any] = {}
    exec(compile(source.rpartition("\nmain()")[0], "contents_probe.py", "exec"), names)
    return names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("License: GPL-2+ with Bison exception or Artistic, and Expat\n", None),
        ("License: CC0 license\n", None),
        ("License: MPL-1.1 or GPL-2+ or LGPL-2.1+\n its text\n", "MPL-1.1 or GPL-2+ or LGPL-2.1+"),
        ("License: Expat\n\nLicense: ISC or GPL-1+\n", "Expat AND (ISC or GPL-1+)"),
        ("License: Expat\nLicense: Permission is hereby granted, free of charge, to\n", "Expat"),
        ("License: This software is provided 'as-is', without any express or implied\n", ""),
        ("License: Redistribution and use in source and binary forms, with or without\n", ""),
        ("License: By obtaining, using, and/or copying this software and/or its\n", ""),
        ("License: The main library is licensed under GNU Lesser\n", ""),
        ("License: * Permission to use\nsee /usr/share/common-licenses/GPL-2.\n", ""),
        ("It is free software, see /usr/share/common-licenses/GPL-2.\n", "GPL-2"),
    ],
)
def test_only_names_of_licenses_are_licenses_of_a_system_package(text, expected):
    functions = probe()

    found = functions["all_of"](functions["names_of"](text))

    assert found == (text.removeprefix("License: ").strip() if expected is None else expected)


SENTENCE = "Permission is hereby granted, free of charge, to any person obtaining a copy of it"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BSD 3-Clause\n\nCopyright (c) 2020", "BSD 3-Clause"),
        (SENTENCE, ""),
        (f"\n{SENTENCE}\nMIT", ""),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_the_text_of_a_license_is_not_its_name(text, expected):
    functions = probe()
    metadata = Message()
    metadata["License"] = text.replace("\n", "\n ")
    component = {"licenses": [{"license": {"name": text}}, {"license": {"id": "MIT"}}]}

    assert functions["license_of"](metadata) == expected
    known = expected or ("unknown" if text == "unknown" else "")
    assert list(functions["licenses"](component)) == [known, "MIT"]


def loaded(site: Site) -> Registry:
    """The registry with the framework `tiny`."""
    site.framework("tiny")
    registry = Registry.discover()
    registry.load("tiny")
    return registry


def package(name: str, *requires: str, **fields: object) -> PythonPackage:
    plain: dict[str, object] = {
        "version": "1.0", "license": "MIT", "size": 1, "from_base": False,
        "libraries": (), "boms": (), "texts": (),
    }  # fmt: skip
    return PythonPackage(name=name, requires=requires, **(plain | fields))  # type: ignore[arg-type]


def component(name: str, license_: str = "MIT", **fields: object) -> Component:
    plain: dict[str, object] = {"kind": "python", "version": "1.0"}
    return Component(name=name, license=license_, **(plain | fields))  # type: ignore[arg-type]


def inventory(*components: Component) -> Inventory:
    return Inventory(image="tiny:1", framework="tiny", components=components)


def test_the_path_to_a_package_is_the_shortest_chain_of_requirements():
    packages = (
        package("dynamo", "Mid_Dle>=1", "direct"),
        package("mid-dle", "deep", "direct"),
        package("direct"),
        package("deep"),
    )

    paths = contents.paths_from(["dynamo", "not-installed"], packages)

    assert paths["deep"] == ("dynamo", "mid-dle", "deep")
    assert paths["direct"] == ("dynamo", "direct")


@pytest.mark.parametrize(
    ("requirements", "path"),
    [
        (('far ; extra == "more"', "near"), ("dynamo", "near", "far")),
        (('far ; extra == "more"',), ("dynamo", "far")),
        (("far ; python_version >= '3'",), ("dynamo", "far")),
        ((), None),
    ],
)
def test_what_an_extra_requires_is_the_last_choice(requirements, path):
    packages = (package("dynamo", *requirements), package("near", "far"), package("far"))

    assert contents.paths_from(["dynamo"], packages).get("far") == path


def test_packages_that_require_each_other_end():
    packages = (package("one", "two"), package("two", "one"))

    assert contents.paths_from(["one"], packages)["two"] == ("one", "two")


def test_only_what_has_the_name_is_left_and_a_wrong_name_gets_a_suggestion():
    whole = inventory(component("requests"), component("urllib3"))

    assert [one.name for one in contents.only(whole, "requests").components] == ["requests"]
    with pytest.raises(UsageError) as raised:
        contents.only(whole, "request")
    assert "did you mean requests?" in raised.value.next_step


def test_a_policy_names_the_package_who_asked_for_it_and_the_hint(site, monkeypatch):
    site.install("strict", POLICY)
    registry = loaded(site)
    gpl = component("bad", "GPL-3.0-only", via=("tiny", "dynamo", "bad"))
    monkeypatch.setattr(contents, "inventory", lambda _image: inventory(component("good"), gpl))

    with pytest.raises(PolicyError) as raised:
        policy.require(registry, "tiny", "tiny:1")

    message = raised.value.what
    assert "tiny:1 is refused: not licensed: bad 1.0 (GPL-3.0-only; asked for by" in message
    assert "asked for by tiny > dynamo > bad" in message
    assert "strict" in message
    assert "good" not in message
    assert raised.value.next_step == "leave it out"


def test_without_a_policy_the_image_is_not_examined(site):
    registry = loaded(site)

    policy.require(registry, "tiny", "an image that no engine has")


PARTS = (
    component("simple", sha256="a" * 64, via=("tiny", "simple")),
    component("odd", "Some License\nof several lines"),
    component("none-known", ""),
    component("libc6", "GPL-2.0+ AND LGPL-2.1+", kind="apt", from_base=True),
    component("serde", "MIT OR Apache-2.0", kind="crate"),
    component("x.libs/liby.so.1", "", kind="native", sha256="b" * 64),
)


def test_cyclonedx_has_every_part_with_package_url_hash_and_license():
    document = json.loads(cyclonedx.document(inventory(*PARTS)))

    assert document["bomFormat"] == "CycloneDX"
    assert document["metadata"]["component"]["name"] == "tiny:1"
    by_name = {one["name"]: one for one in document["components"]}
    assert by_name.keys() == {part.name for part in PARTS}
    assert by_name["simple"]["purl"] == "pkg:pypi/simple@1.0"
    assert by_name["simple"]["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert by_name["simple"]["properties"][0]["value"] == "tiny > simple"
    assert by_name["libc6"]["purl"] == "pkg:deb/debian/libc6@1.0"
    assert by_name["serde"]["purl"] == "pkg:cargo/serde@1.0"
    assert by_name["serde"]["licenses"] == [{"expression": "MIT OR Apache-2.0"}]
    assert by_name["odd"]["licenses"] == [{"license": {"name": "Some License of several lines"}}]
    assert "licenses" not in by_name["none-known"]
    assert "purl" not in by_name["x.libs/liby.so.1"]


def test_unknown_licenses_are_counted():
    assert list(listing.summary(inventory(*PARTS))) == [
        "3 Python packages, 1 of them with an unknown license",
        "1 packages of the distribution, 0 of them with an unknown license",
        "1 Rust crates, 0 of them with an unknown license",
        "1 native libraries in Python packages, 1 of them with an unknown license",
    ]


def test_notices_have_each_text_once_and_nothing_of_the_base_image():
    found = Contents(
        python=(package("one", texts=("mit",)), package("two", texts=("mit", "mit"))),
        apt=(
            SystemPackage(name="below", version="1", license="", from_base=True, texts=("secret",)),
            SystemPackage(name="above", version="1", license="", from_base=False, texts=()),
        ),
        texts={"mit": "Permission is hereby granted", "secret": "of the base image"},
    )

    text = "".join(listing.notices(found))

    assert text.count("Permission is hereby granted") == 1
    assert "--- one 1.0 (MIT), two 1.0 (MIT)" in text
    assert "below" not in text
    assert "of the base image" not in text
    assert "Without license texts of their own: above 1 (unknown)" in text


def test_without_its_library_cyclonedx_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cyclonedx.output", None)

    with pytest.raises(MachineError) as raised:
        cyclonedx.document(inventory(*PARTS))

    assert raised.value.next_step == "install it: pip install 'dynamo-container[sbom]'"


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[]",
        '{"python": 1}',
        '{"python": [], "apt": [{}]}',
        "[" * 100_000,
        '{"x": ' + "[" * 100_000,
    ],
    ids=lambda answer: answer[:9],
)
def test_an_image_whose_answer_is_not_an_inventory_is_an_error(monkeypatch, answer):
    monkeypatch.setattr(program, "inspect", lambda _image: None)
    monkeypatch.setattr(program, "run", lambda *_words: answer)

    with pytest.raises(WorkFailedError, match="what the image tiny:1 reports is not valid"):
        contents.examine("tiny:1")
