"""A call between two accounts: a leg to each, descriptions passed across untouched.

The sandbox is a back-to-back user agent (RFC 7092 §3.1.3): the audio goes from phone to phone, and
what one of them asks inside the call (hold, a new offer, a digit, a transfer) the other is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

from exotel_voice.sandbox.fork import Failure, Fork, Invitation
from exotel_voice.sandbox.outcomes import status_of_end, status_of_failure
from exotel_voice.sandbox.records import CallRecord, CallStatus, LegRecord
from exotel_voice.sandbox.registrar import Binding
from exotel_voice.sandbox.switchboard import SessionEvent, Switchboard
from exotel_voice.sip.events import (
    AnswerReceived,
    AnswerRequested,
    CallAnswered,
    CallConfirmed,
    CallEnded,
    CallProgressed,
    DigitReceived,
    InfoReceived,
    InviteReceived,
    OfferReceived,
    OfferRejected,
    OfferRequested,
    RemoteHoldChanged,
    SessionId,
    TransferProgressed,
    TransferRequested,
)

__all__ = ["BridgedCall", "passed_headers"]

RINGING: Final = 180
NOT_ACCEPTABLE_HERE: Final = 488
PENDING: Final = 491
"""Both sides offer at once: ask again a little later (RFC 3261 §14.1)."""

DIGIT: Final = 0.24
SHORTEST_DIGIT: Final = 0.04
LONGEST_DIGIT: Final = 8.0


def passed_headers(headers: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Pick the headers of one leg that go on to the other: the application's own, `X-...`."""
    return {
        name: values[0]
        for name, values in headers.items()
        if name.lower().startswith("x-") and name.lower() != "x-exotel-callsid"
    }


