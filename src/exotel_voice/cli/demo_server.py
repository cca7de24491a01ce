"""The demo's port: uvicorn on sockets that are opened first, inside a running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Generator
from types import TracebackType
from typing import Final, Self

import uvicorn
from starlette.types import ASGIApp

from exotel_voice.errors import ConfigError

__all__ = ["DemoServer", "listen"]

BACKLOG: Final = 128
STOP_LIMIT: Final = 1.2
"""Seconds that open connections have when the server ends."""
MAX_MESSAGE: Final = 128 * 1024
"""Longest WebSocket message that reaches the application, which has a smaller limit of its own."""


def listen(port: int) -> list[socket.socket]:
    """Listen on this machine's own addresses, IPv4 and where it exists IPv6.

    Raises:
        ConfigError: The port is taken, or only an administrator may have it.
    """
    first = _open(socket.AF_INET, "127.0.0.1", port)
    number = first.getsockname()[1]
    if not socket.has_ipv6:
        return [first]
    try:
        return [first, _open(socket.AF_INET6, "::1", number)]
    except ConfigError:
        if port:
            first.close()
            raise
    except OSError:
        pass  # this machine has IPv6 in name only
    return [first]


def _open(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise ConfigError(
            f"Port {port} is taken by another program.",
            hint=f"End that program, or choose another port: --port {port + 1}, or 0 for any.",
        ) from error
    # asyncio switches Nagle's delay off only for a socket that says that it is of TCP.
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=listener.detach())


class DemoServer:
    """Serves an ASGI application while its `async with` block runs.

    Args:
        app: The application.
        sockets: From `listen`; they are closed with the block.
        tls: The settings of https; None for http.
    """

    def __init__(
        self, app: ASGIApp, sockets: list[socket.socket], *, tls: ssl.SSLContext | None
    ) -> None:
        config = uvicorn.Config(
            app,
            ws="websockets-sansio",
            ws_max_size=MAX_MESSAGE,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        config.load()
        config.ssl = tls
        self._server = _Server(config)
        self._sockets = sockets
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._server.serve(sockets=self._sockets))
        begun = asyncio.ensure_future(self._server.begun.wait())
        await asyncio.wait([self._task, begun], return_when=asyncio.FIRST_COMPLETED)
        begun.cancel()
        if self._task.done():
            self._task.result()
        return self

    def stop_listening(self) -> None:
        """Take no new connections; those that are open go on until the block ends."""
        for server in self._server.servers:
            server.close()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        if self._task is None:
            return
        _done, late = await asyncio.wait([self._task], timeout=STOP_LIMIT)
        if late:
            self._server.force_exit = True
            await asyncio.wait(late, timeout=STOP_LIMIT)


class _Server(uvicorn.Server):
    """Leaves Ctrl-C to the event loop, and tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.begun = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Take no signal."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and tell so."""
        await super().startup(sockets)
        self.begun.set()
