"""What a codec is to the rest of the package. Which ones there are, `codecs` tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from exotel_voice.media.audio import Samples

__all__ = [
    "Codec",
    "CodecSettings",
    "Decoder",
    "Encoder",
]


class Encoder(Protocol):
    """Turns PCM into payloads; holds the state of one direction of one call."""

    def encode(self, samples: Samples) -> bytes:
        """Encode one packet's samples, at the rate the encoder was made for."""
        ...


class Decoder(Protocol):
    """Turns payloads into PCM; holds the state of one direction of one call."""

    def decode(self, payload: bytes) -> Samples:
        """Decode one payload. Never raises: what cannot be decoded becomes concealed audio.

        The array may be overwritten by the next call.
        """
        ...

    def conceal(self, count: int, next_payload: bytes | None) -> Samples:
        """Make up `count` samples for a packet that did not arrive.

        `next_payload` is the payload that follows the missing one, where it is already here: a
        codec with in-band redundancy takes the missing audio from it.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecSettings:
    """How the audio is to be encoded, where the codec leaves a choice (Opus)."""

    is_lossy_link: bool = False
    """Opus: the voip mode with in-band redundancy, for links that lose packets. Costs twice."""
    bitrate: int = 32_000
    """Opus: bits per second, 6000 to 510000. The far side's limit goes first."""
    complexity: int = 5
    """Opus: 0 to 10; above 8 the cost rises to that of the voip mode."""
    has_dtx: bool = False
    """Opus: send next to nothing while the input is silent."""
    fmtp: Mapping[str, str] = field(default_factory=dict)
    """What the far side's a=fmtp line says of this codec, names in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """One audio codec, and how to make its two directions."""

    name: str
    """Encoding name as in SDP: `opus`, `G722`, `PCMU`, `PCMA`."""
    clock_rate: int
    """RTP clock rate, which for G.722 is not the sample rate (RFC 3551 §4.5.2)."""
    sample_rates_hz: tuple[int, ...]
    """Sample rates that its encoder and decoder can be made for, the best one last."""
    sdp_channels: int = 1
    """Channels as written in a=rtpmap; 2 for Opus, whatever is sent (RFC 7587 §7)."""
    payload_type: int | None = None
    """Static payload type (RFC 3551 §6), or None where one is to be chosen from 96 to 127."""
    fmtp: str = ""
    """What this side writes in a=fmtp; empty for no such line."""
    packet_times_ms: tuple[int, ...] = (10, 20, 30, 40, 60)
    """Packet lengths that can be sent."""
    make_encoder: Callable[[int, CodecSettings], Encoder]
    """Make an encoder for a sample rate."""
    make_decoder: Callable[[int], Decoder]
    """Make a decoder for a sample rate."""
    clock_units: Callable[[bytes], int]
    """Length of a payload in units of the RTP clock; 0 for one that is not valid."""
    is_heavy: bool = False
    """Whether a frame costs enough that coding belongs into a worker thread under load."""

    def nearest_rate(self, sample_rate_hz: int) -> int:
        """Choose the sample rate to code at for audio of the given rate: equal, else above it."""
        for rate in self.sample_rates_hz:
            if rate >= sample_rate_hz:
                return rate
        return self.sample_rates_hz[-1]

    def nearest_packet_time(self, wanted_ms: int) -> int:
        """Choose the longest packet length that is not longer than the one wanted."""
        fitting = [time for time in self.packet_times_ms if time <= wanted_ms]
        return max(fitting, default=min(self.packet_times_ms))
