# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""From the options and facts of a build to its requests and settings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from dynamo_container.errors import UsageError
from dynamo_container.host.paths import existing_folder, writable_file
from dynamo_container.model.names import (
    CUDA_LABEL,
    DEV_TARGET,
    DEVICE_LABEL,
    DYNAMO_LABEL,
    HEAVY_WHEELS,
    LOCAL_DEV_TARGET,
    MAX_JOBS,
    RUNTIME_STAGE,
)
from dynamo_container.model.references import with_suffix
from dynamo_container.model.requests import BuildRequest, BuildSettings, Outputs, Sccache
from dynamo_container.model.text import quoted
from dynamo_container.options.facts import BuildFacts
from dynamo_container.options.loopback import unreachable_warnings
from dynamo_container.options.records import BuildOptions
from dynamo_container.options.rules import check_build
from dynamo_container.options.secrets import (
    AWS_VARIABLES,
    PROXY_VARIABLES,
    build_secrets,
    check_protected,
    index_secrets,
    index_variables,
    refuse_visible,
    visible_secret_warnings,
)
from dynamo_container.options.syntax import NONE, is_folder_context

if TYPE_CHECKING:
    from dynamo_container.model.facts import Checkout

# Build arguments that have options of their own, which keep credentials out of them.
_RESERVED: Final = {"INDEX_URL": "--index-url", "EXTRA_INDEX_URLS": "--extra-index-url"}
# Those that scripts compute with: what they count, and an example.
_NUMBERS: Final = {HEAVY_WHEELS: ("bytes", "20000000"), MAX_JOBS: ("compilers", "8")}
_GITHUB_CACHE_TOKEN: Final = "ACTIONS_RUNTIME_TOKEN"  # noqa: S105  # a variable's name
_LARGEST_ID: Final = 2**32 - 2


class ResolvedBuild(NamedTuple):
    """What a build's options amount to.

    Attributes:
        requests: one for each image.
        settings: how all of them are built and named.
        hidden_env: variables with secrets that the command needs in its environment.
        report: the file for a report; None for none.
        warnings: lines for the user.
    """

    requests: tuple[BuildRequest, ...]
    settings: BuildSettings
    hidden_env: tuple[tuple[str, str], ...] = ()
    report: Path | None = None
    warnings: tuple[str, ...] = ()


def variables(options: BuildOptions) -> tuple[str, ...]:
    """Return the names of the environment variables that a build's options refer to."""
    return (
        *(name for name, value in options.build_arg if value is None),
        *PROXY_VARIABLES,
        *(secret.id for secret in options.secret if not (secret.path or secret.env)),
        *AWS_VARIABLES,
        _GITHUB_CACHE_TOKEN,
    )


def resolve_build(options: BuildOptions, facts: BuildFacts) -> ResolvedBuild:
    """Resolve a build's options and facts to requests.

    Raises:
        UsageError: options contradict each other or the facts.
    """
    check_build(options, facts)
    check_protected(options)
    hidden = index_variables(options)
    build_args = _build_args(options, facts)
    refuse_visible(options, facts, dict(build_args))
    proxies = {name: value for name, value in build_args if name in PROXY_VARIABLES}
    report = writable_file(options.report, "--report") if options.report else None
    settings = BuildSettings(
        tags=options.tag or _dev_image_tags(options),
        repository=options.repository,
        latest=not (options.no_latest or options.dev_image),
        alone=bool(options.dev_image),
        build_args=tuple((name, value) for name, value in build_args if name not in proxies),
        stages=_stages(options, facts),
        contexts=_contexts(options),
        runtime_image=options.engine_image or options.runtime_image,
        secrets=(*build_secrets(options, facts), *index_secrets(hidden)),
        named_secrets=tuple(dict.fromkeys(spec.id for spec in options.secret)),
        proxies=_proxies(facts, proxies),
        no_cache=options.no_cache,
        pull=options.pull,
        outputs=_outputs(options, facts),
        progress=options.progress,
        metadata_file=str(report.with_name(f".{report.name}.buildx")) if report else "",
    )
    return ResolvedBuild(
        requests=tuple(_requests(options, facts)),
        settings=settings,
        hidden_env=(*hidden, *proxies.items()),
        report=report,
        warnings=tuple(_warnings(options, facts)),
    )


