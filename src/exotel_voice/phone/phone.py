"""`Phone`: a SIP phone that registers, keeps its registration, and makes and takes calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Self, TypeVar

from exotel_voice.errors import InvalidState
from exotel_voice.media.base import MediaEngine
from exotel_voice.phone.account import SipAccount
from exotel_voice.phone.call import Call
from exotel_voice.phone.events import PhoneEvent
from exotel_voice.phone.exchange import Exchange
from exotel_voice.phone.observe import EventStream, Subscription, Trace
from exotel_voice.phone.readiness import Readiness, assess, check_input
from exotel_voice.phone.registration import PhoneState
from exotel_voice.phone.settings import PhoneSettings
from exotel_voice.transport.base import Transport
from exotel_voice.transport.websocket import WebSocketTransport, make_tls_context

__all__ = ["Phone", "Readiness"]

E = TypeVar("E", bound=PhoneEvent)


class Phone:
    """One account's phone.

        async with Phone(account) as phone:
            async for call in phone.incoming():
                await call.answer()

    Entering registers; leaving hangs up, unregisters and closes. In between the phone reconnects by
    itself and keeps its calls.

    Args:
        account: Whose phone it is.
        media: Makes the audio of calls; None for the native engine, which hears and speaks PCM. One
            that is given stays open when the phone closes, so that phones can share it.
        settings: How the phone behaves; None for the usual.
        transport: Makes connections in place of the WebSocket to the account's host, for tests.
        trace: Called with `sent` or `received` and each SIP message as text, credentials taken out.

    Raises:
        ConfigError: A setting is wrong.
    """

    def __init__(
        self,
        account: SipAccount,
        *,
        media: MediaEngine | None = None,
        settings: PhoneSettings | None = None,
        transport: Callable[[], Transport] | None = None,
        trace: Trace | None = None,
    ) -> None:
        self._settings = settings or PhoneSettings()
        self._engine = media or _native_media()
        self._owns_engine = media is None
        self._exchange = Exchange(
            account,
            self._settings,
            self._engine,
            make_transport=transport or _websocket(account, self._settings),
            trace=trace,
        )
        self._is_closing = False
        self._closed = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Phone {self.account.username}@{self.account.domain} {self.state}>"

    # -- what is known ---------------------------------------------------------------------------

    @property
    def account(self) -> SipAccount:
        """Whose phone it is."""
        return self._exchange.account

    @property
    def state(self) -> PhoneState:
        """Where the registration stands."""
        return self._exchange.registration.state

    @property
    def calls(self) -> Mapping[str, Call]:
        """The calls that are not over, by their id, the oldest first."""
        return MappingProxyType(self._exchange.book.calls)

    @property
    def dropped_messages(self) -> Mapping[str, int]:
        """How many messages were garbage or strays, by kind; each kind is logged once."""
        return self._exchange.garbage.counts()

    def find_call(self, call_id: str) -> Call | None:
        """Give the call that an event names, also one of the last that ended; None if unknown."""
        return self._exchange.book.find(call_id)

    async def check_ready(self) -> Readiness:
        """Tell whether calls can come and go now, and if not, why; within two seconds."""
        media_problem = await check_input(self._engine)
        registration = self._exchange.registration
        return assess(
            registration.state,
            is_connected=self._exchange.driver.is_connected,
            last_error=registration.last_error,
            media_problem=media_problem,
        )

    # -- registration ----------------------------------------------------------------------------

    async def register(self) -> None:
        """Connect and register; returns when the registrar has confirmed (RFC 3261 §10.2).

        From then on the phone stays registered: it refreshes, and reconnects when the connection is
        lost. After an error that is `retryable` it goes on trying too, until `unregister`.

        Raises:
            ConnectFailed: The server cannot be reached; the hint says why.
            AuthenticationFailed: The credentials were refused. The phone does not try again.
            RegistrationFailed: The registrar refused for another reason.
            InvalidState: The phone is closed, or `unregister` came in between.
        """
        self._require_open()
        await self._exchange.registration.register()

    async def unregister(self) -> None:
        """Take the registration back; returns when the registrar has confirmed.

        Calls go on. `register` may follow.

        Raises:
            RegistrationFailed: The registrar refused.
            DeadlineExceeded: No reply came within `PhoneSettings.unregister_limit`.
            InvalidState: The phone is closed.
        """
        self._require_open()
        await self._exchange.registration.unregister(limit=self._settings.unregister_limit)

    def reconnect(self) -> None:
        """Do not wait: the network has changed, or is back.

        Without a connection the next attempt comes at once; with one, the server is asked for a
        sign of life, and the connection is made anew if none comes within 2.5 s.
        """
        if self._exchange.connector.is_running:
            self._exchange.connector.hurry()

    async def aclose(self) -> None:
        """Hang up every call, unregister, close the connection. Never raises.

        Takes less than two seconds, also when the server does not reply. Safe to call again.
        """
        if self._is_closing:
            await self._closed.wait()
            return
        self._is_closing = True
        try:
            await self._exchange.aclose()
            if self._owns_engine:
                await self._engine.aclose()
        finally:
            self._closed.set()

    async def __aenter__(self) -> Self:
        try:
            await self.register()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    # -- calls -----------------------------------------------------------------------------------

    async def dial(self, target: str, *, headers: Mapping[str, str] | None = None) -> Call:
        """Call somebody. Returns at once, in state `dialing`; `Call.answered` waits for the answer.

        Args:
            target: A name or number at the account's domain, or a SIP or tel URI.
            headers: Further headers for the INVITE, names to values.

        Raises:
            InvalidState: The phone is closed or not connected, or `max_calls` calls are up.
            ConfigError: The target is no address, or a header cannot be written.
        """
        self._require_open()
        uri = self._exchange.resolve(target)
        leg = self._exchange.place(uri, headers=headers or {})
        return self._exchange.book.calls[leg.call_id]

    def incoming(self) -> EventStream[Call]:
        """Give incoming calls as an async iterator, those that ring already first.

        Every iterator gets every call. It ends when the phone closes.
        """
        return self._exchange.arrivals.stream()

    # -- events ----------------------------------------------------------------------------------

    def events(self) -> EventStream[PhoneEvent]:
        """Give all events from now on as an async iterator; it ends when the phone closes.

        Its buffer holds `PhoneSettings.event_buffer` events; a reader that is slower loses the
        oldest.
        """
        return self._exchange.hub.stream()

    def on(self, kind: type[E], callback: Callable[[E], object]) -> Subscription:
        """Call a function with each event of a kind, in the order in which they happened.

        Args:
            kind: An event class; `CallEvent` or `PhoneEvent` for all below it.
            callback: A plain function or `async def`; the latter runs as a task of the phone. What
                it raises is logged and harms nothing.

        Returns:
            The subscription; its `cancel` ends it.
        """
        return self._exchange.hub.listen(kind, callback)

    def _require_open(self) -> None:
        if self._is_closing:
            raise InvalidState("the phone is closed", hint="Make a new Phone.")


def _websocket(account: SipAccount, settings: PhoneSettings) -> Callable[[], Transport]:
    """Make the TLS settings now, so that a wrong file shows at once, and connections later."""
    tls = settings.tls_context
    if tls is None and account.security == "wss":
        tls = make_tls_context(
            ca_file=settings.ca_file,
            insecure_skip_certificate_check=settings.insecure_skip_certificate_check,
        )

    def connect() -> Transport:
        return WebSocketTransport(
            account.url,
            tls=tls,
            proxy=settings.proxy,
            connect_limit=settings.connect_limit,
            ping_interval=settings.keep_alive_interval,
            ping_limit=settings.keep_alive_limit,
        )

    return connect


def _native_media() -> MediaEngine:
    # Imported when needed: the codecs and aiortc take a while to load.
    from exotel_voice.media.native import NativeMedia  # noqa: PLC0415 - see above

    return NativeMedia()
