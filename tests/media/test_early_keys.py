"""DTLS packets that come before there is a path: only the one who answers is heard."""

from __future__ import annotations

import asyncio
import socket

import pytest

from exotel_voice.media._aioice import IceAgent
from exotel_voice.media.ice import IceSettings

pytestmark = pytest.mark.media

HELLO = b"\x16 of the one who answers"


async def test_a_device_that_prepared_but_did_not_answer_spoils_no_keys() -> None:
    caller, callee = IceAgent(IceSettings()), IceAgent(IceSettings())
    taken: list[bytes] = []
    heard = asyncio.Event()

    def take(packet: bytes) -> None:
        taken.append(packet)
        if packet == HELLO:
            heard.set()

    caller.control()
    await caller.gather(has_loopback=True)
    await callee.gather(has_loopback=True)
    caller.deliver(on_media=take, on_handshake=take)
    target = next(item for item in caller.candidates() if item.host == "127.0.0.1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"\x16 of another device", (target.host, target.port))
        try:
            await asyncio.gather(
                _connect(caller, callee, is_controlling=True),
                _connect(callee, caller, is_controlling=False),
            )
            callee.send(HELLO)
            async with asyncio.timeout(5):
                await heard.wait()
            assert taken == [HELLO]
        finally:
            await caller.aclose()
            await callee.aclose()


async def _connect(agent: IceAgent, other: IceAgent, *, is_controlling: bool) -> None:
    assert await agent.connect(
        ufrag=other.ufrag,
        pwd=other.pwd,
        candidates=other.candidates(),
        is_lite=False,
        is_controlling=is_controlling,
    )
