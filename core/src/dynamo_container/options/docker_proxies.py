# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The proxies of docker's own configuration, which the docker command passes to builds."""

from __future__ import annotations

from dynamo_container.options.records import BuildOptions
from dynamo_container.options.secrets import publishes_arguments


def collect(options: BuildOptions) -> tuple[tuple[str, str], ...]:
    """Return them if the build would publish them: nothing else depends on them."""
    if not publishes_arguments(options):
        return ()
    # Imported here: few builds need it.
    from dynamo_container.docker import configuration

    return configuration.proxies()
