"""The one owner of every task and every user callback of a phone.

Nothing that a task or a callback raises reaches the phone: it is logged here. This is the one place
of the package that catches `Exception`.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["Supervisor"]

logger = logging.getLogger("exotel_voice.phone")

T = TypeVar("T")


class Supervisor:
    """Starts tasks, keeps them, logs how they fail and ends them all."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(
        self, work: Coroutine[Any, Any, T], *, name: str, is_clean_up: bool = False
    ) -> asyncio.Task[T]:
        """Run a coroutine as a task of this owner.

        Args:
            work: The coroutine; it belongs to this owner from now on.
            name: What it does, for logs.
            is_clean_up: Whether `aclose` lets it come to its end before it cancels.
        """
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        if is_clean_up:
            self._closing.add(task)
        task.add_done_callback(self._finished)
        return task

    def call(self, callback: Callable[[T], object], value: T) -> None:
        """Call a user's function; start it as a task if it is `async def`.

        Whatever it raises is logged and goes no further.
        """
        try:
            result = callback(value)
        except Exception:
            logger.exception("a callback for %s failed", type(value).__name__)
            return
        if inspect.iscoroutine(result):
            self.start(result, name=f"callback for {type(value).__name__}")

    async def aclose(self, *, limit: float = 0.5) -> None:
        """Cancel every task and wait until each has ended; but never the one that calls this.

        Args:
            limit: Seconds that tasks which clean up may take before they are cancelled too.
        """
        own = asyncio.current_task()
        if closing := self._closing - {own}:
            await asyncio.wait(closing, timeout=limit)
        while tasks := [task for task in self._tasks if task is not own]:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        self._closing.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            logger.error("%s failed", task.get_name(), exc_info=error)
