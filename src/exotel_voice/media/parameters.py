"""What a stream of audio is told: its own numbers, and what offer and answer agreed on."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from exotel_voice.media.codec import Codec, CodecSettings

__all__ = ["StreamIdentity", "StreamParameters"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamIdentity:
    """What names this side in RTP."""

    ssrc: int
    """Synchronisation source, 32 bits (RFC 3550 §8)."""
    cname: str
    """Canonical name in RTCP; the same as in a=ssrc, if it is written there (RFC 7022 §4)."""
    first_sequence: int = 0
    """Sequence number of the first packet: random (RFC 3550 §5.1), below 32768 so that SRTP does
    not lose count when the first packets are lost (RFC 3711 §3.3.1)."""
    first_timestamp: int = 0
    """Timestamp of the first packet: random (RFC 3550 §5.1)."""

    @classmethod
    def random(cls) -> StreamIdentity:
        """Make one from the operating system's randomness."""
        return cls(
            ssrc=secrets.randbits(32),
            cname=secrets.token_urlsafe(12),
            first_sequence=secrets.randbits(15),
            first_timestamp=secrets.randbits(32),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamParameters:
    """What offer and answer agreed on for the audio line."""

    codec: Codec
    """Codec to send with."""
    payload_type: int
    """Payload type to send it with: the far side's number."""
    settings: CodecSettings = field(default_factory=CodecSettings)
    """How to encode; holds the far side's fmtp."""
    packet_time_ms: int = 20
    """Length of a packet to send: the far side's ptime, no longer than its maxptime."""
    receive: Mapping[int, Codec]
    """Every payload type that the far side may use, as numbered by this side, and its codec."""
    digits_payload_type: int | None = None
    """Payload type to send telephone-event with, or None where it was not agreed (RFC 4733)."""
    digits_clock_rate: int = 8000
    """Clock rate of that payload type."""
    digits_receive: Mapping[int, int] = field(default_factory=dict)
    """Payload types on which digits may arrive, and the clock rate of each."""
