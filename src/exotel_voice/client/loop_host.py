"""Where a client's work runs: in the event loop that is there, or in one of its own in a thread."""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading
import weakref
from collections.abc import Callable, Coroutine
from typing import Any, Final

from exotel_voice.errors import ExotelVoiceError
from exotel_voice.observe.scope import LogScope

__all__ = ["LoopHost"]

logger = logging.getLogger("exotel_voice.client")

JOIN_LIMIT: Final = 3.0
"""Seconds that the end of the own thread is waited for."""


class LoopHost:
    """Runs work in one event loop, from whatever thread it is asked.

    Inside a running loop that loop is used; otherwise a daemon thread with a loop is started, which
    ends with `stop` or with the program.

    Args:
        scope: Marks the log lines of all work; None for a mark of its own.
    """

    def __init__(self, scope: LogScope | None = None) -> None:
        self.scope = scope or LogScope()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread: threading.Thread | None = None
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=_run, args=(self._loop,), name="exotel_voice client", daemon=True
            )
            self._thread.start()

    @property
    def has_thread(self) -> bool:
        """Whether the loop is the client's own."""
        return self._thread is not None

    @property
    def is_here(self) -> bool:
        """Whether the caller runs inside the loop."""
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]], *, what: str) -> bool:
        """Run a coroutine in the loop, in the order of the calls. Returns at once.

        Args:
            work: Makes the coroutine.
            what: What it does, for the log.

        Returns:
            False, and the reason in the log, when the loop is closed.
        """
        if self.is_here:
            self._start(work, what)
            return True
        try:
            self._loop.call_soon_threadsafe(self._start, work, what)
        except RuntimeError:
            logger.warning("%s is not possible: the event loop is closed", what)
            return False
        return True

    def stop(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run one last coroutine, then end the own thread, if there is one.

        Waits for that, three seconds at most, unless called from inside the loop.

        Args:
            last: Makes the coroutine.
        """
        thread = self._thread

        async def finish() -> None:
            try:
                await last()
            finally:
                if thread is not None:
                    self._loop.stop()

        is_on_its_way = self.spawn(finish, what="closing the client")
        if thread is not None and is_on_its_way and not self.is_here:
            thread.join(JOIN_LIMIT)

    def _start(self, work: Callable[[], Coroutine[Any, Any, None]], what: str) -> None:
        with self.scope.entered():
            task = self._loop.create_task(work(), name=what)
            self._tasks.add(task)
            task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, ExotelVoiceError):
            logger.warning("%s failed: %s", task.get_name(), error)
        elif error is not None:
            logger.error("%s failed", task.get_name(), exc_info=error)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def close_at_exit(close: Callable[[], None]) -> None:
    """Call a bound method when the program ends, unless its object is gone by then."""
    reference = weakref.WeakMethod(close)

    def run() -> None:
        method = reference()
        if method is not None:
            method()

    atexit.register(run)
