# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The syntax of option values: each function turns a string into a value, and needs nothing else.

A string that does not follow the syntax raises `ValueError`; `cli/types.py` turns it into the
message that names the option.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from dynamo_container.host.paths import absolute
from dynamo_container.model import values
from dynamo_container.model.credentials import find, hide_in_path, know
from dynamo_container.model.references import is_image, is_reference, is_repository

# Regular expressions are compiled when they are first used: most calls need few of them.

# A date, or a timestamp with an offset (RFC 3339), as uv takes it.
_DATE: Final = r"(?a:\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))?)"
# CUDA's packages and images are named by these two numbers.
_CUDA: Final = r"(?a:\d{1,3}\.\d{1,3})"
_DEVICE: Final = r"[a-z][a-z0-9]*"
_ARGUMENT: Final = r"[A-Za-z_][A-Za-z0-9_]*"
# No `=`: what follows it would be the secret itself.
_MOUNT_ID: Final = r"[\w./:+-]+"
_VERSION_IN_TAG: Final = r"v?([A-Za-z0-9][A-Za-z0-9_.+-]*)"
_PLATFORM: Final = r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9.]+)?"
# Other names of architectures, and docker's name for each.
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64", "arm64/v8": "arm64"}
# Named build contexts that are not a folder.
_REMOTE_CONTEXTS: Final = (
    "docker-image://", "oci-layout://", "http://", "https://", "git@", "git://",
)  # fmt: skip
_TRUE: Final = ("true", "1", "yes")
_FALSE: Final = ("false", "0", "no")
_CONTAINER_NAME: Final = r"(?a:[A-Za-z0-9][\w.-]+)"
# An index, an index of a MIG device, or a UUID.
_GPU: Final = r"(?a:\d{1,4}(?::\d{1,4})?|(?:GPU|MIG)-[\w/-]+)"
_GPU_COUNT: Final = r"(?a:count=0*([1-9]\d{0,3}))"
_HOST: Final = r"([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"
# [[ADDRESS:][HOST]:]CONTAINER[/PROTOCOL], with ports or ranges of ports.
_PORT: Final = (
    r"(?:(?:(?:[\d.]+|\[[0-9a-fA-F:]+\]):)?(?:\d+(?:-\d+)?)?:)?\d+(?:-\d+)?(?:/(?:tcp|udp|sctp))?"
)
# 30 years: what every clock and every timeout can take.
LONGEST_SECONDS: Final = 10**9
# The value of an option that takes none (`--hf-cache none`, `--source none`).
NONE: Final = "none"


def text(value: str) -> str:
    """Accept any text."""
    return value


def image(value: str) -> str:
    """Parse the reference, digest or ID of an image."""
    if not is_image(value):
        raise ValueError(value)
    return value


def tag(value: str) -> str:
    """Parse a reference that an image can be tagged with."""
    if not is_reference(value):
        raise ValueError(value)
    return value


def repository(value: str) -> str:
    """Parse a repository: a reference without a tag."""
    if not is_repository(value):
        raise ValueError(value)
    return value


def cuda_version(value: str) -> str:
    """Parse a CUDA version, such as `12.9`."""
    if not re.fullmatch(_CUDA, value):
        raise ValueError(value)
    return value


def device(value: str) -> str:
    """Parse a device, such as `cpu`; upper case is accepted."""
    if not re.fullmatch(_DEVICE, value.lower()):
        raise ValueError(value)
    return value.lower()


def dynamo_version(value: str) -> str:
    """Parse a version as Python packages have it: `1.4.2-RC1` becomes `1.4.2rc1`."""
    # Imported here: only a command with this option pays for it.
    from packaging.version import Version

    return str(Version(value))


def version_in_tag(value: str) -> str:
    """Parse a version that a tag can contain, with or without a leading `v`."""
    match = re.fullmatch(_VERSION_IN_TAG, value)
    if not match:
        raise ValueError(value)
    return match[1]


def date(value: str) -> str:
    """Parse a date, a timestamp, or `none`."""
    from datetime import datetime

    if value != NONE:
        if not re.fullmatch(_DATE, value):
            raise ValueError(value)
        datetime.fromisoformat(value)
    return value


def platforms(value: str) -> tuple[str, ...]:
    """Parse comma-separated platforms, and normalize the names of architectures."""
    names = [name.strip().lower() for name in value.split(",")]
    if not all(re.fullmatch(_PLATFORM, name) for name in names):
        raise ValueError(value)
    return tuple(normal_platform(name) for name in names)


