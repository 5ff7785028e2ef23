# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What is in an image that was built, as hooks see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

ComponentKind: TypeAlias = Literal["python", "apt", "crate", "native"]
# The word for a license that nothing states.
UNKNOWN_LICENSE = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A part of an image.

    Attributes:
        kind: a package of Python (`python`) or of the distribution (`apt`); inside a package of
            Python: a crate of Rust, or a native library.
        name, version: of the package or crate; of a native library the name of its file or project.
        license: as its metadata states it, such as `Apache-2.0`; empty if unknown.
        sha256: of the wheel, from a lock; of a native library; empty if unknown.
        size: of the files of a package of Python, in bytes; 0 if unknown.
        via: who asked for it: the framework whose plugin did, and the packages from the one that it
            names to the one that requires this; the package that contains it.
        from_base: whether the base image has it.
    """

    kind: ComponentKind
    name: str
    version: str
    license: str = ""
    sha256: str = ""
    size: int = 0
    via: tuple[str, ...] = ()
    from_base: bool = False

    def describe(self) -> str:
        """Return it with its license, and who asked for it."""
        asked = f"; asked for by {' > '.join(self.via)}" if self.via else ""
        return f"{self.name} {self.version} ({self.license or UNKNOWN_LICENSE}{asked})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What is in an image.

    Attributes:
        image: its reference.
        framework, target: as its labels name them; empty if they do not.
        size: of all layers, in bytes.
        components: its parts, by kind and name.
    """

    image: str
    framework: str = ""
    target: str = ""
    size: int = 0
    components: tuple[Component, ...] = ()

    def of_kind(self, kind: ComponentKind) -> tuple[Component, ...]:
        """Return the parts of a kind."""
        return tuple(one for one in self.components if one.kind == kind)

    def named(self, name: str) -> tuple[Component, ...]:
        """Return the parts with a name, whatever their kind."""
        return tuple(one for one in self.components if one.name == name)
