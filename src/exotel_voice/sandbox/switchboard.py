"""The sandbox's one user agent, and who owns each of its sessions.

Bytes from the connections go in, messages go out to them, and each event goes to the owner of its
session. Everything here runs in one event loop and returns at once; what must wait is a task of the
session's owner, which comes back through `turn`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from exotel_voice.errors import InvalidState
from exotel_voice.phone.supervisor import Supervisor
from exotel_voice.sandbox.connection import Connection
from exotel_voice.sandbox.registrar import Device
from exotel_voice.sip.agent import UserAgent
from exotel_voice.sip.events import (
    AnswerReceived,
    AnswerRequested,
    CallAnswered,
    CallConfirmed,
    CallEnded,
    CallProgressed,
    DigitReceived,
    Event,
    Flow,
    InfoAnswered,
    InfoReceived,
    InviteReceived,
    MessageDropped,
    OfferReceived,
    OfferRejected,
    OfferRequested,
    OfferWithdrawn,
    Registered,
    RegistrationEnded,
    RegistrationRefused,
    RegistrationSent,
    RemoteHoldChanged,
    RequestReceived,
    ResponseReceived,
    SessionId,
    TransferProgressed,
    TransferRequested,
)

__all__ = ["SessionEvent", "SessionOwner", "Switchboard"]

logger = logging.getLogger(__name__)

SessionEvent = (
    CallProgressed
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
)
"""The events of a session that has an owner."""


class SessionOwner(Protocol):
    """Whoever carries a session: hears every event of it."""

    def handle(self, event: SessionEvent) -> None:
        """Take an event of a session of one's own."""
        ...


