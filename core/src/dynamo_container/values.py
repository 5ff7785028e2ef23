# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The values that cross the hook boundary: frozen, keyword-only, comparable.

Plugins return them, the core merges them. A value that cannot be right raises `ValueError` when it
is made, so that the fault is reported where it was made.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from typing import Final, Literal

from dynamo_container.frozen import dataclass

# BuildKit's rule for the names of targets and named contexts, less upper case, which it ignores in
# `FROM`.
_STAGE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
# A registry's host, as references know it from a name: it has a dot or a port, or is localhost.
_HOST = re.compile(r"localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|(?=.*:)[a-z0-9.-]+:[0-9]+")
_ARGUMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _require(condition: object, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _is_tuple(value: object, kind: type) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, kind) for one in value)


# What fields are declared to be, how to see whether they are, and how to say it.
_ANYTHING: Final[tuple[Callable[[object], bool], str]] = (lambda _: True, "")
_FORMS: Final[dict[str, tuple[Callable[[object], bool], str]]] = {
    "str": (lambda value: isinstance(value, str), "a text"),
    "str | None": (lambda value: value is None or isinstance(value, str), "a text or None"),
    "bool": (lambda value: isinstance(value, bool), "True or False"),
    "int": (lambda value: isinstance(value, int), "a number"),
    "tuple[str, ...]": (lambda value: _is_tuple(value, str), "a tuple of texts"),
    "tuple[Pin, ...]": (lambda value: _is_tuple(value, Pin), "a tuple of Pins"),
    "tuple[CudaImages, ...]": (
        lambda value: _is_tuple(value, CudaImages),
        "a tuple of CudaImages",
    ),
    "Path | None": (lambda value: value is None or isinstance(value, Path), "a Path or None"),
}


