#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Find phrases that read as if translated, and suggest plain English instead.

    python scripts/lint_words.py [FILE...]

Without arguments, all files that git tracks or would track are read. In Python files only
comments, strings and the names of tests count; in Markdown everything but inline code; in
Dockerfiles, shell scripts, Makefiles, TOML and YAML everything. Prints one line per finding,
`file:line: "phrase" -> advice`, and exits with status 1 if there are any.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

# Code between two pieces of prose becomes this character: no phrase reaches across it.
_CODE = "\0"
# A phrase may wrap onto the next line, but not across an empty one.
_SPACE = r"(?:[^\S\n]+\n?|\n)[^\S\n]*"
# They quote the phrases.
_EXEMPT = frozenset({"lint_words.py", "test_lint_words.py"})
_TEXT_SUFFIXES = frozenset({".sh", ".toml", ".yaml", ".yml"})


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """A phrase to avoid.

    `pattern` is a regular expression for whole words, without regard to case; a space in it
    matches any white space. `not_after` is one for the words before it that make it plain English.
    """

    pattern: str
    why: str
    better: str
    not_after: str = ""

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The pattern, compiled."""
        return re.compile(self.pattern.replace(" ", _SPACE), re.IGNORECASE)

    @cached_property
    def exception(self) -> re.Pattern[str] | None:
        """What must not stand directly before a match, compiled."""
        if not self.not_after:
            return None
        return re.compile(rf"\b(?:{self.not_after}){_SPACE}\Z", re.IGNORECASE)

    def matches(self, text: str) -> Iterator[re.Match[str]]:
        """Yield each occurrence in a text."""
        for match in self.regex.finditer(text):
            before = text[max(0, match.start() - 60) : match.start()]
            if not (self.exception and self.exception.search(before)):
                yield match


# After these words, "where" is about a place.
_PLACE = (
    "folders?|director(?:y|ies)|paths?|places?|points?|lines?|positions?|files?|machines?|hosts?"
    "|sites?|rooms?|rows?|columns?|repositor(?:y|ies)|pages?|sections?"
    "|stays?|stayed|remains?|keeps?|kept|leaves?|left|knows?|known|sees?|shows?|shown|finds?"
    "|tells?|prints?|decides?|records?|remembers?|checks?"
    "|is|are|was|of|from|to|and|or|out|exactly"
)
_WHERE = '"where" used for "if"'

PHRASES = (
    # "There is no X" and "is no longer" are plain English.
    Phrase(
        pattern=r"\b(?:is|are) no (?!longer|more|less|fewer|larger|smaller|higher|lower|older|newer"
        r"|later|earlier|better|worse|different)\w+",
        not_after="there|why|how",
        why="a negation that English does not use",
        better='"X is not a valid Y", "X is not a Y"',
    ),
    Phrase(
        pattern=r"\b(?:is|are|was|were) none of",
        why="a negation that English does not use",
        better='"is not one of"',
    ),
    Phrase(
        pattern=r"\bknows? (?:of )?(?:no|nothing of)\b",
        why="a negation that English does not use",
        better='"does not know any"',
    ),
    Phrase(
        pattern=r"\bmean(?:s|t)? nothing\b",
        why="unclear what follows from it",
        better='"A has no effect without B", "A requires B", "A cannot be used with B"',
    ),
    Phrase(pattern=r"\bmend(?:s|ed|ing)?\b", why="archaic", better='"fix"'),
    Phrase(
        pattern=r"\bwho(?:ever)? (?:said|says|say)\b",
        why="values have sources; nobody speaks",
        better='"which plugin contributes it", "its source"',
    ),
    Phrase(
        pattern=r"\b(?:is|are|was|were|be|been) said\b",
        why="vague",
        better='"reported", "printed", "given"',
    ),
    Phrase(
        pattern=r"\btold\b(?! apart)",
        why="vague",
        better='"reported", "printed", "described", "given"',
    ),
    Phrase(
        pattern=r"\b(?:says?|said|saying) so\b",
        why="reads as if translated",
        better='name what is stated and where: "its label names ...", "reports it"',
    ),
    Phrase(
        pattern=r"\bin the place of\b",
        why="reads as if translated",
        better='"instead of", "replaces"',
    ),
    Phrase(
        pattern=r"\bpass(?:es|ed|ing)? over\b(?! (?:the|a) (?:network|wire|socket|connection))",
        why="reads as if translated",
        better='"skips", "ignores"',
    ),
    Phrase(
        pattern=r"\bwithout us\b",
        why="reads as if translated",
        better='"without dynamo-container"',
    ),
    Phrase(
        pattern=r"\b(?:empty|none|true|false|zero|nothing|unset|skipped|missing) where\b",
        why=_WHERE,
        better='"if", "when", "without"',
    ),
    Phrase(
        pattern=r"\b(?-i:where) (?:it|they|this|that|he|she) (?:is|are|was|were|has|have|had|does"
        r"|do|can|cannot|can't|isn't|doesn't)\b",
        not_after=_PLACE,
        why=_WHERE,
        better='"if it is"',
    ),
    Phrase(
        pattern=r"\b(?-i:where) (?:there (?:is|are)|none|no|nothing|nobody|neither|somebody|anybody"
        r"|one (?:is|has|does|can)|another one)\b",
        not_after=_PLACE,
        why=_WHERE,
        better='"if there is", "if none ..."',
    ),
    Phrase(
        pattern=r"\b(?-i:where) (?:the|an?|its|their|every|all|both|any) (?:\w[\w'-]* ){1,2}"
        r"(?:is|are|has|have|does|do|can|cannot|can't|isn't|doesn't|knows?|lets?|answers?|says?)\b",
        not_after=_PLACE,
        why=_WHERE,
        better='"if the X is"',
    ),
    Phrase(
        pattern=r"\b(?-i:where) (?:given|set|missing|absent|present|installed|wanted|asked)\b",
        not_after=_PLACE,
        why=_WHERE,
        better='"if given", "if set"',
    ),
    Phrase(
        pattern=r"(?-i:\bWhere) (?!to\b|do\b|does\b|is\b|are\b)[^.:;?!|\0]{3,90}?, "
        r"(?!where\b|and\b|or\b|how\b)",
        not_after=r"\w+",
        why=_WHERE,
        better='"If ..., "',
    ),
    Phrase(
        pattern=r"\b(?:is|are|was|anything|something|nothing) odd\b",
        why="vague",
        better='"warning", "problem", "unexpected"',
    ),
    Phrase(
        pattern=r"\b(?:has|have|had|having) (?:a|no|something|nothing|anything) (?:to )?say\b",
        why="plugins contribute values; they do not speak",
        better='"contributes to", "applies to"',
    ),
    Phrase(
        pattern=r"\bnobody(?:'s)?\b",
        why="reads as if translated",
        better='"no one", or the passive: "is not used"',
    ),
    Phrase(
        pattern=r"\bsomebody(?: else)?'s\b|\banybody(?:'s)?\b",
        why="reads as if translated",
        better='"another user\'s", "a third party\'s", "your own"',
    ),
    Phrase(
        pattern=r"\bas (?:it|they|he|she) should be\b",
        why="vague",
        better='state the expected result: "valid", "unchanged", "up to date"',
    ),
    Phrase(pattern=r"\bgood to know\b", why="filler", better='"note", or nothing'),
    Phrase(
        pattern=r"\b(?:the|one|a|no) way in\b(?! (?:which|that))",
        why="not a term of the field",
        better='"GPU access", "entry point"',
    ),
    Phrase(
        pattern=r"\b(?:the|one|a|no) way out\b",
        why="not a term of the field",
        better='"hint", "how to fix it"',
    ),
    Phrase(
        pattern=r"\ba text\b(?!(?:-| )(?:file|editor|format|field|node|message|block|box|mode))",
        why="not countable for a str",
        better='"a string", "text", "a message"',
    ),
    Phrase(
        pattern=r"\b(?:be|been) there\b(?!-| (?:is|are|was|were|for|to))",
        why="vague",
        better='"exist", "be installed", "be available"',
    ),
    Phrase(
        pattern=r"\b(?:is|are|was|were) not there\b",
        why="vague",
        better='"not found", "does not exist", "is not installed"',
    ),
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A phrase at a line of a file."""

    path: Path
    line: int
    text: str
    phrase: Phrase

    def __str__(self) -> str:
        return f'{self.path}:{self.line}: "{self.text}" -> {self.phrase.better} ({self.phrase.why})'


