"""The bodies of INFO that carry a digit (RFC 6086): `application/dtmf-relay`, `application/dtmf`.

Neither has an RFC of its own. The relay form is lines of `Signal=5` and `Duration=240`, the
duration in milliseconds; the other is the bare digit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from exotel_voice.errors import ConfigError

__all__ = ["DIGITS", "DTMF", "DTMF_RELAY", "Digit", "relay_body"]

DTMF_RELAY: Final = "application/dtmf-relay"
DTMF: Final = "application/dtmf"
DIGITS: Final = frozenset("0123456789ABCD*#")

MIN_DURATION: Final = 0.04
MAX_DURATION: Final = 8.0

_LINE: Final = re.compile(r"\s*(Signal|Duration)\s*=\s*(\S+)\s*", re.IGNORECASE)
# Some senders give the event numbers of RFC 4733 §3.2 instead of the signs.
_EVENT_NUMBERS: Final = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}


@dataclass(frozen=True, slots=True)
class Digit:
    """A digit that came by INFO."""

    digit: str
    """One of 0-9, A-D, * and #."""
    duration: float | None
    """Seconds, if the body said."""

    @classmethod
    def parse(cls, content_type: str | None, body: bytes) -> Digit | None:
        """Read a body of one of the two types; None when it holds no digit.

        Args:
            content_type: In lower case, without parameters.
            body: At most its first 256 bytes are looked at.
        """
        text = body[:256].decode("ascii", "replace").strip()
        if content_type == DTMF:
            digit, duration = text, None
        else:
            fields = {
                match[1].lower(): match[2]
                for match in map(_LINE.fullmatch, text.splitlines())
                if match
            }
            digit, duration = fields.get("signal", ""), _seconds(fields.get("duration", ""))
        digit = _EVENT_NUMBERS.get(digit, digit).upper()
        return cls(digit, duration) if digit in DIGITS else None


def relay_body(digit: str, duration: float) -> bytes:
    """Write a digit as `application/dtmf-relay`.

    Args:
        digit: One of 0-9, A-D, * and #.
        duration: Seconds, 0.04 to 8.

    Raises:
        ConfigError: It is none of these, or out of range.
    """
    if digit not in DIGITS:
        raise ConfigError(f"{digit!r} is no digit: use one of 0-9, A-D, * and #.")
    if not MIN_DURATION <= duration <= MAX_DURATION:
        raise ConfigError("A digit lasts 0.04 to 8 seconds.")
    return f"Signal={digit}\r\nDuration={round(duration * 1000)}".encode()


def _seconds(milliseconds: str) -> float | None:
    is_number = milliseconds.isascii() and milliseconds.isdigit() and len(milliseconds) < 7
    return int(milliseconds) / 1000 if is_number else None
