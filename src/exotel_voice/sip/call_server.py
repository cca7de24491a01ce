"""The far side's INVITE that opens a session: ringing, answer, refusal (RFC 3261 §13.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from exotel_voice.errors import ConfigError, InvalidState
from exotel_voice.sip.call import CallInput, CallState, CallTimer
from exotel_voice.sip.dialog import Dialog
from exotel_voice.sip.ending import Ending
from exotel_voice.sip.events import EndCause, InviteReceived, SessionId, TransactionId
from exotel_voice.sip.message import Request, Response
from exotel_voice.sip.offer import TurnInput, TurnState
from exotel_voice.sip.provisional import ReliableProvisional
from exotel_voice.sip.transaction_events import RequestArrived
from exotel_voice.sip.validation import SDP

if TYPE_CHECKING:
    from exotel_voice.sip.session import Session

__all__ = ["LIMITS", "ServerInvite"]

REPEAT_AFTER: Final = 60.0
"""Seconds after which a provisional response is repeated (RFC 3261 §13.3.1.1)."""

LIMITS: Final = {
    CallTimer.PRACK_LIMIT: (CallInput.PRACK_LIMIT, 504),
    CallTimer.INVITE_EXPIRES: (CallInput.INVITE_EXPIRED, 487),
    CallTimer.FLOW_LIMIT: (CallInput.FLOW_LIMIT, 503),
    CallTimer.NO_ANSWER: (CallInput.NO_ANSWER, 480),
}
"""What gives an INVITE up, and the status that refuses it then."""

Fields = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A response that the owner wants sent."""

    status: int
    sdp: bytes | None = None
    headers: Fields = ()
    reason: str | None = None


