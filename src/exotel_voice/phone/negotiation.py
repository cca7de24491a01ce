"""Offers and answers of one call, one after the other (RFC 3264): hold, resume, repair, restart.

What this side wants and what the far side has confirmed are kept apart. One worker per call touches
the media session; it answers the far side's offers first, and then offers until what is confirmed
is what is wanted. So a hold and a resume at once end unheld, whatever the timing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from exotel_voice.errors import (
    ExotelVoiceError,
    InvalidState,
    MediaError,
    MediaUnavailable,
    RequestRefused,
)
from exotel_voice.media.base import Direction
from exotel_voice.phone import events
from exotel_voice.phone.details import EndCause
from exotel_voice.sip import events as sip

if TYPE_CHECKING:
    from exotel_voice.phone.leg import Leg

__all__ = ["Negotiation"]

logger = logging.getLogger("exotel_voice.phone")

Job = Callable[[], Awaitable[None]]
PENDING: Final = 491
"""The far side's own offer came while ours waited; ours is made anew after it (RFC 3261 §14.1)."""
FAR_END_GONE: Final = frozenset({408, 481})
"""Answers to a re-INVITE that say that the far side has no such call (RFC 3261 §12.2.1.2)."""
STILL_BUSY: Final = 500
"""The far side has not done with an earlier re-INVITE, whose connection broke (RFC 3261 §14.2)."""
REPAIR_PAUSE: Final = 1.0
"""Seconds before a re-INVITE that repairs a dialog is sent again after a 500."""
REPAIR_TRIES: Final = 5


class _Offered(NamedTuple):
    """What one offer of this side is for."""

    is_held: bool
    is_restart: bool
    is_repair: bool


