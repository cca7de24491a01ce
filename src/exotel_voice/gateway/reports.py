"""What a phone's events mean for tabs, in the guide's words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from exotel_voice.errors import AuthenticationFailed, RegistrationFailed
from exotel_voice.gateway.news import (
    CallEventName,
    CallFacts,
    Connection,
    ConnectionState,
    News,
    Registration,
    RegistrationState,
)
from exotel_voice.phone import events
from exotel_voice.phone.call import Call
from exotel_voice.phone.details import CallDetails, EndCause
from exotel_voice.phone.registration import PhoneState

__all__ = ["PhoneReports", "call_event_name", "call_facts"]

_CALL_EVENTS: Final[dict[type[events.CallEvent], CallEventName]] = {
    events.IncomingCall: "incoming",
    events.OutgoingCall: "dialing",
    events.CallRinging: "ringing",
    events.CallConnected: "connected",
    events.CallHeld: "held",
    events.CallResumed: "resumed",
    events.CallMuted: "muted",
    events.CallUnmuted: "unmuted",
    events.CallReconnecting: "reconnecting",
    events.CallReconnected: "reconnected",
    events.DigitReceived: "digit",
    events.TransferProgressed: "transfer",
}


class PhoneReports:
    """Registration and connection: tells each state once (guide 5.2, 5.13).

    Args:
        tell: Called with each message for all tabs.

    Attributes:
        registration: What was told last.
        connection: Whether there is a connection to the SIP server.
    """

    def __init__(self, tell: Callable[[News], None]) -> None:
        self._tell = tell
        self.registration = Registration(state="unregistered")
        self.connection: ConnectionState = "disconnected"
        self._told = ""
        self._has_asked = False
        self._has_failed = False

    def begin(self) -> None:
        """The page asks to register: what follows is news, whatever was told before."""
        self._has_asked = True
        self._has_failed = False
        self._told = ""
        self.registration = Registration(state="unregistered")
        if self.connection == "disconnected":
            self._connect("connecting")

    def hear(self, event: events.PhoneEvent) -> None:
        """Take an event of the phone."""
        match event:
            case events.ConnectionOpened():
                self._has_failed = False
                self._connect("connected")
            case events.ConnectionDown(error=error):
                self._has_failed = True
                self._connect("connecting", error.message)
                self._register("unregistered", reason=error.message, hint=error.hint)
            case events.RegistrationSent():
                self._register("sent_request")
            case events.Registered():
                self._connect("connected")  # a call may have kept the connection open
                self._register("registered")
            case events.Unregistered():
                self._register("unregistered")
                self._connect("disconnected")
            case events.RegistrationLost(reason=reason):
                self._register("unregistered", reason=reason)
            case events.RegistrationRefused():
                self._refused(event)
            case _:
                pass

    def status(self, state: PhoneState) -> str:
        """Give the word of guide 5.13, microphone aside."""
        if state is PhoneState.REGISTERED:
            return "registered"
        if state is PhoneState.REGISTERING:
            if self.connection == "connected":
                return "initial"
            return "websocket_connection_failed" if self._has_failed else "connecting"
        if self.registration.state == "terminated":
            return "terminated"
        return "unregistered" if self._has_asked else "disconnected"

    def _refused(self, event: events.RegistrationRefused) -> None:
        kind = AuthenticationFailed if event.status in {401, 403, 407} else RegistrationFailed
        self._register(
            "terminated" if event.is_final else "unregistered",
            status=event.status,
            reason=event.reason,
            hint=kind.default_hint,
        )
        if event.is_final:
            self._connect("disconnected")

    def _register(
        self,
        state: RegistrationState,
        *,
        status: int | None = None,
        reason: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.registration = Registration(state=state, status=status, reason=reason, hint=hint)
        if state != self._told:
            self._told = state
            self._tell(self.registration)

    def _connect(self, state: ConnectionState, reason: str | None = None) -> None:
        if state != self.connection:
            self.connection = state
            self._tell(Connection(state=state, reason=reason))


def call_event_name(event: events.CallEvent) -> CallEventName | None:
    """Name an event of a call; None for what tabs are not told."""
    match event:
        case events.CallEnded(cause=cause):
            is_ours = cause.is_local or cause is EndCause.MEDIA
            return "callEnded" if is_ours else "terminated"
        case events.RemoteHoldChanged(is_held=is_held):
            return "remote_held" if is_held else "remote_resumed"
        case _:
            return _CALL_EVENTS.get(type(event))


def call_facts(
    call: Call,
    *,
    details: CallDetails | None = None,
    media: str | None,
    media_tab: str | None,
    last_media_tab: str | None,
) -> CallFacts:
    """Describe a call for tabs.

    Args:
        call: The call.
        details: What to tell of it; None for how it stands now.
        media: Names its media session.
        media_tab: The tab that has its audio.
        last_media_tab: The tab that has it or had it last.
    """
    known = details or call.details
    return CallFacts(
        id=known.call_id,
        state=known.call_state,
        details={
            "callDirection": known.call_direction,
            "remoteId": known.remote_id,
            "remoteDisplayName": known.remote_display_name,
            "sessionId": known.session_id,
            "callSid": known.call_sid,
            "legSid": known.leg_sid,
            "sipHeaders": {name: ", ".join(values) for name, values in known.sip_headers.items()},
            "callStartedTime": _milliseconds(known.call_started_time),
            "callAnswerTime": _milliseconds(known.call_answer_time),
            "callEstablishedTime": _milliseconds(known.call_established_time),
            "callEndedTime": _milliseconds(known.call_ended_time),
            "callEndReason": known.call_end_reason,
        },
        duration=round(known.call_duration, 3),
        is_muted=call.is_muted,
        is_on_hold=call.is_on_hold,
        is_remote_on_hold=call.is_remote_on_hold,
        media=media,
        media_tab=media_tab,
        last_media_tab=last_media_tab,
    )


def _milliseconds(instant: datetime | None) -> float | None:
    return None if instant is None else round(instant.timestamp() * 1000, 1)