def normal_platform(platform: str) -> str:
    """Return a platform with docker's name for the architecture."""
    system, _, architecture = platform.partition("/")
    return f"{system}/{_ARCHITECTURES.get(architecture, architecture)}"


def stage_image(value: str) -> tuple[str, str]:
    """Parse `NAME=IMAGE`."""
    name, _, reference = value.partition("=")
    if not (name and is_image(reference)):
        raise ValueError(value)
    return name, reference


def build_context(value: str) -> tuple[str, str]:
    """Parse `NAME=PATH`, or `NAME=URL` as docker takes it; the name becomes lower case."""
    name, _, place = value.partition("=")
    if not (name and place):
        raise ValueError(value)
    return name.lower(), place


def is_folder_context(place: str) -> bool:
    """Whether the value of a named context is a folder, rather than an image or a URL."""
    return not place.lower().startswith(_REMOTE_CONTEXTS)


def build_arg(value: str) -> tuple[str, str | None]:
    """Parse `NAME=VALUE`, or `NAME` alone, whose value comes from the environment."""
    name, equals, content = value.partition("=")
    if not re.fullmatch(_ARGUMENT, name):
        raise ValueError(name)
    return name, content if equals else None


class SecretSpec(NamedTuple):
    """A `--secret`, as given.

    Attributes:
        id: its ID.
        path: the file that contains it; empty if not given.
        env: the environment variable that contains it; empty if not given.
    """

    id: str
    path: str = ""
    env: str = ""


def secret(value: str) -> SecretSpec:
    """Parse docker's syntax: comma-separated `id=`, `src=` or `source=`, `env=`, `type=file|env`.

    Raises:
        ValueError: with `id=NAME` if that much is valid, and nothing else of the text: it may
            contain the secret itself.
    """
    given = fields(value)
    name, path = given.get("id", ""), given.get("src") or given.get("source", "")
    env = given.get("env", "")
    unknown = set(given) - {"id", "src", "source", "env", "type"}
    if given.get("type") == "env" and path and not env:
        path, env = "", path
    odd_variable = env and (not re.fullmatch(_ARGUMENT, env) or find(env))
    if not re.fullmatch(_MOUNT_ID, name) or find(name):
        raise ValueError
    if unknown or (path and env) or odd_variable:
        raise ValueError(f"id={name}")
    return SecretSpec(id=name, path=path, env=env)


def fields(value: str) -> dict[str, str]:
    """Split comma-separated `KEY=VALUE` fields; empty if they are not valid CSV."""
    import csv  # only few options have fields

    try:
        return {
            key: content
            for key, _, content in (part.partition("=") for part in next(csv.reader([value]), []))
        }
    except csv.Error:
        return {}


def cache(value: str) -> str:
    """Parse docker's cache syntax: comma-separated fields, or a reference alone. Paths in it become
    absolute.
    """
    import csv
    import io

    if is_reference(value):
        return f"type=registry,ref={value}"
    given = fields(value)
    if not given.get("type") or not all(given.values()):
        raise ValueError(value.partition(",")[0])
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(
        f"{key}={absolute(content) if key in ('src', 'dest') else content}"
        for key, content in given.items()
    )
    return line.getvalue()


def attestation(kind: str, value: str) -> str:
    """Return an attestation as `--attest` takes it, from a value of `--sbom` or `--provenance`."""
    if value.lower() in _FALSE:
        return f"type={kind},disabled=true"
    if "=" not in value and value.lower() not in _TRUE:
        raise ValueError(value)
    return f"type={kind},{value}" if "=" in value else f"type={kind}"


def sbom(value: str) -> str:
    """Parse the value of `--sbom`: yes, no, or fields."""
    return attestation("sbom", value)


def provenance(value: str) -> str:
    """Parse the value of `--provenance`: yes, no, or fields.

    Without a mode it is the smallest: BuildKit's own choice would be `max`, with every argument.
    """
    spec = attestation("provenance", value)
    names = {name.strip().lower() for name in fields(spec)}
    return spec if names & {"mode", "disabled"} else f"{spec},mode=min"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexUrl:
    """The URL of a package index.

    Attributes:
        url: without user, password, and what looks like a token in its path.
        secret: the whole URL if it contains such credentials; else empty. Never shown.
    """

    url: str
    secret: str = ""

    def __repr__(self) -> str:
        return f"IndexUrl({self.url!r})"


