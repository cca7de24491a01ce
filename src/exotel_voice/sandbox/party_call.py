"""A call in which the sandbox is one end itself: signalling and audio of a simulated party."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from exotel_voice.errors import InvalidState, MediaError
from exotel_voice.media.base import (
    DigitHeard,
    MediaConnected,
    MediaEngine,
    MediaEvent,
    MediaFailed,
    MediaInterrupted,
    MediaSession,
)
from exotel_voice.sandbox.fork import Failure, Fork, Invitation
from exotel_voice.sandbox.outcomes import status_of_end, status_of_failure
from exotel_voice.sandbox.parties.line import Line
from exotel_voice.sandbox.parties.party import Party
from exotel_voice.sandbox.party_control import PartyControl
from exotel_voice.sandbox.records import CallRecord, CallStatus, LegRecord
from exotel_voice.sandbox.registrar import Binding
from exotel_voice.sandbox.switchboard import SessionEvent, Switchboard
from exotel_voice.sip.events import (
    CallAnswered,
    CallConfirmed,
    CallEnded,
    CallProgressed,
    DigitReceived,
    InviteReceived,
    RemoteHoldChanged,
    SessionId,
    TransferRequested,
)

__all__ = ["PartyCall"]

logger = logging.getLogger(__name__)

NOT_ACCEPTABLE_HERE: Final = 488
NO_ANSWER: Final = 480
NO_AUDIO: Final = 503


class PartyCall:
    """One session whose near end is a party.

    Args:
        switchboard: Where the session lives.
        engine: Makes its audio.
        record: The call.
        leg: The leg on which the phone is.
        party: Who talks to the phone.
        is_whole_call: Whether the record's course is that of this session; False for one of two
            legs that the HTTP API joins.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        engine: MediaEngine,
        record: CallRecord,
        leg: LegRecord,
        party: Party,
        *,
        is_whole_call: bool = True,
    ) -> None:
        self.record = record
        self.party = party
        self.up = asyncio.Event()
        """Set when the phone and the party talk; also when the session is over."""
        self.over = asyncio.Event()
        """Set when the session is over."""
        self.failure: Failure | None = None
        """Why a phone that was called did not answer."""
        self.session: SessionId | None = None
        """The session, once there is one."""
        self.line: Line | None = None
        """The party's end of the call, once there is a session with audio."""
        self.on_transfer: Callable[[PartyCall, TransferRequested], None] | None = None
        """Told when the phone wants the party to call somebody else."""
        self._leg = leg
        self._is_whole_call = is_whole_call
        self._switchboard = switchboard
        self._agent = switchboard.agent
        self._engine = engine
        self._media: MediaSession | None = None
        self._fork: Fork | None = None
        self._control: PartyControl | None = None
        self._early_answer: bytes | None = None
        self._limit: asyncio.TimerHandle | None = None
        self._work: set[asyncio.Task[None]] = set()

    @property
    def media(self) -> MediaSession:
        """The audio of the call."""
        if self._media is None:
            self._media = self._engine.open_session(on_event=self._hear_of_media)
        return self._media

    # -- a phone calls the party --------------------------------------------------------------

    def take(self, invite: InviteReceived, *, ring_for: float) -> None:
        """Take the call of a phone, as the party's plan says.

        Args:
            invite: The INVITE; its session is this call's from now on.
            ring_for: Seconds after which a party that does not answer gives way to 480.
        """
        self.session = invite.session
        self.record.begin()
        self.record.carried_by(self.end)
        plan = self.party.plan
        now = self._switchboard.now
        if plan.refuse_with is not None:
            self._agent.reject(invite.session, now=now, status=plan.refuse_with)
            return
        self._agent.ring(invite.session, now=now)
        self._advance(CallStatus.RINGING)
        if plan.answer_after is None or plan.answer_after >= ring_for:
            loop = asyncio.get_running_loop()
            self._limit = loop.call_later(ring_for, self._give_up, invite.session)
        else:
            self._start(self._answer(invite, plan.answer_after), "answer")

    def _give_up(self, session: SessionId) -> None:
        with self._switchboard.turn() as now:
            self._agent.reject(session, now=now, status=NO_ANSWER, reason="No Answer")

    async def _answer(self, invite: InviteReceived, after: float) -> None:
        await asyncio.sleep(after)
        try:
            if invite.offer is None:
                sdp = await self.media.create_offer()
            else:
                sdp = await self.media.create_answer(invite.offer)
        except MediaError as error:
            logger.warning("the party cannot take this description: %s", error.message)
            with self._switchboard.turn() as now:
                self._agent.reject(invite.session, now=now, status=NOT_ACCEPTABLE_HERE)
            return
        self._take_line(invite.session)
        with self._switchboard.turn() as now:
            self._agent.answer(invite.session, sdp=sdp, now=now)
        if invite.offer is not None:
            self._talk()

    # -- the party calls a phone --------------------------------------------------------------

    def call(self, bindings: Sequence[Binding], invitation: Invitation, *, ring_for: float) -> None:
        """Ring an account's phones; the offer is the party's own."""
        if self._is_whole_call:
            self.record.carried_by(self.end)
        if not bindings:
            self.failed(Failure(status=NO_ANSWER, reason="Not Registered"))
            return
        self._start(self._dial(bindings, invitation, ring_for), "dial")

    async def _dial(
        self, bindings: Sequence[Binding], invitation: Invitation, ring_for: float
    ) -> None:
        try:
            offer = await self.media.create_offer()
        except MediaError as error:
            self.failed(Failure(status=NO_AUDIO, reason=error.message))
            return
        self._fork = Fork(self._switchboard, self, ring_for=ring_for)
        self._fork.begin(bindings, invitation.with_offer(offer))
        self.record.begin()

    def progressed(self, event: CallProgressed, *, is_alone: bool) -> None:
        """Note that a phone rings."""
        if is_alone and event.answer is not None:
            self._early_answer = event.answer
        self._advance(CallStatus.RINGING)

    def won(self, session: SessionId, event: CallAnswered) -> None:
        """Talk to the phone that answered."""
        self.session = session
        self._switchboard.own(session, self)
        self._take_line(session)
        answer = event.answer or self._early_answer
        if answer is None:
            self._switchboard.hang_up(session, reason="the answer has no description")
        else:
            self._start(self._take_answer(answer), "take the answer")

    async def _take_answer(self, answer: bytes) -> None:
        try:
            await self.media.accept_answer(answer)
        except MediaError as error:
            self._audio_failed(error)
        else:
            self._talk()

    def failed(self, failure: Failure) -> None:
        """Note that nobody answers."""
        self.failure = failure
        self._finish(status_of_failure(failure), failure.status, failure.reason)

    # -- the call is up -----------------------------------------------------------------------

    def _take_line(self, session: SessionId) -> None:
        self._control = PartyControl(
            self._switchboard,
            session,
            self.media,
            start=self._start,
            on_failure=self._audio_failed,
        )
        self.line = Line(self.record, self._leg, self.media, self._control)

    def _talk(self) -> None:
        if self.up.is_set() or self.line is None:
            return
        self._advance(CallStatus.IN_PROGRESS)
        self.up.set()
        self._start(self.line.listen(), "listen")
        self._start(self._run_party(self.line), "talk")

    async def _run_party(self, line: Line) -> None:
        try:
            await self.party.talk(line)
        except InvalidState as error:
            logger.debug("the party fell silent: %s", error.message)

    def handle(self, event: SessionEvent) -> None:
        """Take an event of the session."""
        if self._control is not None:
            self._control.handle(event)
        match event:
            case CallConfirmed() if event.answer is not None:
                self._start(self._take_answer(event.answer), "take the answer")
            case RemoteHoldChanged():
                self.record.is_held = event.is_held
                self.record.changed()
            case DigitReceived():
                self._take_digit(event.digit, method="info", duration=event.duration)
            case TransferRequested() if self.on_transfer is not None:
                self.on_transfer(self, event)
            case CallEnded():
                was_answered = self.up.is_set()
                status = status_of_end(event, was_answered=was_answered)
                self._finish(status, event.status, event.reason or str(event.cause))
            case _:
                pass

    def _take_digit(self, digit: str, *, method: str, duration: float | None) -> None:
        self.record.note_digit(digit, method=method, duration=duration)
        if self.line is not None:
            self.line.take_digit(digit)

    def _hear_of_media(self, event: MediaEvent) -> None:
        match event:
            case DigitHeard():
                self._take_digit(event.digit, method="rfc4733", duration=event.duration)
            case MediaConnected():
                self.record.codec = event.codec
                self.record.changed()
            case MediaInterrupted():
                # The phone looks for another path, or hangs up.
                logger.info("the audio of a call is interrupted: %s", event.error.message)
            case MediaFailed():
                self._audio_failed(event.error)

    def _audio_failed(self, error: MediaError) -> None:
        logger.warning("the audio of a call failed: %s", error.message)
        if self.session is not None:
            self._switchboard.hang_up(self.session, reason=error.message)

    # -- the end ------------------------------------------------------------------------------

    def end(self) -> None:
        """End the session, or stop ringing."""
        if self.session is not None:
            self._switchboard.hang_up(self.session, reason="ended by the sandbox")
        else:
            if self._fork is not None:
                self._fork.cancel()
            self.failed(Failure(status=487, reason="ended by the sandbox"))

    def _advance(self, status: CallStatus) -> None:
        self._leg.advance(status)
        if self._is_whole_call:
            self.record.advance(status)

    def _finish(self, status: CallStatus, sip_status: int, reason: str) -> None:
        if self.over.is_set():
            return
        self.over.set()
        self.up.set()
        if self._limit is not None:
            self._limit.cancel()
        self._leg.advance(status)
        if self._is_whole_call:
            self.record.finish(status, sip_status=sip_status, reason=reason)
        for task in list(self._work):
            task.cancel()
        if self._media is not None:
            self._switchboard.tasks.start(self._media.aclose(), name="close the audio")

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = self._switchboard.tasks.start(work, name=f"{name} ({self.record.sid[:8]})")
        self._work.add(task)
        task.add_done_callback(self._work.discard)
