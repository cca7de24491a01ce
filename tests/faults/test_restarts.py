"""A SIP server that is restarted again and again under a call whose ends both live on."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from exotel_voice.phone import Phone
from exotel_voice.phone.call import Call
from exotel_voice.phone.details import CallState
from exotel_voice.phone.events import CallReconnected, PhoneEvent, Registered
from exotel_voice.phone.registration import PhoneState
from interop.kamailio import Kamailio
from interop.phones import first_call, open_phone
from interop.talking import talking

pytestmark = [
    pytest.mark.interop,
    pytest.mark.slow,
    pytest.mark.needs("kamailio"),
    pytest.mark.timeout(120),
]

RESTARTS = 10
BACK_LIMIT = 5.0
ONE_SECOND = 50
"""Frames of 20 ms."""


async def until(source: Phone | Call, kind: type[PhoneEvent]) -> None:
    told = []
    try:
        async with asyncio.timeout(BACK_LIMIT), contextlib.aclosing(source.events()) as stream:
            async for event in stream:
                told.append(event)
                if isinstance(event, kind):
                    return
    except TimeoutError:
        pass
    raise AssertionError(f"{source} did not tell of {kind.__name__}, but of {told}")


async def test_ten_restarts_lose_no_call_and_no_audio(tmp_path: Path) -> None:
    async with (
        Kamailio(tmp_path, finds_flows=True) as kamailio,
        open_phone(kamailio.account("alice")) as alice,
        open_phone(kamailio.account("bob")) as bob,
    ):
        out = await alice.dial("bob")
        into = await first_call(bob)
        await into.answer()
        await out.answered()
        async with talking(out, tone_hz=500) as here, talking(into, tone_hz=800) as there:
            await asyncio.gather(here.until_hears(800), there.until_hears(500))
            here.watch_for_gaps()
            there.watch_for_gaps()
            for _ in range(RESTARTS):
                await kamailio.stop()
                ends: tuple[Phone | Call, ...] = (alice, bob, out, into)
                kinds = (Registered, Registered, CallReconnected, CallReconnected)
                back = [
                    asyncio.create_task(until(end, kind))
                    for end, kind in zip(ends, kinds, strict=True)
                ]
                await kamailio.start()
                await asyncio.gather(*back)
                assert alice.state is bob.state is PhoneState.REGISTERED
                assert out.state is into.state is CallState.ACTIVE
            await asyncio.gather(here.until_hears(800), there.until_hears(500))
            # The audio does not pass the server: what little is silent is a busy machine's.
            assert here.silent_frames + there.silent_frames < ONE_SECOND
            await out.hold()
            assert out.is_on_hold
            await out.resume()
        await out.hang_up()
        await into.ended()
