"""One INVITE session from its first byte to its BYE, as a table (RFC 3261 §13, §15).

Both roles share the states from `confirmed` on. The owner learns of the end as soon as it is
decided; the states after that (`cancelling`, `abandoned`, `leaving`, `owing`) are about what the
wire is still due. A pair that the table lacks is ignored when it comes from the network or a timer,
because a message may cross another or come twice; a wish of the owner without a row is refused.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from exotel_voice.sip.machine import Chart, Rule

__all__ = ["CHART", "TABLE", "CallDo", "CallInput", "CallState", "CallTimer"]


class CallState(StrEnum):
    """Where a session stands."""

    IDLE = "idle"
    CALLING = "calling"
    """Our INVITE is out and nothing has come back."""
    PROCEEDING = "proceeding"
    """A provisional response to our INVITE came."""
    CANCELLING = "cancelling"
    """We gave our INVITE up; its final response is still to come."""
    ANSWERED = "answered"
    """The 2xx to our INVITE carries an offer; the ACK waits for the owner's answer."""
    INCOMING = "incoming"
    """An INVITE came; the owner has been told."""
    RINGING = "ringing"
    """We sent a provisional response to it."""
    ACCEPTING = "accepting"
    """The owner answers; the 2xx waits for the PRACK of a description (RFC 3262 §3)."""
    ACCEPTED = "accepted"
    """We sent the 2xx; its ACK is still to come."""
    ABANDONED = "abandoned"
    """Hung up between the 2xx and its ACK; the BYE waits for the ACK (RFC 3261 §15)."""
    CONFIRMED = "confirmed"
    """The call is up on both sides."""
    LEAVING = "leaving"
    """Our BYE is out."""
    OWING = "owing"
    """Our BYE waits for a connection."""
    ENDED = "ended"


class CallInput(StrEnum):
    """What may happen to a session."""

    INVITE = "invite"
    RING = "ring"
    ANSWER = "answer"
    ANSWER_LATER = "answer, a PRACK being due"
    REJECT = "reject"
    HANG_UP = "hang up"
    ANSWER_OFFER = "answer the offer in the 2xx"
    INVITE_CAME = "INVITE came"
    TRYING = "100"
    PROVISIONAL = "101-199"
    SUCCESS = "2xx"
    SUCCESS_WITH_OFFER = "2xx with an offer"
    SUCCESS_WITHOUT = "2xx without the description due"
    FAILURE = "300-699 or none"
    ACK = "ACK"
    PRACK = "last PRACK"
    CANCEL = "CANCEL"
    BYE = "BYE"
    BYE_ANSWERED = "BYE answered"
    BYE_FAILED = "BYE not sent"
    GONE = "481 in the dialog"
    UNANSWERED = "408 in the dialog"
    FLOW_LOST = "connection lost"
    FLOW_BACK = "connection back"
    FLOW_LIMIT = "connection limit"
    NO_ANSWER = "no-answer limit"
    INVITE_EXPIRED = "INVITE expired"
    PRACK_LIMIT = "PRACK limit"
    REPEAT_RINGING = "repeat ringing"
    RESEND_ANSWER = "resend the 2xx"
    ACK_LIMIT = "ACK limit"
    SESSION_EXPIRED = "session expired"
    OWING_LIMIT = "owing limit"
    DESCRIPTION_BROKEN = "offer and answer broken"


class CallTimer(StrEnum):
    """The timers of a session, of its offers and of its provisional responses."""

    NO_ANSWER = "no answer"
    INVITE_EXPIRES = "INVITE expires"
    REPEAT_RINGING = "repeat ringing"
    RESEND_ANSWER = "resend the 2xx"
    ACK_LIMIT = "ACK limit"
    OWING_LIMIT = "owing limit"
    FLOW_LIMIT = "connection limit"
    RESEND_RELIABLE = "resend the reliable 1xx"
    PRACK_LIMIT = "PRACK limit"
    GLARE = "glare"
    OFFER_LIMIT = "offer limit"
    RESEND_REINVITE_ANSWER = "resend the 2xx to a re-INVITE"
    REINVITE_ACK_LIMIT = "ACK limit of a re-INVITE"
    SESSION_REFRESH = "session refresh"
    SESSION_EXPIRES = "session expires"
    TRANSFER = "transfer"
    REFERRAL = "referral"


