# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What was found out for one `serve` or `export`: see `facts`."""

from __future__ import annotations

from dataclasses import dataclass

from dynamo_container.model.requests import Model
from dynamo_container.options.run_facts import RunFacts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ServeFacts:
    """Facts for the services of a model.

    Attributes:
        run: those for any of the containers.
        model: the model; None if the user named none.
    """

    run: RunFacts
    model: Model | None = None
