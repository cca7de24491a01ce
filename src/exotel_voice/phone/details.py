"""What is known of a call: its state, who is at the other end, and when what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from exotel_voice.errors import ExotelVoiceError

__all__ = ["CallDetails", "CallDirection", "CallState", "EndCause"]


class CallState(StrEnum):
    """Where a call stands."""

    INCOMING = "incoming"
    """It rings here; `answer` or `reject` is awaited."""
    DIALING = "dialing"
    """This side calls, and the far side has not said that it rings."""
    RINGING = "ringing"
    """This side calls, and it rings there."""
    ACTIVE = "active"
    """The two talk."""
    HELD = "held"
    """This side has put the other on hold, and the other has confirmed it."""
    RECONNECTING = "reconnecting"
    """The call is up and its audio goes on, but the SIP connection is being restored."""
    ENDED = "ended"
    """It is over."""


class CallDirection(StrEnum):
    """Who called."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"


class EndCause(StrEnum):
    """Why a call ended. `local` is this side, `remote` the far side or a server between."""

    LOCAL_HANGUP = "local_hangup"
    REMOTE_HANGUP = "remote_hangup"
    LOCAL_CANCEL = "local_cancel"
    REMOTE_CANCEL = "remote_cancel"
    LOCAL_REJECT = "local_reject"
    REMOTE_REJECT = "remote_reject"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    REPLACED = "replaced"
    NO_ANSWER = "no_answer"
    TIMEOUT = "timeout"
    TRANSPORT = "transport"
    SESSION_EXPIRED = "session_expired"
    AUTHENTICATION = "authentication"
    PROTOCOL = "protocol"
    MEDIA = "media"

    @property
    def is_local(self) -> bool:
        """Whether this side's user ended the call."""
        return self in {EndCause.LOCAL_HANGUP, EndCause.LOCAL_CANCEL, EndCause.LOCAL_REJECT}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDetails:
    """A call as it stands at one moment. Instants are in UTC and None until they come."""

    call_id: str
    """Names the call in its phone: the SIP Call-ID (RFC 3261 §8.1.1.4)."""
    session_id: str
    """The local tag of the dialog (RFC 3261 §12)."""
    call_state: CallState
    """Where the call stands."""
    call_direction: CallDirection
    """Who called."""
    remote_id: str
    """User part of the far side's URI, for example its number."""
    remote_uri: str
    """The far side's whole URI."""
    remote_display_name: str
    """The name that the far side gives itself; may be empty."""
    call_started_time: datetime
    """When the INVITE came or the dialling began."""
    call_answer_time: datetime | None = None
    """When the 200 went out or came."""
    call_established_time: datetime | None = None
    """When audio could first flow."""
    call_ended_time: datetime | None = None
    """When it was over."""
    call_duration: float = 0.0
    """Seconds since the answer, up to the end; 0 before the answer."""
    call_end_cause: EndCause | None = None
    """Why it ended."""
    call_end_status: int | None = None
    """The SIP status that belongs to the end, 200 for an ordinary hang-up."""
    call_end_reason: str = ""
    """The end in words: what the far side said, or else the cause."""
    call_sid: str = ""
    """The platform's id of the call, from the header X-Exotel-Callsid."""
    leg_sid: str = ""
    """The platform's id of this leg, from the header LegSid."""
    sip_headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Every header received with the INVITE, or with the 200 to ours."""
    error: ExotelVoiceError | None = None
    """What went wrong, if the end was none that anybody asked for."""
