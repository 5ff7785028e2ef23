# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A plugin's release table, and the choice of a release for a request.

`ServingPlugin` uses it. A plugin of plain functions can use it too:

    RELEASES = ReleaseTable(HERE / "releases.toml")

    @hookimpl
    def dynamo_container_releases():
        return RELEASES.rows

    @hookimpl
    def dynamo_container_pins(request):
        return RELEASES.choose(request).pins(extras=("acme",))
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dynamo_container.errors import UsageError
from dynamo_container.model.names import (
    CUDA,
    CUDA_VERSION,
    DRIVER_LABEL,
    DYNAMO,
    ENABLE_KVBM,
    REQUIREMENTS,
    RESOLVE_AS_OF,
    RUNTIME_STAGE,
    TORCH_CUDA,
)
from dynamo_container.model.requests import BuildRequest
from dynamo_container.model.values import (
    BaseImage,
    BuildArg,
    CudaImages,
    Label,
    Notice,
    Override,
    Pin,
    Release,
    SystemPackage,
)
from dynamo_container.plugins import release_reader

if TYPE_CHECKING:
    from packaging.version import Version

KVBM: Final = "kvbm"
# From this release on, Dynamo's block manager is a wheel of its own.
_KVBM_SINCE: Final = "0.7"
# From this release on, Dynamo needs neither etcd to discover services nor NATS to send requests.
_SELF_SUFFICIENT: Final = "0.8"
_SERVICES: Final = ("etcd-server", "nats-server")
# A release's own packages appear over two days.
SETTLING: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseChoice:
    """The release that a request gets, and what is installed with it.

    Attributes:
        dynamo: the Dynamo release.
        row: its row in the table; if it has none, the row of the nearest older release.
        exact: whether the row is for this very release and Dynamo is installed from wheels.
        cuda: the images for the chosen CUDA version; None if the release needs no CUDA.
        wheels: the wheels of the row.
        overrides: requirements that replace what packages require: those of an exact row, and
            what was added by `overriding()`.
        kvbm: whether Dynamo's block manager is installed too.
        from_checkout: whether Dynamo is compiled from a checkout.
        skipped_default: the table's default release, if it was not chosen because it cannot be
            built for the requested CUDA version; else empty.
        named: the release that the user named, if its wheels are those of a post release; else
            empty.
    """

    dynamo: str
    row: Release
    exact: bool
    cuda: CudaImages | None
    wheels: tuple[Pin, ...] = ()
    overrides: tuple[Override, ...] = ()
    kvbm: bool = False
    from_checkout: bool = False
    skipped_default: str = ""
    named: str = ""

    def wheel(self, name: str) -> Pin:
        """Return the row's pin of a wheel.

        Raises:
            KeyError: the row has no such wheel.
        """
        return {pin.name: pin for pin in self.wheels}[name]

    def without(self, *wheels: str) -> ReleaseChoice:
        """Return a copy that does not pin these wheels, given by name."""
        kept = tuple(pin for pin in self.wheels if pin.name not in wheels)
        return replace(self, wheels=kept)

    def overriding(self, *requirements: str) -> ReleaseChoice:
        """Return a copy with further requirements that replace what packages require."""
        added = (Override(requirement=requirement) for requirement in requirements)
        return replace(self, overrides=(*self.overrides, *added))

    def base_images(self, stage: str = RUNTIME_STAGE) -> Iterator[BaseImage]:
        """Yield the image with the CUDA libraries that a stage starts from; if any."""
        if self.cuda:
            yield BaseImage(stage=stage, image=self.cuda.runtime, location=self.row.location)

    def toolkit_images(self, stage: str) -> Iterator[BaseImage]:
        """Yield the image with the CUDA toolkit that a compiling stage starts from, if any."""
        if self.cuda and self.cuda.devel:
            yield BaseImage(stage=stage, image=self.cuda.devel, location=self.row.location)

    def pins(self, extras: tuple[str, ...] = ()) -> Iterator[Pin]:
        """Yield Dynamo with these extras, the wheels of the row, KVBM, and CUDA.

        Dynamo's extras pin an engine themselves, so the row's wheels are left out if the row is of
        another release. Without extras nothing else would pin them, so they are kept.
        """
        location = self.row.location if self.exact else ""
        yield Pin(
            name=DYNAMO,
            version=self.dynamo,
            extras=extras,
            build_arg=REQUIREMENTS,
            location=location,
        )
        if self.exact or not extras:
            yield from self.wheels
        if self.kvbm and not self.from_checkout:
            version = self._kvbm_version()
            yield Pin(name=KVBM, version=version, build_arg=REQUIREMENTS, location=location)
        if self.cuda:
            yield from self._cuda_pins(self.cuda)

    def _kvbm_version(self) -> str:
        """Return the release's own version, or that of the row: some post releases have no KVBM."""
        stated = [pin.version for pin in self.row.wheels if pin.name == KVBM and self.exact]
        return stated[0] if stated else self.dynamo

    def _cuda_pins(self, cuda: CudaImages) -> Iterator[Pin]:
        place = self.row.location
        yield Pin(
            name=CUDA, version=cuda.version, kind="cuda", build_arg=CUDA_VERSION, location=place
        )
        if self.exact and cuda.torch:
            yield Pin(name=TORCH_CUDA, version=cuda.torch, kind="cuda", location=place)

    def build_args(self) -> Iterator[BuildArg]:
        """Yield the date as of which packages are resolved (two days after the release), and
        whether a checkout is compiled with KVBM.
        """
        if self.exact:
            day = date.fromisoformat(self.row.released) + SETTLING
            yield BuildArg(name=RESOLVE_AS_OF, value=f"{day}T00:00:00Z")
        if self.from_checkout:
            yield BuildArg(name=ENABLE_KVBM, value="true" if self.kvbm else "false")

    def system_packages(self) -> Iterator[SystemPackage]:
        """Yield the services that an old release needs in its image."""
        if is_before(self.dynamo, _SELF_SUFFICIENT):
            for name in _SERVICES:
                yield SystemPackage(name=name)

    def labels(self) -> Iterator[Label]:
        """Yield the label with the oldest driver that can run the image, if it is known."""
        if self.cuda and self.cuda.driver:
            yield Label(key=DRIVER_LABEL, value=self.cuda.driver)

    def notices(self) -> Iterator[Notice]:
        """Yield what the user should know: the release is not the one that was named, or not in the
        table; or KVBM is deprecated.
        """
        if self.named:
            yield Notice(text=f"Dynamo {self.named} was published as {self.dynamo}")
        if self.kvbm and KVBM in self.row.deprecated:
            yield Notice(
                text=f"Dynamo {self.dynamo} is built with KVBM, which Dynamo has deprecated"
            )
        if self.skipped_default and self.cuda:
            yield Notice(
                text=f"Dynamo {self.dynamo} is the newest release for CUDA {self.cuda.version}; "
                f"the default, {self.skipped_default}, cannot be built for it"
            )
        if not self.exact and not self.from_checkout:
            yield Notice(
                warning=True,
                text=f"Dynamo {self.dynamo} is not in the plugin's release table: the base image "
                f"is that of {self.row.dynamo}, and packages are resolved as of today "
                "(--resolve-as-of DATE for another day)",
            )


