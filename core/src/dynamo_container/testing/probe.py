# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A process that loads a distribution's plugins, calls every hook, and prints as JSON what the
hooks returned and which side effects they had.

    python -m dynamo_container.testing.probe DISTRIBUTION [--reversed]

Two probes with different hash seeds, orders and environments must print the same values.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Final

from dynamo_container.errors import DynamoContainerError
from dynamo_container.testing.hooks import hook_calls, own_values
from dynamo_container.testing.subject import Subject, find_subject, load_plugins

# Packages that no plugin needs to return its values, and that make every command slow.
HEAVY: Final = frozenset(
    {
        "aiohttp", "docker", "dynamo", "httpx", "numpy", "pydantic", "pynvml", "requests",
        "sglang", "tensorrt_llm", "torch", "transformers", "urllib3", "vllm",
    }
)  # fmt: skip
_PROCESS: Final = "starts a process"
_NETWORK: Final = "uses the network"
_CHANGE: Final = "changes files"
# The interpreter's audit events: https://docs.python.org/3/library/audit_events.html
_EVENTS: Final = {
    "os.exec": _PROCESS,
    "os.fork": _PROCESS,
    "os.posix_spawn": _PROCESS,
    "os.system": _PROCESS,
    "subprocess.Popen": _PROCESS,
    "socket.connect": _NETWORK,
    "socket.getaddrinfo": _NETWORK,
    "socket.gethostbyname": _NETWORK,
    "os.mkdir": _CHANGE,
    "os.remove": _CHANGE,
    "os.rename": _CHANGE,
    "os.rmdir": _CHANGE,
}
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND
_CLOCKS: Final = ("time", "time_ns", "localtime", "gmtime", "strftime")


@dataclass(slots=True)
class Watch:
    """Records the plugins' side effects.

    Attributes:
        packages: files and folders whose code must not read the clock.
        phase: what runs now: `import`, or a hook's name; empty while no plugin runs.
        effects: what was observed, by phase.
    """

    packages: tuple[str, ...]
    phase: str = ""
    effects: dict[str, set[str]] = field(default_factory=dict)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Record an audit event of the interpreter, if it is a side effect."""
        if not self.phase:
            return
        effect = _EVENTS.get(event, "")
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
            effect = _CHANGE
        if effect:
            self.record(f"{effect} ({event} {arguments[0]!r})")

    def read_clock(self, name: str, caller: FrameType | None) -> None:
        """Record that a clock was read, if a plugin's code read it."""
        if self.phase and caller and caller.f_code.co_filename.startswith(self.packages):
            self.record(f"reads the clock ({name})")

    def record(self, effect: str) -> None:
        """Record a side effect of the current phase."""
        self.effects.setdefault(self.phase, set()).add(effect)


class _Watched(type):
    """The metaclass of the watched classes: instances of the original classes count as theirs."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])


def watch_clock(watch: Watch) -> None:
    """Replace the standard library's clocks by watched ones, for modules imported later."""

    class Date(dt.date, metaclass=_Watched):
        @classmethod
        def today(cls) -> Any:
            watch.read_clock("date.today", sys._getframe(1))  # noqa: SLF001  # the caller matters
            return super().today()

    class DateTime(dt.datetime, metaclass=_Watched):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            watch.read_clock("datetime.now", sys._getframe(1))  # noqa: SLF001
            return super().now(tz)

        @classmethod
        def utcnow(cls) -> Any:
            watch.read_clock("datetime.utcnow", sys._getframe(1))  # noqa: SLF001
            return super().now(dt.UTC).replace(tzinfo=None)

    dt.date, dt.datetime = Date, DateTime  # type: ignore[misc]  # that is the purpose
    for name in _CLOCKS:
        setattr(time, name, _watched(watch, name, getattr(time, name)))


def _watched(watch: Watch, name: str, clock: Callable[..., Any]) -> Callable[..., Any]:
    def read(*arguments: Any) -> Any:
        watch.read_clock(f"time.{name}", sys._getframe(1))  # noqa: SLF001
        return clock(*arguments)

    return read


def call_hooks(subject: Subject, watch: Watch, *, backwards: bool) -> dict[str, list[str]]:
    """Make every call of every hook, and return the values as text; an error is a value, too."""
    calls = list(hook_calls(subject))
    results: dict[str, list[str]] = {}
    for call in reversed(calls) if backwards else calls:
        watch.phase = call.hook
        try:
            results[str(call)] = [repr(value) for value in own_values(subject, call)]
        except DynamoContainerError as error:
            results[str(call)] = [str(error)]
        finally:
            watch.phase = ""
    return results


def main(arguments: list[str]) -> None:
    """Load the plugins, make every call twice, and print the document."""
    distribution, *options = arguments
    subject = find_subject(distribution)
    watch = Watch(packages=subject.packages)
    sys.addaudithook(watch.audit)
    watch_clock(watch)
    before = set(sys.modules)
    watch.phase = "import"
    load_plugins(subject)
    watch.phase = ""
    imported = {name.partition(".")[0] for name in set(sys.modules) - before}
    backwards = "--reversed" in options
    first = call_hooks(subject, watch, backwards=backwards)
    second = call_hooks(subject, watch, backwards=not backwards)
    document = {
        "heavy": sorted(imported & HEAVY),
        "effects": {phase: sorted(effects) for phase, effects in sorted(watch.effects.items())},
        "values": first,
        "changed": sorted(call for call, values in first.items() if second[call] != values),
    }
    print(json.dumps(document, sort_keys=True))  # noqa: T201  # the output of this process


if __name__ == "__main__":
    main(sys.argv[1:])
