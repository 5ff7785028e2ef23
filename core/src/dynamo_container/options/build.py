# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""From the options and facts of a build to its requests and settings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dynamo_container.errors import UsageError
from dynamo_container.host.certificates import check_certificates
from dynamo_container.host.paths import absolute, existing_file, existing_folder, writable_file
from dynamo_container.model.names import (
    CA_BUNDLE,
    CUDA_LABEL,
    DEV_TARGET,
    DYNAMO_LABEL,
    LOCAL_DEV_TARGET,
    RUNTIME_STAGE,
)
from dynamo_container.model.references import is_protected, with_suffix
from dynamo_container.model.requests import BuildRequest, BuildSettings, Outputs, Sccache
from dynamo_container.model.values import BuildSecret
from dynamo_container.options.facts import BuildFacts
from dynamo_container.options.records import BuildOptions
from dynamo_container.options.rules import check_build
from dynamo_container.options.syntax import NONE, SecretSpec, is_folder_context, secret_field

if TYPE_CHECKING:
    from dynamo_container.model.facts import Checkout

# Docker's predefined build arguments: usable without ARG, and not recorded in an image's history.
PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
# The variables that carry index URLs with credentials, and the IDs of their secrets.
INDEX_VARIABLE: Final = "DYNAMO_CONTAINER_BUILD_INDEX_URL"
EXTRA_INDEX_VARIABLE: Final = "DYNAMO_CONTAINER_BUILD_EXTRA_INDEX_URL"
_INDEX_SECRETS: Final = {INDEX_VARIABLE: "index-url", EXTRA_INDEX_VARIABLE: "extra-index-url"}
# Build arguments that have options of their own, which keep credentials out of them.
_RESERVED: Final = {"INDEX_URL": "--index-url", "EXTRA_INDEX_URLS": "--extra-index-url"}
_AWS_KEYS: Final = {"AWS_ACCESS_KEY_ID": "aws-key-id", "AWS_SECRET_ACCESS_KEY": "aws-secret-id"}
_AWS_TOKEN: Final = {"AWS_SESSION_TOKEN": "aws-session-token"}
_AWS_ROLE: Final = "AWS_ROLE_ARN"
_AWS_WEB_IDENTITY: Final = "AWS_WEB_IDENTITY_TOKEN_FILE"
_AWS_VARIABLES: Final = (*_AWS_KEYS, *_AWS_TOKEN, _AWS_ROLE, _AWS_WEB_IDENTITY)
_GITHUB_CACHE_TOKEN: Final = "ACTIONS_RUNTIME_TOKEN"  # noqa: S105  # a variable's name
# Where the option's value comes from if it is not given.
_CA_VARIABLES: Final = " (DYNAMO_CONTAINER_BUILD_CA_BUNDLE, else SSL_CERT_FILE)"
_LARGEST_ID: Final = 2**32 - 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResolvedBuild:
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
        *(proxy for upper in PROXIES for proxy in (upper, upper.lower())),
        *(secret.id for secret in options.secret if not (secret.path or secret.env)),
        *_AWS_VARIABLES,
        _GITHUB_CACHE_TOKEN,
    )


