"""Calls of a sound library that may block, in a thread of their own and with a limit.

A sound service that hangs must hang neither the calls nor the end of the program, as the threads
of the event loop's own pool would: these are daemons.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from exotel_voice.errors import AudioDeviceError

__all__ = ["run_blocking", "run_in_background", "wait_blocking"]

T = TypeVar("T")


def run_in_background(work: Callable[[], T]) -> Future[T]:
    """Begin work in a daemon thread."""
    result: Future[T] = Future()

    def run() -> None:
        try:
            value = work()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            result.set_exception(error)
        else:
            result.set_result(value)

    threading.Thread(target=run, name="exotel_voice sound", daemon=True).start()
    return result


async def run_blocking(work: Callable[[], T], *, limit: float) -> T:
    """Do work in a thread and wait for it in the event loop.

    Args:
        work: What may block.
        limit: Seconds to wait.

    Raises:
        AudioDeviceError: It took longer; the thread goes on by itself.
    """
    waiting = asyncio.wrap_future(run_in_background(work))
    done, _ = await asyncio.wait([waiting], timeout=limit)
    if not done:
        waiting.add_done_callback(_ignore)
        raise _too_slow(limit)
    return waiting.result()


def wait_blocking(work: Callable[[], T], *, limit: float) -> T:
    """Do work in a thread and stand still until it is done.

    Args:
        work: What may block; a few milliseconds in ordinary times.
        limit: Seconds to wait.

    Raises:
        AudioDeviceError: It took longer; the thread goes on by itself.
    """
    try:
        return run_in_background(work).result(limit)
    except TimeoutError as error:
        raise _too_slow(limit) from error


def _too_slow(limit: float) -> AudioDeviceError:
    return AudioDeviceError(
        f"The sound service of this machine did not answer within {limit:g} s",
        hint="Restart the sound service, for example PulseAudio or PipeWire.",
    )


def _ignore(future: asyncio.Future[T]) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        future.exception()
