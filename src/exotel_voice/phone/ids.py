"""Random values for the SIP core, from the operating system's source."""

from __future__ import annotations

import secrets
import uuid
from typing import Final

from exotel_voice.sip.ids import MAGIC_COOKIE, Branch, CallId, Tag

__all__ = ["RandomIds"]

FRACTION_BITS: Final = 53


class RandomIds:
    """An `IdSource` whose values nobody can guess (RFC 3261 §19.3)."""

    __slots__ = ("_reserved",)

    def __init__(self) -> None:
        self._reserved: CallId | None = None

    def reserve_call_id(self, call_id: CallId) -> None:
        """Let the next `call_id` give this value, so that a call has its name before its INVITE."""
        self._reserved = call_id

    def branch(self) -> Branch:
        """Make a Via branch (RFC 3261 §8.1.1.7)."""
        return Branch(MAGIC_COOKIE + secrets.token_hex(10))

    def tag(self) -> Tag:
        """Make a From or To tag (RFC 3261 §19.3)."""
        return Tag(secrets.token_hex(8))

    def call_id(self) -> CallId:
        """Make a Call-ID that tells nothing of this machine (RFC 3261 §8.1.1.4)."""
        reserved, self._reserved = self._reserved, None
        return reserved or CallId(secrets.token_hex(16))

    def cnonce(self) -> str:
        """Make a client nonce (RFC 7616 §3.4)."""
        return secrets.token_hex(16)

    def nonce(self) -> str:
        """Make a server nonce (RFC 7616 §3.3)."""
        return secrets.token_hex(16)

    def host(self) -> str:
        """Make a host name that never resolves, for Via and Contact (RFC 7118 §5)."""
        return f"{secrets.token_hex(6)}.invalid"

    def user(self) -> str:
        """Make the user part of a Contact URI."""
        return secrets.token_hex(6)

    def instance(self) -> str:
        """Make an instance id (RFC 5626 §4.1)."""
        return uuid.uuid4().urn

    def fraction(self) -> float:
        """Draw a number from 0.0 up to, not including, 1.0."""
        return secrets.randbits(FRACTION_BITS) / (1 << FRACTION_BITS)
