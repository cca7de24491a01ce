"""The user agent: the only door of the core (RFC 3261), both roles, no I/O.

    agent = UserAgent(config, ids=ids)
    agent.connection_made(now=now)
    agent.receive_data(data, now=now)        # never raises for what the peer sent
    session = agent.invite("sip:bob@example.com", offer=sdp, now=now)
    for event in agent.events(): ...         # drains
    for flow, data in agent.messages_to_send(): ...   # drains
    at = agent.next_timer()                  # seconds on the clock of `now`, or None
    agent.handle_timer(now=now)

Call the two drains and `next_timer` after every command and every `receive_data`. A command that the
state of the session forbids raises `InvalidState` and sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exotel_voice.sip.commands import CallCommands
from exotel_voice.sip.config import AgentConfig, TransportName
from exotel_voice.sip.events import Event, Flow, SessionId, TransactionId
from exotel_voice.sip.ids import IdSource

__all__ = ["DEFAULT_FLOW", "UserAgent"]

DEFAULT_FLOW: Flow = "default"
"""The name of the one connection of an agent that has only one."""


class UserAgent(CallCommands):
    """A SIP user agent, client and server, on any number of connections.

    Args:
        config: Who it is and what it allows.
        ids: Where its random values come from.
    """

    def __init__(self, config: AgentConfig, *, ids: IdSource) -> None: ...

    # -- bytes, time, events -------------------------------------------------------------------

    def receive_data(self, data: bytes, *, now: float, flow: Flow = DEFAULT_FLOW) -> None:
        """Take one message, the content of one WebSocket frame (RFC 7118 §5). Never raises."""

    def events(self) -> list[Event]:
        """Take the events since the last call, in the order of their causes."""
        ...

    def messages_to_send(self) -> list[tuple[Flow, bytes]]:
        """Take the messages to be sent since the last call, each with its connection."""
        ...

    def data_to_send(self) -> list[bytes]:
        """Take the messages to be sent, for an agent with one connection."""
        ...

    def next_timer(self) -> float | None:
        """Tell when `handle_timer` is to be called next; None for never."""
        ...

    def handle_timer(self, *, now: float) -> None:
        """Do what is due at `now`. Calling it too early does no harm."""

    # -- connections ---------------------------------------------------------------------------

    def connection_made(
        self, *, now: float, flow: Flow = DEFAULT_FLOW, transport: TransportName | None = None
    ) -> None:
        """Take note that a connection is open; what waited for it goes out.

        Args:
            flow: Its name.
            transport: Its scheme, for Via and Contact; None for the one of the settings.
        """

    def connection_lost(self, *, now: float, flow: Flow = DEFAULT_FLOW) -> None:
        """Take note that a connection is gone.

        Requests on it fail as 503. Calls that have been answered live on, and what the owner wants of
        them meanwhile waits for the next connection where that is of use (the BYE of a hang-up).
        """

    # -- registration --------------------------------------------------------------------------

    def register(self, *, now: float, expires_in: float = 300.0) -> None:
        """Bind this phone to its address of record, and keep the binding fresh (RFC 3261 §10.2).

        `Registered` or `RegistrationRefused` follows.

        Args:
            expires_in: Seconds to ask for.
        """

    def unregister(self, *, now: float, every_binding: bool = False) -> None:
        """Take the binding away (RFC 3261 §10.2.2). `RegistrationEnded` follows.

        Args:
            every_binding: Take away those of other phones too (`Contact: *`).
        """

    # -- calls ---------------------------------------------------------------------------------

    def invite(
        self,
        target: str,
        *,
        offer: bytes | None,
        now: float,
        headers: Mapping[str, str] | None = None,
        replaces: str | None = None,
        flow: Flow | None = None,
    ) -> SessionId:
        """Call somebody (RFC 3261 §13.2). `CallProgressed`, `CallAnswered`, `CallEnded` follow.

        Args:
            target: The SIP or tel URI; the Request-URI of the INVITE.
            offer: The SDP offer; None to let the far side offer.
            headers: Further headers; `From` and `To` replace the usual values (tags are added).
            replaces: The Replaces value (RFC 3891), as `TransferRequested` gives it.
            flow: The connection to use; None for the default one.

        Raises:
            InvalidState: There are `max_sessions` sessions already.
            ConfigError: The target is no URI, or a header cannot be written.
        """
        ...

    # -- requests outside a call -----------------------------------------------------------------

    def request(
        self,
        method: str,
        target: str,
        *,
        now: float,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        flow: Flow | None = None,
    ) -> TransactionId:
        """Send a request that belongs to no call, such as OPTIONS. `ResponseReceived` follows."""
        ...

    def respond(
        self,
        transaction: TransactionId,
        *,
        status: int,
        now: float,
        reason: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> None:
        """Answer a `RequestReceived`.

        Args:
            status: 200 to 699.
            reason: The reason phrase; None for the usual one.

        Raises:
            InvalidState: It has been answered, or has never been.
        """
