# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A plugin's table of releases: reading it, and choosing the row that a request is for.

RELEASES = ReleaseTable(HERE / "releases.toml")

@hookimpl
def dynamo_container_releases():
return RELEASES.rows

@hookimpl
def dynamo_container_pins(request):
return RELEASES.choose(request).pins(extras=("acme",))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from dynamo_container.errors import UsageError
from dynamo_container.model.names import (
    CUDA_VERSION,
    DYNAMO,
    ENABLE_KVBM,
    EXTRA_PACKAGES,
    LABEL_PREFIX,
    OVERRIDES,
    REQUIREMENTS,
    RESOLVE_AS_OF,
    TORCH_CUDA,
)
from dynamo_container.model.requests import BuildRequest
from dynamo_container.model.toml import read_toml
from dynamo_container.model.values import (
    BaseImage,
    BuildArg,
    CudaImages,
    Label,
    Notice,
    Override,
    Pin,
    Release,
)

KVBM: Final = "kvbm"
# From this release on, Dynamo's block manager is a wheel of its own.
_KVBM_SINCE: Final = "0.7"
# From this release on, Dynamo discovers services without etcd and sends requests without NATS.
_SELF_SUFFICIENT: Final = "0.8"
# A release's own packages appear over two days.
SETTLING: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The row of a table that a request is for.

    Attributes:
        dynamo: the Dynamo release that is wanted.
        release: its row; where the table has none, that of the nearest older release.
        known: whether the row is that release's own.
        cuda: what it is built from; None where it needs no CUDA.
        kvbm: whether Dynamo's block manager is installed, too.
        compiled: whether Dynamo is compiled from a checkout, which pins what is installed with it.
        instead_of: the default release, where another was taken because it does not have the
            wanted CUDA version; else empty.
        overridden: whether overrides were added to those of the row.
    """

    dynamo: str
    release: Release
    known: bool
    cuda: CudaImages | None
    kvbm: bool = False
    compiled: bool = False
    instead_of: str = ""
    overridden: bool = False

    def overriding(self, *requirements: str) -> Chosen:
        """The same, with further requirements that replace what packages ask for."""
        release = self.release
        overrides = (
            *(release.overrides if self.known else ()),
            *(Override(requirement=one) for one in requirements),
        )
        return replace(self, release=replace(release, overrides=overrides), overridden=True)

    def base_images(self, stage: str = "runtime") -> Iterator[BaseImage]:
        """The image with the CUDA libraries of the wheels' major version."""
        if self.cuda:
            yield BaseImage(stage=stage, image=self.cuda.runtime)

    def pins(self, extras: tuple[str, ...] = ()) -> Iterator[Pin]:
        """Dynamo with these extras, the wheels that it was tested with, KVBM, and CUDA.

        A release that is not in the table brings its own wheels' pins.
        """
        yield Pin(name=DYNAMO, version=self.dynamo, extras=extras, build_arg=REQUIREMENTS)
        if self.known:
            yield from self.release.wheels
        if self.kvbm and not self.compiled:
            yield Pin(name=KVBM, version=self.dynamo, build_arg=REQUIREMENTS)
        if self.cuda:
            cuda = self.cuda
            yield Pin(name="cuda", version=cuda.version, kind="cuda", build_arg=CUDA_VERSION)
            if self.known and cuda.torch:
                yield Pin(name=TORCH_CUDA, version=cuda.torch, kind="cuda")

    def build_args(self) -> Iterator[BuildArg]:
        """The day as of which packages are taken, two days after the release; what is overridden;
        the services that an old release needs.
        """
        if (self.known or self.overridden) and self.release.overrides:
            yield BuildArg(
                name=OVERRIDES, value="|".join(one.requirement for one in self.release.overrides)
            )
        if self.known:
            day = date.fromisoformat(self.release.released) + SETTLING
            yield BuildArg(name=RESOLVE_AS_OF, value=f"{day}T00:00:00Z")
        if self.compiled:
            yield BuildArg(name=ENABLE_KVBM, value="true" if self.kvbm else "false")
        if is_before(self.dynamo, _SELF_SUFFICIENT):
            yield BuildArg(name=EXTRA_PACKAGES, value="etcd-server nats-server")

    def labels(self) -> Iterator[Label]:
        """The oldest driver that runs the image."""
        if self.cuda and self.cuda.driver:
            yield Label(key=f"{LABEL_PREFIX}driver", value=self.cuda.driver)

    def notices(self) -> Iterator[Notice]:
        """That the release is not in the table, or not the default."""
        if self.instead_of and self.cuda:
            yield Notice(
                text=f"Dynamo is {self.dynamo}, the newest for CUDA {self.cuda.version}: "
                f"{self.instead_of} is not for that"
            )
        if not self.known and not self.compiled:
            yield Notice(
                warning=True,
                text=f"Dynamo {self.dynamo} is not in this plugin's table: what it is built from "
                f"is that of {self.release.dynamo}, and packages are taken as of today "
                "unless --resolve-as-of says a day",
            )


