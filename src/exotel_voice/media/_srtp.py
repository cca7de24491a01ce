"""The touches on pylibsrtp that go beyond what it documents; all in this module.

Its own `protect` and `unprotect` make four calls and two objects for each packet; `PacketKeys` does
the same work in its buffer with one. Each private name has a test in
`tests/media/test_aiortc_contract.py`, so that a release that moves one is noticed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pylibsrtp import SRTP_MAX_SRTCP_TRAILER_LEN, SRTP_MAX_TRAILER_LEN
from pylibsrtp._binding import ffi, lib  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from pylibsrtp import Session

# ruff: noqa: SLF001

__all__ = ["PacketKeys"]

_TRAILER: Final = max(SRTP_MAX_TRAILER_LEN, SRTP_MAX_SRTCP_TRAILER_LEN)
_protect_rtp, _protect_rtcp = lib.srtp_protect, lib.srtp_protect_rtcp
_unprotect_rtp, _unprotect_rtcp = lib.srtp_unprotect, lib.srtp_unprotect_rtcp


class PacketKeys:
    """The keys of one direction of one call (RFC 3711). To be used in one thread."""

    def __init__(self, session: Session) -> None:
        """Take over a session, whose buffer is used from now on."""
        self._session = session
        self._handle = session._srtp[0]
        self._memory = session._cdata
        self._buffer = session._buffer
        self._room = len(session._buffer)
        self._length = ffi.new("int *")

    def protect(self, packet: bytes) -> bytes | None:
        """Encrypt and sign an RTP or RTCP packet (RFC 5761 §4); None where that cannot be done."""
        size = len(packet)
        if size > self._room - _TRAILER:
            return None
        length = self._length
        length[0] = size
        self._buffer[0:size] = packet
        work = _protect_rtcp if 191 < packet[1] < 224 else _protect_rtp
        if work(self._handle, self._memory, length):
            return None
        made: bytes = self._buffer[0 : length[0]]
        return made

    def unprotect(self, packet: bytes) -> bytes | None:
        """Decrypt an RTP or RTCP packet; None where it is not of these keys, or came before."""
        size = len(packet)
        if not 1 < size <= self._room:
            return None
        length = self._length
        length[0] = size
        self._buffer[0:size] = packet
        work = _unprotect_rtcp if 191 < packet[1] < 224 else _unprotect_rtp
        if work(self._handle, self._memory, length):
            return None
        made: bytes = self._buffer[0 : length[0]]
        return made
