"""Our INVITE that opens a session: early dialogs, forks, ACK and CANCEL (RFC 3261 §13.2, §9.1).

One INVITE may reach several phones. Each that answers makes a dialog of its own; the first 2xx is
kept, and every further one gets its ACK and a BYE.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from exotel_voice.errors import InvalidState, MalformedMessage
from exotel_voice.sip.call import CallInput, CallState
from exotel_voice.sip.dialog import Dialog
from exotel_voice.sip.ending import Ending
from exotel_voice.sip.events import (
    AnswerRequested,
    CallAnswered,
    CallProgressed,
    EndCause,
    MessageDropped,
)
from exotel_voice.sip.exchange import Exchange, Reply, again
from exotel_voice.sip.local_offer import has_sdp
from exotel_voice.sip.message import Request, Response
from exotel_voice.sip.offer import OfferTurn, TurnInput, TurnState
from exotel_voice.sip.validation import SDP
from exotel_voice.sip.values import RAck

if TYPE_CHECKING:
    from exotel_voice.sip.session import Session

__all__ = ["ClientInvite"]

MAX_FORKS: Final = 32
"""Early dialogs that one INVITE may make, and phones whose 2xx gets an ACK; more are dropped."""


class ClientInvite:
    """An INVITE of ours.

    Args:
        session: Its session.
        request: The INVITE without Via.
    """

    __slots__ = (
        "_ack_body", "_acks", "_early", "_exchange", "_kept", "_reliable", "_reply", "_reported",
        "_request", "_session", "_turn",
    )  # fmt: skip

    def __init__(self, session: Session, request: Request) -> None:
        self._session = session
        self._request = request
        self._turn = OfferTurn()
        if request.body:
            self._turn.take(TurnInput.SEND_OFFER, request.body)
        self._early: dict[str, Dialog] = {}
        self._exchange: Exchange | None = None
        self._reply: Reply | None = None
        self._reported: bytes | None = None
        self._reliable: deque[tuple[Dialog, Response]] = deque()
        self._ack_body = b""
        self._acks: dict[str, bytes] = {}
        self._kept: str | None = None

    # -- actions ---------------------------------------------------------------------------------

    def send(self, now: float) -> None:
        """Send the INVITE."""
        session = self._session
        self._exchange = session.stack.send(
            self._request, flow=session.flow, handler=self._receive, now=now
        )

    def cancel(self, headers: Sequence[tuple[str, str]], now: float) -> None:
        """Cancel it; the transaction waits for the first provisional response."""
        if self._exchange is not None:
            self._exchange.cancel(now=now, headers=headers)

    def acknowledge(self) -> None:
        """Send the ACK to the 2xx that was kept."""
        dialog, exchange = self._session.dialog, self._exchange
        if dialog is not None and exchange is not None:
            self._send_ack(dialog, exchange, self._ack_body)

    def report_progress(self) -> None:
        """Tell the owner of a provisional response."""
        if self._reply is None:
            return
        response = self._reply.response
        answer = response.body if has_sdp(response) and self._request.body else None
        if answer is not None:
            self._reported = answer
        self._session.emit(
            CallProgressed(
                session=self._session.id,
                status=response.status,
                reason=response.reason,
                answer=answer,
                headers=response.headers.as_mapping(),
            )
        )

    def report_answered(self) -> None:
        """Tell the owner of the 2xx."""
        session = self._session
        if self._reply is None or session.dialog is None:
            return
        response = self._reply.response
        answer = session.dialog.turn.remote if self._request.body else None
        self._session.emit(
            CallAnswered(
                session=session.id,
                answer=answer if answer != self._reported else None,
                headers=response.headers.as_mapping(),
                status=response.status,
            )
        )
        session.check_hold()

    def request_answer(self) -> None:
        """Ask the owner to answer the offer in a response."""
        if self._reply is not None:
            offer = self._reply.response.body
            self._session.emit(AnswerRequested(session=self._session.id, offer=offer))

    def keep_dialog(self, now: float) -> None:
        """Keep the dialog of the 2xx, and let go of the others."""
        session, reply = self._session, self._reply
        if reply is None:
            return
        tag = reply.response.to_tag or ""
        kept = self._early.pop(tag, None)
        self.close()
        if kept is not None:
            self._early[tag] = kept
            session.stack.enter_dialog(session, kept)
            session.dialog = kept
        self._kept = tag
        session.refresh.receive_success(reply.response, now=now)

    def close(self) -> None:
        """Let go of every early dialog."""
        for dialog in self._early.values():
            self._session.stack.leave_dialog(dialog)
        self._early.clear()

    # -- wishes of the owner ---------------------------------------------------------------------

    def answer_offer(self, sdp: bytes, *, now: float) -> None:
        """Answer the offer in a reliable provisional response, or in the 2xx.

        Raises:
            InvalidState: None waits.
        """
        session = self._session
        if session.state is CallState.ANSWERED and session.dialog is not None:
            session.dialog.turn.take(TurnInput.SEND_ANSWER, sdp)
            self._ack_body = sdp
            session.demand(CallInput.ANSWER_OFFER, now=now)
        elif self._reliable and session.state is CallState.PROCEEDING:
            # Several phones may have offered: they are answered in the order of their offers.
            dialog, response = self._reliable.popleft()
            dialog.turn.take(TurnInput.SEND_ANSWER, sdp)
            self._send_prack(dialog, response, sdp, now)
        else:
            raise InvalidState("No offer of the far side waits for an answer.")
        session.check_hold()

    # -- from the network ------------------------------------------------------------------------

    def _receive(self, exchange: Exchange, reply: Reply, now: float) -> None:
        self._exchange = exchange
        if reply.status == 100:
            self._session.happen(CallInput.TRYING, now=now)
        elif reply.status < 200:
            self._receive_provisional(reply, now)
        elif reply.status < 300:
            self._receive_success(exchange, reply, now)
        else:
            self._receive_refusal(reply, now)

    def _receive_provisional(self, reply: Reply, now: float) -> None:
        session, response = self._session, reply.response
        if not session.allows(CallInput.PROVISIONAL):
            return
        dialog = self._early_dialog(response)
        rseq = response.rseq if "100rel" in response.require else None
        if dialog is not None and rseq is not None and not dialog.take_rseq(rseq):
            return
        self._reply = reply
        if dialog is None or rseq is None:
            session.happen(CallInput.PROVISIONAL, now=now)
            return
        self._receive_reliable(dialog, reply, now)

    def _receive_reliable(self, dialog: Dialog, reply: Reply, now: float) -> None:
        """Take a reliable provisional response in its turn (RFC 3262 §4, §5)."""
        session, response, turn = self._session, reply.response, dialog.turn
        session.happen(CallInput.PROVISIONAL, now=now)
        if has_sdp(response) and turn.state is TurnState.INITIAL:
            turn.take(TurnInput.RECEIVE_OFFER, response.body)
            self._reliable.append((dialog, response))
            self.request_answer()
            return
        if has_sdp(response) and turn.state is TurnState.LOCAL_OFFER:
            turn.take(TurnInput.RECEIVE_ANSWER, response.body)
        self._send_prack(dialog, response, b"", now)

    def _receive_success(self, exchange: Exchange, reply: Reply, now: float) -> None:
        session, response = self._session, reply.response
        tag = response.to_tag or ""
        if tag in self._acks:
            # RFC 6026 §8.4: a 2xx that comes again gets its ACK again.
            session.stack.layer.resend(self._acks[tag], flow=exchange.flow)
        elif self._kept is not None or session.is_ended:
            if tag != self._kept:
                self._drop_fork(exchange, response, now)
        elif self._early_dialog(response, is_final=True) is None:
            ending = Ending(EndCause.PROTOCOL, 502, "Unusable 2xx")
            session.happen(CallInput.FAILURE, now=now, ending=ending)
        else:
            self._reply = reply
            session.peer_allows = frozenset(response.allow)
            ending = Ending(EndCause.PROTOCOL, 488, "No Description in the 2xx")
            session.happen(self._take_description(response), now=now, ending=ending)

    def _take_description(self, response: Response) -> CallInput:
        """Take what the kept 2xx carries, and tell which kind of 2xx it is."""
        turn = self._early[response.to_tag or ""].turn
        if turn.state is TurnState.LOCAL_OFFER and has_sdp(response):
            turn.take(TurnInput.RECEIVE_ANSWER, response.body)
        elif turn.state is TurnState.LOCAL_OFFER and self._reported is not None:
            # Deviates: RFC 3261 §13.2.1 wants the answer in the 2xx; some gateways have it in an
            # unreliable 183 only. Costs nothing but strictness.
            turn.take(TurnInput.RECEIVE_ANSWER, self._reported)
        elif turn.state is TurnState.INITIAL and has_sdp(response):
            turn.take(TurnInput.RECEIVE_OFFER, response.body)
            return CallInput.SUCCESS_WITH_OFFER
        return CallInput.SUCCESS if turn.state is TurnState.STABLE else CallInput.SUCCESS_WITHOUT

    def _receive_refusal(self, reply: Reply, now: float) -> None:
        session = self._session
        is_wanted = session.state is not CallState.CANCELLING
        if (
            reply.status == 422
            and is_wanted
            and session.refresh.timer.receive_too_brief(reply.response)
        ):
            self._send_again(now)
            return
        session.happen(CallInput.FAILURE, now=now, ending=Ending.of_reply(reply))

    def _send_again(self, now: float) -> None:
        """Send the INVITE again with a longer session interval (RFC 4028 §7.3)."""
        if self._exchange is None:
            return
        request = again(self._exchange.request, cseq=self._exchange.request.cseq_number + 1)
        for name in ("Session-Expires", "Min-SE"):
            request.headers.remove(name)
        for name, value in self._session.refresh.request_headers():
            request.headers.add(name, value)
        self.close()
        self._request = request
        self.send(now)

    # -- dialogs ---------------------------------------------------------------------------------

    def _early_dialog(self, response: Response, *, is_final: bool = False) -> Dialog | None:
        """Find or make the dialog of a response; None when it makes none (RFC 3261 §12.1)."""
        session, exchange = self._session, self._exchange
        tag = response.to_tag
        if exchange is None or (tag is None and not is_final):
            return None
        dialog = self._early.get(tag or "")
        if dialog is None and len(self._early) >= MAX_FORKS and not is_final:
            self._drop(exchange, f"there are {MAX_FORKS} already")
            return None
        try:
            if dialog is None:
                dialog = Dialog.of_client(exchange.request, response, flow=exchange.flow)
                dialog.turn = self._turn.fork()
                self._early[tag or ""] = dialog
                session.stack.enter_dialog(session, dialog)
            elif is_final:
                dialog.confirm(response)
        except MalformedMessage as error:
            self._drop(exchange, error.message)
            return None
        dialog.flow = exchange.flow
        session.dialog = dialog
        return dialog

    def _drop(self, exchange: Exchange, why: str) -> None:
        detail = f"A response to INVITE makes no dialog: {why}."
        self._session.emit(MessageDropped(kind="bad_response", detail=detail, flow=exchange.flow))

    def _send_ack(self, dialog: Dialog, exchange: Exchange, body: bytes) -> None:
        """Send the ACK to a 2xx (RFC 3261 §13.2.2.4)."""
        headers = exchange.credentials()
        if body:
            headers.append(("Content-Type", SDP))
        number = exchange.request.cseq_number
        ack = dialog.request("ACK", cseq=number, headers=headers, body=body)
        sent = self._session.stack.layer.send_ack(ack, flow=dialog.flow)
        self._acks[dialog.id.remote_tag] = sent

    def _drop_fork(self, exchange: Exchange, response: Response, now: float) -> None:
        """End the dialog of a further 2xx: ACK, then BYE (RFC 3261 §13.2.2.4)."""
        stack = self._session.stack
        if len(self._acks) >= MAX_FORKS:
            return
        try:
            dialog = Dialog.of_client(exchange.request, response, flow=exchange.flow)
        except MalformedMessage:
            return
        self._send_ack(dialog, exchange, b"")
        bye = dialog.request("BYE", headers=[("User-Agent", stack.config.user_agent)])
        stack.send(bye, flow=dialog.flow, dialog=dialog, handler=_ignore, now=now)

    def _send_prack(self, dialog: Dialog, response: Response, body: bytes, now: float) -> None:
        """Acknowledge a reliable provisional response (RFC 3262 §4)."""
        stack = self._session.stack
        rack = RAck(response.rseq or 0, response.cseq_number, response.cseq_method)
        content = [("Content-Type", SDP)] if body else []
        headers = [("RAck", str(rack)), ("User-Agent", stack.config.user_agent), *content]
        prack = dialog.request("PRACK", headers=headers, body=body)
        stack.send(prack, flow=dialog.flow, dialog=dialog, handler=_ignore, now=now)


def _ignore(_exchange: Exchange, _reply: Reply, _now: float) -> None:
    """Take a response that changes nothing."""
