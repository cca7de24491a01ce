"""A web application with our gateway in it, on a real port, for pages to use."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from exotel_voice.gateway import VoiceGateway
from exotel_voice.phone.account import SipAccount

__all__ = ["Site", "serve_app", "site"]

PAGE = Path(__file__).parent / "page"
PROBE = PAGE / "probe.js"
COOKIE = "who"
CLASSIC = '<script src="/voice/exotelsdk.js"></script>'
MODULE = (
    '<script type="module">import * as sdk from "/voice/exotelsdk.mjs"; '
    "globalThis.exotelSDK = sdk; globalThis.isLoaded = true;</script>"
)
GUIDE = (
    '<script type="importmap">{"imports": {'
    '"@exotel/webrtc-client-sdk": "/voice/exotelsdk.mjs", '
    '"@exotel-npm-dev/webrtc-client-sdk": "/voice/exotelsdk.mjs"}}</script>'
    f'<script type="module">{(PAGE / "guide.mjs").read_text(encoding="utf-8")}</script>'
)


@dataclass(frozen=True, slots=True)
class Site:
    """A running site. A page's identity is a cookie that `/as/NAME` sets."""

    gateway: VoiceGateway
    url: str

    def page(self, identity: str, *, form: str = "classic") -> str:
        """Address of a page as somebody: `classic`, `module`, `guide`, or `plain` without ours."""
        return f"{self.url}/as/{identity}?form={form}"


@contextlib.asynccontextmanager
async def site(
    accounts: Mapping[str, SipAccount], *, port: int = 0, **options: Any
) -> AsyncIterator[Site]:
    """Serve a site whose identities are the names of these accounts.

    Args:
        accounts: The account of each identity.
        port: A port to listen on again; 0 for a free one.
        options: Further settings of the gateway.
    """

    async def authenticate(connection: HTTPConnection) -> str | None:
        name = connection.cookies.get(COOKIE)
        return name if name in accounts else None

    gateway = VoiceGateway(
        authenticate=authenticate, accounts=lambda name: accounts[name], **options
    )

    async def become(request: Request) -> Response:
        form = request.query_params.get("form", "classic")
        reply = RedirectResponse(f"/{form}", status_code=303)
        reply.set_cookie(COOKIE, request.path_params["name"])
        return reply

    def page(script: str) -> Any:
        async def serve(_: Request) -> Response:
            probe = f"<script>{PROBE.read_text(encoding='utf-8')}</script>"
            return HTMLResponse(f"<!doctype html><title>phone</title>{probe}{script}<p>phone")

        return serve

    app = Starlette(
        routes=[
            Route("/as/{name}", become),
            Route("/classic", page(CLASSIC)),
            Route("/module", page(MODULE)),
            Route("/guide", page(GUIDE)),
            Route("/plain", page("")),
            Mount("/voice", app=gateway.app),
        ]
    )
    async with serve_app(app, port=port) as url:
        try:
            yield Site(gateway, url)
        finally:
            await gateway.aclose()


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@contextlib.asynccontextmanager
async def serve_app(app: Any, *, port: int = 0) -> AsyncIterator[str]:
    """Serve an ASGI application on loopback; gives its address with the name localhost."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    server = _Server(
        uvicorn.Config(app, log_level="warning", lifespan="on", timeout_graceful_shutdown=2)
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with asyncio.timeout(10):
            await server.up.wait()
        yield f"http://localhost:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()
