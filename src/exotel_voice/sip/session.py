"""One INVITE session: runs the table of `call.py` and holds its parts together (RFC 3261 §13, §15).

The parts are the INVITE of one role (`call_client.py`, `call_server.py`), our offers and the far
side's inside the session, the session timer and transfers. They share the dialog; each says to the
session what happened, and the session's table says what that means for the call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, assert_never

from exotel_voice.errors import InvalidState
from exotel_voice.sip.addresses import quote
from exotel_voice.sip.call import CHART, CallDo, CallInput, CallState, CallTimer
from exotel_voice.sip.call_server import LIMITS, ServerInvite
from exotel_voice.sip.dialog import Dialog
from exotel_voice.sip.ending import Ending
from exotel_voice.sip.events import (
    AnswerReceived,
    CallConfirmed,
    EndCause,
    Event,
    Flow,
    RemoteHoldChanged,
    SessionId,
)
from exotel_voice.sip.exchange import Exchange, Reply, ReplyHandler
from exotel_voice.sip.local_offer import GONE, LocalOffer
from exotel_voice.sip.machine import Machine
from exotel_voice.sip.message import Request, Response
from exotel_voice.sip.refresh import Refresh
from exotel_voice.sip.remote_offer import RemoteOffer
from exotel_voice.sip.transaction_events import FailureKind, RequestArrived
from exotel_voice.sip.transfer import Transferee, Transferor
from exotel_voice.sip.transfer_chart import TransfereeInput

if TYPE_CHECKING:
    from exotel_voice.sip.call_client import ClientInvite
    from exotel_voice.sip.stack import Stack

__all__ = ["OVER", "Session"]

OVER: Final = frozenset(
    {
        CallState.CANCELLING,
        CallState.ABANDONED,
        CallState.LEAVING,
        CallState.OWING,
        CallState.ENDED,
    }
)
"""The states in which the owner has been told that the session ended."""

WITH_CONTACT: Final = frozenset({"INVITE", "UPDATE", "REFER", "NOTIFY"})
"""The methods whose 2xx names our Contact (RFC 3261 §20.10, RFC 3311 §5.2, RFC 6665 §8)."""


class Session(Machine[CallState, CallInput, CallDo, CallTimer]):
    """One call.

    Args:
        stack: What the sessions share.
        session_id: Its name, which is its local tag.
        flow: The connection of its first message.

    Attributes:
        dialog: The dialog in use: the last early one, then the one that was kept.
        client: The INVITE, if it is ours.
        server: The INVITE, if it is the far side's.
        local: Our offers inside the session.
        remote: The far side's offers inside the session.
        refresh: The session timer.
        transferor: A transfer that we ask for.
        transferee: A transfer that the far side asks for.
        peer_allows: The methods that the far side takes, empty if it did not say.
    """

    def __init__(self, stack: Stack, session_id: SessionId, *, flow: Flow) -> None:
        super().__init__(CHART, stack.deadlines, owner=session_id)
        self.id = session_id
        self.stack = stack
        self.flow = flow
        self.dialog: Dialog | None = None
        self.client: ClientInvite | None = None
        self.server: ServerInvite | None = None
        self.local = LocalOffer(self)
        self.remote = RemoteOffer(self)
        self.refresh = Refresh(self)
        self.transferor = Transferor(self, stack.deadlines, stack.config.timers)
        self.transferee = Transferee(self, stack.deadlines)
        self.peer_allows: frozenset[str] = frozenset()
        self._is_remote_hold = False
        self._late_answer: bytes | None = None
        self._reason: tuple[tuple[str, str], ...] = ()
        self._ending = Ending(EndCause.PROTOCOL, 500)

    # -- the table -------------------------------------------------------------------------------

    def demand(self, what: CallInput, *, now: float, ending: Ending | None = None) -> None:
        """Take a wish of the owner.

        Raises:
            InvalidState: The table has no row for it.
        """
        if not self.allows(what):
            raise InvalidState(
                f"The call is {self.state.value}; {what.value!r} is not possible then.",
                call_id=self.dialog.id.call_id if self.dialog else None,
            )
        self.happen(what, now=now, ending=ending)

    def happen(self, what: CallInput, *, now: float, ending: Ending | None = None) -> bool:
        """Take what the network or a timer says; nothing happens if the table has no row.

        Args:
            what: The input.
            now: The current time, seconds.
            ending: What to report, if the row ends the session.
        """
        if ending is not None and self.allows(what):
            self._ending = ending
        return self.take(what, now=now)

    def fire(self, timer: CallTimer, *, now: float) -> None:
        """Take a timer that fell due."""
        match timer:
            case CallTimer.GLARE | CallTimer.OFFER_LIMIT:
                self.local.take_timer(timer, now=now)
            case CallTimer.RESEND_REINVITE_ANSWER | CallTimer.REINVITE_ACK_LIMIT:
                self.remote.take_timer(timer, now=now)
            case CallTimer.SESSION_REFRESH | CallTimer.SESSION_EXPIRES:
                self.refresh.fire(timer, now=now)
            case CallTimer.TRANSFER:
                self.transferor.take_timer(timer, now=now)
            case CallTimer.REFERRAL:
                self.transferee.take_timer(timer, now=now)
            case _ if self.server is not None and timer in GIVING_UP:
                self.server.fire(timer, now=now)
            case _:
                self._ending = Ending.of_timer(timer)
                self.take_timer(timer, now=now)

    @property
    def is_over(self) -> bool:
        """Whether the owner has been told that the session ended."""
        return self.state in OVER

    def is_on(self, flow: Flow) -> bool:
        """Tell whether its next message goes over a connection."""
        return flow == (self.flow if self.dialog is None else self.dialog.flow)

    def hang_up(self, reason: str | None, *, now: float) -> None:
        """End the session as its state asks.

        Raises:
            InvalidState: It has ended.
        """
        ending = Ending.of_hang_up(self.state, reason)
        if reason is not None:
            status = 200 if ending.cause is EndCause.LOCAL_HANGUP else ending.status
            self._reason = (("Reason", f"SIP;cause={status};text={quote(reason)}"),)
        if self.server is not None and not self.is_over:
            self.server.prepare_hang_up(self._reason)
        self.demand(CallInput.HANG_UP, now=now, ending=ending)

    # -- what the parts say ----------------------------------------------------------------------

    def confirm(self, answer: bytes | None, *, now: float) -> None:
        """Take note that the ACK to our 2xx came, with the answer if our 2xx had the offer."""
        self._late_answer = answer
        self.happen(CallInput.ACK, now=now)

    def report_answer(self, answer: bytes) -> None:
        """Tell the owner of the answer to an offer of ours."""
        self.emit(AnswerReceived(session=self.id, answer=answer))
        self.check_hold()

    def check_hold(self) -> None:
        """Tell the owner if the far side has put us on hold, or taken us back (RFC 6337 §5.3)."""
        if self.dialog is None or self.is_over:
            return
        turn = self.dialog.turn
        is_held = turn.is_remote_hold
        # An answer to an inactive offer can say nothing but inactive.
        if is_held != self._is_remote_hold and not (is_held and turn.is_local_inactive):
            self._is_remote_hold = is_held
            self.emit(RemoteHoldChanged(session=self.id, is_held=is_held))

    def receive_verdict(self, reply: Reply, *, now: float) -> None:
        """Take what the refusal of a request in the dialog says of the call (RFC 5057 §5.1)."""
        if reply.failure is FailureKind.TRANSPORT:
            return
        if reply.status == 408:
            self.happen(CallInput.UNANSWERED, now=now, ending=Ending.of_reply(reply))
        elif reply.status in GONE:
            ending = Ending.of_reply(reply)
            ending = Ending(
                EndCause.REMOTE_HANGUP, ending.status, ending.reason, headers=ending.headers
            )
            self.happen(CallInput.GONE, now=now, ending=ending)

    def receive_ack(self, ack: Request, *, now: float) -> None:
        """Take an ACK to a 2xx of ours."""
        server = self.server
        if server is not None and ack.cseq_number == server.request.cseq_number:
            if self.allows(CallInput.ACK):
                server.receive_ack(ack, now=now)
        else:
            self.remote.receive_ack(ack, now=now)

    # -- the way out -----------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        """Tell the owner, unless the session is over for it."""
        if not self.is_over:
            self.stack.emit(event)

    def contact(self) -> str:
        """Give the Contact value for the session's connection."""
        return self.stack.flows.contact()

    def send_request(
        self,
        method: str,
        *,
        headers: Sequence[tuple[str, str]],
        body: bytes = b"",
        handler: ReplyHandler,
        now: float,
    ) -> None:
        """Send a request inside the dialog."""
        if self.dialog is None:
            raise InvalidState("The call has no far side yet.")
        contact = [("Contact", self.contact())] if method in WITH_CONTACT else []
        agent = ("User-Agent", self.stack.config.user_agent)
        request = self.dialog.request(method, headers=[*contact, agent, *headers], body=body)
        self.stack.send(
            request, flow=self.dialog.flow, dialog=self.dialog, handler=handler, now=now
        )

    def respond(
        self,
        arrived: RequestArrived,
        status: int,
        *,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        now: float,
    ) -> Response | None:
        """Answer a request of the dialog."""
        if status < 300 and arrived.request.method in WITH_CONTACT:
            headers = [("Contact", self.contact()), *headers]
        return self.stack.respond(arrived, status, headers=headers, body=body, now=now)

    def start_timer(self, timer: CallTimer, *, after: float, now: float) -> None:
        """Start one of the session's own timers anew."""
        self._start(timer, after=after, now=now)

    # -- actions ---------------------------------------------------------------------------------

    def _perform(self, action: CallDo, now: float) -> None:  # noqa: C901, PLR0912, PLR0915
        match action:
            case CallDo.SEND_INVITE:
                self._send_invite(now)
            case CallDo.SEND_CANCEL:
                self._ours.cancel(self._reason, now)
            case CallDo.KEEP_DIALOG:
                self._ours.keep_dialog(now)
            case CallDo.ACKNOWLEDGE:
                self._ours.acknowledge()
            case CallDo.REQUEST_ANSWER:
                self._ours.request_answer()
            case CallDo.REPORT_PROGRESS:
                self._ours.report_progress()
            case CallDo.REPORT_ANSWERED:
                self._ours.report_answered()
            case CallDo.REPORT_INVITE:
                self._theirs.report()
            case CallDo.SEND_PROVISIONAL:
                self._theirs.send_provisional(now)
            case CallDo.REPEAT_PROVISIONAL:
                self._theirs.repeat_provisional(now)
            case CallDo.HOLD_ANSWER:
                pass  # The far side's INVITE keeps what the owner wants to say.
            case CallDo.SEND_ANSWER:
                self._theirs.send_answer(now)
            case CallDo.RESEND_ANSWER:
                self._theirs.resend_answer(now)
            case CallDo.REFUSE:
                self._theirs.refuse(now)
            case CallDo.REPORT_CONFIRMED:
                self.emit(CallConfirmed(session=self.id, answer=self._late_answer))
                self.check_hold()
            case CallDo.REPORT_END:
                self._report_end(now)
            case CallDo.SEND_BYE:
                self.send_request(
                    "BYE", headers=self._reason, handler=self._receive_bye_reply, now=now
                )
            case CallDo.START_OWING:
                after = self.stack.config.session_expires
                self._start(CallTimer.OWING_LIMIT, after=after, now=now)
            case CallDo.START_FLOW_LIMIT:
                after = self.stack.config.timers.limit
                self._start(CallTimer.FLOW_LIMIT, after=after, now=now)
            case CallDo.STOP_FLOW_LIMIT:
                self.stack.deadlines.cancel((self.id, CallTimer.FLOW_LIMIT))
            case CallDo.FORGET:
                self._forget()
            case _:
                assert_never(action)

    @property
    def _ours(self) -> ClientInvite:
        if self.client is None:
            raise InvalidState("The INVITE is the far side's.")
        return self.client

    @property
    def _theirs(self) -> ServerInvite:
        if self.server is None:
            raise InvalidState("The INVITE is ours.")
        return self.server

    def _send_invite(self, now: float) -> None:
        limit = self.stack.config.no_answer_after
        if limit is not None:
            self._start(CallTimer.NO_ANSWER, after=limit, now=now)
        self._ours.send(now)

    def _report_end(self, now: float) -> None:
        self.stack.emit(self._ending.event(self.id))
        self.remote.close(now=now)
        self.local.close(now=now)
        if self.transferee.allows(TransfereeInput.REJECT):
            self.transferee.reject(status=481, now=now)
        for timer in AFTERLIFE:
            self.stack.deadlines.cancel((self.id, timer))

    def _receive_bye_reply(self, _exchange: Exchange, reply: Reply, now: float) -> None:
        if reply.failure is FailureKind.TRANSPORT:
            self.happen(CallInput.BYE_FAILED, now=now)
        elif reply.status >= 200:
            self.happen(CallInput.BYE_ANSWERED, now=now)

    def _forget(self) -> None:
        if self.client is not None:
            self.client.close()
        if self.dialog is not None:
            self.stack.leave_dialog(self.dialog)
        self.stack.forget(self)


GIVING_UP: Final = frozenset({CallTimer.RESEND_RELIABLE, *LIMITS})
"""The timers of an INVITE that came and waits for its final response."""

AFTERLIFE: Final = frozenset(
    {
        CallTimer.GLARE,
        CallTimer.OFFER_LIMIT,
        CallTimer.SESSION_REFRESH,
        CallTimer.SESSION_EXPIRES,
        CallTimer.TRANSFER,
        CallTimer.REFERRAL,
    }
)
"""The timers that end when the owner is told of the end."""
