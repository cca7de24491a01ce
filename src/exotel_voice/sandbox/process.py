"""A sandbox in a process of its own, for programs that want the platform to be somebody else."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

import httpx

from exotel_voice.errors import ConnectFailed, DeadlineExceeded
from exotel_voice.phone.account import SipAccount

__all__ = ["SandboxProcess", "start_sandbox"]

START_LIMIT: Final = 20.0
"""Seconds that the program may take to start: a slow machine reads many files."""

STOP_LIMIT: Final = 3.0
"""Seconds that the program may take to end before it is killed."""

REPLY_LIMIT: Final = 5.0
"""Seconds that an HTTP request may take."""


class SandboxProcess:
    """A running sandbox, known by what it printed when it was ready. `start_sandbox` gives it.

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
        """Give the first account, to be used over wss."""
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

    async def call_me(self, party: str, *, caller_id: str = "0800123456") -> str:
        """Have the platform call the account and join it with a party; gives the call's Sid.

        Raises:
            ConnectFailed: The platform did not take the request.
        """
        api = self._ready["api"]
        try:
            answer = await self._http.post(
                f"/v1/Accounts/{api['account_sid']}/Calls/connect.json",
                data={"From": self.account().username, "To": party, "CallerId": caller_id},
                auth=(api["key"], api["token"]),
            )
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise ConnectFailed(f"the sandbox did not start the call: {error}") from error
        return str(answer.json()["Call"]["Sid"])

    async def until(
        self, holds: Callable[[dict[str, Any]], bool], *, what: str, limit: float
    ) -> dict[str, Any]:
        """Wait until the platform's state is as wanted, and give that state.

        Raises:
            DeadlineExceeded: It was not so within `limit` seconds.
            ConnectFailed: The platform cannot be asked.
        """
        try:
            async with asyncio.timeout(limit), aclosing(self._states()) as states:
                async for state in states:
                    if holds(state):
                        return state
        except TimeoutError:
            pass
        except httpx.HTTPError as error:
            raise ConnectFailed(f"the sandbox does not tell its state: {error}") from error
        raise DeadlineExceeded(f"{what}: not within {limit:g} s")

    async def _states(self) -> AsyncGenerator[dict[str, Any]]:
        async with self._http.stream("GET", "/events") as response:
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))


@asynccontextmanager
async def start_sandbox(accounts: Sequence[str] = ("alice",)) -> AsyncIterator[SandboxProcess]:
    """Start a sandbox in a process of its own, on free ports; it ends with the block.

    Args:
        accounts: As for `exotel-voice sandbox --account`: a name, or `name:password`.

    Raises:
        ConnectFailed: The program did not start.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exotel_voice", "sandbox", "--json"),
        *(argument for name in accounts for argument in ("--account", name)),
        *("--ws-port", "0", "--wss-port", "0", "--http-port", "0"),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
    )
    try:
        ready = await _ready_line(process)
        async with httpx.AsyncClient(
            base_url=ready["http_url"], timeout=REPLY_LIMIT, trust_env=False
        ) as http:
            yield SandboxProcess(ready, http)
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
