"""The inside of a call: follows one SIP session and one media session from beginning to end.

`call.py` is what the application sees of it. Here is what each event of the two sessions means for
the call. It begins in `opening.py` and ends in `ending.py`; later offers are in `negotiation.py`,
digits in `dtmf.py`, transfers in `transfer.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from exotel_voice.errors import InvalidState, MediaError
from exotel_voice.media.base import (
    DigitHeard,
    MediaConnected,
    MediaEvent,
    MediaFailed,
    MediaInterrupted,
)
from exotel_voice.phone import events
from exotel_voice.phone.details import CallDirection, CallState
from exotel_voice.phone.dtmf import DigitSender
from exotel_voice.phone.ending import Ending
from exotel_voice.phone.line import Line
from exotel_voice.phone.media_repair import MediaRepair
from exotel_voice.phone.media_watch import MediaWatch
from exotel_voice.phone.negotiation import Negotiation
from exotel_voice.phone.opening import Opening
from exotel_voice.phone.record import CallRecord
from exotel_voice.phone.transfer import TransferDesk
from exotel_voice.sip import events as sip
from exotel_voice.sip.agent import UserAgent

__all__ = ["Leg"]

logger = logging.getLogger("exotel_voice.phone")

T = TypeVar("T")
Observer = Callable[[int, str], None]
"""Called with the status and reason of each response to an outgoing call, and of its end."""


class Leg:
    """One call.

    Args:
        line: What it shares with its phone.
        record: What is known of it at first.
        session: The SIP session; None while an outgoing call has not been sent.
        offer: The caller's offer, for an incoming call that brought one.
    """

    def __init__(
        self,
        line: Line,
        record: CallRecord,
        *,
        session: sip.SessionId | None = None,
        offer: bytes | None = None,
    ) -> None:
        self.line = line
        self.record = record
        self.session = session
        self.call_id = record.call_id
        self.media = line.engine.open_session(on_event=self._media_event)
        self.opening = Opening(self, offer)
        self.ending = Ending(self)
        self.repair = MediaRepair(self)
        self.watch = MediaWatch(self)
        self.negotiation = Negotiation(self)
        self.digits = DigitSender(self)
        self.transfers = TransferDesk(self)
        self.observers: list[Observer] = []
        self.is_muted = False
        self.is_remote_on_hold = False
        self.is_answered = False
        self.is_ended = False
        self.settled = asyncio.Event()
        self.ended = asyncio.Event()
        self._early_answer: bytes | None = None
        self._is_ringing = False

    @property
    def state(self) -> CallState:
        """Where the call stands."""
        if self.is_ended:
            return CallState.ENDED
        if not self.is_answered:
            if self.record.direction is CallDirection.INCOMING:
                return CallState.INCOMING
            return CallState.RINGING if self._is_ringing else CallState.DIALING
        if self.negotiation.is_stale or self.repair.is_broken:
            return CallState.RECONNECTING
        return CallState.HELD if self.negotiation.is_on_hold else CallState.ACTIVE

    def command(self, wish: Callable[[UserAgent, sip.SessionId, float], T]) -> T | None:
        """Give the user agent a command about this session; one that comes too late is dropped.

        Args:
            wish: Called with the user agent, the session and the time.
        """
        session = self.session
        if session is None or self.is_ended:
            return None
        try:
            return self.line.driver.run(lambda agent, now: wish(agent, session, now))
        except InvalidState as error:
            logger.debug("too late: %s", error.message, extra={"call_id": self.call_id})
            return None

    def require(self, *allowed: CallState) -> sip.SessionId:
        """Give the session if the call is in one of these states.

        Raises:
            InvalidState: It is not.
        """
        if self.state not in allowed or self.session is None:
            names = " or ".join(state.value for state in allowed)
            raise InvalidState(
                f"the call is {self.state.value}, and it must be {names} for this",
                call_id=self.call_id,
            )
        return self.session

    # -- what happens ----------------------------------------------------------------------------

    def handle(self, event: sip.Event) -> None:
        """Take an event of the SIP session."""
        match event:
            case sip.CallProgressed():
                self._progressed(event)
            case sip.CallAnswered():
                self._answered(event)
            case sip.CallConfirmed():
                if event.answer is not None:
                    self.negotiation.add(partial(self._take_answer, event.answer))
                self.negotiation.wake()
            case sip.CallEnded():
                self.ending.handle(event)
            case sip.RemoteHoldChanged() | sip.DigitReceived() | sip.InfoReceived():
                self._tell(event)
            case sip.InfoAnswered():
                self.digits.answered(event)
            case sip.TransferRequested() | sip.TransferProgressed():
                self.transfers.handle(event)
            case _:
                self.negotiation.handle(event)

    def signalling_lost(self) -> None:
        """Take note that the SIP connection is gone; the audio goes on."""
        if self.is_answered and not self.is_ended and not self.negotiation.is_stale:
            self.negotiation.pause()
            self._emit(events.CallReconnecting(call_id=self.call_id, part="signalling"))
        else:
            self.negotiation.pause()

    def signalling_back(self, *, has_moved: bool) -> None:
        """Take note that the phone is registered over a new connection.

        Args:
            has_moved: Whether from another address, so that the audio must move as well.
        """
        if self.is_answered and not self.is_ended:
            is_restart = has_moved or self.repair.is_broken or self.watch.is_quiet
            self.negotiation.refresh(is_restart=is_restart)
        else:
            self.negotiation.resume()

    # -- inside ----------------------------------------------------------------------------------

    def _tell(self, event: sip.RemoteHoldChanged | sip.DigitReceived | sip.InfoReceived) -> None:
        """Pass on what changes nothing here but what the application may know."""
        match event:
            case sip.RemoteHoldChanged(is_held=is_held):
                self.is_remote_on_hold = is_held
                self._emit(events.RemoteHoldChanged(call_id=self.call_id, is_held=is_held))
            case sip.DigitReceived(digit=digit, duration=duration):
                self._tell_digit(digit, duration, "info")
            case sip.InfoReceived(content_type=content_type, body=body):
                self._emit(
                    events.InfoReceived(call_id=self.call_id, content_type=content_type, body=body)
                )

    def _tell_digit(self, digit: str, duration: float | None, method: events.DtmfMethod) -> None:
        self._emit(
            events.DigitReceived(
                call_id=self.call_id, digit=digit, duration=duration, method=method
            )
        )

    def _progressed(self, event: sip.CallProgressed) -> None:
        is_news = not self._is_ringing or event.answer is not None
        self._is_ringing = True
        if event.answer is not None and event.answer != self._early_answer:
            self._early_answer = event.answer
            self.negotiation.add(partial(self._take_answer, event.answer))
        for observer in tuple(self.observers):
            observer(event.status, event.reason)
        if is_news:
            self._emit(
                events.CallRinging(
                    call_id=self.call_id,
                    status=event.status,
                    has_early_media=self._early_answer is not None,
                )
            )

    def _answered(self, event: sip.CallAnswered) -> None:
        self.record.take_headers(event.headers)
        if event.answer is not None and event.answer != self._early_answer:
            self.negotiation.add(partial(self._take_answer, event.answer))
        self.connected()
        for observer in tuple(self.observers):
            observer(event.status, "OK")

    def connected(self) -> None:
        """Take note that the call is answered, here or there."""
        self.is_answered = True
        self.record.answered()
        self.settled.set()
        self._emit(events.CallConnected(call_id=self.call_id))
        self.negotiation.wake()

    async def _take_answer(self, answer: bytes) -> None:
        try:
            await self.media.accept_answer(answer)
        except MediaError as error:
            self.ending.fail(error)

    def _media_event(self, event: MediaEvent) -> None:
        if self.is_ended:
            return
        match event:
            case MediaConnected():
                self.record.established()
                self.watch.connected()
                self._emit(events.MediaConnected(call_id=self.call_id, codec=event.codec))
            case DigitHeard():
                self._tell_digit(event.digit, event.duration, "rfc4733")
            case MediaInterrupted():
                self.watch.interrupted(event.error)
            case MediaFailed():
                self.ending.fail(event.error)

    def _emit(self, event: events.CallEvent) -> None:
        self.line.hub.emit(event)
