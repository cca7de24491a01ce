"""One SIP message of a trace, and what a ladder says of it.

A trace shows what was on the wire, so nothing here depends on the message being right: it is read
as text, and what cannot be found is left empty.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["Kind", "Row", "TracedMessage", "rows"]

_STATUS: Final = re.compile(r"SIP/2\.0 (\d{3}) ?(.*)")
_REQUEST: Final = re.compile(r"([A-Z]+) \S+ SIP/2\.0")
_COMPACT: Final = {"i": "call-id", "c": "content-type", "f": "from", "t": "to"}
_DIRECTION: Final = re.compile(r"^a=(sendrecv|sendonly|recvonly|inactive)\b", re.MULTILINE)
_CODEC: Final = re.compile(r"^a=rtpmap:\d+ ([^/\s]+)", re.MULTILINE)
_SIGNAL: Final = re.compile(r"^Signal[ \t]*=[ \t]*(\S+)", re.MULTILINE | re.IGNORECASE)


class Kind(StrEnum):
    """What a message is, for its colour."""

    REQUEST = "request"
    PROVISIONAL = "provisional"
    SUCCESS = "success"
    CHALLENGE = "challenge"
    """401 or 407: a question for the password, no failure."""
    FAILURE = "failure"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedMessage:
    """One message as it was on the wire, credentials taken out."""

    at: dt.datetime
    is_sent: bool
    """Whether the phone sent it; otherwise it received it."""
    text: str

    @property
    def call_id(self) -> str:
        """The Call-ID; empty when there is none."""
        return self.header("call-id")

    def header(self, name: str) -> str:
        """Give the value of the first header of a name in lower case; empty without one."""
        for line in self._head()[1:]:
            found, colon, value = line.partition(":")
            found = found.strip().lower()
            if colon and name in (found, _COMPACT.get(found)):
                return value.strip()
        return ""

    @property
    def body(self) -> str:
        """What follows the headers."""
        return re.split(r"\r?\n\r?\n", self.text, maxsplit=1)[-1] if self._has_body() else ""

    @property
    def first_line(self) -> str:
        """The request line or the status line."""
        return self._head()[0] if self.text else ""

    @property
    def kind(self) -> Kind:
        """What it is."""
        status = _STATUS.match(self.first_line)
        if status is None:
            return Kind.REQUEST if _REQUEST.match(self.first_line) else Kind.OTHER
        if status[1] in ("401", "407"):
            return Kind.CHALLENGE
        return {"1": Kind.PROVISIONAL, "2": Kind.SUCCESS}.get(status[1][0], Kind.FAILURE)

    @property
    def label(self) -> str:
        """A request's method, or a response's status and phrase."""
        status = _STATUS.match(self.first_line)
        if status is not None:
            return f"{status[1]} {status[2]}".strip()
        request = _REQUEST.match(self.first_line)
        return request[1] if request else "(not SIP)"

    @property
    def detail(self) -> str:
        """What else is worth a line: the request it belongs to, and what the body says."""
        number, _, method = self.header("cseq").partition(" ")
        of = f"CSeq {number}" if self.kind is Kind.REQUEST else f"for {method.strip()} {number}"
        return " · ".join(part for part in (of if number else "", self._told_by_body()) if part)

    def _told_by_body(self) -> str:
        kind = self.header("content-type").lower()
        if kind.startswith("application/sdp"):
            return self._description()
        if kind.startswith("application/dtmf"):
            digit = _SIGNAL.search(self.body)
            return f"digit {digit[1]}" if digit else "digit"
        if kind.startswith("message/sipfrag"):
            return self.body.strip().splitlines()[0] if self.body.strip() else ""
        return kind

    def _description(self) -> str:
        direction = _DIRECTION.search(self.body)
        names = [name for name in _CODEC.findall(self.body) if name != "telephone-event"]
        codecs = " ".join(dict.fromkeys(names))
        return f"SDP {direction[1] if direction else 'sendrecv'} {codecs}".strip()

    def _has_body(self) -> bool:
        return bool(re.search(r"\r?\n\r?\n.", self.text, re.DOTALL))

    def _head(self) -> list[str]:
        return re.split(r"\r?\n\r?\n", self.text, maxsplit=1)[0].splitlines() or [""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A message in its place in the ladder."""

    number: int
    """From 1."""
    message: TracedMessage
    since_begin: float
    """Seconds since the first message."""
    pause: float
    """Seconds since the message before it."""
    is_repeated: bool
    """Whether the same bytes went the same way before: a retransmission (RFC 3261 §17)."""


def rows(messages: tuple[TracedMessage, ...]) -> Iterator[Row]:
    """Put messages into their places."""
    seen: set[tuple[bool, str]] = set()
    for index, message in enumerate(messages):
        same = (message.is_sent, message.text)
        yield Row(
            number=index + 1,
            message=message,
            since_begin=(message.at - messages[0].at).total_seconds(),
            pause=(message.at - messages[max(0, index - 1)].at).total_seconds(),
            is_repeated=same in seen,
        )
        seen.add(same)