def main(arguments: Sequence[str] | None = None) -> int:
    """Print all findings; return 1 if there are any."""
    names = sys.argv[1:] if arguments is None else arguments
    paths = [Path(name) for name in names] or _repository_files()
    findings = [finding for path in paths for finding in check_file(path)]
    for finding in findings:
        print(finding)
    if findings:
        print(f"{len(findings)} phrases to rewrite in plain English", file=sys.stderr)
    return 1 if findings else 0


def _repository_files() -> list[Path]:
    """Return all files of the repository that git does not ignore."""
    answer = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return sorted({Path(name) for name in answer.stdout.split("\0") if name})


def check_file(path: Path) -> list[Finding]:
    """Return the findings in a file; none in files of other kinds."""
    if path.name in _EXEMPT or not path.is_file():
        return []
    prose = read_prose(path)
    return [] if prose is None else check(path, prose)


def check(path: Path, prose: str) -> list[Finding]:
    """Return the findings in prose that has the file's lines, in their order."""
    matches = [(match, phrase) for phrase in PHRASES for match in phrase.matches(prose)]
    findings: list[Finding] = []
    end = 0
    for match, phrase in sorted(matches, key=lambda pair: pair[0].start()):
        if match.start() >= end:  # of two that overlap, the first is enough
            line = prose.count("\n", 0, match.start()) + 1
            text = " ".join(match[0].split())
            findings.append(Finding(path=path, line=line, text=text, phrase=phrase))
            end = match.end()
    return findings


