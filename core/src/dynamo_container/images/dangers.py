# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What plugins take from this machine for a build, without the user's word: warnings."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator
from typing import Final

from dynamo_container.model.provenance import Layer, Resolved, Source
from dynamo_container.model.values import BuildSecret

# Certificates, which every program on the machine may read.
_PUBLIC: Final = ("/etc/ssl/certs/", "/etc/pki/tls/certs/", "/usr/share/ca-certificates/")


def secret_warnings(
    secrets: Iterable[Resolved[BuildSecret]], trusted: Container[str]
) -> Iterator[str]:
    """Yield a warning for each secret that a plugin takes from this machine.

    Args:
        secrets: of a build.
        trusted: names of the plugins that the policy of this machine requires.
    """
    for secret in secrets:
        source = secret.sources[0]
        if source.layer is Layer.USER or source.name in trusted or secret.value.setting:
            continue
        if secret.value.env:
            yield f"{source} gives steps the variable {secret.value.env} as the secret {secret.key}"
        elif not _is_own(secret.value.path, source):
            yield f"{source} gives steps the file {secret.value.path} as the secret {secret.key}"


def _is_own(path: str, source: Source) -> bool:
    """Whether a file is part of the plugin, or public."""
    file = os.path.realpath(path)
    folder = os.path.dirname(os.path.realpath(source.location.rpartition(":")[0]))  # noqa: PTH120
    return file.startswith((f"{folder}/", *_PUBLIC))
