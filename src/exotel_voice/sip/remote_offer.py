"""The far side's offers inside a session: re-INVITE, UPDATE, PRACK (RFC 3261 §14.2, RFC 3311 §5.2).

One is open at a time. The offer turn of the dialog says whether an offer that comes is in turn;
this table says how far its request has come.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, assert_never

from exotel_voice.errors import InvalidState
from exotel_voice.sip.call import CallInput, CallState, CallTimer
from exotel_voice.sip.dialog import Dialog
from exotel_voice.sip.ending import Ending
from exotel_voice.sip.events import (
    AnswerReceived,
    EndCause,
    OfferReceived,
    OfferRequested,
    OfferWithdrawn,
)
from exotel_voice.sip.local_offer import LocalState
from exotel_voice.sip.machine import Chart, Machine, Rule
from exotel_voice.sip.message import Request, Response
from exotel_voice.sip.offer import REFUSALS, TurnInput, TurnState
from exotel_voice.sip.transaction_events import RequestArrived
from exotel_voice.sip.validation import SDP

if TYPE_CHECKING:
    from exotel_voice.sip.session import Session

__all__ = ["CHART", "TABLE", "RemoteDo", "RemoteInput", "RemoteOffer", "RemoteState"]


class RemoteState(StrEnum):
    """How far the far side's request has come."""

    IDLE = "idle"
    RECEIVED = "received"
    """A re-INVITE with an offer waits for the owner."""
    REQUESTED = "requested"
    """A re-INVITE without one waits for the owner's offer."""
    RECEIVED_BRIEFLY = "received briefly"
    """An UPDATE or a PRACK with an offer waits for the owner; it has no ACK."""
    ACCEPTED = "accepted"
    """The 2xx to a re-INVITE is out; its ACK is still to come."""


class RemoteInput(StrEnum):
    """What may happen to it."""

    REINVITE = "re-INVITE with an offer"
    EMPTY_REINVITE = "re-INVITE without an offer"
    UPDATE = "UPDATE or PRACK with an offer"
    ANSWER = "answer"
    PROVIDE = "provide an offer"
    REFUSE = "refuse"
    CANCEL = "CANCEL"
    ACK = "ACK"
    RESEND = "resend the 2xx"
    ACK_LIMIT = "ACK limit"
    CALL_OVER = "call over"


class RemoteDo(StrEnum):
    """What is done about it."""

    REPORT_OFFER = "report the offer"
    REPORT_REQUEST = "report the lack of an offer"
    REPORT_WITHDRAWN = "report that it was withdrawn"
    SEND_ANSWER = "send 200"
    AWAIT_ACK = "start to wait for the ACK"
    RESEND_ANSWER = "send the 200 again"
    REFUSE = "send the refusal"
    TAKE_ACK = "take the ACK"
    END_CALL = "end the call"


def _rule(to: RemoteState, *do: RemoteDo) -> Rule[RemoteState, RemoteDo]:
    return Rule(to, do)


_S, _I, _D = RemoteState, RemoteInput, RemoteDo
_REFUSED = _rule(_S.IDLE, _D.REFUSE)
_WITHDRAWN = _rule(_S.IDLE, _D.REFUSE, _D.REPORT_WITHDRAWN)

TABLE: Final = {
    # RFC 3261 §14.2: the user is asked what to answer, or to offer.
    (_S.IDLE, _I.REINVITE): _rule(_S.RECEIVED, _D.REPORT_OFFER),
    (_S.IDLE, _I.EMPTY_REINVITE): _rule(_S.REQUESTED, _D.REPORT_REQUEST),
    # RFC 3311 §5.2, RFC 3262 §5: so with an UPDATE or a PRACK; its 200 ends the matter.
    (_S.IDLE, _I.UPDATE): _rule(_S.RECEIVED_BRIEFLY, _D.REPORT_OFFER),
    (_S.RECEIVED_BRIEFLY, _I.ANSWER): _rule(_S.IDLE, _D.SEND_ANSWER),
    (_S.RECEIVED_BRIEFLY, _I.REFUSE): _REFUSED,
    # RFC 3261 §13.3.1.4: the 2xx to an INVITE is sent again until its ACK comes.
    (_S.RECEIVED, _I.ANSWER): _rule(_S.ACCEPTED, _D.SEND_ANSWER, _D.AWAIT_ACK),
    (_S.REQUESTED, _I.PROVIDE): _rule(_S.ACCEPTED, _D.SEND_ANSWER, _D.AWAIT_ACK),
    (_S.ACCEPTED, _I.RESEND): _rule(_S.ACCEPTED, _D.RESEND_ANSWER),
    (_S.ACCEPTED, _I.ACK): _rule(_S.IDLE, _D.TAKE_ACK),
    (_S.ACCEPTED, _I.ACK_LIMIT): _rule(_S.IDLE, _D.END_CALL),
    # RFC 3261 §14.2: a refusal leaves the session as it was.
    (_S.RECEIVED, _I.REFUSE): _REFUSED,
    (_S.REQUESTED, _I.REFUSE): _REFUSED,
    # RFC 3261 §9.2: a CANCEL of the re-INVITE.
    (_S.RECEIVED, _I.CANCEL): _WITHDRAWN,
    (_S.REQUESTED, _I.CANCEL): _WITHDRAWN,
    # RFC 3261 §15.1.2: what still waits when the call ends gets 487.
    (_S.RECEIVED, _I.CALL_OVER): _REFUSED,
    (_S.REQUESTED, _I.CALL_OVER): _REFUSED,
    (_S.RECEIVED_BRIEFLY, _I.CALL_OVER): _REFUSED,
    (_S.ACCEPTED, _I.CALL_OVER): _rule(_S.IDLE),
}

