# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A process of its own that loads a distribution's plugins, asks them everything, and prints what
they said and did as JSON.

    python -m dynamo_container.testing.probe DISTRIBUTION [--reversed]

Two of these, with another hash seed, order and environment, have to print the same.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Final

from dynamo_container.errors import DynamoContainerError
from dynamo_container.plugins import hookspecs
from dynamo_container.testing import subject as subjects
from dynamo_container.testing.subject import Subject

# What no plugin needs in order to say its values, and what makes every command slow.
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
    """What the plugins do, by the moment in which they do it: `import`, or a hook's name.

    Attributes:
        outputs: files and folders whose code is watched for looks at the clock.
    """

    outputs: tuple[str, ...]
    moment: str = ""
    deeds: dict[str, set[str]] = field(default_factory=dict)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook."""
        if not self.moment:
            return
        deed = _EVENTS.get(event, "")
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
            deed = _CHANGE
        if deed:
            self.note(f"{deed} ({event} {arguments[0]!r})")

    def clock(self, name: str, caller: FrameType | None) -> None:
        """Somebody looked at the clock."""
        if self.moment and caller and caller.f_code.co_filename.startswith(self.outputs):
            self.note(f"looks at the clock ({name})")

    def note(self, deed: str) -> None:
        self.deeds.setdefault(self.moment, set()).add(deed)


class _Kind(type):
    """The class of a stand-in: real dates are its instances, too."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])


def watch_clock(watch: Watch) -> None:
    """Put stand-ins that tell before the standard library's clocks, for what is imported later."""

    class Date(dt.date, metaclass=_Kind):
        @classmethod
        def today(cls) -> Any:
            watch.clock("date.today", sys._getframe(1))  # noqa: SLF001  # who asks, is the question
            return super().today()

    class DateTime(dt.datetime, metaclass=_Kind):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            watch.clock("datetime.now", sys._getframe(1))  # noqa: SLF001
            return super().now(tz)

        @classmethod
        def utcnow(cls) -> Any:
            watch.clock("datetime.utcnow", sys._getframe(1))  # noqa: SLF001
            return super().now(dt.UTC).replace(tzinfo=None)

    dt.date, dt.datetime = Date, DateTime  # type: ignore[misc]  # that is the purpose
    for name in _CLOCKS:
        setattr(time, name, _telling(watch, name, getattr(time, name)))


def _telling(watch: Watch, name: str, clock: Callable[..., Any]) -> Callable[..., Any]:
    def tell(*arguments: Any) -> Any:
        watch.clock(f"time.{name}", sys._getframe(1))  # noqa: SLF001
        return clock(*arguments)

    return tell


def questions(subject: Subject) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every hook with each of its requests: the hook's name, the framework, the arguments."""
    for framework in subject.frameworks:
        yield "framework", framework, {}
        yield "releases", framework, {}
        for command in ("build", "run"):
            yield "options", framework, {"command": command}
    for build in subject.builds():
        for hook in _BUILD_HOOKS:
            yield hook, build.framework, {"request": build}
    for run in subject.runs():
        for hook in _RUN_HOOKS:
            yield hook, run.framework, {"request": run}
    for check in subject.checks():
        yield "checks", check.framework, {"request": check}


_BUILD_HOOKS: Final = (
    "stages", "base_images", "mirrors", "pins", "build_args", "secrets", "labels", "notices",
)  # fmt: skip
_RUN_HOOKS: Final = ("run_env", "run_mounts", "run_flags", "accelerator", "readiness")


def answers(subject: Subject, watch: Watch, *, backwards: bool) -> dict[str, list[str]]:
    """What its plugins say to each question, as text; an error is an answer, too."""
    asked = list(questions(subject))
    said: dict[str, list[str]] = {}
    for hook, framework, arguments in reversed(asked) if backwards else asked:
        key = f"{hook} {framework} {list(arguments.values())!r}"
        watch.moment = f"dynamo_container_{hook}"
        try:
            values = subject.registry.call_for(
                framework, getattr(hookspecs, f"dynamo_container_{hook}"), **arguments
            )
        except DynamoContainerError as error:
            said[key] = [str(error)]
        else:
            own = {plugin.candidate.origin for plugin in subject.plugins}
            said[key] = [repr(one.value) for one in values if one.source.distribution in own]
        finally:
            watch.moment = ""
    return said


def main(arguments: list[str]) -> None:
    """Load, ask twice, print."""
    distribution, *options = arguments
    subject = subjects.find(distribution)
    watch = Watch(outputs=subject.outputs)
    sys.addaudithook(watch.audit)
    watch_clock(watch)
    before = set(sys.modules)
    watch.moment = "import"
    subjects.load(subject)
    watch.moment = ""
    imported = {name.partition(".")[0] for name in set(sys.modules) - before}
    backwards = "--reversed" in options
    first = answers(subject, watch, backwards=backwards)
    second = answers(subject, watch, backwards=not backwards)
    document = {
        "heavy": sorted(imported & HEAVY),
        "deeds": {moment: sorted(deeds) for moment, deeds in sorted(watch.deeds.items())},
        "said": first,
        "changed": sorted(key for key, values in first.items() if second[key] != values),
    }
    print(json.dumps(document, sort_keys=True))  # noqa: T201  # that is what it is for


if __name__ == "__main__":
    main(sys.argv[1:])
