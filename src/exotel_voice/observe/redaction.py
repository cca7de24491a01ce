"""Takes secrets out of text that people will read: log lines, traces, reports.

The package never hands a secret to a logger; this is the second lock, for what other people's code,
servers and error messages put into the same lines. It looks for forms, not for values, so it costs
the same whatever is in the line; `Redactor` also knows values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["HIDDEN", "Redactor", "redact_text", "shorten_numbers"]

HIDDEN: Final = "***"
"""What stands in a secret's place."""

MIN_SECRET: Final = 4
"""Shorter values are not looked for: they would be found in every other word."""

_FORMS: Final = (
    # Each with the words without one of which it cannot be there: a search for a word is cheap.
    # A header, in a message or in the print of a dictionary; folded lines too (RFC 3261 §7.3.1).
    (
        ("authorization",),
        re.compile(
            r"((?:proxy-)?authorization['\"]?[ \t]*[:=][ \t]*)[^\r\n]+(?:\r?\n[ \t][^\r\n]*)*",
            re.IGNORECASE,
        ),
    ),
    # What only the holder of a password can compute (RFC 7616 §3.4).
    (
        ("response=", "rspauth="),
        re.compile(r"(\b(?:response|rspauth)=)\"?[0-9a-fA-F]{32,}\"?"),
    ),
    (
        ("basic", "bearer"),
        re.compile(r"(\b(?:Basic|Bearer)[ \t]+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE),
    ),
    (
        ("pass", "secret", "token"),
        re.compile(
            r"(\b(?:sip_?|api_?|access_?|auth_?)?(?:password|passwd|passphrase|secret|token)"
            r"['\"]?[ \t]*[:=][ \t]*)(?:'[^'\r\n]*'|\"[^\"\r\n]*\"|[^\s'\",;&)}\]]+)",
            re.IGNORECASE,
        ),
    ),
    (
        ("@",),
        re.compile(r"(\b(?:wss?|https?|sips?|turns?|stuns?)://)[^/@\s:]+:[^/@\s]+(?=@)"),
    ),
    (("a=ice-pwd:",), re.compile(r"(\ba=ice-pwd:)\S+")),
    (("inline:",), re.compile(r"(\ba=crypto:\S+ \S+ inline:)\S+")),
    # A JSON web token (RFC 7519 §3); the bounds keep a line of nothing but beginnings cheap.
    (
        ("eyj",),
        re.compile(r"(\b)eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]+"),
    ),
)

_NUMBER: Final = re.compile(r"(?<![\w.])(\+?\d{2})\d{3,11}(\d{2})(?![\w.]\d|\w)")
_DIGIT: Final = re.compile(r"(^Signal[ \t]*=[ \t]*)[0-9A-D*#]+", re.IGNORECASE | re.MULTILINE)


def redact_text(text: str) -> str:
    """Replace what has the form of a credential or of a media key by `***`."""
    lowered = text.lower()
    for words, form in _FORMS:
        if any(word in lowered for word in words):
            text = form.sub(rf"\g<1>{HIDDEN}", text)
    return text


def shorten_numbers(text: str) -> str:
    """Leave the first two and the last two digits of phone numbers, and hide dialled digits.

    Whatever has 7 to 15 digits in a row counts as a phone number.
    """
    return _DIGIT.sub(rf"\g<1>{HIDDEN}", _NUMBER.sub("\\1\N{HORIZONTAL ELLIPSIS}\\2", text))


class Redactor:
    """Takes out forms, known values, and phone numbers on request.

    Args:
        secrets: Values to hide wherever they stand, such as the password of an account; shorter
            ones than four characters are left.
        shorten: Whether phone numbers are shortened and dialled digits hidden.
    """

    def __init__(self, secrets: Iterable[str] = (), *, shorten: bool = False) -> None:
        known = sorted({one for one in secrets if len(one) >= MIN_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None
        self._shorten = shorten

    def __call__(self, text: str) -> str:
        """Give the text without secrets."""
        text = redact_text(text)
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        return shorten_numbers(text) if self._shorten else text
