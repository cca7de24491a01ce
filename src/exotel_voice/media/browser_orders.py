"""What a call's media session asks of a tab, as orders that the tab understands."""

from __future__ import annotations

from exotel_voice.errors import InvalidState, MediaError
from exotel_voice.media.base import Direction
from exotel_voice.media.browser_carrier import MediaCarrier, MediaOp, MediaOrder

__all__ = ["BrowserOrders"]


class BrowserOrders:
    """The orders about one call. Whatever keeps a tab from one is a `MediaError`.

    Args:
        media: Names the media session.
        limit: Seconds that a tab may take over one order.
    """

    def __init__(self, media: str, *, limit: float) -> None:
        self._media = media
        self._limit = limit

    async def prepare(self, carrier: MediaCarrier, offer: bytes) -> str:
        """Have a tab answer a call that rings; nothing where it cannot.

        Raises:
            MediaError: It did not.
        """
        return await self._do(carrier, MediaOrder(op=MediaOp.PREPARE, sdp=_text(offer)))

    async def offer(self, carrier: MediaCarrier, *, direction: Direction, ice_restart: bool) -> str:
        """Have a tab describe its connection, and make one if there is none.

        Raises:
            MediaError: It did not.
        """
        order = MediaOrder(op=MediaOp.OFFER, direction=direction, ice_restart=ice_restart)
        return await self._describe(carrier, order)

    async def answer(self, carrier: MediaCarrier, offer: bytes, direction: Direction) -> str:
        """Have a tab answer an offer of the far side.

        Raises:
            MediaError: It did not.
        """
        order = MediaOrder(op=MediaOp.ANSWER, sdp=_text(offer), direction=direction)
        return await self._describe(carrier, order)

    async def answer_anew(
        self, carrier: MediaCarrier, offer: bytes, direction: Direction, *, is_muted: bool
    ) -> str:
        """Have a tab answer the offer of another far end, with another connection.

        With the same one Chromium, where it does not control ICE, would begin DTLS on the old path
        and keep to that until 2.5 s after its last packet.

        Raises:
            MediaError: It did not; it has no connection any more.
        """
        await self._do(carrier, MediaOrder(op=MediaOp.CLOSE))
        answer = await self.answer(carrier, offer, direction)
        if is_muted:
            await self.set_muted(carrier, is_muted=True)
        return answer

    async def accept_answer(self, carrier: MediaCarrier, answer: bytes) -> None:
        """Have a tab take the far side's answer.

        Raises:
            MediaError: It did not.
        """
        await self._do(carrier, MediaOrder(op=MediaOp.ACCEPT_ANSWER, sdp=_text(answer)))

    async def rollback(self, carrier: MediaCarrier) -> None:
        """Have a tab forget its offer.

        Raises:
            MediaError: It did not.
        """
        await self._do(carrier, MediaOrder(op=MediaOp.ROLLBACK))

    async def set_muted(self, carrier: MediaCarrier, *, is_muted: bool) -> None:
        """Have a tab send silence, or its microphone again.

        Raises:
            MediaError: It did not.
        """
        await self._do(carrier, MediaOrder(op=MediaOp.SET_MUTED, is_muted=is_muted))

    async def send_digits(
        self, carrier: MediaCarrier, digits: str, *, duration: float, gap: float
    ) -> None:
        """Have a tab send RFC 4733 events.

        Raises:
            MediaError: It did not.
            InvalidState: They were not agreed.
        """
        order = MediaOrder(op=MediaOp.SEND_DIGITS, digits=digits, duration=duration, gap=gap)
        limit = self._limit + len(digits) * (duration + gap)
        await carrier.carry(self._media, order, limit=limit)

    async def _describe(self, carrier: MediaCarrier, order: MediaOrder) -> str:
        sdp = await self._do(carrier, order)
        if not sdp:
            raise MediaError(f"The tab gave no description to {order.op}")
        return sdp

    async def _do(self, carrier: MediaCarrier, order: MediaOrder) -> str:
        try:
            return await carrier.carry(self._media, order, limit=self._limit)
        except InvalidState as error:
            raise MediaError(error.message) from error


def _text(description: bytes) -> str:
    return description.decode("utf-8", "replace")
