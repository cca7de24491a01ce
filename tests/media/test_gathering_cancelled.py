"""A call that ends while its addresses are being gathered leaves no socket behind."""

from __future__ import annotations

import asyncio
import gc

import pytest

from exotel_voice.media.native import NativeMedia

pytestmark = pytest.mark.media


def open_sockets() -> list[asyncio.DatagramTransport]:
    """List the UDP sockets of the event loop that nobody has closed."""
    transports = [each for each in gc.get_objects() if isinstance(each, asyncio.DatagramTransport)]
    return [each for each in transports if not each.is_closing()]


async def test_gathering_that_is_cancelled_at_any_step_closes_its_sockets() -> None:
    for steps in range(40):
        engine = NativeMedia()
        session = engine.open_session(on_event=lambda _event: None)
        offering = asyncio.create_task(session.create_offer())
        for _ in range(steps):
            await asyncio.sleep(0)
        offering.cancel()
        await asyncio.wait([offering])
        await engine.aclose()
        assert open_sockets() == [], f"cancelled after {steps} steps"
