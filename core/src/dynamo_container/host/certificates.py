# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Files of certificates: what is wrong with one, before every download in a build fails."""

from __future__ import annotations

import binascii
import re
import shlex
from pathlib import Path
from typing import Final

from dynamo_container.errors import UsageError

_CERTIFICATE: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----"
)
_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"
_KEY: Final = re.compile(rb"-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)?-----")
# The first byte of a sequence in DER, and what the containers of certificates begin with.
_SEQUENCE: Final = b"\x30"
_PKCS7_SIGNED: Final = bytes.fromhex("06092a864886f70d010702")
_PKCS12_VERSION: Final = bytes.fromhex("020103")
_NAME_A_FILE: Final = "name a file with certificates in PEM format (-----BEGIN CERTIFICATE-----)"


def check_certificates(path: str, option: str) -> None:
    """Check that a file has certificates in PEM format, and nothing secret.

    Args:
        path: of the file, which exists.
        option: that gave it, for the message.

    Raises:
        UsageError: it has something else; the hint is the command that converts it, if any.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(
            f"{option}: {path} cannot be read: {error.strerror}", _NAME_A_FILE
        ) from error
    if found := _problem(content):
        reason, convert = found
        hint = f"convert it: openssl {convert.format(shlex.quote(path))}" if convert else ""
        raise UsageError(f"{option}: {path} {reason}", hint or _NAME_A_FILE)


def _problem(content: bytes) -> tuple[str, str] | None:
    """Return what is wrong, and the arguments of openssl that fix it; None if nothing is."""
    if not content.strip():
        return "is empty", ""
    if content.startswith(_SEQUENCE) and not content.isascii():
        return _binary(content)
    if _KEY.search(content):
        return (
            "contains a private key, which every step that downloads could read",
            "storeutl -certs -out certificates.pem {0}" if _BEGIN in content else "",
        )
    if b"-----BEGIN PKCS7-----" in content:
        return "is in PKCS#7 format", "pkcs7 -print_certs -in {0} -out certificates.pem"
    if b"-----BEGIN TRUSTED CERTIFICATE-----" in content:
        return "is in OpenSSL's format 'trusted'", "x509 -in {0} -out certificate.pem"
    if b"-----BEGIN CERTIFICATE REQUEST-----" in content:
        return "has a request for a certificate, and no certificate", ""
    return _damage(content)


def _binary(content: bytes) -> tuple[str, str]:
    if _PKCS7_SIGNED in content[:32]:
        return (
            "is in PKCS#7 format (DER), not PEM",
            "pkcs7 -inform DER -print_certs -in {0} -out certificates.pem",
        )
    if _PKCS12_VERSION in content[:8]:
        return (
            "is in PKCS#12 format, not PEM",
            "pkcs12 -nokeys -in {0} -out certificates.pem",
        )
    return "is in DER format, not PEM", "x509 -inform DER -in {0} -out certificate.pem"


def _damage(content: bytes) -> tuple[str, str] | None:
    blocks = _CERTIFICATE.findall(content)
    if _BEGIN not in content:
        return "has no certificate in PEM format", ""
    if len(blocks) != content.count(_BEGIN):
        return "has a certificate that is cut off or damaged", ""
    for block in blocks:
        try:
            certificate = binascii.a2b_base64(block)
        except binascii.Error:
            certificate = b""
        if not certificate.startswith(_SEQUENCE):
            return "has a certificate that is cut off or damaged", ""
    return None
