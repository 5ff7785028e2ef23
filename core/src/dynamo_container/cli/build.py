# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`build`: plan images, and build them in one graph."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from dynamo_container import engine
from dynamo_container.build import assemble, bake
from dynamo_container.build.plan import BuildPlan
from dynamo_container.cli.app import ENVIRONMENT, Session
from dynamo_container.cli.plugin_command import LINES, PluginCommand, origins, plugin_options
from dynamo_container.errors import EngineError, UsageError, WorkFailedError
from dynamo_container.images import (
    DEVELOPER_TARGET,
    DYNAMO,
    FRAMEWORK,
    PLAIN_TARGET,
    TARGET,
    is_image,
    is_reference,
    with_suffix,
)
from dynamo_container.registry import Registry
from dynamo_container.requests import BuildRequest, BuildSettings
from dynamo_container.values import BuildSecret, Framework

F = TypeVar("F", bound=Callable[..., Any])  # Any: click's decorators take every function

# Docker's predefined build arguments: usable without ARG, and kept out of the image's history.
_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
# What uv takes: a day, or a moment with its offset (RFC 3339).
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?")
_ARGUMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Build arguments that options of their own are for, which keep credentials out of them.
_RESERVED: Final = {"INDEX_URL": "--index-url", "EXTRA_INDEX_URLS": "--extra-index-url"}
# The stage that an image stands for that lacks what dev has.
_RUNTIME: Final = "runtime"
_TO_DEVELOP_IN: Final = (PLAIN_TARGET, DEVELOPER_TARGET)
_PROGRESS: Final = ("auto", "plain", "tty", "rawjson", "quiet")
_INDEX_VARIABLE: Final = f"{ENVIRONMENT}_BUILD_INDEX_URL"
_EXTRA_INDEX_VARIABLE: Final = f"{ENVIRONMENT}_BUILD_EXTRA_INDEX_URL"


class BuildCommand(PluginCommand):
    """`build`, and what explains it."""

    plugin_command = "build"


