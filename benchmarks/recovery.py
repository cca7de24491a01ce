"""Faults of the network under a call: seconds to notice, seconds to recover, calls lost.

python -m benchmarks.recovery [--quick]

The network is made of namespaces of this machine, so it needs root. `--quick` leaves out what takes
longer than half a minute. The table is that of `docs/reconnection.md`, in the same form.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.server import why_not

if TYPE_CHECKING:
    from faults.scene import Fault

__all__ = ["main"]

LONG_STOP = 60.0
SHORT_STOP = 15.0
RESTARTS = 10


async def network_faults(*, is_quick: bool) -> list[tuple[Fault, int]]:
    """Do every fault to one call, and those that need a call of their own; count calls lost."""
    from faults.catalogue import (  # noqa: PLC0415 - found on the path that `server` sets
        NETWORK_FAULTS,
        suspend,
        swallow_signalling,
    )
    from faults.network import HOST_NAME  # noqa: PLC0415 - as above
    from faults.scene import a_scene  # noqa: PLC0415 - as above

    measured = []
    async with a_scene(host=HOST_NAME) as scene:
        for inflict in NETWORK_FAULTS:
            fault = await inflict(scene)
            await scene.require_whole()
            measured.append((fault, scene.phone.count("CallEnded")))
        if not is_quick:
            fault = await swallow_signalling(scene)
            await scene.require_whole()
            measured.append((fault, scene.phone.count("CallEnded")))
        fault = await suspend(scene, SHORT_STOP if is_quick else LONG_STOP)
        measured.append((fault, scene.phone.count("CallEnded")))
    return measured


async def restarts() -> tuple[list[float], int]:
    """Restart Kamailio under a call; seconds from its return until both calls are repaired."""
    from exotel_voice.phone.events import CallEnded, CallReconnected  # noqa: PLC0415 - slow to load
    from interop.kamailio import Kamailio  # noqa: PLC0415 - found on the path that `server` sets
    from interop.phones import first_call, open_phone  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory(prefix="exotel-voice-bench-") as folder:
        async with (
            Kamailio(Path(folder), finds_flows=True) as server,
            open_phone(server.account("alice")) as alice,
            open_phone(server.account("bob")) as bob,
        ):
            ended: list[CallEnded] = []
            back: asyncio.Queue[float] = asyncio.Queue()
            for phone in (alice, bob):
                phone.on(CallEnded, ended.append)
                phone.on(CallReconnected, lambda _: back.put_nowait(time.monotonic()))
            call = await alice.dial("bob")
            await (await first_call(bob)).answer()
            await call.answered()
            seconds = []
            for _ in range(RESTARTS):
                await server.stop()
                await server.start()
                returned = time.monotonic()
                times = [await asyncio.wait_for(back.get(), 10.0) for _ in range(2)]
                seconds.append(max(0.0, *(at - returned for at in times)))
            return seconds, len(ended)


def row(name: str, notice: float | None, recover: float | None, lost: int) -> None:
    """Print one line of the table."""
    cells = [f"{value:.1f} s" if value is not None else "no fault" for value in (notice, recover)]
    print(f"| {name:48} | {cells[0]:>8} | {cells[1]:>8} | {lost} |", flush=True)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out what takes long")
    chosen = parser.parse_args()
    print(f"| {'fault':48} | noticed  | all well | lost |")
    print(f"|{'-' * 50}|---------:|---------:|-----:|")
    if (reason := why_not("namespaces")) is None:
        for fault, lost in asyncio.run(network_faults(is_quick=chosen.quick)):
            row(fault.name, fault.seconds_to_notice, fault.seconds_to_recover, lost)
    else:
        print(f"not measured: {reason}")
    if (reason := why_not("kamailio")) is None:
        seconds, lost = asyncio.run(restarts())
        row(f"SIP server restarted {RESTARTS} times, the slowest", 0.0, max(seconds), lost)
    else:
        print(f"not measured: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
