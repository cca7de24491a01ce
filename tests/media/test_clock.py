"""The tick on virtual time: when each member has its turn, also after the process stood still."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable

import pytest

from exotel_voice.media.clock import TICK, MediaClock
from virtual_loop import VirtualLoop, virtual_time


class Member:
    """Notes its turns; may do something in one of them."""

    def __init__(
        self, during: Callable[[int], None] = lambda _turn: None, *, is_heavy: bool = False
    ) -> None:
        self.is_heavy = is_heavy
        self.threads: set[int] = set()
        self.turns: list[float] = []
        self.missed: list[int] = []
        self.steps: list[str] = []
        self._during = during

    def begin(self, now: float, missed: int) -> None:
        self.turns.append(round(now, 6))
        self.missed.append(missed)
        self.steps.append("begin")
        self._during(len(self.turns))

    def work(self) -> None:
        self.steps.append("work")
        self.threads.add(threading.get_ident())

    def finish(self) -> None:
        self.steps.append("finish")


def stand_still(seconds: float) -> None:
    """Let the process stand still, as a long computation would."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop._clock.now += seconds


async def until(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    passed = loop.create_future()
    loop.call_at(seconds, passed.set_result, None)
    await passed


@virtual_time
async def test_a_member_has_a_turn_every_20_ms_from_the_next_tick_on() -> None:
    clock, member = MediaClock.of_running_loop(), Member()
    await until(0.005)
    clock.join(member)
    await until(0.105)
    clock.leave(member)
    await until(0.5)
    assert member.turns == [0.02, 0.04, 0.06, 0.08, 0.1]
    assert member.steps[:3] == ["begin", "work", "finish"]
    assert set(member.missed) == {0}


@virtual_time
async def test_the_clock_runs_only_while_it_has_members() -> None:
    clock, first, second = MediaClock.of_running_loop(), Member(), Member()
    running = [clock.is_running]
    clock.join(first)
    clock.join(second)
    clock.join(second)
    clock.leave(first)
    running.append(clock.is_running)
    clock.leave(second)
    clock.leave(second)
    running.append(clock.is_running)
    assert running == [False, True, False]
    await until(1.005)
    assert second.turns == []
    clock.join(second)
    await until(1.05)
    clock.leave(second)
    assert second.turns == [1.02, 1.04]


@virtual_time
async def test_all_streams_of_a_loop_share_one_clock() -> None:
    assert MediaClock.of_running_loop() is not MediaClock(asyncio.get_running_loop())
    clock = MediaClock.of_running_loop()
    assert MediaClock.of_running_loop() is clock


def test_without_a_loop_there_is_no_clock() -> None:
    with pytest.raises(RuntimeError):
        MediaClock.of_running_loop()


def test_a_clock_does_not_outlive_its_loop() -> None:
    async def get() -> weakref.ref[MediaClock]:
        return weakref.ref(MediaClock.of_running_loop())

    clock = asyncio.run(get())
    gc.collect()
    assert clock() is None


@virtual_time
async def test_many_members_are_spread_over_the_tick_and_few_share_a_turn() -> None:
    clock = MediaClock.of_running_loop()
    few = [Member() for _ in range(12)]
    many = [Member() for _ in range(100)]
    for member in few:
        clock.join(member)
    await until(0.015)
    assert {member.turns[0] for member in few if member.turns} <= {0.0, 0.02}
    for member in many:
        clock.join(member)
    await until(1.0)
    for member in few + many:
        clock.leave(member)
    assert len({member.turns[-1] for member in few}) == 1
    groups = sorted(
        sum(member.turns[-1] == at for member in few + many)
        for at in {member.turns[-1] for member in few + many}
    )
    assert groups == [28, 28, 28, 28]
    assert {len(member.turns) for member in many} <= {48, 49, 50}


@virtual_time
async def test_a_short_stall_is_made_up_for_without_a_burst() -> None:
    clock = MediaClock.of_running_loop()
    member = Member(lambda turn: stand_still(0.05) if turn == 5 else None)
    clock.join(member)
    await until(0.49)
    clock.leave(member)
    assert member.turns[:5] == [0.02, 0.04, 0.06, 0.08, 0.1]
    # Standing until 0.15, it owes 0.12 and 0.14: turns at half the distance until it owes none.
    assert member.turns[5:10] == [0.15, 0.16, 0.17, 0.18, 0.2]
    assert set(member.missed) == {0}
    assert len(member.turns) == 24


@virtual_time
async def test_a_long_stall_leaves_its_ticks_out_and_says_so() -> None:
    clock = MediaClock.of_running_loop()
    member = Member(lambda turn: stand_still(0.3) if turn == 5 else None)
    clock.join(member)
    await until(0.59)
    clock.leave(member)
    assert member.turns[4:8] == [0.1, 0.4, 0.42, 0.44]
    assert member.missed[4:8] == [0, 14, 0, 0]
    # Turns and ticks left out together are the time that has passed.
    assert len(member.turns) + sum(member.missed) == round(0.58 / TICK)


@virtual_time
async def test_a_member_may_leave_in_its_own_turn_and_in_another_ones() -> None:
    clock = MediaClock.of_running_loop()
    second = Member()
    first = Member(lambda turn: clock.leave(second) if turn == 2 else None)
    clock.join(first)
    clock.join(second)
    await until(0.09)
    clock.leave(first)
    assert len(first.turns) == 4
    assert len(second.turns) <= 2


async def test_the_work_of_many_heavy_members_goes_to_another_thread() -> None:
    clock = MediaClock(asyncio.get_running_loop())
    heavy = [Member(is_heavy=True) for _ in range(110)]
    light = [Member() for _ in range(4)]
    for member in heavy + light:
        clock.join(member)
    loop = asyncio.get_running_loop()
    passed = loop.create_future()
    loop.call_later(0.3, passed.set_result, None)
    await passed
    for member in heavy + light:
        clock.leave(member)
    here = threading.get_ident()
    assert all(here not in member.threads for member in heavy)
    assert {thread for member in light for thread in member.threads} == {here}
    for member in heavy + light:
        turns = len(member.turns)
        assert turns >= 5
        # The last turn may still be under way.
        assert member.steps[: 3 * turns - 3] == ["begin", "work", "finish"] * (turns - 1)


@virtual_time
async def test_a_worker_that_is_too_slow_makes_ticks_late_and_not_two_at_once() -> None:
    members = [Member(is_heavy=True) for _ in range(95)]
    members.append(Member(lambda turn: stand_still(0.03 * (turn == 3)), is_heavy=True))
    clock = MediaClock.of_running_loop()
    for member in members:
        clock.join(member)
    await until(0.3)
    for member in members:
        clock.leave(member)
    await until(0.31)
    for member in members:
        assert member.steps == ["begin", "work", "finish"] * len(member.turns)
