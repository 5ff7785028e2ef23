# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What all requests have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dynamo_container.model import values
from dynamo_container.model.provenance import Layer, Source

_COMMAND_LINE: Final = "command line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What all requests have in common.

    Attributes:
        origins: where each option was set: `(("--base-image", "environment"), ...)`.
        options: values of the plugins' own options, by destination (`vllm_ref`).
    """

    origins: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, values.OptionValue], ...] = ()

    def option(self, destination: str) -> str | None:
        """Return the value of a plugin's option by its destination, such as `vllm_ref`.

        Returns:
            The text, path or number as text; `"true"` for a flag; None if it was not given.
        """
        value = dict(self.options).get(destination)
        if value is None or value is False:
            return None
        return "true" if value is True else str(value)

    def option_values(self, destination: str) -> tuple[str, ...]:
        """Return the values of a repeatable option of a plugin; empty if it was not given."""
        value = dict(self.options).get(destination, ())
        return value if isinstance(value, tuple) else (str(value),)

    def source(self, flag: str) -> Source:
        """Return the user as the source of what an option states."""
        origin = dict(self.origins).get(flag, _COMMAND_LINE)
        return Source(layer=Layer.USER, name=flag, distribution=origin)

    def is_given(self, flag: str) -> bool:
        """Whether the user set an option, on the command line or elsewhere."""
        return flag in dict(self.origins)
