"""The audio of one call in a browser tab, from the phone's side; see `browser.py`.

The tab that carries a call may change, or be absent for a while: the session outlives it. The far
side sees one agent all the time (`browser_sdp.py`).
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Final

from exotel_voice.errors import InvalidState, MediaError, MediaUnavailable
from exotel_voice.media.base import (
    Direction,
    MediaConnected,
    MediaEvent,
    MediaFailed,
    MediaInterrupted,
    MediaStats,
    PcmWriter,
)
from exotel_voice.media.browser_carrier import MediaCarrier
from exotel_voice.media.browser_custody import Custody
from exotel_voice.media.browser_orders import BrowserOrders
from exotel_voice.media.browser_preparation import Preparation
from exotel_voice.media.browser_sdp import OriginKeeper, codec_of, has_telephone_event, is_other_end

__all__ = ["BrowserSession"]

logger = logging.getLogger("exotel_voice.media")

_ELSEWHERE: Final = "The audio of this call is in a browser tab"


class BrowserSession:
    """The audio of one call; see `MediaSession` for what each method does.

    Args:
        carriers: Gives the tabs that may be asked while none has the call.
        limit: Seconds that a tab may take over one request.
        on_event: Takes what happens.
        on_closed: Called once, at the end of the session.

    Attributes:
        id: Names the session between gateway and tab.
        is_agreed: Whether a description was agreed on, so that some tab had the call.
    """

    def __init__(
        self,
        *,
        carriers: Callable[[], Sequence[MediaCarrier]],
        limit: float,
        on_event: Callable[[MediaEvent], None],
        on_closed: Callable[[BrowserSession], None],
    ) -> None:
        self.id = secrets.token_hex(8)
        self.is_agreed = False
        self._carriers = carriers
        self._orders = BrowserOrders(self.id, limit=limit)
        self._on_event = on_event
        self._on_closed = on_closed
        self._origin = OriginKeeper()
        self._preparation: Preparation | None = None
        self._custody = Custody(self.id)
        self._fresh: tuple[str, Direction] | None = None
        self._answered: tuple[bytes, Direction] | None = None
        self._local = self._remote = b""
        self._is_muted = False
        self._is_over = self._is_closed = False
        self._has_connected = False
        self._codec = ""

    # -- whose call it is ------------------------------------------------------------------------

    @property
    def carrier(self) -> MediaCarrier | None:
        """The tab that has the call; None while nobody has it."""
        return self._custody.carrier

    @property
    def last_carrier(self) -> MediaCarrier | None:
        """The tab that has the call, or had it last."""
        return self._custody.last

    def bind(self, carrier: MediaCarrier) -> None:
        """Give the call to a tab: the one whose user answers or dials, or that is back."""
        self._custody.bind(carrier)

    def release(self, carrier: MediaCarrier) -> bool:
        """Take the call from a tab that is gone; tell whether it had it."""
        if self._preparation is not None and self._preparation.carrier is carrier:
            self._preparation = None
        return self._custody.release(carrier)

    async def take_over(self, carrier: MediaCarrier, *, direction: Direction) -> None:
        """Have another tab make the next offer, and give it the call.

        The tab that had it goes on until the far side has answered that offer; after a failure
        `give_back` lets it keep the call.

        Args:
            carrier: The tab that is to have the call.
            direction: The wish of the offer that follows.

        Raises:
            MediaError: The tab cannot; the call stays where it was.
        """
        self._require_living()
        try:
            offer = await self._orders.offer(carrier, direction=direction, ice_restart=True)
            if self._is_muted:
                await self._orders.set_muted(carrier, is_muted=True)
        except MediaError:
            carrier.dismiss(self.id)
            raise
        self._fresh = (offer, direction)
        self._custody.begin_change(carrier)

    def give_back(self) -> None:
        """Let the tab that had the call keep it: the far side did not agree to the change."""
        self._fresh = None
        self._custody.undo()

    # -- MediaSession ----------------------------------------------------------------------------

    async def prepare(self, offer: bytes) -> None:
        """Have the first tab make the answer while it rings; never raises."""
        carriers = self._carriers()
        if not carriers or self._is_over:
            return
        self._preparation = preparation = Preparation(offer, carriers[0])
        await preparation.make(self._orders)

    async def create_offer(
        self, *, direction: Direction = Direction.SENDRECV, ice_restart: bool = False
    ) -> bytes:
        """Have the tab make a description to offer, see `MediaSession.create_offer`."""
        self._require_living()
        fresh, self._fresh = self._fresh, None
        if fresh is not None and fresh[1] is direction:
            sdp = fresh[0]
        else:
            sdp = await self._ask(
                lambda carrier: self._orders.offer(
                    carrier, direction=direction, ice_restart=ice_restart
                )
            )
        self._local = self._origin.stamp(sdp)
        self._answered = None
        return self._local

    async def create_answer(
        self, offer: bytes, *, direction: Direction = Direction.SENDRECV
    ) -> bytes:
        """Have the tab answer the far side's offer, see `MediaSession.create_answer`.

        An offer that is the same as the last one, as a session timer repeats it (RFC 4028 §7.4),
        gets the same answer, also while no tab has the call.
        """
        self._require_living()
        if self._answered == (offer, direction):
            return self._local
        sdp = await self._ask(lambda carrier: self._answer(carrier, offer, direction))
        self._local, self._remote = self._origin.stamp(sdp), offer
        self._codec = codec_of(self._local)
        self._answered = (offer, direction)
        self._agreed()
        return self._local

    async def accept_answer(self, answer: bytes) -> None:
        """Have the tab take the far side's answer, see `MediaSession.accept_answer`.

        While no tab has the call the answer is only noted: the next tab begins with a new offer.
        """
        self._require_living()
        if self.is_agreed and answer == self._remote and not self._custody.is_changing:
            return
        carrier = self.carrier
        self._codec = codec_of(answer)
        if carrier is not None:
            try:
                await self._orders.accept_answer(carrier, answer)
            except MediaUnavailable:
                if self.carrier is carrier:
                    raise
        self._remote = answer
        self._agreed()

    async def rollback(self) -> None:
        """Have the tab forget its last offer, see `MediaSession.rollback`."""
        if self.carrier is None or self._is_over:
            return
        try:
            await self._orders.rollback(self.carrier)
        except MediaError as error:
            logger.warning("a tab did not take its offer back: %s", error.message)

    async def set_muted(self, muted: bool) -> None:  # noqa: FBT001 - as in MediaSession
        """Have the tab send silence, or its microphone again; kept when another tab takes over.

        Raises:
            MediaUnavailable: The tab did not confirm it.
        """
        self._is_muted = muted
        if self.carrier is not None and not self._is_over:
            await self._orders.set_muted(self.carrier, is_muted=muted)

    async def send_digits(self, digits: str, *, duration: float = 0.16, gap: float = 0.07) -> None:
        """Have the tab send digits as RFC 4733 events, see `MediaSession.send_digits`."""
        if self.carrier is None:
            raise InvalidState("No browser tab has the audio of the call")
        await self._orders.send_digits(self.carrier, digits, duration=duration, gap=gap)

    @property
    def can_send_digits(self) -> bool:
        """Whether telephone-event was agreed and a tab has the call."""
        both = has_telephone_event(self._local) and has_telephone_event(self._remote)
        return both and self.carrier is not None

    def audio_in(self) -> AsyncGenerator[bytes]:
        """Refuse: the audio is not in this process.

        Raises:
            InvalidState: Always.
        """
        raise InvalidState(_ELSEWHERE)

    @property
    def audio_out(self) -> PcmWriter:
        """Refuse: the audio is not in this process.

        Raises:
            InvalidState: Always.
        """
        raise InvalidState(_ELSEWHERE)

    async def stats(self) -> MediaStats:
        """Give what the tabs have told, counts added up over the tabs that had the call.

        Raises:
            MediaUnavailable: The tab that has the call has told nothing for a while, or is gone.
        """
        return self._custody.stats(codec=self._codec)

    async def aclose(self) -> None:
        """End the session and tell the tabs."""
        if self._is_closed:
            return
        self._is_closed = self._is_over = True
        prepared = None if self._preparation is None else self._preparation.carrier
        self._custody.dismiss(prepared)
        self._on_closed(self)

    # -- what a tab tells ------------------------------------------------------------------------

    def connected(self) -> None:
        """Take note that audio can flow, as the tab that has the call tells."""
        if not self._is_over:
            self._has_connected = True
            self._on_event(MediaConnected(codec=self._codec))

    def failed(self, error: MediaError) -> None:
        """Take note that the tab that has the call found no path, or lost the one it had."""
        if self._is_over:
            return
        if self._has_connected:
            self._on_event(MediaInterrupted(error=error))
        else:
            self._is_over = True
            self._on_event(MediaFailed(error=error))

    def told_stats(self, stats: MediaStats) -> None:
        """Take the counters of the tab that has the call, since it has it."""
        self._custody.take_stats(stats)

    # -- inside ----------------------------------------------------------------------------------

    def _require_living(self) -> None:
        if self._is_over:
            raise MediaError("The audio of the call has ended")

    async def _ask(self, work: Callable[[MediaCarrier], Awaitable[str]]) -> str:
        """Ask the tab that has the call, or one after the other while none has had it yet."""
        why: MediaUnavailable | None = None
        for carrier in self._candidates():
            try:
                sdp = await work(carrier)
            except MediaUnavailable as error:
                logger.warning("a tab is passed over: %s", error.message)
                if not self.is_agreed:
                    carrier.dismiss(self.id)
                why = error
                continue
            self._require_living()
            self.bind(carrier)
            return sdp
        raise why or MediaUnavailable("No browser tab has the audio of the call")

    def _candidates(self) -> list[MediaCarrier]:
        own = [] if self.carrier is None else [self.carrier]
        if self.is_agreed:
            return own
        return own + [carrier for carrier in self._carriers() if carrier not in own]

    async def _answer(self, carrier: MediaCarrier, offer: bytes, direction: Direction) -> str:
        preparation, self._preparation = self._preparation, None
        if preparation is not None and preparation.carrier is not carrier:
            preparation.carrier.dismiss(self.id)
        elif preparation is not None and direction is Direction.SENDRECV:
            sdp = await preparation.answer_to(offer)
            if sdp:
                return sdp
        if not self.is_agreed or not is_other_end(offer, self._remote):
            return await self._orders.answer(carrier, offer, direction)
        self._custody.renewed()
        try:
            muted = self._is_muted
            return await self._orders.answer_anew(carrier, offer, direction, is_muted=muted)
        except MediaError as error:
            # The call goes on with the former far end, to which there is no connection any more.
            self._on_event(MediaInterrupted(error=error))
            raise

    def _agreed(self) -> None:
        self.is_agreed = True
        self._fresh = None
        self._custody.confirm()
