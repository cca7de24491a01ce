"""How long packets should wait before they are played: as little as their jitter allows.

The *delay* of a packet is the time from the moment at which the fastest packet of the last seconds
would have arrived in its place, to its turn.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

__all__ = ["JitterSettings", "PlayoutDelay", "Shrink"]

_WINDOW: Final = 250
_FIRST_REVIEW: Final = 10
_REVIEW_EVERY: Final = 25
_IN_TIME_SHARE: Final = 0.97
_AHEAD_OF_TIME: Final = 0.5
_BEHIND_TIME: Final = 3.0
_EXCESS_MARGIN: Final = 0.002
_EXCESS_IF_QUIET: Final = 0.3
_EXCESS_PATIENCE: Final = 0.6
_EXCESS_HEARD: Final = 0.04
_EXCESS_TOO_LONG: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class JitterSettings:
    """Limits of the delay, in seconds."""

    initial_delay: float = 0.040
    """Delay before jitter has been measured."""
    margin: float = 0.005
    """Delay above the jitter that is measured."""
    max_delay: float = 0.300
    """Most delay; packets that would need more come late."""
    max_packets: int = 200
    """Most packets that wait; a sender that passes it is broken, and the timeline begins anew."""


class Shrink(IntEnum):
    """Whether the delay is longer than it has to be, so that a packet should be left out."""

    NO = 0
    IF_QUIET = 1
    NOW = 2


class PlayoutDelay:
    """Measures the jitter of one stream, and judges its delay by that."""

    def __init__(self, clock_rate: int, settings: JitterSettings) -> None:
        """Start with the initial delay as the target."""
        self.target = settings.initial_delay
        """Delay that the measured jitter asks for, in seconds."""
        self._rate = clock_rate
        self._settings = settings
        self._transits: deque[float] = deque(maxlen=_WINDOW)
        self.reset()

    def reset(self) -> None:
        """Forget the timeline; the target stays until a new one has been measured."""
        self._transits.clear()
        self._base = 0.0
        self._until_review = _FIRST_REVIEW
        self._excess_since: float | None = None

    def of(self, timestamp: int, now: float) -> float:
        """Tell the delay of a packet that is played at `now`."""
        return now - timestamp / self._rate - self._base

    def measure(self, timestamp: int, now: float) -> bool:
        """Note the arrival of a packet.

        Returns:
            False, and nothing is noted, where it cannot belong to the timeline of those before it.
        """
        transit = now - timestamp / self._rate
        transits = self._transits
        if not transits:
            self._base = transit
        elif transit < self._base:
            if transit <= self._base - _AHEAD_OF_TIME:
                return False
            self._base = transit
        elif transit >= self._base + _BEHIND_TIME:
            return False
        transits.append(transit)
        self._until_review -= 1
        if self._until_review <= 0:
            self.review()
        return True

    def review(self) -> None:
        """Set the target so that nearly all of the last packets would have come in time."""
        self._until_review = _REVIEW_EVERY
        ordered = sorted(self._transits)
        self._base = ordered[0]
        spread = ordered[int(len(ordered) * _IN_TIME_SHARE)] - self._base
        self.target = min(spread + self._settings.margin, self._settings.max_delay)

    def judge(self, delay: float, length: float, now: float) -> Shrink:
        """Tell whether a delay should become shorter by a packet that lasts `length` seconds.

        A small excess waits for a quiet packet, which speech has many of; a greater one does not.
        """
        excess = delay - length - self.target
        if excess < _EXCESS_MARGIN:
            self._excess_since = None
            return Shrink.NO
        if self._excess_since is None:
            self._excess_since = now
        lasted = now - self._excess_since
        if excess > _EXCESS_TOO_LONG:
            return Shrink.NOW
        if excess > _EXCESS_HEARD and lasted > _EXCESS_PATIENCE:
            self._excess_since = now
            return Shrink.NOW
        return Shrink.IF_QUIET if lasted > _EXCESS_IF_QUIET else Shrink.NO
