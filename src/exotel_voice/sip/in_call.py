"""What a request inside a dialog does: one row per method, with the states in which it may come.

RFC 3261 §12.2.2, RFC 3262, RFC 3311, RFC 3515, RFC 6086.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from exotel_voice.sip.call import CallInput, CallState
from exotel_voice.sip.dialog import Dialog
from exotel_voice.sip.ending import Ending
from exotel_voice.sip.events import DigitReceived, InfoReceived
from exotel_voice.sip.info import DTMF, DTMF_RELAY, Digit
from exotel_voice.sip.session import OVER
from exotel_voice.sip.transaction_events import RequestArrived
from exotel_voice.sip.validation import SDP

if TYPE_CHECKING:
    from exotel_voice.sip.session import Session

__all__ = ["METHODS", "receive_in_dialog"]

Handler = Callable[["Session", Dialog, RequestArrived, float], None]


def receive_in_dialog(
    session: Session, dialog: Dialog, arrived: RequestArrived, *, now: float
) -> None:
    """Take a request of a dialog, ACK and CANCEL excepted.

    Args:
        session: Whose dialog it is.
        dialog: The dialog.
        arrived: The request, whose method is a key of `METHODS`.
        now: The current time, seconds.
    """
    if not dialog.take_cseq(arrived.request):
        # RFC 3261 §12.2.2: out of order.
        session.respond(arrived, 500, headers=[session.stack.retry_after()], now=now)
        return
    dialog.flow = arrived.flow
    handler, states = METHODS[arrived.request.method]
    if session.state in states:
        handler(session, dialog, arrived, now)
    else:
        # RFC 3261 §15.1.2: the dialog is gone, or not far enough.
        session.respond(arrived, 481 if session.state in OVER else 491, now=now)


def _receive_bye(session: Session, _dialog: Dialog, arrived: RequestArrived, now: float) -> None:
    request = arrived.request
    session.respond(arrived, 200, now=now)
    server = session.server
    if server is not None and session.state in UNANSWERED:
        server.receive_cancel(request, now=now)
    else:
        session.happen(CallInput.BYE, now=now, ending=Ending.of_bye(request))


def _receive_invite(session: Session, dialog: Dialog, arrived: RequestArrived, now: float) -> None:
    session.remote.receive_invite(arrived, dialog, now=now)


def _receive_update(session: Session, dialog: Dialog, arrived: RequestArrived, now: float) -> None:
    request = arrived.request
    if request.body:
        session.remote.receive_update(arrived, dialog, now=now)
        return
    brief = session.refresh.timer.refusal_headers(request)
    if brief is not None:
        session.respond(arrived, 422, headers=brief, now=now)
        return
    # RFC 3311 §5.2, RFC 4028 §9: without an offer it refreshes target and timer.
    dialog.refresh_target(request)
    headers = [*session.stack.abilities(), *session.refresh.accept(request, now=now)]
    session.respond(arrived, 200, headers=headers, now=now)


def _receive_prack(session: Session, _dialog: Dialog, arrived: RequestArrived, now: float) -> None:
    if session.server is None:
        session.respond(arrived, 481, now=now)
    else:
        session.server.receive_prack(arrived, now=now)


def _receive_info(session: Session, _dialog: Dialog, arrived: RequestArrived, now: float) -> None:
    request = arrived.request
    content_type = request.content_type
    if content_type not in {DTMF, DTMF_RELAY}:
        session.respond(arrived, 200, now=now)
        if request.body:
            name = request.headers.get("Content-Type") or ""
            session.emit(InfoReceived(session=session.id, content_type=name, body=request.body))
        return
    digit = Digit.parse(content_type, request.body)
    if digit is None:
        session.respond(arrived, 400, now=now)
        return
    session.respond(arrived, 200, now=now)
    session.emit(DigitReceived(session=session.id, digit=digit.digit, duration=digit.duration))


def _receive_options(
    session: Session, _dialog: Dialog, arrived: RequestArrived, now: float
) -> None:
    headers = [*session.stack.abilities(), ("Accept", SDP)]
    session.respond(arrived, 200, headers=headers, now=now)


def _receive_refer(session: Session, _dialog: Dialog, arrived: RequestArrived, now: float) -> None:
    session.transferee.receive_refer(arrived, now=now)


def _receive_notify(session: Session, _dialog: Dialog, arrived: RequestArrived, now: float) -> None:
    status = session.transferor.receive_notify(arrived.request, now=now)
    session.respond(arrived, status, now=now)


UNANSWERED: Final = frozenset({CallState.INCOMING, CallState.RINGING, CallState.ACCEPTING})
"""The states in which the far side's INVITE has no final response."""

_ANY: Final = frozenset(CallState)
_LIVE: Final = _ANY - OVER
_UP: Final = frozenset({CallState.ANSWERED, CallState.ACCEPTED, CallState.CONFIRMED})

METHODS: Final[Mapping[str, tuple[Handler, frozenset[CallState]]]] = {
    "BYE": (_receive_bye, _ANY),
    "INVITE": (_receive_invite, _LIVE),
    "UPDATE": (_receive_update, _LIVE),
    "PRACK": (_receive_prack, _LIVE),
    "INFO": (_receive_info, _LIVE),
    "OPTIONS": (_receive_options, _LIVE),
    "REFER": (_receive_refer, _UP),
    "NOTIFY": (_receive_notify, _LIVE),
}
"""Method to its handler, and the states of the call in which it is taken."""
