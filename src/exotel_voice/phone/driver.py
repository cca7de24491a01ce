"""The one place where the SIP core meets the clock and the socket.

Bytes go in, bytes and events come out, one timer is armed: after each command and each message the
driver takes what the user agent has to say. It decides nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from exotel_voice.errors import TransportError
from exotel_voice.phone.observe import Trace, redact
from exotel_voice.phone.supervisor import Supervisor
from exotel_voice.sip.agent import UserAgent
from exotel_voice.sip.events import Event
from exotel_voice.transport.base import Transport

__all__ = ["Driver"]

T = TypeVar("T")


class Driver:
    """Runs one user agent on the present connection.

    Args:
        agent: The user agent.
        supervisor: Owns the task that sends.
        trace: Called with each message that comes or goes, redacted; None for none.
    """

    def __init__(self, agent: UserAgent, supervisor: Supervisor, *, trace: Trace | None) -> None:
        self._agent = agent
        self._supervisor = supervisor
        self._trace = trace
        self._transport: Transport | None = None
        self._outbox: deque[bytes] = deque()
        self._sender: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_pumping = False
        self.on_event: Callable[[Event], None] = lambda _: None
        self.on_turn: Callable[[], None] = lambda: None

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection to send on."""
        return self._transport is not None

    def run(self, command: Callable[[UserAgent, float], T]) -> T:
        """Give the user agent a command, and carry out what follows from it.

        Args:
            command: Called with the user agent and the time to pass as `now`.
        """
        try:
            return command(self._agent, asyncio.get_running_loop().time())
        finally:
            self._pump()

    def look(self, question: Callable[[UserAgent], T]) -> T:
        """Ask the user agent something that changes nothing."""
        return question(self._agent)

    def attach(self, transport: Transport) -> None:
        """Use an open connection from now on."""
        self._transport = transport
        self.run(lambda agent, now: agent.connection_made(now=now))

    def detach(self) -> None:
        """Forget the connection: it is gone."""
        if self._transport is not None:
            self._transport = None
            self._outbox.clear()
            self.run(lambda agent, now: agent.connection_lost(now=now))

    def receive(self, data: bytes) -> None:
        """Take one message that came."""
        if self._trace is not None:
            self._trace("received", redact(data))
        self.run(lambda agent, now: agent.receive_data(data, now=now))

    async def flush(self) -> None:
        """Wait until all that is to be sent has been given to the connection."""
        while self._sender is not None and not self._sender.done():
            await asyncio.wait([self._sender])

    def stop(self) -> None:
        """Disarm the timer; nothing happens by itself any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pump(self) -> None:
        """Take messages and events until there are none, then arm the timer for the next instant.

        Handling an event may give the user agent further commands; those wait for this loop.
        """
        if self._is_pumping:
            return
        self._is_pumping = True
        try:
            while events := self._take():
                for event in events:
                    self._supervisor.call(self.on_event, event)
        finally:
            self._is_pumping = False
        self._arm()

    def _take(self) -> list[Event]:
        self._collect()
        events = self._agent.events()
        if not events:
            self.on_turn()
            self._collect()
            events = self._agent.events()
        return events

    def _collect(self) -> None:
        self._outbox.extend(self._agent.data_to_send())
        if self._outbox and (self._sender is None or self._sender.done()):
            self._sender = self._supervisor.start(self._send(), name="send SIP messages")

    def _arm(self) -> None:
        due = self._agent.next_timer()
        if self._timer is not None:
            if due == self._timer.when():
                return
            self._timer.cancel()
            self._timer = None
        if due is not None:
            self._timer = asyncio.get_running_loop().call_at(due, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self.run(lambda agent, now: agent.handle_timer(now=now))

    async def _send(self) -> None:
        while self._outbox and self._transport is not None:
            data = self._outbox.popleft()
            if self._trace is not None:
                self._trace("sent", redact(data))
            try:
                await self._transport.send(data)
            except TransportError:
                # Whoever receives on this connection learns of its end as well, and reconnects.
                self._outbox.clear()
