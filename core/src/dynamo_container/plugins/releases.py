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

import functools
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dynamo_container.errors import UsageError
from dynamo_container.model.names import CUDA_VERSION
from dynamo_container.model.requests import BuildRequest
from dynamo_container.model.values import CudaImages, Override, Release
from dynamo_container.plugins import device_releases, release_extras, release_reader
from dynamo_container.plugins.release_choice import KVBM, ReleaseChoice, is_before

if TYPE_CHECKING:
    from packaging.version import Version

# From this release on, Dynamo's block manager is a wheel of its own.
_KVBM_SINCE: Final = "0.7"


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
            UsageError: the release cannot be built for that CUDA version or device, or with KVBM.
            PluginError: as `default`.
        """
        from packaging.version import Version

        default = self._default_for(request.cuda_version)
        named = Version(request.dynamo_version or default)
        version = named if request.checkout else self._published(named)
        row = self._nearest(version)
        exact = Version(row.dynamo) == version and not request.checkout
        choice = ReleaseChoice(
            dynamo=str(version),
            row=row,
            exact=exact,
            cuda=self._cuda(request, row),
            wheels=tuple(pin for pin in row.wheels if pin.name != KVBM),
            overrides=row.overrides if exact else _left_out(row),
            kvbm=_with_kvbm(request, str(version), default=kvbm and KVBM not in row.deprecated),
            from_checkout=bool(request.checkout),
            skipped_default=""
            if request.dynamo_version or default == self.default
            else self.default,
            named="" if version == named else str(named),
        )
        if request.device:
            device = device_releases.find(request, row, str(version), self.rows)
            choice = choice.for_device(device)
        choice = choice.with_extras(release_extras.find(request, row, str(version), self.rows))
        if not request.engine_image:
            return choice
        _require_cuda_of_engine(request, choice)
        return choice.beside_engine()

    def overrides(
        self, dynamo: str, device: str = "", extras: Collection[str] = ()
    ) -> tuple[Override, ...]:
        """Return what is overridden in an image of a release for a device, with these parts of
        Dynamo: by its row, or if it has none, what the nearest older one leaves out. Nothing if it
        is not a version. Raises as `default` does.
        """
        row = self._row_of_image(dynamo)
        if row is None:
            return ()
        own = row.overrides if row.dynamo == dynamo else _left_out(row)
        other = row.for_device(device)
        chosen = (extra for extra in row.extras if extra.extra in extras)
        return release_extras.replacing(other.overrides if other else own, chosen)

    def modules(self, dynamo: str, extras: Collection[str]) -> tuple[str, ...]:
        """Return the modules that these parts of Dynamo have in a release. Nothing if it is not a
        version. Raises as `default` does.
        """
        row = self._row_of_image(dynamo)
        chosen = (extra for extra in row.extras if extra.extra in extras) if row else ()
        return tuple(module for extra in chosen for module in extra.modules)

    def _row_of_image(self, dynamo: str) -> Release | None:
        """Return the row of a release, or of the nearest older one; None if it is not a version."""
        from packaging.version import InvalidVersion, Version

        try:
            return self._nearest(Version(dynamo))
        except InvalidVersion:
            return None

    def _nearest(self, version: Version) -> Release:
        """Return the row of a release, or of the nearest older one, or the oldest one."""
        rows = zip(self.rows, self._known, strict=True)
        older = [row for row, known in rows if known <= version]
        return older[-1] if older else self.rows[0]

    def _published(self, version: Version) -> Version:
        """Return the version of a release's wheels: for 1.3.0, which was never published, that of
        its newest post release.
        """
        known = self._known
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

    @functools.cached_property
    def _known(self) -> tuple[Version, ...]:
        """The version of each row."""
        from packaging.version import Version

        return tuple(Version(row.dynamo) for row in self.rows)

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


def _with_kvbm(request: BuildRequest, dynamo: str, *, default: bool) -> bool:
    # A checkout is compiled with it: in older ones it is a feature instead of a wheel.
    available = bool(request.checkout) or not is_before(dynamo, _KVBM_SINCE)
    if request.enable_kvbm and not available:
        raise UsageError(
            f"--enable-kvbm cannot be used with Dynamo {dynamo}, which has no wheel of KVBM",
            f"remove the option, or choose a release from {_KVBM_SINCE} on: --dynamo-version",
        )
    return available and (default if request.enable_kvbm is None else request.enable_kvbm)


def _require_cuda_of_engine(request: BuildRequest, choice: ReleaseChoice) -> None:
    """Require that the engine's image, if its CUDA version is known, has that of the release.

    Raises:
        UsageError: it has another major version, for which this Dynamo has no wheel of NIXL.
    """
    env = request.engine_info.env if request.engine_info else ()
    own = dict(line.partition("=")[::2] for line in env).get(CUDA_VERSION, "")
    known = {images.version.partition(".")[0] for images in choice.row.cuda}
    if own and choice.cuda and own.partition(".")[0] not in known:
        raise UsageError(
            f"--engine-image {request.engine_image} has CUDA {own}, but Dynamo {choice.dynamo} is "
            f"for CUDA {_list(images.version for images in choice.row.cuda)}",
            "name an image of the engine for that CUDA version, or another --dynamo-version",
        )


def _left_out(row: Release) -> tuple[Override, ...]:
    """Return the overrides that leave a package out, and so do not depend on the release."""
    return tuple(override for override in row.overrides if override.leaves_out)


def _base(version: Version) -> Version:
    return type(version)(version.base_version)


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))