class Switchboard:
    """Runs the user agent.

    Args:
        agent: The user agent, new.
        domain: The SIP domain of the accounts.
        lost_after: Seconds that a call goes on after the connection of its phone is gone.
        on_invite: Takes each new INVITE.
        on_request: Takes each request outside calls that the agent leaves to its owner.
    """

    def __init__(
        self,
        agent: UserAgent,
        *,
        domain: str,
        lost_after: float,
        on_invite: Callable[[InviteReceived], None],
        on_request: Callable[[RequestReceived], None],
    ) -> None:
        self.agent = agent
        self.domain = domain
        self._lost_after = lost_after
        self.tasks = Supervisor()
        """Owns the tasks of parties and of the HTTP API."""
        self.connections: dict[Flow, Connection] = {}
        self.dropped: dict[str, int] = {}
        """How many messages were dropped, by kind."""
        self._on_invite = on_invite
        self._on_request = on_request
        self._loop = asyncio.get_running_loop()
        self._owners: dict[SessionId, SessionOwner] = {}
        self._flows: dict[SessionId, Flow] = {}
        self._devices: dict[SessionId, Device] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._lost: dict[Flow, asyncio.TimerHandle] = {}
        self._is_pumping = False
        self._is_closed = False

    @property
    def now(self) -> float:
        """The time on the clock of the user agent, seconds."""
        return self._loop.time()

    # -- sessions -----------------------------------------------------------------------------

    def own(
        self,
        session: SessionId,
        owner: SessionOwner,
        *,
        flow: Flow | None = None,
        device: Device | None = None,
    ) -> None:
        """Give a session to an owner.

        Args:
            session: The session.
            owner: Who hears its events from now on.
            flow: The connection it is on; None to leave it as it is known.
            device: The phone at its other end, so that the session can follow it to another
                connection; None to leave it as it is known.
        """
        self._owners[session] = owner
        if flow is not None:
            self._flows[session] = flow
        if device is not None:
            self._devices[session] = device

    def device_of(self, session: SessionId) -> Device | None:
        """Give the phone at the other end of a session, if it is known."""
        return self._devices.get(session)

    def owner_of(self, session: SessionId) -> SessionOwner | None:
        """Give the owner of a session; None if it is over."""
        return self._owners.get(session)

    def device_moved(self, device: Device, flow: Flow) -> None:
        """Let the sessions of a phone go over the connection on which it is now."""
        for session, at in self._devices.items():
            if at == device and self._flows.get(session) != flow:
                self._flows[session] = flow
                self.agent.use_flow(session, flow, now=self.now)

    @contextmanager
    def turn(self) -> Iterator[float]:
        """Give the time for commands to the agent; what follows from them happens at the end."""
        try:
            yield self.now
        finally:
            self.pump()

    def hang_up(self, session: SessionId, *, reason: str | None = None) -> None:
        """End a session; nothing happens if it is over."""
        if session not in self._owners:
            return
        with self.turn() as now:
            try:
                self.agent.hang_up(session, now=now, reason=reason)
            except InvalidState:
                logger.debug("session %s was over already", session)

    # -- connections --------------------------------------------------------------------------

    async def serve(self, connection: Connection, receive: Callable[[bytes], None]) -> None:
        """Carry one connection until it is gone."""
        flow = connection.flow
        self.connections[flow] = connection
        with self.turn() as now:
            self.agent.connection_made(now=now, flow=flow, transport=connection.scheme)
        try:
            await connection.run(receive)
        finally:
            del self.connections[flow]
            if not self._is_closed:
                with self.turn() as now:
                    self.agent.connection_lost(now=now, flow=flow)
                self._watch_lost(flow)

    def receive(self, data: bytes, flow: Flow) -> None:
        """Take one message from a connection."""
        with self.turn() as now:
            self.agent.receive_data(data, now=now, flow=flow)

    def _watch_lost(self, flow: Flow) -> None:
        """End the calls whose phone does not come back in time."""
        if flow in self._flows.values():
            self._lost[flow] = self._loop.call_later(self._lost_after, self._end_lost, flow)

    def _end_lost(self, flow: Flow) -> None:
        self._lost.pop(flow, None)
        for session, at in list(self._flows.items()):
            if at == flow:
                self.hang_up(session, reason="the phone's connection is gone")

    # -- the agent ----------------------------------------------------------------------------

    def pump(self) -> None:
        """Send what is to be sent, tell what has happened, and set the timer again."""
        if self._is_pumping or self._is_closed:
            return
        self._is_pumping = True
        try:
            while True:
                events = self.agent.events()
                for flow, data in self.agent.messages_to_send():
                    connection = self.connections.get(flow)
                    if connection is not None:
                        connection.send(data)
                if not events:
                    break
                for event in events:
                    self._dispatch(event)
        finally:
            self._is_pumping = False
        self._set_timer()

    def _dispatch(self, event: Event) -> None:
        try:
            match event:
                case InviteReceived():
                    self._on_invite(event)
                case RequestReceived():
                    self._on_request(event)
                case MessageDropped():
                    self._note_dropped(event)
                case (
                    RegistrationSent()
                    | Registered()
                    | RegistrationEnded()
                    | RegistrationRefused()
                    | ResponseReceived()
                ):
                    pass  # what only an agent that registers or sends requests of its own hears
                case _:
                    self._tell_owner(event)
        except InvalidState as error:
            # The far side was faster: what was to be done is no longer possible, nor needed.
            logger.debug("%s came too late: %s", type(event).__name__, error.message)

    def _tell_owner(self, event: SessionEvent) -> None:
        session = event.session
        owner = self._owners.get(session)
        if isinstance(event, CallEnded):
            self._owners.pop(session, None)
            self._flows.pop(session, None)
            self._devices.pop(session, None)
        if owner is not None:
            owner.handle(event)

    def _note_dropped(self, event: MessageDropped) -> None:
        count = self.dropped.get(event.kind, 0)
        self.dropped[event.kind] = count + 1
        if count == 0:
            logger.warning("message dropped on %s: %s", event.flow, event.detail)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        at = self.agent.next_timer()
        if at is not None:
            self._timer = self._loop.call_at(at, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        with self.turn() as now:
            self.agent.handle_timer(now=now)

    async def aclose(self) -> None:
        """Stop everything at once, as a crash does: no goodbye, no task left."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        for handle in self._lost.values():
            handle.cancel()
        for connection in list(self.connections.values()):
            connection.drop()
        await self.tasks.aclose()
