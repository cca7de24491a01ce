"""What the end of a call means: its cause, and the typed error if nobody asked for it."""

from __future__ import annotations

from typing import Final

from exotel_voice.errors import (
    CallBusy,
    CallCancelled,
    CallFailed,
    CallNotAnswered,
    CallRejected,
)
from exotel_voice.phone.details import EndCause
from exotel_voice.sip import events as sip

__all__ = ["describe", "end_error", "end_reason"]

_BUSY: Final = frozenset({486, 600})
_REJECTED: Final = frozenset({603, 606, 607, 608})
_NOT_ANSWERED: Final = frozenset({408, 480})

_WORDS: Final = {
    EndCause.LOCAL_HANGUP: "this side hung up",
    EndCause.REMOTE_HANGUP: "the far side hung up",
    EndCause.LOCAL_CANCEL: "this side withdrew the call",
    EndCause.REMOTE_CANCEL: "the caller withdrew the call",
    EndCause.LOCAL_REJECT: "this side declined the call",
    EndCause.REMOTE_REJECT: "the far side declined the call",
    EndCause.ANSWERED_ELSEWHERE: "the call was answered elsewhere",
    EndCause.REPLACED: "another call took its place",
    EndCause.NO_ANSWER: "nobody answered",
    EndCause.TIMEOUT: "the far side did not reply",
    EndCause.TRANSPORT: "the connection to the SIP server was lost",
    EndCause.SESSION_EXPIRED: "the far side did not refresh the session",
    EndCause.AUTHENTICATION: "the server refused the credentials",
    EndCause.PROTOCOL: "the far side broke the rules of SIP",
    EndCause.MEDIA: "the audio failed",
}
_ORDINARY: Final = frozenset(
    {
        EndCause.LOCAL_HANGUP,
        EndCause.REMOTE_HANGUP,
        EndCause.LOCAL_REJECT,
        EndCause.ANSWERED_ELSEWHERE,
        EndCause.REPLACED,
    }
)


def describe(cause: EndCause) -> str:
    """Say a cause in words."""
    return _WORDS[cause]


def is_gone(event: sip.CallEnded) -> bool:
    """Tell whether the far side refused a request because it has no such call (RFC 5057 §5.1)."""
    return event.cause is sip.EndCause.REMOTE_HANGUP and event.status >= 300


def end_reason(event: sip.CallEnded) -> str:
    """Give the end in words: what the far side said, or else the cause."""
    if is_gone(event):
        return f"the far end is gone: {event.status} {event.reason}"
    return event.reason or describe(EndCause(event.cause.value))


def end_error(event: sip.CallEnded, *, call_id: str, was_answered: bool) -> CallFailed | None:
    """Give the error that the end of a call is, or None for an end that is nothing special.

    Args:
        event: The end as the SIP core tells it.
        call_id: Goes into the error.
        was_answered: Whether the two had talked.
    """
    cause = EndCause(event.cause.value)
    if cause in _ORDINARY and not is_gone(event):
        return None
    status, reason = event.status, end_reason(event)
    kind = CallFailed if was_answered else _kind(cause, status)
    hint = None
    if cause is EndCause.AUTHENTICATION:
        hint = "Check the user name and the password of the account."
    message = reason if is_gone(event) else f"{describe(cause)}: {status} {reason}"
    return kind(
        message,
        status=status,
        reason=reason,
        is_local=cause is EndCause.LOCAL_CANCEL,
        call_id=call_id,
        hint=hint,
    )


def _kind(cause: EndCause, status: int) -> type[CallFailed]:
    if cause in {EndCause.LOCAL_CANCEL, EndCause.REMOTE_CANCEL}:
        return CallCancelled
    if cause is EndCause.NO_ANSWER:
        return CallNotAnswered
    if cause is EndCause.REMOTE_REJECT:
        if status in _BUSY:
            return CallBusy
        if status in _REJECTED:
            return CallRejected
        if status in _NOT_ANSWERED:
            return CallNotAnswered
    return CallFailed
