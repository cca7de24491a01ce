"""Measures what a simulated party hears: the level, and the strongest frequency."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["Hearing", "measure"]

WINDOW: Final = 0.2
"""Seconds of sound that one measurement takes."""

AUDIBLE_LEVEL: Final = 0.003
"""Root mean square (0 to 1) below which a window counts as silence: about -50 dBFS."""

FULL_SCALE: Final = 32768.0


class Hearing:
    """Listens to 16-bit mono PCM and keeps the newest measurement."""

    def __init__(self) -> None:
        self.level = 0.0
        """Root mean square of the newest window, 0 to 1."""
        self.frequency_hz: float | None = None
        """Strongest frequency of the newest window that was not silence."""
        self.loudest = 0.0
        """The highest level of a window so far, 0 to 1."""
        self._pending = bytearray()

    def listen(self, pcm: bytes, sample_rate_hz: int) -> bool:
        """Take the next piece of sound; True when that made a new measurement."""
        self._pending += pcm
        size = int(sample_rate_hz * WINDOW) * 2
        has_news = False
        while len(self._pending) >= size:
            window = np.frombuffer(bytes(self._pending[:size]), dtype=np.int16)
            del self._pending[:size]
            self.level, frequency = measure(window, sample_rate_hz)
            self.loudest = max(self.loudest, self.level)
            if frequency is not None:
                self.frequency_hz = frequency
            has_news = True
        return has_news

    def silence(self) -> None:
        """Note that nothing is heard any more, because the sound has stopped coming."""
        self._pending.clear()
        self.level = 0.0


def measure(samples: npt.NDArray[np.int16], sample_rate_hz: int) -> tuple[float, float | None]:
    """Give the level of a piece of sound, 0 to 1, and its strongest frequency in Hz.

    The frequency is that of the highest peak of the spectrum, refined between its neighbours; for a
    pure tone it is right within a tenth of a hertz. None when the piece is silence.

    Args:
        samples: 16-bit mono PCM.
        sample_rate_hz: Its rate.
    """
    if samples.size == 0:
        return 0.0, None
    signal = samples.astype(np.float64) / FULL_SCALE
    level = float(np.sqrt(np.mean(signal * signal)))
    if level < AUDIBLE_LEVEL:
        return level, None
    spectrum = np.abs(np.fft.rfft((signal - signal.mean()) * np.hanning(signal.size)))
    peak = int(np.argmax(spectrum[1:-1])) + 1
    before, at, after = np.log(spectrum[peak - 1 : peak + 2] + 1e-12)
    bend = before - 2.0 * at + after
    offset = 0.0 if bend == 0.0 else 0.5 * (before - after) / bend
    return level, float((peak + offset) * sample_rate_hz / signal.size)
