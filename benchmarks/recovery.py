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
LIMIT = 10.0


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


async def restarts() -> tuple[float, float, int]:
    """Restart Kamailio under a call, again and again, and take the slowest.

    Returns:
        Seconds from its end until both phones tell that they reconnect, seconds from its return
        until both calls are repaired, and calls lost.
    """
    from exotel_voice.phone.events import (  # noqa: PLC0415 - slow to load
        CallEnded,
        CallReconnected,
        CallReconnecting,
    )
    from interop.kamailio import Kamailio  # noqa: PLC0415 - found on the path that `server` sets
    from interop.phones import first_call, open_phone  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory(prefix="exotel-voice-bench-") as folder:
        async with (
            Kamailio(Path(folder), finds_flows=True) as server,
            open_phone(server.account("alice")) as alice,
            open_phone(server.account("bob")) as bob,
        ):
            ended: list[CallEnded] = []
            gone: asyncio.Queue[float] = asyncio.Queue()
            back: asyncio.Queue[float] = asyncio.Queue()
            for phone in (alice, bob):
                phone.on(CallEnded, ended.append)
                phone.on(CallReconnecting, lambda _: gone.put_nowait(time.monotonic()))
                phone.on(CallReconnected, lambda _: back.put_nowait(time.monotonic()))
            call = await alice.dial("bob")
            await (await first_call(bob)).answer()
            await call.answered()
            to_notice, to_recover = [], []
            for _ in range(RESTARTS):
                began = time.monotonic()
                await server.stop()
                to_notice += [await _next(gone) - began for _ in range(2)]
                await server.start()
                returned = time.monotonic()
                to_recover += [await _next(back) - returned for _ in range(2)]
            return max(to_notice), max(to_recover), len(ended)


async def _next(times: asyncio.Queue[float]) -> float:
    return await asyncio.wait_for(times.get(), LIMIT)


def row(name: str, notice: float | None, recover: float | None, lost: int) -> None:
    """Print one line of the table."""
    cells = [f"{value:.1f} s" if value is not None else "-" for value in (notice, recover)]
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
        notice, recover, lost = asyncio.run(restarts())
        row(f"SIP server restarted {RESTARTS} times, the slowest", notice, recover, lost)
    else:
        print(f"not measured: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
