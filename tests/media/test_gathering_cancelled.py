"""A call that ends while its addresses are being gathered leaves no socket behind."""

from __future__ import annotations

import asyncio

import pytest

from exotel_voice.media.native import NativeMedia
from native_pair import open_sockets

pytestmark = pytest.mark.media


async def test_gathering_that_is_cancelled_at_any_step_closes_its_sockets() -> None:
    before = open_sockets()
    for steps in range(40):
        engine = NativeMedia()
        session = engine.open_session(on_event=lambda _event: None)
        offering = asyncio.create_task(session.create_offer())
        for _ in range(steps):
            await asyncio.sleep(0)
        offering.cancel()
        await asyncio.wait([offering])
        await engine.aclose()
        assert open_sockets() == before, f"cancelled after {steps} steps"
