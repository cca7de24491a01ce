"""Between a sound card and the tick of the calls: a buffer that absorbs two clocks' difference.

A sound card takes and gives sound by its own clock, in blocks of its own size, and a call does so
every 20 ms. The clocks differ by some millionths and are hidden behind jitter. The buffer holds
its level near a target by reading a little faster or slower, by interpolation, so that nothing is
heard of it: 0.3 % at most, a twentieth of a semitone.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["DriftBuffer", "Samples"]

Samples = npt.NDArray[np.int16]
"""16-bit mono PCM in native byte order."""

_CAPACITY: Final = 1.0
_LONGEST: Final = 0.35
_JUMP: Final = 0.12
_SHORT_PAUSE: Final = 0.2
_EXTRA_FADES_IN: Final = 60.0
_MARGIN: Final = 0.005
_STEP_AFTER_UNDERRUN: Final = 0.010
_MOST_EXTRA: Final = 0.100
_DEADBAND: Final = 0.006
_CALM: Final = 0.001
_PULL: Final = 0.25
_FASTEST: Final = 0.003
_SMOOTHING_TIME: Final = 0.5
_LOOK_AHEAD: Final = 2


class DriftBuffer:
    """One direction of one stream. One thread writes, another reads."""

    def __init__(self, sample_rate_hz: int) -> None:
        """Make an empty buffer for samples of one rate."""
        self.sample_rate_hz = sample_rate_hz
        self.underruns = 0
        """How often there was too little to read."""
        self.overruns = 0
        """How often so much had gathered that some was dropped."""
        self.on_first_use: Callable[[], None] | None = None
        """Called once, at the first write or read, in the thread that does it."""
        self.writes = 0
        """How often something was written."""
        self.reads = 0
        """How often somebody wanted to read."""
        self._ring = np.zeros(round(_CAPACITY * sample_rate_hz), np.int16)
        self._lock = threading.Lock()
        self._written = 0
        self._taken = 0
        self._fraction = 0.0
        self._block = 0
        self._extra = 0.0
        self._is_primed = False
        self._starved = 0
        self._smoothed = 0.0
        self._is_correcting = False

    @property
    def level(self) -> float:
        """Seconds of sound that wait to be read."""
        return (self._written - self._taken) / self.sample_rate_hz

    def write(self, samples: Samples) -> None:
        """Add samples; where far too many wait, the oldest are dropped."""
        self.writes += 1
        self._announce()
        with self._lock:
            self._end_pause()
            samples = samples[-len(self._ring) // 2 :]
            self._block = max(self._block, len(samples))
            self._store(samples)
            limit = max(round(_LONGEST * self.sample_rate_hz), 3 * self._block)
            if self._written - self._taken > limit:
                self._drop_to(self._target(self._block))

    def _drop_to(self, waiting: int) -> None:
        self._taken = self._written - waiting
        self.overruns += 1
        self._is_correcting = False
        self._smoothed = 0.0

    def _announce(self) -> None:
        tell, self.on_first_use = self.on_first_use, None
        if tell is not None:
            tell()

    def _end_pause(self) -> None:
        """A short pause is a late block: keep more in hand from now on. A long one is a hold."""
        if self._starved and not self._is_primed:
            if self._starved < _SHORT_PAUSE * self.sample_rate_hz:
                self._extra = min(self._extra + _STEP_AFTER_UNDERRUN, _MOST_EXTRA)
            self._starved = 0

    def _store(self, samples: Samples) -> None:
        size = len(self._ring)
        at = self._written % size
        head = min(len(samples), size - at)
        self._ring[at : at + head] = samples[:head]
        self._ring[: len(samples) - head] = samples[head:]
        self._written += len(samples)

    def read(self, count: int) -> Samples | None:
        """Take the next samples, or None where too few wait: silence is due then."""
        self.reads += 1
        self._announce()
        with self._lock:
            target = self._target(count)
            waiting = self._written - self._taken
            if not self._is_primed:
                if waiting < target:
                    self._starved += count if self._starved else 0
                    return None
                self._is_primed = True
                self._smoothed = 0.0
                self._taken, waiting = self._written - target, target
            if waiting > target + _JUMP * self.sample_rate_hz:
                self._drop_to(target)
                waiting = target
            self._extra -= self._extra * count / self.sample_rate_hz / _EXTRA_FADES_IN
            ratio = self._ratio(waiting - target, count)
            is_plain = ratio == 1.0 and self._fraction == 0.0
            span = math.ceil(self._fraction + ratio * count) + _LOOK_AHEAD
            if waiting < (count if is_plain else span):
                self._underrun(count)
                return None
            if is_plain:
                taken = self._window(self._taken, count)
                self._taken += count
                return taken
            return self._interpolate(count, ratio)

    def unread(self) -> Samples:
        """Take all that waits, as when another buffer takes its place."""
        with self._lock:
            left = self._window(self._taken, self._written - self._taken)
            self._taken = self._written
            return left

    def _target(self, count: int) -> int:
        """Samples that are to wait just before one reads.

        Enough for the read and for the one block that sometimes is not there yet, because the
        clocks slip by it, and a margin for what is late.
        """
        margin = round((_MARGIN + self._extra) * self.sample_rate_hz)
        return self._block + count + margin

    def _underrun(self, count: int) -> None:
        self.underruns += 1
        self._starved = count
        self._is_primed = False
        self._is_correcting = False

    def _ratio(self, error: int, count: int) -> float:
        """Choose how fast to read: faster than it comes in where too much has gathered."""
        seconds = error / self.sample_rate_hz
        weight = min(1.0, count / self.sample_rate_hz / _SMOOTHING_TIME)
        self._smoothed += (seconds - self._smoothed) * weight
        if abs(self._smoothed) > _DEADBAND:
            self._is_correcting = True
        elif abs(self._smoothed) < _CALM:
            self._is_correcting = False
        if not self._is_correcting:
            return 1.0
        return 1.0 + max(-_FASTEST, min(_FASTEST, self._smoothed * _PULL))

    def _window(self, start: int, count: int) -> Samples:
        size = len(self._ring)
        at = start % size
        if at + count <= size:
            return self._ring[at : at + count].copy()
        return np.concatenate((self._ring[at:], self._ring[: at + count - size]))

    def _interpolate(self, count: int, ratio: float) -> Samples:
        """Read between the samples, with a cubic through the four nearest (Catmull and Rom)."""
        places = self._fraction + ratio * np.arange(count)
        whole = places.astype(np.int64)
        part = places - whole
        # One sample before the first is needed too; at the very beginning it is a silent one.
        near = self._window(self._taken - 1, int(whole[-1]) + 4).astype(np.float64)
        before, here, after, beyond = (near[whole + shift] for shift in range(4))
        bend = 2 * before - 5 * here + 4 * after - beyond
        turn = 3 * (here - after) + beyond - before
        made = here + 0.5 * part * (after - before + part * (bend + part * turn))
        end = self._fraction + ratio * count
        self._taken += int(end)
        self._fraction = end - int(end)
        return np.clip(np.rint(made), -32768, 32767).astype(np.int16)
