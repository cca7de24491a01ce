"""Why a session ends, and what its owner is told about it (RFC 3261 §15, RFC 3326)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from exotel_voice.sip.call import CallState, CallTimer
from exotel_voice.sip.events import CallEnded, EndCause, SessionId
from exotel_voice.sip.exchange import Reply
from exotel_voice.sip.message import Message, Request
from exotel_voice.sip.statuses import reason_phrase
from exotel_voice.sip.transaction_events import FailureKind

__all__ = ["Ending"]

_OF_FAILURE: Final = {
    FailureKind.TIMEOUT: EndCause.TIMEOUT,
    FailureKind.TRANSPORT: EndCause.TRANSPORT,
}
_OF_STATUS: Final = {
    401: EndCause.AUTHENTICATION,
    407: EndCause.AUTHENTICATION,
    408: EndCause.TIMEOUT,
}
_OF_TIMER: Final = {
    CallTimer.NO_ANSWER: (EndCause.NO_ANSWER, 408),
    CallTimer.INVITE_EXPIRES: (EndCause.REMOTE_CANCEL, 487),
    CallTimer.PRACK_LIMIT: (EndCause.TIMEOUT, 504),
    CallTimer.ACK_LIMIT: (EndCause.TIMEOUT, 408),
    CallTimer.REINVITE_ACK_LIMIT: (EndCause.TIMEOUT, 408),
    CallTimer.FLOW_LIMIT: (EndCause.TRANSPORT, 503),
    CallTimer.SESSION_EXPIRES: (EndCause.SESSION_EXPIRED, 408),
}
_OF_HANG_UP: Final = {
    CallState.CALLING: (EndCause.LOCAL_CANCEL, 487),
    CallState.PROCEEDING: (EndCause.LOCAL_CANCEL, 487),
    CallState.INCOMING: (EndCause.LOCAL_REJECT, 480),
    CallState.RINGING: (EndCause.LOCAL_REJECT, 480),
    CallState.ACCEPTING: (EndCause.LOCAL_REJECT, 480),
}


@dataclass(frozen=True, slots=True)
class Ending:
    """What `CallEnded` says, but for the session."""

    cause: EndCause
    """Why, and by which side."""
    status: int
    """The status that belongs to it."""
    reason: str | None = None
    """Its text; None for the usual phrase of the status."""
    retry_after: float | None = None
    """Seconds, if the peer said so."""
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of the message that ended it, if one did."""

    def event(self, session: SessionId) -> CallEnded:
        """Make the event."""
        return CallEnded(
            session=session,
            cause=self.cause,
            status=self.status,
            reason=reason_phrase(self.status) if self.reason is None else self.reason,
            retry_after=self.retry_after,
            headers=self.headers,
        )

    @classmethod
    def of_timer(cls, timer: CallTimer) -> Ending:
        """Tell the end that a limit brings about."""
        cause, status = _OF_TIMER.get(timer, (EndCause.TIMEOUT, 408))
        return cls(cause, status)

    @classmethod
    def of_hang_up(cls, state: CallState, reason: str | None) -> Ending:
        """Tell the end that the owner brings about in a state."""
        cause, status = _OF_HANG_UP.get(state, (EndCause.LOCAL_HANGUP, 200))
        return cls(cause, status, reason)

    @classmethod
    def of_reply(cls, reply: Reply) -> Ending:
        """Tell the end that a final response brings about, or the lack of one."""
        if reply.failure is not None:
            return cls(_OF_FAILURE[reply.failure], reply.status, reply.reason)
        response = reply.response
        return cls(
            _OF_STATUS.get(reply.status, EndCause.REMOTE_REJECT),
            reply.status,
            reply.reason,
            retry_after=response.retry_after,
            headers=response.headers.as_mapping(),
        )

    @classmethod
    def of_bye(cls, request: Request) -> Ending:
        """Tell the end that a BYE in an answered call brings about (RFC 3326)."""
        return cls(
            EndCause.REMOTE_HANGUP, 200, _text(request), headers=request.headers.as_mapping()
        )

    @classmethod
    def of_cancel(cls, request: Request) -> Ending:
        """Tell the end that a CANCEL, or an early BYE, brings about (RFC 3326 §2)."""
        reason = request.reason_header
        # RFC 3326 §3.1: a forking proxy says 200 when another phone has answered.
        is_elsewhere = reason is not None and reason[0] == "sip" and reason[1] == 200
        cause = EndCause.ANSWERED_ELSEWHERE if is_elsewhere else EndCause.REMOTE_CANCEL
        return cls(cause, 487, _text(request), headers=request.headers.as_mapping())


def _text(message: Message) -> str | None:
    """Give the text of a Reason header; None for none."""
    reason = message.reason_header
    return reason[2] if reason is not None and reason[2] else None