def _requests(options: BuildOptions, facts: BuildFacts) -> Iterator[BuildRequest]:
    """One request for each framework with each CUDA version and each of its targets."""
    first = _request(options, facts)
    cuda_versions: tuple[str | None, ...] = tuple(dict.fromkeys(options.cuda_version)) or (None,)
    if options.dev_image and facts.dev_image:
        cuda_versions = (facts.dev_image.label(CUDA_LABEL) or None,)
    for framework, default_target in facts.frameworks:
        for cuda in cuda_versions:
            for target in _targets(options, default_target):
                request = replace(first, framework=framework, target=target, cuda_version=cuda)
                yield (
                    _for_caller(request, options, facts) if target == LOCAL_DEV_TARGET else request
                )


def _targets(options: BuildOptions, default: str) -> tuple[str, ...]:
    return (
        (LOCAL_DEV_TARGET,)
        if options.dev_image
        else tuple(dict.fromkeys(options.target)) or (default,)
    )


def _request(options: BuildOptions, facts: BuildFacts) -> BuildRequest:
    """What all requests have in common."""
    checkout = facts.checkout
    return BuildRequest(
        framework="",
        target="",
        dynamo_version=_dynamo_version(options, facts, checkout),
        device=_device(options, facts),
        resolve_as_of=options.resolve_as_of,
        engine_image=options.engine_image,
        engine_info=facts.engine_image,
        enable_kvbm=options.enable_kvbm,
        base_image=_base_image(options, facts),
        index_url=options.index_url.url if options.index_url else "",
        extra_index_urls=tuple(index.url for index in options.extra_index_urls),
        trusted_hosts=options.trusted_host,
        checkout=checkout,
        release_build=options.release_build,
        max_jobs=options.max_jobs,
        sccache=_sccache(options),
        origins=options.origins,
        options=options.plugin_options,
    )


def _dynamo_version(
    options: BuildOptions, facts: BuildFacts, checkout: Checkout | None
) -> str | None:
    if options.dev_image:
        return (facts.dev_image.label(DYNAMO_LABEL) or None) if facts.dev_image else None
    return checkout.release if checkout else options.dynamo_version


def _device(options: BuildOptions, facts: BuildFacts) -> str:
    """The device that the user names, or that of the dev image."""
    if options.dev_image and facts.dev_image:
        return facts.dev_image.label(DEVICE_LABEL)
    return options.device or ""


def _base_image(options: BuildOptions, facts: BuildFacts) -> str | None:
    if options.dev_image and facts.dev_image_stage == RUNTIME_STAGE:
        # Its own distribution has the packages that it lacks.
        return options.dev_image
    image, tag = options.base_image, options.base_image_tag
    if not (image and tag):
        return image
    if ":" in image.rsplit("/", 1)[-1] or "@" in image:
        raise UsageError(
            f"--base-image {image} has a tag already, so --base-image-tag cannot add another",
            "omit one of them",
        )
    return f"{image}:{tag}"


def _for_caller(request: BuildRequest, options: BuildOptions, facts: BuildFacts) -> BuildRequest:
    """The request for the user of a local-dev image: the IDs given, else the caller's own."""
    # Group 0 is not a developer's own group: then the group's ID is the UID.
    caller = facts.caller
    uid = caller.uid if options.uid is None else options.uid
    gid = (caller.gid or uid) if options.gid is None else options.gid
    for flag, value in (("--uid", uid), ("--gid", gid)):
        if value == 0:
            raise UsageError(
                f"{flag} 0 is root, but {LOCAL_DEV_TARGET} is for a user other than root",
                f"set it: {flag} N; or develop as root: --target {DEV_TARGET}",
            )
        if not 0 < value <= _LARGEST_ID:
            raise UsageError(
                f"{flag} {value} is not a valid ID", f"use a number from 1 to {_LARGEST_ID}"
            )
    defaults = {
        "--uid": "the caller's own",
        "--gid": "the caller's own" if caller.gid else "the UID",
    }
    given = {flag for flag, _ in options.origins}
    origins = tuple((flag, origin) for flag, origin in defaults.items() if flag not in given)
    return replace(request, uid=uid, gid=gid, origins=(*origins, *request.origins))


