# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The options of a command that come from a project file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import click
from click.core import ParameterSource

from dynamo_container.cli.app import Session
from dynamo_container.model.provenance import Contribution
from dynamo_container.model.values import Option
from dynamo_container.options import project

# A project file cannot set it.
TRUST: Final = "--trust"


def forms(params: Iterable[click.Parameter]) -> dict[str, project.Form]:
    """Return what each option takes in the project file, by its name."""
    return {
        param.name or "": _form(param)
        for param in params
        if isinstance(param, click.Option) and TRUST not in param.opts
    }


def _form(option: click.Option) -> project.Form:
    if option.is_flag:
        return "flag"
    if option.multiple:
        return "list"
    return "switch" if option.flag_value is not None and option.flag_value is not False else "text"


def use(
    ctx: click.Context,
    session: Session,
    command: str,
    plugin_options: Mapping[str | None, Contribution[Option]],
) -> None:
    """Print which project file is used, if it sets an option of a parsed command.

    Args:
        ctx: of the command.
        session: of this call.
        command: whose table of the file is used.
        plugin_options: those among its options that are plugins', by name.

    Raises:
        UsageError: the caller has not trusted it.
    """
    used = [
        name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.DEFAULT_MAP
    ]
    session.trusting = session.trusting or ctx.params["trust"]
    if not used or ctx.resilient_parsing:
        return
    if not session.trusting:
        # Imported here: only a command in a project pays for it.
        from dynamo_container.options.trusted import require_trust

        reaching = [name for name in used if _reaches(ctx, command, name, plugin_options.get(name))]
        require_trust(session.project, command, reaching)
    session.note(f"using {session.project.path}")


def _reaches(
    ctx: click.Context, command: str, name: str, plugin_option: Contribution[Option] | None
) -> bool:
    """Whether an option's value reaches outside; what is switched off reaches nothing."""
    from dynamo_container.options.reach import requires_trust

    if ctx.params[name] in (False, ()):
        return False
    return not plugin_option.value.harmless if plugin_option else requires_trust(command, name)
