"""What the tests with real phones do again and again: dial, speak a tone, listen for one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from exotel_voice import Call, Phone
from exotel_voice.sandbox.hearing import Hearing
from exotel_voice.sandbox.parties.tones import tone_frames

RATE = 16_000


async def dial(phone: Phone, target: str) -> Call:
    """Call somebody, and wait for the answer."""
    call = await phone.dial(target)
    await call.answered()
    return call


async def incoming(phone: Phone) -> Call:
    """Wait for the next incoming call."""
    async with asyncio.timeout(5):
        return await anext(aiter(phone.incoming()))


async def hear_tone(call: Call, frequency_hz: float, *, timeout: float = 8.0) -> None:
    """Listen until the phone hears a tone of that frequency."""
    hearing = Hearing()
    async with asyncio.timeout(timeout):
        async for frame in call.audio_in():
            hearing.listen(frame, RATE)
            if hearing.level > 0.05 and hearing.frequency_hz == pytest.approx(frequency_hz, abs=3):
                return


@asynccontextmanager
async def speaking(call: Call, frequency_hz: float) -> AsyncIterator[None]:
    """Let the phone say a tone for as long as the block lasts."""

    async def speak() -> None:
        for frame in tone_frames(frequency_hz, sample_rate_hz=RATE):
            await call.audio_out.write(frame)

    task = asyncio.create_task(speak())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
