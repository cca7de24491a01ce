"""The inside of a phone: joins the user agent, the connection, the registration and the calls.

`phone.py` is what the application sees of it. Here events of the SIP core find their call, and
calls find the shared parts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final

from exotel_voice.errors import (
    ConfigError,
    ExotelVoiceError,
    InvalidState,
    TransportError,
)
from exotel_voice.media.base import MediaEngine
from exotel_voice.phone import events
from exotel_voice.phone.account import SipAccount
from exotel_voice.phone.arrivals import Arrivals
from exotel_voice.phone.book import CallBook
from exotel_voice.phone.details import CallDirection
from exotel_voice.phone.driver import Driver
from exotel_voice.phone.ids import RandomIds
from exotel_voice.phone.leg import Leg
from exotel_voice.phone.line import Line
from exotel_voice.phone.observe import EventHub, GarbageCounter, Trace
from exotel_voice.phone.reconnect import Connector
from exotel_voice.phone.record import CallRecord
from exotel_voice.phone.registration import PhoneState, RegistrationKeeper
from exotel_voice.phone.settings import PhoneSettings
from exotel_voice.phone.supervisor import Supervisor
from exotel_voice.sip import events as sip
from exotel_voice.sip.addresses import normalise_target
from exotel_voice.sip.agent import UserAgent
from exotel_voice.sip.config import AgentConfig
from exotel_voice.sip.digest import Credentials
from exotel_voice.transport.base import Transport

__all__ = ["Exchange"]

logger = logging.getLogger("exotel_voice.phone")

SPARE_SESSIONS: Final = 16
"""Sessions of the user agent beyond `max_calls`, so that it is the phone that refuses a call."""


class Exchange:
    """Everything behind `Phone`.

    Args:
        account: Whose phone it is.
        settings: How it behaves.
        engine: Makes the audio of its calls.
        make_transport: Makes a connection that is not open yet.
        trace: Called with each message, redacted; None for none.
    """

    def __init__(
        self,
        account: SipAccount,
        settings: PhoneSettings,
        engine: MediaEngine,
        *,
        make_transport: Callable[[], Transport],
        trace: Trace | None,
    ) -> None:
        self.account = account
        self._settings = settings
        self._ids = RandomIds()
        self.supervisor = Supervisor()
        self.hub = EventHub(self.supervisor, limit=settings.event_buffer)
        self.garbage = GarbageCounter()
        agent = UserAgent(_agent_config(account, settings, self._ids), ids=self._ids)
        self.driver = Driver(agent, self.supervisor, trace=trace)
        self.driver.on_event = self._handle
        self.driver.on_turn = self._after_turn
        self.registration = RegistrationKeeper(
            self.driver,
            self.hub,
            self.supervisor,
            settings=settings,
            on_registered=self._signalling_back,
        )
        self.connector = Connector(
            self,
            self.driver,
            self.supervisor,
            make_transport=make_transport,
            settings=settings,
            fraction=self._ids.fraction,
        )
        self.registration.use(self.connector)
        self._line = Line(self.driver, self.supervisor, self.hub, settings, engine, self)
        self.book = CallBook()
        self.arrivals = Arrivals(self._line, self.book)

    # -- calls -----------------------------------------------------------------------------------

    def resolve(self, target: str) -> str:
        """Turn a name, a number or a URI into a URI to call."""
        return normalise_target(target, self.account.domain)

    def place(self, uri: str, *, headers: Mapping[str, str], replaces: str | None = None) -> Leg:
        """Begin an outgoing call; its INVITE follows as soon as the offer is made.

        Raises:
            InvalidState: There is no connection, or `max_calls` calls are up.
            ConfigError: A header cannot be written.
        """
        if not self.driver.is_connected:
            raise InvalidState(
                "there is no connection to the SIP server",
                hint="Wait until the phone is registered.",
            )
        if len(self.book) >= self._settings.max_calls:
            raise InvalidState(f"{self._settings.max_calls} calls are up already")
        _check_headers(headers)
        call_id = self._ids.call_id()
        record = CallRecord(call_id, CallDirection.OUTGOING, remote_uri=uri)
        leg = Leg(self._line, record)
        self.book.add(leg)
        self.hub.emit(events.OutgoingCall(call_id=call_id, remote_id=record.remote_id))
        self.supervisor.start(self._dial(leg, uri, headers, replaces), name=f"begin call {call_id}")
        return leg

    async def _dial(
        self, leg: Leg, uri: str, headers: Mapping[str, str], replaces: str | None
    ) -> None:
        await leg.opening.dial(
            uri, headers=headers, replaces=replaces, reserve_call_id=self._ids.reserve_call_id
        )

    def bind(self, session: sip.SessionId, leg: Leg) -> None:
        """Send the events of a session to a call from now on."""
        self.book.bind(session, leg)

    async def check_connection(self) -> bool:
        """Ask the server for a sign of life; without one the connection is made anew."""
        return await self.connector.check()

    def release(self, leg: Leg) -> None:
        """Forget a call that has ended, and the connection if it was only for that."""
        self.book.remove(leg)
        self._settle()

    # -- ConnectionOwner -------------------------------------------------------------------------

    @property
    def has_calls(self) -> bool:
        """Whether a call is alive."""
        return bool(self.book)

    def connection_opened(self) -> None:
        """Register, or repair the calls if no registration is wanted."""
        self.hub.emit(events.ConnectionOpened())
        self.registration.connection_opened()
        if not self.registration.is_wanted:
            self._signalling_back()

    def connection_down(self, error: TransportError, *, was_open: bool, retry_in: float) -> None:
        """Tell everybody that the connection is gone."""
        self.hub.emit(events.ConnectionDown(error=error, was_open=was_open, retry_in=retry_in))
        self.registration.connection_down(error)
        for leg in self.book.legs:
            leg.signalling_lost()
        self._settle()

    # -- end -------------------------------------------------------------------------------------

    async def aclose(self) -> None:
        """Hang up, unregister, close the connection, end every task."""
        try:
            for leg in self.book.legs:
                leg.ending.hang_up()
            await self._say_goodbye()
        finally:
            self.registration.close()
            await self.connector.stop()
            self.driver.stop()
            self.hub.close()
            self.arrivals.close()
            await self.supervisor.aclose()

    async def _say_goodbye(self) -> None:
        try:
            await self.registration.unregister(limit=self._settings.close_limit)
        except ExotelVoiceError as error:
            logger.warning("closed without a confirmed end of the registration: %s", error.message)
        await self.driver.flush()

    # -- inside ----------------------------------------------------------------------------------

    def _handle(self, event: sip.Event) -> None:
        match event:
            case (
                sip.RegistrationSent()
                | sip.Registered()
                | sip.RegistrationEnded()
                | sip.RegistrationRefused()
            ):
                self.registration.handle(event)
                self._settle()
            case sip.InviteReceived():
                self.arrivals.handle(event)
            case sip.MessageDropped():
                self.garbage.count(event.kind, event.detail)
            case sip.RequestReceived() | sip.ResponseReceived():
                logger.debug("nobody waits for %s", type(event).__name__)
            case _:
                leg = self.book.leg_of(event.session)
                if leg is not None:
                    leg.handle(event)

    def _signalling_back(self) -> None:
        for leg in self.book.legs:
            leg.signalling_back(has_moved=self.connector.has_moved)

    def _after_turn(self) -> None:
        for leg in self.book.legs:
            leg.negotiation.wake()

    def _settle(self) -> None:
        """Close a connection that nobody needs any more."""
        if (
            self.registration.state is PhoneState.UNREGISTERED
            and not self.registration.is_wanted
            and not self.book
            and self.connector.is_running
        ):
            self.supervisor.start(self._stop_if_unneeded(), name="close an unneeded connection")

    async def _stop_if_unneeded(self) -> None:
        await self.driver.flush()
        if not self.registration.is_wanted and not self.book:
            await self.connector.stop()


def _agent_config(account: SipAccount, settings: PhoneSettings, ids: RandomIds) -> AgentConfig:
    return AgentConfig(
        aor=account.aor,
        contact_user=ids.user(),
        contact_host=ids.host(),
        transport=account.security,
        display_name=account.display_name,
        credentials=Credentials(account.auth_username, account.password),
        instance_id=ids.instance(),
        user_agent=settings.user_agent,
        no_answer_after=settings.no_answer_after,
        max_sessions=settings.max_calls + SPARE_SESSIONS,
    )


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not name or not name.isascii() or any(c in " \t\r\n:" for c in name):
            raise ConfigError(f"{name!r} is no header name")
        if any(character in value for character in "\r\n\0"):
            raise ConfigError(f"the value of header {name} holds a line break")