class ServerInvite:
    """An INVITE that came.

    Args:
        session: Its session.
        arrived: The INVITE.
        dialog: The dialog that our responses make.
        replaces: The session whose place it takes (RFC 3891).
    """

    __slots__ = (
        "_arrived", "_dialog", "_draft", "_interval", "_last", "_reliable", "_replaces", "_session",
    )  # fmt: skip

    def __init__(
        self,
        session: Session,
        arrived: RequestArrived,
        dialog: Dialog,
        *,
        replaces: SessionId | None,
    ) -> None:
        self._session = session
        self._arrived = arrived
        self._dialog = dialog
        self._replaces = replaces
        self._draft = _Draft(480)
        self._last: Response | None = None
        self._interval = 0.0
        self._reliable = ReliableProvisional(
            session.stack,
            owner=session.id,
            transaction=arrived.transaction,
            cseq_number=arrived.request.cseq_number,
        )

    @property
    def request(self) -> Request:
        """The INVITE."""
        return self._arrived.request

    @property
    def transaction(self) -> TransactionId:
        """Names the INVITE's transaction."""
        return self._arrived.transaction

    # -- from the network ------------------------------------------------------------------------

    def receive(self, *, now: float) -> None:
        """Take the INVITE itself."""
        request = self.request
        if request.body:
            self._dialog.turn.take(TurnInput.RECEIVE_OFFER, request.body)
        self._session.happen(CallInput.INVITE_CAME, now=now)
        if (limit := self._session.stack.config.ring_limit) is not None:
            self._session.start_timer(CallTimer.NO_ANSWER, after=limit, now=now)
        if request.expires is not None:
            # RFC 3261 §13.3.1: the caller wants no answer after this.
            self._session.start_timer(CallTimer.INVITE_EXPIRES, after=request.expires, now=now)

    def receive_cancel(self, request: Request, *, now: float) -> None:
        """Take a CANCEL, or a BYE in the early dialog."""
        self._draft = _Draft(487)
        what = CallInput.BYE if request.method == "BYE" else CallInput.CANCEL
        self._session.happen(what, now=now, ending=Ending.of_cancel(request))

    def receive_prack(self, arrived: RequestArrived, *, now: float) -> None:
        """Take a PRACK (RFC 3262 §3)."""
        session, turn, request = self._session, self._dialog.turn, arrived.request
        if not self._reliable.receive_prack(request.rack, now=now):
            session.respond(arrived, 481, now=now)
            return
        if request.body and turn.state is TurnState.STABLE:
            session.remote.receive_update(arrived, self._dialog, now=now)
        else:
            session.respond(arrived, 200, now=now)
            if request.body and turn.take(TurnInput.RECEIVE_ANSWER, request.body):
                session.report_answer(request.body)
        if not self._reliable.holds_description:
            session.happen(CallInput.PRACK, now=now)

    def receive_ack(self, ack: Request, *, now: float) -> None:
        """Take the ACK to the 2xx (RFC 3261 §13.3.1.4)."""
        turn = self._dialog.turn
        answer: bytes | None = None
        if turn.state is TurnState.LOCAL_OFFER:
            if not ack.body or ack.content_type != SDP:
                ending = Ending(EndCause.PROTOCOL, 488, "No Answer in the ACK")
                self._session.happen(CallInput.DESCRIPTION_BROKEN, now=now, ending=ending)
                return
            answer = ack.body
            turn.take(TurnInput.RECEIVE_ANSWER, answer)
        self._session.confirm(answer, now=now)

    def fire(self, timer: CallTimer, *, now: float) -> None:
        """Take one of the timers of reliable responses, or of an INVITE that is given up."""
        if timer is CallTimer.RESEND_RELIABLE:
            self._reliable.resend(now=now)
            return
        what, status = LIMITS[timer]
        self._draft = _Draft(status)
        ending = replace(Ending.of_timer(timer), status=status)
        self._session.happen(what, now=now, ending=ending)

    # -- wishes of the owner ---------------------------------------------------------------------

    def ring(self, status: int, sdp: bytes | None, headers: Fields, *, now: float) -> None:
        """Send a provisional response.

        Raises:
            InvalidState: The INVITE has its final response, or no description may be sent.
            ConfigError: The status is not 101 to 199.
        """
        if not 101 <= status <= 199:
            raise ConfigError(f"{status} is not a provisional status.")
        may_offer = self._is_reliable(has_sdp=True)
        if sdp is not None and self._dialog.turn.state is TurnState.INITIAL and not may_offer:
            raise InvalidState("The caller takes no offer before the answer.")
        if self._session.allows(CallInput.RING):
            self._draft = _Draft(status, sdp, headers)
        self._session.demand(CallInput.RING, now=now)

    def answer(self, sdp: bytes, headers: Fields, *, now: float) -> None:
        """Send 200, or keep it until the PRACK that is due has come.

        Raises:
            InvalidState: The INVITE has its final response.
        """
        session = self._session
        if not session.remote.is_idle:
            raise InvalidState("Answer the far side's other offer first.")
        is_later = self._reliable.holds_description
        what = CallInput.ANSWER_LATER if is_later else CallInput.ANSWER
        if session.allows(what):
            self._draft = _Draft(200, sdp, headers)
        session.demand(what, now=now)

    def reject(self, draft_status: int, reason: str | None, headers: Fields, *, now: float) -> None:
        """Refuse the INVITE.

        Raises:
            InvalidState: The INVITE has its final response.
            ConfigError: The status is not 300 to 699.
        """
        if not 300 <= draft_status <= 699:
            raise ConfigError(f"{draft_status} refuses nothing.")
        if self._session.allows(CallInput.REJECT):
            self._draft = _Draft(draft_status, headers=headers, reason=reason)
        ending = Ending(EndCause.LOCAL_REJECT, draft_status, reason)
        self._session.demand(CallInput.REJECT, now=now, ending=ending)

    def prepare_hang_up(self, headers: Fields) -> None:
        """Let the refusal that a hang-up sends be 480."""
        self._draft = _Draft(480, headers=headers)

    # -- actions ---------------------------------------------------------------------------------

    def report(self) -> None:
        """Tell the owner of the INVITE."""
        request = self.request
        self._session.emit(
            InviteReceived(
                session=self._session.id,
                call_id=request.call_id,
                from_uri=request.from_uri,
                from_display_name=request.from_display_name,
                to_uri=request.to_uri,
                request_uri=request.uri,
                headers=request.headers.as_mapping(),
                offer=request.body or None,
                flow=self._arrived.flow,
                replaces=self._replaces,
            )
        )

    def send_provisional(self, now: float) -> None:
        """Send the provisional response that the owner wants."""
        draft, session, turn = self._draft, self._session, self._dialog.turn
        # A description that has been agreed is not said again.
        sdp = None if turn.state is TurnState.STABLE else draft.sdp
        is_reliable = self._is_reliable(has_sdp=sdp is not None)
        content = [("Content-Type", SDP)] if sdp else []
        response = self._make(draft, [*content], sdp or b"")
        self._last = response
        if is_reliable:
            if sdp is not None:
                is_answer = turn.state is TurnState.REMOTE_OFFER
                turn.take(TurnInput.SEND_ANSWER if is_answer else TurnInput.SEND_OFFER, sdp)
            self._reliable.send(response, now=now)
        else:
            session.stack.send_response(self._arrived.transaction, response, now=now)
        session.start_timer(CallTimer.REPEAT_RINGING, after=REPEAT_AFTER, now=now)

    def repeat_provisional(self, now: float) -> None:
        """Send the last provisional response again, so that no proxy on the way gives up."""
        if self._last is not None and "RSeq" not in self._last.headers:
            transaction = self._arrived.transaction
            self._session.stack.send_response(transaction, self._last, now=now)
        self._session.start_timer(CallTimer.REPEAT_RINGING, after=REPEAT_AFTER, now=now)

    def send_answer(self, now: float) -> None:
        """Send the 200, and send it again until the ACK comes."""
        session, turn, draft = self._session, self._dialog.turn, self._draft
        self._reliable.close()
        headers = [*session.stack.abilities(), *session.refresh.accept(self.request, now=now)]
        body = b""
        if draft.sdp is not None and turn.state is not TurnState.STABLE:
            is_answer = turn.state is TurnState.REMOTE_OFFER
            turn.take(TurnInput.SEND_ANSWER if is_answer else TurnInput.SEND_OFFER, draft.sdp)
            headers, body = [*headers, ("Content-Type", SDP)], draft.sdp
        self._last = self._make(draft, headers, body)
        session.stack.send_response(self._arrived.transaction, self._last, now=now)
        timers = session.stack.config.timers
        self._interval = timers.t1
        session.start_timer(CallTimer.RESEND_ANSWER, after=timers.t1, now=now)
        session.start_timer(CallTimer.ACK_LIMIT, after=timers.limit, now=now)
        session.check_hold()
        self._replace(now)

    def resend_answer(self, now: float) -> None:
        """Send the 200 again: after T1, then after twice as long up to T2 (RFC 3261 §13.3.1.4)."""
        session = self._session
        if self._last is not None:
            session.stack.send_response(self._arrived.transaction, self._last, now=now)
        self._interval = min(2 * self._interval, session.stack.config.timers.t2)
        session.start_timer(CallTimer.RESEND_ANSWER, after=self._interval, now=now)

    def refuse(self, now: float) -> None:
        """Send the refusal."""
        self._reliable.close()
        response = self._make(self._draft, [], b"", has_contact=False)
        self._session.stack.send_response(self._arrived.transaction, response, now=now)

    def _make(
        self, draft: _Draft, headers: Fields, body: bytes, *, has_contact: bool = True
    ) -> Response:
        session = self._session
        contact = [("Contact", session.contact())] if has_contact else []
        return self.request.reply(
            draft.status,
            reason=draft.reason,
            to_tag=session.id,
            headers=[
                *contact,
                *draft.headers,
                ("Server", session.stack.config.user_agent),
                *headers,
            ],
            body=body,
        )

    def _is_reliable(self, *, has_sdp: bool) -> bool:
        """Tell whether a provisional response is to be sent reliably (RFC 3262 §3)."""
        if "100rel" not in self._session.stack.config.supported:
            return False
        request = self.request
        return "100rel" in request.require or (has_sdp and "100rel" in request.supported)

    def _replace(self, now: float) -> None:
        """End the session whose place this one has taken (RFC 3891 §3)."""
        if self._replaces is None:
            return
        replaced = self._session.stack.sessions.get(self._replaces)
        if replaced is not None and replaced.state is not CallState.ENDED:
            replaced.happen(CallInput.HANG_UP, now=now, ending=Ending(EndCause.REPLACED, 200))
