"""What a tab tells the gateway: one frozen dataclass for each message; `type` is its name.

`AttachedTab` in JavaScript and these classes are two ends of one wire; `docs/gateway.md` lists it.
Requests carry a number that the tab counts up, and get exactly one `Result` with the same number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from exotel_voice.gateway.codec import Length

__all__ = [
    "AccountChoice",
    "Answer",
    "Attach",
    "CallRequest",
    "Detach",
    "Dial",
    "HangUp",
    "Hello",
    "Hold",
    "Logs",
    "MediaEvent",
    "MediaReply",
    "MediaStats",
    "Mute",
    "Ping",
    "Register",
    "Reject",
    "Request",
    "Resume",
    "SendDigits",
    "StatsReport",
    "Status",
    "TabFault",
    "TabMessage",
    "Transfer",
    "TransferTo",
    "Unmute",
    "Unregister",
]

Sdp = Annotated[str, Length(60_000, has_lines=True)]
Words = Annotated[str, Length(1024, has_lines=True)]
TabId = Annotated[str, Length(80)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TabMessage:
    """Base of everything that a tab sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(TabMessage):
    """Base of what gets a `Result`."""

    request: int
    """The tab's number of this request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest(Request):
    """Base of requests about one call."""

    call: str
    """Names the call."""


# -- the connection ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello(TabMessage):
    """The first message of a connection."""

    version: int
    """The version of the wire that the tab speaks."""
    tab: TabId
    """Names the tab; a page that is loaded again keeps it."""
    page: str = ""
    """The path of the page."""
    media: tuple[str, ...] = ()
    """Media sessions whose peer connection is alive in the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping(TabMessage):
    """The tab is alive."""

    at: float
    """The tab's clock, milliseconds; comes back in `Pong`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChoice:
    """The account that a page asks for, in whole or by its name. The repr hides the secret."""

    user_name: str = ""
    domain: str = ""
    host: str = ""
    display_name: str = ""
    secret: str = field(default="", repr=False)
    security: str = ""
    port: int | None = None
    auth_user: str = ""
    endpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach(Request):
    """The page wants a phone (guide 5.1)."""

    account: AccountChoice | None = None
    """Which account; None for the only one, or the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detach(Request):
    """The page needs its phone no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status(Request):
    """Asks for the readiness of guide 5.13."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs(Request):
    """Asks for the lines that the gateway keeps of this phone (guide 5.15)."""

    after: int = 0
    """The number to go on with; 0 for the beginning."""


# -- registration and calls --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Register(Request):
    """DoRegister (guide 5.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unregister(Request):
    """UnRegister (guide 5.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial(Request):
    """Calls somebody."""

    target: str
    """A name, a number, or a SIP or tel URI."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers of the INVITE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(CallRequest):
    """Answers a call that rings, with the audio in this tab, or takes a living one over."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers of the 200."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(CallRequest):
    """Refuses a call that rings."""

    status: int = 486
    """400 to 699."""
    reason: str | None = None
    """The reason phrase; None for the usual one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp(CallRequest):
    """Ends a call in whatever state it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(CallRequest):
    """Puts the far side on hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(CallRequest):
    """Takes the far side off hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute(CallRequest):
    """Sends silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmute(CallRequest):
    """Sends the microphone again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDigits(CallRequest):
    """Sends digits."""

    digits: str
    """0-9, *, #, A-D and the comma for a pause."""
    method: Literal["info", "rfc4733", "auto"] = "info"
    """How they travel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(CallRequest):
    """Asks the far side to call somebody else."""

    target: str
    """Whom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferTo(CallRequest):
    """Connects the far sides of two calls."""

    other: str
    """Names the other call."""


# -- media -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TabFault:
    """What went wrong in a tab."""

    code: str = "media"
    """A slug of `exotel_voice.errors`."""
    message: Words = "The tab could not do it"
    """In words."""
    hint: Words = ""
    """What to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaReply(TabMessage):
    """The answer to a `MediaRequest`."""

    reply_to: int
    """The `id` of the request."""
    ok: bool
    """Whether it was done."""
    sdp: Sdp = ""
    """The description that was made, if one was asked for."""
    error: TabFault | None = None
    """Why not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaEvent(TabMessage):
    """The state of a peer connection has changed."""

    media: str
    """Names the media session."""
    event: Literal["connected", "failed", "disconnected", "ready"]
    """What happened; `ready` says that the microphone was added."""
    error: TabFault | None = None
    """Why, with `failed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsReport:
    """Counters of a peer connection since it began; see `exotel_voice.MediaStats`."""

    codec: str = ""
    packets_sent: int = 0
    packets_received: int = 0
    packets_lost: int = 0
    packets_late: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    jitter_ms: float = 0.0
    round_trip_ms: float | None = None
    remote_lost_fraction: float | None = None
    buffer_ms: float = 0.0
    concealed_ms: float = 0.0
    input_level: float = 0.0
    output_level: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaStats(TabMessage):
    """The counters of a call, each second."""

    media: str
    """Names the media session."""
    stats: StatsReport
    """The counters."""
