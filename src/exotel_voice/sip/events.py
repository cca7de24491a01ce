"""What the user agent tells its owner: frozen values, drained with `UserAgent.events()`.

Events carry ids and what was received or decided, never live objects. `SessionId` names one INVITE
session inside this agent for as long as the agent lives; `TransactionId` names one request that
waits for `UserAgent.respond`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from exotel_voice.sip.handles import Flow, SessionId, TransactionId
from exotel_voice.sip.wire import Request, Response

__all__ = [
    "AnswerReceived",
    "AnswerRequested",
    "CallAnswered",
    "CallConfirmed",
    "CallEnded",
    "CallProgressed",
    "DigitReceived",
    "EndCause",
    "Event",
    "Flow",
    "InfoAnswered",
    "InfoReceived",
    "InviteReceived",
    "MessageDropped",
    "OfferReceived",
    "OfferRejected",
    "OfferRequested",
    "OfferWithdrawn",
    "Registered",
    "RegistrationEnded",
    "RegistrationRefused",
    "RegistrationSent",
    "RemoteHoldChanged",
    "RequestReceived",
    "ResponseReceived",
    "SessionId",
    "TransactionId",
    "TransferProgressed",
    "TransferRequested",
]


class EndCause(StrEnum):
    """Why a session ended."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationSent:
    """A REGISTER went out (RFC 3261 §10.2)."""

    is_removal: bool
    """Whether it takes bindings away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The registrar confirmed this phone's binding; also after each refresh."""

    expires_in: float
    """Seconds that the registrar granted."""
    is_refresh: bool
    """Whether the binding was already in force."""
    contacts: tuple[str, ...] = ()
    """All bindings of the address of record, as Contact values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationEnded:
    """The binding was taken away because the owner asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationRefused:
    """A REGISTER failed."""

    status: int
    """The final status; 408 stands for a time-out and 503 for a lost connection."""
    reason: str
    """Its reason phrase."""
    retry_after: float | None
    """Seconds after which the registrar wants to hear again, if it said so."""
    is_final: bool
    """True when trying again without a change is of no use (401, 403, 404 and such)."""
    is_removal: bool
    """Whether the failed request was to take bindings away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteReceived:
    """Somebody calls. Follow with `ring`, `answer` or `reject`. 100 Trying has been sent."""

    session: SessionId
    """Names the session from now on."""
    call_id: str
    """The SIP Call-ID."""
    from_uri: str
    """The caller's URI, without parameters of the header."""
    from_display_name: str
    """The caller's display name, may be empty."""
    to_uri: str
    """The URI in the To header."""
    request_uri: str
    """The Request-URI."""
    headers: Mapping[str, tuple[str, ...]]
    """All received headers by their canonical name."""
    offer: bytes | None
    """The SDP offer; None when the caller wants the offer from us (RFC 3261 §13.2.1)."""
    flow: Flow
    """The connection it came on."""
    replaces: SessionId | None = None
    """The session that this one takes the place of (RFC 3891); it ends when this is answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallProgressed:
    """A provisional response to our INVITE, from 101 to 199 (RFC 3261 §13.2.2.1)."""

    session: SessionId
    """Names the session."""
    status: int
    """For example 180 (ringing) or 183 (session progress)."""
    reason: str
    """Its reason phrase."""
    answer: bytes | None
    """Early media's SDP answer, if it came now; unreliable ones may repeat."""
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """All received headers by their canonical name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered:
    """Our INVITE got a 2xx. The ACK has been sent, but for an `AnswerRequested` that follows."""

    session: SessionId
    """Names the session."""
    answer: bytes | None
    """The SDP answer, or None when it had come before with a provisional response."""
    headers: Mapping[str, tuple[str, ...]]
    """All received headers by their canonical name."""
    status: int = 200
    """The status of the response, 200 to 299."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallConfirmed:
    """The ACK to our 2xx came (RFC 3261 §13.3.1.4)."""

    session: SessionId
    """Names the session."""
    answer: bytes | None
    """The SDP answer in the ACK, when the 2xx carried our offer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """The session is over. The last event of a session, and it comes exactly once."""

    session: SessionId
    """Names the session."""
    cause: EndCause
    """Why, and by which side."""
    status: int
    """The final SIP status that belongs to it; 200 for an ordinary hang-up."""
    reason: str
    """The reason phrase, or the text of a Reason header (RFC 3326)."""
    retry_after: float | None = None
    """Seconds, if the peer gave a Retry-After."""
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Headers of the message that ended it, if one did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferReceived:
    """The far side offers a new description. Follow with `answer_offer` or `reject_offer`."""

    session: SessionId
    """Names the session."""
    offer: bytes
    """The SDP offer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRequested:
    """The far side sent a re-INVITE without a description. Follow with `provide_offer`."""

    session: SessionId
    """Names the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferWithdrawn:
    """The far side cancelled its `OfferReceived` or `OfferRequested` (RFC 3261 §9.2).

    It needs no answer any more; the session stays as it was.
    """

    session: SessionId
    """Names the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReceived:
    """The answer to an offer of ours inside the session (re-INVITE, UPDATE, or our response)."""

    session: SessionId
    """Names the session."""
    answer: bytes
    """The SDP answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRequested:
    """A response to our INVITE carries an offer. Follow with `answer_offer`.

    The answer goes with the ACK or the PRACK (RFC 3261 §13.2.1, RFC 3262 §5).
    """

    session: SessionId
    """Names the session."""
    offer: bytes
    """The SDP offer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRejected:
    """The far side refused our re-offer; the session stays as it was (RFC 3261 §14.1)."""

    session: SessionId
    """Names the session."""
    status: int
    """The final status; 408 and 503 also stand for a time-out and a lost connection."""
    reason: str
    """Its reason phrase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteHoldChanged:
    """The far side put us on hold, or took us back (RFC 6337 §5.3)."""

    session: SessionId
    """Names the session."""
    is_held: bool
    """True when the far side neither sends nor takes our audio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitReceived:
    """A digit came by INFO, `application/dtmf-relay` or `application/dtmf` (RFC 6086)."""

    session: SessionId
    """Names the session."""
    digit: str
    """One of 0-9, A-D, * and #."""
    duration: float | None
    """Seconds, if the body said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoReceived:
    """An INFO with another body; it has been answered 200."""

    session: SessionId
    """Names the session."""
    content_type: str
    """The Content-Type as it came."""
    body: bytes
    """The body as it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoAnswered:
    """The far side's answer to a digit or an INFO of ours (RFC 6086 §4.2.2)."""

    session: SessionId
    """Names the session."""
    status: int
    """200 when it was understood; 408 and 503 also stand for a time-out and a lost connection."""
    reason: str
    """Its reason phrase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRequested:
    """The far side asks us to call somebody else (RFC 3515).

    Follow with `accept_transfer` or `reject_transfer`.
    """

    session: SessionId
    """Names the session."""
    target: str
    """The URI to call, without its Replaces header."""
    replaces: str | None
    """The Replaces value to send with the INVITE (RFC 3891), unescaped."""
    referred_by: str | None
    """The Referred-By value, if there was one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferProgressed:
    """News of a transfer that we asked for (NOTIFY of the refer package, RFC 3515 §2.4.4)."""

    session: SessionId
    """Names the session."""
    status: int
    """Status of the far side's new call: 100 at first, then provisional and final ones."""
    reason: str
    """Its reason phrase."""
    is_final: bool
    """No further news comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReceived:
    """A request outside a session that the settings leave to the owner, such as REGISTER.

    Follow with `respond`; without it the peer gets 500 after 30 seconds.
    """

    transaction: TransactionId
    """Names it in `respond`."""
    request: Request
    """The request."""
    flow: Flow
    """The connection it came on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseReceived:
    """The final response to a request sent with `request`; 408 or 503 made here if none came."""

    transaction: TransactionId
    """The id that `request` gave."""
    response: Response
    """The response, headers and body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDropped:
    """Something came that was not worth a reply: garbage, a stray response, an orphan ACK."""

    kind: str
    """A stable slug of the cause, to count and to log once per kind."""
    detail: str
    """One sentence; no part of the message that could be secret."""
    flow: Flow
    """The connection it came on."""


Event = (
    RegistrationSent
    | Registered
    | RegistrationEnded
    | RegistrationRefused
    | InviteReceived
    | CallProgressed
    | CallAnswered
    | CallConfirmed
    | CallEnded
    | OfferReceived
    | OfferRequested
    | OfferWithdrawn
    | AnswerReceived
    | AnswerRequested
    | OfferRejected
    | RemoteHoldChanged
    | DigitReceived
    | InfoReceived
    | InfoAnswered
    | TransferRequested
    | TransferProgressed
    | RequestReceived
    | ResponseReceived
    | MessageDropped
)
