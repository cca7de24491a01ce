"""What a phone tells its application: frozen values, by `Phone.events` and `Phone.on`.

Events name a call by `call_id`, never by a live object, so that they can travel to another
process; `Phone.find_call` gives the `Call`. `PhoneEvent` is the base of all, `CallEvent` of those
about a call: `on(CallEvent, ...)` hears every one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from exotel_voice.errors import ExotelVoiceError, TransportError
from exotel_voice.phone.details import CallDetails, EndCause

__all__ = [
    "CallConnected",
    "CallEnded",
    "CallEvent",
    "CallHeld",
    "CallMuted",
    "CallPart",
    "CallReconnected",
    "CallReconnecting",
    "CallResumed",
    "CallRinging",
    "CallUnmuted",
    "ConnectionDown",
    "ConnectionOpened",
    "DigitReceived",
    "DtmfMethod",
    "IncomingCall",
    "IncomingCallRefused",
    "InfoReceived",
    "MediaConnected",
    "OutgoingCall",
    "PhoneEvent",
    "Registered",
    "RegistrationLost",
    "RegistrationRefused",
    "RegistrationSent",
    "RemoteHoldChanged",
    "TransferProgressed",
    "TransferRequested",
    "Unregistered",
]

DtmfMethod = Literal["info", "rfc4733"]
"""How a digit travels: SIP INFO (RFC 6086) or beside the audio (RFC 4733)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneEvent:
    """Base of everything that a phone tells."""


CallPart = Literal["signalling", "media"]
"""What of a call is lost and found again: its SIP connection, or the way of its audio."""


# -- connection and registration ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOpened(PhoneEvent):
    """The connection to the SIP server is open; registering follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDown(PhoneEvent):
    """The connection could not be opened, or broke. The phone tries again by itself."""

    error: TransportError
    """Why, with a hint."""
    was_open: bool
    """Whether it broke; False when it could not be opened."""
    retry_in: float
    """Seconds until the next attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationSent(PhoneEvent):
    """A REGISTER of a phone that is not registered went out, or one to unregister."""

    is_removal: bool
    """Whether it takes the binding away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered(PhoneEvent):
    """The phone is registered: calls can come. Refreshes are not told."""

    expires_in: float
    """Seconds that the registrar granted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationLost(PhoneEvent):
    """The phone was registered and is not any more. It registers again by itself."""

    reason: str
    """What happened, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unregistered(PhoneEvent):
    """The phone is not registered any more, as was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationRefused(PhoneEvent):
    """The registrar refused."""

    status: int
    """The SIP status; 408 stands for no reply."""
    reason: str
    """Its reason phrase."""
    is_final: bool
    """True when the phone does not try again by itself."""
    is_removal: bool
    """Whether it was the removal of the binding that was refused."""
    retry_in: float | None
    """Seconds until the phone tries again; None if it does not."""


# -- calls -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingCallRefused(PhoneEvent):
    """Somebody called while `max_calls` calls were up, and got 486."""

    remote_id: str
    """User part of the caller's URI."""
    remote_display_name: str
    """The name that the caller gives itself; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent(PhoneEvent):
    """Base of everything about one call."""

    call_id: str
    """Names the call in its phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingCall(CallEvent):
    """Somebody calls; 180 has been sent."""

    remote_id: str
    """User part of the caller's URI."""
    remote_display_name: str
    """The name that the caller gives itself; may be empty."""
    replaces: str | None = None
    """The call that this one takes the place of (RFC 3891). It is answered by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingCall(CallEvent):
    """This side calls somebody."""

    remote_id: str
    """User part of the URI that is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRinging(CallEvent):
    """It rings at the far side of an outgoing call, or the network plays something meanwhile."""

    status: int
    """The provisional status, 180 or 183 for example."""
    has_early_media: bool
    """Whether audio comes already; otherwise the application plays a ringing tone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallConnected(CallEvent):
    """The call was answered, here or there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaConnected(CallEvent):
    """Audio can flow. Comes again when its path has changed."""

    codec: str
    """Name of the agreed codec, for example `opus`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHeld(CallEvent):
    """The far side has confirmed that this side holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResumed(CallEvent):
    """The far side has confirmed the end of the hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteHoldChanged(CallEvent):
    """The far side holds this side, or does not any more."""

    is_held: bool
    """Whether it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMuted(CallEvent):
    """This side sends silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallUnmuted(CallEvent):
    """This side sends its audio again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitReceived(CallEvent):
    """The far side pressed a key."""

    digit: str
    """One of 0-9, *, #, A-D."""
    duration: float | None
    """Seconds, if it is known."""
    method: DtmfMethod
    """How it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoReceived(CallEvent):
    """An INFO with something other than a digit came (RFC 6086)."""

    content_type: str
    """The type of the body."""
    body: bytes
    """The body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRequested(CallEvent):
    """The far side asks this side to call somebody else (RFC 3515).

    Follow with `Call.accept_transfer` or `Call.reject_transfer`; without either it is refused.
    """

    target: str
    """The URI to call."""
    referred_by: str | None
    """Who asks, if it was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferProgressed(CallEvent):
    """News of a transfer that this side asked for."""

    status: int
    """Status of the far side's new call."""
    reason: str
    """Its reason phrase."""
    is_final: bool
    """No further news comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReconnecting(CallEvent):
    """A part of the call is lost; the phone brings it back by itself.

    Without its SIP connection the audio goes on; without audio the SIP connection does.
    """

    part: CallPart = "signalling"
    """What is lost. Both may be, each with its own events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReconnected(CallEvent):
    """The far side has answered over the new connection, or is heard again."""

    part: CallPart = "signalling"
    """What is back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(CallEvent):
    """The call is over. The last event of a call, and it comes exactly once."""

    cause: EndCause
    """Why."""
    status: int
    """The SIP status that belongs to it, 200 for an ordinary hang-up."""
    reason: str
    """The end in words."""
    error: ExotelVoiceError | None
    """What went wrong, if the end was none that anybody asked for."""
    details: CallDetails
    """All that is known of the call."""
