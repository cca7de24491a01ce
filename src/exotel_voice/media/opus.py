"""Opus by libopus (RFC 6716, RFC 7587): concealment, in-band redundancy, silence suppression.

Two ways to encode. The default is the CELT layer alone at complexity 5 and 32 kb/s mono, which
costs half of the voice mode. On links that lose packets, the voice mode carries each frame a second
time in the packet after it.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any, Final

import numpy as np

from exotel_voice.errors import MediaError
from exotel_voice.media.audio import Samples
from exotel_voice.media.codec import Codec, CodecSettings
from exotel_voice.media.libopus import Libopus, load_libopus

__all__ = ["OpusDecoder", "OpusEncoder", "clock_units", "codec"]

logger = logging.getLogger("exotel_voice.media")

_RATES_HZ: Final = (8000, 12000, 16000, 24000, 48000)
_VOIP: Final = 2048
_RESTRICTED_LOWDELAY: Final = 2051
_SET_BITRATE: Final = 4002
_SET_MAX_BANDWIDTH: Final = 4004
_SET_VBR: Final = 4006
_SET_COMPLEXITY: Final = 4010
_SET_INBAND_FEC: Final = 4012
_SET_PACKET_LOSS_PERC: Final = 4014
_SET_DTX: Final = 4016
_EXPECTED_LOSS_PERCENT: Final = 10
_BANDWIDTHS: Final = ((8000, 1101), (12000, 1102), (16000, 1103), (24000, 1104))
_LONGEST_PACKET: Final = 0.120
_MAX_PACKET_BYTES: Final = 1275
# RFC 6716 §3.1: length of one frame, by the configuration number, in units of 48000 Hz.
_FRAME_UNITS: Final = (480, 960, 1920, 2880) * 3 + (480, 960) * 2 + (120, 240, 480, 960) * 4
_LONGEST_UNITS: Final = 5760


def clock_units(payload: bytes) -> int:
    """Length of a payload at 48000 Hz; 0 where it is not valid (RFC 6716 §3.2)."""
    if not payload:
        return 0
    first = payload[0]
    count = first & 3
    if count == 3:
        if len(payload) < 2:
            return 0
        frames = payload[1] & 63
    else:
        frames = 1 if count == 0 else 2
    units = _FRAME_UNITS[first >> 3] * frames
    return units if units <= _LONGEST_UNITS else 0


def _number(settings: CodecSettings, name: str, default: int) -> int:
    """Read a number of the far side's fmtp; what is not one counts as absent."""
    value = settings.fmtp.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else default


class OpusEncoder:
    """Encodes mono PCM of one call."""

    def __init__(self, sample_rate_hz: int, settings: CodecSettings) -> None:
        """Make an encoder.

        Args:
            sample_rate_hz: 8000, 12000, 16000, 24000 or 48000.
            settings: How to encode; the far side's fmtp is obeyed (RFC 7587 §7).

        Raises:
            MediaError: libopus is not at hand or refuses.
        """
        opus = load_libopus()
        self._lib, self._ffi = opus.lib, opus.ffi
        application = _VOIP if settings.is_lossy_link else _RESTRICTED_LOWDELAY
        self._encoder = _create(
            opus, "encoder", opus.lib.opus_encoder_create, (sample_rate_hz, 1, application)
        )
        self._output = opus.ffi.new("unsigned char[]", _MAX_PACKET_BYTES)
        limit = max(6000, _number(settings, "maxaveragebitrate", 510_000))
        self._set(_SET_BITRATE, min(settings.bitrate, limit))
        self._set(_SET_COMPLEXITY, settings.complexity)
        if settings.is_lossy_link and _number(settings, "useinbandfec", 0):
            self._set(_SET_INBAND_FEC, 1)
            self._set(_SET_PACKET_LOSS_PERC, _EXPECTED_LOSS_PERCENT)
        if settings.has_dtx or _number(settings, "usedtx", 0):
            self._set(_SET_DTX, 1)
        if _number(settings, "cbr", 0):
            self._set(_SET_VBR, 0)
        playback = _number(settings, "maxplaybackrate", 48000)
        for rate, bandwidth in _BANDWIDTHS:
            if playback <= rate:
                self._set(_SET_MAX_BANDWIDTH, bandwidth)
                break

    def _set(self, request: int, value: int) -> None:
        self._lib.opus_encoder_ctl(self._encoder, request, self._ffi.cast("int32_t", value))

    def encode(self, samples: Samples) -> bytes:
        """Encode 10, 20, 40 or 60 ms. Empty where libopus refuses, which it does for other lengths.

        With silence suppression a payload of one or two bytes says that nothing is to be heard.
        """
        pcm = self._ffi.from_buffer("int16_t[]", samples)
        size = self._lib.opus_encode(
            self._encoder, pcm, len(samples), self._output, _MAX_PACKET_BYTES
        )
        return bytes(self._ffi.buffer(self._output, max(size, 0)))


class OpusDecoder:
    """Decodes to mono PCM of one call."""

    def __init__(self, sample_rate_hz: int) -> None:
        """Make a decoder.

        Args:
            sample_rate_hz: 8000, 12000, 16000, 24000 or 48000, whatever the far side encodes.

        Raises:
            MediaError: libopus is not at hand or refuses.
        """
        opus = load_libopus()
        self._lib, self._ffi = opus.lib, opus.ffi
        self._decoder = _create(opus, "decoder", opus.lib.opus_decoder_create, (sample_rate_hz, 1))
        self._room = int(sample_rate_hz * _LONGEST_PACKET)
        self._tick = sample_rate_hz // 50
        self._samples: Samples = np.zeros(self._room, np.int16)
        self._pcm = opus.ffi.from_buffer("int16_t[]", self._samples)

    def decode(self, payload: bytes) -> Samples:
        """Decode one payload; 20 ms are made up for one that is damaged."""
        count = self._lib.opus_decode(
            self._decoder, payload, len(payload), self._pcm, self._room, 0
        )
        return self._samples[:count] if count > 0 else self.conceal(self._tick, None)

    def conceal(self, count: int, next_payload: bytes | None) -> Samples:
        """Make up samples; from the redundancy of the next payload, if that is here and has any."""
        if next_payload is None:
            made = self._lib.opus_decode(self._decoder, self._ffi.NULL, 0, self._pcm, count, 0)
        else:
            made = self._lib.opus_decode(
                self._decoder, next_payload, len(next_payload), self._pcm, count, 1
            )
        return self._samples[:made] if made > 0 else np.zeros(count, np.int16)


def _create(opus: Libopus, what: str, create: Any, arguments: tuple[int, ...]) -> Any:
    error = opus.ffi.new("int *")
    made = create(*arguments, error)
    if made == opus.ffi.NULL or error[0] != 0:
        raise MediaError(f"libopus refused to make an {what} (error {error[0]})")
    return opus.ffi.gc(made, getattr(opus.lib, f"opus_{what}_destroy"))


@cache
def codec() -> Codec | None:
    """Opus as a codec, or None with a line in the log where libopus is not at hand."""
    try:
        load_libopus()
    except MediaError as error:
        logger.warning("Opus is not offered: %s", error)
        return None
    return Codec(
        name="opus",
        clock_rate=48000,
        sample_rates_hz=_RATES_HZ,
        sdp_channels=2,
        fmtp="minptime=10;useinbandfec=1",
        packet_times_ms=(10, 20, 40, 60),
        make_encoder=OpusEncoder,
        make_decoder=OpusDecoder,
        clock_units=clock_units,
        is_heavy=True,
    )
