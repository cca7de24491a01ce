"""The SIP side of the sandbox in one life, from the first listening to a stop or a crash."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from typing import Final

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol

from exotel_voice.phone.ids import RandomIds
from exotel_voice.sandbox.connection import Connection, Scheme
from exotel_voice.sandbox.desk import Desk
from exotel_voice.sandbox.faults import Faults
from exotel_voice.sandbox.house import House
from exotel_voice.sandbox.registrar import Reply
from exotel_voice.sandbox.switchboard import Switchboard
from exotel_voice.sip.agent import UserAgent
from exotel_voice.sip.config import ALLOWED_METHODS, AgentConfig
from exotel_voice.sip.events import RequestReceived

__all__ = ["Exchange"]

logger = logging.getLogger(__name__)

_frames = logging.getLogger("exotel_voice.sandbox.frames")
# At DEBUG the library writes whole frames, credentials included.
_frames.setLevel(logging.INFO)

MAX_CONNECTIONS: Final = 2000
MAX_MESSAGE: Final = 65_536
"""Bytes of one SIP message."""

GOING_AWAY: Final = 1001
TRY_AGAIN_LATER: Final = 1013
GOODBYE: Final = 0.5
"""Seconds for the last messages and for closing politely."""


class Exchange:
    """One user agent, its connections, and the listeners that bring them.

    Args:
        house: What it shares with the rest of the sandbox.
        faults: What is to go wrong.
    """

    def __init__(self, house: House, faults: Faults) -> None:
        self._house = house
        self._faults = faults
        domain = house.settings.domain
        config = AgentConfig(
            aor=f"sip:sandbox@{domain}",
            contact_user="sandbox",
            contact_host=domain,
            user_agent="exotel-voice sandbox",
            owner_methods=frozenset({"REGISTER"}),
            is_relay=True,
            no_answer_after=None,
        )
        self.desk = Desk(house)
        self.switchboard = Switchboard(
            UserAgent(config, ids=RandomIds()),
            domain=domain,
            lost_after=house.settings.lost_call_after,
            on_invite=self.desk.take,
            on_request=self._take_request,
        )
        house.switchboard = self.switchboard
        self._servers: list[Server] = []
        self._count = 0
        self._expiry: asyncio.TimerHandle | None = None

    # -- listening ----------------------------------------------------------------------------

    async def listen(self, scheme: Scheme, port: int, tls: ssl.SSLContext | None) -> int:
        """Listen for phones, and return the port.

        Raises:
            OSError: The port cannot be had.
        """

        async def take(websocket: ServerConnection) -> None:
            await self._serve(websocket, scheme)

        server = await serve(
            take,
            self._house.settings.host,
            port,
            ssl=tls,
            subprotocols=[Subprotocol("sip")],
            compression=None,
            max_size=MAX_MESSAGE,
            server_header=None,
            logger=_frames,
        )
        self._servers.append(server)
        return int(next(iter(server.sockets)).getsockname()[1])

    async def stop_listening(self) -> None:
        """Take no new connections; those that are open go on."""
        for server in self._servers:
            server.close(close_connections=False)

    async def _serve(self, websocket: ServerConnection, scheme: Scheme) -> None:
        if len(self.switchboard.connections) >= MAX_CONNECTIONS:
            await websocket.close(TRY_AGAIN_LATER)
            return
        self._count += 1
        connection = Connection(
            websocket,
            flow=f"{scheme}-{self._count}",
            scheme=scheme,
            delay=lambda: self._faults.send_delay,
        )

        def receive(data: bytes) -> None:
            if not self._faults.is_swallowed(data):
                self.switchboard.receive(data, connection.flow)

        try:
            await self.switchboard.serve(connection, receive)
        finally:
            self._house.registrar.flow_lost(connection.flow)
            self._house.changes.announce()

    # -- registrations ------------------------------------------------------------------------

    def _take_request(self, event: RequestReceived) -> None:
        now = self.switchboard.now
        reply = self._reply_to(event, now)
        self.switchboard.agent.respond(
            event.transaction,
            status=reply.status,
            reason=reply.reason,
            headers=reply.headers,
            now=now,
        )
        for binding in reply.bound:
            self.switchboard.device_moved(binding.device, binding.flow)
        self._watch_expiry()
        self._house.changes.announce()

    def _reply_to(self, event: RequestReceived, now: float) -> Reply:
        if event.request.method != "REGISTER":
            return Reply(status=405, headers=(("Allow", ", ".join(ALLOWED_METHODS)),))
        fault = self._faults.registration
        if fault is not None:
            headers: tuple[tuple[str, str], ...] = ()
            if fault.retry_after is not None:
                headers = (("Retry-After", f"{fault.retry_after:.0f}"),)
            return Reply(status=fault.status, headers=headers)
        return self._house.registrar.handle(event.request, flow=event.flow, now=now)

    def _watch_expiry(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        at = self._house.registrar.next_expiry()
        loop = asyncio.get_running_loop()
        self._expiry = None if at is None else loop.call_at(at, self._expire)

    def _expire(self) -> None:
        if self._house.registrar.expire(self.switchboard.now):
            self._house.changes.announce()
        self._watch_expiry()

    # -- the end ------------------------------------------------------------------------------

    async def close(self) -> None:
        """End all calls, say goodbye, and stop. Never raises."""
        for record in self._house.calls.living:
            record.hang_up()
        await self.stop_listening()
        goodbyes = [each.close(GOING_AWAY) for each in self.switchboard.connections.values()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE):
                await asyncio.gather(*goodbyes)
        await self.kill()

    async def kill(self) -> None:
        """Stop at once, as a crash does. Safe to call more than once; never raises."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        servers, self._servers = self._servers, []
        for server in servers:
            server.close(close_connections=False)
        await self.switchboard.aclose()
        for server in servers:
            await server.wait_closed()
        self._house.registrar.clear()
