"""How long a phone takes to register, ring, answer and hang up, over Kamailio on loopback.

    python -m benchmarks.signalling [--quick]

The caller is a process of its own. A frame counts when it is handed to the WebSocket, or comes from
it. Targets are the medians that the project has set itself; the figures in brackets are those of
Exotel's JavaScript SDK 3.0.10 in Chromium, on the same work.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.report import Figure, median, print_table, spread
from benchmarks.server import kamailio, why_not

from exotel_voice.media.native import NativeMedia
from exotel_voice.media.silent import SilentMedia
from exotel_voice.phone import Call, Phone, PhoneSettings
from exotel_voice.phone.events import IncomingCall

if TYPE_CHECKING:
    from interop.kamailio import Kamailio

SETTINGS = PhoneSettings(proxy=None)
CASE_LIMIT = 120.0


@dataclass
class Stopwatch:
    """The instants at which frames of a kind passed; a phone's trace."""

    seen: dict[tuple[str, str], float] = field(default_factory=dict)
    """When the last frame of a kind passed, in seconds of `time.perf_counter`."""
    news: asyncio.Event = field(default_factory=asyncio.Event)
    """Rings at every frame."""

    def __call__(self, way: str, text: str) -> None:
        now = time.perf_counter()
        first_line = text.partition("\r\n")[0]
        if first_line.startswith("SIP/2.0"):
            method = text.partition("CSeq:")[2].split(maxsplit=2)[1]
            first_line = f"{first_line.split()[1]} {method}"
        else:
            first_line = first_line.split()[0]
        self.seen[way, first_line] = now
        self.news.set()

    async def until(self, way: str, frame: str) -> float:
        """Wait for a frame of a kind, for example `200 INVITE`, tell when, and forget it."""
        while (way, frame) not in self.seen:
            self.news.clear()
            await self.news.wait()
        return self.seen.pop((way, frame))


@dataclass
class Times:
    """What was measured, in seconds."""

    to_registered: list[float] = field(default_factory=list)
    to_incoming: list[float] = field(default_factory=list)
    to_ok_frame: list[float] = field(default_factory=list)
    to_first_rtp: list[float] = field(default_factory=list)
    to_bye_frame: list[float] = field(default_factory=list)


async def measure_registrations(server: Kamailio, times: Times, runs: int) -> None:
    """Connect and register, each time with a new phone; one challenge is in it."""
    media = SilentMedia()
    for _ in range(runs):
        phone = Phone(server.account("alice"), media=media, settings=SETTINGS)
        began = time.perf_counter()
        await phone.register()
        times.to_registered.append(time.perf_counter() - began)
        await phone.aclose()


async def measure_calls(server: Kamailio, times: Times, runs: int) -> None:
    """Take the far end's calls, with real audio, and hang each up."""
    from interop.kamailio import DOMAIN, PASSWORD  # noqa: PLC0415 - on the path by server.py

    watch = Stopwatch()
    async with Phone(
        server.account("alice"), media=NativeMedia(), settings=SETTINGS, trace=watch
    ) as phone:
        far = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.far_phone"),
            *(str(server.ws_port), DOMAIN, PASSWORD, str(runs)),
        )
        rang: list[float] = []
        phone.on(IncomingCall, lambda _: rang.append(time.perf_counter()))
        try:
            incoming = phone.incoming()
            for _ in range(runs):
                call = await anext(incoming)
                await measure_call(call, watch, rang, times)
        finally:
            if far.returncode is None:
                far.terminate()
            await far.wait()


async def measure_call(call: Call, watch: Stopwatch, rang: list[float], times: Times) -> None:
    """Answer one call, wait for its first packet, hang it up."""
    await asyncio.sleep(0.05)
    times.to_incoming.append(rang[-1] - await watch.until("received", "INVITE"))
    asked = time.perf_counter()
    await call.answer()
    times.to_ok_frame.append(await watch.until("sent", "200 INVITE") - asked)
    while (await call.stats()).packets_sent == 0:  # noqa: ASYNC110 - nothing tells of one packet
        await asyncio.sleep(0.0005)
    times.to_first_rtp.append(time.perf_counter() - asked)
    await asyncio.sleep(0.1)
    asked = time.perf_counter()
    await call.hang_up()
    times.to_bye_frame.append(await watch.until("sent", "BYE") - asked)
    await call.ended()
    await watch.until("received", "200 BYE")


def figures(times: Times) -> list[Figure]:
    """The lines of the table."""
    rows = (
        ("register() to registered", times.to_registered, 15.0, "1192"),
        ("INVITE frame to the incoming event", times.to_incoming, 2.0, "22 to 50"),
        ("answer() to the 200 frame", times.to_ok_frame, 15.0, "54 to 109"),
        ("answer() to the first RTP packet", times.to_first_rtp, 60.0, "106 to 184"),
        ("hang_up() to the BYE frame", times.to_bye_frame, 1.0, "12"),
    )
    return [
        Figure(
            name=f"{name}, ms",
            value=median(seconds),
            target=target,
            note=f" {spread(seconds)} [{peer}]",
        )
        for name, seconds, target, peer in rows
    ]


async def measure(runs: int) -> Times:
    """Run everything against one server."""
    times = Times()
    async with asyncio.timeout(CASE_LIMIT), kamailio() as server:
        await measure_registrations(server, times, runs)
        await measure_calls(server, times, runs)
    return times


def main(arguments: list[str] | None = None) -> int:
    """Print the table; the result is 0 also where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 runs instead of 50")
    runs = 10 if parser.parse_args(arguments).quick else 50
    if reason := why_not("kamailio"):
        print(f"left out: {reason}")
        return 0
    times = asyncio.run(measure(runs))
    print_table(f"Signalling, medians of {runs} [JavaScript SDK]", figures(times))
    return 0


if __name__ == "__main__":
    sys.exit(main())
