# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Two images, as docker saves them: the first step and the first file that differ."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest
from archives import packed
from dynamo_container.docker import engine, process
from dynamo_container.docker.command import Command
from dynamo_container.inventory import compare

File = tuple[str, bytes]


def image(
    *layers: bytes, user: str = "", base: str = "", history: str = "ENV x"
) -> compare.Archive:
    """An image of these layers, as `docker image save` writes it."""
    steps = [f"RUN step {number}" for number, _ in enumerate(layers, start=1)]
    config = {
        "config": {"User": user, **({"Labels": {BASE_LABEL: base}} if base else {})},
        "history": [{"created_by": history, "empty_layer": True}]
        + [{"created_by": step} for step in steps],
        "rootfs": {"diff_ids": [hashlib.sha256(layer).hexdigest() for layer in layers]},
    }
    names = [f"layer{number}" for number, _ in enumerate(layers)]
    manifest = [{"Config": "config", "Layers": names}]
    files = {
        "manifest.json": json.dumps(manifest).encode(),
        "config": json.dumps(config).encode(),
        **dict(zip(names, layers, strict=True)),
    }
    return compare._archive(tarfile.open(fileobj=io.BytesIO(packed(files))))


BASE_LABEL = "org.opencontainers.image.base.digest"
BASE = packed({"base": b"1"})
FILES = {"opt/a": b"a", "opt/b": b"b"}
OTHERS = {
    "content": (packed({**FILES, "opt/b": b"x"}), "/opt/b (content)"),
    "time": (packed(FILES, time=8), "/opt/a (time)"),
    "mode": (packed(FILES, mode=0o755), "/opt/a (mode)"),
    "missing": (packed({"opt/b": b"b"}), "/opt/a, which only one image has"),
}


@pytest.mark.parametrize(("layer", "file"), OTHERS.values(), ids=OTHERS)
def test_the_first_file_that_differs_is_named_with_its_step(layer, file):
    lines = list(compare._compare(image(BASE, packed(FILES)), image(BASE, layer)))

    assert lines[:2] == [
        "first step that differs: layer 2, step 2",
        f"first file that differs: {file}",
    ]


def test_files_in_another_order_differ():
    swapped = packed(dict(reversed(FILES.items())))

    lines = list(compare._compare(image(packed(FILES)), image(swapped)))

    assert lines[1:] == ["its files are the same in another order"]


def test_another_configuration_and_another_number_of_layers_differ():
    one = image(BASE)

    assert list(compare._compare(one, image(BASE))) == []
    assert list(compare._compare(one, image(BASE, user="root"))) == [
        "the layers are the same, but not the configuration: config"
    ]
    assert "the number of layers differs: 1 and 2" in list(compare._compare(one, image(BASE, BASE)))


def test_another_base_image_is_named():
    other = packed({"base": b"2"})

    lines = list(compare._compare(image(BASE, base="sha256:1"), image(other, base="sha256:2")))

    assert lines[:2] == [
        "their base images differ: sha256:1 and sha256:2",
        "first step that differs: layer 1, step 1",
    ]
    assert "their base images differ: sha256:1 and not known" in list(
        compare._compare(image(BASE, base="sha256:1"), image(BASE))
    )


def test_the_digest_is_that_of_layers_and_configuration_without_the_history():
    one, same, other = image(BASE), image(BASE), image(BASE, user="other")
    old = image(BASE, history="ARG NAME")
    new = image(BASE, history="ARG NAME=value")

    assert one.digest == same.digest == old.digest == new.digest
    assert list(compare._compare(old, new)) == []
    assert one.digest != other.digest
    assert one.digest != image(packed(FILES)).digest


CONFIG = b'{"rootfs": {"diff_ids": []}}'
NAMES = ("an/image:1", "\udcff", "caf\udcc3\udca9", "../../outside", "/outside", "a b", "x" * 5000)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:20]))
def test_an_image_of_any_name_is_saved_in_the_folder(name, tmp_path, monkeypatch):
    """The name is part of no path."""
    files = {"manifest.json": b'[{"Config": "config", "Layers": []}]', "config": CONFIG}
    saved: list[Path] = []

    def save(command: Command) -> int:
        saved.append(Path(command.argv[4]))
        saved[0].write_bytes(packed(files))
        return 0

    monkeypatch.setattr(process, "run", save)
    monkeypatch.setattr(engine, "server_version", lambda: "28")

    with compare._saved(name, tmp_path) as archive:
        assert archive.layers == ()
    assert [path.parent for path in saved] == [tmp_path]