CHART: Final = Chart(
    name="The far side's offer in a session",
    source="RFC 3261 §14.2, RFC 3311 §5.2",
    start=RemoteState.IDLE,
    ends=frozenset[RemoteState](),
    table=TABLE,
    timers={
        RemoteState.ACCEPTED: frozenset(
            {CallTimer.RESEND_REINVITE_ANSWER, CallTimer.REINVITE_ACK_LIMIT}
        )
    },
    fires={
        CallTimer.RESEND_REINVITE_ANSWER: RemoteInput.RESEND,
        CallTimer.REINVITE_ACK_LIMIT: RemoteInput.ACK_LIMIT,
    },
)


class RemoteOffer(Machine[RemoteState, RemoteInput, RemoteDo, CallTimer]):
    """The far side's offers inside one session.

    Args:
        session: The session.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(CHART, session.stack.deadlines, owner=session.id)
        self._session = session
        self._arrived: RequestArrived | None = None
        self._dialog: Dialog | None = None
        self._response: Response | None = None
        self._refusal = 488
        self._sdp = b""
        self._interval = 0.0
        self._ack: Request | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no request of the far side is under way."""
        return self.state is RemoteState.IDLE

    # -- from the network ------------------------------------------------------------------------

    def receive_invite(self, arrived: RequestArrived, dialog: Dialog, *, now: float) -> None:
        """Take a re-INVITE."""
        session = self._session
        if session.state is CallState.ACCEPTED and not dialog.turn.is_open:
            # RFC 5407 §3.1.5: our 2xx arrived, or there would be no re-INVITE; its ACK is late.
            session.confirm(None, now=now)
        if self.state is RemoteState.ACCEPTED and not dialog.turn.is_open:
            # The same for the 2xx to the re-INVITE before, whose ACK a broken connection may have
            # swallowed for good: 500 would go on until the limit ends the call.
            self.take(RemoteInput.ACK, now=now)
        status = self._refusal_of_invite(dialog)
        if status is None:
            self._begin(arrived, dialog, is_update=False, now=now)
        else:
            self._refuse_at_once(arrived, status, now)

    def receive_update(self, arrived: RequestArrived, dialog: Dialog, *, now: float) -> None:
        """Take an UPDATE, or a PRACK, with an offer."""
        status = self._refusal_of_update(dialog)
        if status is None:
            self._begin(arrived, dialog, is_update=True, now=now)
        else:
            self._refuse_at_once(arrived, status, now)

    def receive_cancel(self, *, now: float) -> None:
        """Take a CANCEL of a re-INVITE."""
        self._refusal = 487
        self.take(RemoteInput.CANCEL, now=now)

    def receive_ack(self, ack: Request, *, now: float) -> None:
        """Take the ACK to our 2xx."""
        if self._arrived is not None and ack.cseq_number == self._arrived.request.cseq_number:
            self._ack = ack
            self.take(RemoteInput.ACK, now=now)

    def close(self, *, now: float) -> None:
        """Answer what still waits, because the call is over."""
        self._refusal = 487
        self.take(RemoteInput.CALL_OVER, now=now)

    # -- wishes of the owner ---------------------------------------------------------------------

    def answer(self, sdp: bytes, *, now: float) -> None:
        """Answer the offer.

        Raises:
            InvalidState: None waits.
        """
        self._demand(RemoteInput.ANSWER)
        self._sdp = sdp
        self.take(RemoteInput.ANSWER, now=now)

    def provide(self, sdp: bytes, *, now: float) -> None:
        """Give the offer that a re-INVITE asks for.

        Raises:
            InvalidState: None does.
        """
        self._demand(RemoteInput.PROVIDE)
        self._sdp = sdp
        self.take(RemoteInput.PROVIDE, now=now)

    def refuse(self, *, status: int, now: float) -> None:
        """Refuse the request.

        Raises:
            InvalidState: None waits.
        """
        self._demand(RemoteInput.REFUSE)
        self._refusal = status
        self.take(RemoteInput.REFUSE, now=now)

    def _demand(self, what: RemoteInput) -> None:
        if self._session.is_over or not self.allows(what):
            raise InvalidState("No offer of the far side waits for that.")

    # -- legality --------------------------------------------------------------------------------

    def _refusal_of_invite(self, dialog: Dialog) -> int | None:
        session = self._session
        if session.state is not CallState.CONFIRMED:
            # RFC 3261 §14.2: an INVITE of ours is unanswered, or the first of the far side is.
            return 491 if session.client is not None or dialog.turn.is_open else 500
        if not self.is_idle:
            return 500
        if session.local.state is LocalState.SENT:
            return 491
        return REFUSALS.get(dialog.turn.state)

    def _refusal_of_update(self, dialog: Dialog) -> int | None:
        if not self.is_idle:
            return 500
        # RFC 3311 §5.2: nothing has been agreed yet that could be changed.
        return 500 if dialog.turn.state is TurnState.INITIAL else REFUSALS.get(dialog.turn.state)

    def _refuse_at_once(self, arrived: RequestArrived, status: int, now: float) -> None:
        headers = [self._session.stack.retry_after()] if status == 500 else []
        self._session.respond(arrived, status, headers=headers, now=now)

    def _begin(
        self, arrived: RequestArrived, dialog: Dialog, *, is_update: bool, now: float
    ) -> None:
        session, request = self._session, arrived.request
        brief = session.refresh.timer.refusal_headers(request)
        if brief is not None:
            session.respond(arrived, 422, headers=brief, now=now)
            return
        session.local.overtake(now=now)
        self._arrived, self._dialog = arrived, dialog
        what = RemoteInput.EMPTY_REINVITE
        if request.body:
            dialog.turn.take(TurnInput.RECEIVE_OFFER, request.body)
            what = RemoteInput.UPDATE if is_update else RemoteInput.REINVITE
        if not is_update:
            session.stack.offers[arrived.transaction] = session
        self.take(what, now=now)

    # -- actions ---------------------------------------------------------------------------------

    def _perform(self, action: RemoteDo, now: float) -> None:  # noqa: C901 - one case per action
        session = self._session
        match action:
            case RemoteDo.REPORT_OFFER:
                if self._arrived is not None:
                    offer = self._arrived.request.body
                    session.emit(OfferReceived(session=session.id, offer=offer))
            case RemoteDo.REPORT_REQUEST:
                session.emit(OfferRequested(session=session.id))
            case RemoteDo.REPORT_WITHDRAWN:
                session.emit(OfferWithdrawn(session=session.id))
            case RemoteDo.SEND_ANSWER:
                self._send_answer(now)
            case RemoteDo.AWAIT_ACK:
                timers = session.stack.config.timers
                self._interval = timers.t1
                self._start(CallTimer.RESEND_REINVITE_ANSWER, after=timers.t1, now=now)
                self._start(CallTimer.REINVITE_ACK_LIMIT, after=timers.limit, now=now)
            case RemoteDo.RESEND_ANSWER:
                self._resend(now)
            case RemoteDo.REFUSE:
                self._refuse(now)
            case RemoteDo.TAKE_ACK:
                self._take_ack(now)
            case RemoteDo.END_CALL:
                ending = Ending.of_timer(CallTimer.REINVITE_ACK_LIMIT)
                session.happen(CallInput.ACK_LIMIT, now=now, ending=ending)
            case _:
                assert_never(action)

    def _send_answer(self, now: float) -> None:
        arrived, dialog = self._arrived, self._dialog
        if arrived is None or dialog is None:
            return
        is_answer = dialog.turn.state is TurnState.REMOTE_OFFER
        dialog.turn.take(TurnInput.SEND_ANSWER if is_answer else TurnInput.SEND_OFFER, self._sdp)
        headers = [("Content-Type", SDP)]
        if arrived.request.method != "PRACK":
            dialog.refresh_target(arrived.request)
            timer = self._session.refresh.accept(arrived.request, now=now)
            headers = [*self._session.stack.abilities(), *timer, *headers]
        self._response = self._session.respond(
            arrived, 200, headers=headers, body=self._sdp, now=now
        )
        self._session.check_hold()

    def _resend(self, now: float) -> None:
        if self._arrived is not None and self._response is not None:
            stack = self._session.stack
            stack.send_response(self._arrived.transaction, self._response, now=now)
            self._interval = min(2 * self._interval, stack.config.timers.t2)
            self._start(CallTimer.RESEND_REINVITE_ANSWER, after=self._interval, now=now)

    def _refuse(self, now: float) -> None:
        if self._arrived is not None and self._dialog is not None:
            self._dialog.turn.take(TurnInput.REMOTE_FAILED)
            self._session.respond(self._arrived, self._refusal, now=now)

    def _take_ack(self, now: float) -> None:
        dialog, ack, session = self._dialog, self._ack, self._session
        if dialog is None or ack is None or dialog.turn.state is not TurnState.LOCAL_OFFER:
            return
        if not ack.body or ack.content_type != SDP:
            # RFC 3261 §13.2.1: the ACK had to carry the answer to our offer.
            dialog.turn.take(TurnInput.LOCAL_FAILED)
            ending = Ending(EndCause.PROTOCOL, 488, "No Answer in the ACK")
            session.happen(CallInput.DESCRIPTION_BROKEN, now=now, ending=ending)
            return
        dialog.turn.take(TurnInput.RECEIVE_ANSWER, ack.body)
        session.emit(AnswerReceived(session=session.id, answer=ack.body))
        session.check_hold()
