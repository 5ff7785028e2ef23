# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The types of command-line parameters: each value is parsed once, and becomes typed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from dynamo_container.cli.layout import Option
from dynamo_container.errors import UsageError
from dynamo_container.model.text import quoted
from dynamo_container.options import docker_syntax, syntax
from dynamo_container.options.records import CHECKOUT

F = TypeVar("F", bound=Callable[..., Any])  # Any: click's decorators take every function


class Parsed(click.ParamType[Any]):  # of whatever the parser returns
    """A value that a function of `options.syntax` parses.

    From the environment, an option that can be repeated takes one value per line, because values
    may contain spaces.

    Args:
        parse: the parser; raises ValueError.
        what: what the value must be, with its article, such as `a valid image reference`.
        example: an example, for messages.
        may_be_empty: whether an empty value is meant; elsewhere it is nearly always a variable that
            was not set.
        shown: whether the value may be shown in messages; the parser's own message is shown if not.
    """

    envvar_list_splitter = "\n"
    name = "text"

    def __init__(
        self,
        parse: Callable[[str], object],
        what: str = "",
        example: str = "",
        *,
        may_be_empty: bool = False,
        shown: bool = True,
    ) -> None:
        self._parse = parse
        self._what = what
        self._example = example
        self._may_be_empty = may_be_empty
        self._shown = shown

    def convert(
        self, value: Any, param: click.Parameter | None, _ctx: click.Context | None
    ) -> Any:  # click's own signature
        if not isinstance(value, str):
            return value
        flag = max(param.opts, key=len) if param else "the value"
        if "\0" in value and value != CHECKOUT:
            raise UsageError(f"{flag} contains a NUL character", "remove it")
        if not value and not self._may_be_empty:
            raise UsageError(f"{flag} is empty", "set a value, or omit the option")
        try:
            return self._parse(value)
        except ValueError as error:
            raise self._error(flag, value, error) from error

    def _error(self, flag: str, value: str, error: ValueError) -> UsageError:
        hint = f"for example: {flag} {self._example}"
        if self._shown:
            return UsageError(f"{flag} {quoted(value)} is not {self._what}", hint)
        detail = f" {error}" if str(error) else ""
        return UsageError(f"{flag}{detail} {self._what}".rstrip(), hint)


class _Path(Parsed):
    """A path, which shells complete."""

    completes_files = True


TEXT: Final = Parsed(syntax.text)
PATH: Final = _Path(syntax.text)
IMAGE: Final = Parsed(syntax.image, "a valid image reference", "my-image:dev")
TAG: Final = Parsed(syntax.tag, "a valid image reference", "registry:5000/team/image:dev")
REPOSITORY: Final = Parsed(syntax.repository, "a valid repository", "registry:5000/team/name")
CUDA_VERSION: Final = Parsed(syntax.cuda_version, "a valid CUDA version", "12.9")
DEVICE: Final = Parsed(syntax.device, "a valid device", "cpu")
DYNAMO_VERSION: Final = Parsed(syntax.dynamo_version, "a valid version", "1.4.2")
VERSION_IN_TAG: Final = Parsed(syntax.version_in_tag, "a valid version", "0.6.1")
DATE: Final = Parsed(syntax.date, "a valid date", "2026-08-30, 2026-08-30T12:00:00Z, or none")
PLATFORMS: Final = Parsed(syntax.platforms, "a valid platform", "linux/arm64")
STAGE_IMAGE: Final = Parsed(syntax.stage_image, "NAME=IMAGE", "tools=my/tools:1")
BUILD_CONTEXT: Final = Parsed(syntax.build_context, "NAME=PATH", "nixl=./nixl")
BUILD_ARG: Final = Parsed(syntax.build_arg, "a valid KEY=VALUE", "KEY=VALUE")
SECRET: Final = Parsed(
    syntax.secret, "is not in docker's syntax", "id=netrc,src=~/.netrc", shown=False
)
CACHE: Final = Parsed(syntax.cache, "in docker's syntax", "type=registry,ref=REGISTRY/NAME:TAG")
SBOM: Final = Parsed(syntax.sbom, "in docker's syntax", "true")
PROVENANCE: Final = Parsed(syntax.provenance, "in docker's syntax", "mode=max")
INDEX_URL: Final = Parsed(
    syntax.index_url, "", "https://USER:PASSWORD@HOST/simple, percent-encoded", shown=False
)
INDEX_URLS: Final = Parsed(
    syntax.index_urls, "", "https://USER:PASSWORD@HOST/simple, percent-encoded", shown=False
)
HOST: Final = Parsed(syntax.host, "a valid HOST or HOST:PORT", "packages.example:8080")
GPUS: Final = Parsed(syntax.gpus, "a valid list of GPUs", "auto, all, none, 0, 0,1, count=2")
BYTES: Final = Parsed(docker_syntax.byte_count, "a valid size", "9.6GB")
PORT: Final = Parsed(syntax.port, "a valid port mapping", "8000:8000, 127.0.0.1:8000:8000")
SECONDS: Final = Parsed(syntax.seconds, "a valid number of seconds", "60")
CONTAINER_NAME: Final = Parsed(
    syntax.container_name,
    "a valid name of a container (letters, digits, '_', '.' and '-')",
    "my-server",
)
ENV: Final = Parsed(syntax.env, "a valid NAME=VALUE", "KEY=VALUE")
VOLUME: Final = Parsed(
    syntax.volume, "SOURCE:TARGET[:OPTIONS] with an absolute TARGET", "~/models:/models:ro"
)
TMPFS: Final = Parsed(docker_syntax.tmpfs, "PATH[:OPTIONS] with an absolute PATH", "/scratch")
DOCKER_ARG: Final = Parsed(
    docker_syntax.docker_arg, "a flag of docker that can be passed on", "--oom-score-adj=-500"
)
ENTRYPOINT: Final = Parsed(
    syntax.entrypoint, "quoted as a shell would take it", "'python -m app'", may_be_empty=True
)
WAIT_FOR: Final = Parsed(
    syntax.wait_for,
    "a URL, a command, or log: and a regular expression",
    "http://127.0.0.1:8000/health",
)
SWITCH: Final = Parsed(syntax.switch, "TRUE or FALSE", "FALSE")


flag: Final = functools.partial(click.option, cls=Option, is_flag=True)


def option(
    flags: str | tuple[str, ...],
    metavar: str,
    help: str,  # noqa: A002  # click's name for it
    type: Any = TEXT,  # noqa: A002  # click's name for it
    **settings: Any,  # click's own
) -> Callable[[F], F]:
    """Return the decorator that adds an option with a value; the last flag may be its name."""
    names = (flags,) if isinstance(flags, str) else flags
    return click.option(*names, cls=Option, metavar=metavar, help=help, type=type, **settings)


def repeatable(
    flags: str | tuple[str, ...],
    metavar: str,
    help: str,  # noqa: A002  # click's name for it
    type: Any = TEXT,  # noqa: A002  # click's name for it
    **settings: Any,  # click's own
) -> Callable[[F], F]:
    """Return the decorator that adds an option that can be given several times."""
    return option(flags, metavar, help, type, multiple=True, **settings)
