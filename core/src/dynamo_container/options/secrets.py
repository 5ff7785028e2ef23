# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The secrets of a build: where each comes from, and which credentials are refused because they
would be visible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from dynamo_container.errors import UsageError
from dynamo_container.host.certificates import check_certificates
from dynamo_container.host.paths import absolute, existing_file, is_file, is_folder
from dynamo_container.model.credentials import find, is_secret_name, secret_field
from dynamo_container.model.names import CA_BUNDLE
from dynamo_container.model.references import is_protected
from dynamo_container.model.values import BuildSecret
from dynamo_container.options.facts import BuildFacts
from dynamo_container.options.records import BuildOptions
from dynamo_container.options.syntax import SecretSpec, fields, is_folder_context

# Docker's predefined build arguments: usable without ARG, and not recorded in an image's history.
PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
# In these two forms only: in any other, such as `Https_Proxy`, it is an argument like any other.
PROXY_VARIABLES: Final = tuple(form for name in PROXIES for form in (name, name.lower()))
# The variables that carry index URLs with credentials, and the IDs of their secrets.
INDEX_VARIABLE: Final = "DYNAMO_CONTAINER_BUILD_INDEX_URL"
EXTRA_INDEX_VARIABLE: Final = "DYNAMO_CONTAINER_BUILD_EXTRA_INDEX_URL"
_INDEX_SECRETS: Final = {INDEX_VARIABLE: "index-url", EXTRA_INDEX_VARIABLE: "extra-index-url"}
_AWS_KEYS: Final = {"AWS_ACCESS_KEY_ID": "aws-key-id", "AWS_SECRET_ACCESS_KEY": "aws-secret-id"}
_AWS_TOKEN: Final = {"AWS_SESSION_TOKEN": "aws-session-token"}
_AWS_ROLE: Final = "AWS_ROLE_ARN"
_AWS_WEB_IDENTITY: Final = "AWS_WEB_IDENTITY_TOKEN_FILE"
AWS_VARIABLES: Final = (*_AWS_KEYS, *_AWS_TOKEN, _AWS_ROLE, _AWS_WEB_IDENTITY)
# Where the option's value comes from if it is not given.
_CA_VARIABLES: Final = " (DYNAMO_CONTAINER_BUILD_CA_BUNDLE, else SSL_CERT_FILE)"


def check_protected(options: BuildOptions) -> None:
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


def index_variables(options: BuildOptions) -> tuple[tuple[str, str], ...]:
    """Return the variables for index URLs with credentials. A URL without is a build argument."""
    found = []
    if options.index_url and options.index_url.secret:
        found.append((INDEX_VARIABLE, options.index_url.secret))
    if any(index.secret for index in options.extra_index_urls):
        urls = " ".join(index.secret or index.url for index in options.extra_index_urls)
        found.append((EXTRA_INDEX_VARIABLE, urls))
    return tuple(found)


def index_secrets(hidden: Iterable[tuple[str, str]]) -> Iterator[BuildSecret]:
    """Return the secrets of these variables."""
    return (BuildSecret(id=_INDEX_SECRETS[name], env=name) for name, _ in hidden)


def build_secrets(options: BuildOptions, facts: BuildFacts) -> Iterator[BuildSecret]:
    """Yield the secrets by ID, the last of each, and the credentials of sccache's bucket."""
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
    path = absolute(spec.path or spec.id)
    if not is_file(path):
        # What is taken for a path may be the secret itself.
        shown = "/" in spec.path and is_folder(path.parent)
        raise UsageError(
            f"--secret id={spec.id}: file not found{f': {path}' if shown else ''}",
            "name an existing file: src=PATH; or a variable: env=NAME",
        )
    return BuildSecret(id=spec.id, path=str(path))


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


def refuse_visible(options: BuildOptions, facts: BuildFacts, build_args: Mapping[str, str]) -> None:
    """Refuse credentials that the build would show, in its command, its image or its attestations.

    Args:
        options: of the build.
        facts: with the environment.
        build_args: the build arguments with their values.

    Raises:
        UsageError: there is one.
    """
    for name, place in options.build_context:
        if not is_folder_context(place) and (what := find(place)):
            raise UsageError(
                f"--build-context {name} contains {what}, which would be visible",
                "omit it; for git: --secret id=GIT_AUTH_TOKEN,env=VARIABLE, which BuildKit uses",
            )
    for name, value in build_args.items():
        if name not in PROXY_VARIABLES and (what := find(value, in_urls=True)):
            raise UsageError(
                f"--build-arg {name} contains {what}, which the image's history would show",
                "use a secret: --secret id=NAME,env=VARIABLE, and mount it in the Dockerfile",
            )
    for destination, option in options.plugin_options:
        values = option if isinstance(option, tuple) else (option,)
        if what := next(filter(None, (find(str(value), in_urls=True) for value in values)), ""):
            raise UsageError(
                f"--{destination.replace('_', '-')} contains {what}, which the image's history "
                "would show",
                "omit it; for git: --secret id=GIT_AUTH_TOKEN,env=VARIABLE, which BuildKit uses",
            )
    _refuse_in_attestations(options)
    _refuse_in_caches(options)
    if publishes_arguments(options):
        _refuse_proxies(facts, build_args)


def _refuse_in_attestations(options: BuildOptions) -> None:
    for flag, spec in (("--sbom", options.sbom), ("--provenance", options.provenance)):
        if spec and (name := secret_field(fields(spec))):
            raise UsageError(
                f"{flag} contains a secret in its field {name!r}, which would be visible", "omit it"
            )


def _refuse_in_caches(options: BuildOptions) -> None:
    for flag, specs in (("--cache-from", options.cache_from), ("--cache-to", options.cache_to)):
        for spec in specs:
            if name := secret_field(fields(spec)):
                raise UsageError(
                    f"{flag} contains a secret in its field {name!r}, which would be visible",
                    "omit it: buildx takes secrets from the environment (AWS_SECRET_ACCESS_KEY, "
                    "ACTIONS_RUNTIME_TOKEN) or from docker login",
                )


def publishes_arguments(options: BuildOptions) -> bool:
    """Whether the image gets a provenance of mode=max, which contains all build arguments."""
    provenance = fields(options.provenance) if options.provenance else {}
    given = {name.strip().lower(): value for name, value in provenance.items()}
    return given.get("mode", "").strip().lower() == "max"


def _refuse_proxies(facts: BuildFacts, build_args: Mapping[str, str]) -> None:
    """Refuse a proxy with a password: a provenance of mode=max contains all arguments."""
    for name in PROXY_VARIABLES:
        if what := find(build_args.get(name) or facts.variable(name)):
            raise UsageError(
                f"--provenance mode=max would publish {name}, which contains {what}",
                "use --provenance mode=min, or a proxy without a password",
            )
    for name, value in facts.docker_proxies:
        if what := find(value):
            raise UsageError(
                f"--provenance mode=max would publish {name} of docker's own configuration, which "
                f"contains {what}",
                "use --provenance mode=min, or a proxy without a password",
            )


def visible_secret_warnings(options: BuildOptions) -> Iterator[str]:
    """Yield warnings for build arguments whose names are those of secrets."""
    for name, value in options.build_arg:
        if is_secret_name(name) and value:
            yield (
                f"the value of --build-arg {name} can be read in the image's history; "
                "use a secret: --secret id=NAME,env=VARIABLE, and mount it in the Dockerfile"
            )
