"""Changing the sample rate of a stream of 20 ms frames.

Done by FFmpeg's resampler, which comes with PyAV: 2 ms of delay at 8000 Hz and 8 microseconds of
work a frame. soxr costs 3 microseconds, but gives its output in bursts 60 to 100 ms late, which a
call cannot bear.
"""

from __future__ import annotations

from typing import Final

import av
import numpy as np

from exotel_voice.media.audio import Samples

__all__ = ["Resampler"]

_FRAMES_PER_SECOND: Final = 50


class Resampler:
    """One direction of one call: 20 ms in at one rate, 20 ms out at the other."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        """Make a resampler between two rates that are multiples of 50."""
        self.from_hz = from_hz
        self.to_hz = to_hz
        self._count = to_hz // _FRAMES_PER_SECOND
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=to_hz)
        self._frame = av.AudioFrame(
            format="s16", layout="mono", samples=from_hz // _FRAMES_PER_SECOND
        )
        self._frame.sample_rate = from_hz
        self._left = np.zeros(0, np.int16)

    def resample(self, samples: Samples) -> Samples:
        """Change the rate of 20 ms of audio; exactly 20 ms come out, later by the delay."""
        self._frame.planes[0].update(samples.tobytes())
        parts = [
            np.frombuffer(bytes(frame.planes[0]), np.int16, frame.samples)
            for frame in self._resampler.resample(self._frame)
        ]
        if len(parts) == 1 and not len(self._left) and len(parts[0]) == self._count:
            return parts[0]
        made: Samples = np.concatenate((self._left, *parts))
        lacking = self._count - len(made)
        if lacking > 0:
            # Only the filter's delay at the beginning: from then on as much comes as goes in.
            made = np.concatenate((np.zeros(lacking, np.int16), made))
        self._left = made[self._count :]
        return made[: self._count]
