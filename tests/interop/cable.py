"""A TCP cable between a phone and its server that a test can cut and mend."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self

from interop.kamailio import free_ports

__all__ = ["Cable"]


class Cable:
    """Forwards bytes both ways, without looking at them, while it is whole."""

    def __init__(self, to_port: int) -> None:
        self.port = 0
        """Where the phone connects."""
        self.connections = 0
        """How many connections it has carried."""
        self._to_port = to_port
        self._server: asyncio.Server | None = None
        self._live: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        (self.port,) = free_ports(1)
        await self.mend()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.cut()

    async def mend(self) -> None:
        """Take connections, again."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Break every connection and refuse new ones."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        await self.break_connections()
        if server is not None:
            await server.wait_closed()

    async def break_connections(self) -> None:
        """Break every connection; new ones are taken at once."""
        live = list(self._live)
        for task in live:
            task.cancel()
        await asyncio.gather(*live, return_exceptions=True)

    async def _carry(self, phone_in: asyncio.StreamReader, phone_out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._live.add(task)
            task.add_done_callback(self._live.discard)
        self.connections += 1
        server_in, server_out = await asyncio.open_connection("127.0.0.1", self._to_port)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(phone_in, server_out))
                both.create_task(_pump(server_in, phone_out))
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            """The cable is cut, or one end has closed: both ends are closed below."""
        finally:
            for writer in (phone_out, server_out):
                writer.transport.abort()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
    with contextlib.suppress(OSError):
        sink.write_eof()
