"""An answer that a tab makes while the call rings."""

from __future__ import annotations

import asyncio
import logging

from exotel_voice.errors import MediaError
from exotel_voice.media.browser_carrier import MediaCarrier
from exotel_voice.media.browser_orders import BrowserOrders

__all__ = ["Preparation"]

logger = logging.getLogger("exotel_voice.media")


class Preparation:
    """One answer that is made before it is wanted.

    Args:
        offer: What it answers.
        carrier: The tab that makes it.
    """

    def __init__(self, offer: bytes, carrier: MediaCarrier) -> None:
        self.carrier = carrier
        self._offer = offer
        self._made: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def make(self, orders: BrowserOrders) -> None:
        """Have it made. Never raises."""
        sdp = ""
        try:
            sdp = await orders.prepare(self.carrier, self._offer)
        except MediaError as error:
            logger.info("no answer was prepared: %s", error.message)
        finally:
            if not self._made.done():
                self._made.set_result(sdp)

    async def answer_to(self, offer: bytes) -> str:
        """Wait for the answer; there is none if it failed, or if this is another offer."""
        return await self._made if offer == self._offer else ""
