"""What the gateway tells a tab: one frozen dataclass for each message; `type` is its name.

Instants are milliseconds since 1970 (UTC), durations are seconds. None is left out on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from exotel_voice.gateway.faults import Fault

__all__ = [
    "Attached",
    "AttachedAccount",
    "CallEventName",
    "CallFacts",
    "CallNews",
    "Connection",
    "ConnectionState",
    "ErrorNews",
    "IceServer",
    "MediaRequest",
    "News",
    "Pong",
    "Registration",
    "RegistrationState",
    "Result",
    "SessionNews",
    "SessionState",
    "TabFacts",
    "Tabs",
    "TransferFacts",
    "Welcome",
]

RegistrationState = Literal["sent_request", "registered", "unregistered", "terminated"]
ConnectionState = Literal["connected", "connecting", "disconnected"]
SessionState = Literal["incoming", "connected", "callEnded", "re-register"]
CallEventName = Literal[
    "incoming",
    "dialing",
    "ringing",
    "connected",
    "callEnded",
    "terminated",
    "activeSession",
    "held",
    "resumed",
    "remote_held",
    "remote_resumed",
    "muted",
    "unmuted",
    "reconnecting",
    "reconnected",
    "digit",
    "transfer",
    "media",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Base of everything that the gateway sends."""


# -- values ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class IceServer:
    """A STUN or TURN server for the tab's peer connections (RFC 8489, RFC 8656)."""

    urls: tuple[str, ...]
    """Its addresses, for example `stun:stun.example:3478`."""
    username: str | None = None
    """The TURN user."""
    credential: str | None = field(default=None, repr=False)
    """The TURN credential; a page sees it, so let it be a short-lived one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedAccount:
    """Whose phone it is; never the password."""

    user_name: str
    """The user part of the address of record."""
    display_name: str
    """What the far side may show."""
    domain: str
    """The SIP domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TabFacts:
    """One tab of the phone."""

    tab: str
    """Names it."""
    is_active: bool
    """Whether it is the active one, which rings."""
    is_self: bool
    """Whether it is the one that reads this."""
    has_media: str | None
    """The call whose audio it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """A call as it stands."""

    id: str
    state: str
    details: Mapping[str, str | float | Mapping[str, str] | None]
    """The rest of `callDetails()`, by the names of guide 5.4; instants are milliseconds."""
    duration: float
    """Seconds from the answer until now, or to the end."""
    is_muted: bool
    is_on_hold: bool
    is_remote_on_hold: bool
    media: str | None
    """Names its media session."""
    media_tab: str | None
    """The tab that has its audio; None while nobody has it."""
    last_media_tab: str | None
    """The tab that has its audio or had it last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFacts:
    """News of a transfer that this side asked for."""

    status: int
    """SIP status of the far side's new call."""
    reason: str
    """Its reason phrase."""
    is_final: bool
    """No further news comes."""


# -- messages ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome(News):
    """The reply to `Hello`."""

    version: int
    """The version of the wire."""
    identity: str
    """Who the page is, as the application says."""
    tab: str
    """The tab's name, as it came."""
    allow_page_credentials: bool
    """Whether the page may bring its own SIP account."""
    ice_servers: Sequence[IceServer]
    """For every peer connection of the page."""
    resume_limit: float
    """Seconds that a call waits for a tab."""
    server: str
    """Names this run of the gateway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration(News):
    """RegisterEventCallBack of the guide."""

    state: RegistrationState
    status: int | None = None
    """The SIP status of a refusal."""
    reason: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection(News):
    """The connection to the SIP server."""

    state: ConnectionState
    reason: str | None = None
    """Why it is not connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tabs(News):
    """The tabs of the phone, the oldest first."""

    tabs: Sequence[TabFacts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached(News):
    """The whole state of the phone, after `Attach`."""

    account: AttachedAccount
    is_active: bool
    """Whether this tab is the active one."""
    registration: Registration
    connection: ConnectionState
    calls: Sequence[CallFacts]
    """The calls that are not over, the oldest first."""
    tabs: Sequence[TabFacts]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNews(News):
    """Something happened to a call. On the wire its type is `call`."""

    event: CallEventName
    """What."""
    call: CallFacts
    """The call after it."""
    digit: str | None = None
    """The key that the far side pressed."""
    transfer: TransferFacts | None = None
    """With `transfer`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionNews(News):
    """SessionCallback of the guide, for tabs that are not the active one. Its type is `session`."""

    state: SessionState
    call: str | None = None
    """Names the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRequest(News):
    """Asks the tab to do something with a peer connection; `MediaReply` answers it."""

    id: int
    """Its number."""
    media: str
    """Names the media session."""
    op: str
    """See `exotel_voice.media.browser_carrier.MediaOp`."""
    call: str | None = None
    """The call, where it is known."""
    sdp: str | None = None
    direction: str | None = None
    ice_restart: bool | None = None
    muted: bool | None = None
    digits: str | None = None
    duration: float | None = None
    gap: float | None = None
    ice_servers: Sequence[IceServer] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(News):
    """The one reply to a request."""

    request: int
    """Its number."""
    ok: bool
    """Whether it was done."""
    error: Fault | None = None
    """Why not."""
    value: Mapping[str, str] | None = None
    """What it gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorNews(News):
    """Something is wrong with what the tab sent, or with the tab. Its type is `error`."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong(News):
    """The reply to `Ping`."""

    at: float
    """As it came."""