class ReleaseTable:
    """A file `releases.toml`: the default release, and a row for each that is known.

    default = "1.4.2"

    [[release]]
    dynamo = "1.4.2"
    released = 2026-08-28
    wheels = ["vllm==0.26.0", "nixl==1.3.2"]
    checked = true
    cuda = [{ version = "13.0", torch = "13.0", runtime = "IMAGE", devel = "IMAGE" }]
    """

    def __init__(self, path: Path) -> None:
        """The file is read when something of it is first needed.

        Args:
            path: of the file.
        """
        self.path = path
        self._read: tuple[str, tuple[Release, ...]] | None = None

    @property
    def default(self) -> str:
        """The release that is built where none is asked for.

        Raises:
            OSError, ValueError, KeyError: the file is not as it should be.
        """
        return self._document()[0]

    @property
    def rows(self) -> tuple[Release, ...]:
        """Every row, oldest first; raises as `default` does."""
        return self._document()[1]

    def choose(self, request: BuildRequest, *, kvbm: bool = False) -> Chosen:
        """The row for a request's `dynamo_version` and `cuda_version`; raises as `default` does.

        Args:
            request: what is wanted.
            kvbm: whether Dynamo's block manager is in the image where the user does not say.

        Raises:
            UsageError: that release cannot be had for that CUDA version, or with KVBM.
        """
        from packaging.version import Version

        default = self._default_of(request.cuda_version)
        wanted = Version(request.dynamo_version or default)
        older = [row for row in self.rows if Version(row.dynamo) <= wanted]
        row = older[-1] if older else self.rows[0]
        return Chosen(
            dynamo=str(wanted),
            release=row,
            known=Version(row.dynamo) == wanted and not request.checkout,
            cuda=self._cuda(request, row),
            kvbm=_kvbm(request, str(wanted), default=kvbm),
            compiled=bool(request.checkout),
            instead_of="" if request.dynamo_version or default == self.default else self.default,
        )

    def _default_of(self, cuda: str | None) -> str:
        """The default release; where it does not have this CUDA version, the newest that has."""
        having = [row for row in self.rows if cuda in {one.version for one in row.cuda}]
        names = [row.dynamo for row in having]
        return self.default if not having or self.default in names else names[-1]

    def _cuda(self, request: BuildRequest, row: Release) -> CudaImages | None:
        wanted = request.cuda_version
        if wanted is None:
            return row.cuda[0] if row.cuda else None
        for one in row.cuda:
            if one.version == wanted:
                return one
        if not row.cuda:
            raise UsageError(
                f"--cuda-version means nothing for {request.framework!r}: it has no CUDA in it",
                "leave it out",
            )
        raise UsageError(
            f"--cuda-version {wanted}: {request.framework!r} of Dynamo {row.dynamo} is built for "
            f"CUDA {_list(one.version for one in row.cuda)}",
            self._way_out(wanted),
        )

    def _way_out(self, cuda: str) -> str:
        having = [row.dynamo for row in self.rows if cuda in {one.version for one in row.cuda}]
        if having:
            return f"with CUDA {cuda} there are: --dynamo-version {' or '.join(having)}"
        known = sorted({one.version for row in self.rows for one in row.cuda}, key=_numbers)
        return f"with other releases there is CUDA {_list(known)}"

    def _document(self) -> tuple[str, tuple[Release, ...]]:
        if self._read is None:
            from packaging.version import Version

            document = read_toml(self.path)
            rows = [_row(row) for row in document["release"]]
            ordered = tuple(sorted(rows, key=lambda row: Version(row.dynamo)))
            self._read = document["default"], ordered
        return self._read


def without_credentials(flag: str, url: str) -> str:
    """The URL that an option gave.

    Raises:
        UsageError: it holds a user or a password, which would be in the image's history.
    """
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if parts.username or parts.password:
        raise UsageError(
            f"the URL of {flag} has credentials in it, which would be in the image's history",
            "put them into a netrc file: --secret id=netrc,src=FILE",
        )
    return url


def exact_version(flag: str, word: str) -> str:
    """The version that an option gave, as packages have it: `1.4.2-RC1` is `1.4.2rc1`.

    Raises:
        UsageError: it is none.
    """
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(word))
    except InvalidVersion as error:
        raise UsageError(f"{flag} {word!r} is no version", "for example: 1.4.2") from error


def is_before(release: str, other: str) -> bool:
    """Whether a Dynamo release is older than another."""
    from packaging.version import Version

    return Version(release) < Version(other)


def _kvbm(request: BuildRequest, dynamo: str, *, default: bool) -> bool:
    # From a checkout it is compiled: older ones have it as a feature.
    available = bool(request.checkout) or not is_before(dynamo, _KVBM_SINCE)
    if request.enable_kvbm and not available:
        raise UsageError(
            f"--enable-kvbm: Dynamo {dynamo} has no wheel of it",
            f"leave it out, or take a release from {_KVBM_SINCE} on: --dynamo-version",
        )
    return available and (default if request.enable_kvbm is None else request.enable_kvbm)


def _row(row: dict[str, Any]) -> Release:
    wheels, cuda = row.get("wheels", ()), row.get("cuda", ())
    return Release(
        dynamo=row["dynamo"],
        released=row["released"].isoformat(),
        wheels=tuple(_wheel(one) for one in wheels),
        overrides=tuple(Override(requirement=one) for one in row.get("overrides", ())),
        cuda=tuple(CudaImages(**one) for one in cuda),
        **{key: row[key] for key in ("python", "checked") if key in row},
    )


def _wheel(requirement: str) -> Pin:
    project, _, version = requirement.partition("==")
    name, _, extras = project.rstrip("]").partition("[")
    names = tuple(extras.split(",")) if extras else ()
    return Pin(name=name, version=version, extras=names, build_arg=REQUIREMENTS)


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