class CallDo(StrEnum):
    """What a session does about it."""

    SEND_INVITE = "send INVITE"
    SEND_CANCEL = "send CANCEL"
    KEEP_DIALOG = "keep the dialog of this 2xx"
    ACKNOWLEDGE = "send ACK"
    REQUEST_ANSWER = "ask for the answer"
    SEND_PROVISIONAL = "send 1xx"
    REPEAT_PROVISIONAL = "send the last 1xx again"
    HOLD_ANSWER = "keep the 2xx for later"
    SEND_ANSWER = "send 2xx"
    RESEND_ANSWER = "send the 2xx again"
    REFUSE = "send the refusal"
    SEND_BYE = "send BYE"
    START_OWING = "start the owing limit"
    START_FLOW_LIMIT = "start the connection limit"
    STOP_FLOW_LIMIT = "stop the connection limit"
    REPORT_INVITE = "report the INVITE"
    REPORT_PROGRESS = "report the 1xx"
    REPORT_ANSWERED = "report the 2xx"
    REPORT_CONFIRMED = "report the ACK"
    REPORT_END = "report the end"
    FORGET = "forget the session"


def _rule(to: CallState, *do: CallDo) -> Rule[CallState, CallDo]:
    return Rule(to, do)


_S, _I, _D = CallState, CallInput, CallDo
_OVER = _rule(_S.ENDED, _D.REPORT_END, _D.FORGET)
_REFUSED = _rule(_S.ENDED, _D.REFUSE, _D.REPORT_END, _D.FORGET)
_WITHDRAWN = _rule(_S.CANCELLING, _D.SEND_CANCEL, _D.REPORT_END)
_LEFT = _rule(_S.LEAVING, _D.SEND_BYE, _D.REPORT_END)
_ANSWERED = _rule(_S.CONFIRMED, _D.KEEP_DIALOG, _D.REPORT_ANSWERED, _D.ACKNOWLEDGE)
_OFFERED = _rule(_S.ANSWERED, _D.KEEP_DIALOG, _D.REPORT_ANSWERED, _D.REQUEST_ANSWER)
_USELESS = _rule(_S.LEAVING, _D.KEEP_DIALOG, _D.ACKNOWLEDGE, _D.SEND_BYE, _D.REPORT_END)
_CROSSED = _rule(_S.LEAVING, _D.KEEP_DIALOG, _D.ACKNOWLEDGE, _D.SEND_BYE)

