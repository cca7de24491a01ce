"""One phone's WebSocket: whole SIP messages in and out, in order, bounded (RFC 7118 §5)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final, Literal

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

__all__ = ["Connection", "Scheme"]

logger = logging.getLogger(__name__)

Scheme = Literal["ws", "wss"]

MAX_QUEUED: Final = 1000
"""Messages that may wait for a phone that does not read; more and its connection is dropped."""

KEEP_ALIVE: Final = b"\r\n\r\n"
KEEP_ALIVE_REPLY: Final = b"\r\n"


class Connection:
    """A WebSocket that is open.

    Args:
        websocket: The socket.
        flow: Names it for the user agent.
        scheme: `ws` or `wss`.
        delay: Gives the seconds by which what is sent now is held back.
    """

    def __init__(
        self,
        websocket: ServerConnection,
        *,
        flow: str,
        scheme: Scheme,
        delay: Callable[[], float],
    ) -> None:
        self.flow = flow
        self.scheme: Scheme = scheme
        self._websocket = websocket
        self._delay = delay
        self._clock = asyncio.get_running_loop().time
        self._queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(MAX_QUEUED)

    def __repr__(self) -> str:
        return f"<Connection {self.flow}>"

    def send(self, data: bytes) -> None:
        """Send one message, after those that wait."""
        try:
            self._queue.put_nowait((self._clock() + self._delay(), data))
        except asyncio.QueueFull:
            logger.warning("%s does not read; its connection is dropped", self.flow)
            self.drop()

    def drop(self) -> None:
        """Cut the connection without a goodbye, as a broken network does."""
        self._websocket.transport.abort()

    async def close(self, code: int) -> None:
        """Send what waits, then close the connection as WebSockets are closed (RFC 6455 §7)."""
        await self._queue.join()
        await self._websocket.close(code)

    def freeze(self) -> None:
        """Keep the connection but read nothing more from it, as a hung server does."""
        self._websocket.transport.pause_reading()

    async def run(self, receive: Callable[[bytes], None]) -> None:
        """Hand every message that comes to `receive`, until the connection is gone."""
        writer = asyncio.create_task(self._write(), name=f"writer of {self.flow}")
        try:
            async for message in self._websocket:
                data = message.encode() if isinstance(message, str) else message
                if data == KEEP_ALIVE:
                    self.send(KEEP_ALIVE_REPLY)  # RFC 5626 §3.5.1
                elif data.strip():
                    receive(data)
        except ConnectionClosed:
            logger.debug("%s was cut", self.flow)
        finally:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer

    async def _write(self) -> None:
        while True:
            due, data = await self._queue.get()
            wait = due - self._clock()
            if wait > 0:
                await asyncio.sleep(wait)
            try:
                await self._websocket.send(_frame(data))
            except ConnectionClosed:
                return
            finally:
                self._queue.task_done()


def _frame(data: bytes) -> str | bytes:
    """Send text where the message is text: browsers' stacks expect it (RFC 7118 §5)."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data
