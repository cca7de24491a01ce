"""Carry out plans of HTTP requests: with asyncio, and without. All of httpx is here."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Mapping
from typing import Final, TypeVar
from urllib.parse import urlsplit

import httpx

from exotel_voice.errors import InvalidState
from exotel_voice.rest.exchange import Outcome, Plan, Reply, Send, Step, Unreached

__all__ = ["AsyncDriver", "SyncDriver"]

logger = logging.getLogger("exotel_voice.rest")

T = TypeVar("T")

CONNECT_WITHIN: Final = 5.0
"""Seconds for opening the connection, TLS included."""
MAX_REPLY: Final = 4 * 1024 * 1024
"""Bytes of a reply."""
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

# No connection is kept for the next request: a server may close an idle one at the moment in which
# a POST goes out over it, and then nobody knows whether a call was placed.
_LIMITS: Final = httpx.Limits(max_keepalive_connections=0)
_NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class _ReplyBuffer:
    """Gathers a reply, and gives up one that is too large or too slow."""

    def __init__(self, response: httpx.Response, *, deadline: float) -> None:
        self._response = response
        self._deadline = deadline
        self._body = bytearray()

    def take(self, chunk: bytes) -> Unreached | None:
        self._body += chunk
        if len(self._body) > MAX_REPLY:
            return Unreached(reason=f"the reply is over {MAX_REPLY} bytes", was_sent=True)
        if time.monotonic() > self._deadline:
            return Unreached(reason="the reply took too long", was_sent=True)
        return None

    def reply(self) -> Reply:
        headers = {name.lower(): value for name, value in self._response.headers.items()}
        return Reply(status=self._response.status_code, headers=headers, body=bytes(self._body))


class _Driver:
    """What both drivers share: settings, and what became of a request."""

    def __init__(self, base_url: str, *, timeout: float, proxy: bool | str | None) -> None:
        self._timeout = timeout
        is_here = urlsplit(base_url).hostname in LOOPBACK
        self._proxy = proxy if isinstance(proxy, str) else None
        self._trust_env = proxy is True and not is_here
        self._limits = httpx.Timeout(timeout, connect=min(CONNECT_WITHIN, timeout))
        self._is_closed = False

    def _check_open(self) -> None:
        if self._is_closed:
            raise InvalidState("the client is closed", hint="Make a new one.")

    def _deadline(self) -> float:
        return time.monotonic() + self._timeout

    @staticmethod
    def _failed(send: Send, error: Exception) -> Unreached:
        was_sent = not isinstance(error, _NEVER_SENT)
        reason = f"{type(error).__name__}: {error}".removesuffix(": ")
        logger.info("%s without a reply: %s", send.method, reason)
        return Unreached(reason=reason, was_sent=was_sent)

    @staticmethod
    def _note(send: Send, reply: Reply) -> None:
        logger.info("%s %s: status %d", send.method, urlsplit(send.url).path, reply.status)

    @staticmethod
    def _headers(send: Send) -> Mapping[str, str]:
        return {"User-Agent": "exotel-voice", **send.headers}


class AsyncDriver(_Driver):
    """Carries out plans with asyncio.

    Args:
        base_url: The server; one on this machine is reached without a proxy.
        timeout: Seconds for one try, from its begin to the end of the reply.
        proxy: True for the proxy of the environment, the URL of one, or None for none.
    """

    def __init__(self, base_url: str, *, timeout: float, proxy: bool | str | None) -> None:
        super().__init__(base_url, timeout=timeout, proxy=proxy)
        self._client = httpx.AsyncClient(
            timeout=self._limits, limits=_LIMITS, proxy=self._proxy, trust_env=self._trust_env
        )

    async def perform(self, plan: Plan[T]) -> T:
        """Carry out a plan and return its result; what it raises comes out here.

        Raises:
            InvalidState: The client is closed.
        """
        outcome: Outcome = None
        while True:
            try:
                step = plan.send(outcome)
            except StopIteration as done:
                result: T = done.value
                return result
            outcome = await self._take(step)

    async def _take(self, step: Step) -> Outcome:
        self._check_open()
        if not isinstance(step, Send):
            await asyncio.sleep(step.seconds)
            return None
        try:
            return await self._send(step)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return self._failed(step, error)

    async def _send(self, send: Send) -> Outcome:
        deadline = self._deadline()
        async with self._client.stream(
            send.method, send.url, headers=self._headers(send), content=send.content
        ) as response:
            buffer = _ReplyBuffer(response, deadline=deadline)
            async for chunk in response.aiter_bytes():
                if (failure := buffer.take(chunk)) is not None:
                    return failure
        reply = buffer.reply()
        self._note(send, reply)
        return reply

    async def aclose(self) -> None:
        """Close the connections. Safe to call twice."""
        self._is_closed = True
        await self._client.aclose()


class SyncDriver(_Driver):
    """Carries out plans in the calling thread.

    Args:
        base_url: The server; one on this machine is reached without a proxy.
        timeout: Seconds for one try, from its begin to the end of the reply.
        proxy: True for the proxy of the environment, the URL of one, or None for none.
    """

    def __init__(self, base_url: str, *, timeout: float, proxy: bool | str | None) -> None:
        super().__init__(base_url, timeout=timeout, proxy=proxy)
        self._closed = threading.Event()
        self._client = httpx.Client(
            timeout=self._limits, limits=_LIMITS, proxy=self._proxy, trust_env=self._trust_env
        )

    def perform(self, plan: Plan[T]) -> T:
        """Carry out a plan and return its result; what it raises comes out here.

        Raises:
            InvalidState: The client is closed, perhaps by another thread while this one waited.
        """
        outcome: Outcome = None
        while True:
            try:
                step = plan.send(outcome)
            except StopIteration as done:
                result: T = done.value
                return result
            outcome = self._take(step)

    def _take(self, step: Step) -> Outcome:
        self._check_open()
        if not isinstance(step, Send):
            self._closed.wait(step.seconds)
            return None
        try:
            return self._send(step)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return self._failed(step, error)

    def _send(self, send: Send) -> Outcome:
        deadline = self._deadline()
        with self._client.stream(
            send.method, send.url, headers=self._headers(send), content=send.content
        ) as response:
            buffer = _ReplyBuffer(response, deadline=deadline)
            for chunk in response.iter_bytes():
                if (failure := buffer.take(chunk)) is not None:
                    return failure
        reply = buffer.reply()
        self._note(send, reply)
        return reply

    def close(self) -> None:
        """Close the connections, and end a wait of another thread. Safe to call twice."""
        self._is_closed = True
        self._closed.set()
        self._client.close()