_CLIENT: Final = {
    # RFC 3261 §13.2.1: the INVITE goes out. How long it may ring is for the call to limit, because
    # timer B ends at the first provisional response.
    (_S.IDLE, _I.INVITE): _rule(_S.CALLING, _D.SEND_INVITE),
    # RFC 3261 §13.2.2.1: provisional responses may come in any number; those with a To tag make
    # early dialogs. 100 is of this hop alone and says nothing.
    (_S.CALLING, _I.TRYING): _rule(_S.PROCEEDING),
    (_S.CALLING, _I.PROVISIONAL): _rule(_S.PROCEEDING, _D.REPORT_PROGRESS),
    (_S.PROCEEDING, _I.PROVISIONAL): _rule(_S.PROCEEDING, _D.REPORT_PROGRESS),
    # RFC 3261 §13.2.2.4: the first 2xx makes the dialog, and gets its ACK from the core.
    (_S.CALLING, _I.SUCCESS): _ANSWERED,
    (_S.PROCEEDING, _I.SUCCESS): _ANSWERED,
    # RFC 3261 §13.2.2.4: if the INVITE had no offer the 2xx has it, and the ACK carries the answer.
    (_S.CALLING, _I.SUCCESS_WITH_OFFER): _OFFERED,
    (_S.PROCEEDING, _I.SUCCESS_WITH_OFFER): _OFFERED,
    (_S.ANSWERED, _I.ANSWER_OFFER): _rule(_S.CONFIRMED, _D.ACKNOWLEDGE),
    # RFC 3261 §13.2.2.4: an unacceptable offer is acknowledged all the same, and a BYE follows.
    (_S.ANSWERED, _I.HANG_UP): _rule(_S.LEAVING, _D.ACKNOWLEDGE, _D.SEND_BYE, _D.REPORT_END),
    (_S.CALLING, _I.SUCCESS_WITHOUT): _USELESS,
    (_S.PROCEEDING, _I.SUCCESS_WITHOUT): _USELESS,
    (_S.ANSWERED, _I.BYE): _rule(_S.ENDED, _D.ACKNOWLEDGE, _D.REPORT_END, _D.FORGET),
    # RFC 3261 §13.2.2.2, §13.2.2.3, §8.1.3.1: 300 to 699, a time-out and a lost connection end it.
    (_S.CALLING, _I.FAILURE): _OVER,
    (_S.PROCEEDING, _I.FAILURE): _OVER,
    # RFC 3261 §9.1: CANCEL; the transaction holds it back until a provisional response has come.
    (_S.CALLING, _I.HANG_UP): _WITHDRAWN,
    (_S.PROCEEDING, _I.HANG_UP): _WITHDRAWN,
    (_S.CALLING, _I.NO_ANSWER): _WITHDRAWN,
    (_S.PROCEEDING, _I.NO_ANSWER): _WITHDRAWN,
    (_S.CANCELLING, _I.FAILURE): _rule(_S.ENDED, _D.FORGET),
    # RFC 3261 §15.1.1: a 2xx that crossed the CANCEL makes a dialog, which a BYE ends.
    (_S.CANCELLING, _I.SUCCESS): _CROSSED,
    (_S.CANCELLING, _I.SUCCESS_WITH_OFFER): _CROSSED,
    (_S.CANCELLING, _I.SUCCESS_WITHOUT): _CROSSED,
}

