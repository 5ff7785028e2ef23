# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Sign images and verify signatures, with cosign and always by digest.

A tag can move between two looks at it, so it is resolved once, and cosign gets the digest. Keys,
passwords and tokens stay between the user and cosign, which reads them from files and variables.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from typing import Final

from dynamo_container.docker import buildx, engine, process
from dynamo_container.docker.command import Command
from dynamo_container.errors import EngineError, MachineError, UsageError, WorkFailedError
from dynamo_container.host.paths import existing_file
from dynamo_container.model import credentials
from dynamo_container.model.references import has_registry, is_image, is_reference, repository_of
from dynamo_container.model.text import quoted

_COSIGN: Final = "cosign"
_FLAG: Final = re.compile(r"(--[a-z][a-z0-9-]*)(=.*)?", re.DOTALL)
# Flags that our own options set, and those that would make cosign look at something else than the
# digest in the registry, or at nothing.
_DECIDED: Final = re.compile(
    r"--(?:key|yes|certificate-(?:identity|oidc-issuer).*|local-image|check-claims|attachment.*|"
    r"help)"
)
# What the status of `cosign verify` says; see its documentation of exit codes.
_REASONS: Final = {
    10: "it has no signature",
    11: "the registry does not have it",
    12: "it has no signature that matches",
    13: "a signature has no certificate",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who has to have signed an image: the owner of a key, or of an identity.

    Attributes:
        key: a file with a public key, or a URI that cosign knows.
        identity, issuer: what the certificate of a keyless signature names.
        identity_regexp, issuer_regexp: the same, as regular expressions.
    """

    key: str = ""
    identity: str = ""
    identity_regexp: str = ""
    issuer: str = ""
    issuer_regexp: str = ""

    def words(self) -> tuple[str, ...]:
        """Return cosign's options.

        Raises:
            UsageError: no signer is named, or not completely; or the key cannot be used.
        """
        named = {
            "--certificate-identity": self.identity,
            "--certificate-identity-regexp": self.identity_regexp,
            "--certificate-oidc-issuer": self.issuer,
            "--certificate-oidc-issuer-regexp": self.issuer_regexp,
        }
        given = {flag: value for flag, value in named.items() if value}
        if self.key and given:
            raise UsageError(f"--key cannot be used with {next(iter(given))}", "name one signer")
        if self.key:
            return _key(self.key)
        if not (self.identity or self.identity_regexp) or not (self.issuer or self.issuer_regexp):
            raise UsageError(
                "verify requires a signer: --key, or --certificate-identity with "
                "--certificate-oidc-issuer",
                "for example: --key cosign.pub",
            )
        return tuple(f"{flag}={value}" for flag, value in given.items())


def argument(value: str) -> str:
    """Parse `--FLAG` or `--FLAG=VALUE` for cosign, which would take any other word for an image."""
    match = _FLAG.fullmatch(value)
    if not match or _DECIDED.fullmatch(match[1]):
        raise ValueError(value)
    return value


def sign(image: str, *, key: str = "", yes: bool = False, arguments: tuple[str, ...] = ()) -> str:
    """Sign an image that a registry has, and return the reference that was signed, by digest.

    Args:
        image: its reference. A tag has to name the same image in the registry as in the engine, if
            the engine has it from there.
        key: a file or a URI; without one, cosign asks an identity provider.
        yes: whether cosign does not ask for confirmation.
        arguments: other flags of cosign.

    Raises:
        MachineError: cosign is not installed, or the registry does not have the image.
        UsageError: the image cannot be in a registry, or an option cannot be used.
        WorkFailedError: the tag names two images, or cosign failed.
    """
    words = (*(_key(key) if key else ()), *(("--yes",) if yes else ()), *_visible(arguments))
    _require_cosign()
    if not has_registry(image):
        raise UsageError(
            f"{quoted(image)} does not name a registry, which keeps the signature",
            "push the image, and name it as REGISTRY/NAME:TAG",
        )
    reference = by_digest(image)
    _require_same(image, reference)
    if status := _cosign("sign", *words, reference):
        raise WorkFailedError(
            f"{reference} could not be signed (cosign exited with status {status})",
            "see the output above",
        )
    return reference


def verify(image: str, signer: Signer, arguments: tuple[str, ...] = ()) -> str:
    """Verify that a signer has signed an image, and return the reference that was verified, by
    digest.

    Raises:
        MachineError, UsageError: as `sign`.
        WorkFailedError: there is no such signature, or it could not be verified.
    """
    words = (*signer.words(), *_visible(arguments))
    _require_cosign()
    reference = by_digest(image)
    if status := _cosign("verify", *words, reference):
        reason = _REASONS.get(status, f"cosign exited with status {status}")
        raise WorkFailedError(
            f"{reference} is not verified: {reason}",
            f"see the output above; what it has: {_COSIGN} tree {reference}",
        )
    return reference


def by_digest(image: str) -> str:
    """Return an image's reference by digest; that of a tag is its registry's.

    Raises:
        EngineError: the docker command is not installed.
        MachineError: the registry does not have the image, or does not answer.
        UsageError: it is an ID, which only an engine knows.
    """
    name, _, digest = image.partition("@")
    if not is_reference(name) or name.startswith("sha256:"):
        raise UsageError(
            f"{quoted(image)} is not an image in a registry",
            "name it as REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:...",
        )
    if digest:
        return f"{repository_of(name)}@{digest}"
    answer = buildx.registry_manifest(image)
    reference = f"{repository_of(name)}@{answer.document.get('digest', '')}"
    if not is_image(reference):
        raise MachineError(
            f"the digest of {image} is not known: its registry does not have it, or does not "
            f"answer{f': {answer.problem}' if answer.problem else ''}",
            f"push it, or check: docker buildx imagetools inspect {image}",
        )
    return reference


def _require_same(image: str, reference: str) -> None:
    """Require that a tag is not another image in the registry than in the engine: somebody else can
    have pushed it.
    """
    repository, _, digest = reference.partition("@")
    try:
        info = None if "@" in image else engine.inspect_image(image)
    except EngineError:
        return  # none is needed to sign
    own = [one for one in (info.digests if info else ()) if one.startswith(f"{repository}@")]
    if own and reference not in own:
        raise WorkFailedError(
            f"{image} is another image in the registry ({digest}) than in the engine "
            f"({own[0].partition('@')[2]})",
            f"push yours; or name the one to sign: dynamo-container sign {reference}",
        )


def _require_cosign() -> None:
    if not shutil.which(_COSIGN):
        raise MachineError(
            "cosign is not installed, which signs images and verifies signatures",
            "install it, for example: go install github.com/sigstore/cosign/v3/cmd/cosign@latest",
        )


def _cosign(*words: str) -> int:
    """Run cosign, which can ask at the terminal. What it prints is for people: standard error."""
    return process.run(Command(argv=(_COSIGN, *words)), output=2)


def _key(key: str) -> tuple[str, ...]:
    _visible((f"--key={key}",), in_urls=True)
    if ":" not in key:  # others are URIs: of a key management service, a variable, a token
        existing_file(key, "--key")
    return (f"--key={key}",)


def _visible(arguments: tuple[str, ...], *, in_urls: bool = False) -> tuple[str, ...]:
    """Return arguments in which there is no secret: every user of the machine can see them."""
    for word in arguments:
        if secret := credentials.find(word, in_urls=in_urls):
            raise UsageError(
                f"{word.partition('=')[0]} contains {secret}, which other users could see",
                "cosign reads COSIGN_PASSWORD and SIGSTORE_ID_TOKEN, and what docker login keeps",
            )
    return arguments
