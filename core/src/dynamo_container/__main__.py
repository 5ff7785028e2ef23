# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The start of the program: the command `dynamo-container`, and `python -m dynamo_container`."""

import signal
import sys

_INTERRUPTED = 130


def main() -> int:
    """Run the command line, and return the exit status.

    While modules are imported and when Python exits, Ctrl-C ends the process as it ends any other
    program: no one is there to handle the exception, so Python would print a traceback.
    """
    handler = signal.getsignal(signal.SIGINT)
    ours = handler is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
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


if __name__ == "__main__":
    sys.exit(main())
