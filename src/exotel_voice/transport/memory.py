"""Two ends of a connection in one process: for tests, those of users too.

`MemoryListener` stands where a server would listen: its `connect_transport` is what a phone takes
for its `transport`, and `accept` gives the server's end of each connection.
"""

from __future__ import annotations

import asyncio
from collections import deque

from exotel_voice.errors import ConnectFailed, ConnectionLost

__all__ = ["MemoryListener", "MemoryTransport", "memory_pair"]


class MemoryTransport:
    """One end of a connection in this process. Fulfils `Transport`.

    Args:
        listener: Where `connect` goes; None for an end that is connected already.
    """

    def __init__(self, listener: MemoryListener | None = None) -> None:
        self._listener = listener
        self._peer: MemoryTransport | None = None
        self._inbox: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._is_open = False
        self._is_stalled = False

    @property
    def is_open(self) -> bool:
        """Whether messages still go through."""
        return self._is_open

    @property
    def local_address(self) -> str | None:
        """None: this connection has no address."""
        return None

    async def connect(self) -> None:
        """Open the connection to the listener.

        Raises:
            ConnectFailed: The listener refuses connections at the moment.
        """
        if self._listener is not None and not self._is_open:
            self._listener.take(self)

    async def send(self, data: bytes) -> None:
        """Give one whole message to the other end.

        Raises:
            ConnectionLost: One of the two ends is closed.
        """
        self.put(data)

    def put(self, data: bytes) -> None:
        """Do the same as `send`, from code that is not asynchronous.

        Raises:
            ConnectionLost: One of the two ends is closed.
        """
        peer = self._peer
        if not self._is_open or peer is None:
            raise ConnectionLost("the connection in memory is closed")
        if self._is_stalled:
            return
        peer._inbox.append(data)  # noqa: SLF001 - the two ends are one thing
        peer._wake()  # noqa: SLF001 - the two ends are one thing

    async def receive(self) -> bytes:
        """Wait for the next whole message.

        Raises:
            ConnectionLost: One of the two ends is closed, and all that was sent before is read.
        """
        while not self._inbox:
            if not self._is_open:
                raise ConnectionLost("the connection in memory is closed")
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._inbox.popleft()

    async def is_alive(self, *, limit: float) -> bool:
        """Tell whether messages go through; it takes the whole limit to learn that they do not.

        Args:
            limit: Seconds.
        """
        if self._is_open and self._is_stalled:
            await asyncio.sleep(limit)
        return self._is_open and not self._is_stalled

    def stall(self) -> None:
        """Lose all that is sent from now on, both ways, with both ends open: a black hole."""
        for end in (self, self._peer):
            if end is not None:
                end._is_stalled = True  # noqa: SLF001 - the two ends are one thing

    async def aclose(self) -> None:
        """Close both ends. What was sent before can still be read at the other one."""
        self.drop()

    def drop(self) -> None:
        """Close both ends at once, as a broken network does."""
        for end in (self, self._peer):
            if end is not None and end._is_open:  # noqa: SLF001 - the two ends are one thing
                end._is_open = False  # noqa: SLF001 - the two ends are one thing
                end._wake()  # noqa: SLF001 - the two ends are one thing

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _join(self, peer: MemoryTransport) -> None:
        self._peer, peer._peer = peer, self
        self._is_open = peer._is_open = True


def memory_pair() -> tuple[MemoryTransport, MemoryTransport]:
    """Make two ends that are connected to each other."""
    here, there = MemoryTransport(), MemoryTransport()
    here._join(there)  # noqa: SLF001 - the two ends are one thing
    return here, there


class MemoryListener:
    """Where connections in this process go to.

        listener = MemoryListener()
        phone = Phone(account, transport=listener.connect_transport)
        server_end = await listener.accept()

    Set `refusal` to an error's text to refuse connections, and to None to take them again.
    """

    def __init__(self) -> None:
        self.refusal: str | None = None
        self._arrived: asyncio.Queue[MemoryTransport] = asyncio.Queue()

    def connect_transport(self) -> MemoryTransport:
        """Make a transport whose `connect` comes here."""
        return MemoryTransport(self)

    async def accept(self) -> MemoryTransport:
        """Wait for the next connection and give this side's end of it."""
        return await self._arrived.get()

    def take(self, end: MemoryTransport) -> None:
        """Connect an end that wants to come in.

        Raises:
            ConnectFailed: `refusal` is set.
        """
        if self.refusal is not None:
            raise ConnectFailed(self.refusal)
        own = MemoryTransport()
        own._join(end)  # noqa: SLF001 - the two ends are one thing
        self._arrived.put_nowait(own)
