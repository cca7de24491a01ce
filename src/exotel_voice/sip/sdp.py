"""The little that signalling reads of a session description (RFC 8866, RFC 3264, RFC 6337).

Direction, port and codec names of the first audio line. The media engines read the rest; here
nothing is ever written, and nothing in a description makes these functions raise.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["AudioLine", "HoldState", "first_audio_line", "hold_state", "is_hold"]

_DIRECTIONS: Final = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})
_SENDING: Final = frozenset({"sendrecv", "sendonly"})
_DISCARD_PORT: Final = 9
_MAX_LINES: Final = 4096
# RFC 3551 §6: payload types that need no rtpmap.
_STATIC_CODECS: Final = {
    "0": "PCMU",
    "3": "GSM",
    "4": "G723",
    "8": "PCMA",
    "9": "G722",
    "13": "CN",
    "15": "G728",
    "18": "G729",
}


class HoldState(StrEnum):
    """What a description's author lets us do with audio."""

    ACTIVE = "active"
    """We may send."""
    HELD = "held"
    """We are not to send: sendonly, inactive, or a zero address (RFC 6337 §5.3)."""
    REFUSED = "refused"
    """There is no audio line, or its port is zero (RFC 3264 §6)."""


@dataclass(frozen=True, slots=True)
class AudioLine:
    """What the first audio line of a description says."""

    port: int
    """Zero when the line is refused; it is zero too for what is not a port."""
    address: str
    """Of the line, else of the session; empty when there is none."""
    direction: str
    """sendrecv, sendonly, recvonly or inactive, with a hold by zero address counted in."""
    codecs: tuple[str, ...]
    """Names in the order of preference, as written; unknown payload types are left out."""


def first_audio_line(description: bytes) -> AudioLine | None:
    """Read the first audio line; None when there is none.

    A direction or an address that the line does not give is taken from the session part
    (RFC 8866 §5.7, §6.7).

    Args:
        description: The session description; lines may end with CRLF or LF.
    """
    session: list[str] = []
    audio: list[str] | None = None
    is_session = True
    for data in description.splitlines()[:_MAX_LINES]:
        line = data.decode("utf-8", "replace")
        if line.startswith("m="):
            if audio is not None:
                break
            is_session = False
            if line[2:].split()[:1] == ["audio"]:
                audio = [line]
        elif audio is not None:
            audio.append(line)
        elif is_session:
            session.append(line)
    return None if audio is None else _read(audio, session)


def hold_state(description: bytes) -> HoldState:
    """Tell what the author of a description lets us do with audio."""
    line = first_audio_line(description)
    if line is None or line.port == 0:
        return HoldState.REFUSED
    return HoldState.HELD if line.direction in {"sendonly", "inactive"} else HoldState.ACTIVE


def is_hold(description: bytes) -> bool:
    """Tell whether a description puts us on hold (RFC 6337 §5.3).

    A zero address is a hold too (RFC 3264 §8.4), but not with port 9: then ICE has the address
    (RFC 8839 §4.2.5).
    """
    return hold_state(description) is HoldState.HELD


def _read(audio: list[str], session: list[str]) -> AudioLine:
    fields = audio[0][2:].split()
    port_text = fields[1].partition("/")[0] if len(fields) > 1 else ""
    is_port = port_text.isascii() and port_text.isdigit() and len(port_text) < 6
    port = int(port_text) if is_port else 0
    address = _address(audio) or _address(session)
    direction = _direction(audio) or _direction(session) or "sendrecv"
    if address in {"0.0.0.0", "::"} and port not in {0, _DISCARD_PORT}:  # noqa: S104 - a hold
        direction = "sendonly" if direction in _SENDING else "inactive"
    return AudioLine(port, address, direction, _codecs(fields[3:], audio))


def _address(lines: list[str]) -> str:
    for line in lines:
        if line.startswith("c="):
            fields = line[2:].split()
            return fields[2].partition("/")[0] if len(fields) > 2 else ""
    return ""


def _direction(lines: list[str]) -> str | None:
    for line in lines:
        if line.startswith("a=") and line[2:].strip() in _DIRECTIONS:
            return line[2:].strip()
    return None


def _codecs(payload_types: list[str], lines: list[str]) -> tuple[str, ...]:
    names = dict(_STATIC_CODECS)
    for line in lines:
        if line.startswith("a=rtpmap:"):
            payload_type, _, encoding = line[len("a=rtpmap:") :].strip().partition(" ")
            names[payload_type] = encoding.strip().partition("/")[0]
    return tuple(names[each] for each in payload_types if names.get(each))
