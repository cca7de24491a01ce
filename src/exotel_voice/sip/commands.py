"""What the owner of a user agent can do with a call: one method per wish.

Each method finds the session and hands the wish on; which wishes a state allows is for the tables
of `call.py`, `offer.py`, `local_offer.py` and `remote_offer.py` to say. A wish that the state
forbids raises `InvalidState` and sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from exotel_voice.errors import ConfigError, InvalidState, MalformedMessage
from exotel_voice.sip.call import CallInput, CallState
from exotel_voice.sip.dialog import DialogId
from exotel_voice.sip.events import Flow, InfoAnswered, SessionId
from exotel_voice.sip.exchange import Exchange, Reply
from exotel_voice.sip.headers import Headers
from exotel_voice.sip.info import DTMF_RELAY, relay_body
from exotel_voice.sip.refer import replaces_value
from exotel_voice.sip.session import Session
from exotel_voice.sip.values import Replaces

if TYPE_CHECKING:
    from exotel_voice.sip.call_server import ServerInvite
    from exotel_voice.sip.dialog import Dialog
    from exotel_voice.sip.stack import Stack

__all__ = ["CallCommands"]


class CallCommands:
    """The part of `UserAgent` that is about one call.

    Common arguments: `session` names the call as its first event or `invite` did; `now` is float
    seconds, monotonic, on the clock given to every method; `headers` are further headers for the
    message that goes out, names to values.

    Common errors: `InvalidState` when the session is over or unknown, or its state forbids the
    wish; `ConfigError` when a header cannot be written.
    """

    _stack: Stack

    def find_session(self, replaces: str) -> SessionId | None:
        """Find the session that a Replaces value names (RFC 3891 §3); None if there is none."""
        try:
            name = Replaces.parse(replaces)
        except MalformedMessage:
            return None
        found = self._stack.find_dialog(DialogId(name.call_id, name.to_tag, name.from_tag))
        return None if found is None or found[0].is_over else found[0].id

    def replaces_value(self, session: SessionId) -> str | None:
        """Give the Replaces value by which its far side knows a session; None without a dialog."""
        found = self._stack.sessions.get(session)
        dialog = None if found is None or found.is_over else found.dialog
        return None if dialog is None else replaces_value(dialog)

    def use_flow(self, session: SessionId, flow: Flow, *, now: float) -> None:
        """Let a session's next messages go over another connection (RFC 5626 §5.3).

        What waited for a connection, such as the BYE of a call hung up meanwhile, goes out.
        """
        found = self._stack.sessions.get(session)
        if found is None:
            raise InvalidState("The call has ended.")
        found.flow = flow
        if found.dialog is not None:
            found.dialog.flow = flow
        if self._stack.flows.is_open(flow):
            found.happen(CallInput.FLOW_BACK, now=now)

    def ring(
        self,
        session: SessionId,
        *,
        now: float,
        status: int = 180,
        answer: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send a provisional response to an INVITE that came (RFC 3261 §13.3.1.1).

        With a description the response is sent reliably when the caller knows 100rel (RFC 3262 §3);
        without one only when the caller demands that.

        Args:
            session: Names the call.
            now: The current time, seconds.
            status: 101 to 199.
            answer: The SDP answer for early media, or the offer when the INVITE had none and the
                caller knows 100rel.
            headers: Further headers, names to values.
        """
        fields = _fields(headers)
        self._server(session).ring(status, answer, fields, now=now)

    def answer(
        self,
        session: SessionId,
        *,
        sdp: bytes,
        now: float,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Accept an INVITE that came, with 200 (RFC 3261 §13.3.1.4). `CallConfirmed` follows.

        Args:
            session: Names the call.
            sdp: The SDP answer, or the offer if the INVITE had none. Left out of the 200 when a
                reliable provisional response has carried the answer before.
            now: The current time, seconds.
            headers: Further headers, names to values.
        """
        fields = _fields(headers)
        self._server(session).answer(sdp, fields, now=now)

    def reject(
        self,
        session: SessionId,
        *,
        now: float,
        status: int = 486,
        reason: str | None = None,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
    ) -> None:
        """Refuse an INVITE that came (RFC 3261 §13.3.1.3). `CallEnded` follows at once.

        Args:
            session: Names the call.
            now: The current time, seconds.
            status: 300 to 699.
            reason: The reason phrase; None for the usual one.
            headers: Further headers; a sequence of pairs where a name comes more than once, as
                Proxy-Authenticate does for several algorithms (RFC 8760 §2.3).
        """
        fields = _fields(headers)
        self._server(session).reject(status, reason, fields, now=now)

    def hang_up(self, session: SessionId, *, now: float, reason: str | None = None) -> None:
        """End the call: CANCEL, BYE or 480 as the state asks (RFC 3261 §9, §15).

        `CallEnded` follows at once, the wire does the rest: a BYE for which there is no connection
        waits for the next one.

        Args:
            session: Names the call.
            now: The current time, seconds.
            reason: Text for the Reason header (RFC 3326); not sent when None.
        """
        self._live(session).hang_up(reason, now=now)

    def offer(
        self, session: SessionId, *, sdp: bytes, now: float, use_update: bool = False
    ) -> None:
        """Offer a new description by re-INVITE or UPDATE (RFC 3261 §14.1, RFC 3311).

        `AnswerReceived` or `OfferRejected` follows. When both sides offer at once (491), the offer
        is sent again after the RFC's pause by itself.

        Args:
            session: Names the call.
            sdp: The offer.
            now: The current time, seconds.
            use_update: Send UPDATE, which is also allowed before the call is answered.
        """
        method = "UPDATE" if use_update else "INVITE"
        self._live(session).local.offer(sdp, method=method, now=now)

    def can_offer(self, session: SessionId, *, use_update: bool = False) -> bool:
        """Tell whether `offer` would be taken now (RFC 6337 §4). Never raises."""
        found = self._stack.sessions.get(session)
        method = "UPDATE" if use_update else "INVITE"
        return found is not None and found.local.may_offer(method)

    def answer_offer(self, session: SessionId, *, sdp: bytes, now: float) -> None:
        """Answer an `OfferReceived` or `AnswerRequested`."""
        found = self._live(session)
        is_first = found.state is not CallState.CONFIRMED and found.remote.is_idle
        if found.client is not None and is_first:
            found.client.answer_offer(sdp, now=now)
        else:
            found.remote.answer(sdp, now=now)

    def reject_offer(self, session: SessionId, *, now: float, status: int = 488) -> None:
        """Refuse an `OfferReceived` or `OfferRequested`; the session stays as it was.

        Args:
            session: Names the call.
            now: The current time, seconds.
            status: 400 to 699.
        """
        if not 400 <= status <= 699:
            raise ConfigError(f"{status} refuses nothing.")
        self._live(session).remote.refuse(status=status, now=now)

    def provide_offer(self, session: SessionId, *, sdp: bytes, now: float) -> None:
        """Give the offer that an `OfferRequested` asks for. `AnswerReceived` follows."""
        self._live(session).remote.provide(sdp, now=now)

    def send_digit(
        self, session: SessionId, digit: str, *, now: float, duration: float = 0.24
    ) -> None:
        """Send one digit by INFO, `application/dtmf-relay` (RFC 6086). `InfoAnswered` follows.

        Args:
            session: Names the call.
            digit: One of 0-9, A-D, * and #.
            now: The current time, seconds.
            duration: Seconds, 0.04 to 8.

        Raises:
            InvalidState: The call is not up.
            ConfigError: It is no digit, or the duration is out of range.
        """
        body = relay_body(digit, duration)
        self.send_info(session, content_type=DTMF_RELAY, body=body, now=now)

    def send_info(self, session: SessionId, *, content_type: str, body: bytes, now: float) -> None:
        """Send an INFO with any body (RFC 6086). `InfoAnswered` follows."""
        found = self._up(session)

        def report(_exchange: Exchange, reply: Reply, at: float) -> None:
            if reply.status >= 200:
                found.emit(InfoAnswered(session=session, status=reply.status, reason=reply.reason))
            if reply.status == 481:
                found.receive_verdict(reply, now=at)

        headers = [("Content-Type", content_type)]
        found.send_request("INFO", headers=headers, body=body, handler=report, now=now)

    def transfer(self, session: SessionId, target: str, *, now: float) -> None:
        """Ask the far side to call somebody else (RFC 3515). `TransferProgressed` follows.

        Args:
            session: Names the call.
            target: A SIP or tel URI.
            now: The current time, seconds.
        """
        found = self._up(session)
        found.transferor.ask(target, referred_by=self._stack.config.aor, now=now)

    def transfer_to(self, session: SessionId, other: SessionId, *, now: float) -> None:
        """Ask the far side to take the place of this side in another call (RFC 3891, RFC 5589 §7).

        Args:
            session: Names the call.
            other: A session of ours that is up; it ends when the far side has replaced it.
            now: The current time, seconds.
        """
        found, dialog = self._up(session), self._dialog(other)
        found.transferor.ask(
            dialog.remote_target,
            referred_by=self._stack.config.aor,
            replaces=replaces_value(dialog),
            now=now,
        )

    def accept_transfer(self, session: SessionId, *, now: float) -> None:
        """Agree to a `TransferRequested`: 202, and a NOTIFY that says 100 (RFC 3515 §2.4.2)."""
        self._live(session).transferee.accept(now=now)

    def report_transfer(self, session: SessionId, *, status: int, reason: str, now: float) -> None:
        """Tell the far side how the call that it asked for fares (RFC 3515 §2.4.5).

        Args:
            session: Names the call.
            status: Status of the new call's last response; 200 and more end the report.
            reason: Its reason phrase.
            now: The current time, seconds.
        """
        self._live(session).transferee.report(status=status, reason=reason, now=now)

    def reject_transfer(self, session: SessionId, *, now: float, status: int = 603) -> None:
        """Refuse a `TransferRequested`.

        Args:
            session: Names the call.
            now: The current time, seconds.
            status: 400 to 699.
        """
        self._live(session).transferee.reject(status=status, now=now)

    # -- finding ---------------------------------------------------------------------------------

    def _live(self, session: SessionId) -> Session:
        found = self._stack.sessions.get(session)
        if found is None or found.is_over:
            raise InvalidState("The call has ended.")
        return found

    def _up(self, session: SessionId) -> Session:
        """Find a session that has been answered."""
        found = self._live(session)
        if found.state not in {CallState.CONFIRMED, CallState.ACCEPTED}:
            raise InvalidState(f"The call is {found.state.value}: it has not been answered.")
        return found

    def _server(self, session: SessionId) -> ServerInvite:
        found = self._live(session)
        if found.server is None:
            raise InvalidState("This call is ours; only an incoming one can be answered.")
        return found.server

    def _dialog(self, session: SessionId) -> Dialog:
        dialog = self._up(session).dialog
        if dialog is None:
            raise InvalidState("The call has no far side yet.")
        return dialog


def _fields(
    headers: Mapping[str, str] | Sequence[tuple[str, str]] | None,
) -> list[tuple[str, str]]:
    """Check the owner's headers before anything is done with them."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers or ()
    return list(Headers(pairs))
