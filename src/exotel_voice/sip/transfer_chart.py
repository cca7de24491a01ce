"""The two tables of call transfer: the side that asks, and the side that is asked (RFC 3515).

The subscription that a REFER makes is held inside the call, one at a time for each direction. A
pair that a table lacks is ignored when it comes from the network or a timer, and refused with
`InvalidState` when it is a wish of the owner.

# Deviates: RFC 5057 §4.2 lets the subscription outlive the call. Here it ends with it, because the
# one who asked for the transfer has left; the far side's NOTIFY then gets 481.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from exotel_voice.sip.call import CallTimer
from exotel_voice.sip.machine import Chart, Rule

__all__ = [
    "TRANSFEREE_CHART",
    "TRANSFEROR_CHART",
    "TransfereeDo",
    "TransfereeInput",
    "TransfereeState",
    "TransferorDo",
    "TransferorInput",
    "TransferorState",
]


class TransferorState(StrEnum):
    """Where a transfer stands that we asked for."""

    IDLE = "idle"
    REFERRING = "referring"
    """Our REFER is out."""
    WAITING = "waiting"
    """It was accepted; the first NOTIFY is still to come."""
    FOLLOWING = "following"
    """NOTIFYs tell how the far side's new call fares."""


class TransferorInput(StrEnum):
    """What may happen to it."""

    TRANSFER = "transfer"
    ACCEPTED = "2xx to REFER"
    REFUSED = "300-699 to REFER, or none"
    PROGRESS = "NOTIFY"
    FINAL = "last NOTIFY"
    LIMIT = "limit"


class TransferorDo(StrEnum):
    """What it does about it."""

    SEND_REFER = "send REFER"
    START_LIMIT = "start the limit at 64*T1"
    START_EXPIRY = "start the limit at the subscription's end"
    REPORT_NEWS = "report the NOTIFY"
    REPORT_REFUSAL = "report the refusal"
    REPORT_SILENCE = "report 408"


def _transferor(to: TransferorState, *do: TransferorDo) -> Rule[TransferorState, TransferorDo]:
    return Rule(to, do)


_A, _AI, _AD = TransferorState, TransferorInput, TransferorDo
_NEWS: Final = _transferor(_A.FOLLOWING, _AD.REPORT_NEWS, _AD.START_EXPIRY)
_LAST: Final = _transferor(_A.IDLE, _AD.REPORT_NEWS)
_NO: Final = _transferor(_A.IDLE, _AD.REPORT_REFUSAL)
_SILENCE: Final = _transferor(_A.IDLE, _AD.REPORT_SILENCE)

TRANSFEROR_TABLE: Final = {
    # RFC 3515 §2.4.1: the REFER goes inside the dialog of the call.
    (_A.IDLE, _AI.TRANSFER): _transferor(_A.REFERRING, _AD.SEND_REFER),
    # RFC 3515 §2.4.2: a 2xx makes the subscription, anything else ends the matter.
    (_A.REFERRING, _AI.ACCEPTED): _transferor(_A.WAITING, _AD.START_LIMIT),
    (_A.REFERRING, _AI.REFUSED): _NO,
    (_A.FOLLOWING, _AI.REFUSED): _NO,
    # RFC 3515 §2.4.4, §2.4.5: NOTIFYs tell the status of the new call; one may overtake the 2xx.
    (_A.REFERRING, _AI.PROGRESS): _NEWS,
    (_A.WAITING, _AI.PROGRESS): _NEWS,
    (_A.FOLLOWING, _AI.PROGRESS): _NEWS,
    # RFC 3515 §2.4.7: a final status, or a subscription that is terminated, is the last news.
    (_A.REFERRING, _AI.FINAL): _LAST,
    (_A.WAITING, _AI.FINAL): _LAST,
    (_A.FOLLOWING, _AI.FINAL): _LAST,
    # RFC 6665 §4.1.2.4: without a NOTIFY until timer N, or past its expiry, there is none.
    (_A.WAITING, _AI.LIMIT): _SILENCE,
    (_A.FOLLOWING, _AI.LIMIT): _SILENCE,
}