_SERVER: Final = {
    # RFC 3261 §13.3.1: the user is asked.
    (_S.IDLE, _I.INVITE_CAME): _rule(_S.INCOMING, _D.REPORT_INVITE),
    # RFC 3261 §13.3.1.1: provisional responses; one each minute, so that no proxy gives up.
    (_S.INCOMING, _I.RING): _rule(_S.RINGING, _D.SEND_PROVISIONAL),
    (_S.RINGING, _I.RING): _rule(_S.RINGING, _D.SEND_PROVISIONAL),
    (_S.RINGING, _I.REPEAT_RINGING): _rule(_S.RINGING, _D.REPEAT_PROVISIONAL),
    # RFC 3261 §13.3.1.4: 2xx.
    (_S.INCOMING, _I.ANSWER): _rule(_S.ACCEPTED, _D.SEND_ANSWER),
    (_S.RINGING, _I.ANSWER): _rule(_S.ACCEPTED, _D.SEND_ANSWER),
    # RFC 3262 §3: no 2xx before the PRACK of a reliable response with a description.
    (_S.RINGING, _I.ANSWER_LATER): _rule(_S.ACCEPTING, _D.HOLD_ANSWER),
    (_S.ACCEPTING, _I.PRACK): _rule(_S.ACCEPTED, _D.SEND_ANSWER),
    # RFC 3261 §13.3.1.3: the INVITE is rejected.
    (_S.INCOMING, _I.REJECT): _REFUSED,
    (_S.RINGING, _I.REJECT): _REFUSED,
    (_S.INCOMING, _I.HANG_UP): _REFUSED,
    (_S.RINGING, _I.HANG_UP): _REFUSED,
    (_S.ACCEPTING, _I.HANG_UP): _REFUSED,
    # RFC 3261 §9.2: a CANCEL before the final response leads to 487.
    (_S.INCOMING, _I.CANCEL): _REFUSED,
    (_S.RINGING, _I.CANCEL): _REFUSED,
    (_S.ACCEPTING, _I.CANCEL): _REFUSED,
    # RFC 3261 §15.1.2: a BYE in the early dialog is answered, and pending requests get 487.
    (_S.INCOMING, _I.BYE): _REFUSED,
    (_S.RINGING, _I.BYE): _REFUSED,
    (_S.ACCEPTING, _I.BYE): _REFUSED,
    # RFC 3261 §13.3.1: an INVITE whose Expires has passed gets 487.
    (_S.INCOMING, _I.INVITE_EXPIRED): _REFUSED,
    (_S.RINGING, _I.INVITE_EXPIRED): _REFUSED,
    # RFC 3261 §13.3.1.1, §16.6: a proxy gives up after some minutes. Where there is none, a caller
    # that has vanished must not let the phone ring for ever.
    (_S.INCOMING, _I.NO_ANSWER): _REFUSED,
    (_S.RINGING, _I.NO_ANSWER): _REFUSED,
    # RFC 3262 §3: no PRACK within 64 times T1 leads to a 5xx.
    (_S.RINGING, _I.PRACK_LIMIT): _REFUSED,
    (_S.ACCEPTING, _I.PRACK_LIMIT): _REFUSED,
    # RFC 3261 §18.2.2: responses go over the connection of the request. One that comes back in time
    # serves as well; without it nobody can be told, and a CANCEL could not reach us. The refusal
    # ends the transaction and goes nowhere.
    (_S.INCOMING, _I.FLOW_LOST): _rule(_S.INCOMING, _D.START_FLOW_LIMIT),
    (_S.RINGING, _I.FLOW_LOST): _rule(_S.RINGING, _D.START_FLOW_LIMIT),
    (_S.ACCEPTING, _I.FLOW_LOST): _rule(_S.ACCEPTING, _D.START_FLOW_LIMIT),
    (_S.INCOMING, _I.FLOW_BACK): _rule(_S.INCOMING, _D.STOP_FLOW_LIMIT),
    (_S.RINGING, _I.FLOW_BACK): _rule(_S.RINGING, _D.STOP_FLOW_LIMIT),
    (_S.ACCEPTING, _I.FLOW_BACK): _rule(_S.ACCEPTING, _D.STOP_FLOW_LIMIT),
    (_S.INCOMING, _I.FLOW_LIMIT): _REFUSED,
    (_S.RINGING, _I.FLOW_LIMIT): _REFUSED,
    (_S.ACCEPTING, _I.FLOW_LIMIT): _REFUSED,
    # RFC 3261 §13.3.1.4: the 2xx is sent again until its ACK comes; without one, BYE after 64*T1.
    (_S.ACCEPTED, _I.ACK): _rule(_S.CONFIRMED, _D.REPORT_CONFIRMED),
    (_S.ACCEPTED, _I.RESEND_ANSWER): _rule(_S.ACCEPTED, _D.RESEND_ANSWER),
    (_S.ACCEPTED, _I.ACK_LIMIT): _LEFT,
    (_S.ACCEPTED, _I.BYE): _OVER,
    # RFC 3261 §15: the callee sends no BYE before the ACK has come or is given up.
    (_S.ACCEPTED, _I.HANG_UP): _rule(_S.ABANDONED, _D.REPORT_END),
    (_S.ABANDONED, _I.RESEND_ANSWER): _rule(_S.ABANDONED, _D.RESEND_ANSWER),
    (_S.ABANDONED, _I.ACK): _rule(_S.LEAVING, _D.SEND_BYE),
    (_S.ABANDONED, _I.ACK_LIMIT): _rule(_S.LEAVING, _D.SEND_BYE),
    (_S.ABANDONED, _I.BYE): _rule(_S.ENDED, _D.FORGET),
    # RFC 3261 §13.2.1: an ACK without the answer to our offer leaves nothing to talk about.
    (_S.ACCEPTED, _I.DESCRIPTION_BROKEN): _LEFT,
}

