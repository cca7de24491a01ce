"""Our offers inside a session: re-INVITE and UPDATE, and what to do when both sides offer at once.

RFC 3261 §14.1, RFC 3311 §5.1. One offer is out at a time. The offer turn of the dialog says whether
there may be one; this table says how far ours has come.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, assert_never

from exotel_voice.errors import InvalidState
from exotel_voice.sip.call import CallState, CallTimer
from exotel_voice.sip.events import AnswerReceived, OfferRejected
from exotel_voice.sip.exchange import Exchange, Reply
from exotel_voice.sip.machine import Chart, Machine, Rule
from exotel_voice.sip.message import Response
from exotel_voice.sip.offer import TurnInput
from exotel_voice.sip.validation import SDP

if TYPE_CHECKING:
    from exotel_voice.sip.session import Session

__all__ = ["CHART", "TABLE", "LocalDo", "LocalInput", "LocalOffer", "LocalState"]


class LocalState(StrEnum):
    """How far our offer has come."""

    IDLE = "idle"
    SENT = "sent"
    """The request is out."""
    WAITING = "waiting"
    """Both sides offered at once; ours is sent again after a pause."""


class LocalInput(StrEnum):
    """What may happen to it."""

    OFFER = "offer"
    SUCCESS = "2xx"
    GLARE = "491"
    TOO_BRIEF = "422"
    FAILURE = "another final response, or none"
    PAUSE_OVER = "pause over"
    LIMIT = "offer limit"
    CALL_OVER = "call over"
    OVERTAKEN = "the far side's offer came first"


class LocalDo(StrEnum):
    """What is done about it."""

    SEND = "send the offer"
    TAKE_ANSWER = "take the answer"
    GIVE_UP = "take the offer back"
    CANCEL = "send CANCEL"
    START_PAUSE = "start the pause"
    REPORT_REJECTED = "report the refusal"


def _rule(to: LocalState, *do: LocalDo) -> Rule[LocalState, LocalDo]:
    return Rule(to, do)


_S, _I, _D = LocalState, LocalInput, LocalDo

TABLE: Final = {
    (_S.IDLE, _I.OFFER): _rule(_S.SENT, _D.SEND),
    # RFC 3261 §14.1, RFC 3264 §6: the 2xx carries the answer.
    (_S.SENT, _I.SUCCESS): _rule(_S.IDLE, _D.TAKE_ANSWER),
    # RFC 3261 §14.1: after a 491 the request is sent again after a pause, if it is still wanted.
    (_S.SENT, _I.GLARE): _rule(_S.WAITING, _D.GIVE_UP, _D.START_PAUSE),
    (_S.WAITING, _I.PAUSE_OVER): _rule(_S.SENT, _D.SEND),
    # The offer that came in the meantime may have made ours wrong: the owner decides anew.
    (_S.WAITING, _I.OVERTAKEN): _rule(_S.IDLE, _D.REPORT_REJECTED),
    # RFC 4028 §7.3: again with a longer session interval.
    (_S.SENT, _I.TOO_BRIEF): _rule(_S.SENT, _D.GIVE_UP, _D.SEND),
    # RFC 3261 §9.1: after a provisional response only a CANCEL bounds the wait; then comes 487, or
    # the 2xx that crossed it, or a time-out. So it is when the call ends meanwhile.
    (_S.SENT, _I.LIMIT): _rule(_S.SENT, _D.CANCEL),
    (_S.SENT, _I.CALL_OVER): _rule(_S.SENT, _D.CANCEL),
    # RFC 3261 §14.1: any other refusal leaves the session as it was.
    (_S.SENT, _I.FAILURE): _rule(_S.IDLE, _D.GIVE_UP, _D.REPORT_REJECTED),
}

CHART: Final = Chart(
    name="Our offer in a session",
    source="RFC 3261 §14.1, RFC 3311 §5.1",
    start=LocalState.IDLE,
    ends=frozenset[LocalState](),
    table=TABLE,
    timers={
        LocalState.SENT: frozenset({CallTimer.OFFER_LIMIT}),
        LocalState.WAITING: frozenset({CallTimer.GLARE}),
    },
    fires={
        CallTimer.OFFER_LIMIT: LocalInput.LIMIT,
        CallTimer.GLARE: LocalInput.PAUSE_OVER,
    },
)

# RFC 3261 §14.1 forbids a re-INVITE while any INVITE of the dialog is under way; RFC 3311 §5.1
# allows UPDATE as soon as the first offer has been answered.
MEANS: Final = {
    CallState.PROCEEDING: frozenset({"UPDATE"}),
    CallState.RINGING: frozenset({"UPDATE"}),
    CallState.ACCEPTED: frozenset({"UPDATE"}),
    CallState.CONFIRMED: frozenset({"INVITE", "UPDATE"}),
}
"""The requests that may carry an offer, by the state of the call."""

OFFER_LIMIT: Final = 60.0
"""Seconds after which a re-INVITE that has no final response is cancelled."""

GONE: Final = frozenset({404, 410, 416, 481, 482, 483, 484, 485, 502, 604})
"""Responses to a request in the dialog after which there is no dialog (RFC 5057 §5.1)."""


class LocalOffer(Machine[LocalState, LocalInput, LocalDo, CallTimer]):
    """Our offers inside one session.

    Args:
        session: The session.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(CHART, session.stack.deadlines, owner=session.id)
        self._session = session
        self._method = "INVITE"
        self._sdp = b""
        self._is_refresh = False
        self._exchange: Exchange | None = None
        self._reply: Reply | None = None
        self._acks: dict[Exchange, bytes] = {}

    def may_offer(self, method: str) -> bool:
        """Tell whether an offer in this method would be sent now (RFC 6337 §4.3)."""
        session = self._session
        dialog = session.dialog
        return (
            dialog is not None
            and method in MEANS.get(session.state, ())
            and self.state is LocalState.IDLE
            and session.remote.is_idle
            and dialog.turn.remote is not None
            and dialog.turn.allows(TurnInput.SEND_OFFER)
        )

    def offer(self, sdp: bytes, *, method: str, now: float, is_refresh: bool = False) -> None:
        """Send an offer.

        Args:
            sdp: The offer.
            method: INVITE or UPDATE.
            now: The current time, seconds.
            is_refresh: Whether it only repeats what is agreed, for the session timer (RFC 4028).

        Raises:
            InvalidState: It is not our turn.
        """
        if not self.may_offer(method):
            raise InvalidState("An offer is not possible now: wait until `can_offer` says so.")
        self._method, self._sdp, self._is_refresh = method, sdp, is_refresh
        self.take(LocalInput.OFFER, now=now)

    def overtake(self, *, now: float) -> None:
        """Take note that the far side's offer came while ours waited."""
        self.take(LocalInput.OVERTAKEN, now=now)

    def close(self, *, now: float) -> None:
        """Cancel what is out, because the call is over."""
        self.take(LocalInput.CALL_OVER, now=now)

    def _perform(self, action: LocalDo, now: float) -> None:
        match action:
            case LocalDo.SEND:
                self._send(now)
            case LocalDo.TAKE_ANSWER:
                self._take_answer(now)
            case LocalDo.GIVE_UP:
                self._turn(TurnInput.LOCAL_FAILED)
            case LocalDo.CANCEL:
                if self._exchange is not None:
                    self._exchange.cancel(now=now)
            case LocalDo.START_PAUSE:
                self._start(CallTimer.GLARE, after=self._pause(), now=now)
            case LocalDo.REPORT_REJECTED:
                self._report_rejected(now)
            case _:
                assert_never(action)

    def _send(self, now: float) -> None:
        session = self._session
        dialog = session.dialog
        if dialog is None:
            return
        dialog.turn.take(TurnInput.SEND_OFFER, self._sdp)
        headers = [
            ("Contact", session.contact()),
            *session.stack.abilities(),
            *session.refresh.request_headers(),
            ("User-Agent", session.stack.config.user_agent),
            ("Content-Type", SDP),
        ]
        request = dialog.request(self._method, headers=headers, body=self._sdp)
        self._exchange = None
        self._start(CallTimer.OFFER_LIMIT, after=OFFER_LIMIT, now=now)
        self._exchange = session.stack.send(
            request, flow=dialog.flow, dialog=dialog, handler=self._receive, now=now
        )

    def _receive(self, exchange: Exchange, reply: Reply, now: float) -> None:
        if reply.status < 200:
            return
        self._reply = reply
        if reply.status < 300:
            if self._acknowledge(exchange, reply.response):
                self.take(LocalInput.SUCCESS, now=now)
        elif reply.status == 491:
            self.take(LocalInput.GLARE, now=now)
        elif reply.status == 422 and self._session.refresh.timer.receive_too_brief(reply.response):
            self.take(LocalInput.TOO_BRIEF, now=now)
        else:
            self.take(LocalInput.FAILURE, now=now)
            self._session.receive_verdict(reply, now=now)

    def _acknowledge(self, exchange: Exchange, response: Response) -> bool:
        """Send the ACK to a 2xx (RFC 3261 §13.2.2.4); again, if the 2xx came again.

        Returns:
            Whether the 2xx is new.
        """
        dialog = self._session.dialog
        if dialog is None:
            return True
        sent = self._acks.get(exchange)
        if sent is not None:
            self._session.stack.layer.resend(sent, flow=dialog.flow)
            return False
        # RFC 3261 §12.2.1.2: the ACK, too, goes to the new target.
        dialog.refresh_target(response)
        if exchange.request.method != "INVITE":
            return True
        number = exchange.request.cseq_number
        ack = dialog.request("ACK", cseq=number, headers=exchange.credentials())
        # Only the last one can still be asked for: the far side has seen all others.
        self._acks = {exchange: self._session.stack.layer.send_ack(ack, flow=dialog.flow)}
        return True

    def _take_answer(self, now: float) -> None:
        session, dialog = self._session, self._session.dialog
        if self._reply is None or dialog is None:
            return
        response = self._reply.response
        session.refresh.receive_success(response, now=now)
        known = dialog.turn.remote
        if not has_sdp(response):
            # RFC 3264 §4: without an answer the offer has come to nothing.
            self._turn(TurnInput.LOCAL_FAILED)
            self._reply = Reply(response=Response(500, "No Answer in the Response"))
            self._report_rejected(now)
            return
        dialog.turn.take(TurnInput.RECEIVE_ANSWER, response.body)
        if not self._is_refresh or response.body != known:
            session.emit(AnswerReceived(session=session.id, answer=response.body))
        session.check_hold()

    def _turn(self, what: TurnInput) -> None:
        if self._session.dialog is not None:
            self._session.dialog.turn.take(what)

    def _report_rejected(self, now: float) -> None:
        status, reason = 491, "Request Pending"
        if self._reply is not None:
            status, reason = self._reply.status, self._reply.reason
        if self._is_refresh:
            self._session.refresh.fail(now=now)
        else:
            self._session.emit(
                OfferRejected(session=self._session.id, status=status, reason=reason)
            )

    def _pause(self) -> float:
        """Draw the pause after a 491, in steps of 10 ms (RFC 3261 §14.1)."""
        fraction = self._session.stack.ids.fraction()
        if self._session.client is not None:
            # The owner of the Call-ID waits 2.1 to 4 seconds.
            return 2.1 + int(fraction * 191) / 100
        return int(fraction * 201) / 100


def has_sdp(message: Response) -> bool:
    """Tell whether a response carries a description."""
    return bool(message.body) and message.content_type == SDP
