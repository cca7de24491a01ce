"""What the speakers of this process play, handed to those who take the echo out of microphones.

All speakers of one process sound in one room, so each open microphone hears of all of them. Frames
are of 20 ms and of one rate; a speaker of another rate is converted by whoever plays it.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

import numpy as np

from exotel_voice.devices.buffer import Samples

__all__ = ["EchoTap", "feed_taps", "tap_rates"]

_FRAMES_KEPT: Final = 8

_lock = threading.Lock()
_taps: list[EchoTap] = []


class EchoTap:
    """One microphone's view of what is played."""

    def __init__(self, sample_rate_hz: int) -> None:
        """Listen, until `close`, to what speakers play at this rate."""
        self.sample_rate_hz = sample_rate_hz
        self._queues: dict[int, deque[Samples]] = {}
        with _lock:
            _taps.append(self)

    def feed(self, speaker: int, frame: Samples) -> None:
        """Take a frame that a speaker was given."""
        with _lock:
            queue = self._queues.setdefault(speaker, deque(maxlen=_FRAMES_KEPT))
            queue.append(frame)

    def read(self, count: int) -> Samples:
        """Give the next frame of all speakers together; silence where none plays."""
        with _lock:
            frames = [queue.popleft() for queue in self._queues.values() if queue]
        frames = [frame for frame in frames if len(frame) == count]
        if len(frames) == 1:
            return frames[0]
        total = np.zeros(count, np.int32)
        for frame in frames:
            total += frame
        return np.clip(total, -32768, 32767).astype(np.int16)

    def close(self) -> None:
        """Listen no longer. Safe to call more than once."""
        with _lock:
            if self in _taps:
                _taps.remove(self)
            self._queues.clear()


def tap_rates() -> set[int]:
    """The rates at which somebody listens now."""
    with _lock:
        return {tap.sample_rate_hz for tap in _taps}


def feed_taps(speaker: int, frame: Samples, sample_rate_hz: int) -> None:
    """Hand a frame to everyone who listens at its rate.

    Args:
        speaker: A number that is its speaker's own.
        frame: 20 ms; it is kept, so it must not be overwritten.
        sample_rate_hz: The rate of the frame.
    """
    with _lock:
        listeners = [tap for tap in _taps if tap.sample_rate_hz == sample_rate_hz]
    for tap in listeners:
        tap.feed(speaker, frame)