class ReleaseTable:
    """A file `releases.toml`: the default release, and a row for each known release.

        default = "1.4.2"

        [[release]]
        dynamo = "1.4.2"
        released = 2026-08-28
        wheels = ["vllm==0.26.0", "nixl==1.3.2"]
        checked = true
        cuda = [{ version = "13.0", torch = "13.0", runtime = "IMAGE", devel = "IMAGE" }]

    The keys are described in `docs/releases.md`; `schema()` is their JSON Schema.
    """

    def __init__(self, path: Path) -> None:
        """Create a table that reads its file when it is first needed."""
        self.path = path
        self._read: tuple[str, tuple[Release, ...]] | None = None

    @property
    def default(self) -> str:
        """The release that is built if the user does not name one.

        Raises:
            PluginError: the file cannot be read, or is not a release table.
        """
        return self._document()[0]

    @property
    def rows(self) -> tuple[Release, ...]:
        """Every row, oldest release first; raises as `default` does."""
        return self._document()[1]

    def choose(self, request: BuildRequest, *, kvbm: bool = False) -> ReleaseChoice:
        """Choose the release for a request's `dynamo_version` and `cuda_version`.

        Args:
            request: with what the user wants.
            kvbm: whether Dynamo's block manager is installed if the user does not say.

        Raises:
            UsageError: the release cannot be built for that CUDA version, or with KVBM.
            PluginError: as `default`.
        """
        from packaging.version import Version

        default = self._default_for(request.cuda_version)
        named = Version(request.dynamo_version or default)
        version = named if request.checkout else self._published(named)
        older = [row for row in self.rows if Version(row.dynamo) <= version]
        row = older[-1] if older else self.rows[0]
        exact = Version(row.dynamo) == version and not request.checkout
        return ReleaseChoice(
            dynamo=str(version),
            row=row,
            exact=exact,
            cuda=self._cuda(request, row),
            wheels=tuple(pin for pin in row.wheels if pin.name != KVBM),
            overrides=row.overrides if exact else (),
            kvbm=_with_kvbm(request, str(version), default=kvbm and KVBM not in row.deprecated),
            from_checkout=bool(request.checkout),
            skipped_default=""
            if request.dynamo_version or default == self.default
            else self.default,
            named="" if version == named else str(named),
        )

    def row(self, dynamo: str) -> Release | None:
        """Return the row of a release; None if it has none. Raises as `default` does."""
        return next((row for row in self.rows if row.dynamo == dynamo), None)

    def _published(self, version: Version) -> Version:
        """Return the version of a release's wheels: for 1.3.0, which was never published, that of
        its newest post release.
        """
        known = [type(version)(row.dynamo) for row in self.rows]
        posts = [post for post in known if post.is_postrelease and _base(post) == version]
        return version if version in known or not posts else posts[-1]

    def _default_for(self, cuda: str | None) -> str:
        """Return the default release, or the newest one for a CUDA version that it lacks."""
        releases = self._releases_for(cuda)
        return self.default if not releases or self.default in releases else releases[-1]

    def _releases_for(self, cuda: str | None) -> tuple[str, ...]:
        return tuple(
            row.dynamo for row in self.rows if cuda in {images.version for images in row.cuda}
        )

    def _cuda(self, request: BuildRequest, row: Release) -> CudaImages | None:
        version = request.cuda_version
        if version is None:
            return row.cuda[0] if row.cuda else None
        for images in row.cuda:
            if images.version == version:
                return images
        if not row.cuda:
            raise UsageError(
                f"--cuda-version cannot be used with {request.framework!r}: its image has no CUDA",
                "remove the option",
            )
        raise UsageError(
            f"{request.framework!r} with Dynamo {row.dynamo} cannot be built for CUDA {version}, "
            f"only for {_list(images.version for images in row.cuda)}",
            self._hint(version),
        )

    def _hint(self, cuda: str) -> str:
        """Return which releases have a CUDA version, or which versions other releases have."""
        if releases := self._releases_for(cuda):
            return f"for CUDA {cuda}: --dynamo-version {' or '.join(releases)}"
        known = {images.version for row in self.rows for images in row.cuda}
        return f"other releases can be built for CUDA {_list(sorted(known, key=_numbers))}"

    def _document(self) -> tuple[str, tuple[Release, ...]]:
        if self._read is None:
            from packaging.version import Version

            default, rows = release_reader.read(self.path) or _read_strictly(self.path)
            self._read = default, tuple(sorted(rows, key=lambda row: Version(row.dynamo)))
        return self._read


