"""The signalling of a call whose audio the sandbox makes itself: offers, transfer, digits, end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

from exotel_voice.errors import InvalidState, MediaError
from exotel_voice.media.base import Direction, MediaSession
from exotel_voice.sandbox.switchboard import SessionEvent, Switchboard
from exotel_voice.sip.addresses import normalise_target
from exotel_voice.sip.events import (
    AnswerReceived,
    OfferReceived,
    OfferRejected,
    OfferRequested,
    SessionId,
    TransferProgressed,
)

__all__ = ["PartyControl"]

logger = logging.getLogger(__name__)

NOT_ACCEPTABLE_HERE: Final = 488


class PartyControl:
    """Keeps audio and descriptions of one session in step (RFC 3264), and does the party's wishes.

    Args:
        switchboard: Where the session lives.
        session: The session.
        media: Its audio.
        start: Runs work that must wait, for as long as the session lives.
        on_failure: Told when the audio cannot go on.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        session: SessionId,
        media: MediaSession,
        *,
        start: Callable[[Coroutine[Any, Any, None], str], None],
        on_failure: Callable[[MediaError], None],
    ) -> None:
        self._switchboard = switchboard
        self._agent = switchboard.agent
        self._session = session
        self._media = media
        self._start = start
        self._on_failure = on_failure
        self._change: asyncio.Future[bool] | None = None
        self._transfer: asyncio.Future[int] | None = None

    def handle(self, event: SessionEvent) -> None:
        """Take an event about descriptions or about a transfer; others do not matter."""
        match event:
            case OfferReceived():
                self._start(self._answer(event.offer), "answer an offer")
            case OfferRequested():
                self._start(self._provide(), "make an offer")
            case AnswerReceived():
                self._start(self._accept(event.answer), "take an answer")
            case OfferRejected():
                self._start(self._roll_back(), "take an offer back")
            case TransferProgressed() if event.is_final:
                if self._transfer is not None and not self._transfer.done():
                    self._transfer.set_result(event.status)
            case _:
                pass

    async def change_direction(self, direction: Direction) -> bool:
        """Offer another direction, and wait; True when the far side took it."""
        try:
            sdp = await self._media.create_offer(direction=direction)
        except MediaError as error:
            self._on_failure(error)
            return False
        self._change = asyncio.get_running_loop().create_future()
        try:
            with self._switchboard.turn() as now:
                self._agent.offer(self._session, sdp=sdp, now=now)
        except InvalidState:
            await self._media.rollback()
            return False
        return await self._change

    async def transfer(self, target: str) -> int:
        """Ask the phone to call somebody else, and wait for the status that came of it.

        Args:
            target: Whom: an account, a party or a SIP or tel URI.
        """
        uri = normalise_target(target, self._switchboard.domain)
        self._transfer = asyncio.get_running_loop().create_future()
        with self._switchboard.turn() as now:
            self._agent.transfer(self._session, uri, now=now)
        return await self._transfer

    def send_digit(self, digit: str) -> None:
        """Send a digit to the phone by INFO."""
        with self._switchboard.turn() as now:
            self._agent.send_digit(self._session, digit, now=now)

    def hang_up(self, *, reason: str) -> None:
        """End the session; nothing happens if it is over."""
        self._switchboard.hang_up(self._session, reason=reason)

    # -- what follows from events -------------------------------------------------------------

    async def _answer(self, offer: bytes) -> None:
        try:
            sdp = await self._media.create_answer(offer)
        except MediaError as error:
            logger.warning("an offer was refused: %s", error.message)
            with self._switchboard.turn() as now:
                self._agent.reject_offer(self._session, now=now, status=NOT_ACCEPTABLE_HERE)
            return
        with self._switchboard.turn() as now:
            self._agent.answer_offer(self._session, sdp=sdp, now=now)

    async def _provide(self) -> None:
        try:
            sdp = await self._media.create_offer()
        except MediaError as error:
            self._on_failure(error)
            return
        with self._switchboard.turn() as now:
            self._agent.provide_offer(self._session, sdp=sdp, now=now)

    async def _accept(self, answer: bytes) -> None:
        try:
            await self._media.accept_answer(answer)
        except MediaError as error:
            self._on_failure(error)
            return
        self._settle(was_taken=True)

    async def _roll_back(self) -> None:
        await self._media.rollback()
        self._settle(was_taken=False)

    def _settle(self, *, was_taken: bool) -> None:
        if self._change is not None and not self._change.done():
            self._change.set_result(was_taken)
