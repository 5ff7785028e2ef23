# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`sign`: sign an image in its registry."""

from __future__ import annotations

import click

from dynamo_container.cli.app import PROGRAM, Session
from dynamo_container.cli.layout import examples
from dynamo_container.cli.types import IMAGE, PATH, Parsed, option, repeatable
from dynamo_container.printing import print_line
from dynamo_container.trust import signatures

COSIGN_ARG = Parsed(signatures.argument, "a flag of cosign that can be passed on", "--recursive")
COSIGN_ARG_HELP = "Another flag of cosign, as --FLAG or --FLAG=VALUE; repeatable."


@click.command(epilog=examples("sign registry:5000/team/image:1 --key cosign.key"))
@click.argument("image", type=IMAGE)
@option("--key", "KEY", "File with the private key, or a URI of a key; keyless without it.", PATH)
@click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
@repeatable("--cosign-arg", "ARG", COSIGN_ARG_HELP, COSIGN_ARG)
@click.pass_obj
def command(
    session: Session, image: str, key: str | None, yes: bool, cosign_arg: tuple[str, ...]
) -> int:
    """Sign an image in its registry, with cosign.

    A tag is resolved to a digest first, and the digest is signed and printed. The password of a key
    is asked for at the terminal, or taken from COSIGN_PASSWORD.
    """
    signed = signatures.sign(image, key=key or "", yes=yes, arguments=cosign_arg)
    signer = (
        "--key PUBLIC_KEY" if key else "--certificate-identity ID --certificate-oidc-issuer URL"
    )
    session.note(f"signed by digest; verify it: {PROGRAM} verify {signed} {signer}")
    print_line(signed)
    return 0
