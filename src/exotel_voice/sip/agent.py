"""The user agent: the only door of the core (RFC 3261), both roles, no I/O.

    agent = UserAgent(config, ids=ids)
    agent.connection_made(now=now)
    agent.receive_data(data, now=now)        # never raises for what the peer sent
    session = agent.invite("sip:bob@example.com", offer=sdp, now=now)
    for event in agent.events(): ...         # drains
    for flow, data in agent.messages_to_send(): ...   # drains
    at = agent.next_timer()                  # seconds on the clock of `now`, or None
    agent.handle_timer(now=now)

Call the two drains and `next_timer` after every command and every `receive_data`. A command that
the state of the session forbids raises `InvalidState` and sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from exotel_voice.errors import ConfigError, InvalidState, ProtocolError
from exotel_voice.sip.call import CallInput
from exotel_voice.sip.call_client import ClientInvite
from exotel_voice.sip.commands import CallCommands
from exotel_voice.sip.config import AgentConfig, TransportName
from exotel_voice.sip.events import Event, Flow, MessageDropped, SessionId, TransactionId
from exotel_voice.sip.flows import DEFAULT_FLOW
from exotel_voice.sip.headers import Headers
from exotel_voice.sip.ids import IdSource
from exotel_voice.sip.outside import OutsideRequests, invite_request
from exotel_voice.sip.reception import Reception
from exotel_voice.sip.registry import Registry
from exotel_voice.sip.session import Session
from exotel_voice.sip.stack import Stack
from exotel_voice.sip.transaction_events import (
    AckArrived,
    CancelArrived,
    RequestArrived,
    RequestFailed,
    ResponseArrived,
    Stray,
    TransactionEnded,
    TransactionEvent,
)
from exotel_voice.sip.validation import SDP
from exotel_voice.sip.wire import parse

__all__ = ["DEFAULT_FLOW", "UserAgent"]


class UserAgent(CallCommands):
    """A SIP user agent, client and server, on any number of connections.

    Args:
        config: Who it is and what it allows.
        ids: Where its random values come from.
    """

    def __init__(self, config: AgentConfig, *, ids: IdSource) -> None:
        self._stack = Stack(config, ids)
        self._reception = Reception(self._stack)
        self._registry = Registry(self._stack)
        self._outside = OutsideRequests(self._stack)

    @property
    def config(self) -> AgentConfig:
        """Who the agent is and what it allows."""
        return self._stack.config

    @property
    def sessions(self) -> tuple[SessionId, ...]:
        """Every session that is not over for its owner, oldest first."""
        return tuple(each.id for each in self._stack.sessions.values() if not each.is_over)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left of any call or request: no session, transaction or timer."""
        return self._stack.is_idle and not len(self._reception.deadlines)

    # -- bytes, time, events ---------------------------------------------------------------------

    def receive_data(self, data: bytes, *, now: float, flow: Flow = DEFAULT_FLOW) -> None:
        """Take one message, the content of one WebSocket frame (RFC 7118 §5). Never raises."""
        stack = self._stack
        stack.flows.touch(flow)
        if not data.strip(b"\r\n\0 "):
            return  # A keep-alive (RFC 5626 §3.5.1).
        try:
            message = parse(data, limits=stack.config.limits)
        except ProtocolError as error:
            if error.reply is not None:
                stack.layer.transmit(flow, error.reply)
            stack.emit(MessageDropped(kind=error.code, detail=error.message, flow=flow))
            return
        stack.layer.receive(message, flow=flow, now=now)
        self._settle(now)

    def events(self) -> list[Event]:
        """Take the events since the last call, in the order of their causes."""
        return self._stack.drain_events()

    def messages_to_send(self) -> list[tuple[Flow, bytes]]:
        """Take the messages to be sent since the last call, each with its connection."""
        is_open = self._stack.flows.is_open
        return [each for each in self._stack.layer.drain_messages() if is_open(each[0])]

    def data_to_send(self) -> list[bytes]:
        """Take the messages to be sent, for an agent with one connection."""
        return [data for _, data in self.messages_to_send()]

    def next_timer(self) -> float | None:
        """Tell when `handle_timer` is to be called next; None for never."""
        instants = (
            self._stack.layer.next_timer(),
            self._stack.deadlines.next(),
            self._reception.deadlines.next(),
            self._registry.next_timer(),
        )
        return min((at for at in instants if at is not None), default=None)

    def handle_timer(self, *, now: float) -> None:
        """Do what is due at `now`. Calling it too early does no harm."""
        stack = self._stack
        while (at := self.next_timer()) is not None and at <= now:
            stack.layer.handle_timer(now=now)
            self._settle(now)
            self._reception.handle_timer(now=now)
            self._registry.handle_timer(now=now)
            due = stack.deadlines.pop_due(now=now)
            session = None if due is None else stack.find_session(due[0])
            if due is not None and session is not None:
                session.fire(due[1], now=now)
            self._settle(now)

    # -- connections -----------------------------------------------------------------------------

    def connection_made(
        self, *, now: float, flow: Flow = DEFAULT_FLOW, transport: TransportName | None = None
    ) -> None:
        """Take note that a connection is open; what waited for it goes out.

        Args:
            now: The current time, seconds.
            flow: Its name.
            transport: Its scheme, for Via and Contact; None for the one of the settings.
        """
        stack = self._stack
        stack.flows.open(flow, transport)
        stack.layer.flow_made(flow, transport=None if transport is None else transport.upper())
        for session in list(stack.sessions.values()):
            if session.is_on(flow):
                session.happen(CallInput.FLOW_BACK, now=now)
        self._settle(now)

    def connection_lost(self, *, now: float, flow: Flow = DEFAULT_FLOW) -> None:
        """Take note that a connection is gone.

        Requests on it fail as 503. Calls that have been answered live on, and what the owner wants
        of them meanwhile waits for the next connection where that is of use (a hang-up's BYE).
        """
        stack = self._stack
        stack.flows.close(flow)
        stack.layer.flow_lost(flow, now=now)
        self._registry.connection_lost(flow, now=now)
        self._settle(now)
        for session in list(stack.sessions.values()):
            if session.is_on(flow):
                session.happen(CallInput.FLOW_LOST, now=now)

    # -- registration ----------------------------------------------------------------------------

    def register(self, *, now: float, expires_in: float = 300.0) -> None:
        """Bind this phone to its address of record, and keep the binding fresh (RFC 3261 §10.2).

        `Registered` or `RegistrationRefused` follows.

        Args:
            now: The current time, seconds.
            expires_in: Seconds to ask for.
        """
        self._registry.register(expires_in=expires_in, now=now)
        self._settle(now)

    def unregister(self, *, now: float, every_binding: bool = False) -> None:
        """Take the binding away (RFC 3261 §10.2.2). `RegistrationEnded` follows.

        Args:
            now: The current time, seconds.
            every_binding: Take away those of other phones too (`Contact: *`).
        """
        self._registry.unregister(now=now, every_binding=every_binding)
        self._settle(now)

    # -- calls -----------------------------------------------------------------------------------

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
            now: The current time, seconds.
            headers: Further headers; `From` and `To` replace the usual values (tags are added).
            replaces: The Replaces value (RFC 3891), as `TransferRequested` gives it.
            flow: The connection to use; None for the default one.

        Raises:
            InvalidState: There are `max_sessions` sessions already.
            ConfigError: The target is no URI, or a header cannot be written.
        """
        stack = self._stack
        if len(stack.sessions) >= stack.config.max_sessions:
            raise InvalidState(f"There are {stack.config.max_sessions} calls already.")
        flow = DEFAULT_FLOW if flow is None else flow
        session_id = SessionId(stack.ids.tag())
        session = Session(stack, session_id, flow=flow)
        fields = dict(headers or {}) | ({} if replaces is None else {"Replaces": replaces})
        timer = session.refresh.request_headers()
        request = invite_request(stack, session_id, target, fields, timer=timer)
        if offer is not None:
            request.headers.add("Content-Type", SDP)
            request.body = offer
        session.client = ClientInvite(session, request)
        stack.sessions[session_id] = session
        session.happen(CallInput.INVITE, now=now)
        return session_id

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
        flow = DEFAULT_FLOW if flow is None else flow
        return self._outside.send(method, target, headers or {}, body, flow=flow, now=now)

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
            transaction: As the event named it.
            status: 200 to 699.
            now: The current time, seconds.
            reason: The reason phrase; None for the usual one.
            headers: Further headers, names to values.
            body: The body; its Content-Type is to be among `headers`.

        Raises:
            InvalidState: It has been answered, or has never been.
        """
        if not 200 <= status <= 699:
            raise ConfigError(f"{status} is not a final status.")
        fields = list(Headers(headers))
        arrived = self._reception.take_asked(transaction)
        self._stack.respond(arrived, status, reason=reason, headers=fields, body=body, now=now)

    # -- from the transactions -------------------------------------------------------------------

    def _settle(self, now: float) -> None:
        """Take what the transactions tell, until they have nothing more to tell."""
        while events := self._stack.layer.drain_events():
            for event in events:
                self._take(event, now)

    def _take(self, event: TransactionEvent, now: float) -> None:
        stack = self._stack
        match event:
            case RequestArrived():
                self._reception.receive(event, now=now)
            case ResponseArrived():
                if not self._registry.receive_response(event, now=now):
                    stack.receive_response(event, now=now)
            case RequestFailed():
                if not self._registry.receive_failure(event, now=now):
                    stack.receive_failure(event, now=now)
            case TransactionEnded():
                stack.end_transaction(event)
            case AckArrived():
                self._reception.receive_ack(event, now=now)
            case CancelArrived():
                self._reception.receive_cancel(event, now=now)
            case Stray():
                stack.emit(MessageDropped(kind=event.kind, detail=event.detail, flow=event.flow))
            case _:
                assert_never(event)
