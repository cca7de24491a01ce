"""How the end of a call in SIP reads in the platform's words."""

from __future__ import annotations

from typing import Final

from exotel_voice.sandbox.fork import Failure
from exotel_voice.sandbox.records import CallStatus
from exotel_voice.sip.events import CallEnded, EndCause

__all__ = ["status_of_end", "status_of_failure"]

_BY_STATUS: Final = {
    408: CallStatus.NO_ANSWER,
    480: CallStatus.NO_ANSWER,
    486: CallStatus.BUSY,
    487: CallStatus.CANCELED,
    600: CallStatus.BUSY,
    603: CallStatus.BUSY,
}


def status_of_failure(failure: Failure) -> CallStatus:
    """Read a refusal: busy, no answer, or failed for a fault."""
    if failure.is_no_answer:
        return CallStatus.NO_ANSWER
    return _BY_STATUS.get(failure.status, CallStatus.FAILED)


def status_of_end(event: CallEnded, *, was_answered: bool) -> CallStatus:
    """Read the end of a session."""
    if was_answered:
        return CallStatus.COMPLETED
    if event.cause in (EndCause.REMOTE_CANCEL, EndCause.LOCAL_CANCEL):
        return CallStatus.CANCELED
    return _BY_STATUS.get(event.status, CallStatus.FAILED)
