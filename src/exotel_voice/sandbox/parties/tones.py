"""Pure tones as 16-bit mono PCM, exact enough for a test to measure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from exotel_voice.errors import ConfigError

__all__ = ["LEVEL", "MAX_FREQUENCY_HZ", "frequency_from", "tone", "tone_frames"]

LEVEL: Final = 0.25
"""Amplitude of the tones, 0 to 1; their root mean square is 0.177."""

FRAME: Final = 0.02
"""Seconds of one piece."""

FADE: Final = 0.004
"""Seconds over which a tone begins and ends, so that it does not click."""

MAX_FREQUENCY_HZ: Final = 3400.0
"""What a telephone line carries."""

FULL_SCALE: Final = 32767.0


def frequency_from(text: str, *, default: float) -> float:
    """Read the frequency that follows a party's name, in Hz.

    Raises:
        ConfigError: It is no number, or not within what a telephone carries.
    """
    if not text:
        return default
    try:
        frequency = float(text)
    except ValueError:
        frequency = 0.0
    if not 50.0 <= frequency <= MAX_FREQUENCY_HZ:
        raise ConfigError(f"{text!r} is not a frequency from 50 to {MAX_FREQUENCY_HZ:g} Hz.")
    return frequency


def tone(frequency_hz: float, seconds: float, *, sample_rate_hz: int) -> bytes:
    """Make one tone with soft ends."""
    count = round(seconds * sample_rate_hz)
    fade = min(round(FADE * sample_rate_hz), count // 2)
    envelope = np.ones(count)
    if fade:
        ramp = np.arange(fade) / fade
        envelope[:fade] = ramp
        envelope[count - fade :] = ramp[::-1]
    return _pcm(np.arange(count), frequency_hz, sample_rate_hz, envelope)


def tone_frames(frequency_hz: float, *, sample_rate_hz: int) -> Iterator[bytes]:
    """Make an endless tone in pieces of 20 ms that join without a step."""
    size = round(FRAME * sample_rate_hz)
    start = 0
    while True:
        yield _pcm(np.arange(start, start + size), frequency_hz, sample_rate_hz)
        start += size


def _pcm(
    at: np.ndarray[tuple[int], np.dtype[np.int64]],
    frequency_hz: float,
    sample_rate_hz: int,
    envelope: np.ndarray[tuple[int], np.dtype[np.float64]] | float = 1.0,
) -> bytes:
    wave = np.sin(2.0 * np.pi * frequency_hz / sample_rate_hz * at)
    return bytes(np.rint(wave * envelope * (LEVEL * FULL_SCALE)).astype(np.int16).tobytes())
