"""Where a request that came goes: to its dialog, to a new session, to the owner, or back refused.

RFC 3261 §8.2, §12.2.2, §13.3.1, RFC 3891 §3. What is wrong with the message itself is for
`validation.py` to say; here it is compared with what the agent knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exotel_voice.errors import InvalidState, MalformedMessage
from exotel_voice.sip.call import CallInput, CallState
from exotel_voice.sip.call_server import ServerInvite
from exotel_voice.sip.dialog import Dialog, DialogId
from exotel_voice.sip.events import MessageDropped, RequestReceived, SessionId, TransactionId
from exotel_voice.sip.in_call import METHODS, receive_in_dialog
from exotel_voice.sip.message import Request
from exotel_voice.sip.session import OVER, Session
from exotel_voice.sip.timers import Deadlines
from exotel_voice.sip.transaction_events import AckArrived, CancelArrived, RequestArrived
from exotel_voice.sip.validation import SDP, Refusal, validate_request
from exotel_voice.sip.values import Replaces

if TYPE_CHECKING:
    from exotel_voice.sip.stack import Stack

__all__ = ["Reception"]

OWNER_LIMIT: Final = 30.0
"""Seconds after which a request that the owner leaves without an answer gets 500."""


class Reception:
    """Hands the requests of others on.

    Args:
        stack: What the sessions share.

    Attributes:
        deadlines: When the owner's time to answer a request is over.
    """

    __slots__ = ("_asked", "_stack", "deadlines")

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._asked: dict[TransactionId, RequestArrived] = {}
        self.deadlines: Deadlines[TransactionId] = Deadlines()

    # -- from the network ------------------------------------------------------------------------

    def receive(self, arrived: RequestArrived, *, now: float) -> None:
        """Take a request that is neither ACK nor CANCEL."""
        stack, request = self._stack, arrived.request
        refusal = validate_request(
            request,
            allowed=stack.allowed,
            supported=stack.config.supported,
            is_relay=stack.config.is_relay,
        )
        if refusal is not None:
            self._refuse(arrived, refusal, now)
        elif request.to_tag is not None:
            self._receive_in_dialog(arrived, now)
        elif request.method in stack.config.owner_methods:
            self._ask_owner(arrived, now)
        elif request.method == "INVITE":
            self._receive_invite(arrived, now)
        elif request.method == "OPTIONS":
            # RFC 3261 §11.2: as an INVITE would be answered.
            headers = [*stack.abilities(), ("Accept", SDP)]
            stack.respond(arrived, 200, headers=headers, now=now)
        elif request.method == "REFER":
            # RFC 3515 §2.4.2: a REFER outside a call is not agreed to.
            stack.respond(arrived, 603, now=now)
        else:
            # RFC 3261 §12.2.2, RFC 6665 §4.1.3: it needs a dialog that there is not.
            stack.respond(arrived, 481, now=now)

    def receive_ack(self, arrived: AckArrived, *, now: float) -> None:
        """Take an ACK to a 2xx; one for no dialog is dropped (RFC 3261 §12.2.2)."""
        found = self._stack.find_dialog(_dialog_of(arrived.request))
        if found is None:
            detail = "An ACK came that belongs to no dialog."
            self._stack.emit(MessageDropped(kind="stray_ack", detail=detail, flow=arrived.flow))
            return
        session, dialog = found
        dialog.flow = arrived.flow
        session.receive_ack(arrived.request, now=now)

    def receive_cancel(self, arrived: CancelArrived, *, now: float) -> None:
        """Take a CANCEL for an INVITE that waits (RFC 3261 §9.2)."""
        session = self._stack.offers.get(arrived.transaction)
        if session is None:
            return
        if session.server is not None and session.server.transaction == arrived.transaction:
            session.server.receive_cancel(arrived.request, now=now)
        else:
            session.remote.receive_cancel(now=now)

    # -- the owner's answers ---------------------------------------------------------------------

    def take_asked(self, transaction: TransactionId) -> RequestArrived:
        """Give the request that the owner answers now.

        Raises:
            InvalidState: It has been answered, or has never been.
        """
        arrived = self._asked.pop(transaction, None)
        if arrived is None:
            raise InvalidState("There is no such request to answer any more.")
        self.deadlines.cancel(transaction)
        return arrived

    def handle_timer(self, *, now: float) -> None:
        """Answer what the owner has left too long."""
        while (transaction := self.deadlines.pop_due(now=now)) is not None:
            arrived = self._asked.pop(transaction)
            self._stack.respond(arrived, 500, now=now)

    # -- requests --------------------------------------------------------------------------------

    def _refuse(self, arrived: RequestArrived, refusal: Refusal, now: float) -> None:
        self._stack.respond(
            arrived, refusal.status, reason=refusal.reason, headers=refusal.headers, now=now
        )

    def _receive_in_dialog(self, arrived: RequestArrived, now: float) -> None:
        found = self._stack.find_dialog(_dialog_of(arrived.request))
        method = arrived.request.method
        if found is None:
            # RFC 3261 §12.2.2. A server may know more dialogs than the agent does: the owner's.
            if method in self._stack.config.owner_methods and method not in METHODS:
                self._ask_owner(arrived, now)
            else:
                self._stack.respond(arrived, 481, now=now)
        elif method in METHODS:
            receive_in_dialog(*found, arrived, now=now)
        elif found[1].take_cseq(arrived.request):
            self._ask_owner(arrived, now)
        else:
            self._stack.respond(arrived, 500, now=now)

    def _ask_owner(self, arrived: RequestArrived, now: float) -> None:
        self._asked[arrived.transaction] = arrived
        self.deadlines.set(arrived.transaction, now + OWNER_LIMIT)
        self._stack.emit(
            RequestReceived(
                transaction=arrived.transaction, request=arrived.request, flow=arrived.flow
            )
        )

    # -- INVITE ----------------------------------------------------------------------------------

    def _receive_invite(self, arrived: RequestArrived, now: float) -> None:
        stack, request = self._stack, arrived.request
        session_id = SessionId(stack.ids.tag())
        if len(stack.sessions) >= stack.config.max_sessions:
            stack.respond(arrived, 486, now=now)
            return
        try:
            dialog = Dialog.of_server(request, local_tag=session_id, flow=arrived.flow)
            replaces, refusal = self._find_replaced(request)
        except MalformedMessage as error:
            # RFC 3261 §8.1.1.8, RFC 3891 §3: no Contact, or a Replaces that cannot be read.
            stack.respond(arrived, 400, reason=error.message.capitalize(), now=now)
            return
        session = Session(stack, session_id, flow=arrived.flow)
        brief = session.refresh.timer.refusal_headers(request)
        if refusal is not None or brief is not None:
            stack.respond(arrived, refusal or 422, headers=brief or (), now=now)
            return
        session.dialog = dialog
        session.peer_allows = frozenset(request.allow)
        session.server = ServerInvite(session, arrived, dialog, replaces=replaces)
        stack.sessions[session_id] = session
        stack.offers[arrived.transaction] = session
        stack.enter_dialog(session, dialog)
        session.server.receive(now=now)

    def _find_replaced(self, request: Request) -> tuple[SessionId | None, int | None]:
        """Find the session that an INVITE takes the place of (RFC 3891 §3).

        Returns:
            The session, or the status that refuses the INVITE.

        Raises:
            MalformedMessage: The Replaces header cannot be read.
        """
        replaces = request.replaces
        if replaces is None:
            return None, None
        if len(request.headers.get_all("Replaces")) > 1:
            return None, 400
        found = self._stack.find_dialog(
            DialogId(replaces.call_id, replaces.to_tag, replaces.from_tag)
        )
        if found is None:
            return None, 481
        session = found[0]
        return session.id, _refusal_to_replace(session, replaces)


def _refusal_to_replace(session: Session, replaces: Replaces) -> int | None:
    """Tell what refuses a Replaces that names this session; None if it may be replaced."""
    if session.state in OVER:
        return 603
    if session.state is CallState.PROCEEDING:
        return None
    if not session.allows(CallInput.HANG_UP) or session.state in INCOMPLETE:
        return 481
    return 486 if replaces.is_early_only else None


INCOMPLETE: Final = frozenset(
    {CallState.CALLING, CallState.INCOMING, CallState.RINGING, CallState.ACCEPTING}
)
"""An early dialog that the far side began cannot be replaced (RFC 3891 §3)."""


def _dialog_of(request: Request) -> DialogId:
    return DialogId(request.call_id, request.to_tag or "", request.from_tag or "")