def read_prose(path: Path) -> str | None:
    """Return what people read in a file, line by line as in the file; None for other kinds."""
    if path.suffix == ".py":
        return python_prose(path.read_text(encoding="utf-8"))
    if path.suffix == ".md":
        return markdown_prose(path.read_text(encoding="utf-8"))
    if path.suffix in _TEXT_SUFFIXES or path.name in ("Makefile", "Dockerfile"):
        return script_prose(path.read_text(encoding="utf-8"))
    if path.suffix:
        return None
    with path.open("rb") as file:
        first_line = file.readline()
    if not first_line.startswith(b"#!"):
        return None
    text = path.read_text(encoding="utf-8")
    return python_prose(text) if b"python" in first_line else script_prose(text)


def markdown_prose(text: str) -> str:
    """Return Markdown without its inline code."""
    return re.sub(r"(?<!`)`[^`\n]+`(?!`)", lambda match: _CODE * len(match[0]), text)


def script_prose(text: str) -> str:
    """Return a script without the marks of its comments."""
    return re.sub(r"^[ \t]*#+", lambda match: " " * len(match[0]), text, flags=re.MULTILINE)


def python_prose(text: str) -> str:
    """Return a module's comments, strings and names of tests; everything else is blanked out."""
    lines = text.splitlines(keepends=True)
    prose = [_CODE if char != "\n" else "\n" for char in text]
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for start, piece in [
        *_comments(text, lines, starts),
        *_literals(text, lines, starts),
        *_test_names(text, starts),
    ]:
        prose[start : start + len(piece)] = piece
    return "".join(prose)


Pieces = Iterator[tuple[int, str]]


def _comments(text: str, lines: list[str], starts: list[int]) -> Pieces:
    """Yield the comments; one that has a line of its own goes on from the line before."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            words = " " + token.string[1:]
            if not lines[row - 1][:column].strip():
                words, column = " " * column + words, 0
            yield starts[row - 1] + column, words


def _literals(text: str, lines: list[str], starts: list[int]) -> Pieces:
    """Yield the strings, those that are written in several parts as one."""

    def offset(row: int, column: int) -> int:
        return starts[row - 1] + len(lines[row - 1].encode()[:column].decode())

    for node in _outermost_strings(ast.parse(text)):
        start = offset(node.lineno, node.col_offset)
        end = offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
        yield start, _without_syntax(text[start:end], formatted=isinstance(node, ast.JoinedStr))


def _outermost_strings(node: ast.AST) -> Iterator[ast.Constant | ast.JoinedStr]:
    """Yield the string literals, not those within the fields of an f-string."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.JoinedStr) or (
            isinstance(child, ast.Constant) and isinstance(child.value, str)
        ):
            yield child
        else:
            yield from _outermost_strings(child)


def _without_syntax(literal: str, *, formatted: bool) -> str:
    """Return a literal of the same length without quotes, escapes and an f-string's fields."""

    def blank(match: re.Match[str]) -> str:
        return "".join("\n" if char == "\n" else " " for char in match[0])

    def field(match: re.Match[str]) -> str:
        return "".join("\n" if char == "\n" else "_" for char in match[0])

    if formatted:
        literal = re.sub(r"(?<!\{)\{(?!\{)[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", field, literal)
    literal = re.sub(r"^[rbufRBUF]{0,2}(?:\"\"\"|'''|[\"'])|(?:\"\"\"|'''|[\"'])$", blank, literal)
    literal = re.sub(r"[\"']\s*(?:\n\s*#[^\n]*)*\n\s*[rbufRBUF]{0,2}[\"']", blank, literal)
    return re.sub(r"\\[nrt\n]", blank, literal)


def _test_names(text: str, starts: list[int]) -> Pieces:
    """Yield the names of test functions, as words."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            start = text.index(node.name, starts[node.lineno - 1])
            yield start, node.name.replace("_", " ")


if __name__ == "__main__":
    sys.exit(main())