def index_url(value: str) -> IndexUrl:
    """Parse the URL of a package index.

    Raises:
        ValueError: it is not a URL, or contains what may be a secret elsewhere than in user and
            password; the reason is in the message, the URL is not.
    """
    try:
        parts = urlsplit(value)
        plain = parts._replace(netloc=parts.netloc.rpartition("@")[2])
        host = plain.hostname
    except ValueError:
        raise ValueError("is not a valid URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("is not a valid URL that starts with https:// and has a host")
    if parts.query or parts.fragment or "@" in parts.path:
        raise ValueError("contains '?', '#' or '@' after the host, which would be visible")
    shown = plain._replace(path=hide_in_path(parts.path))
    # What an index answers, and tools say of it, has the token too.
    for segment, visible in zip(parts.path.split("/"), shown.path.split("/"), strict=True):
        if visible != segment:
            know(segment)
    hidden = "@" in parts.netloc or shown.path != parts.path
    return IndexUrl(url=shown.geturl(), secret=value if hidden else "")


def index_urls(value: str) -> tuple[IndexUrl, ...]:
    """Parse one or several URLs with spaces between them, as in PIP_EXTRA_INDEX_URL."""
    return tuple(index_url(url) for url in value.split())


def gpus(value: str) -> str:
    """Parse GPUs; docker's own syntax (`"device=0,1"`, `count=2`) is accepted too."""
    plain = value.strip('"').removeprefix("device=")
    if plain.lower() in ("auto", "all", NONE):
        return plain.lower()
    if match := re.fullmatch(_GPU_COUNT, plain):
        return f"count={match[1]}"
    names = plain.split(",")
    if not all(re.fullmatch(_GPU, name) for name in names):
        raise ValueError(value)
    return ",".join(dict.fromkeys(names))


def port(value: str) -> str:
    """Parse a port mapping."""
    if not re.fullmatch(_PORT, value):
        raise ValueError(value)
    return value


def host(value: str) -> str:
    """Parse the name or address of a host, which a port may follow."""
    if not re.fullmatch(_HOST, value):
        raise ValueError(value)
    return value


def seconds(value: str) -> float:
    """Parse a time in seconds; neither `nan` nor `inf` is one."""
    number = float(value)
    if not 0 <= number <= LONGEST_SECONDS:
        raise ValueError(value)
    return number


def container_name(value: str) -> str:
    """Parse the name of a container, as docker allows it."""
    if not re.fullmatch(_CONTAINER_NAME, value):
        raise ValueError(value)
    return value


def env(value: str) -> values.EnvVar:
    """Parse `NAME=VALUE`, or `NAME` alone, whose value comes from the caller's environment."""
    name, equals, content = value.partition("=")
    return values.EnvVar(name=name, value=content if equals else None)


def volume(value: str) -> values.Mount:
    """Parse docker's `SOURCE:TARGET[:OPTIONS]`.

    A source that contains `/`, or starts with `.` or `~`, is a path and becomes absolute; any other
    is the name of a volume.
    """
    parts = value.split(":")
    if len(parts) == 1:
        parts = ["", *parts]
    source, target, options = parts[0], parts[1], parts[2:]
    if len(options) > 1 or not target.startswith("/"):
        raise ValueError(value)
    is_path = "/" in source or source.startswith((".", "~"))
    return values.Mount(
        source=str(absolute(source)) if is_path else source,
        target=target.rstrip("/") or "/",
        type="bind" if is_path else "volume",
        options=tuple(options[0].split(",")) if options else (),
    )


def entrypoint(value: str) -> tuple[str, ...]:
    """Parse a program and its arguments; an empty text resets the image's, as with docker."""
    return tuple(shlex.split(value)) if value else ("",)


def wait_for(value: str) -> values.Readiness:
    """Parse a URL, `log:` and a regular expression, or a command for a shell."""
    if value.startswith(("http://", "https://")):
        return values.Readiness(http=value)
    kind, _, pattern = value.partition(":")
    if kind != "log":
        return values.Readiness(argv=("sh", "-c", value))
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(value) from error
    return values.Readiness(log=pattern)


def switch(value: str) -> bool:
    """Parse TRUE or FALSE, in any case, or yes and no, on and off, 1 and 0."""
    lower = value.lower()
    if lower not in (*_TRUE, *_FALSE, "on", "off"):
        raise ValueError(value)
    return lower in (*_TRUE, "on")
