"""G.711, both laws, by table (ITU-T G.711; RFC 3551 §4.5.14).

A numpy table serves on every Python version; `audioop` left the standard library in 3.13.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from exotel_voice.media.audio import Samples
from exotel_voice.media.codec import Codec, CodecSettings
from exotel_voice.media.concealment import WaveformConcealment

__all__ = ["PCMA", "PCMU", "G711Decoder", "G711Encoder"]

_Table = npt.NDArray[np.uint8]

_MU_BIAS: Final = 132
_MU_CLIP: Final = 32635


def _mu_law_decode_table() -> Samples:
    """Expand each of the 256 codes (G.711 table 2a/2b, scaled to 16 bits)."""
    code = ~np.arange(256, dtype=np.uint8)
    exponent = (code >> 4) & 7
    mantissa = (code & 15).astype(np.int32)
    magnitude = (((mantissa << 3) + _MU_BIAS) << exponent) - _MU_BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _a_law_decode_table() -> Samples:
    """Expand each of the 256 codes (G.711 table 1a/1b, scaled to 16 bits)."""
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent = ((code >> 4) & 7).astype(np.int32)
    mantissa = (code & 15).astype(np.int32)
    linear = (mantissa << 4) + 8
    magnitude = np.where(exponent > 0, (linear + 256) << np.maximum(exponent - 1, 0), linear)
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _every_sample() -> npt.NDArray[np.int32]:
    """The 65536 samples in the order in which an index of unsigned 16 bits finds them."""
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)


def _exponent(magnitude: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Number of the segment: the place of the highest bit above bit 7, 0 to 7."""
    exponent = np.zeros_like(magnitude)
    for shift in range(8, 15):
        exponent += (magnitude >> shift) > 0
    return exponent


def _mu_law_encode_table() -> _Table:
    """Compress each of the 65536 samples."""
    sample = _every_sample()
    magnitude = np.minimum(np.abs(sample), _MU_CLIP) + _MU_BIAS
    exponent = _exponent(magnitude)
    mantissa = (magnitude >> (exponent + 3)) & 15
    code = (exponent << 4) | mantissa | np.where(sample < 0, 0x80, 0)
    return (~code & 0xFF).astype(np.uint8)


def _a_law_encode_table() -> _Table:
    """Compress each of the 65536 samples."""
    sample = _every_sample()
    magnitude = np.where(sample < 0, ~sample, sample)
    exponent = _exponent(magnitude)
    mantissa = np.where(exponent > 0, (magnitude >> (exponent + 3)) & 15, (magnitude >> 4) & 15)
    code = (exponent << 4) | mantissa | np.where(sample < 0, 0, 0x80)
    return (code ^ 0x55).astype(np.uint8)


class G711Encoder:
    """Compresses 8000 Hz PCM, one byte per sample. It has no state."""

    def __init__(self, table: _Table) -> None:
        self._table = table

    def encode(self, samples: Samples) -> bytes:
        """Compress the samples."""
        return self._table.take(samples.view(np.uint16)).tobytes()


class G711Decoder:
    """Expands to 8000 Hz PCM, and makes up what is missing from what came before."""

    def __init__(self, table: Samples) -> None:
        self._table = table
        self._concealment = WaveformConcealment(8000)

    def decode(self, payload: bytes) -> Samples:
        """Expand the payload."""
        return self._concealment.follow(self._table.take(np.frombuffer(payload, np.uint8)))

    def conceal(self, count: int, next_payload: bytes | None) -> Samples:  # noqa: ARG002 - G.711 carries no redundancy
        """Go on with the last pitch period, fading out."""
        return self._concealment.conceal(count)


def _codec(name: str, payload_type: int, tables: tuple[_Table, Samples]) -> Codec:
    encode_table, decode_table = tables

    def make_encoder(_rate: int, _settings: CodecSettings) -> G711Encoder:
        return G711Encoder(encode_table)

    def make_decoder(_rate: int) -> G711Decoder:
        return G711Decoder(decode_table)

    return Codec(
        name=name,
        clock_rate=8000,
        sample_rates_hz=(8000,),
        payload_type=payload_type,
        make_encoder=make_encoder,
        make_decoder=make_decoder,
        clock_units=len,
    )


PCMU: Final = _codec("PCMU", 0, (_mu_law_encode_table(), _mu_law_decode_table()))
"""G.711 with the mu-law of North America and Japan, payload type 0."""
PCMA: Final = _codec("PCMA", 8, (_a_law_encode_table(), _a_law_decode_table()))
"""G.711 with the A-law of the rest of the world, payload type 8."""
