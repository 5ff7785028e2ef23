# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a credential looks like: the one place that knows.

`hide` removes credentials from text that is printed; `find` describes one, so that it can be
refused where it would be visible. Both work by form, because any text may be a secret: user and
password in a URL, fields and parameters with the name of a secret, headers, signatures, the tokens
of well-known services, and segments of an index's path that no person would choose.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Final

HIDDEN: Final = "***"

# Expressions are compiled when text may contain what they look for: most text does not.
# `//user:password@host`, and `user:password@host` without a scheme, but not `image:tag@sha256:...`.
# After a colon, users also write what should be encoded: `//user:a/b'c@host`.
_USER_INFO: Final = (
    r"(?<=//)(?!git@(?![^/\s@]{0,500}@))"
    r"(?:[^/\s'\"<>]{1,500}|[^/\s'\"<>@:[]{0,100}:(?!\d*/)[^\s@]{1,200})(?=@(?!sha256:))"
)
_ENCODED_USER_INFO: Final = r"(?i)(?<=%2F%2F)(?:(?!%2F|%40)[^/\s'\"<>&]){1,500}(?=%40)"
_BARE_USER_INFO: Final = r"(?<![\w@+-])[\w.+-]{1,100}:[^/@\s'\",]{1,200}(?=@(?!sha256:)[\w.-]+)"
# Names of secrets, in any case and with any separators. `key` alone is too common.
# What begins a name needs a separator before words that are also the end of others, such as `sig`.
_NAME: Final = (
    r"(?:(?:[\w.-]*[-_.])?(?:pass|pwd|sig|sas|jwt|auth(?:orization)?)|"
    r"[\w.-]*(?:pass(?:word|wd|phrase)|secret|token|credentials?|signature|"
    r"(?:api|access|account|private|secret|subscription|signing|encryption)[-_]?key(?:[-_]?id)?)|"
    r"(?<=[?&])key)"
)
# `NAME=VALUE`: a value in quotes is what is between them; any other ends before `&name=`.
_FIELD: Final = (
    rf"(?i)(?<![\w.-])({_NAME})(=)"
    r"(\"[^\"\n]{1,2000}\"|'[^'\n]{1,2000}'|(?:[^&,\s'\"]|&(?![\w.-]{1,100}=))+)"
)
# `"name": "value"` of JSON, also in a string of JSON; headers; `--api-key VALUE`, both as texts of
# a list, or with a digit in the value: otherwise, it may be the next word of a sentence.
_PAIR: Final = (
    rf"(?i)(?<![\w.-])({_NAME})(\\?[\"']\s{{0,4}}:\s{{0,4}}\\?[\"'])([^\"'\\\n]{{1,2000}})"
)
_HEADER: Final = (
    r"(?i)(?<![\w-])((?:proxy-)?authorization|bearer)"
    r"((?<=n)\\?[\"']?\s{0,4}[:=]\s{0,4}\\?[\"']?(?:[a-z]{1,20}\s{1,4})?|(?<=r)\s{1,4}(?=[^\s\d]{0,50}\d))"
    r"([\w.~+/=-]{8,})"
)
_OPTION: Final = (
    r"(?<![\w-])(--(?:[\w-]{0,50}-)?(?:password|passwd|api-key|token|client-secret|secret-key))"
    r"(\s{1,4}(?=[^\s'\",]{0,200}\d)|['\"],\s{0,4}['\"])([^-\s'\",][^\s'\",]*)"
)
# Tokens of GitHub, GitLab, Hugging Face, PyPI, npm, AWS, Slack, OpenAI, NVIDIA, Google, Docker,
# Groq, Replicate, Stripe, Vault; JSON Web Tokens; private keys.
_SERVICE: Final = (
    r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|hf_\w{20,}|pypi-AgE\w{16,}|"
    r"(?:AKIA|ASIA)[0-9A-Z]{16}|xox[abprs]-[\w-]{10,}|sk-[\w-]{20,}|nvapi-[\w-]{20,}|"
    r"AIza[\w-]{30,}|dckr_pat_[\w-]{16,}|npm_\w{30,}|gsk_\w{20,}|r8_\w{30,}|[rs]k_live_\w{16,}|"
    r"hvs\.[\w-]{20,}|ya29\.[\w-]{20,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----(?:(?:(?!-----).)*-----END [A-Z ]*PRIVATE KEY-----)?"
)
_TOKEN_STARTS: Final = (
    "gh", "glpat-", "hf_", "pypi-AgE", "AKIA", "ASIA", "xox", "sk-", "nvapi-", "AIza", "dckr_pat_",
    "eyJ", "PRIVATE KEY", "npm_", "gsk_", "r8_", "k_live_", "hvs.", "ya29.",
)  # fmt: skip
# A segment of a path: long, with letters and digits; or very long. Words have separators.
_SEGMENT: Final = (
    r"(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9_~]{12,}|[A-Za-z]{24,}|[0-9a-f]{8}-[0-9a-f-]{27}|"
    r"[\w~-]{40,}"
)