def _read_strictly(path: Path) -> tuple[str, tuple[Release, ...]]:
    from dynamo_container.plugins import release_document

    return release_document.read(path)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of release tables, for editors."""
    from dynamo_container.plugins import release_document

    return release_document.schema()


def without_credentials(flag: str, url: str) -> str:
    """Return the URL that was given to an option.

    Raises:
        UsageError: it contains a user or a password, which would end up in the image's history.
    """
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if parts.username or parts.password:
        raise UsageError(
            f"the URL of {flag} contains credentials, which would end up in the image's history",
            "put them into a netrc file: --secret id=netrc,src=FILE",
        )
    return url


def exact_version(flag: str, text: str) -> str:
    """Return the version that was given to an option in its normal form: `1.4.2-RC1` is `1.4.2rc1`.

    Raises:
        UsageError: it is not a version.
    """
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(text))
    except InvalidVersion as error:
        raise UsageError(f"{flag} {text!r} is not a valid version", "for example: 1.4.2") from error


def is_before(release: str, other: str) -> bool:
    """Whether a Dynamo release is older than another."""
    from packaging.version import Version

    return Version(release) < Version(other)


def _with_kvbm(request: BuildRequest, dynamo: str, *, default: bool) -> bool:
    # A checkout is compiled with it: in older ones it is a feature instead of a wheel.
    available = bool(request.checkout) or not is_before(dynamo, _KVBM_SINCE)
    if request.enable_kvbm and not available:
        raise UsageError(
            f"--enable-kvbm cannot be used with Dynamo {dynamo}, which has no wheel of KVBM",
            f"remove the option, or choose a release from {_KVBM_SINCE} on: --dynamo-version",
        )
    return available and (default if request.enable_kvbm is None else request.enable_kvbm)


def _base(version: Version) -> Version:
    return type(version)(version.base_version)


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))
