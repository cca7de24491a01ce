"""RTP packets: the fixed header, and skipping what this side does not use (RFC 3550 §5.1)."""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

__all__ = [
    "COMFORT_NOISE",
    "RtpPacket",
    "RtpSender",
    "is_rtcp",
    "parse_rtp",
    "signed_distance",
    "write_rtp",
]

COMFORT_NOISE: Final = 13
"""Payload type of comfort noise at 8000 Hz (RFC 3389)."""

_HEADER: Final = Struct("!BBHII")
_EXTENSION: Final = Struct("!HH")
_VERSION: Final = 0x80
_PADDING: Final = 0x20
_EXTENDED: Final = 0x10
_CSRC_COUNT: Final = 0x0F
_MARKER: Final = 0x80


class RtpPacket(NamedTuple):
    """What a received packet says. Contributing sources, extensions and padding are left out."""

    payload_type: int
    """0 to 127."""
    has_marker: bool
    """First packet of a talkspurt, for audio (RFC 3551 §4.1)."""
    sequence: int
    """16 bits."""
    timestamp: int
    """32 bits, in units of the payload type's clock."""
    ssrc: int
    """32 bits."""
    payload: bytes
    """May be empty."""


def is_rtcp(packet: bytes) -> bool:
    """Whether a packet that shares its port with RTP is RTCP (RFC 5761 §4)."""
    return len(packet) > 1 and 192 <= packet[1] <= 223


def parse_rtp(packet: bytes) -> RtpPacket | None:
    """Read one packet; None for what is not RTP. Never raises, whatever the bytes are."""
    if len(packet) < 12:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(packet)
    if first == _VERSION:
        payload: bytes | None = packet[12:]
    else:
        payload = _payload_behind_options(packet, first)
    if payload is None:
        return None
    return RtpPacket(second & 0x7F, second >= _MARKER, sequence, timestamp, ssrc, payload)


def _payload_behind_options(packet: bytes, first: int) -> bytes | None:
    """Find the payload of a packet that has CSRCs, an extension or padding (RFC 3550 §5.1)."""
    if first & 0xC0 != _VERSION:
        return None
    start = 12 + 4 * (first & _CSRC_COUNT)
    if first & _EXTENDED:
        if len(packet) < start + 4:
            return None
        _, words = _EXTENSION.unpack_from(packet, start)
        start += 4 + 4 * words
    end = len(packet)
    if first & _PADDING and end > start:
        padding = packet[-1]
        if padding == 0:
            return None
        end -= padding
    if end < start:
        return None
    return packet[start:end]


def write_rtp(packet: RtpPacket) -> bytes:
    """Write one packet, with the fixed header only."""
    second = packet.payload_type | (_MARKER if packet.has_marker else 0)
    header = _HEADER.pack(_VERSION, second, packet.sequence, packet.timestamp, packet.ssrc)
    return header + packet.payload


class RtpSender:
    """Numbers what one side sends: sequence, timestamp, marker; counts it for RTCP."""

    def __init__(self, *, ssrc: int, sequence: int, timestamp: int) -> None:
        """Start at the given numbers, which are to be random (RFC 3550 §5.1)."""
        self.ssrc = ssrc
        self.timestamp = timestamp
        """Timestamp of the next audio, in clock units; `advance` moves it."""
        self.packets_sent = 0
        self.bytes_sent = 0
        """Payload bytes, as RTCP counts them (RFC 3550 §6.4.1)."""
        self._sequence = sequence
        self._is_talkspurt_start = True

    def packet(self, payload_type: int, payload: bytes, timestamp: int) -> bytes:
        """Make an audio packet; marked if it follows a pause."""
        if self._is_talkspurt_start:
            self._is_talkspurt_start = False
            payload_type |= _MARKER
        return self.numbered(payload_type, payload, timestamp)

    def numbered(self, second_byte: int, payload: bytes, timestamp: int) -> bytes:
        """Make a packet with the next sequence number and the marker and timestamp given."""
        sequence = self._sequence
        self._sequence = (sequence + 1) & 0xFFFF
        self.packets_sent += 1
        self.bytes_sent += len(payload)
        return _HEADER.pack(_VERSION, second_byte, sequence, timestamp, self.ssrc) + payload

    def advance(self, units: int) -> None:
        """Let time pass, whether or not audio was sent for it."""
        self.timestamp = (self.timestamp + units) & 0xFFFFFFFF

    def pause(self) -> None:
        """Note that audio was left out: the next packet starts a talkspurt (RFC 3551 §4.1)."""
        self._is_talkspurt_start = True


def signed_distance(number: int, reference: int, bits: int) -> int:
    """How far a wrapping number is ahead of a reference: negative where it is behind."""
    half = 1 << (bits - 1)
    return ((number - reference + half) & ((1 << bits) - 1)) - half
