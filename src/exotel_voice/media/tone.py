"""Tones with a cadence, as telephone exchanges make them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from exotel_voice.media.audio import Samples

__all__ = ["RING_TONE", "TonePattern", "frame_of", "level_of"]

_RAMP: Final = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class TonePattern:
    """A sum of sines that goes on and off."""

    frequencies: tuple[float, ...]
    """In hertz."""
    cadence: tuple[float, ...]
    """Seconds on, seconds off, seconds on, and so on; then from the beginning."""
    level: float
    """Highest amplitude, 0 to 1."""

    def period(self, sample_rate_hz: int) -> Samples:
        """One turn of the cadence as samples; each sound begins and ends softly."""
        parts = [
            self._sound(seconds, sample_rate_hz)
            if place % 2 == 0
            else np.zeros(round(seconds * sample_rate_hz), np.int16)
            for place, seconds in enumerate(self.cadence)
        ]
        return np.concatenate(parts)

    def _sound(self, seconds: float, rate: int) -> Samples:
        count = round(seconds * rate)
        at = np.arange(count) / rate
        waves = [np.sin(2 * np.pi * frequency * at) for frequency in self.frequencies]
        shape = np.minimum(1.0, np.minimum(at, at[::-1]) / _RAMP)
        made: npt.NDArray[np.float64] = (
            np.sum(waves, axis=0) / len(waves) * shape * self.level * 32767
        )
        return made.astype(np.int16)


RING_TONE: Final = TonePattern(frequencies=(400.0, 450.0), cadence=(0.4, 0.2, 0.4, 1.0), level=0.5)
"""The ring of Indian and British telephones, with a shorter pause."""


def frame_of(samples: Samples, start: int, count: int, *, volume: float) -> Samples:
    """Take `count` samples from `start` at a volume of 0 to 1; silence after their end."""
    frame = np.zeros(count, np.int16)
    part = samples[start : start + count]
    frame[: len(part)] = part * np.float32(volume)
    return frame


def level_of(samples: Samples | None) -> float:
    """Root mean square, 1 being full scale; 0 for nothing."""
    if samples is None or not len(samples):
        return 0.0
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64))))) / 32768.0
