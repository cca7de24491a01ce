"""An asyncio loop on virtual time: an hour of timers runs in no time, and nothing can hang.

    @virtual_time
    async def test_a_phone_tries_again_after_a_while(): ...

    result = run_virtual(coroutine())

Whenever every task waits, the clock jumps to the next timer; when there is no timer either,
`Deadlock` is raised and names what waits. The loop carries no sockets, and runs executor jobs in
place.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from typing import Any, ParamSpec, TypeVar, TypeVarTuple, Unpack

__all__ = ["Deadlock", "VirtualLoop", "run_virtual", "unfinished_tasks", "virtual_time"]

T = TypeVar("T")
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")


class Deadlock(AssertionError):
    """Every task waits for something that no timer and no other task will bring."""


def _story(task: asyncio.Task[Any]) -> str:
    """The name of a task and the functions through which it waits, outermost first."""
    places = []
    coroutine: Any = task.get_coro()
    while coroutine is not None and hasattr(coroutine, "cr_frame"):
        line = coroutine.cr_frame.f_lineno if coroutine.cr_frame else "?"
        places.append(f"{coroutine.__qualname__}:{line}")
        coroutine = coroutine.cr_await
    return f"{task.get_name()}: {' > '.join(places)}"


class _JumpingSelector(selectors.BaseSelector):
    """Where a real selector would sleep, this one moves the clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self._real = selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            waiting = "\n".join(f"  {_story(task)}" for task in asyncio.all_tasks(self.loop))
            raise Deadlock(f"at {self.now:.6g} s nothing is left that could wake:\n{waiting}")
        self.now += timeout
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()

    loop: asyncio.AbstractEventLoop


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop itself; its clock starts at 0.0 seconds."""

    def __init__(self) -> None:
        self._clock = _JumpingSelector()
        super().__init__(self._clock)
        self._clock.loop = self

    def time(self) -> float:
        return self._clock.now

    def skip(self, seconds: float) -> None:
        """Let time pass in which nothing of this process runs, as while it is stopped."""
        self._clock.now += seconds

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        del executor
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as exc:  # noqa: BLE001 - whatever the job raises belongs to who awaits it
            future.set_exception(exc)
        return future


async def unfinished_tasks() -> set[asyncio.Task[Any]]:
    """The other tasks of this loop that still run after they were given some turns to end."""
    here = {asyncio.current_task()}
    for _ in range(10):
        await asyncio.sleep(0)
        if asyncio.all_tasks() == here:
            break
    return asyncio.all_tasks() - here


async def _alone(main: Coroutine[Any, Any, T]) -> T:
    result = await main
    left = await unfinished_tasks()
    if left:
        names = "\n".join(f"  {_story(task)}" for task in left)
        raise AssertionError(f"tasks that nobody ended:\n{names}")
    return result


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end on virtual time and return its result.

    Raises:
        Deadlock: An await was reached that nothing would ever wake.
        AssertionError: A task outlives `main`, or `main` raises it.
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_alone(main))


def virtual_time(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Turn an `async def` test into one that runs on virtual time. Fixtures work as usual."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return run_virtual(test(*args, **kwargs))

    return run
