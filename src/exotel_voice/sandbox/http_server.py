"""Serves an ASGI application on one port with uvicorn, inside a running event loop.

uvicorn's own `Server` takes over the process's signals, ticks ten times a second and needs a tenth
of a second to stop; a sandbox is started and stopped for every test. So this uses uvicorn's
configuration and its HTTP protocol on a plain asyncio server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import uvicorn
from uvicorn.server import ServerState

__all__ = ["HttpServer"]

GRACE: Final = 1.0
"""Seconds that requests under way have to finish when the server stops."""

MAX_CONNECTIONS: Final = 200


class HttpServer:
    """One listening port. Used once: `start`, then `aclose`.

    Args:
        app: The ASGI application.
        before_close: Called when the server stops, so that endless responses can end.
    """

    def __init__(
        self, app: Callable[..., Awaitable[None]], *, before_close: Callable[[], None]
    ) -> None:
        self._config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
        )
        self._config.load()
        self._state = ServerState()
        self._before_close = before_close
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port.

        Raises:
            OSError: The port cannot be had.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    def _protocol(self) -> asyncio.Protocol:
        make: Any = self._config.http_protocol_class
        protocol: asyncio.Protocol = make(
            config=self._config, server_state=self._state, app_state={}
        )
        return protocol

    async def aclose(self) -> None:
        """Stop listening, let requests under way finish for a second, and close. Never raises."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        self._before_close()
        for connection in list(self._state.connections):
            connection.shutdown()
        tasks = set(self._state.tasks)
        if tasks:
            _done, late = await asyncio.wait(tasks, timeout=GRACE)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        for connection in list(self._state.connections):
            connection.transport.abort()
        await server.wait_closed()
