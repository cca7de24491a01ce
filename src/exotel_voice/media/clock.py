"""One 20 ms tick for all calls of an event loop.

A tick is divided into four sub-ticks, 5 ms apart, and each call belongs to one of them, so that
many calls do not hold up the loop in one piece. Few calls share one sub-tick, because each wake-up
costs more than a call. There is no task, thread or timer per call.

The coding of many Opus calls goes to a worker thread in one hop per sub-tick, because libopus runs
without the interpreter's lock. Measured on two cores: with 50 calls it makes no difference to the
loop; with 200, a sub-tick holds the loop for 0.1 ms in place of 3.3, for 6 % more work in all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol
from weakref import WeakValueDictionary

__all__ = ["TICK", "ClockMember", "MediaClock"]

TICK: Final = 0.020
"""Seconds between two turns of a member."""

_SUB_TICKS: Final = 4
_FILL_ORDER: Final = (0, 2, 1, 3)
_MEMBERS_BEFORE_NEXT: Final = 12
_CATCH_UP: Final = 2
_HEAVY_WORTH_A_THREAD: Final = 24


class ClockMember(Protocol):
    """What joins a clock: the stream of one call."""

    @property
    def is_heavy(self) -> bool:
        """Whether `work` costs enough to be worth another thread."""
        ...

    def begin(self, now: float, missed: int) -> None:
        """Start a tick, in the event loop. Must return soon and never raise.

        Args:
            now: The loop's time, in seconds.
            missed: Ticks left out just before this one, because the process stood still. 0 in
                ordinary times.
        """
        ...

    def work(self) -> None:
        """Do what may be done in another thread: coding. Must never raise."""
        ...

    def finish(self) -> None:
        """End the tick, in the event loop. Must return soon and never raise."""
        ...


class _SubTick:
    """One of the four; its own timer, armed while it has members."""

    def __init__(self, loop: asyncio.AbstractEventLoop, offset: float) -> None:
        self.members: list[ClockMember] = []
        self._loop = loop
        self._offset = offset
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._is_working = False

    def join(self, member: ClockMember) -> None:
        self.members.append(member)
        if self._timer is None:
            now = self._loop.time()
            self._due = (now // TICK + 1) * TICK + self._offset
            self._arm(self._due)

    def leave(self, member: ClockMember) -> None:
        self.members.remove(member)
        if not self.members and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, at: float) -> None:
        self._timer = self._loop.call_at(at, self._run)

    def _run(self) -> None:
        """Give every member one turn, then arm for the next.

        A turn that comes late by one or two ticks is made up for by turns at half the distance, so
        that no audio is lost and no packets leave in a burst. After a longer stall the ticks are
        left out, because the far side has filled the gap by then and would throw late audio away.
        """
        now = self._loop.time()
        if self._is_working:
            self._arm(now + TICK / _SUB_TICKS)
            return
        owed = int((now - self._due) / TICK)
        missed = 0
        if owed > _CATCH_UP:
            missed = owed
            self._due += owed * TICK
        self._due += TICK
        self._arm(max(self._due, now + TICK / 2))
        members = tuple(self.members)
        for member in members:
            member.begin(now, missed)
        heavy = [member for member in members if member.is_heavy]
        if len(heavy) < _HEAVY_WORTH_A_THREAD:
            self._finish(members, members)
            return
        self._is_working = True
        working = self._loop.run_in_executor(None, _work, heavy)
        light = [member for member in members if not member.is_heavy]
        working.add_done_callback(lambda _: self._finish(members, light))

    def _finish(self, members: Sequence[ClockMember], unworked: Sequence[ClockMember]) -> None:
        self._is_working = False
        _work(unworked)
        for member in members:
            member.finish()


def _work(members: Sequence[ClockMember]) -> None:
    for member in members:
        member.work()


class MediaClock:
    """The tick of one event loop; runs while at least one member has joined."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make a clock of its own; applications share `of_running_loop`."""
        self.loop = loop
        self._sub_ticks = [_SubTick(loop, index * TICK / _SUB_TICKS) for index in range(_SUB_TICKS)]
        self._homes: dict[int, _SubTick] = {}

    @classmethod
    def of_running_loop(cls) -> MediaClock:
        """Give the clock that all streams of the running event loop share.

        Raises:
            RuntimeError: No event loop is running.
        """
        loop = asyncio.get_running_loop()
        clock = _clocks.get(id(loop))
        if clock is None:
            clock = _clocks[id(loop)] = cls(loop)
        return clock

    @property
    def is_running(self) -> bool:
        """Whether a timer is armed, which is so while a member has joined."""
        return bool(self._homes)

    def now(self) -> float:
        """The loop's time, in seconds."""
        return self.loop.time()

    def join(self, member: ClockMember) -> None:
        """Give `member` a turn every 20 ms from now on; nothing changes if it has joined."""
        if id(member) in self._homes:
            return
        home = self._choose()
        self._homes[id(member)] = home
        home.join(member)

    def leave(self, member: ClockMember) -> None:
        """Give `member` no more turns. Nothing happens if it has not joined."""
        home = self._homes.pop(id(member), None)
        if home is not None:
            home.leave(member)

    def _choose(self) -> _SubTick:
        """Fill the first sub-tick, then the one farthest from it; at last take the least full."""
        for index in _FILL_ORDER:
            if len(self._sub_ticks[index].members) < _MEMBERS_BEFORE_NEXT:
                return self._sub_ticks[index]
        return min(self._sub_ticks, key=lambda sub_tick: len(sub_tick.members))


# By identity of the loop, which its clock keeps alive; a clock lives as long as its streams.
_clocks: WeakValueDictionary[int, MediaClock] = WeakValueDictionary()
