# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What can stand at the cursor, by the grammar and the words before it. Everything here is pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

Node: TypeAlias = Mapping[str, Any]
# A value and its description.
Offer: TypeAlias = tuple[str, str]
# Returns the names of a kind that only the engine knows: `image`, `container`.
Lookup: TypeAlias = Callable[[str], Iterable[str]]

# Instead of a value: the shell offers files.
FILES: Final = "files"
_LOOKED_UP: Final = ("image", "container")
# Kinds whose values depend on the framework.
_BY_FRAMEWORK: Final = ("target", "stage", "cuda", "dynamo")


def offers(grammar: Node, words: list[str], current: str, lookup: Lookup) -> list[Offer] | str:
    """Return what can replace the current word, or `FILES`.

    Args:
        grammar: of `completion.grammar`.
        words: those before the current one, without the program's name.
        current: the part of the word that exists.
        lookup: asks the engine.
    """
    state = _State(grammar, lookup)
    for word in words:
        state.take(word)
    return state.offers(current)


class _State:
    """The command and the option in which the words end."""

    def __init__(self, grammar: Node, lookup: Lookup) -> None:
        self._grammar = grammar
        self._lookup = lookup
        self._node: Node = grammar["root"]
        self._frameworks: list[str] = []
        self._given: set[str] = set()
        self._waiting: Node | None = None
        self._arguments = 0
        self._separated = False

    def take(self, word: str) -> None:
        """Go past a word."""
        if self._waiting is not None:
            self._note_framework(self._waiting, word)
            self._waiting = None
        elif word == "--":
            self._separated = True
        elif word.startswith("-") and not self._separated:
            self._take_option(word)
        elif commands := self._node.get("commands"):
            self._node = commands.get(word, {})
        elif word in self._subcommands():
            self._node = self._subcommands()[word]
        else:
            argument = self._argument()
            self._arguments += 1
            self._note_framework(argument or {}, word)

    def _take_option(self, word: str) -> None:
        flag, equals, value = word.partition("=")
        option = self._options().get(flag)
        if option is None:
            return
        self._given.update(option["flags"])
        if equals:
            self._note_framework(option, value)
        elif option["takes"] == "value":
            self._waiting = option

    def _note_framework(self, place: Node, word: str) -> None:
        name = word.lower()
        if place.get("kind") in ("framework", "framework|key") and name in self._known():
            self._frameworks.append(name)

    def _known(self) -> list[str]:
        known: list[str] = self._grammar["values"]["framework"]
        return known

    def _subcommands(self) -> Mapping[str, Node]:
        """Return the subcommands that the word can name: only the first word does."""
        known: Mapping[str, Node] = self._node.get("subcommands", {})
        return {} if self._arguments or self._given or self._separated else known

    def _argument(self) -> Node | None:
        arguments = self._node.get("arguments", ())
        for position, argument in enumerate(arguments):
            if argument["many"] or position == self._arguments:
                found: Node = argument
                return found
        return None

    def _options(self) -> dict[str, Node]:
        """Return the options of the command, with those of the plugins in question, by flag."""
        own = self._node.get("options", ())
        plugins: Mapping[str, list[Node]] = self._node.get("plugins", {})
        wanted = {*self._selected(), *self._grammar["values"]["overlay"]}
        theirs = [option for name in plugins if name in wanted for option in plugins[name]]
        return {flag: option for option in (*own, *theirs) for flag in option["flags"]}

    def _selected(self) -> list[str]:
        default = self._grammar["values"]["default"]
        return self._frameworks or ([default] if default else [])

    def offers(self, current: str) -> list[Offer] | str:
        """Return what can replace the current word."""
        if self._waiting is not None:
            return self._values(self._waiting, current)
        if current.startswith("-") and not self._separated:
            flag, equals, value = current.partition("=")
            return self._option_value(flag, value) if equals else self._flags(current)
        if commands := self._node.get("commands"):
            return _matching(((name, node["help"]) for name, node in commands.items()), current)
        argument = self._argument()
        found = self._values(argument, current) if argument else FILES
        if isinstance(found, str) or not (below := self._subcommands()):
            return found
        named = ((name, node["help"]) for name, node in below.items())
        return [*found, *_matching(named, current)]

    def _option_value(self, flag: str, value: str) -> list[Offer] | str:
        found = self._values(self._options().get(flag, {}), value)
        if isinstance(found, str):
            return found
        return [(f"{flag}={name}", text) for name, text in found]

    def _flags(self, current: str) -> list[Offer]:
        return _matching(
            (
                (flag, option["help"])
                for flag, option in self._options().items()
                if option["many"] or not self._given.intersection(option["flags"])
            ),
            current,
        )

    def _values(self, place: Node, current: str) -> list[Offer] | str:
        kind = place.get("kind", "")
        if kind == FILES:
            return FILES
        if kind == "stage":
            return self._stage_values(current)
        names = place.get("choices") or [
            name for part in kind.split("|") for name in self._names(part)
        ]
        return _matching(((name, "") for name in names), current)

    def _stage_values(self, current: str) -> list[Offer]:
        stage, equals, image = current.partition("=")
        if not equals:
            return _matching(((f"{name}=", "") for name in self._names("stage")), stage)
        return [(f"{stage}={name}", "") for name in self._names("image") if name.startswith(image)]

    def _names(self, kind: str) -> Iterator[str]:
        values: Mapping[str, Any] = self._grammar["values"]
        if kind in _LOOKED_UP:
            yield from self._lookup(kind)
        elif kind in _BY_FRAMEWORK:
            for framework in self._selected() or self._known():
                yield from values[kind].get(framework, ())
        else:
            yield from values.get(kind, ())


def _matching(found: Iterable[Offer], current: str) -> list[Offer]:
    """Return those that start with the text, each once."""
    matching: dict[str, str] = {}
    for name, text in found:
        if name.startswith(current):
            matching.setdefault(name, text)
    return list(matching.items())
