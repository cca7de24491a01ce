"""Losing and regaining the connection: one task that opens it, reads from it and opens it again.

Delays grow by `transport/backoff.py`. Only a confirmed registration makes them short again: one who
takes connections and then fails is as good as nobody. A Retry-After comes on top.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from exotel_voice.errors import ConnectionLost, TransportError
from exotel_voice.phone.driver import Driver
from exotel_voice.phone.settings import PhoneSettings
from exotel_voice.phone.supervisor import Supervisor
from exotel_voice.transport.backoff import backoff_delays
from exotel_voice.transport.base import Transport
from exotel_voice.transport.local_address import is_own_address

__all__ = ["ConnectionOwner", "Connector"]

logger = logging.getLogger("exotel_voice.phone")


ADDRESS_LOOK: Final = 5.0
"""Seconds between two looks whether the connection's address is still there."""
ADDRESS_LOOK_IN_CALL: Final = 1.0
"""The same while a call is alive."""
SIGN_OF_LIFE_LIMIT: Final = 2.5
"""Seconds that the server may take when there is reason to doubt the connection."""


class ConnectionOwner(Protocol):
    """Who wants the connection and hears of it."""

    def connection_opened(self) -> None:
        """Messages can be sent from now on."""
        ...

    def connection_down(self, error: TransportError, *, was_open: bool, retry_in: float) -> None:
        """There is no connection; the next attempt comes after a while."""
        ...

    @property
    def has_calls(self) -> bool:
        """Whether a call is alive, so that there is less time to lose."""
        ...


class Connector:
    """Keeps the connection open as long as it is wanted.

    Args:
        owner: Who hears of the connection.
        driver: Who reads and writes on it.
        supervisor: Owns the task.
        make_transport: Makes a connection that is not open yet.
        settings: The delays.
        fraction: Draws a number from 0.0 up to 1.0, for the jitter.
    """

    def __init__(
        self,
        owner: ConnectionOwner,
        driver: Driver,
        supervisor: Supervisor,
        *,
        make_transport: Callable[[], Transport],
        settings: PhoneSettings,
        fraction: Callable[[], float],
    ) -> None:
        self._owner = owner
        self._driver = driver
        self._supervisor = supervisor
        self._make_transport = make_transport
        self._settings = settings
        self._fraction = fraction
        self._delays = self._new_delays()
        self._task: asyncio.Task[None] | None = None
        self._transport: Transport | None = None
        self._knock = asyncio.Event()
        self._why_dropped: str | None = None
        self._address: str | None = None
        self._look_timer: asyncio.TimerHandle | None = None
        self.has_moved = False
        """Whether the present connection is from another address than the one before."""

    @property
    def is_running(self) -> bool:
        """Whether the connection is open, being opened, or waited for."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Open the connection, and open it again whenever it is lost. Does nothing if it runs."""
        if not self.is_running:
            self._delays = self._new_delays()
            self._task = self._supervisor.start(self._keep(), name="keep the SIP connection")
        else:
            self._knock.set()

    async def stop(self) -> None:
        """Close the connection and do not open it again."""
        task, self._task = self._task, None
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait([task])

    async def drop(self, why: str) -> None:
        """Close the present connection, because it is of no use, and open another one.

        Args:
            why: The reason, for the log and for `ConnectionDown`.
        """
        if self._transport is not None:
            self._why_dropped = why
            await self._transport.aclose()

    async def check(self) -> bool:
        """Ask the server for a sign of life, and drop a connection that gives none.

        Returns:
            Whether there is a connection of use.
        """
        transport = self._transport
        if transport is None:
            return False
        if await transport.is_alive(limit=SIGN_OF_LIFE_LIMIT):
            return True
        if transport is self._transport:
            await self.drop("the SIP server gives no sign of life")
        return False

    def hurry(self) -> None:
        """Try now: the network may be another one, or back."""
        if self._transport is not None:
            self._supervisor.start(self.check(), name="check the SIP connection")
        else:
            self._knock.set()

    def reset(self) -> None:
        """Make the delays short again: a registration was confirmed."""
        self._delays = self._new_delays()

    def next_delay(self, *, retry_after: float | None = None) -> float:
        """Draw the delay before the next attempt.

        Args:
            retry_after: Seconds that the server wants to be left alone; the delay is added to it.
        """
        delay = next(self._delays)
        if self._owner.has_calls:
            delay = min(delay, self._fraction() * self._settings.reconnect_limit_in_call)
        return delay + (retry_after or 0.0)

    def _new_delays(self) -> Iterator[float]:
        return backoff_delays(
            self._fraction,
            first=self._settings.reconnect_first,
            limit=self._settings.reconnect_limit,
        )

    async def _keep(self) -> None:
        while True:
            transport = self._make_transport()
            was_open = False
            try:
                await transport.connect()
                was_open = True
                self._transport = transport
                self._note_address(transport)
                self._driver.attach(transport)
                self._owner.connection_opened()
                while True:
                    self._driver.receive(await transport.receive())
            except TransportError as error:
                await self._after_failure(self._explain(error), transport, was_open=was_open)
            finally:
                self._stop_looking()
                self._transport = None
                self._driver.detach()
                await transport.aclose()

    async def _after_failure(
        self, error: TransportError, transport: Transport, *, was_open: bool
    ) -> None:
        self._transport = None
        self._driver.detach()
        await transport.aclose()
        delay = self.next_delay()
        logger.warning("no SIP connection: %s; next attempt in %.1f s", error.message, delay)
        self._owner.connection_down(error, was_open=was_open, retry_in=delay)
        self._knock.clear()
        try:
            async with asyncio.timeout(delay):
                await self._knock.wait()
        except TimeoutError:
            return

    def _note_address(self, transport: Transport) -> None:
        former, self._address = self._address, transport.local_address
        self.has_moved = former is not None and self._address != former
        if self._address is not None:
            self._look_later(transport)

    def _look_later(self, transport: Transport) -> None:
        interval = ADDRESS_LOOK_IN_CALL if self._owner.has_calls else ADDRESS_LOOK
        loop = asyncio.get_running_loop()
        self._stop_looking()
        self._look_timer = loop.call_later(interval, self._look, transport)

    def _look(self, transport: Transport) -> None:
        """See whether the connection's address is still there; nobody tells when it goes."""
        if transport is not self._transport or self._address is None:
            return
        if is_own_address(self._address):
            self._look_later(transport)
        else:
            why = f"this machine has lost its address {self._address}"
            self._supervisor.start(self.drop(why), name="drop a connection without address")

    def _stop_looking(self) -> None:
        if self._look_timer is not None:
            self._look_timer.cancel()
            self._look_timer = None

    def _explain(self, error: TransportError) -> TransportError:
        why, self._why_dropped = self._why_dropped, None
        return error if why is None else ConnectionLost(why)
