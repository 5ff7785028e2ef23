# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The command line: parse, call, print. `options` and the planners decide what to build or run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from dynamo_container.cli.app import PROGRAM, app
from dynamo_container.errors import DynamoContainerError, UsageError
from dynamo_container.model.text import closest
from dynamo_container.printing import prepare_streams, print_error, print_text

# Newer versions of click raise this for a group without a command; older ones print the help.
_NO_ARGUMENTS: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; None for those of the process.

    Returns:
        The exit status: see `dynamo_container.errors`, or docker's own if docker ran.
    """
    prepare_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return int(app.main(words, prog_name=PROGRAM, standalone_mode=False) or 0)
    except _NO_ARGUMENTS as error:
        print_text(f"{error.ctx.get_help()}\n")
        return 0
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else PROGRAM
        hint = f"{_alternative(error)}see: {where} --help"
        return _report(UsageError(_sentence(error.format_message()), hint))
    except click.ClickException as error:
        return _report(UsageError(_sentence(error.format_message())))
    except DynamoContainerError as error:
        return _report(error)
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except Exception as error:
        if "--debug" in words[: words.index("--") if "--" in words else len(words)]:
            raise
        cause = " ".join(str(error).split())
        return _report(
            DynamoContainerError(
                f"this is a fault in dynamo-container: {type(error).__name__}: {cause}",
                f"please report it with the output of '{PROGRAM} --debug ...'",
            )
        )


def _alternative(error: click.UsageError) -> str:
    """Return a question about the choice that is most like the value of an option."""
    kind = error.param.type if isinstance(error, click.BadParameter) and error.param else None
    if not isinstance(kind, click.Choice):
        return ""
    value = error.message.removeprefix("'").partition("'")[0]  # it starts with the value
    alike = closest(value, map(str, kind.choices))
    return f"did you mean {alike!r}? " if alike else ""


def _report(error: DynamoContainerError) -> int:
    print_error(error)
    return error.exit_status


def _sentence(text: str) -> str:
    # click's list of recognized values starts with the empty one.
    return text[:1].lower() + text[1:].rstrip(".").replace("values: , ", "values: ")
