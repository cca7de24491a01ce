"""G.722 at 64 kb/s by FFmpeg's codec, which comes with PyAV (ITU-T G.722; RFC 3551 §4.5.2)."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any, Final, Literal

import av
import av.codec

from exotel_voice.media.audio import Samples
from exotel_voice.media.codec import Codec, CodecSettings
from exotel_voice.media.concealment import WaveformConcealment

__all__ = ["G722Decoder", "G722Encoder", "codec"]

logger = logging.getLogger("exotel_voice.media")

_RATE_HZ: Final = 16000
_SAMPLES_PER_BYTE: Final = 2


def _context(mode: Literal["r", "w"]) -> Any:
    context: Any = av.CodecContext.create("g722", mode)
    context.sample_rate = _RATE_HZ
    context.layout = "mono"
    context.format = "s16"
    context.open()
    return context


class G722Encoder:
    """Encodes 16000 Hz PCM of one call, one byte for two samples."""

    def __init__(self, _rate: int, _settings: CodecSettings) -> None:
        """Make an encoder; there is nothing to choose."""
        self._context = _context("w")

    def encode(self, samples: Samples) -> bytes:
        """Encode an even number of samples."""
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = _RATE_HZ
        return b"".join(bytes(packet) for packet in self._context.encode(frame))


class G722Decoder:
    """Decodes to 16000 Hz PCM of one call, and makes up what is missing from what came before."""

    def __init__(self, _rate: int) -> None:
        """Make a decoder."""
        self._context = _context("r")
        self._concealment = WaveformConcealment(_RATE_HZ)

    def decode(self, payload: bytes) -> Samples:
        """Decode one payload; every byte is valid."""
        frames = self._context.decode(av.Packet(payload))
        parts = [frame.to_ndarray()[0] for frame in frames]
        if len(parts) != 1:
            return self.conceal(len(payload) * _SAMPLES_PER_BYTE, None)
        return self._concealment.follow(parts[0])

    def conceal(self, count: int, next_payload: bytes | None) -> Samples:  # noqa: ARG002 - G.722 carries no redundancy
        """Go on with the last pitch period, fading out."""
        return self._concealment.conceal(count)


@cache
def codec() -> Codec | None:
    """G.722 as a codec, or None with a line in the log where this FFmpeg lacks it."""
    try:
        av.codec.Codec("g722", "w")
        av.codec.Codec("g722", "r")
    except av.codec.codec.UnknownCodecError:
        logger.warning("G.722 is not offered: this build of FFmpeg lacks it")
        return None
    return Codec(
        name="G722",
        # RFC 3551 §4.5.2: the clock rate is 8000, by an error of old, at 16000 samples a second.
        clock_rate=8000,
        sample_rates_hz=(_RATE_HZ,),
        payload_type=9,
        make_encoder=G722Encoder,
        make_decoder=G722Decoder,
        clock_units=len,
    )