def complete_framework(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The frameworks that are installed."""
    session = ctx.find_object(Session) or Session()
    return [
        CompletionItem(name)
        for name in session.registry.frameworks
        if name.startswith(incomplete.lower())
    ]


def build_options(function: F) -> F:
    """What `build` and `explain build` take."""
    options = (
        click.argument(
            "frameworks", nargs=-1, metavar="[FRAMEWORK]...", shell_complete=complete_framework
        ),
        click.option(
            "--framework",
            multiple=True,
            metavar="F",
            shell_complete=complete_framework,
            help="The same as the argument.",
        ),
        click.option(
            "--target",
            metavar="T",
            help="The stage to build (default: the framework's own choice).",
        ),
        click.option("--dynamo-version", metavar="X", help="The Dynamo release, such as 1.4.2."),
        click.option(
            "--resolve-as-of",
            metavar="DATE|none",
            help="Take packages as they were on that day (default: two days after the release).",
        ),
        click.option(
            "--base-image", metavar="IMAGE", help="The image that every stage starts from."
        ),
        click.option(
            "--base-image-tag", metavar="TAG", help="The tag of --base-image, apart from it."
        ),
        click.option(
            "--stage",
            multiple=True,
            type=LINES,
            metavar="NAME=IMAGE",
            help="An existing image in the place of a stage.",
        ),
        click.option(
            "--dev-image",
            metavar="IMAGE",
            help="Build local-dev from this dev image, as IMAGE-local-dev.",
        ),
        click.option(
            "--uid", type=int, metavar="N", help="With local-dev: the user's UID (default: yours)."
        ),
        click.option(
            "--gid", type=int, metavar="N", help="With local-dev: the user's GID (default: yours)."
        ),
        click.option(
            "--tag",
            multiple=True,
            type=LINES,
            metavar="REF",
            help="Instead of the version tag; repeatable.",
        ),
        click.option("--no-latest", is_flag=True, help="Set no 'latest' tag."),
        click.option(
            "--build-arg",
            multiple=True,
            type=LINES,
            metavar="K[=V]",
            help="A build argument; wins over all that plugins say; "
            "without a value from the environment.",
        ),
        click.option(
            "--secret",
            multiple=True,
            type=LINES,
            metavar="SPEC",
            help="A build secret, as docker's: id=X,src=FILE.",
        ),
        click.option(
            "--index-url",
            metavar="URL",
            help="The Python package index; credentials in it stay secret.",
        ),
        click.option(
            "--extra-index-url",
            multiple=True,
            type=LINES,
            metavar="URL",
            envvar=_EXTRA_INDEX_VARIABLE,
            help="A further package index; repeatable.",
        ),
        click.option(
            "--ca-bundle",
            metavar="FILE",
            envvar=[f"{ENVIRONMENT}_BUILD_CA_BUNDLE", "SSL_CERT_FILE"],
            help="Certificates to trust in steps that download (default: SSL_CERT_FILE).",
        ),
        click.option("--no-cache", is_flag=True, help="Run every step again."),
        click.option("--pull", is_flag=True, help="Ask the registry for newer base images."),
        click.option(
            "--progress",
            type=click.Choice(_PROGRESS),
            default="auto",
            help="How docker shows the progress.",
        ),
        click.option(
            "--dry-run", is_flag=True, help="Print the command that would run, and run nothing."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A plan, and the secrets that its command needs in its environment."""

    plan: BuildPlan
    hidden_env: tuple[tuple[str, str], ...]


def plan_from(ctx: click.Context) -> Asked:
    """The plan of what the command line of `ctx` asks for.

    Raises:
        DynamoContainerError: as the options and plugins make it.
    """
    session = ctx.find_object(Session) or Session()
    params = ctx.params
    dev_image = _dev_image(session, params)
    frameworks = _frameworks(session, (*params["frameworks"], *params["framework"]), dev_image)
    registry = session.load(*frameworks)
    target = DEVELOPER_TARGET if dev_image else params["target"]
    targets = {name: target or default_target(registry, name) for name in frameworks}
    settings, hidden = _settings(ctx, dev_image)
    plan = assemble.plan(registry, _requests(ctx, targets, dev_image), settings)
    return Asked(plan=plan, hidden_env=hidden)


def _requests(
    ctx: click.Context, targets: dict[str, str], dev_image: DevImage | None
) -> list[BuildRequest]:
    """A request for each framework, by its target; all else is the same for all of them."""
    params = ctx.params
    user = _user(ctx, targets.values())
    base_image = _base_image(params["base_image"], params["base_image_tag"])
    dynamo_version = _version(params["dynamo_version"])
    if dev_image:
        dynamo_version = dev_image.dynamo or None
        if dev_image.stage == _RUNTIME:
            # Its own distribution has what it lacks.
            base_image = dev_image.name
    extra = _urls(params["extra_index_url"])
    first = BuildRequest(
        framework="",
        target="",
        dynamo_version=dynamo_version,
        resolve_as_of=_day(params["resolve_as_of"]),
        base_image=base_image,
        index_url=_without_credentials(params["index_url"] or "", "--index-url"),
        extra_index_urls=tuple(_without_credentials(url, "--extra-index-url") for url in extra),
        uid=user.uid,
        gid=user.gid,
        origins=(*user.origins, *origins(ctx)),
        options=plugin_options(ctx, targets),
    )
    return [replace(first, framework=name, target=target) for name, target in targets.items()]


def _settings(
    ctx: click.Context, dev_image: DevImage | None
) -> tuple[BuildSettings, tuple[tuple[str, str], ...]]:
    """How it is built, and the variables with what must not be shown."""
    params = ctx.params
    hidden = _index_secrets(params["index_url"] or "", _urls(params["extra_index_url"]))
    build_args = _build_args(params["build_arg"])
    proxies = {name: value for name, value in build_args if name.upper() in _PROXIES}
    own = (with_suffix(dev_image.name, DEVELOPER_TARGET),) if dev_image else ()
    settings = BuildSettings(
        tags=params["tag"] or own,
        latest=not (params["no_latest"] or dev_image),
        alone=bool(dev_image),
        build_args=tuple(one for one in build_args if one[0] not in proxies),
        stages=_stages(params["stage"], dev_image),
        secrets=(
            *_secrets(params["secret"], params["ca_bundle"], _ca_origin(ctx)),
            *(BuildSecret(id=_SECRET_IDS[variable], env=variable) for variable, _ in hidden),
        ),
        proxies=tuple(
            name
            for upper in _PROXIES
            for name in (upper, upper.lower())
            if os.environ.get(name) or name in proxies
        ),
        no_cache=params["no_cache"],
        pull=params["pull"],
        progress=params["progress"],
    )
    return settings, (*hidden, *proxies.items())


def default_target(registry: Registry, framework: str) -> str:
    """The stage that a framework's plugin builds by default."""
    said = [
        one
        for one in registry.say("framework", Framework, framework)
        if one.source.name == framework
    ]
    return said[0].value.default_target


def _frameworks(
    session: Session, names: tuple[str, ...], dev_image: DevImage | None
) -> tuple[str, ...]:
    registry = session.registry
    if dev_image:
        return (_framework_of(registry, names, dev_image),)
    if not names:
        return (registry.default_framework(),)
    return tuple(dict.fromkeys(registry.framework(name) for name in names))


def _framework_of(registry: Registry, names: tuple[str, ...], image: DevImage) -> str:
    """The framework of a dev image: as its label says, else as it is named."""
    named = {registry.framework(name) for name in names}
    if image.framework and named - {image.framework}:
        raise UsageError(
            f"{image.name} is of the framework {image.framework!r}", "leave the other one out"
        )
    if len(named) > 1:
        raise UsageError("--dev-image is of one framework", "build them one by one")
    name = image.framework or next(iter(named), "")
    return registry.framework(name) if name else registry.default_framework()


def _version(word: str | None) -> str | None:
    if word is None:
        return None
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(word))
    except InvalidVersion as error:
        raise UsageError(
            f"--dynamo-version {word!r} is no version", "for example: 1.4.2"
        ) from error


