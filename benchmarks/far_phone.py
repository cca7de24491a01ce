"""The far end of the signalling benchmark, in a process of its own so that it costs ours nothing.

    python -m benchmarks.far_phone PORT DOMAIN PASSWORD CALLS

Registers as `bob`, then calls `alice` again and again; each call lasts until she hangs up.
"""

from __future__ import annotations

import asyncio
import sys

from exotel_voice.phone import Phone, PhoneSettings, SipAccount


async def main() -> None:
    """Make the calls."""
    port, domain, password, calls = sys.argv[1:]
    account = SipAccount(
        username="bob",
        password=password,
        domain=domain,
        host="127.0.0.1",
        port=int(port),
        security="ws",
        endpoint="",
    )
    async with Phone(account, settings=PhoneSettings(proxy=None)) as phone:
        for _ in range(int(calls)):
            call = await phone.dial("alice")
            await call.answered()
            await call.ended()


if __name__ == "__main__":
    asyncio.run(main())
