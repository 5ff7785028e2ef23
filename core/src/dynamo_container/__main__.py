# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The start of the program: the command `dynamo-container`, and `python -m dynamo_container`."""

import os
import signal
import sys
from typing import Any

_INTERRUPTED = 130
# A shell asks for completions; see `completion.shells`.
_COMPLETION = "_DYNAMO_CONTAINER_COMPLETION"


def main() -> int:
    """Run the command line, and return the exit status.

    While modules are imported and when Python exits, Ctrl-C ends the process as it ends any other
    program: no one is there to handle the exception, so Python would print a traceback.
    """
    _search_absolute_folders()
    handler = signal.getsignal(signal.SIGINT)
    ours = handler is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if shell := os.environ.get(_COMPLETION):
        from dynamo_container.completion.answer import main as answer

        return answer(shell, _describe)
    from dynamo_container.cli import main as command_line

    try:
        if ours:
            signal.signal(signal.SIGINT, handler)
        return command_line()
    except KeyboardInterrupt:
        return _INTERRUPTED
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def _search_absolute_folders() -> None:
    """Leave out the folders of PATH that depend on the current one, which may be another user's:
    neither this process nor those that it starts look for docker, git or cosign there.
    """
    path = os.environ.get("PATH")
    if path is not None:
        folders = filter(os.path.isabs, path.split(os.pathsep))
        # An empty PATH is the current folder.
        os.environ["PATH"] = os.pathsep.join(folders) or os.devnull


def _describe() -> dict[str, Any]:
    from dynamo_container.cli.completion import describe

    return describe()


if __name__ == "__main__":
    sys.exit(main())
