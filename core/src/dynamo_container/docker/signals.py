# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Signals that end this process become exceptions, so that what it has started is ended too."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# The signals of a closed terminal, of Ctrl-C, and of `kill`.
ENDING: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


class _Handler:
    """Raises for the first signal, and ignores later ones: those who press Ctrl-C twice do not want
    to keep what is being removed.
    """

    def __init__(self) -> None:
        self.held = 0
        self._pending = 0
        self._raised = False

    def __call__(self, number: int, _frame: object) -> None:
        self._pending = self._pending or number
        self.raise_pending()

    def raise_pending(self) -> None:
        """Raise for a signal that came, unless it is held back or was raised before.

        Raises:
            KeyboardInterrupt: it was Ctrl-C.
            SystemExit: it was another; with the exit status that a shell gives to it.
        """
        if self.held or self._raised or not self._pending:
            return
        self._raised = True
        if self._pending == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + self._pending)


_active: _Handler | None = None


@contextmanager
def raised() -> Iterator[None]:
    """Make every signal that ends this process raise in the block, as Ctrl-C does. Blocks can be
    nested. A signal that is ignored (`nohup`) stays ignored.
    """
    global _active  # noqa: PLW0603  # a process has one handler for each signal
    if _active or threading.current_thread() is not threading.main_thread():
        yield
        return
    _active = handler = _Handler()
    previous = {
        number: signal.signal(number, handler)
        for number in ENDING
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        _active = None
        for number, before in previous.items():
            signal.signal(number, before)


@contextmanager
def held() -> Iterator[None]:
    """Hold signals back until the block ends, so that it is done completely."""
    handler = _active
    if handler is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    handler.held += 1
    try:
        yield
    finally:
        handler.held -= 1
        handler.raise_pending()
