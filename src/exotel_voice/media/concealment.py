"""Sound for packets that did not arrive, for codecs that cannot make it up themselves.

The method is that of ITU-T G.711 Appendix I in outline: the last pitch period is repeated, faded
out over 60 ms, and faded over into the first packet that arrives again.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from exotel_voice.media.audio import Samples

__all__ = ["WaveformConcealment"]

_HISTORY: Final = 0.040
_SHORTEST_PERIOD: Final = 0.005
_LONGEST_PERIOD: Final = 0.015
_FULL_FOR: Final = 0.010
_SILENT_AFTER: Final = 0.060
_FADE_OVER: Final = 0.004


class WaveformConcealment:
    """Keeps the last 40 ms of one direction of one call, and continues them on demand."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate = sample_rate_hz
        self._recent: list[Samples] = []
        self._recent_count = 0
        self._period: Samples | None = None
        self._made = 0

    def follow(self, samples: Samples) -> Samples:
        """Note audio that did arrive; gives it back, faded over from what was made up before it."""
        if self._period is not None:
            samples = self._fade_over(samples)
            self._period = None
            self._made = 0
            self._recent.clear()
            self._recent_count = 0
        recent = self._recent
        recent.append(samples)
        self._recent_count += len(samples)
        if self._recent_count - len(recent[0]) >= self._rate * _HISTORY:
            self._recent_count -= len(recent.pop(0))
        return samples

    def conceal(self, count: int) -> Samples:
        """Make up `count` samples; silence once 60 ms have been made up in a row."""
        if self._period is None:
            self._period = self._find_period()
        made = self._continue(count)
        self._made += count
        return made

    def _continue(self, count: int) -> Samples:
        period = self._period
        if period is None or not len(period) or self._made >= self._rate * _SILENT_AFTER:
            return np.zeros(count, np.int16)
        at = np.arange(self._made, self._made + count)
        fading = self._rate * (_SILENT_AFTER - _FULL_FOR)
        gain = np.clip(1.0 - (at - self._rate * _FULL_FOR) / fading, 0.0, 1.0)
        made: Samples = (period[at % len(period)] * gain).astype(np.int16)
        return made

    def _find_period(self) -> Samples:
        """Take from the history the stretch that best continues it, one pitch period long."""
        if not self._recent:
            return np.zeros(0, np.int16)
        history = np.concatenate(self._recent)[-int(self._rate * _HISTORY) :].astype(np.float32)
        longest = int(self._rate * _LONGEST_PERIOD)
        shortest = int(self._rate * _SHORTEST_PERIOD)
        window = longest
        if len(history) < longest + window:
            return np.zeros(0, np.int16)
        end = history[-window:]
        past = history[-(window + longest) : -shortest]
        match = np.correlate(past, end, mode="valid")
        squares = np.concatenate(([0.0], np.cumsum(past.astype(np.float64) ** 2)))
        energy = squares[window:] - squares[:-window]
        best = int(np.argmax(match / np.sqrt(energy + 1.0)))
        period = longest - best
        return self._smooth_joint(history, period)

    def _smooth_joint(self, history: npt.NDArray[np.float32], period: int) -> Samples:
        """Blend the end of the period into what came before it: it then repeats without a click."""
        stretch = history[-period:].copy()
        blend = min(int(self._rate * _FADE_OVER), period // 4)
        before = history[-period - blend : -period]
        ramp = np.linspace(0.0, 1.0, blend, endpoint=False, dtype=np.float32)
        stretch[-blend:] = stretch[-blend:] * (1.0 - ramp) + before * ramp
        return stretch.astype(np.int16)

    def _fade_over(self, samples: Samples) -> Samples:
        count = min(int(self._rate * _FADE_OVER), len(samples))
        ramp = np.arange(count, dtype=np.float32) / max(count, 1)
        joined = samples.copy()
        joined[:count] = samples[:count] * ramp + self._continue(count) * (1.0 - ramp)
        return joined
