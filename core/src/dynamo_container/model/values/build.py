# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What shapes images: stages, base images, pins and build arguments."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from dynamo_container.model.values.validation import require

# BuildKit's rule for the names of targets and named contexts, without upper case, which `FROM`
# ignores.
_STAGE_NAME: Final = r"[a-z0-9][a-z0-9_-]*"
_ARGUMENT_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A node of the image graph: a target in a Dockerfile, or an existing image.

    Attributes:
        name: the name for other stages and for `--target`.
        dockerfile: absolute path of the Dockerfile; None if `image` is given.
        image: reference of an existing image (such as a toolchain) that is used as the stage.
        target: the `FROM ... AS` name in the Dockerfile; empty for the stage's own name.
        context: the build context, a folder; None for the Dockerfile's own folder.
        needs: names of the stages that the Dockerfile reads through named contexts (`FROM`,
            `COPY --from`, mounts).
        extends: name of the stage that this one is stacked on; a stage that needs that one gets the
            top of the stack.
        order: position in the stack: lower numbers are further down, equal ones go by name.
        built_with: names of stages that are built and tagged too if this one is the target.
    """

    name: str
    dockerfile: Path | None = None
    image: str = ""
    target: str = ""
    context: Path | None = None
    needs: tuple[str, ...] = ()
    extends: str = ""
    order: int = 0
    built_with: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(
            re.fullmatch(_STAGE_NAME, self.name),
            f"{self.name!r} is not a valid stage name, such as 'runtime' or 'local-dev'",
        )
        require(
            (self.dockerfile is None) == bool(self.image),
            f"stage {self.name!r} requires either a dockerfile or an image",
        )
        require(
            not (self.image and (self.needs or self.extends)),
            f"stage {self.name!r} is an image, so it cannot need or extend another stage",
        )
        for path in (self.dockerfile, self.context):
            require(
                path is None or path.is_absolute(),
                f"stage {self.name!r}: {path} is not an absolute path",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImage:
    """The image that a stage starts from, passed to its Dockerfile as the build argument
    `BASE_IMAGE`.

    Attributes:
        stage: the stage's name.
        image: the image's reference.
        location: `file:line` of the row of a data file that states the value; empty if a hook does.
            Not compared: equal values from different places do not conflict.
    """

    stage: str
    image: str
    location: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A version that the image is built with.

    Attributes:
        name: distribution name of a wheel, `cuda`, or the name of a repository.
        version: the version; for `git` the ref.
        kind: what `name` refers to.
        extras: extras of a wheel, such as `("vllm",)`.
        build_arg: the build argument that carries it: a wheel as `name[extras]==version` (several
            pins of one argument are joined by spaces), anything else as the bare version. Empty:
            the pin is information only.
        location: `file:line` of the row of a data file that states the value; empty if a hook does.
            Not compared: equal values from different places do not conflict.
    """

    name: str
    version: str
    kind: Literal["wheel", "cuda", "git"] = "wheel"
    extras: tuple[str, ...] = ()
    build_arg: str = ""
    location: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        require(
            self.name and self.version,
            f"a pin requires a name and a version, not {self.name!r} and {self.version!r}",
        )
        require(
            not self.build_arg or re.fullmatch(_ARGUMENT_NAME, self.build_arg),
            f"{self.build_arg!r} is not a valid name of a build argument",
        )

    @property
    def requirement(self) -> str:
        """The pin as a build argument has it: `ai-dynamo[vllm]==1.4.2`, or a bare version."""
        if self.kind != "wheel":
            return self.version
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return f"{self.name}{extras}=={self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A requirement that replaces what packages require, if they contradict each other.

    Attributes:
        requirement: as in PEP 508, such as `nixl[cu13]==1.3.2` or `torch; python_version < '0'`.
        reason: why, in a few words for people. Not compared.
        location: `file:line` of the row of a data file that states the value; empty if a hook does.
            Not compared: equal values from different places do not conflict.
    """

    requirement: str
    reason: str = field(default="", compare=False)
    location: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        require(self.name, f"{self.requirement!r} is not a valid requirement")
        require("|" not in self.requirement, f"{self.requirement!r} must not contain '|'")

    @property
    def name(self) -> str:
        """The name of the distribution that the requirement is about."""
        found = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", self.requirement)
        return re.sub(r"[-_.]+", "-", found[1]).lower() if found else ""

    @property
    def leaves_out(self) -> bool:
        """Whether the package is not installed: `torch; python_version < '0'`."""
        return bool(re.search(r";\s*python_version\s*<\s*['\"]0['\"]\s*$", self.requirement))


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemPackage:
    """A package of the distribution (apt) that the serving image has besides its usual ones."""

    name: str

    def __post_init__(self) -> None:
        require(
            re.fullmatch(r"[a-z0-9][a-z0-9+.:=~-]*", self.name),
            f"{self.name!r} is not a valid package name, such as 'libzmq5'",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildArg:
    """A build argument, passed to every stage whose Dockerfile declares it (`ARG`), or to one stage
    only.

    Attributes:
        name, value: of the argument.
        stage: the only stage that it is passed to; empty for all.
        location: `file:line` of the row of a data file that states the value; empty if a hook does.
            Not compared: equal values from different places do not conflict.
    """

    name: str
    value: str
    stage: str = ""
    location: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        require(
            re.fullmatch(_ARGUMENT_NAME, self.name),
            f"{self.name!r} is not a valid name of a build argument",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSecret:
    """A build secret: its ID, and the file or the environment variable that contains it. Never its
    content, unless it is a setting, which may be shown.

    Attributes:
        id: the name under which a step mounts it.
        path, env: the file or the environment variable.
        setting: a value that does not change the result of a step, such as how many compilers run
            at once. BuildKit runs a step again for another build argument, but not for another
            secret.
    """

    id: str
    path: str = ""
    env: str = ""
    setting: str = ""

    def __post_init__(self) -> None:
        require(self.id, "a build secret requires an id")
        require(
            [self.path, self.env, self.setting].count("") == 2,  # noqa: PLR2004  # of three
            f"secret {self.id!r} requires either a file or a variable, or is a setting",
        )

    @property
    def variable(self) -> str:
        """The environment variable that contains it, unless a file does."""
        own = re.sub(r"[^A-Z0-9]", "_", self.id.upper())
        return f"DYNAMO_CONTAINER_{own}" if self.setting else self.env


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label of an image or of a container."""

    key: str
    value: str

    def __post_init__(self) -> None:
        require(self.key, "a label requires a key")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedContext:
    """A named build context: what a Dockerfile calls `name` is a folder, `target:OTHER` or
    `docker-image://REFERENCE`.
    """

    name: str
    source: str