class Negotiation:
    """The session descriptions of one call.

    Args:
        leg: The call.

    Attributes:
        is_on_hold: Whether the far side has confirmed that this side holds it.
        is_stale: Whether the far side has yet to answer over the present connection.
    """

    def __init__(self, leg: Leg) -> None:
        self._leg = leg
        self._jobs: deque[Job] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._wish = False
        self._wants_restart = False
        self._offered: _Offered | None = None
        self._is_paused = False
        self._needs_repair = False
        self._tries_left = 0
        self._pause_timer: asyncio.TimerHandle | None = None
        self._waiters: list[asyncio.Future[None]] = []
        self.is_on_hold = False
        self.is_stale = False

    # -- wishes ----------------------------------------------------------------------------------

    async def set_hold(self, wish: bool) -> None:  # noqa: FBT001 - a setter of one value
        """Hold the far side or let it go, and wait for its answer.

        Returns when all is confirmed; a later wish replaces an earlier one.

        Raises:
            RequestRefused: The far side refused.
            MediaUnavailable: The engine can offer nothing for the moment; all is as it was.
            InvalidState: The call ended first.
        """
        self._wish = wish
        await self._settled()

    async def restart(self) -> None:
        """Look for a new path for the audio, and wait until the far side has agreed to that.

        Raises:
            RequestRefused: The far side refused.
            MediaError: The engine cannot make the offer; the call goes on.
            InvalidState: The call ended first.
        """
        self._wants_restart = True
        await self._settled()

    async def _settled(self) -> None:
        if not self._has_work():
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self.wake()
        await waiter

    def refresh(self, *, is_restart: bool = False) -> None:
        """Send one re-INVITE over the present connection: registering alone repairs no dialog.

        Args:
            is_restart: Whether it also looks for a new path for the audio.
        """
        self._wants_restart = self._wants_restart or is_restart
        self._is_paused = False
        self._tries_left = REPAIR_TRIES
        self._repair()

    def pause(self) -> None:
        """The connection is gone: nothing is offered before `refresh`."""
        self.is_stale = self._is_paused = True
        self._needs_repair = False
        self._stop_pause()

    def resume(self) -> None:
        """There is a connection again, for a call that has nothing yet to repair."""
        self.is_stale = self._is_paused = False

    # -- what happens ----------------------------------------------------------------------------

    def add(self, job: Job) -> None:
        """Do something with the media session, after what is being done now."""
        self._jobs.append(job)
        self.wake()

    def handle(self, event: sip.Event) -> None:
        """Take an event of the user agent about descriptions."""
        match event:
            case sip.OfferReceived() | sip.AnswerRequested():
                self.add(partial(self._answer, event.offer))
            case sip.OfferRequested():
                self.add(self._provide)
            case sip.AnswerReceived():
                self.add(partial(self._accept, event.answer))
            case sip.OfferRejected():
                was_lost = not self._leg.line.driver.is_connected
                self.add(partial(self._refused, event, was_lost=was_lost))
            case _:
                pass

    def wake(self) -> None:
        """See whether there is something to do, and begin with it."""
        if self._worker is not None and not self._worker.done():
            return
        if self._jobs or self._can_offer():
            name = f"negotiate audio of {self._leg.call_id}"
            self._worker = self._leg.line.supervisor.start(self._work(), name=name)

    def end(self) -> None:
        """The call is over: nothing is negotiated any more."""
        self._jobs.clear()
        self._stop_pause()
        if self._worker is not None and self._worker is not asyncio.current_task():
            self._worker.cancel()
        self._settle(InvalidState("the call has ended", call_id=self._leg.call_id))

    # -- the worker ------------------------------------------------------------------------------

    async def _work(self) -> None:
        while not self._leg.is_ended:
            if self._jobs:
                await self._jobs.popleft()()
            elif self._can_offer():
                await self._offer()
            else:
                break
        if not self._has_work():
            self._settle(None)

    def _has_work(self) -> bool:
        is_wished = self._wish != self.is_on_hold or self._wants_restart
        return is_wished or self._offered is not None

    def _can_offer(self) -> bool:
        leg = self._leg
        if self._offered is not None or not leg.is_answered or leg.session is None:
            return False
        if not self._has_work() and not self._needs_repair:
            return False
        if self._is_paused or self._pause_timer is not None:
            return False
        session = leg.session
        return leg.line.driver.is_connected and leg.line.driver.look(
            lambda agent: agent.can_offer(session)
        )

    async def _offer(self) -> None:
        offered = _Offered(self._wish, self._wants_restart, self._needs_repair)
        media = self._leg.media
        try:
            offer = await media.create_offer(
                direction=_direction(is_held=offered.is_held), ice_restart=offered.is_restart
            )
        except MediaError as error:
            if not offered.is_restart and not isinstance(error, MediaUnavailable):
                self._leg.ending.fail(error)
                return
            logger.warning("nothing can be offered for the moment: %s", error)
            self._give_up(error)
            return
        is_wanted = offered == _Offered(self._wish, self._wants_restart, self._needs_repair)
        if self._jobs or not is_wanted or not self._can_offer():
            await media.rollback()
            return
        self._offered = offered
        self._needs_repair = self._wants_restart = False
        self._leg.command(lambda agent, session, now: agent.offer(session, sdp=offer, now=now))

    def _give_up(self, error: ExotelVoiceError) -> None:
        """Wish nothing any more but what is; a repair waits for the next wish."""
        self._wish = self.is_on_hold
        self._wants_restart = self._needs_repair = False
        error.call_id = self._leg.call_id
        self._settle(error)

    async def _answer(self, offer: bytes) -> None:
        """Answer the far side's offer; without our codecs it is refused and all stays as it was."""
        direction = _direction(is_held=self._wish or self.is_on_hold)
        try:
            answer = await self._leg.media.create_answer(offer, direction=direction)
        except MediaError as error:
            self._refuse(error)
            return
        self._leg.command(
            lambda agent, session, now: agent.answer_offer(session, sdp=answer, now=now)
        )

    async def _provide(self) -> None:
        """Offer because the far side asks for an offer (RFC 3261 §14.2)."""
        try:
            offer = await self._leg.media.create_offer(
                direction=_direction(is_held=self.is_on_hold)
            )
        except MediaUnavailable as error:
            self._refuse(error)
            return
        except MediaError as error:
            self._leg.ending.fail(error)
            return
        self._leg.command(
            lambda agent, session, now: agent.provide_offer(session, sdp=offer, now=now)
        )

    def _refuse(self, error: MediaError) -> None:
        """Refuse what the far side wants with 488, so that all stays as it was (RFC 3261 §14.2).

        A 480, which fits an engine that is away for the moment, would end the call (RFC 5057 §5.1).
        """
        logger.warning(
            "refused a new session description: %s", error, extra={"call_id": self._leg.call_id}
        )
        self._leg.command(lambda agent, session, now: agent.reject_offer(session, now=now))

    async def _accept(self, answer: bytes) -> None:
        offered, self._offered = self._offered, None
        try:
            await self._leg.media.accept_answer(answer)
        except MediaError as error:
            self._leg.ending.fail(error)
            return
        if offered is not None:
            self._confirm(is_held=offered.is_held)

    async def _refused(self, event: sip.OfferRejected, *, was_lost: bool) -> None:
        offered, self._offered = self._offered, None
        await self._leg.media.rollback()
        is_busy = self.is_stale and event.status == STILL_BUSY and self._tries_left > 0
        if offered is not None and (was_lost or is_busy or event.status == PENDING):
            self._wants_restart = self._wants_restart or offered.is_restart
        if was_lost:
            return  # The offer died with its connection; `refresh` brings the next one.
        if event.status == PENDING:
            self._needs_repair = offered is not None and offered.is_repair
            return
        if event.status in FAR_END_GONE:
            self._leg.ending.give_up(
                EndCause.TIMEOUT, status=event.status, reason="the far side has no such call"
            )
            return
        if is_busy:
            self._tries_left -= 1
            loop = asyncio.get_running_loop()
            self._pause_timer = loop.call_later(REPAIR_PAUSE, self._repair)
            return
        self._reconnected()
        self._give_up(
            RequestRefused(
                f"the far side refused to change the call: {event.status} {event.reason}",
                status=event.status,
                reason=event.reason,
            )
        )

    def _repair(self) -> None:
        self._pause_timer = None
        self.is_stale = True
        self._needs_repair = True
        self.wake()

    def _stop_pause(self) -> None:
        if self._pause_timer is not None:
            self._pause_timer.cancel()
            self._pause_timer = None

    # -- results ---------------------------------------------------------------------------------

    def _confirm(self, *, is_held: bool) -> None:
        has_changed = is_held != self.is_on_hold
        self.is_on_hold = is_held
        self._reconnected()
        if has_changed:
            kind = events.CallHeld if is_held else events.CallResumed
            self._leg.line.hub.emit(kind(call_id=self._leg.call_id))

    def _reconnected(self) -> None:
        if self.is_stale:
            self.is_stale = False
            self._leg.line.hub.emit(
                events.CallReconnected(call_id=self._leg.call_id, part="signalling")
            )

    def _settle(self, error: ExotelVoiceError | None) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if waiter.done():
                continue
            if error is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(error)


def _direction(*, is_held: bool) -> Direction:
    """Hold is asked for with sendonly (RFC 6337 §5.3)."""
    return Direction.SENDONLY if is_held else Direction.SENDRECV
