"""What many attached tabs cost a gateway: memory per agent, processor while idle, requests.

    python -m benchmarks.gateway [--quick]

The gateway, the tabs and Kamailio run in processes of their own. An agent is one idle tab that is
attached over a WebSocket, and its registered phone.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from benchmarks.load import account, resident_bytes
from benchmarks.report import Figure, print_table
from benchmarks.server import kamailio, why_not
from starlette.requests import HTTPConnection
from websockets.asyncio.client import ClientConnection, connect

from exotel_voice.gateway import VoiceGateway
from exotel_voice.phone import PhoneSettings, SipAccount

AT_ONCE = 50
IDLE = 20.0
BUSY = 5.0
LIMIT = 60.0
Values = dict[str, Any]


# -- the gateway's process -----------------------------------------------------------------------


async def serve(port: int, domain: str, password: str) -> None:
    """Run a gateway; each line that comes in asks for figures of this process."""

    async def user(connection: HTTPConnection) -> str | None:
        return connection.headers.get("x-user")

    async def sip_account(identity: str) -> SipAccount:
        return account(port, domain, password, identity)

    gateway = VoiceGateway(
        authenticate=user, accounts=sip_account, settings=PhoneSettings(proxy=None)
    )
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    server = uvicorn.Server(uvicorn.Config(gateway.app, log_config=None))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line.strip() == "address":
            figures: Values = {"port": listener.getsockname()[1]}
        else:
            states = [str(phone.state) for phone in gateway.phones]
            figures = {
                "bytes": resident_bytes(),
                "cpu": time.process_time(),
                "at": time.perf_counter(),
                "registered": states.count("registered"),
            }
        print(json.dumps(figures), flush=True)
    await gateway.aclose()
    server.should_exit = True
    await task


class Served:
    """The gateway's process, from outside."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, word: str) -> Values:
        """Ask for figures."""
        if self._process.stdin is None or self._process.stdout is None:
            raise BrokenPipeError("the gateway has no pipes")
        self._process.stdin.write(f"{word}\n".encode())
        async with asyncio.timeout(LIMIT):
            figures: Values = json.loads(await self._process.stdout.readline())
        return figures


@asynccontextmanager
async def served(*where: str) -> AsyncIterator[Served]:
    """Run a gateway in a process of its own while the block lasts."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.gateway", "--serve", *where),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Served(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(LIMIT):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


# -- the tabs' process ---------------------------------------------------------------------------


class IdleTab:
    """One tab that does what it must and no more."""

    def __init__(self, url: str, user: str) -> None:
        self._url = url
        self._user = user
        self._numbers = itertools.count(1)
        self._socket: ClientConnection | None = None

    async def come(self) -> None:
        """Connect, attach and register."""
        self._socket = await connect(
            self._url, additional_headers={"X-User": self._user}, proxy=None, ping_interval=None
        )
        await self._send(type="hello", version=1, tab=self._user)
        await self._send(type="attach", request=next(self._numbers))
        await self._send(type="register", request=next(self._numbers))
        await self._until(type="registration", state="registered")

    async def ask_again_and_again(self, until: float) -> int:
        """Ask for the status, one request after the other; give how many were answered."""
        count = 0
        while time.perf_counter() < until:
            number = next(self._numbers)
            await self._send(type="status", request=number)
            await self._until(type="result", request=number)
            count += 1
        return count

    async def leave(self) -> None:
        """Close the tab."""
        if self._socket is not None:
            await self._socket.close()

    async def _send(self, **message: object) -> None:
        if self._socket is not None:
            await self._socket.send(json.dumps(message))

    async def _until(self, **fields: object) -> None:
        if self._socket is None:
            return
        async with asyncio.timeout(LIMIT):
            while True:
                message: Values = json.loads(await self._socket.recv())
                if fields.items() <= message.items():
                    return


async def open_tabs(url: str, count: int) -> list[IdleTab]:
    """Open tabs of as many users."""
    tabs = [IdleTab(url, f"agent{number}") for number in range(count)]
    turn = asyncio.Semaphore(AT_ONCE)

    async def come(tab: IdleTab) -> None:
        async with turn:
            await tab.come()

    await asyncio.gather(*map(come, tabs))
    return tabs


async def measure(count: int, idle: float) -> list[Figure]:
    """Run the case and make the lines of the table."""
    async with kamailio() as server:
        from interop.kamailio import DOMAIN, PASSWORD  # noqa: PLC0415 - on the path by server.py

        async with served(str(server.ws_port), DOMAIN, PASSWORD) as gateway:
            port = (await gateway.ask("address"))["port"]
            url = f"ws://127.0.0.1:{port}/ws"
            # The first agent pays for imports and tables of the process.
            first = IdleTab(url, "first")
            await first.come()
            before = await gateway.ask("figures")
            tabs = await open_tabs(url, count)
            attached = await gateway.ask("figures")
            await asyncio.sleep(idle)
            rested = await gateway.ask("figures")
            until = time.perf_counter() + BUSY
            answers = sum(await asyncio.gather(*(tab.ask_again_and_again(until) for tab in tabs)))
            asked = await gateway.ask("figures")
            await asyncio.gather(*(tab.leave() for tab in (first, *tabs)))
    return lines(count, answers, (before, attached, rested, asked))


def lines(count: int, answers: int, taken: Sequence[Values]) -> list[Figure]:
    """Make the lines of the table from what was taken before and after each part."""
    before, attached, rested, asked = taken
    seconds = attached["at"] - before["at"]
    busy, busy_cpu = asked["at"] - rested["at"], asked["cpu"] - rested["cpu"]
    return [
        Figure(name="registered phones", value=float(attached["registered"])),
        Figure(
            name=f"{count} agents: memory per agent, KB",
            value=(attached["bytes"] - before["bytes"]) / count / 1024,
            note=" one WebSocket, one phone and its SIP connection",
        ),
        Figure(name=f"{count} agents: start to all registered, s", value=seconds),
        Figure(
            name="agents attached and registered per second of processor",
            value=count / (attached["cpu"] - before["cpu"]),
        ),
        Figure(
            name=f"{count} idle agents: processor, % of a core",
            value=100 * (rested["cpu"] - attached["cpu"]) / (rested["at"] - attached["at"]),
        ),
        Figure(name="events (request and result) per second", value=2 * answers / busy),
        Figure(
            name="events per second of processor",
            value=2 * answers / busy_cpu,
            note=f" {answers} requests of {count} tabs in {busy:.1f} s",
        ),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the agents")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.serve:
        port, domain, password = options.serve
        asyncio.run(serve(int(port), domain, password))
        return 0
    if reason := why_not("kamailio"):
        print(f"left out: {reason}")
        return 0
    count, idle = (100, IDLE / 4) if options.quick else (500, IDLE)
    print_table("Gateway, one process", asyncio.run(measure(count, idle)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
