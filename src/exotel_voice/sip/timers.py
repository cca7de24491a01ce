"""The timers of RFC 3261 §17 and RFC 6026 as numbers, and the list of what falls due when.

Nothing here looks at a clock. An instant is float seconds on the clock whose readings the owner
hands in as `now`.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

from exotel_voice.errors import ConfigError

__all__ = ["Deadlines", "Timer", "TimerSettings"]

Key = TypeVar("Key", bound=Hashable)

COMPACT_ABOVE = 32
"""Stale entries that the heap may hold, beyond as many as there are live ones."""


class Timer(StrEnum):
    """The transaction timers by their letter (RFC 3261 table 4, RFC 6026 §8.4, §8.5)."""

    A = "a"
    B = "b"
    D = "d"
    E = "e"
    F = "f"
    G = "g"
    H = "h"
    I = "i"  # noqa: E741 - the letter is the RFC's name
    J = "j"
    K = "k"
    L = "l"
    M = "m"
    CANCEL = "cancel"
    """Without a letter: how long a cancelled INVITE may go on (RFC 3261 §9.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerSettings:
    """T1, T2 and T4 in seconds, and whether the transport delivers by itself (RFC 3261 §17.1.1.1).

    Raises:
        ConfigError: A time is not positive, or T2 is shorter than T1.
    """

    t1: float = 0.5
    """Estimate of the round trip, seconds."""
    t2: float = 4.0
    """Longest pause between two retransmissions, seconds."""
    t4: float = 5.0
    """Longest time that a message stays in the network, seconds."""
    is_reliable: bool = True
    """True for a WebSocket: nothing is retransmitted and nothing waits for late copies."""

    def __post_init__(self) -> None:
        if not 0 < self.t1 <= self.t2 or self.t4 <= 0:
            raise ConfigError("SIP timers need 0 < T1 <= T2 and 0 < T4.")

    @property
    def limit(self) -> float:
        """64 times T1: how long timers B, F, H, L and M run, seconds."""
        return 64 * self.t1

    @property
    def absorb(self) -> float:
        """How long copies of a final response to INVITE may come: timer D, seconds."""
        return 0.0 if self.is_reliable else max(32.0, self.limit)

    @property
    def settle(self) -> float:
        """How long late copies of a message may come: timers I and K, seconds."""
        return 0.0 if self.is_reliable else self.t4

    @property
    def linger(self) -> float:
        """How long an ended server transaction answers copies of the request: timer J, seconds."""
        return 0.0 if self.is_reliable else self.limit


class Deadlines(Generic[Key]):
    """What falls due when. Setting and cancelling cost no search; the earliest is at hand."""

    __slots__ = ("_count", "_heap", "_live")

    def __init__(self) -> None:
        self._live: dict[Key, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._live)

    def __contains__(self, key: object) -> bool:
        return key in self._live

    def set(self, key: Key, at: float) -> None:
        """Let `key` fall due at the instant `at`, instead of any instant set before."""
        self._count += 1
        self._live[key] = (at, self._count)
        heappush(self._heap, (at, self._count, key))
        self._compact()

    def cancel(self, key: Key) -> None:
        """Forget `key`. Does nothing if it is not set."""
        if self._live.pop(key, None) is not None:
            self._compact()

    def at(self, key: Key) -> float | None:
        """Tell the instant at which `key` falls due, None if it is not set."""
        entry = self._live.get(key)
        return None if entry is None else entry[0]

    def next(self) -> float | None:
        """Tell the earliest instant, None if nothing is set."""
        heap = self._heap
        while heap:
            at, count, key = heap[0]
            if self._live.get(key) == (at, count):
                return at
            heappop(heap)
        return None

    def pop_due(self, *, now: float) -> Key | None:
        """Take out the earliest key that is due at `now`; of two at one instant, the one set first.

        Returns:
            The key, or None when nothing is due. Call again until it is None.
        """
        at = self.next()
        if at is None or at > now:
            return None
        key = heappop(self._heap)[2]
        del self._live[key]
        return key

    def _compact(self) -> None:
        if not self._live:
            self._heap.clear()
        elif len(self._heap) > 2 * len(self._live) + COMPACT_ABOVE:
            self._heap = [(at, count, key) for key, (at, count) in self._live.items()]
            heapify(self._heap)
