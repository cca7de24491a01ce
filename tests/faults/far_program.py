"""The far side: a sandbox, the way to it from another machine, and a name server."""

from __future__ import annotations

import asyncio
import json
import struct
import sys
from typing import Any, Final, cast

from exotel_voice.sandbox import Sandbox
from faults.network import FAR_ADDRESS
from faults.relay import TcpRelay
from faults.told import obey, tell

PORT: Final = 53
SERVER_FAILURE: Final = 2


class NameServer(asyncio.DatagramProtocol):
    """Knows this machine under every name; fails while it is broken (RFC 1035 §4.1)."""

    def __init__(self) -> None:
        self.is_broken = False
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        if self._transport is None or len(data) < 12:
            return
        if self.is_broken:
            tell("NameRefused")
        end = data.index(b"\0", 12) + 5
        question, kind = data[12:end], struct.unpack("!H", data[end - 4 : end - 2])[0]
        has_answer = kind == 1 and not self.is_broken
        flags = 0x8180 | (SERVER_FAILURE if self.is_broken else 0)
        head = data[:2] + struct.pack("!HHHHH", flags, 1, int(has_answer), 0, 0)
        address = bytes(map(int, FAR_ADDRESS.split(".")))
        answer = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + address if has_answer else b""
        self._transport.sendto(head + question + answer, addr)


async def run(settings: dict[str, Any]) -> None:
    """Serve until the input ends."""
    del settings
    loop = asyncio.get_running_loop()
    async with Sandbox() as sandbox:
        account = sandbox.account("alice")
        names = await loop.create_datagram_endpoint(NameServer, local_addr=(FAR_ADDRESS, PORT))
        async with TcpRelay(account.port, host=FAR_ADDRESS) as relay:
            tell(
                "Ready",
                port=relay.port,
                username=account.username,
                password=account.password,
                domain=account.domain,
            )

            async def carry_out(command: dict[str, Any]) -> None:
                match command["do"]:
                    case "cut":
                        await relay.cut()
                    case "forget names":
                        names[1].is_broken = True
                    case "know names":
                        names[1].is_broken = False
                    case _:
                        pass

            await obey(carry_out)
        names[0].close()


if __name__ == "__main__":
    asyncio.run(run(json.loads(sys.argv[1])))
