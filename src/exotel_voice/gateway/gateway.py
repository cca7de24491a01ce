"""`VoiceGateway`: one ASGI app that gives web pages a phone."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from exotel_voice.errors import ConfigError
from exotel_voice.gateway.access import Access, Accounts, Authenticate
from exotel_voice.gateway.assets import Assets
from exotel_voice.gateway.book import SessionBook
from exotel_voice.gateway.bus import LocalBus, SessionBus
from exotel_voice.gateway.channel import Channel, House
from exotel_voice.gateway.connection import Connection
from exotel_voice.gateway.faults import CloseCode, Fault
from exotel_voice.gateway.limits import GatewayLimits
from exotel_voice.gateway.news import IceServer
from exotel_voice.gateway.notices import Handler, NoticeBoard
from exotel_voice.gateway.relay import Relay
from exotel_voice.gateway.shared import IdentityTrace, Shared
from exotel_voice.observe import CallTrace
from exotel_voice.phone.events import PhoneEvent
from exotel_voice.phone.observe import Subscription
from exotel_voice.phone.phone import Phone
from exotel_voice.phone.settings import PhoneSettings
from exotel_voice.phone.supervisor import Supervisor

__all__ = ["VoiceGateway"]

logger = logging.getLogger("exotel_voice.gateway")

E = TypeVar("E", bound=PhoneEvent)

CLOSE_LIMIT: Final = 2.0
"""Seconds that connections may take to close."""
_FULL: Final = Fault(
    code="gateway.full",
    message="the gateway takes no more connections now",
    hint="Try again later.",
)


class VoiceGateway:
    """Gives the pages of a web application a phone: mount `app`, and load the module it serves.

        gateway = VoiceGateway(authenticate=user_of, accounts=account_of)
        application.mount("/voice", gateway.app)

    SIP, calls and passwords stay in this process; a page gets the browser module and one WebSocket,
    and carries the audio of its calls straight to the SIP side. All pages of one user are one
    phone. Make and use a gateway in one event loop, and close it with `aclose` when the application
    stops.

    Args:
        authenticate: Called with the connection of a page (Starlette's `HTTPConnection`: cookies,
            headers, query), plain or `async def`; gives the user's identity as text. None, or
            whatever it raises, refuses the page. A plain function runs in a thread.
        accounts: Called with an identity, plain or `async def`; gives the `SipAccount` of the user,
            or several, of which a page chooses one by its user name.
        allow_page_credentials: Whether a page may bring its own account, password included.
        allowed_sip_hosts: The hosts that such an account may be at; needed with
            `allow_page_credentials`, so that no page makes this server connect where it likes.
        allowed_origins: Origins of pages that may connect besides those of this server, such as
            `https://app.example`; `*` for any, which is safe only without cookies.
        ice_servers: STUN and TURN servers for the pages, as `IceServer` or as dictionaries with
            `urls`, `username` and `credential`. None are used that are not named here.
        resume_limit: Seconds that a call whose tab is gone waits for another tab.
        last_tab_limit: Seconds that a phone without tabs and calls stays registered.
        media_limit: Seconds that a tab may take over one request about its audio.
        settings: How the phones behave; None for the usual.
        limits: Further bounds; None for the usual.
        bus: What joins several gateway processes; None for one process alone.
        trace: Called with the identity, `sent` or `received`, and each SIP message of every phone,
            credentials taken out. What it raises is logged and harms nothing.

    Raises:
        ConfigError: A setting is missing or wrong.
    """

    def __init__(  # noqa: PLR0913 - each is a setting of its own, named by the caller
        self,
        *,
        authenticate: Authenticate,
        accounts: Accounts | None = None,
        allow_page_credentials: bool = False,
        allowed_sip_hosts: Collection[str] = (),
        allowed_origins: Collection[str] = (),
        ice_servers: Sequence[IceServer | Mapping[str, object]] = (),
        resume_limit: float = 30.0,
        last_tab_limit: float = 10.0,
        media_limit: float = 5.0,
        settings: PhoneSettings | None = None,
        limits: GatewayLimits | None = None,
        bus: SessionBus | None = None,
        trace: IdentityTrace | None = None,
    ) -> None:
        _check(authenticate, accounts, allow_page_credentials, allowed_sip_hosts, allowed_origins)
        bounds = replace(
            limits or GatewayLimits(),
            resume=resume_limit,
            last_tab=last_tab_limit,
            media=media_limit,
        )
        self._supervisor = Supervisor()
        shared = Shared(
            server=secrets.token_hex(8),
            limits=bounds,
            notices=NoticeBoard(self._supervisor),
            supervisor=self._supervisor,
            ice_servers=tuple(map(_ice_server, ice_servers)),
            make_phone=partial(Phone, settings=settings),
            trace=None if trace is None else partial(self._tell_trace, trace),
        )
        carrier = bus or LocalBus()
        self._access = Access(
            authenticate=authenticate,
            accounts=accounts,
            allowed_origins=allowed_origins,
            sip_hosts=allowed_sip_hosts,
            limit=bounds.hello,
        )
        self._house = House(
            shared=shared,
            access=self._access,
            book=SessionBook(shared, carrier),
            relay=Relay(shared, carrier),
        )
        self._connections: set[Connection] = set()
        self._all_gone = asyncio.Event()
        self._has_started = self._is_closing = False
        self._app = Starlette(
            routes=[WebSocketRoute("/ws", self._serve), *Assets().routes()],
            lifespan=self._lifespan,
        )

    @property
    def app(self) -> Starlette:
        """The ASGI app, to mount in any other at any path."""
        return self._app

    @property
    def phones(self) -> tuple[Phone, ...]:
        """The phones of this process."""
        return tuple(session.phone for session in self._house.book)

    def on(self, kind: type[E], handler: Handler[E]) -> Subscription:
        """Call a handler, plain or `async def`, with each event of a kind on any phone.

        It gets one `Notice` with `event`, `identity`, `phone` and `call`. Tabs ring when the
        handlers of `IncomingCall` are done, or after `GatewayLimits.decide`: until then one may
        reject the call, or put headers for the 200 into `answer_headers`. What a handler raises is
        logged and harms nothing.

        Args:
            kind: An event class of `exotel_voice.events`; `PhoneEvent` for all.
            handler: Called with the notice.

        Returns:
            The subscription; its `cancel` ends it.
        """
        return self._house.shared.notices.on(kind, handler)

    def trace(self, identity: str, call_id: str) -> CallTrace:
        """Give the SIP messages of one call of a user, to read or to draw as a ladder.

        They are kept while the phone lives, the last `GatewayLimits.trace_messages` of each phone
        of this process. After the last tab and the last call it lives on for `last_tab_limit`, so a
        handler of `CallEnded` has them all.

        Args:
            identity: Whose phone it is.
            call_id: `Call.id`, also of a call that has ended.

        Returns:
            The trace, credentials taken out; without messages if none is kept.
        """
        found = CallTrace(messages=(), near=identity)
        for session in self._house.book:
            if session.identity == identity and not found.messages:
                found = session.history.trace(call_id, near=session.phone.account.username)
        return found

    async def aclose(self) -> None:
        """Close every connection and every phone; calls are hung up. Never raises.

        Tabs are told that the gateway restarts, and connect again by themselves.
        """
        if self._is_closing:
            return
        self._is_closing = True
        self._all_gone.clear()
        for connection in tuple(self._connections):
            connection.close(CloseCode.RESTARTING)
        if self._connections:
            try:
                async with asyncio.timeout(CLOSE_LIMIT):
                    await self._all_gone.wait()
            except TimeoutError:
                logger.warning("%d tabs did not close in time", len(self._connections))
        await self._house.relay.dismiss()
        await self._house.book.aclose()
        self._house.relay.close()
        await self._supervisor.aclose()

    def _tell_trace(self, trace: IdentityTrace, identity: str, way: str, text: str) -> None:
        self._supervisor.call(partial(trace, identity, way), text)

    async def _serve(self, websocket: WebSocket) -> None:
        connection = Connection(websocket, self._house)
        if self._is_closing or len(self._connections) >= self._house.shared.limits.connections:
            code = CloseCode.RESTARTING if self._is_closing else CloseCode.TOO_MANY
            connection.close(code, _FULL)
        await self._start()
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)
            if not self._connections:
                self._all_gone.set()

    async def _start(self) -> None:
        """Begin with what needs the event loop; a mounted app may get no lifespan events."""
        if not self._has_started and not self._is_closing:
            self._has_started = True
            self._supervisor.start(self._house.book.renew(), name="keep the claims on phones")
            await self._house.relay.start(partial(Channel, self._house, is_relayed=True))

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await self.aclose()


def _check(
    authenticate: object,
    accounts: object,
    allow_page_credentials: bool,  # noqa: FBT001 - as the caller named it
    allowed_sip_hosts: object,
    allowed_origins: object,
) -> None:
    if not callable(authenticate):
        raise ConfigError(
            "authenticate is not a function",
            hint="Give a function that names the user of a connection, or returns None.",
        )
    if accounts is not None and not callable(accounts):
        raise ConfigError("accounts is not a function of the identity")
    if accounts is None and not allow_page_credentials:
        raise ConfigError(
            "no page could have a phone: accounts is missing",
            hint="Give a function that returns the SipAccount of an identity.",
        )
    if allow_page_credentials != bool(allowed_sip_hosts):
        raise ConfigError("allow_page_credentials and allowed_sip_hosts go together")
    if isinstance(allowed_origins, str) or isinstance(allowed_sip_hosts, str):
        raise ConfigError("allowed_origins and allowed_sip_hosts are lists, not text")


def _ice_server(server: IceServer | Mapping[str, object]) -> IceServer:
    if isinstance(server, IceServer):
        return server
    urls = server.get("urls")
    addresses = (urls,) if isinstance(urls, str) else urls
    if not isinstance(addresses, Sequence) or not all(isinstance(one, str) for one in addresses):
        raise ConfigError("an ICE server has no urls", hint="Write urls as text or as a list.")
    username, credential = server.get("username"), server.get("credential")
    return IceServer(
        urls=tuple(map(str, addresses)),
        username=None if username is None else str(username),
        credential=None if credential is None else str(credential),
    )
