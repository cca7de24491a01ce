"""A web application with a gateway, on a real port."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.routing import Mount

from exotel_voice.gateway import VoiceGateway
from gateway.web_tab import WebTab

__all__ = ["Site", "identity_of"]


def identity_of(connection: HTTPConnection) -> str | None:
    """Believe the header that names the user."""
    return connection.headers.get("x-user")


class Site:
    """Serves a gateway below /voice with uvicorn, whose lifespan events do not reach it."""

    def __init__(
        self, gateway: VoiceGateway, *, app: Any = None, ws: str = "auto", lifespan: str = "on"
    ) -> None:
        self.gateway = gateway
        self.app = app or Starlette(routes=[Mount("/voice", app=gateway.app)])
        self._options: dict[str, Any] = {"ws": ws, "lifespan": lifespan}
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.ws_url = f"ws://127.0.0.1:{self.port}/voice/ws"
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None

    def tab(self, name: str, *, user: str = "alice", **headers: str) -> WebTab:
        """Make a tab of a user's page, not connected yet."""
        return WebTab(self.ws_url, name, headers={"X-User": user, **headers})

    async def __aenter__(self) -> Self:
        config = uvicorn.Config(
            self.app, log_config=None, timeout_graceful_shutdown=1, **self._options
        )
        self._server = uvicorn.Server(config)
        self._server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.gateway.aclose()
        await self.stop()

    async def stop(self) -> None:
        """Stop the server, as its process would at the end."""
        assert self._server is not None
        assert self._task is not None
        self._server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
