# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Distributions as pip leaves them: a package and a `.dist-info` folder with its metadata."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

FRAMEWORKS = "dynamo_container.frameworks"
OVERLAYS = "dynamo_container.overlays"

DOCKERFILE = """\
ARG BASE_IMAGE=scratch
FROM ${BASE_IMAGE} AS runtime
ARG GREETING
"""

FRAMEWORK = """
from pathlib import Path
from dynamo_container.api import *

HERE = Path(__file__).parent

@hookimpl
def dynamo_container_framework():
    return Framework(summary="a test's", default_target="runtime")

@hookimpl
def dynamo_container_stages(request):
    return [Stage(name="runtime", dockerfile=HERE / "Dockerfile")]
"""
# A plugin with an option, whose value is a pin.
PIN = """
@hookimpl
def dynamo_container_options(command):
    if command == "build":
        yield Option(flag="--tiny-ref", metavar="REF", help="a git ref")

@hookimpl
def dynamo_container_pins(request):
    if ref := request.option("tiny_ref"):
        yield Pin(name="tiny", version=ref, kind="git", build_arg="GREETING")
"""


@dataclass(frozen=True)
class Site:
    """A folder of installed distributions."""

    folder: Path

    def install(
        self,
        distribution: str,
        body: str = "",
        *,
        group: str = OVERLAYS,
        name: str | None = None,
        version: str = "1.0",
        files: dict[str, str] | None = None,
        requires: tuple[str, ...] = (),
    ) -> Path:
        """Install a plugin whose module has this body; the result is its package's folder."""
        package = distribution.replace("-", "_")
        folder = self.folder / package
        folder.mkdir()
        (folder / "__init__.py").write_text(textwrap.dedent(body))
        for file, content in (files or {}).items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(content)
        info = self.folder / f"{package}-{version}.dist-info"
        info.mkdir()
        required = "".join(f"Requires-Dist: {one}\n" for one in requires)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n{required}"
        )
        (info / "entry_points.txt").write_text(f"[{group}]\n{name or distribution} = {package}\n")
        return folder

    def framework(self, name: str, body: str = "", dockerfile: str = DOCKERFILE) -> Path:
        """Install a framework with one stage, `runtime`."""
        return self.install(
            f"acme-{name}",
            FRAMEWORK + textwrap.dedent(body),
            group=FRAMEWORKS,
            name=name,
            files={"Dockerfile": dockerfile},
        )

    def uninstall(self, distribution: str) -> None:
        """Take a distribution away again, as far as discovery goes."""
        for info in self.folder.glob(f"{distribution.replace('-', '_')}-*.dist-info"):
            info.rename(info.with_suffix(".gone"))