class BridgedCall:
    """Two sessions that are one call.

    Args:
        switchboard: Where the sessions live.
        record: The call.
        caller: The leg that the caller is on.
        callee: The leg of whoever answers.
        invite: The caller's INVITE.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        record: CallRecord,
        caller: LegRecord,
        callee: LegRecord,
        invite: InviteReceived,
    ) -> None:
        self._switchboard = switchboard
        self._agent = switchboard.agent
        self._record = record
        self._legs = (caller, callee)
        self._caller = invite.session
        self._callee: SessionId | None = None
        self._offer = invite.offer
        self._fork: Fork | None = None
        self._early_answer: bytes | None = None
        self._described: dict[SessionId, bytes] = {}
        """The newest description that each side has given of itself."""
        self._provided: set[SessionId] = set()
        """Sides that asked for an offer and got the other side's description."""
        self._own_offers: set[SessionId] = set()
        """Sides to which an offer went that the other side did not make."""
        self._owes_answer = False
        """Whether the callee's offer waits for the answer in the caller's ACK."""

    # -- ringing ------------------------------------------------------------------------------

    def ring(self, bindings: Sequence[Binding], invitation: Invitation, *, ring_for: float) -> None:
        """Ring the phones of the called account, for so many seconds at most."""
        if self._offer is not None:
            self._described[self._caller] = self._offer
        self._fork = Fork(self._switchboard, self, ring_for=ring_for)
        self._record.carried_by(self.hang_up)
        self._fork.begin(bindings, invitation)
        self._record.begin()

    def progressed(self, event: CallProgressed, *, is_alone: bool) -> None:
        """Pass on that a phone rings; its early audio only when no other rings."""
        self._record.advance(CallStatus.RINGING)
        self._legs[1].advance(CallStatus.RINGING)
        answer = event.answer if is_alone else None
        if answer is not None:
            self._early_answer = answer
        self._agent.ring(
            self._caller,
            now=self._switchboard.now,
            status=event.status if answer is not None else RINGING,
            answer=answer,
            headers=passed_headers(event.headers),
        )

    def won(self, session: SessionId, event: CallAnswered) -> None:
        """Join the phone that answered with the caller."""
        self._callee = session
        self._switchboard.own(session, self)
        answer = event.answer or self._early_answer
        if answer is not None:
            self._answer_caller(answer, event.headers)

    def _answer_caller(self, sdp: bytes, headers: Mapping[str, Sequence[str]]) -> None:
        if self._callee is not None:
            self._described[self._callee] = sdp
        self._agent.answer(
            self._caller, sdp=sdp, now=self._switchboard.now, headers=passed_headers(headers)
        )
        for leg in self._legs:
            leg.advance(CallStatus.IN_PROGRESS)
        self._record.advance(CallStatus.IN_PROGRESS)

    def failed(self, failure: Failure) -> None:
        """Pass on that nobody answers."""
        self._record.finish(
            status_of_failure(failure), sip_status=failure.status, reason=failure.reason
        )
        headers = {}
        if failure.retry_after is not None:
            headers["Retry-After"] = f"{failure.retry_after:.0f}"
        self._agent.reject(
            self._caller,
            now=self._switchboard.now,
            status=failure.status,
            reason=failure.reason or None,
            headers=headers,
        )

    def hang_up(self) -> None:
        """End both legs."""
        if self._fork is not None and self._callee is None:
            self._fork.cancel()
        for session in (self._caller, self._callee):
            if session is not None:
                self._switchboard.hang_up(session)

    # -- inside the call ----------------------------------------------------------------------

    def handle(self, event: SessionEvent) -> None:
        """Take an event of one leg and do to the other what it says."""
        session = event.session
        if isinstance(event, CallEnded):
            self._ended(event)
            return
        other = self.other(session)
        if other is None:
            return
        match event:
            case OfferReceived() | OfferRequested() | OfferRejected():
                self._pass_offer(event, session, other)
            case AnswerReceived() | AnswerRequested() | CallConfirmed():
                self._pass_answer(event, session, other)
            case RemoteHoldChanged():
                self._record.is_held = event.is_held
                self._record.changed()
            case TransferRequested() | TransferProgressed():
                self._pass_transfer(event, session, other)
            case DigitReceived() | InfoReceived():
                self._pass_info(event, other)
            case _:
                pass

    def other(self, session: SessionId) -> SessionId | None:
        """Give the session on the other side; None before the answer."""
        return self._callee if session == self._caller else self._caller

    def _pass_offer(
        self,
        event: OfferReceived | OfferRequested | OfferRejected,
        session: SessionId,
        other: SessionId,
    ) -> None:
        now = self._switchboard.now
        match event:
            case OfferReceived():
                if not self._agent.can_offer(other):
                    self._agent.reject_offer(session, now=now, status=PENDING)
                    return
                self._described[session] = event.offer
                self._agent.offer(other, sdp=event.offer, now=now)
            case OfferRequested():
                known = self._described.get(other)
                if known is None:
                    self._agent.reject_offer(session, now=now, status=NOT_ACCEPTABLE_HERE)
                    return
                self._provided.add(session)
                self._agent.provide_offer(session, sdp=known, now=now)
            case OfferRejected():
                if session in self._own_offers:
                    self._own_offers.discard(session)
                else:
                    self._agent.reject_offer(other, now=now, status=event.status)

    def _pass_answer(
        self,
        event: AnswerReceived | AnswerRequested | CallConfirmed,
        session: SessionId,
        other: SessionId,
    ) -> None:
        now = self._switchboard.now
        match event:
            case AnswerRequested():
                self._owes_answer = True
                self._answer_caller(event.offer, {})
            case CallConfirmed():
                if event.answer is not None and self._owes_answer:
                    self._owes_answer = False
                    self._described[session] = event.answer
                    self._agent.answer_offer(other, sdp=event.answer, now=now)
            case AnswerReceived() if session in self._provided:
                self._provided.discard(session)
                self._renew(session, other, event.answer)
            case AnswerReceived() if session in self._own_offers:
                self._own_offers.discard(session)
                self._described[session] = event.answer
            case AnswerReceived():
                self._owes_answer = False
                self._described[session] = event.answer
                self._agent.answer_offer(other, sdp=event.answer, now=now)

    def _renew(self, session: SessionId, other: SessionId, answer: bytes) -> None:
        """Tell the other side of a description that came as the answer to its own old one."""
        has_changed = answer != self._described.get(session)
        self._described[session] = answer
        if has_changed and self._agent.can_offer(other):
            self._own_offers.add(other)
            self._agent.offer(other, sdp=answer, now=self._switchboard.now)

    def _pass_transfer(
        self,
        event: TransferRequested | TransferProgressed,
        session: SessionId,
        other: SessionId,
    ) -> None:
        """Let the phones do the transfer: the one that is asked calls the new target itself."""
        now = self._switchboard.now
        if isinstance(event, TransferProgressed):
            self._agent.report_transfer(other, status=event.status, reason=event.reason, now=now)
            return
        self._agent.transfer(other, refer_target(event), now=now)
        self._agent.accept_transfer(session, now=now)

    def _pass_info(self, event: DigitReceived | InfoReceived, other: SessionId) -> None:
        now = self._switchboard.now
        if isinstance(event, InfoReceived):
            self._agent.send_info(other, content_type=event.content_type, body=event.body, now=now)
            return
        self._record.note_digit(event.digit, method="info", duration=event.duration)
        duration = min(max(event.duration or DIGIT, SHORTEST_DIGIT), LONGEST_DIGIT)
        self._agent.send_digit(other, event.digit, now=now, duration=duration)

    def _ended(self, event: CallEnded) -> None:
        was_answered = self._record.answered_at is not None
        self._record.finish(
            status_of_end(event, was_answered=was_answered),
            sip_status=event.status,
            reason=event.reason or str(event.cause),
        )
        if self._callee is None:
            if self._fork is not None:
                self._fork.cancel()
            return
        other = self.other(event.session)
        if other is not None:
            self._switchboard.hang_up(other, reason=event.reason or None)


def refer_target(event: TransferRequested) -> str:
    """Write the target of a transfer as a Refer-To URI (RFC 3515 §2.1, RFC 3891 §3)."""
    if event.replaces is None:
        return event.target
    joint = "&" if "?" in event.target else "?"
    return f"{event.target}{joint}Replaces={quote(event.replaces, safe='')}"