def _day(word: str | None) -> str | None:
    if word is None or word == "none":
        return word
    from datetime import datetime

    try:
        if not _DAY.fullmatch(word):
            raise ValueError(word)  # noqa: TRY301  # one way to say it
        datetime.fromisoformat(word.replace("Z", "+00:00"))
    except ValueError as error:
        raise UsageError(
            f"--resolve-as-of {word!r} is no day",
            "for example: 2026-08-30, 2026-08-30T12:00:00Z, or none",
        ) from error
    return word


def _base_image(image: str | None, tag: str | None) -> str | None:
    if tag and not image:
        raise UsageError(
            "--base-image-tag means nothing without --base-image",
            "give both, or --base-image IMAGE:TAG",
        )
    if image is None:
        return None
    if tag and (":" in image.rsplit("/", 1)[-1] or "@" in image):
        raise UsageError(
            f"--base-image {image} has a tag, and --base-image-tag gives another",
            "give one of them",
        )
    whole = f"{image}:{tag}" if tag else image
    if not is_image(whole):
        raise UsageError(
            f"--base-image {whole!r} is no image reference", "for example: debian:trixie-slim"
        )
    return whole


@dataclass(frozen=True, slots=True, kw_only=True)
class DevImage:
    """An image that local-dev is made from, the stage that it stands for, and what its labels say:
    its framework and its Dynamo release; empty where nobody knows.
    """

    name: str
    stage: str
    framework: str = ""
    dynamo: str = ""


# Options that shape what is in a dev image already; those after them only where it gets its tools.
_NOT_WITH_DEV_IMAGE: Final = ("target", "base_image", "dynamo_version", "no_latest")
_ONLY_WITH_TOOLS: Final = ("resolve_as_of", "index_url", "extra_index_url")


def _dev_image(session: Session, params: dict[str, Any]) -> DevImage | None:
    """What `--dev-image` asks for."""
    name = params["dev_image"]
    if not name:
        return None
    plain = name.partition("@")[0]
    if not is_image(name) or not is_reference(plain) or name.startswith("sha256:"):
        raise UsageError(f"--dev-image {name!r} is no image reference", "for example: my-image:dev")
    if plain.endswith(f"-{DEVELOPER_TARGET}"):
        raise UsageError(
            f"--dev-image {name} is a local-dev image already",
            f"name the dev image: {plain.removesuffix(f'-{DEVELOPER_TARGET}')}",
        )
    _refuse(params, _NOT_WITH_DEV_IMAGE)
    image = _look_at(session, name)
    if image.stage == PLAIN_TARGET:
        _refuse(params, _ONLY_WITH_TOOLS)
    return image


