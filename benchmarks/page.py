"""How long a page's phone takes to register, ring, answer and hang up: Chromium and our gateway.

    python -m benchmarks.page [--quick]

The page runs in headless Chromium with a fake microphone; the gateway is in this process, the far
end in one of its own, and Kamailio or the sandbox between them. A frame counts when the gateway
hands it to its SIP connection, or takes it from there. The page's clock is compared with ours
before each series. Figures in brackets are those of Exotel's JavaScript SDK 3.0.10 on like work.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import socket
import statistics
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.report import Figure, print_table
from benchmarks.server import kamailio, why_not

from exotel_voice.phone import PhoneSettings, SipAccount
from exotel_voice.sandbox import Sandbox

if TYPE_CHECKING:
    from browser.phone_tab import PhoneTab

CASE_LIMIT = 240.0
NOW = "() => performance.timeOrigin + performance.now()"
START = """() => {
    globalThis.stamps = {};
    globalThis.now = () => performance.timeOrigin + performance.now();
    globalThis.phone = new exotelSDK.ExotelWebClient();
    phone.initWebrtc(
        null,
        (state) => { stamps[state] = now(); },
        (call, event) => { stamps[event] = now(); },
    );
}"""
DO = """async ([action, told]) => {
    delete stamps[told];
    const began = now();
    action === "Answer" || action === "Hangup" ? phone.getCall()[action]() : phone[action]();
    while (!stamps[told]) await new Promise((resolve) => setTimeout(resolve, 1));
    return [began, stamps[told]];
}"""
TAKE = """async (told) => {
    while (!stamps[told]) await new Promise((resolve) => setTimeout(resolve, 1));
    const at = stamps[told];
    delete stamps[told];
    return at;
}"""


@dataclass
class Frames:
    """The instants at which frames of a kind passed the gateway's SIP connection."""

    seen: dict[tuple[str, str], float] = field(default_factory=dict)
    """When the last frame of a kind passed, in milliseconds since the epoch."""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, _: str, way: str, text: str) -> None:
        first_line, _, rest = text.partition("\r\n")
        kind = first_line.split()[0]
        if first_line.startswith("SIP/2.0"):
            kind = f"{first_line.split()[1]} {rest.partition('CSeq:')[2].split(maxsplit=2)[1]}"
        self.seen[way, kind] = time.time_ns() / 1e6
        self.news.set()

    async def until(self, way: str, kind: str) -> float:
        """Wait for a frame of a kind, tell when it passed, and forget it."""
        while (way, kind) not in self.seen:
            self.news.clear()
            await self.news.wait()
        return self.seen.pop((way, kind))


@dataclass
class Times:
    """What was measured, in milliseconds."""

    to_registered: list[float] = field(default_factory=list)
    to_unregistered: list[float] = field(default_factory=list)
    to_incoming: list[float] = field(default_factory=list)
    to_ok_frame: list[float] = field(default_factory=list)
    to_connected: list[float] = field(default_factory=list)
    to_first_rtp: list[float] = field(default_factory=list)
    to_bye_frame: list[float] = field(default_factory=list)


async def clock_ahead(tab: PhoneTab) -> float:
    """How far the page's clock is ahead of ours, in milliseconds, by the quickest of 40 answers."""
    best, ahead = float("inf"), 0.0
    for _ in range(40):
        began = time.time_ns() / 1e6
        there = await tab.js(NOW)
        took = time.time_ns() / 1e6 - began
        if took < best:
            best, ahead = took, there - (began + took / 2)
    return ahead


async def measure_registrations(tab: PhoneTab, times: Times, runs: int) -> None:
    """Register and unregister, each with a connection of its own; one challenge is in it."""
    for _ in range(runs):
        began, at = await tab.js(DO, ["DoRegister", "registered"])
        times.to_registered.append(at - began)
        began, at = await tab.js(DO, ["UnRegister", "unregistered"])
        times.to_unregistered.append(at - began)
    await tab.js(DO, ["DoRegister", "registered"])


