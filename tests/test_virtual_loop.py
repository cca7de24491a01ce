"""The virtual clock itself: it jumps, keeps order, and reports an await that nothing will wake."""

from __future__ import annotations

import asyncio
import time

import pytest

from virtual_loop import Deadlock, run_virtual, virtual_time


async def _now() -> float:
    return asyncio.get_running_loop().time()


def test_a_day_of_timers_runs_in_a_moment() -> None:
    async def day() -> float:
        for _ in range(24):
            await asyncio.sleep(3600.0)
        return await _now()

    started = time.perf_counter()
    assert run_virtual(day()) == 86_400.0
    assert time.perf_counter() - started < 1.0


def test_timers_fire_in_the_order_of_their_instants() -> None:
    seen: list[tuple[str, float]] = []

    async def note(name: str, delay: float) -> None:
        await asyncio.sleep(delay)
        seen.append((name, await _now()))

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            for name, delay in (("c", 31.5), ("a", 0.5), ("b", 1.5)):
                tasks.create_task(note(name, delay))

    run_virtual(main())
    assert seen == [("a", 0.5), ("b", 1.5), ("c", 31.5)]


def test_a_timeout_ends_at_its_instant() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(32.0):
                await asyncio.Event().wait()
        return await _now()

    assert run_virtual(main()) == 32.0


def test_an_await_that_nothing_wakes_raises_and_names_the_task() -> None:
    async def stuck() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock, match="stuck"):
        run_virtual(stuck())


def test_the_tasks_of_a_deadlock_are_cancelled() -> None:
    ended: list[str] = []

    async def stuck() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cleaned up")

    with pytest.raises(Deadlock):
        run_virtual(stuck())
    assert ended == ["cleaned up"]


def test_a_task_that_outlives_the_test_fails_it() -> None:
    async def forget() -> None:
        task = asyncio.create_task(asyncio.Event().wait(), name="forgotten")
        assert not task.done()

    with pytest.raises(AssertionError, match="forgotten"):
        run_virtual(forget())


def test_jobs_for_threads_run_in_place() -> None:
    async def main() -> int:
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)
        return await asyncio.to_thread(lambda: 42)

    assert run_virtual(main()) == 42


@pytest.fixture
def delay() -> float:
    return 7.25


@virtual_time
async def test_a_decorated_test_runs_on_virtual_time_with_fixtures(delay: float) -> None:
    await asyncio.sleep(delay)
    assert await _now() == delay


@virtual_time
async def test_every_decorated_test_starts_at_zero() -> None:
    assert await _now() == 0.0
