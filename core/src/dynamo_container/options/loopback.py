# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Proxies and indexes on this machine's own address, which a build step cannot reach: warnings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from dynamo_container.options.facts import BuildFacts
from dynamo_container.options.records import BuildOptions
from dynamo_container.options.secrets import PROXIES

_NAMES: Final = ("localhost", "::1", "0.0.0.0")  # noqa: S104  # compared, not listened on
_ADDRESS: Final = re.compile(r"127(?:\.\d+){3}")


def unreachable_warnings(options: BuildOptions, facts: BuildFacts) -> Iterator[str]:
    """Yield a warning for each proxy and each index that is on a loopback address.

    A step has a network of its own, where that address is the step itself. Only the option or the
    variable is named, because the URL may contain a password.
    """
    if options.network == "host":
        return
    for name in dict.fromkeys(name for name, url in _urls(options, facts) if is_loopback(url)):
        yield (
            f"{name} is on this machine's own address, which build steps cannot reach: "
            "add --network host, or use an address that the builder can reach"
        )


def _urls(options: BuildOptions, facts: BuildFacts) -> Iterator[tuple[str, str]]:
    """Yield the URLs that steps connect to, each with the option or variable that it is from."""
    if options.index_url:
        yield "--index-url", options.index_url.url
    for index in options.extra_index_urls:
        yield "--extra-index-url", index.url
    arguments = dict(options.build_arg)
    for upper in PROXIES:
        for name in (upper, upper.lower()) if upper != "NO_PROXY" else ():
            yield name, arguments.get(name) or facts.variable(name)


def is_loopback(url: str) -> bool:
    """Whether a URL's host is the machine itself; a proxy may have no scheme."""
    try:
        host = urlsplit(url if "://" in url else f"//{url}").hostname or ""
    except ValueError:
        return False
    return host in _NAMES or bool(_ADDRESS.fullmatch(host))
