"""A sandbox in a thread of its own, for programs and tests that are not asynchronous.

with SandboxThread() as server:
    account = server.account("alice")
    client.initWebrtc({...}, on_register, on_call)       # the guide's API, from plain code
    record = server.run(lambda sandbox: sandbox.place_call(to="alice"))
    server.run(lambda sandbox: record.ended(timeout=5))
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Final, Self, TypeVar

from exotel_voice.errors import InvalidState
from exotel_voice.phone.account import Security, SipAccount
from exotel_voice.sandbox.records import CallLog
from exotel_voice.sandbox.server import Sandbox
from exotel_voice.sandbox.settings import SandboxSettings

__all__ = ["SandboxThread"]

T = TypeVar("T")

START_WITHIN: Final = 10.0
"""Seconds that the sandbox may take to listen."""


class SandboxThread:
    """Runs a sandbox in a background thread. Use it once, as a context manager.

    Args:
        settings: As for `Sandbox`.
    """

    def __init__(self, settings: SandboxSettings | None = None) -> None:
        self._settings = settings
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sandbox: Sandbox | None = None
        self._started: Future[Sandbox] = Future()
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._main, name="exotel-voice sandbox")

    def __enter__(self) -> Self:
        self._thread.start()
        self._sandbox = self._started.result(START_WITHIN)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def run(self, action: Callable[[Sandbox], T | Awaitable[T]]) -> T:
        """Do something with the sandbox in its own thread, and wait for what comes of it.

        Args:
            action: Gets the sandbox; may return something to await.

        Raises:
            InvalidState: The sandbox does not run.
        """
        if self._loop is None or self._sandbox is None or not self._thread.is_alive():
            raise InvalidState("The sandbox does not run.", hint="Use `with SandboxThread()`.")
        sandbox = self._sandbox

        async def act() -> T:
            outcome = action(sandbox)
            return await outcome if inspect.isawaitable(outcome) else outcome

        return asyncio.run_coroutine_threadsafe(act(), self._loop).result()

    def account(
        self, username: str, *, password: str | None = None, security: Security = "ws"
    ) -> SipAccount:
        """Give an account for a phone; it is made if it does not exist."""
        return self.run(
            lambda sandbox: sandbox.account(username, password=password, security=security)
        )

    @property
    def http_url(self) -> str:
        """The HTTP API and the status page."""
        return self.run(lambda sandbox: sandbox.http_url)

    @property
    def calls(self) -> CallLog:
        """Every call, oldest first."""
        return self.run(lambda sandbox: sandbox.calls)

    def _main(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            async with Sandbox(self._settings) as sandbox:
                self._started.set_result(sandbox)
                await self._stop.wait()
        except BaseException as error:
            if self._started.done():
                raise
            self._started.set_exception(error)
