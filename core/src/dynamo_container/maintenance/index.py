# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What the package index knows about a project: its releases, their dates, what they require."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from dynamo_container.docker import process
from dynamo_container.docker.command import PYTHON
from dynamo_container.errors import MachineError, UsageError, WorkFailedError

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.version import Version
    from pypi_simple import DistributionPackage, PyPISimple

T = TypeVar("T")

# The variables that name the index of uv and pip, in the order of precedence.
_VARIABLES: Final = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A release of a project on the index.

    Attributes:
        version: its version.
        uploaded: the date on which its first wheel was uploaded.
    """

    version: Version
    uploaded: date


class Index:
    """The index that uv and pip use on this machine; its answers are kept."""

    def __init__(self, client: PyPISimple) -> None:
        """Create an index; `connect` does that with this machine's configuration."""
        self._client = client
        self._pages: dict[str, tuple[DistributionPackage, ...]] = {}

    def stable_releases(self, project: str) -> tuple[Published, ...]:
        """Return a project's releases that have wheels and are not pre-releases, oldest first.

        Raises:
            WorkFailedError: the index cannot be read, or does not serve upload times.
        """
        dates: dict[Version, date] = {}
        for version, package in self._wheels(project):
            if package.upload_time is None:
                raise WorkFailedError(
                    f"the index does not state when {package.filename} was uploaded",
                    "use an index that serves upload times (PEP 700): set UV_DEFAULT_INDEX",
                )
            uploaded = package.upload_time.date()
            dates[version] = min(uploaded, dates.get(version, uploaded))
        stable = sorted(version for version in dates if not version.is_prerelease)
        return tuple(Published(version=version, uploaded=dates[version]) for version in stable)

    def has_wheel(self, project: str, version: str) -> bool:
        """Whether a release has a wheel: for some, the index has only a source distribution that
        fetches the wheel from elsewhere. Raises as `stable_releases` does.
        """
        return any(str(found) == version for found, _ in self._wheels(project))

    def wheel_versions(self, project: str) -> tuple[Version, ...]:
        """Return every version with a wheel, oldest first; raises as `stable_releases` does."""
        return tuple(sorted({version for version, _ in self._wheels(project)}))

    def requirements(self, project: str, version: str) -> tuple[Requirement, ...]:
        """Return what a release requires, according to the metadata of its first wheel.

        Raises:
            WorkFailedError: the index cannot be read, or has no wheel of it.
        """
        from packaging.metadata import Metadata

        for found, package in self._wheels(project):
            if str(found) == version:
                text = self._metadata(package)
                metadata = Metadata.from_email(text, validate=False)
                return tuple(metadata.requires_dist or ())
        raise WorkFailedError(
            f"the index has no wheel of {project} {version}", "see: dynamo-container releases"
        )

    def _wheels(self, project: str) -> Iterator[tuple[Version, DistributionPackage]]:
        from packaging.version import InvalidVersion, Version

        for package in self._page(project):
            if package.package_type != "wheel" or package.is_yanked or not package.version:
                continue
            try:
                yield Version(package.version), package
            except InvalidVersion:
                continue

    def _page(self, project: str) -> tuple[DistributionPackage, ...]:
        from pypi_simple import NoSuchProjectError

        if project not in self._pages:
            try:
                page = _reading(project, lambda: self._client.get_project_page(project))
                self._pages[project] = tuple(page.packages)
            except NoSuchProjectError:
                self._pages[project] = ()
        return self._pages[project]

    def _metadata(self, package: DistributionPackage) -> str:
        """Return a wheel's metadata; most indexes serve it beside the wheel (PEP 658)."""
        from pypi_simple import NoMetadataError

        if package.has_metadata:
            try:
                return _reading(
                    package.filename, lambda: self._client.get_package_metadata(package)
                )
            except NoMetadataError:
                pass
        return _reading(package.filename, lambda: self._metadata_of_wheel(package))

    def _metadata_of_wheel(self, package: DistributionPackage) -> str:
        import tempfile
        import zipfile

        with tempfile.TemporaryDirectory() as folder:
            wheel = Path(folder) / package.filename
            self._client.download_package(package, wheel)
            with zipfile.ZipFile(wheel) as archive:
                names = archive.namelist()
                (name,) = (name for name in names if name.endswith(".dist-info/METADATA"))
                return archive.read(name).decode()


def _reading(what: str, read: Callable[[], T]) -> T:
    """Call a function that reads from the index; its failures become errors of ours."""
    import requests

    try:
        return read()
    except requests.RequestException as error:
        # The text of the error can have the URL, and with it a password.
        raise WorkFailedError(
            f"the index does not answer for {what}: {type(error).__name__}",
            "check the network, and the index that uv and pip are configured with",
        ) from None


def connect(environment: Mapping[str, str] = os.environ) -> Index:
    """Return the index that uv and pip use on this machine.

    Raises:
        MachineError: the packages for maintainers are not installed.
    """
    try:
        import pypi_simple
    except ImportError:
        raise MachineError(
            f"{sys.executable} does not have the packages for maintaining release tables",
            "install them: pip install 'dynamo-container[maintenance]'",
        ) from None
    url = configured_url(environment) or pypi_simple.PYPI_SIMPLE_ENDPOINT
    return Index(pypi_simple.PyPISimple(url))


def configured_url(environment: Mapping[str, str]) -> str:
    """Return the index of uv's or pip's configuration; empty for their default."""
    for variable in _VARIABLES:
        if environment.get(variable):
            return environment[variable]
    answer = process.capture(*PYTHON, "-m", "pip", "config", "get", "global.index-url")
    return answer.stdout.strip() if answer.returncode == 0 else ""


def require_version(text: str, published: tuple[Published, ...]) -> Published:
    """Return the release with this version.

    Raises:
        UsageError: the index does not have it.
    """
    for release in published:
        if str(release.version) == text:
            return release
    raise UsageError(
        f"the index has no release {text!r} of Dynamo",
        f"the newest is {published[-1].version}" if published else "check the index",
    )
