"""Header values with parts: Via, CSeq, and short ones such as RAck and Session-Expires."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from exotel_voice.errors import MalformedMessage
from exotel_voice.sip.addresses import parse_parameters
from exotel_voice.sip.headers import TOKEN

__all__ = ["CSeq", "RAck", "Replaces", "SessionExpires", "ValueWithParameters", "Via"]

_VIA = re.compile(
    rf"\s*(?P<protocol>{TOKEN.pattern})\s*/\s*(?P<version>{TOKEN.pattern})\s*/\s*(?P<transport>{TOKEN.pattern})\s+"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-_.]+)(?:\s*:\s*(?P<port>[0-9]{1,5}))?"
)
_CSEQ = re.compile(rf"\s*([0-9]+)\s+({TOKEN.pattern})\s*")
_RACK = re.compile(rf"\s*([0-9]+)\s+([0-9]+)\s+({TOKEN.pattern})\s*")
_HEAD = re.compile(r"[^;]*")
_DIGITS = re.compile(r"[0-9]+")

MAX_CSEQ = 2**31 - 1
"""The greatest sequence number (RFC 3261 §8.1.1.5)."""
MAX_DELTA_SECONDS = 2**32 - 1
"""The greatest number of seconds in Expires and its like (RFC 3261 §20.19)."""


def parse_seconds(text: str | None) -> int | None:
    """Read delta-seconds, at most 2**32 - 1; None for what is not a number."""
    if text is None:
        return None
    match = _DIGITS.match(text.strip())
    if match is None:
        return None
    digits = match[0].lstrip("0") or "0"
    return MAX_DELTA_SECONDS if len(digits) > 10 else min(int(digits), MAX_DELTA_SECONDS)


@dataclass(frozen=True, slots=True)
class Via:
    """One Via value (RFC 3261 §20.42)."""

    text: str
    """Exactly as received."""
    transport: str
    """In upper case: WS, WSS, UDP, TCP, TLS."""
    host: str
    port: int | None
    parameters: Mapping[str, str | None]

    @classmethod
    def parse(cls, text: str) -> Via:
        """Read one value.

        Raises:
            MalformedMessage: It is not a Via of SIP/2.0.
        """
        match = _VIA.match(text)
        if match is None or match["protocol"].upper() != "SIP" or match["version"] != "2.0":
            raise MalformedMessage("a Via header cannot be read")
        port = match["port"]
        return cls(
            text,
            match["transport"].upper(),
            match["host"],
            int(port) if port else None,
            parse_parameters(text[match.end() :]),
        )

    @property
    def branch(self) -> str | None:
        """The branch parameter, which names the transaction (RFC 3261 §17.2.3)."""
        return self.parameters.get("branch")

    @property
    def sent_by(self) -> str:
        """Host and port as written, the host in lower case."""
        host = self.host.lower()
        return host if self.port is None else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class CSeq:
    """Sequence number and method (RFC 3261 §20.16)."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> CSeq:
        """Read the value.

        Raises:
            MalformedMessage: It cannot be read, or the number is not below 2**31.
        """
        match = _CSEQ.fullmatch(text)
        if match is None:
            raise MalformedMessage("the CSeq header cannot be read")
        digits = match[1].lstrip("0") or "0"
        if len(digits) > 10 or int(digits) > MAX_CSEQ:
            raise MalformedMessage("the CSeq number is not below 2**31")
        return cls(int(digits), match[2])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


@dataclass(frozen=True, slots=True)
class RAck:
    """Which reliable provisional response a PRACK is for (RFC 3262 §7.2)."""

    rseq: int
    cseq_number: int
    cseq_method: str

    @classmethod
    def parse(cls, text: str) -> RAck:
        """Read the value.

        Raises:
            MalformedMessage: It cannot be read.
        """
        match = _RACK.fullmatch(text)
        if match is None or len(match[1]) > 10 or len(match[2]) > 10:
            raise MalformedMessage("the RAck header cannot be read")
        return cls(int(match[1]), int(match[2]), match[3])

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq_number} {self.cseq_method}"


@dataclass(frozen=True, slots=True)
class ValueWithParameters:
    """A value followed by parameters, as in Content-Type, Event and Subscription-State."""

    value: str
    """In lower case."""
    parameters: Mapping[str, str | None]

    @classmethod
    def parse(cls, text: str) -> ValueWithParameters:
        """Read the value.

        Raises:
            MalformedMessage: Its parameters cannot be read.
        """
        match = _HEAD.match(text)
        end = match.end() if match else 0
        return cls(text[:end].strip().lower(), parse_parameters(text[end:]))


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """The interval of a session timer and who refreshes (RFC 4028 §4)."""

    seconds: int
    refresher: str | None
    """`uac`, `uas` or None."""

    @classmethod
    def parse(cls, text: str) -> SessionExpires:
        """Read the value.

        Raises:
            MalformedMessage: It cannot be read.
        """
        parts = ValueWithParameters.parse(text)
        if not _DIGITS.fullmatch(parts.value):
            raise MalformedMessage("the Session-Expires header cannot be read")
        refresher = (parts.parameters.get("refresher") or "").lower()
        seconds = parse_seconds(parts.value) or 0
        return cls(seconds, refresher if refresher in {"uac", "uas"} else None)

    def __str__(self) -> str:
        return f"{self.seconds};refresher={self.refresher}" if self.refresher else f"{self.seconds}"


@dataclass(frozen=True, slots=True)
class Replaces:
    """Which dialog an INVITE takes the place of (RFC 3891 §6.1)."""

    call_id: str
    to_tag: str
    from_tag: str
    is_early_only: bool = False

    @classmethod
    def parse(cls, text: str) -> Replaces:
        """Read the value.

        Raises:
            MalformedMessage: It cannot be read, or a tag is missing.
        """
        call_id, _, rest = text.partition(";")
        parameters = parse_parameters(f";{rest}" if rest else "")
        to_tag, from_tag = parameters.get("to-tag"), parameters.get("from-tag")
        if not call_id.strip() or to_tag is None or from_tag is None:
            raise MalformedMessage("the Replaces header cannot be read")
        return cls(call_id.strip(), to_tag, from_tag, "early-only" in parameters)

    def __str__(self) -> str:
        early = ";early-only" if self.is_early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{early}"


def parse_reason(text: str) -> tuple[str, int | None, str]:
    """Read one Reason value: protocol, cause and text (RFC 3326 §2).

    Raises:
        MalformedMessage: Its parameters cannot be read.
    """
    parts = ValueWithParameters.parse(text)
    cause = parts.parameters.get("cause") or ""
    number = int(cause) if _DIGITS.fullmatch(cause) and len(cause) < 6 else None
    return parts.value, number, parts.parameters.get("text") or ""
