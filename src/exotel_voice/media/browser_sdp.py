"""Makes the descriptions of different tabs look like those of one agent.

A tab that takes a call over starts with a new peer connection, and so with an `o=` line of its own.
To the far side the session is the same: its id must stay, and its version grows by one with each
description that differs from the one before (RFC 8866 §5.2, RFC 3264 §8).
"""

from __future__ import annotations

import re
import secrets
from typing import Final

from exotel_voice.errors import MediaError
from exotel_voice.media.sdp_parse import parse_description

__all__ = ["OriginKeeper", "codec_of", "has_telephone_event", "is_other_end"]

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_TELEPHONE_EVENT: Final = re.compile(rb"(?im)^a=rtpmap:\d+ telephone-event/")
_FINGERPRINT: Final = re.compile(rb"(?im)^a=fingerprint:\S+ +(\S+)")
_TLS_ID: Final = re.compile(rb"(?im)^a=tls-id:(\S+)")
_UFRAG: Final = re.compile(rb"(?im)^a=ice-ufrag:(\S+)")


class OriginKeeper:
    """Writes the `o=` line of one call's descriptions.

    Args:
        session_id: The session id of the call; None to draw one.
    """

    def __init__(self, session_id: int | None = None) -> None:
        self._session_id = secrets.randbits(62) if session_id is None else session_id
        self._version = 0
        self._last = ""

    def stamp(self, sdp: str) -> bytes:
        """Give a tab's description the origin of the call.

        Raises:
            MediaError: It is no description, or has no audio line.
        """
        lines = [line for line in _LINE_END.split(sdp) if line]
        if len(lines) < 2 or lines[0] != "v=0" or not lines[1].startswith("o="):
            raise MediaError("The tab's session description does not begin with v= and o=")
        rest = "\r\n".join(lines[2:])
        version = self._version + (rest != self._last)
        origin = f"o=- {self._session_id} {version} IN IP4 127.0.0.1"
        whole = f"v=0\r\n{origin}\r\n{rest}\r\n".encode()
        parse_description(whole)
        self._version, self._last = version, rest
        return whole


def codec_of(answer: bytes) -> str:
    """Name the codec that an answer agrees to: the first of its audio line (RFC 3264 §6.1)."""
    return next((each.name for each in parse_description(answer).audio.formats), "")


def has_telephone_event(description: bytes) -> bool:
    """Tell whether a description names RFC 4733 digits among its formats."""
    return _TELEPHONE_EVENT.search(description) is not None


def is_other_end(offer: bytes, known: bytes) -> bool:
    """Tell whether an offer is of another far end than a description of before.

    It then has another DTLS association, and another ICE session with it (RFC 8842 §4).
    """
    return any(_differ(pattern, offer, known) for pattern in (_FINGERPRINT, _TLS_ID)) and _differ(
        _UFRAG, offer, known
    )


def _differ(pattern: re.Pattern[bytes], one: bytes, other: bytes) -> bool:
    """Compare lines that both have."""
    found, known = (set(pattern.findall(text)) for text in (one, other))
    return bool(found and known) and found != known