def _refuse(params: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if params[name]:
            raise UsageError(
                f"--{name.replace('_', '-')} means nothing with --dev-image, "
                "which is what local-dev is made from",
                "leave one of them out",
            )


def _look_at(session: Session, name: str) -> DevImage:
    """What the labels of a dev image say. One that is none stands for `runtime`, so that it gets
    what dev has; nobody knows where there is no engine, or the image is not on it.
    """
    try:
        facts = engine.inspect_image(name)
    except EngineError as error:
        session.note(f"{error.what}; assumed: {name} is a dev image of ours")
        return DevImage(name=name, stage=PLAIN_TARGET)
    if facts is None:
        session.note(f"{name} is not here to be looked at; assumed: a dev image of ours")
        return DevImage(name=name, stage=PLAIN_TARGET)
    target = facts.label(TARGET)
    if target == DEVELOPER_TARGET:
        raise UsageError(
            f"--dev-image {name} is a local-dev image already", "name the dev image that it is from"
        )
    if not target:
        session.warn(
            f"{name} is none of ours: it gets the developer tools, "
            "and its own Python environment may not be writable for the user"
        )
    return DevImage(
        name=name,
        stage=PLAIN_TARGET if target == PLAIN_TARGET else _RUNTIME,
        framework=facts.label(FRAMEWORK),
        dynamo=facts.label(DYNAMO),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Whom a local-dev is for, and where those IDs come from."""

    uid: int | None = None
    gid: int | None = None
    origins: tuple[tuple[str, str], ...] = ()


def sudo_user() -> tuple[int, int] | None:
    """UID and GID of who called sudo; None without it."""
    words = [os.environ.get(name, "") for name in ("SUDO_UID", "SUDO_GID")]
    if os.getuid() or not all(word.isdigit() for word in words):
        return None
    return int(words[0]), int(words[1])


_LARGEST_ID: Final = 2**32 - 2


def _user(ctx: click.Context, targets: Iterable[str]) -> User:
    """The IDs that were given, else the caller's own: behind sudo, of who called it."""
    given = {flag: ctx.params[flag] for flag in ("uid", "gid") if ctx.params[flag] is not None}
    if DEVELOPER_TARGET not in targets:
        for flag in given:
            raise UsageError(
                f"--{flag} means nothing without --target {DEVELOPER_TARGET}",
                "add it, or leave this out",
            )
        return User()
    # Group 0 is no developer's own: then it is the group that goes by the UID's number.
    caller = sudo_user() or (os.getuid(), os.getgid())
    uid = given.get("uid", caller[0])
    gid = given.get("gid", caller[1] or uid)
    for flag, value in (("uid", uid), ("gid", gid)):
        if value == 0:
            raise UsageError(
                f"--{flag} 0 is root, and {DEVELOPER_TARGET} is for who is not root",
                f"say whom: --{flag} N; or develop as root: --target dev",
            )
        if not 0 < value <= _LARGEST_ID:
            raise UsageError(f"--{flag} {value} is no ID", f"it may be 1 to {_LARGEST_ID}")
    origins = {"uid": "the caller's own", "gid": "the caller's own" if caller[1] else "as the UID"}
    said = tuple((f"--{flag}", origin) for flag, origin in origins.items() if flag not in given)
    return User(uid=uid, gid=gid, origins=said)


def _stages(words: tuple[str, ...], dev_image: DevImage | None) -> tuple[tuple[str, str], ...]:
    """The images that stand for stages, by stage."""
    found: dict[str, str] = {dev_image.stage: dev_image.name} if dev_image else {}
    for word in words:
        name, equals, image = word.partition("=")
        if not (name and equals and is_image(image)):
            raise UsageError(
                f"--stage {word!r} is not NAME=IMAGE", "for example: --stage tools=my/tools:1"
            )
        if found.setdefault(name, image) != image:
            raise UsageError(f"--stage {name} is given two images", "leave one of them out")
    return tuple(found.items())


def _build_args(words: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The last value of each name, sorted. A name alone takes its value from the environment, as
    docker's does.
    """
    values: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not _ARGUMENT.fullmatch(name):
            raise UsageError(
                f"--build-arg {name!r} is no name", "for example: --build-arg KEY=VALUE"
            )
        if name in _RESERVED:
            raise UsageError(
                f"--build-arg {name} would show an index's credentials",
                f"use {_RESERVED[name]}, which keeps them secret",
            )
        if equals:
            values[name] = value
        elif name in os.environ:
            values[name] = os.environ[name]
    return tuple(sorted(values.items()))


_SECRET_IDS: Final = {_INDEX_VARIABLE: "index-url", _EXTRA_INDEX_VARIABLE: "extra-index-url"}


def _urls(words: Iterable[str]) -> tuple[str, ...]:
    """Each word may be several URLs, as in PIP_EXTRA_INDEX_URL."""
    return tuple(url for word in words for url in word.split())


def _index_secrets(index: str, extra: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The variables that hold index URLs with credentials. A URL without any is a build argument
    and no secret.
    """
    found = []
    if "@" in index:
        found.append((_INDEX_VARIABLE, index))
    if any("@" in url for url in extra):
        found.append((_EXTRA_INDEX_VARIABLE, " ".join(extra)))
    return tuple(found)


def _without_credentials(url: str, option: str) -> str:
    """The URL without user and password.

    Raises:
        UsageError: something else in it may be a secret. The URL is not in the message.
    """
    if not url:
        return ""
    from urllib.parse import urlsplit

    hint = "for example: https://USER:PASSWORD@HOST/simple, signs in them percent-encoded; or netrc"
    try:
        parts = urlsplit(url)
        plain = parts._replace(netloc=parts.netloc.rpartition("@")[2])
        host = plain.hostname
    except ValueError:
        raise UsageError(f"{option} is no URL", hint) from None
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(f"{option} is no URL that starts with https:// and has a host", hint)
    if parts.query or parts.fragment or "@" in parts.path:
        raise UsageError(f"{option} has '?', '#' or '@' after its host: it would be seen", hint)
    return plain.geturl()


def _ca_origin(ctx: click.Context) -> str:
    """What named the file of certificates, for messages."""
    source = ctx.get_parameter_source("ca_bundle")
    if source is not ParameterSource.ENVIRONMENT or f"{ENVIRONMENT}_BUILD_CA_BUNDLE" in os.environ:
        return "--ca-bundle"
    return "SSL_CERT_FILE"


def _secrets(
    words: tuple[str, ...], ca_bundle: str | None, ca_origin: str
) -> tuple[BuildSecret, ...]:
    """The secrets by id; the last of each counts."""
    secrets = {secret.id: secret for secret in map(_secret, words)}
    if ca_bundle and "ca-bundle" not in secrets:
        secrets["ca-bundle"] = BuildSecret(id="ca-bundle", path=_file(ca_bundle, ca_origin))
    return tuple(secrets.values())


def _secret(word: str) -> BuildSecret:
    """Docker's own grammar: comma-separated `id=`, `src=` or `source=`, `env=`, `type=file|env`."""
    try:
        fields = dict(part.partition("=")[::2] for part in next(csv.reader([word]), []))
    except csv.Error:
        fields = {}
    name, path, variable = (
        fields.get("id", ""),
        fields.get("src") or fields.get("source", ""),
        fields.get("env", ""),
    )
    unknown = set(fields) - {"id", "src", "source", "env", "type"}
    if not name or unknown or (path and variable):
        raise UsageError(
            f"--secret {word!r} is not like docker's", "for example: --secret id=netrc,src=~/.netrc"
        )
    if fields.get("type") == "env" and path:
        path, variable = "", path
    if not path and not variable:
        # As docker does it: the variable of that name, else the file of that name.
        path, variable = ("", name) if name in os.environ else (name, "")
    return (
        BuildSecret(id=name, env=variable)
        if variable
        else BuildSecret(id=name, path=_file(path, "--secret"))
    )


def absolute(path: str) -> Path:
    """A user's path made absolute, `~` included; links in it are the user's business.

    Raises:
        UsageError: there is no such user, or no current folder.
    """
    try:
        return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100  # no links followed
    except (RuntimeError, OSError) as error:
        raise UsageError(f"{path!r} cannot be made an absolute path: {error}") from error


def _file(path: str, option: str) -> str:
    full = absolute(path)
    if not full.is_file():
        raise UsageError(f"{option}: there is no file {full}", "name one that exists")
    return str(full)


@click.command(
    cls=BuildCommand,
    epilog="Examples: dynamo-container build vllm · "
    "dynamo-container build none --target runtime --dry-run",
)
@build_options
@click.pass_context
def command(ctx: click.Context, /, dry_run: bool, **_options: object) -> int:
    """Build images: one or several frameworks in one graph."""
    session: Session = ctx.obj
    asked = plan_from(ctx)
    for warning in asked.plan.warnings:
        session.warn(warning)
    for notice in asked.plan.notices:
        session.note(notice)
    rendered = bake.command(asked.plan)
    if dry_run:
        for variable, _ in asked.hidden_env:
            session.warn(f"export {variable} first: it holds what must not be shown here")
        click.echo(rendered.shell())
        return 0
    engine.server_version()
    return _build(session, asked, rendered)


def _build(session: Session, asked: Asked, rendered: engine.Command) -> int:
    status = engine.run(replace(rendered, hidden_env=asked.hidden_env))
    if status:
        engine.require_buildx()
        engine.server_version()
        raise WorkFailedError(
            f"the build failed (docker's status {status})",
            "what failed is told above"
            + ("" if asked.plan.progress == "plain" else "; more of it with --progress plain"),
        )
    if session.quiet:
        return 0
    for image in asked.plan.images:
        facts = engine.inspect_image(image.tags[0])
        size = f"{facts.size / 1e6:,.0f} MB" if facts else "not in the engine's own store"
        click.echo(f"{'  '.join(image.tags)}  {size}")
    developer = [one.tags[0] for one in asked.plan.images if one.stage in _TO_DEVELOP_IN]
    if developer:
        session.note(
            f"develop in it: dynamo-container run --image {developer[-1]} --mount-workspace"
        )
    return 0
