"""The far end of the signalling benchmarks, in a process of its own so that it costs ours nothing.

    python -m benchmarks.far_phone [--on-command] PORT DOMAIN PASSWORD CALLS

Registers as `bob`, then calls `alice` again and again; each call lasts until she hangs up. With
`--on-command` it makes one call for each line of its input, and prints when the first packet of the
call came, in seconds since the epoch.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time

from exotel_voice.phone import Call, Phone, PhoneSettings, SipAccount


async def call_again(phone: Phone, calls: int) -> None:
    """Make the calls, one after the other."""
    for _ in range(calls):
        call = await phone.dial("alice")
        await call.answered()
        await call.ended()


async def call_on_command(phone: Phone) -> None:
    """Make a call for each line that comes in."""
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        call = await phone.dial("alice")
        await call.answered()
        print(json.dumps({"first_packet": await first_packet(call)}), flush=True)
        await call.ended()


async def first_packet(call: Call) -> float:
    """Wait for the first packet of a call."""
    while (await call.stats()).packets_received == 0:  # noqa: ASYNC110 - nothing tells of one packet
        await asyncio.sleep(0.0005)
    return time.time_ns() / 1e9


async def main() -> None:
    """Register and call."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--on-command", action="store_true")
    parser.add_argument("port", type=int)
    parser.add_argument("domain")
    parser.add_argument("password")
    parser.add_argument("calls", type=int)
    options = parser.parse_args()
    account = SipAccount(
        username="bob",
        password=options.password,
        domain=options.domain,
        host="127.0.0.1",
        port=options.port,
        security="ws",
        endpoint="",
    )
    async with Phone(account, settings=PhoneSettings(proxy=None)) as phone:
        await (call_on_command(phone) if options.on_command else call_again(phone, options.calls))


if __name__ == "__main__":
    asyncio.run(main())