_DIALOG: Final = {
    # RFC 3261 §15.1: either side ends an established call with BYE.
    (_S.CONFIRMED, _I.HANG_UP): _LEFT,
    (_S.CONFIRMED, _I.BYE): _OVER,
    # RFC 4028 §10: nobody refreshed the session in time.
    (_S.CONFIRMED, _I.SESSION_EXPIRED): _LEFT,
    # RFC 3261 §12.2.1.2, RFC 5057 §5.1: 481 ends the dialog at once; after a 408 we say BYE too.
    (_S.CONFIRMED, _I.GONE): _OVER,
    (_S.CONFIRMED, _I.UNANSWERED): _LEFT,
    # RFC 3261 §14.2: no ACK for the 2xx to a re-INVITE ends the call with BYE.
    (_S.CONFIRMED, _I.ACK_LIMIT): _LEFT,
    (_S.CONFIRMED, _I.DESCRIPTION_BROKEN): _LEFT,
    # RFC 3261 §15.1.1: whatever answers the BYE, the session is over; so it is when two cross.
    (_S.LEAVING, _I.BYE_ANSWERED): _rule(_S.ENDED, _D.FORGET),
    # A BYE for which there is no connection waits for the next one: else the far side would go on
    # until its session timer ends the call.
    (_S.LEAVING, _I.BYE_FAILED): _rule(_S.OWING, _D.START_OWING),
    (_S.OWING, _I.FLOW_BACK): _rule(_S.LEAVING, _D.SEND_BYE),
    (_S.OWING, _I.BYE): _rule(_S.ENDED, _D.FORGET),
    (_S.OWING, _I.OWING_LIMIT): _rule(_S.ENDED, _D.FORGET),
}

TABLE: Final = {**_CLIENT, **_SERVER, **_DIALOG}

_WHILE_CALLING: Final = frozenset({CallTimer.NO_ANSWER})
_WHILE_ACCEPTING: Final = frozenset({CallTimer.FLOW_LIMIT})
_WHILE_RINGING: Final = (
    _WHILE_ACCEPTING | _WHILE_CALLING | {CallTimer.REPEAT_RINGING, CallTimer.INVITE_EXPIRES}
)
_WHILE_ACCEPTED: Final = frozenset({CallTimer.RESEND_ANSWER, CallTimer.ACK_LIMIT})

CHART: Final = Chart(
    name="INVITE session",
    source="RFC 3261 §13, §15",
    start=CallState.IDLE,
    ends=frozenset({CallState.ENDED}),
    table=TABLE,
    timers={
        CallState.CALLING: _WHILE_CALLING,
        CallState.PROCEEDING: _WHILE_CALLING,
        CallState.INCOMING: _WHILE_RINGING,
        CallState.RINGING: _WHILE_RINGING,
        CallState.ACCEPTING: _WHILE_ACCEPTING,
        CallState.ACCEPTED: _WHILE_ACCEPTED,
        CallState.ABANDONED: _WHILE_ACCEPTED,
        CallState.OWING: frozenset({CallTimer.OWING_LIMIT}),
    },
    fires={
        CallTimer.NO_ANSWER: CallInput.NO_ANSWER,
        CallTimer.INVITE_EXPIRES: CallInput.INVITE_EXPIRED,
        CallTimer.REPEAT_RINGING: CallInput.REPEAT_RINGING,
        CallTimer.RESEND_ANSWER: CallInput.RESEND_ANSWER,
        CallTimer.ACK_LIMIT: CallInput.ACK_LIMIT,
        CallTimer.OWING_LIMIT: CallInput.OWING_LIMIT,
        CallTimer.FLOW_LIMIT: CallInput.FLOW_LIMIT,
    },
)