def _sccache(options: BuildOptions) -> Sccache | None:
    if not options.use_sccache:
        return None
    return Sccache(bucket=options.sccache_bucket or "", region=options.sccache_region or "")


def _dev_image_tags(options: BuildOptions) -> tuple[str, ...]:
    return (with_suffix(options.dev_image, LOCAL_DEV_TARGET),) if options.dev_image else ()


def _stages(options: BuildOptions, facts: BuildFacts) -> tuple[tuple[str, str], ...]:
    """The images that replace stages, by stage."""
    images = {facts.dev_image_stage: options.dev_image} if options.dev_image else {}
    for name, image in options.stage:
        if images.setdefault(name, image) != image:
            raise UsageError(f"--stage {name} is given two images", "omit one of them")
    return tuple(images.items())


def _contexts(options: BuildOptions) -> tuple[tuple[str, str], ...]:
    """The named contexts, the last of each name."""
    return tuple(
        (name, existing_folder(place, "--build-context") if is_folder_context(place) else place)
        for name, place in dict(options.build_context).items()
    )


def _build_args(options: BuildOptions, facts: BuildFacts) -> tuple[tuple[str, str], ...]:
    """The last value of each name, sorted; a name alone takes its value from the environment."""
    values: dict[str, str] = {}
    for name, value in options.build_arg:
        if name in _RESERVED:
            raise UsageError(
                f"--build-arg {name} would show the credentials of an index",
                f"use {_RESERVED[name]}, which keeps them secret",
            )
        if value is not None:
            values[name] = value
        elif name in dict(facts.environment):
            values[name] = facts.variable(name)
    for name in _NUMBERS.keys() & values.keys():
        _require_number(name, values[name])
    return tuple(sorted(values.items()))


def _require_number(name: str, value: str) -> None:
    """Refuse a value of which a script would use only the start: 20 of `20MB`."""
    if value and not (value.isascii() and value.isdecimal()):
        unit, example = _NUMBERS[name]
        raise UsageError(
            f"{quoted(value)} is not a valid {name}: it is a number of {unit}",
            f"for example: --build-arg {name}={example}",
        )


def _proxies(facts: BuildFacts, given: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in PROXY_VARIABLES if facts.variable(name) or name in given)


def _outputs(options: BuildOptions, facts: BuildFacts) -> Outputs:
    return Outputs(
        builder=options.builder or "",
        platforms=options.platforms,
        load=options.load or not options.push,
        push=options.push,
        archives=facts.archives,
        saved=facts.saved,
        compression=options.compression or "",
        network="" if options.network in (None, "default") else str(options.network),
        hosts=_hosts(options),
        attests=tuple(spec for spec in (options.sbom, options.provenance) if spec),
        cache_from=options.cache_from,
        cache_to=options.cache_to,
        cache=options.cache or "",
        cache_platform=facts.platform,
    )


def _hosts(options: BuildOptions) -> tuple[tuple[str, str], ...]:
    """The addresses of each host, separated by commas, as bake takes them."""
    addresses: dict[str, list[str]] = {}
    for line in options.add_host:
        name, _, address = line.partition(":")
        addresses.setdefault(name, []).append(address)
    return tuple((name, ",".join(found)) for name, found in addresses.items())


def _warnings(options: BuildOptions, facts: BuildFacts) -> Iterator[str]:
    yield from visible_secret_warnings(options)
    yield from unreachable_warnings(options, facts)
    caches = (*options.cache_from, *options.cache_to)
    if any(spec.startswith("type=gha") for spec in caches) and not facts.variable(
        _GITHUB_CACHE_TOKEN
    ):
        yield (
            "a cache of type=gha has no effect outside GitHub Actions: "
            f"{_GITHUB_CACHE_TOKEN} is not set, so buildx ignores the cache"
        )


def source_path(options: BuildOptions) -> str | None:
    """Return the path of `--source`; None if it was not given or is `none`."""
    return None if options.source in (None, NONE) else options.source
