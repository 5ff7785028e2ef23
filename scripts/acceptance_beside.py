#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Put Dynamo beside the vLLM of an image that others could have made, check it, serve a model.

    python scripts/acceptance_beside.py [--device cpu|cuda] [--base-image IMAGE]

The engine's image is made as its users would: vLLM in a virtual environment, by uv, without Dynamo.
Two versions of Dynamo are put beside it. It reports what each adds, which of the engine's files are
different afterwards, and for CPUs the answers of a model, which are known. This takes 8 GB of disk
space, for CUDA 12 GB, and requires a running Docker Engine and the installed packages;
`make acceptance` provides both.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
import time
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import acceptance
import acceptance_cpu

VERSIONS = ("1.6.0", "1.6.1")
ENGINE = """
FROM {base}
RUN apt-get -qq update >/dev/null && \\
    apt-get -qq -y --no-install-recommends install g++ libpython3-dev python3-venv >/dev/null && \\
    rm -rf /var/lib/apt/lists/*
ENV PATH=/opt/venv/bin:$PATH VIRTUAL_ENV=/opt/venv
COPY overrides.txt /tmp/
RUN --mount=type=secret,id=ca,target=/ca.pem {variables} && \\
    python3 -m venv /opt/venv && pip --quiet --disable-pip-version-check install '{uv}' && \\
    uv pip install --quiet --no-cache --exclude-newer {date} --overrides /tmp/overrides.txt {engine}
ENTRYPOINT ["vllm", "serve"]
"""
HEADINGS = """
| dynamo | engine, s | build, s | engine, MB | added, MB | files | changed | checks | answers |
|---|---|---|---|---|---|---|---|---|"""


class Entry(NamedTuple):
    """A path in an image's file system; all of it that a program could see, except for times."""

    kind: bytes
    mode: int
    owner: tuple[int, int]
    target: str
    size: int
    checksum: int


@dataclass(frozen=True)
class Comparison:
    """How the file system of an image differs from that of the engine below it."""

    added: int
    added_bytes: int
    changed: tuple[str, ...]


def main() -> int:
    """Make the engine, then build, check, compare and serve for each version; return the status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--base-image", default="ubuntu:24.04")
    options = parser.parse_args()
    mark = uuid.uuid4().hex[:12]
    engine = f"dynamo-container-acceptance/vllm-alone:{mark}"
    existing = frozenset(identity for identity, _ in acceptance.cache_records())
    passed, lines = True, []
    try:
        made = make_engine(engine, options.device, options.base_image)
        below = file_system(engine)
        for version in VERSIONS:
            line, accepted = accept(version, engine, below, options.device, options.base_image)
            lines.append(line.format(made=made))
            passed = passed and accepted
            # Print each result at once: the next version may fail.
            print(HEADINGS, *lines, "", sep="\n", flush=True)
    finally:
        acceptance.docker("image", "rm", "--force", engine)
        acceptance.prune("/opt/tools/install-beside", "overrides.txt", keep=existing)
    return 0 if passed else 1


def make_engine(image: str, device: str, base_image: str) -> float:
    """Make the engine's image from the packages that its users would install; return the seconds.

    For CPUs, they have to override what only GPUs use, as the release table does.
    """
    plan = acceptance.plan("vllm", "--device", device)
    (wheel,) = (word for word in plan["REQUIREMENTS"].split() if word.startswith("vllm"))
    bundle = acceptance.CA_BUNDLE
    variables = [f"{name}=/ca.pem" for name in acceptance.CA_VARIABLES if bundle.is_file()]
    dockerfile = ENGINE.format(
        base=base_image,
        uv=plan["UV"],
        date=plan["RESOLVE_AS_OF"],
        engine=f"'{wheel}'",
        variables=f"export {' '.join(variables)}" if variables else "true",
    )
    print(f"$ docker build, of {wheel} in {base_image}", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        text = plan["OVERRIDES"].replace("|", "\n") if device == "cpu" else ""
        Path(directory, "overrides.txt").write_text(text)
        secret = ("--secret", f"id=ca,src={bundle}") if bundle.is_file() else ()
        words = ("build", "--quiet", "--no-cache", "--network", "host", "--tag", image, *secret)
        command = ["docker", *words, "--file", "-", directory]
        subprocess.run(command, input=dockerfile, text=True, check=True)
    return time.monotonic() - started


def accept(
    version: str, engine: str, below: dict[str, Entry], device: str, base_image: str
) -> tuple[str, bool]:
    """Return the line of a version of Dynamo, and whether it is accepted."""
    image = f"{engine}-beside-{version}"
    try:
        started = time.monotonic()
        acceptance.ours(
            "build", "vllm", "--device", device, "--target", "runtime",
            "--dynamo-version", version, "--engine-image", engine, "--base-image", base_image,
            "--tag", image, "--no-latest", "--source", "none", "--no-cache",
        )  # fmt: skip
        built = time.monotonic() - started
        checked = acceptance.ours("check", image, check=False)
        print(checked.stdout, flush=True)
        found = compare(below, file_system(image))
        print(f"of the engine's files changed: {found.changed or 'none'}", flush=True)
        answers = acceptance_cpu.serve(image)[1] if device == "cpu" else ()
    finally:
        acceptance.docker("image", "rm", "--force", image)
    passed, number = acceptance.results(checked.stdout)
    cells = (
        version, "{made:.0f}", f"{built:.0f}", f"{total(below) / 1e6:,.0f}",
        f"{found.added_bytes / 1e6:,.0f}", str(found.added), str(len(found.changed)),
        f"{passed} of {number}", " / ".join(map(repr, answers)) or "-",
    )  # fmt: skip
    right = answers == (acceptance_cpu.ANSWER,) * 2 or device == "cuda"
    return f"| {' | '.join(cells)} |", checked.returncode == 0 and right and not found.changed


def compare(below: dict[str, Entry], above: dict[str, Entry]) -> Comparison:
    """Compare the file system of an image with that of the engine below it."""
    added = {path: entry for path, entry in above.items() if path not in below}
    changed = sorted(path for path, entry in below.items() if above.get(path) != entry)
    return Comparison(added=len(added), added_bytes=total(added), changed=tuple(changed))


def total(entries: dict[str, Entry]) -> int:
    """Return the bytes of these files."""
    return sum(entry.size for entry in entries.values())


def file_system(image: str) -> dict[str, Entry]:
    """Return everything in an image, by path."""
    with container(image) as name, exported(name) as archive:
        return {member.name: entry(archive, member) for member in archive}


def entry(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    """Return what a member of an archive is."""
    checksum = 0
    if file := archive.extractfile(member) if member.isreg() else None:
        while chunk := file.read(1 << 20):
            checksum = zlib.crc32(chunk, checksum)
    owner = (member.uid, member.gid)
    return Entry(member.type, member.mode, owner, member.linkname, member.size, checksum)


@contextmanager
def container(image: str) -> Iterator[str]:
    """Create a container that is never started."""
    name = acceptance.docker("create", image, "true")
    try:
        yield name
    finally:
        acceptance.docker("rm", "--force", name)


@contextmanager
def exported(name: str) -> Iterator[tarfile.TarFile]:
    """Read the file system of a container as an archive."""
    command = ["docker", "export", name]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as process,
        tarfile.open(fileobj=process.stdout, mode="r|", bufsize=1 << 20) as archive,
    ):
        yield archive
        assert process.stdout
        while process.stdout.read(1 << 20):  # what is after the end of the archive
            pass
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        print(f"acceptance: {error}", file=sys.stderr)
        sys.exit(1)
