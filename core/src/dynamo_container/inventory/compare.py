# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Whether two images are the same, and if not, the first step and the first file that differ."""

from __future__ import annotations

import hashlib
import json
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from dynamo_container.docker import engine, process
from dynamo_container.docker.command import Command
from dynamo_container.errors import MachineError
from dynamo_container.inventory.sizes import step_name

_CHUNK: Final = 1 << 20
# The labels that name the base image.
_BASE: Final = "org.opencontainers.image.base."


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A layer of an image.

    Attributes:
        digest: of its files, uncompressed.
        step: that wrote it.
        path: of its archive, in the image's archive.
    """

    digest: str
    step: str
    path: str


@dataclass(frozen=True, slots=True)
class Archive:
    """An image as an archive that `docker image save` wrote; for the digest, see Comparison."""

    file: tarfile.TarFile
    config: dict[str, Any]
    layers: tuple[Layer, ...]
    digest: str = ""

    def entries(self, layer: Layer) -> dict[str, tuple[str, ...]]:
        """Return what is known about each file of a layer: kind, mode, owner, time, content."""
        stream = self.file.extractfile(layer.path)
        assert stream is not None
        with tarfile.open(fileobj=stream, mode="r:*") as archive:
            return {member.name: _facts(archive, member) for member in archive}


def _facts(archive: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[str, ...]:
    content = member.linkname
    if member.isreg() and (stream := archive.extractfile(member)):
        digest = hashlib.sha256()
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
        content = digest.hexdigest()
    owner = f"{member.uid}:{member.gid}"
    return member.type.decode(), f"{member.mode:o}", owner, str(int(member.mtime)), content


# What `_facts` returns, in words.
_NAMES: Final = ("kind", "mode", "owner", "time", "content")


class Comparison(NamedTuple):
    """How two images differ, in lines; nothing if they are the same.

    Attributes:
        lines: the differences.
        digest: of the first image's configuration without its history; it has the digests of all
            layers, uncompressed. So it depends neither on how an engine compresses them, nor on how
            its BuildKit writes the history, with or without the values of arguments.
        other_history: whether the history is written differently.
    """

    lines: tuple[str, ...]
    digest: str
    other_history: bool


def compare(first: str, second: str) -> Comparison:
    """Compare two images.

    Raises:
        EngineError: no engine answers.
        MachineError: the engine does not have one of them.
    """
    with (
        tempfile.TemporaryDirectory(prefix="dynamo-container-compare-") as folder,
        _saved(first, Path(folder)) as one,
        _saved(second, Path(folder)) as other,
    ):
        return Comparison(
            tuple(_compare(one, other)),
            one.digest,
            one.config.get("history") != other.config.get("history"),
        )


def _compare(one: Archive, other: Archive) -> Iterator[str]:
    if (base := _base(one)) != (others := _base(other)):
        yield f"their base images differ: {base} and {others}"
    for number, (mine, theirs) in enumerate(zip(one.layers, other.layers, strict=False), start=1):
        if mine.digest == theirs.digest:
            continue
        yield f"first step that differs: layer {number}, {mine.step}"
        if mine.step != theirs.step:
            yield f"  its step in the other image: {theirs.step}"
        yield from _first_file(one.entries(mine), other.entries(theirs))
        return
    if len(one.layers) != len(other.layers):
        yield f"the number of layers differs: {len(one.layers)} and {len(other.layers)}"
    for key in sorted({*one.config, *other.config} - {"rootfs", "history"}):
        if one.config.get(key) != other.config.get(key):
            yield f"the layers are the same, but not the configuration: {key}"


def _base(image: Archive) -> str:
    """The base image as the labels name it, by digest if it was locked."""
    labels = image.config.get("config", {}).get("Labels") or {}
    parts = (labels.get(f"{_BASE}name"), labels.get(f"{_BASE}digest"))
    return "@".join(filter(None, parts)) or "not known"


def _first_file(
    one: dict[str, tuple[str, ...]], other: dict[str, tuple[str, ...]]
) -> Iterator[str]:
    names = sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
    for name in names[:1]:
        if name not in one or name not in other:
            yield f"first file that differs: /{name}, which only one image has"
            continue
        pairs = zip(_NAMES, one[name], other[name], strict=True)
        different = [fact for fact, mine, theirs in pairs if mine != theirs]
        yield f"first file that differs: /{name} ({', '.join(different)})"
    if len(names) > 1:
        yield f"files of this step that differ: {len(names)}"
    if not names:
        yield "its files are the same in another order"


@contextmanager
def _saved(image: str, folder: Path) -> Iterator[Archive]:
    path = folder / hashlib.sha256(image.encode(errors="surrogatepass")).hexdigest()
    command = Command(argv=("docker", "image", "save", "--output", str(path), image))
    engine.server_version()  # `save` would wait for one that is frozen
    if process.run(command):
        engine.server_version()  # it can have ended meanwhile
        raise MachineError(
            f"the image {image} cannot be read", f"pull or build it; see: docker image ls {image}"
        )
    with tarfile.open(path) as archive:
        yield _archive(archive)


def _archive(file: tarfile.TarFile) -> Archive:
    (manifest,) = json.loads(_content(file, "manifest.json"))
    config = json.loads(_content(file, manifest["Config"]))
    lasting = {key: value for key, value in config.items() if key != "history"}
    steps = [
        step_name(entry.get("created_by", ""))
        for entry in config.get("history", ())
        if not entry.get("empty_layer")
    ]
    digests = config["rootfs"]["diff_ids"]
    steps += [""] * (len(digests) - len(steps))
    layers = zip(digests, steps, manifest["Layers"], strict=False)
    return Archive(
        file,
        config,
        tuple(Layer(digest=digest, step=step, path=path) for digest, step, path in layers),
        f"sha256:{hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()}",
    )


def _content(file: tarfile.TarFile, name: str) -> bytes:
    stream = file.extractfile(name)
    assert stream is not None
    return stream.read()