class _Value:
    """What all values share: a field that is not what it is declared to be is refused where it was
    made, and not when somebody trips over it; a list would not be frozen.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        for name, kind in type(self).__annotations__.items():
            value = getattr(self, name)
            fits, what = _FORMS.get(kind, _ANYTHING)
            if not fits(value):
                said = f"{type(self).__name__}: {name} is {value!r}, and has to be {what}"
                raise ValueError(said)
        self._check()

    def _check(self) -> None:
        """What else has to hold; raises ValueError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework(_Value):
    """What a framework plugin is: a line about it, where to read more, and the stage that `build`
    makes by default.
    """

    summary: str
    homepage: str = ""
    default_target: str = "dev"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(_Value):
    """One node of the image graph: a target in a Dockerfile, or an image that exists already.

    Attributes:
        name: how other stages and `--target` call it.
        dockerfile: absolute path of the Dockerfile; or None, and then `image` is given.
        image: an image reference that stands for the stage (a toolchain's image), instead of a
            Dockerfile.
        target: the `FROM ... AS` name in the Dockerfile; the stage's own name where empty.
        context: the build context, a folder; the Dockerfile's own folder where None.
        needs: names of the stages that the Dockerfile reads through named contexts (`FROM`,
            `COPY --from`, mounts).
        extends: name of the stage that this one is stacked upon; whoever needs that stage gets
            the top of the stack.
        order: place in the stack: lower numbers are further down, equal ones go by name.
        also: names of stages that are built and tagged, too, where this one is the target.
    """

    name: str
    dockerfile: Path | None = None
    image: str = ""
    target: str = ""
    context: Path | None = None
    needs: tuple[str, ...] = ()
    extends: str = ""
    order: int = 0
    also: tuple[str, ...] = ()

    def _check(self) -> None:
        _require(
            _STAGE_NAME.fullmatch(self.name),
            f"stage name {self.name!r} is not like 'runtime' or 'local-dev'",
        )
        _require(
            (self.dockerfile is None) == bool(self.image),
            f"stage {self.name!r} takes a dockerfile or an image",
        )
        _require(
            not (self.image and (self.needs or self.extends)),
            f"stage {self.name!r} is an image: it needs nothing",
        )
        for path in (self.dockerfile, self.context):
            _require(
                path is None or path.is_absolute(),
                f"stage {self.name!r}: {path} is not an absolute path",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImage(_Value):
    """The image that a stage starts from, passed to its Dockerfile as the build argument
    `BASE_IMAGE`.
    """

    stage: str
    image: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror(_Value):
    """Where images of a registry are taken from instead.

    Attributes:
        registry: the registry's host, with its port where it has one: `docker.io`, `nvcr.io`.
        mirror: what stands in its place: a host, and a path where the mirror has one.
    """

    registry: str
    mirror: str

    def _check(self) -> None:
        _require(
            _HOST.fullmatch(self.registry),
            f"{self.registry!r} is no registry's host, such as 'docker.io'",
        )
        host, _, path = self.mirror.partition("/")
        _require(
            _HOST.fullmatch(host) and path == path.strip("/"),
            f"{self.mirror!r} is no mirror, such as 'registry.acme.example/docker-hub'",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin(_Value):
    """A version that the image is built with.

    Attributes:
        name: distribution name of a wheel, `cuda`, or the name of a repository.
        version: the version, or for `git` the ref.
        kind: what `name` names.
        extras: extras of a wheel, such as `("vllm",)`.
        build_arg: the build argument that carries it: a wheel as `name[extras]==version`
            (several pins that share an argument are joined by spaces), everything else as the bare
            version. Empty: the pin is information only.
    """

    name: str
    version: str
    kind: Literal["wheel", "cuda", "git"] = "wheel"
    extras: tuple[str, ...] = ()
    build_arg: str = ""

    def _check(self) -> None:
        _require(
            self.kind in ("wheel", "cuda", "git"),
            f"pin {self.name!r}: its kind is wheel, cuda or git, not {self.kind!r}",
        )
        _require(
            self.name and self.version,
            f"a pin has a name and a version: {self.name!r}, {self.version!r}",
        )
        _require(
            not self.build_arg or _ARGUMENT_NAME.fullmatch(self.build_arg),
            f"{self.build_arg!r} is no build argument",
        )

    @property
    def requirement(self) -> str:
        """How a build argument says it: `ai-dynamo[vllm]==1.4.2`, or a bare version."""
        if self.kind != "wheel":
            return self.version
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return f"{self.name}{extras}=={self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildArg(_Value):
    """A build argument, passed to every stage whose Dockerfile declares it (`ARG`), or to one stage
    only.
    """

    name: str
    value: str
    stage: str = ""

    def _check(self) -> None:
        _require(
            _ARGUMENT_NAME.fullmatch(self.name), f"{self.name!r} is no name for a build argument"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSecret(_Value):
    """A build secret: its id, and the file or the environment variable that holds it. Never its
    content.
    """

    id: str
    path: str = ""
    env: str = ""

    def _check(self) -> None:
        _require(self.id, "a build secret has an id")
        _require(
            bool(self.path) != bool(self.env),
            f"secret {self.id!r} comes from a file or from a variable: one of them",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Label(_Value):
    """A label of the image that is built."""

    key: str
    value: str

    def _check(self) -> None:
        _require(self.key, "a label has a key")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedContext(_Value):
    """A named context: what a Dockerfile calls `name` is a folder, `target:OTHER` or `docker-
    image://REFERENCE`.
    """

    name: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(_Value):
    """One line for the user about the plan: something was assumed, left out, or is untested.

    Attributes:
        text: the line.
        warning: whether it is probably not what the user wants; then `--quiet` says it, too.
    """

    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Option(_Value):
    """A plugin's own command-line option.

    Attributes:
        flag: `--vllm-ref`; its destination is `vllm_ref`.
        help: one line for `--help`.
        metavar: what `--help` calls the value.
        is_flag: the option takes no value and is `"true"` where given.
        choices: the values that are allowed; any where empty.
    """

    flag: str
    help: str
    metavar: str = "TEXT"
    is_flag: bool = False
    choices: tuple[str, ...] = ()

    def _check(self) -> None:
        _require(
            re.fullmatch(r"--[a-z][a-z0-9-]*", self.flag),
            f"option {self.flag!r} is not like '--vllm-ref'",
        )
        _require(self.help, f"option {self.flag!r} has no help")

    @property
    def destination(self) -> str:
        """The name under which `request.option()` finds the value."""
        return self.flag[2:].replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvVar(_Value):
    """An environment variable of a container; without a value it is taken from the caller's
    environment, by name only.
    """

    name: str
    value: str | None = None

    def _check(self) -> None:
        _require(
            self.name and "=" not in self.name,
            f"{self.name!r} is no name for an environment variable",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount(_Value):
    """A mount of a container.

    Attributes:
        target: absolute path in the container.
        source: a host path (`bind`) or a volume's name (`volume`); empty for an anonymous
            volume and for `tmpfs`.
        type: as `docker run --mount` calls it.
        options: further options as `docker run --volume` writes them after the second colon: `ro`,
        `z`, `rshared`.
    """

    target: str
    source: str = ""
    type: Literal["bind", "volume", "tmpfs"] = "bind"
    options: tuple[str, ...] = ()

    def _check(self) -> None:
        _require(
            self.type in ("bind", "volume", "tmpfs"),
            f"the mount at {self.target} is a bind, a volume or a tmpfs, not {self.type!r}",
        )
        _require(
            self.target.startswith("/"),
            f"a mount goes to an absolute path in the container, not {self.target!r}",
        )
        _require(
            self.source or self.type != "bind", f"the bind mount at {self.target} has no source"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFlag(_Value):
    """A flag of `docker run`, such as `--shm-size` with `10G`, or `--init` without a value.

    `key` tells apart flags that can be given several times: the default for `--ulimit` is the
    limit's name, for all else empty. A higher layer replaces the flag with the same name and key.
    """

    flag: str
    value: str | None = None
    key: str = field(default="")

    def _check(self) -> None:
        _require(
            re.fullmatch(r"--[a-z][a-z0-9-]*", self.flag),
            f"{self.flag!r} is no long flag of docker run",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness(_Value):
    """How a container says that it is ready: a URL that answers with success, or a command that
    ends with status 0.

    Both are tried inside the container, so that they work on every network and on a remote engine.
    `http` needs `curl` in the image.
    """

    http: str = ""
    argv: tuple[str, ...] = ()

    def _check(self) -> None:
        _require(bool(self.http) != bool(self.argv), "readiness is a URL or a command: one of them")

    @property
    def command(self) -> tuple[str, ...]:
        """The command that is run in the container."""
        return self.argv or (
            "curl",
            "--silent",
            "--fail",
            "--output",
            "/dev/null",
            "--max-time",
            "5",
            self.http,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(_Value):
    """A command that ends with status 0 in an image that is as it should be."""

    name: str
    argv: tuple[str, ...]
    needs_gpu: bool = False

    def _check(self) -> None:
        _require(self.name and self.argv, "a check has a name and a command")


@dataclass(frozen=True, slots=True, kw_only=True)
class CudaImages(_Value):
    """What a release is built from for one CUDA version.

    Attributes:
        version: the CUDA version, such as `13.0`.
        runtime: the image that `runtime` starts from.
        devel: the image with the whole toolkit, for what is compiled.
        torch: the CUDA version that the release's PyTorch is built for; empty where not known.
    """

    version: str
    runtime: str
    devel: str = ""
    torch: str = ""

    def _check(self) -> None:
        _require(
            re.fullmatch(r"[1-9][0-9]*\.[0-9]+", self.version),
            f"CUDA version {self.version!r} is not like '13.0'",
        )

    @property
    def driver(self) -> str:
        """The oldest major version of NVIDIA's driver that runs it, by CUDA's minor-version
        compatibility: https://docs.nvidia.com/deploy/cuda-compatibility/. Empty where not known.
        """
        return _DRIVERS.get(self.version.partition(".")[0], "")


# By CUDA's major version.
_DRIVERS = {"11": "450", "12": "525", "13": "580"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(_Value):
    """A row of a plugin's table: a Dynamo release, and what goes with it.

    Attributes:
        dynamo: Dynamo's release, such as `1.4.2`.
        released: its day, such as `2026-08-28`.
        wheels: what it was tested with.
        overrides: requirements that replace what its packages ask for, where they contradict
            each other.
        cuda: the CUDA versions that it can be built for, the default first; none where it needs
            no CUDA.
        python: the Python of its images.
        checked: whether the plugin's author has built and checked it.
    """

    dynamo: str
    released: str
    wheels: tuple[Pin, ...] = ()
    overrides: tuple[str, ...] = ()
    cuda: tuple[CudaImages, ...] = ()
    python: str = "3.12"
    checked: bool = False
