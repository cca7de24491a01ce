"""The documented replies, and a real HTTP server that gives replies in a given order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exotel_voice.rest import ApiAccount, RetryPolicy
from exotel_voice.rest.exchange import Reply
from exotel_voice.sandbox.http_server import HttpServer

__all__ = ["QUICK", "Answer", "Script", "account_at", "recorded", "reply", "script", "threaded"]

DATA: Final = Path(__file__).resolve().parents[1] / "data" / "rest"
QUICK: Final = RetryPolicy(attempts=4, first_delay=0.002, max_delay=0.01)


def recorded(name: str) -> bytes:
    return (DATA / name).read_bytes()


def reply(name: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status=status, headers=headers or {}, body=recorded(name))


def account_at(url: str) -> ApiAccount:
    return ApiAccount(key="k3y", token="t0ken-of-acme", account_sid="acme", subdomain=url)


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Received:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Script:
    """Gives its answers one after the other, the last one for ever, and notes what came."""

    def __init__(self, answers: tuple[Answer | Callable[[Received], Answer], ...]) -> None:
        self._answers = list(answers)
        self.received: list[Received] = []
        self.url = ""

    async def take(self, request: Request) -> Response:
        received = Received(
            request.method,
            request.url.path,
            request.url.query,
            dict(request.headers),
            await request.body(),
        )
        self.received.append(received)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        answer = answer if isinstance(answer, Answer) else answer(received)
        return Response(answer.body, answer.status, dict(answer.headers))


@asynccontextmanager
async def script(*answers: Answer | Callable[[Received], Answer]) -> AsyncIterator[Script]:
    played = Script(answers)
    routes = [Route("/{path:path}", played.take, methods=["GET", "POST"])]
    server = HttpServer(Starlette(routes=routes), before_close=lambda: None)
    played.url = f"http://127.0.0.1:{await server.start('127.0.0.1', 0)}"
    try:
        yield played
    finally:
        await server.aclose()


@contextmanager
def threaded(*answers: Answer | Callable[[Received], Answer]) -> Iterator[Script]:
    """The same in a thread of its own, for clients without asyncio."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="script")
    thread.start()
    manager = script(*answers)
    try:
        yield asyncio.run_coroutine_threadsafe(manager.__aenter__(), loop).result(5)
        asyncio.run_coroutine_threadsafe(manager.__aexit__(None, None, None), loop).result(5)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
