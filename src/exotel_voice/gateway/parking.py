"""Calls whose tab is gone: each waits for another one, and is hung up when none comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["Parking"]


class Parking:
    """Counts the seconds of each call that waits.

    Args:
        limit: Seconds that a call waits.
        give_up: Called with the call's id when nobody came.
    """

    def __init__(self, *, limit: float, give_up: Callable[[str], None]) -> None:
        self._limit = limit
        self._give_up = give_up
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def __contains__(self, call_id: str) -> bool:
        return call_id in self._timers

    def park(self, call_id: str) -> None:
        """Let a call wait from now on; one that waits already goes on waiting."""
        if call_id not in self._timers:
            loop = asyncio.get_running_loop()
            self._timers[call_id] = loop.call_later(self._limit, self._expire, call_id)

    def fetch(self, call_id: str) -> None:
        """A tab has come for the call, or it is over."""
        timer = self._timers.pop(call_id, None)
        if timer is not None:
            timer.cancel()

    def clear(self) -> None:
        """Let no call wait any more."""
        for call_id in tuple(self._timers):
            self.fetch(call_id)

    def _expire(self, call_id: str) -> None:
        del self._timers[call_id]
        self._give_up(call_id)
