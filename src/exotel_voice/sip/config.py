"""The settings of a user agent: one frozen value, checked once, when it is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from exotel_voice.errors import ConfigError
from exotel_voice.sip.digest import Credentials
from exotel_voice.sip.limits import Limits
from exotel_voice.sip.timers import TimerSettings

__all__ = ["ALLOWED_METHODS", "SUPPORTED_OPTIONS", "AgentConfig", "TransportName"]

TransportName = Literal["ws", "wss"]
"""The scheme of the WebSocket, which Via names in capitals (RFC 7118 §5.2.1)."""

ALLOWED_METHODS: Final = (
    "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "PRACK", "UPDATE", "REFER", "NOTIFY",
)  # fmt: skip
"""The methods that the agent answers by itself, for the Allow header (RFC 3261 §20.5)."""

SUPPORTED_OPTIONS: Final = ("100rel", "outbound", "path", "replaces", "timer")
"""The option tags of the extensions that the agent knows (RFC 3261 §20.37)."""

MIN_SESSION_EXPIRES: Final = 90.0
"""The shortest session interval that anybody may ask for, seconds (RFC 4028 §5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """Who the user agent is and what it allows. The repr holds no secret.

    Raises:
        ConfigError: A setting contradicts its description.
    """

    aor: str
    """The address of record, a SIP URI such as `sip:alice@example.com`."""
    contact_user: str
    """User part of the Contact URI; a value that nobody can guess keeps strangers' calls away."""
    contact_host: str
    """Host of Via and Contact; `<random>.invalid` for one that cannot be reached (RFC 7118 §5)."""
    transport: TransportName = "wss"
    """The scheme of the connections; `connection_made` may say otherwise for one of them."""
    display_name: str = ""
    """The caller's name in the From header, without quotes."""
    credentials: Credentials | None = None
    """User name and password to answer digest challenges with."""
    registrar: str | None = None
    """The Request-URI of REGISTER; None for the domain of `aor` (RFC 3261 §10.2)."""
    instance_id: str | None = None
    """`urn:uuid:...`, the same over restarts of a device (RFC 5626 §4.1); None to leave it out."""
    reg_id: int = 1
    """Number of this connection among the device's (RFC 5626 §4.2), sent with `instance_id`."""
    user_agent: str = "exotel-voice"
    """The text of the User-Agent and Server headers."""
    supported: tuple[str, ...] = SUPPORTED_OPTIONS
    """Option tags to announce; without `100rel` no PRACK, without `timer` no session timer."""
    owner_methods: frozenset[str] = frozenset()
    """Methods outside a call that the owner answers with `respond`, such as REGISTER; OPTIONS too,
    if named. Others get 405 (RFC 3261 §8.2.1)."""
    is_relay: bool = False
    """Whether the owner passes calls on to others: then a request without hops left gets 483; a
    phone, being where the request was to go, takes it (RFC 3261 §8.1.1.6, §16.3)."""
    routes: tuple[str, ...] = ()
    """Route header values for requests outside a dialog, in order (RFC 3261 §8.1.2)."""
    no_answer_after: float | None = 60.0
    """Seconds after which an INVITE of ours is cancelled if nobody answers; None for no limit."""
    ring_limit: float | None = 300.0
    """Seconds after which an INVITE of others that nobody answers gets 480; None for no limit.
    It is for callers that vanish: whoever means to give up sends a CANCEL."""
    session_expires: float = 1800.0
    """Session interval to ask for, seconds, at least 90 (RFC 4028 §4)."""
    min_session_expires: float = 90.0
    """Shortest session interval that the agent takes, seconds, at least 90 (RFC 4028 §5)."""
    max_sessions: int = 1000
    """INVITE sessions at one time; one more gets 486, and an `invite` raises `InvalidState`."""
    max_transactions: int = 1000
    """Requests of others that may wait for their end at one time; one more gets 503."""
    limits: Limits = field(default_factory=Limits)
    """Bounds of what the wire may hold."""
    timers: TimerSettings = field(default_factory=TimerSettings)
    """T1, T2, T4 and the kind of transport."""

    def __post_init__(self) -> None:
        if not self.aor.lower().startswith(("sip:", "sips:")):
            raise ConfigError(f"The address of record {self.aor!r} is not a SIP URI.")
        if not self.contact_user or not self.contact_host:
            raise ConfigError("The Contact needs a user and a host.")
        if '"' in self.display_name or "\\" in self.display_name:
            raise ConfigError("The display name may not hold a quote or a backslash.")
        if any(character in self.display_name for character in "\r\n\0"):
            raise ConfigError("The display name must be one line.")
        if not MIN_SESSION_EXPIRES <= self.min_session_expires <= self.session_expires:
            raise ConfigError("Session timers need 90 <= min_session_expires <= session_expires.")
        for limit in (self.no_answer_after, self.ring_limit):
            if limit is not None and limit <= 0:
                raise ConfigError("The limits on ringing must be positive, or None.")
        if self.max_sessions < 1:
            raise ConfigError("The agent needs room for one session.")

    @property
    def domain(self) -> str:
        """Tell the host part of the address of record."""
        host = self.aor.partition(":")[2].rpartition("@")[2]
        return host.partition(";")[0].partition("?")[0]

    @property
    def from_value(self) -> str:
        """Give the From value without a tag (RFC 3261 §8.1.1.3)."""
        if self.display_name:
            return f'"{self.display_name}" <{self.aor}>'
        return f"<{self.aor}>"

    @property
    def registrar_uri(self) -> str:
        """Tell the Request-URI for REGISTER: no user part (RFC 3261 §10.2)."""
        return self.registrar or f"{self.aor.partition(':')[0]}:{self.domain}"

    def contact_uri(self) -> str:
        """Give the URI at which this agent is reached (RFC 7118 §5.2.2).

        Its transport is `ws` for secure connections too: a URI knows no other. Via has both names.
        """
        return f"sip:{self.contact_user}@{self.contact_host};transport=ws"
