"""Relays that delay, jitter, reorder and lose what passes: TCP by the byte, UDP by the packet."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from random import Random  # noqa: TID251 - faults have no need of an id source
from types import TracebackType
from typing import Any, Self, cast

__all__ = ["Poor", "TcpRelay", "UdpRelay"]


class Poor:
    """How bad a path is. Its luck is always the same.

    Args:
        delay: Seconds that everything takes.
        jitter: Seconds on top, drawn anew for each packet; beyond the distance between two packets
            they overtake each other.
        loss: Share of the packets that are lost, 0 to 1; TCP loses nothing.
    """

    def __init__(self, *, delay: float = 0.0, jitter: float = 0.0, loss: float = 0.0) -> None:
        self.delay, self.jitter, self.loss = delay, jitter, loss
        self._luck = Random(7)  # noqa: S311 - for faults that are the same in every run

    def draw(self) -> float | None:
        """Seconds for the next packet; None for one that is lost."""
        if self._luck.random() < self.loss:
            return None
        return self.delay + self._luck.random() * self.jitter


class TcpRelay:
    """Takes TCP connections and carries them to a port of loopback, in order and late.

    Args:
        to_port: Where they go.
        host: Where they come in.
        poor: How late.
    """

    def __init__(self, to_port: int, *, host: str = "127.0.0.1", poor: Poor | None = None) -> None:
        self._to_port = to_port
        self._host = host
        self._poor = poor or Poor()
        self._server: asyncio.Server | None = None
        self._live: set[asyncio.Task[None]] = set()
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, self._host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """Break every connection; new ones are taken."""
        live = tuple(self._live)
        for task in live:
            task.cancel()
        await asyncio.gather(*live, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._live.add(task)
        task.add_done_callback(self._live.discard)
        there_in, there_out = await asyncio.open_connection("127.0.0.1", self._to_port)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, there_out))
                both.create_task(self._pump(there_in, writer))
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            """One end has closed, or the relay is cut: both ends are closed below."""
        finally:
            writer.transport.abort()
            there_out.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due, data = await queue.get()
                if (wait := due - loop.time()) > 0:
                    await asyncio.sleep(wait)
                if not data:
                    with contextlib.suppress(OSError):
                        sink.write_eof()
                    return
                sink.write(data)
                await sink.drain()

        async with asyncio.TaskGroup() as group:
            group.create_task(deliver())
            data = b"first"
            while data:
                data = await source.read(65536)
                queue.put_nowait((loop.time() + (self._poor.draw() or 0.0), data))


class _Face(asyncio.DatagramProtocol):
    """One side of a UDP relay: a socket that one end speaks to."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._peer: tuple[Any, ...] | None = None
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._peer = addr
        self._take(data)

    def meet(self, host: str, port: int) -> None:
        """Say where the end is that has not spoken yet."""
        self._peer = self._peer or (host, port)

    def send(self, data: bytes) -> None:
        if self._transport is not None and self._peer is not None:
            self._transport.sendto(data, self._peer)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _same(face: _Face) -> _Face:
    return face


class UdpRelay:
    """Stands between two ends that each see only it: one socket for each.

    Args:
        poor: What happens to packets, each on its own.
    """

    def __init__(self, poor: Poor) -> None:
        self._poor = poor
        self._faces = (_Face(lambda data: self._pass(0, data)), _Face(lambda d: self._pass(1, d)))
        self.ports = (0, 0)
        """The port that the first end speaks to, and that of the second."""
        self.overtaken = 0
        """Packets that were passed by a later one."""
        self.lost = 0
        self._numbers = [0, 0]
        self._latest = [0, 0]

    async def open(self) -> None:
        """Open both sockets on loopback."""
        loop = asyncio.get_running_loop()
        ports = []
        for face in self._faces:
            transport, _ = await loop.create_datagram_endpoint(
                partial(_same, face), local_addr=("127.0.0.1", 0)
            )
            ports.append(transport.get_extra_info("sockname")[1])
        self.ports = (ports[0], ports[1])

    def meet(self, end: int, host: str, port: int) -> None:
        """Say where an end is, before it has spoken."""
        self._faces[end].meet(host, port)

    def close(self) -> None:
        """Close both sockets."""
        for face in self._faces:
            face.close()

    def _pass(self, end: int, data: bytes) -> None:
        after = self._poor.draw()
        if after is None:
            self.lost += 1
            return
        self._numbers[end] += 1
        asyncio.get_running_loop().call_later(after, self._deliver, end, self._numbers[end], data)

    def _deliver(self, end: int, number: int, data: bytes) -> None:
        if number < self._latest[end]:
            self.overtaken += 1
        self._latest[end] = max(number, self._latest[end])
        self._faces[1 - end].send(data)
