"""Messages that wait for a tab: so many and no more, so that a slow tab costs a bounded memory."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

__all__ = ["Outbox"]


class Outbox:
    """A bounded queue and the loop that empties it.

    Args:
        write: Sends one message.
        limit: Messages that may wait.
        write_limit: Seconds that one message may take.
    """

    def __init__(
        self, write: Callable[[str], Awaitable[None]], *, limit: int, write_limit: float
    ) -> None:
        self._write = write
        self._limit = limit
        self._write_limit = write_limit
        self._waiting: deque[str] = deque()
        self._news = asyncio.Event()
        self._is_ended = False

    def put(self, text: str) -> bool:
        """Add a message; False when too many wait already, which ends it for good."""
        if self._is_ended:
            return True
        if len(self._waiting) >= self._limit:
            self._is_ended = True
            self._waiting.clear()
            return False
        self._waiting.append(text)
        self._news.set()
        return True

    def end(self) -> None:
        """Send what waits, and nothing after it."""
        self._is_ended = True
        self._news.set()

    async def run(self) -> None:
        """Send messages as they come; returns after `end`, when the last one is sent.

        Raises:
            TimeoutError: The tab does not read.
        """
        while True:
            while self._waiting:
                async with asyncio.timeout(self._write_limit):
                    await self._write(self._waiting.popleft())
            if self._is_ended:
                return
            self._news.clear()
            await self._news.wait()