def resolve_build(options: BuildOptions, facts: BuildFacts) -> ResolvedBuild:
    """Resolve a build's options and facts to requests.

    Raises:
        UsageError: options contradict each other or the facts.
    """
    check_build(options, facts)
    _check_protected(options)
    hidden = _index_variables(options)
    build_args = _build_args(options, facts)
    proxies = {name: value for name, value in build_args if name.upper() in PROXIES}
    report = writable_file(options.report, "--report") if options.report else None
    settings = BuildSettings(
        tags=options.tag or _dev_image_tags(options),
        repository=options.repository,
        latest=not (options.no_latest or options.dev_image),
        alone=bool(options.dev_image),
        build_args=tuple((name, value) for name, value in build_args if name not in proxies),
        stages=_stages(options, facts),
        contexts=_contexts(options),
        runtime_image=options.runtime_image,
        secrets=(*_secrets(options, facts), *_index_secrets(hidden)),
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
        resolve_as_of=options.resolve_as_of,
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
    return tuple(sorted(values.items()))


def _proxies(facts: BuildFacts, given: Iterable[str]) -> tuple[str, ...]:
    names = (name for upper in PROXIES for name in (upper, upper.lower()))
    return tuple(name for name in names if facts.variable(name) or name in given)


def _check_protected(options: BuildOptions) -> None:
    """Check that no index is used without TLS unless the user accepts it.

    Raises:
        UsageError: the URL of an index starts with http://, and its host is not trusted.
    """
    given = [("--index-url", options.index_url)] if options.index_url else []
    given += [("--extra-index-url", index) for index in options.extra_index_urls]
    for flag, index in given:
        if not is_protected(index.url, options.trusted_host):
            host = index.url.partition("://")[2].partition("/")[0]
            raise UsageError(
                f"{flag} {index.url} is not protected: packages can be replaced on the way",
                f"use https://, or accept it: --trusted-host {host}",
            )


def _index_variables(options: BuildOptions) -> tuple[tuple[str, str], ...]:
    """The variables for index URLs with credentials. A URL without is a build argument instead."""
    found = []
    if options.index_url and options.index_url.secret:
        found.append((INDEX_VARIABLE, options.index_url.secret))
    if any(index.secret for index in options.extra_index_urls):
        urls = " ".join(index.secret or index.url for index in options.extra_index_urls)
        found.append((EXTRA_INDEX_VARIABLE, urls))
    return tuple(found)


def _index_secrets(hidden: Iterable[tuple[str, str]]) -> Iterator[BuildSecret]:
    return (BuildSecret(id=_INDEX_SECRETS[name], env=name) for name, _ in hidden)


def _secrets(options: BuildOptions, facts: BuildFacts) -> Iterator[BuildSecret]:
    """The secrets by ID, the last of each, and the credentials of sccache's bucket."""
    secrets = {spec.id: _secret(spec, facts) for spec in options.secret}
    origin = "--secret"
    if options.ca_bundle and CA_BUNDLE not in secrets:
        from_environment = options.origin("--ca-bundle") == "environment"
        origin = f"--ca-bundle{_CA_VARIABLES if from_environment else ''}"
        path = existing_file(options.ca_bundle, origin)
        secrets[CA_BUNDLE] = BuildSecret(id=CA_BUNDLE, path=path)
    if CA_BUNDLE in secrets and secrets[CA_BUNDLE].path:
        check_certificates(secrets[CA_BUNDLE].path, origin)
    yield from secrets.values()
    if options.use_sccache and options.sccache_bucket:
        yield from _bucket_secrets(options.sccache_bucket, facts)


def _secret(spec: SecretSpec, facts: BuildFacts) -> BuildSecret:
    """A secret's source. Without one it is the variable of that name, else the file of that name,
    as with docker.
    """
    env = spec.env
    if not (spec.path or env) and spec.id in dict(facts.environment):
        env = spec.id
    if env:
        return BuildSecret(id=spec.id, env=env)
    return BuildSecret(id=spec.id, path=existing_file(spec.path or spec.id, "--secret"))


def _bucket_secrets(bucket: str, facts: BuildFacts) -> Iterator[BuildSecret]:
    """The credentials for a bucket: keys, with a session token if there is one, or a role and the
    file of a web identity.
    """
    if all(facts.variable(name) for name in _AWS_KEYS):
        for name, secret_id in (_AWS_KEYS | _AWS_TOKEN).items():
            if facts.variable(name):
                yield BuildSecret(id=secret_id, env=name)
        return
    token_file = facts.variable(_AWS_WEB_IDENTITY)
    if facts.variable(_AWS_ROLE) and token_file and Path(token_file).is_file():
        yield BuildSecret(id="aws-role-arn", env=_AWS_ROLE)
        yield BuildSecret(id="aws-web-identity-token", path=str(absolute(token_file)))
        return
    raise UsageError(
        f"--use-sccache: no credentials for the bucket {bucket}",
        f"export {' and '.join(_AWS_KEYS)} (and AWS_SESSION_TOKEN), "
        f"or {_AWS_ROLE} and {_AWS_WEB_IDENTITY}",
    )


def _outputs(options: BuildOptions, facts: BuildFacts) -> Outputs:
    for flag, specs in (("--cache-from", options.cache_from), ("--cache-to", options.cache_to)):
        for spec in specs:
            if name := secret_field(spec):
                raise UsageError(
                    f"{flag} contains the secret {name}, which would be visible",
                    "omit it: buildx takes it from the environment (AWS_SECRET_ACCESS_KEY, "
                    "ACTIONS_RUNTIME_TOKEN)",
                )
    return Outputs(
        builder=options.builder or "",
        platforms=options.platforms,
        load=options.load or not options.push,
        push=options.push,
        attests=tuple(spec for spec in (options.sbom, options.provenance) if spec),
        cache_from=options.cache_from,
        cache_to=options.cache_to,
        cache=options.cache or "",
        cache_platform=facts.platform,
    )


def _warnings(options: BuildOptions, facts: BuildFacts) -> Iterator[str]:
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
