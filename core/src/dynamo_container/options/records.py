# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a user gave on the command line, in the environment and in the project file: one frozen
record per command. Fields are named after the options. The record of `run` is in `run_records`.
"""

from __future__ import annotations

from dataclasses import dataclass

from dynamo_container.model.names import REPOSITORY
from dynamo_container.model.values import OptionValue
from dynamo_container.options.syntax import IndexUrl, SecretSpec

# The value of `--mount-workspace` without a path: the checkout around the current folder. No folder
# can have this name.
CHECKOUT = "(checkout)\0"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Options:
    """What the options of all planning commands have in common.

    Attributes:
        origins: where each option was set: `(("--base-image", "environment"), ...)`.
        plugin_options: values of the plugins' own options that were given, by destination.
    """

    origins: tuple[tuple[str, str], ...] = ()
    plugin_options: tuple[tuple[str, OptionValue], ...] = ()

    def origin(self, flag: str) -> str:
        """Return where an option was set; empty if it was not given."""
        return dict(self.origins).get(flag, "")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BuildOptions(Options):
    """The options of `build`, `explain build` and `render`; see `build --help` for each."""

    framework: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    cuda_version: tuple[str, ...] = ()
    device: str | None = None
    dynamo_version: str | None = None
    source: str | None = None
    version_override: str | None = None
    release_build: bool = False
    max_jobs: int | None = None
    build_context: tuple[tuple[str, str], ...] = ()
    use_sccache: bool = False
    sccache_bucket: str | None = None
    sccache_region: str | None = None
    sccache_local: bool = False
    resolve_as_of: str | None = None
    base_image: str | None = None
    base_image_tag: str | None = None
    runtime_image: str | None = None
    engine_image: str | None = None
    enable_kvbm: bool | None = None
    stage: tuple[tuple[str, str], ...] = ()
    dev_image: str | None = None
    uid: int | None = None
    gid: int | None = None
    tag: tuple[str, ...] = ()
    repository: str = REPOSITORY
    no_latest: bool = False
    build_arg: tuple[tuple[str, str | None], ...] = ()
    secret: tuple[SecretSpec, ...] = ()
    index_url: IndexUrl | None = None
    extra_index_url: tuple[tuple[IndexUrl, ...], ...] = ()
    trusted_host: tuple[str, ...] = ()
    ca_bundle: str | None = None
    network: str | None = None
    add_host: tuple[str, ...] = ()
    no_cache: bool = False
    pull: bool = False
    platform: tuple[tuple[str, ...], ...] = ()
    builder: str | None = None
    push: bool = False
    load: bool = False
    compression: str | None = None
    cache: str | None = None
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    sbom: str | None = None
    provenance: str | None = None
    progress: str = "auto"
    report: str | None = None
    max_size: int | None = None
    lock: str | None = None
    locked: bool = False
    frozen: bool = False
    dry_run: bool = False

    @property
    def extra_index_urls(self) -> tuple[IndexUrl, ...]:
        """The further package indexes, in order."""
        return tuple(url for urls in self.extra_index_url for url in urls)

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platforms, each once."""
        return tuple(dict.fromkeys(name for names in self.platform for name in names))
