"""How a call ends: who ended it, why, and what is to be closed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from exotel_voice.errors import (
    CallCancelled,
    CallFailed,
    ExotelVoiceError,
    MediaError,
    MediaUnavailable,
    MicrophoneDenied,
)
from exotel_voice.phone.details import CallState, EndCause
from exotel_voice.phone.events import CallEnded
from exotel_voice.phone.outcome import describe, end_error, end_reason
from exotel_voice.sip import events as sip

if TYPE_CHECKING:
    from exotel_voice.phone.leg import Leg

__all__ = ["Ending"]

logger = logging.getLogger("exotel_voice.phone")


class Ending:
    """The end of one call.

    Args:
        leg: The call.

    Attributes:
        event: What was told of the end; None while the call is not over.
    """

    def __init__(self, leg: Leg) -> None:
        self._leg = leg
        self._verdict: tuple[EndCause, ExotelVoiceError] | None = None
        self.event: CallEnded | None = None

    def hang_up(self, reason: str | None = None) -> None:
        """End the call as its state asks; it is over when this returns."""
        leg = self._leg
        if leg.is_ended:
            return
        if leg.session is None:
            self.finish(EndCause.LOCAL_CANCEL, 487, describe(EndCause.LOCAL_CANCEL), None)
            return
        leg.command(lambda agent, session, now: agent.hang_up(session, now=now, reason=reason))

    def fail(self, error: MediaError) -> None:
        """End the call for want of audio; an incoming one gets 488 or 480 (RFC 3261 §21.4).

        480 says that it may work later: nobody is at the microphone, or there is none now.
        """
        leg = self._leg
        if leg.is_ended:
            return
        error.call_id = leg.call_id
        logger.warning("the audio of a call failed: %s", error, extra={"call_id": leg.call_id})
        self._verdict = (EndCause.MEDIA, error)
        status = 480 if isinstance(error, MediaUnavailable | MicrophoneDenied) else 488
        if leg.session is None:
            self.finish(EndCause.MEDIA, status, error.message, error)
        elif leg.state is CallState.INCOMING:
            leg.command(lambda agent, session, now: agent.reject(session, now=now, status=status))
        else:
            self.hang_up(error.message)

    def give_up(self, cause: EndCause, *, status: int, reason: str) -> None:
        """End the call because the far end is gone."""
        error = CallFailed(
            f"{reason}: {status}", status=status, reason=reason, call_id=self._leg.call_id
        )
        self._verdict = (cause, error)
        self.hang_up(reason)

    def error_for_waiters(self) -> ExotelVoiceError:
        """Give the error for somebody who waited for this call and whom it left."""
        record = self._leg.record
        if record.error is not None:
            return record.error
        cause = record.end_cause or EndCause.LOCAL_HANGUP
        return CallCancelled(
            f"the call is over: {describe(cause)}",
            status=record.end_status or 487,
            reason=record.end_reason,
            is_local=cause.is_local,
            call_id=self._leg.call_id,
        )

    def handle(self, event: sip.CallEnded) -> None:
        """Take the end of the SIP session."""
        cause = EndCause(event.cause.value)
        error: ExotelVoiceError | None = end_error(
            event, call_id=self._leg.call_id, was_answered=self._leg.is_answered
        )
        reason = end_reason(event)
        if self._verdict is not None:
            cause, verdict = self._verdict
            error, reason = verdict, verdict.message
        self.finish(cause, event.status, reason, error)

    def finish(
        self, cause: EndCause, status: int, reason: str, error: ExotelVoiceError | None
    ) -> None:
        """Close what the call had open and tell everybody. Only the first time counts."""
        leg = self._leg
        if leg.is_ended:
            return
        leg.record.over(cause, status, reason, error)
        leg.is_ended = True
        leg.opening.end()
        leg.watch.stop()
        leg.repair.stop()
        leg.negotiation.end()
        leg.digits.end()
        leg.transfers.end()
        leg.line.supervisor.start(
            leg.media.aclose(), name=f"close the audio of {leg.call_id}", is_clean_up=True
        )
        self.event = CallEnded(
            call_id=leg.call_id,
            cause=cause,
            status=status,
            reason=reason,
            error=error,
            details=leg.record.details(leg.state),
        )
        leg.line.hub.emit(self.event)
        leg.settled.set()
        leg.ended.set()
        for observer in tuple(leg.observers):
            observer(status if status >= 300 else 487, reason)
        leg.line.switchboard.release(leg)