TRANSFEROR_CHART: Final = Chart(
    name="Transfer that we ask for",
    source="RFC 3515 §2.4, RFC 6665 §4.1",
    start=TransferorState.IDLE,
    ends=frozenset(),
    table=TRANSFEROR_TABLE,
    timers={
        TransferorState.WAITING: frozenset({CallTimer.TRANSFER}),
        TransferorState.FOLLOWING: frozenset({CallTimer.TRANSFER}),
    },
    fires={CallTimer.TRANSFER: TransferorInput.LIMIT},
)


class TransfereeState(StrEnum):
    """Where a transfer stands that the far side asks for."""

    IDLE = "idle"
    ASKED = "asked"
    """A REFER came; the owner is to say yes or no."""
    REPORTING = "reporting"
    """The owner said yes; the far side is told how the new call fares."""


class TransfereeInput(StrEnum):
    """What may happen to it."""

    REFER = "REFER"
    ACCEPT = "accept"
    REJECT = "reject"
    PROGRESS = "report 100-199"
    FINAL = "report 200-699"
    SUBSCRIPTION_GONE = "NOTIFY refused"
    LIMIT = "limit"


class TransfereeDo(StrEnum):
    """What it does about it."""

    REPORT_REQUEST = "report the REFER"
    REFUSE_SECOND = "send 491 to the second REFER"
    SEND_ACCEPTED = "send 202"
    SEND_REFUSAL = "send the refusal"
    NOTIFY = "send NOTIFY"
    NOTIFY_LAST = "send the last NOTIFY"
    NOTIFY_TIMEOUT = "send NOTIFY, timed out"
    START_ANSWER_LIMIT = "start the limit for the answer"
    START_EXPIRY = "start the limit of the subscription"


def _transferee(to: TransfereeState, *do: TransfereeDo) -> Rule[TransfereeState, TransfereeDo]:
    return Rule(to, do)


_S, _SI, _SD = TransfereeState, TransfereeInput, TransfereeDo

TRANSFEREE_TABLE: Final = {
    # RFC 3515 §2.4.2: the owner is asked; without an answer before the transaction's end, it is no.
    (_S.IDLE, _SI.REFER): _transferee(_S.ASKED, _SD.REPORT_REQUEST, _SD.START_ANSWER_LIMIT),
    (_S.ASKED, _SI.LIMIT): _transferee(_S.IDLE, _SD.SEND_REFUSAL),
    (_S.ASKED, _SI.REJECT): _transferee(_S.IDLE, _SD.SEND_REFUSAL),
    # RFC 3515 §2.4.2, §2.4.4: 202, and at once a NOTIFY that says 100.
    (_S.ASKED, _SI.ACCEPT): _transferee(
        _S.REPORTING, _SD.SEND_ACCEPTED, _SD.NOTIFY, _SD.START_EXPIRY
    ),
    # RFC 3515 §2.4.5: news of the new call, as it is observed.
    (_S.REPORTING, _SI.PROGRESS): _transferee(_S.REPORTING, _SD.NOTIFY),
    # RFC 3515 §2.4.7: the final status ends the subscription.
    (_S.REPORTING, _SI.FINAL): _transferee(_S.IDLE, _SD.NOTIFY_LAST),
    # RFC 6665 §4.2.2: a subscription that is not refreshed ends with a NOTIFY that says so.
    (_S.REPORTING, _SI.LIMIT): _transferee(_S.IDLE, _SD.NOTIFY_TIMEOUT),
    # RFC 6665 §4.2.2: a NOTIFY that fails ends the subscription.
    (_S.REPORTING, _SI.SUBSCRIPTION_GONE): _transferee(_S.IDLE),
    # One transfer at a time: few peers tell whose a NOTIFY is (RFC 3515 §2.4.6).
    (_S.ASKED, _SI.REFER): _transferee(_S.ASKED, _SD.REFUSE_SECOND),
    (_S.REPORTING, _SI.REFER): _transferee(_S.REPORTING, _SD.REFUSE_SECOND),
}

TRANSFEREE_CHART: Final = Chart(
    name="Transfer that the far side asks for",
    source="RFC 3515 §2.4, RFC 6665 §4.2",
    start=TransfereeState.IDLE,
    ends=frozenset(),
    table=TRANSFEREE_TABLE,
    timers={
        TransfereeState.ASKED: frozenset({CallTimer.REFERRAL}),
        TransfereeState.REPORTING: frozenset({CallTimer.REFERRAL}),
    },
    fires={CallTimer.REFERRAL: TransfereeInput.LIMIT},
)
