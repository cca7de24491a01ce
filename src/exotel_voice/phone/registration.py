"""The registration of a phone, over any number of connections: what is wished and what is so.

The SIP core sends one REGISTER per wish and refreshes what was granted. Here is what follows from a
refusal or a lost connection: whether to ask again, when, and who is told what.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum

from exotel_voice.errors import (
    AuthenticationFailed,
    DeadlineExceeded,
    ExotelVoiceError,
    InvalidState,
    RegistrationFailed,
)
from exotel_voice.phone import events
from exotel_voice.phone.driver import Driver
from exotel_voice.phone.observe import EventHub
from exotel_voice.phone.reconnect import Connector
from exotel_voice.phone.settings import PhoneSettings
from exotel_voice.phone.supervisor import Supervisor
from exotel_voice.sip import events as sip

__all__ = ["PhoneState", "RegistrationKeeper"]

logger = logging.getLogger("exotel_voice.phone")


class PhoneState(StrEnum):
    """Where a phone stands."""

    UNREGISTERED = "unregistered"
    """It is not registered and does not try to be."""
    REGISTERING = "registering"
    """It tries to be registered, for the first time or again."""
    REGISTERED = "registered"
    """Calls can come."""
    CLOSED = "closed"
    """It was closed for good."""


class RegistrationKeeper:
    """Makes the registration what the owner wishes.

    Args:
        driver: The way to the user agent.
        hub: Who is told.
        supervisor: Owns tasks.
        settings: Lifetimes and limits.
        on_registered: Called after each confirmation that follows a new connection.
    """

    def __init__(
        self,
        driver: Driver,
        hub: EventHub,
        supervisor: Supervisor,
        *,
        settings: PhoneSettings,
        on_registered: Callable[[], None],
    ) -> None:
        self._driver = driver
        self._hub = hub
        self._supervisor = supervisor
        self._settings = settings
        self._on_registered = on_registered
        self._connector: Connector | None = None
        self._is_wanted = False
        self._has_connected = False
        self._retry: asyncio.TimerHandle | None = None
        self._registering: list[asyncio.Future[None]] = []
        self._unregistering: list[asyncio.Future[None]] = []
        self.state = PhoneState.UNREGISTERED
        self.last_error: ExotelVoiceError | None = None

    def use(self, connector: Connector) -> None:
        """Say who keeps the connection."""
        self._connector = connector

    @property
    def is_wanted(self) -> bool:
        """Whether the phone is to be registered."""
        return self._is_wanted

    # -- wishes ----------------------------------------------------------------------------------

    async def register(self) -> None:
        """Register, and stay registered.

        Raises:
            ConnectFailed: No connection came about. The phone goes on trying. A connection that
                comes about and breaks is no reason to raise.
            RegistrationFailed: The registrar refused; the phone goes on trying if it is retryable.
            InvalidState: `unregister` or `aclose` came in between.
        """
        self._is_wanted = True
        if self.state is PhoneState.REGISTERED:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._registering.append(waiter)
        if self.state is PhoneState.UNREGISTERED:
            self._begin()
        await waiter

    async def unregister(self, *, limit: float) -> None:
        """Take the binding away and wait for the reply.

        Args:
            limit: Seconds to wait.

        Raises:
            RegistrationFailed: The registrar refused.
            DeadlineExceeded: No reply came in time.
        """
        self._is_wanted = False
        self._stop_retry()
        _fail(self._registering, InvalidState("the phone was told to unregister"))
        if self.state is PhoneState.UNREGISTERED:
            return
        if not self._driver.is_connected:
            self._set_unregistered()
            return
        waiter = asyncio.get_running_loop().create_future()
        self._unregistering.append(waiter)
        self._driver.run(lambda agent, now: agent.unregister(now=now))
        try:
            async with asyncio.timeout(limit):
                await waiter
        except TimeoutError as error:
            if self.state is not PhoneState.CLOSED:
                self._end_unconfirmed(408, "Request Timeout")
            message = f"the registrar did not confirm the end of the registration in {limit:g} s"
            raise DeadlineExceeded(message) from error

    def close(self) -> None:
        """Wish nothing any more."""
        self._is_wanted = False
        self._stop_retry()
        self.state = PhoneState.CLOSED
        _fail(self._registering, InvalidState("the phone was closed"))
        _resolve(self._unregistering)

    # -- what happens ----------------------------------------------------------------------------

    def connection_opened(self) -> None:
        """Register on a new connection, if that is wished."""
        self._stop_retry()
        self._has_connected = True
        if self._is_wanted:
            self._send_register()

    def connection_down(self, error: ExotelVoiceError) -> None:
        """Take note that the binding is of no use without its connection (RFC 5626 §4.5)."""
        self.last_error = error
        self._stop_retry()
        if not self._is_wanted:
            if self.state is not PhoneState.CLOSED and self.state is not PhoneState.UNREGISTERED:
                self._set_unregistered()
            _resolve(self._unregistering)
            return
        self._lose(error.message)
        if not self._has_connected:
            _fail(self._registering, error)

    def handle(self, event: sip.Event) -> None:
        """Take an event of the user agent that concerns the registration."""
        match event:
            case sip.RegistrationSent():
                if event.is_removal or self.state is PhoneState.REGISTERING:
                    self._hub.emit(events.RegistrationSent(is_removal=event.is_removal))
            case sip.Registered():
                self._confirmed(event)
            case sip.RegistrationEnded():
                if not self._is_wanted:
                    self._set_unregistered()
                    _resolve(self._unregistering)
            case sip.RegistrationRefused():
                if event.is_removal:
                    self._removal_refused(event)
                else:
                    self._refused(event)
            case _:
                pass

    # -- inside ----------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.state = PhoneState.REGISTERING
        self.last_error = None
        self._has_connected = self._driver.is_connected
        if self._driver.is_connected:
            self._send_register()
        elif self._connector is not None:
            self._connector.start()

    def _send_register(self) -> None:
        lifetime = self._settings.register_for
        self._driver.run(lambda agent, now: agent.register(now=now, expires_in=lifetime))

    def _confirmed(self, event: sip.Registered) -> None:
        if not self._is_wanted:
            return
        is_news = self.state is not PhoneState.REGISTERED
        self.state = PhoneState.REGISTERED
        self.last_error = None
        if self._connector is not None:
            self._connector.reset()
        if is_news:
            logger.info("registered for %g s", event.expires_in)
            self._hub.emit(events.Registered(expires_in=event.expires_in))
            self._on_registered()
        _resolve(self._registering)

    def _refused(self, event: sip.RegistrationRefused) -> None:
        # A REGISTER that dies with its connection says nothing that `connection_down` does not.
        if not self._is_wanted or not self._driver.is_connected:
            return
        error = _error(event)
        self.last_error = error
        is_final = event.is_final
        delay = None
        self._lose(error.message)
        if is_final:
            self._is_wanted = False
            self.state = PhoneState.UNREGISTERED
        elif self._connector is not None:
            delay = self._connector.next_delay(retry_after=event.retry_after)
            self._ask_again(event, delay)
        logger.warning("registration refused: %s %s", event.status, event.reason)
        self._hub.emit(
            events.RegistrationRefused(
                status=event.status,
                reason=event.reason,
                is_final=is_final,
                is_removal=False,
                retry_in=delay,
            )
        )
        _fail(self._registering, error)

    def _ask_again(self, event: sip.RegistrationRefused, delay: float) -> None:
        """Register again after a while; over a new connection if this one gave no reply at all."""
        if event.status == 408 and self._connector is not None:
            why = "the registrar does not reply on this connection"
            self._supervisor.start(self._connector.drop(why), name="drop a silent connection")
            return
        loop = asyncio.get_running_loop()
        self._retry = loop.call_later(delay, self._send_register)

    def _removal_refused(self, event: sip.RegistrationRefused) -> None:
        if self._is_wanted or self.state is PhoneState.CLOSED:
            return
        self._end_unconfirmed(event.status, event.reason)
        _fail(self._unregistering, _error(event))

    def _end_unconfirmed(self, status: int, reason: str) -> None:
        self.state = PhoneState.UNREGISTERED
        self._hub.emit(
            events.RegistrationRefused(
                status=status, reason=reason, is_final=True, is_removal=True, retry_in=None
            )
        )

    def _lose(self, reason: str) -> None:
        if self.state is PhoneState.REGISTERED:
            self._hub.emit(events.RegistrationLost(reason=reason))
        self.state = PhoneState.REGISTERING

    def _set_unregistered(self) -> None:
        self.state = PhoneState.UNREGISTERED
        self._hub.emit(events.Unregistered())

    def _stop_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None


def _error(event: sip.RegistrationRefused) -> RegistrationFailed:
    kind = AuthenticationFailed if event.status in {401, 407} else RegistrationFailed
    verb = "the end of the registration" if event.is_removal else "the registration"
    return kind(
        f"the registrar refused {verb}: {event.status} {event.reason}",
        status=event.status,
        reason=event.reason,
        retry_after=event.retry_after,
    )


def _resolve(waiters: list[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
    waiters.clear()


def _fail(waiters: list[asyncio.Future[None]], error: ExotelVoiceError) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_exception(error)
    waiters.clear()
