# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What Acme asks of every image, whichever framework is in it.

It knows of no framework: what it says goes by stages and arguments that every framework's images
have, and its own stage is stacked upon `runtime`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dynamo_container.api import (
    LABEL_PREFIX,
    BuildArg,
    BuildRequest,
    BuildSecret,
    Check,
    CheckRequest,
    EnvVar,
    Label,
    Mirror,
    RunRequest,
    Stage,
    hookimpl,
    read_toml,
)

HERE: Final = Path(__file__).parent
# The authority that Acme's own servers have their certificates from.
CERTIFICATES: Final = HERE / "hardened" / "acme.crt"
# Above what others stack upon a runtime: what comes last is what ships.
LAST: Final = 900
_SETUID: Final = "find / -xdev -type f -perm /6000 2>/dev/null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The file `policy.toml`.

    Attributes:
        index: URL of the package index.
        mirrors: registries, and where their images are taken from.
        labels: of every image.
    """

    index: str
    mirrors: tuple[tuple[str, str], ...]
    labels: tuple[tuple[str, str], ...]


@functools.cache
def policy() -> Policy:
    """The policy, read when the first hook asks for it."""
    document = read_toml(HERE / "policy.toml")
    return Policy(
        index=document["index"],
        mirrors=tuple(document["mirrors"].items()),
        labels=tuple(document["labels"].items()),
    )


@hookimpl
def dynamo_container_mirrors(request: BuildRequest) -> Iterator[Mirror]:
    """Images that plugins name come from here; what the user names is taken as it is."""
    for registry, mirror in policy().mirrors:
        yield Mirror(registry=registry, mirror=mirror)


@hookimpl
def dynamo_container_build_args(request: BuildRequest) -> Iterator[BuildArg]:
    """Packages come from here, unless the user says another: --index-url."""
    yield BuildArg(name="INDEX_URL", value=policy().index)


@hookimpl
def dynamo_container_secrets(request: BuildRequest) -> Iterator[BuildSecret]:
    """Every step that downloads trusts this; the user's own --ca-bundle takes its place."""
    yield BuildSecret(id="ca-bundle", path=str(CERTIFICATES))


@hookimpl
def dynamo_container_stages(request: BuildRequest) -> Iterator[Stage]:
    """Every framework's runtime, hardened; what is built upon a runtime is built upon this."""
    yield Stage(
        name="acme-hardened",
        dockerfile=HERE / "hardened" / "Dockerfile",
        extends="runtime",
        order=LAST,
    )


@hookimpl
def dynamo_container_labels(request: BuildRequest) -> Iterator[Label]:
    """Whose image it is, and by which policy."""
    for key, value in policy().labels:
        yield Label(key=key, value=value)


@hookimpl
def dynamo_container_run_env(request: RunRequest) -> Iterator[EnvVar]:
    """Programs in a container that bring their own certificates use the image's."""
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        yield EnvVar(name=name, value="/etc/ssl/certs/ca-certificates.crt")


@hookimpl
def dynamo_container_checks(request: CheckRequest) -> Iterator[Check]:
    """What `check` tries in an image that ships; one to develop in has sudo."""
    if request.image_info.label(f"{LABEL_PREFIX}target") == "runtime":
        argv = ("sh", "-c", f'test -z "$({_SETUID})"')
        yield Check(name="no program becomes root", argv=argv)
