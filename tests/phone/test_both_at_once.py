"""Both ends of a call with real audio want something at the same instant (RFC 3261 §14.1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from exotel_voice.phone import Call, Phone, PhoneSettings, events
from exotel_voice.sandbox import Sandbox
from interop.talking import Talk, talking

pytestmark = [pytest.mark.media, pytest.mark.slow, pytest.mark.timeout(60)]

Ends = tuple[Call, Call, Talk, Talk]
SETTINGS = PhoneSettings(proxy=None)


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    """Alice has called Bob; each speaks a tone and hears the other's."""
    async with (
        Sandbox() as sandbox,
        Phone(sandbox.account("alice"), settings=SETTINGS) as alice,
        Phone(sandbox.account("bob"), settings=SETTINGS) as bob,
    ):
        out = await alice.dial("bob")
        into = await anext(bob.incoming())
        await into.answer()
        await out.answered()
        async with talking(out, tone_hz=500) as here, talking(into, tone_hz=800) as there:
            await asyncio.gather(here.until_hears(800), there.until_hears(500))
            yield out, into, here, there
        await out.hang_up()


async def test_both_hold_and_both_resume(ends: Ends) -> None:
    out, into, here, there = ends
    await asyncio.gather(out.hold(), into.hold())
    assert out.is_on_hold
    assert into.is_on_hold
    await asyncio.gather(here.until_hears_nothing(), there.until_hears_nothing())
    await asyncio.gather(out.resume(), into.resume())
    await asyncio.gather(here.until_hears(800), there.until_hears(500))


async def test_both_restart_the_path(ends: Ends) -> None:
    out, into, here, there = ends
    await asyncio.gather(out.restart_media(), into.restart_media())
    await asyncio.gather(here.until_hears(800), there.until_hears(500))
    assert out.state is into.state


async def test_one_restarts_and_the_other_holds(ends: Ends) -> None:
    out, into, here, there = ends
    await asyncio.gather(out.restart_media(), into.hold())
    assert into.is_on_hold
    await into.resume()
    await asyncio.gather(here.until_hears(800), there.until_hears(500))


async def test_one_restart_after_the_other_leaves_the_audio_on_the_last_path(ends: Ends) -> None:
    out, into, here, there = ends
    here.watch_for_gaps()
    for call in (out, into, out):
        stream = call.events()
        await call.restart_media()
        async with asyncio.timeout(5.0):
            async for event in stream:
                if isinstance(event, events.MediaConnected):
                    break
        await stream.aclose()
    await asyncio.gather(here.until_hears(800), there.until_hears(500))
