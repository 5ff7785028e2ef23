# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Every plan of the four frameworks, as text that can be compared.

python tests/support/golden.py    record tests/golden/plans.json again
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from dynamo_container.cli import main

FILE = Path(__file__).parents[1] / "golden" / "plans.json"
FRAMEWORKS = ("none", "sglang", "trtllm", "vllm")
TARGETS = ("runtime", "dev", "local-dev")
BUILD_KINDS = ("base-image", "build-arg", "label", "pin", "secret", "tag")
RUN_KINDS = ("env", "flag", "mount", "port", "readiness", "setting")
RUNS: dict[str, tuple[str, ...]] = {
    "default": (),
    "runtime": ("--target", "runtime"),
    "gpus": ("--gpus", "0,1", "--runtime", "nvidia"),
    "workspace": ("--target", "local-dev", "--mount-workspace", "/tmp", "--hf-cache", "/hf"),
    "given": ("-e", "A=1", "-v", "/a:/b:ro", "-p", "8000:8000", "--shm-size", "1G", "--user", "5"),
    "gds": ("--use-nixl-gds", "--cap-add", "SYS_ADMIN", "--ulimit", "core=0", "--privileged"),
}
# These change with each of our versions, are a hash of everything else, or are measured later.
_NOT_COMPARED = re.compile(r"label ai\.dynamo\.container\.(kernels|plan|plugins)$")


def plans() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each plan's name, and its values by kind and key, without an engine."""
    for framework in FRAMEWORKS:
        for options in _builds(framework):
            yield f"build {framework} {' '.join(options)}", _values("build", framework, *options)
        for name, options in RUNS.items():
            yield f"run {framework} {name}", _values("run", framework, *options)


def _builds(framework: str) -> Iterator[tuple[str, ...]]:
    releases = json.loads(_output("releases", framework, "--json"))
    rows = releases.get("releases", releases)[framework]
    for target in TARGETS:
        yield ("--target", target)
    for row in rows:
        for cuda in [images["version"] for images in row["cuda"]] or [""]:
            version = ("--dynamo-version", row["dynamo"])
            yield ("--target", "runtime", *version, *(("--cuda-version", cuda) if cuda else ()))


def _values(command: str, framework: str, *options: str) -> dict[str, str]:
    local = command == "build" and "local-dev" in options
    ids = ("--uid", "1234", "--gid", "1234") if local else ()
    source = ("--source", "none") if command == "build" else ()
    document = json.loads(_output("explain", command, framework, *options, *ids, *source, "--json"))
    kinds = BUILD_KINDS if command == "build" else RUN_KINDS
    values: dict[str, str] = {}
    for image in document.get("images", [document]):
        name = f"{image['target']}: " if command == "build" and len(document["images"]) > 1 else ""
        for entry in image["values"]:
            key = f"{entry['kind']} {entry['key']}"
            if entry["kind"] in kinds and not _NOT_COMPARED.match(key):
                values[f"{name}{key}"] = entry["value"]
    return dict(sorted(values.items()))


def _output(*arguments: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()) as err:
        status = main(arguments)
    assert status == 0, err.getvalue()
    return out.getvalue()


if __name__ == "__main__":
    os.environ["DOCKER_HOST"] = "unix:///nonexistent/docker.sock"
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(dict(plans()), indent=0, ensure_ascii=False) + "\n")
