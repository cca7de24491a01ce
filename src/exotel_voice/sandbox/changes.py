"""Tells whoever waits that something in the sandbox has changed: no polling, no fixed waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from exotel_voice.errors import DeadlineExceeded

__all__ = ["Changes"]

T = TypeVar("T")


class Changes:
    """One bell for registrations, calls, digits and connections. Lives in one event loop."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()
        self.count = 0
        """How often the bell has rung."""

    def announce(self) -> None:
        """Ring: everybody who waits looks again."""
        self.count += 1
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def next(self) -> None:
        """Wait for the next ring."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)

    async def until(
        self,
        wanted: Callable[[], T | None],
        *,
        what: str,
        timeout: float,
        so_far: Callable[[], object] = lambda: None,
    ) -> T:
        """Wait until `wanted` gives something true, and return it.

        Args:
            wanted: Asked at once and then after each change.
            what: What is waited for, for the error: "alice to register".
            timeout: Seconds, at most.
            so_far: What came in its place, for the error; nothing is said of what is empty.

        Raises:
            DeadlineExceeded: It did not happen in time.
        """
        try:
            async with asyncio.timeout(timeout):
                while not (value := wanted()):
                    await self.next()
                return value
        except TimeoutError as error:
            found = so_far()
            instead = f"; so far there is {found}" if found else ""
            raise DeadlineExceeded(
                f"The sandbox waited {timeout:g} seconds for {what}{instead}.",
                hint="Look at the sandbox's status page, or at `calls` and `registrations`.",
            ) from error