# Credentials that nothing but where they come from makes recognizable.
_known: Final[set[str]] = set()


def know(secret: str) -> None:
    """Hide a credential from now on, wherever it is."""
    _known.add(secret)


def hide_all(document: object) -> object:
    """Return a document of dictionaries, lists and texts with `hide` applied to every text."""
    if isinstance(document, dict):
        return {key: hide_all(value) for key, value in document.items()}
    if isinstance(document, (list, tuple)):
        return [hide_all(one) for one in document]
    return hide(document) if isinstance(document, str) else document


def hide(text: str) -> str:
    """Return text with `***` instead of everything that looks like a credential."""
    for secret in _known:
        text = text.replace(secret, HIDDEN)
    if "@" in text:
        text = _compiled(_USER_INFO).sub(HIDDEN, text)
        text = _compiled(_BARE_USER_INFO).sub(HIDDEN, text)
    if "%40" in text:
        text = _compiled(_ENCODED_USER_INFO).sub(HIDDEN, text)
    for expression in _named(text):
        text = _compiled(expression).sub(rf"\1\2{HIDDEN}", text)
    if any(start in text for start in _TOKEN_STARTS):
        text = _compiled(_SERVICE).sub(HIDDEN, text)
    return text


def _named(text: str) -> Iterator[str]:
    """Yield the expressions for what a name makes a secret, if text may contain it."""
    if "=" in text:
        yield _FIELD
    if ":" in text and ('"' in text or "'" in text):
        yield _PAIR
    lower = text.lower()
    if "authorization" in lower or "bearer" in lower:
        yield _HEADER
    if "--" in text:
        yield _OPTION


def find(text: str, *, in_urls: bool = False) -> str:
    """Return what in text looks like a credential, for a message; empty if nothing does."""
    if "@" in text and (
        _compiled(_USER_INFO).search(text) or _compiled(_BARE_USER_INFO).search(text)
    ):
        return "the user or password of a URL"
    if "%40" in text and _compiled(_ENCODED_USER_INFO).search(text):
        return "the user or password of a URL"
    if any(start in text for start in _TOKEN_STARTS) and _compiled(_SERVICE).search(text):
        return "a token or private key"
    if in_urls and "://" not in text:
        return ""
    field = next(filter(None, (_compiled(one).search(text) for one in _named(text))), None)
    return f"the secret '{field[1]}'" if field else ""


def is_secret_name(name: str) -> bool:
    """Whether a variable, field or argument of this name usually has a secret: `HF_TOKEN`."""
    return bool(re.fullmatch(rf"(?i){_NAME}", name.strip()))


def secret_field(fields: Mapping[str, str]) -> str:
    """Return the name of the first field that is or contains a secret; empty if there is none."""
    return next(
        (
            name.strip()
            for name, value in fields.items()
            if (is_secret_name(name) and value) or find(value)
        ),
        "",
    )


def hide_in_path(path: str) -> str:
    """Return a URL's path with `***` instead of segments that may be tokens.

    Some indexes have the token of a customer in their path. A name that is taken for a token by
    mistake is only not shown.
    """
    segments = path.split("/")
    return "/".join(
        HIDDEN if hide(one) != one or _compiled(_SEGMENT).fullmatch(one) else one
        for one in segments
    )


@functools.cache
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.DOTALL)