async def measure_calls(tab: PhoneTab, frames: Frames, far: Far, times: Times, runs: int) -> None:
    """Take the far end's calls and hang each up."""
    ahead = await clock_ahead(tab)
    for _ in range(runs):
        frames.seen.clear()
        await far.call()
        invited = await frames.until("received", "INVITE")
        times.to_incoming.append(await tab.js(TAKE, "incoming") - ahead - invited)
        await asyncio.sleep(0.1)  # the page gets ready while it rings, as it does for a user
        began, connected = await tab.js(DO, ["Answer", "connected"])
        answered = began - ahead
        times.to_connected.append(connected - began)
        times.to_ok_frame.append(await frames.until("sent", "200 INVITE") - answered)
        times.to_first_rtp.append(await far.first_packet() - answered)
        await asyncio.sleep(0.1)
        began, _ = await tab.js(DO, ["Hangup", "callEnded"])
        times.to_bye_frame.append(await frames.until("sent", "BYE") - (began - ahead))
        await frames.until("received", "200 BYE")


class Far:
    """The far end's process, from outside."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def call(self) -> None:
        """Let it call `alice`."""
        if self._process.stdin is not None:
            self._process.stdin.write(b"call\n")
            await self._process.stdin.drain()

    async def first_packet(self) -> float:
        """When its call's first packet came, in milliseconds since the epoch."""
        if self._process.stdout is None:
            raise RuntimeError("the far end has no output")
        return float(json.loads(await self._process.stdout.readline())["first_packet"]) * 1000


@contextlib.asynccontextmanager
async def far_end(account: SipAccount) -> AsyncIterator[Far]:
    """Run a phone in a process of its own that calls when it is told to."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.far_phone", "--on-command"),
        *(str(account.port), account.domain, account.password, "0"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Far(process)
    finally:
        process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def servers(name: str) -> AsyncIterator[tuple[SipAccount, SipAccount]]:
    """Run a SIP server; gives the accounts of the page and of the far end."""
    if name == "Kamailio":
        async with kamailio() as server:
            yield server.account("alice"), server.account("bob")
    else:
        async with Sandbox() as sandbox:
            yield sandbox.account("alice"), sandbox.account("bob")


async def measure(name: str, runs: int, **options: Any) -> Times:
    """Run everything against one server."""
    from browser.phone_tab import a_browser  # noqa: PLC0415 - on the path by server.py
    from browser.site import site  # noqa: PLC0415 - likewise

    times, frames = Times(), Frames()
    async with asyncio.timeout(CASE_LIMIT), servers(name) as (alice, bob), far_end(bob) as far:
        settings = PhoneSettings(proxy=None)
        async with (
            site({"alice": alice}, settings=settings, trace=frames, **options) as web,
            a_browser("chromium") as browser,
        ):
            tab = await browser.open(web.page("alice"))
            await tab.js(START)
            await measure_registrations(tab, times, runs)
            await measure_calls(tab, frames, far, times, runs)
    return times


def figures(times: Times) -> list[Figure]:
    """The lines of a table."""
    rows = (
        ("DoRegister() to 'registered'", times.to_registered, 60.0, "1192"),
        ("INVITE at the gateway to 'incoming'", times.to_incoming, 10.0, "22 to 50"),
        ("Answer() to the 200 frame", times.to_ok_frame, 25.0, "54 to 109"),
        ("Answer() to 'connected'", times.to_connected, None, "76 to 151"),
        ("Answer() to the far end's first RTP packet", times.to_first_rtp, 80.0, "106 to 184"),
        ("Hangup() to the BYE frame", times.to_bye_frame, 5.0, "12"),
        ("UnRegister() to 'unregistered'", times.to_unregistered, 30.0, "528"),
    )
    return [
        Figure(
            name=f"{name}, ms",
            value=statistics.median(values),
            target=target,
            note=f" {min(values):.1f} to {max(values):.1f} [{peer}]; "
            f"first {values[0]:.1f}, tenth {values[min(9, len(values) - 1)]:.1f}",
        )
        for name, values, target, peer in rows
    ]


def main(arguments: list[str] | None = None) -> int:
    """Print the tables; the result is 0 also where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="5 runs instead of 20")
    runs = 5 if parser.parse_args(arguments).quick else 20
    if reason := why_not("kamailio", "chromium", "playwright"):
        print(f"left out: {reason}")
        return 0
    for name in ("sandbox", "Kamailio"):
        print_table(
            f"In the page, {name}, medians of {runs} [JavaScript SDK]",
            figures(asyncio.run(measure(name, runs))),
        )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"stun:127.0.0.1:{silent.getsockname()[1]}"
        times = asyncio.run(measure("Kamailio", runs, ice_servers=[{"urls": url}]))
    rows = [row for row in figures(times) if row.name.startswith("Answer()")]
    print_table(f"The same with a STUN server that is silent, medians of {runs} [5130]", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
