"""The sandbox as a program of its own, which the demo starts, watches and ends."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

import httpx

from exotel_voice.errors import ConnectFailed, DeadlineExceeded
from exotel_voice.phone.account import SipAccount

__all__ = ["DemoPlatform", "demo_platform"]

START_LIMIT: Final = 20.0
"""Seconds that the program may take to start: a slow machine reads many files."""

STOP_LIMIT: Final = 3.0
"""Seconds that the program may take to end before it is killed."""


class DemoPlatform:
    """A running sandbox, known by what it printed when it was ready.

    Args:
        ready: The line of `exotel-voice sandbox --json`.
        http: A client whose base is the sandbox's HTTP address.
    """

    def __init__(self, ready: dict[str, Any], http: httpx.AsyncClient) -> None:
        self._ready = ready
        self._http = http

    @property
    def wss_url(self) -> str:
        """Where phones connect, with TLS."""
        return str(self._ready["wss_url"])

    @property
    def ca_file(self) -> str:
        """The certificate to trust."""
        return str(self._ready["ca_file"])

    def account(self) -> SipAccount:
        """Give the phone's account."""
        first = self._ready["accounts"][0]
        url = httpx.URL(self.wss_url)
        return SipAccount(
            username=first["username"],
            password=first["password"],
            domain=self._ready["domain"],
            host=url.host,
            port=url.port or 443,
            security="wss",
        )

    async def call_me(self, party: str) -> str:
        """Have the platform call the phone and join it with a party; gives the call's Sid."""
        api = self._ready["api"]
        answer = await self._http.post(
            f"/v1/Accounts/{api['account_sid']}/Calls/connect.json",
            data={"From": self.account().username, "To": party, "CallerId": "0800123456"},
            auth=(api["key"], api["token"]),
        )
        answer.raise_for_status()
        return str(answer.json()["Call"]["Sid"])

    async def until(
        self, holds: Callable[[dict[str, Any]], bool], *, what: str, limit: float
    ) -> dict[str, Any]:
        """Wait until the platform's state is as wanted, and give that state.

        Raises:
            DeadlineExceeded: It was not so within `limit` seconds.
        """
        try:
            async with asyncio.timeout(limit):
                async with aclosing(self._states()) as states:
                    async for state in states:
                        if holds(state):
                            return state
        except TimeoutError:
            pass
        raise DeadlineExceeded(f"{what}: not within {limit:g} s")

    async def _states(self) -> AsyncIterator[dict[str, Any]]:
        async with self._http.stream("GET", "/events") as response:
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))


@asynccontextmanager
async def demo_platform() -> AsyncIterator[DemoPlatform]:
    """Start the sandbox in a process of its own, on free ports; it ends with the block.

    Raises:
        ConnectFailed: The program did not start.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exotel_voice", "sandbox", "--json", "--account", "alice"),
        *("--ws-port", "0", "--wss-port", "0", "--http-port", "0"),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
    )
    try:
        ready = await _ready_line(process)
        async with httpx.AsyncClient(
            base_url=ready["http_url"], timeout=5.0, trust_env=False
        ) as http:
            yield DemoPlatform(ready, http)
    finally:
        await _stop(process)


async def _ready_line(process: Process) -> dict[str, Any]:
    if process.stdout is None:
        raise ConnectFailed("the sandbox has no output")
    try:
        async with asyncio.timeout(START_LIMIT):
            line = await process.stdout.readline()
    except TimeoutError:
        raise ConnectFailed(f"the sandbox did not start within {START_LIMIT:g} s") from None
    if not line:
        raise ConnectFailed(
            "the sandbox ended before it was ready", hint="Run `exotel-voice sandbox` to see why."
        )
    ready: dict[str, Any] = json.loads(line)
    return ready


async def _stop(process: Process) -> None:
    """End the program by closing its input, which works on every system; kill it if it stays."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(STOP_LIMIT):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
