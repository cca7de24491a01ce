"""What many phones cost in one process: memory, time to register, calls per second and core.

    python -m benchmarks.load [--quick]

Kamailio and each case run in processes of their own. JsSIP under Node does the same registrations
against the same server, for comparison.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.report import Figure, print_table
from benchmarks.server import kamailio, why_not

from exotel_voice.media.silent import SilentMedia
from exotel_voice.phone import Phone, PhoneSettings, SipAccount

if TYPE_CHECKING:
    from interop.kamailio import Kamailio

SETTINGS = PhoneSettings(proxy=None)
HERE = Path(__file__).parent
CASE_LIMIT = 120.0
AT_ONCE = 100
CALLERS = 4


def resident_bytes() -> int:
    """Memory of this process, after a collection."""
    gc.collect()
    statm = Path("/proc/self/statm").read_text(encoding="ascii")
    return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")


def account(port: int, domain: str, password: str, username: str) -> SipAccount:
    """The account of one of many phones."""
    return SipAccount(
        username=username,
        password=password,
        domain=domain,
        host="127.0.0.1",
        port=port,
        security="ws",
        endpoint="",
    )


async def in_turn(jobs: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Run jobs, so many at once as the queue of a listening socket takes."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def run(job: Callable[[], Awaitable[None]]) -> None:
        async with turn:
            await job()

    await asyncio.gather(*(run(job) for job in jobs))


async def register_many(port: int, domain: str, password: str, count: int) -> dict[str, float]:
    """Register phones and keep them idle."""
    media = SilentMedia()

    def make(username: str) -> Phone:
        one = account(port, domain, password, username)
        return Phone(one, media=media, settings=SETTINGS)

    # The first phone pays for imports and tables of the process.
    first = make("first")
    await first.register()
    memory, cpu, began = resident_bytes(), time.process_time(), time.perf_counter()
    phones = [make(f"phone{number}") for number in range(count)]
    await in_turn([phone.register for phone in phones])
    seconds = time.perf_counter() - began
    cpu = time.process_time() - cpu
    used = resident_bytes() - memory
    await in_turn([phone.aclose for phone in (first, *phones)])
    return {"seconds": seconds, "cpu": cpu, "bytes": used / count}


async def call_many(port: int, domain: str, password: str, count: int) -> dict[str, float]:
    """Make calls between phones of this process: dial, answer, hang up."""
    media = SilentMedia()
    phones = [
        Phone(account(port, domain, password, name), media=media, settings=SETTINGS)
        for number in range(CALLERS)
        for name in (f"caller{number}", f"callee{number}")
    ]
    await asyncio.gather(*(phone.register() for phone in phones))
    callees = [asyncio.create_task(answer_all(phone)) for phone in phones[1::2]]
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(
        *(call_again(phones[2 * number], number, count // CALLERS) for number in range(CALLERS))
    )
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    await asyncio.gather(*(phone.aclose() for phone in phones))
    await asyncio.gather(*callees)
    return {"seconds": seconds, "cpu": cpu}


async def answer_all(phone: Phone) -> None:
    """Answer every call until the phone closes."""
    async for call in phone.incoming():
        await call.answer()


async def call_again(phone: Phone, number: int, times: int) -> None:
    """Call the one callee, one call after the other."""
    for _ in range(times):
        call = await phone.dial(f"callee{number}")
        await call.answered()
        await call.hang_up()


CASES = {"register": register_many, "call": call_many}


async def run_case(server: Kamailio, *command: str) -> dict[str, Any]:
    """Run one case in a process of its own and read its figures."""
    from interop.kamailio import DOMAIN, PASSWORD  # noqa: PLC0415 - on the path by server.py

    *program, count = command
    where = [str(server.ws_port), DOMAIN, PASSWORD]
    if program[0] == "node":
        where[0] = f"ws://127.0.0.1:{server.ws_port}/"
    process = await asyncio.create_subprocess_exec(
        *program, *where, count, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(CASE_LIMIT):
            out, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode or 1, command)
    figures: dict[str, Any] = json.loads(out.decode().splitlines()[-1])
    return figures


async def measure(count: int, calls: int) -> list[Figure]:
    """Run every case and make the lines of the table."""
    python = (sys.executable, "-m", "benchmarks.load", "--case")
    async with kamailio() as server:
        ours = await run_case(server, *python, "register", str(count))
        talk = await run_case(server, *python, "call", str(calls))
        peer = None
        if why_not("node", "jssip") is None:
            script = str(HERE / "jssip_phones.mjs")
            peer = await run_case(server, "node", "--expose-gc", script, str(count))
    lines = [
        Figure(
            name=f"{count} phones: memory per phone, KB", value=ours["bytes"] / 1024, target=60.0
        ),
        Figure(
            name=f"{count} phones: start to all registered, s",
            value=ours["seconds"],
            target=4.0 * count / 1000,
        ),
        Figure(name="registrations per second", value=count / ours["seconds"]),
        Figure(name="registrations per second of processor", value=count / ours["cpu"]),
        Figure(
            name="calls per second and core, both ends counted",
            value=calls / talk["cpu"],
            note=f" {calls} calls in {talk['seconds']:.1f} s",
        ),
    ]
    if peer is not None:
        lines += [
            Figure(name="JsSIP: memory per phone, KB", value=peer["bytes"] / 1024),
            Figure(name="JsSIP: registrations per second", value=count / peer["seconds"]),
            Figure(name="JsSIP: registrations per second of processor", value=count / peer["cpu"]),
        ]
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Print the table; the result is 0 also where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the phones and calls")
    parser.add_argument("--case", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.case:
        name, port, domain, password, count = options.case
        print(json.dumps(asyncio.run(CASES[name](int(port), domain, password, int(count)))))
        return 0
    if reason := why_not("kamailio"):
        print(f"left out: {reason}")
        return 0
    count, calls = (100, 100) if options.quick else (1000, 1000)
    print_table("Load, one process", asyncio.run(measure(count, calls)))
    if reason := why_not("node", "jssip"):
        print(f"left out: JsSIP: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
