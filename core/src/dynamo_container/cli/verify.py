# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`verify`: who signed an image."""

from __future__ import annotations

import click

from dynamo_container.cli.layout import examples
from dynamo_container.cli.sign import COSIGN_ARG, COSIGN_ARG_HELP
from dynamo_container.cli.types import IMAGE, PATH, option, repeatable
from dynamo_container.printing import print_line
from dynamo_container.trust import signatures


@click.command(epilog=examples("verify registry:5000/team/image:1 --key cosign.pub"))
@click.argument("image", type=IMAGE)
@option("--key", "KEY", "File with the public key, or a URI of a key.", PATH)
@option(("--certificate-identity", "identity"), "ID", "Who signed, in a keyless signature.")
@option(("--certificate-identity-regexp", "identity_regexp"), "REGEXP", "The same, as a pattern.")
@option(("--certificate-oidc-issuer", "issuer"), "URL", "Who vouches for that identity.")
@option(("--certificate-oidc-issuer-regexp", "issuer_regexp"), "REGEXP", "The same, as a pattern.")
@repeatable("--cosign-arg", "ARG", COSIGN_ARG_HELP, COSIGN_ARG)
def command(image: str, cosign_arg: tuple[str, ...], **signer: str | None) -> int:
    """Verify who signed an image, with cosign, and print the image's reference by digest.

    A tag is resolved to a digest first. Use what is printed, and you run what was verified.
    """
    given = {name: value for name, value in signer.items() if value}
    print_line(signatures.verify(image, signatures.Signer(**given), cosign_arg))
    return 0
