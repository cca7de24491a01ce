"""Faults on demand: what networks and servers do to phones, for tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from exotel_voice.errors import ConfigError
from exotel_voice.sandbox.connection import Connection

__all__ = ["Faults", "Faulty"]


class Faulty(Protocol):
    """What the faults act upon."""

    def connections(self, account: str | None) -> list[Connection]:
        """List the connections, or those on which one account is registered."""
        ...

    async def stop_listening(self) -> None:
        """Take no new connections; those that are open go on."""
        ...

    async def kill(self) -> None:
        """Stop without a goodbye and forget registrations and calls."""
        ...

    async def revive(self) -> None:
        """Listen again on the same ports."""
        ...


@dataclass(slots=True)
class _Swallowing:
    method: str | None
    left: int | None


@dataclass(frozen=True, slots=True)
class RegistrationFault:
    """How every REGISTER is answered while the fault lasts."""

    status: int
    retry_after: float | None


class Faults:
    """The faults of one sandbox. Each lasts until `heal`, but for those that happen at once.

    Args:
        faulty: The sandbox, from the inside.
    """

    def __init__(self, faulty: Faulty) -> None:
        self._faulty = faulty
        self._swallowing: _Swallowing | None = None
        self.send_delay = 0.0
        """Seconds by which everything that the sandbox sends is held back."""
        self.registration: RegistrationFault | None = None
        """How every REGISTER is answered; None while there is no fault."""

    def drop_connections(self, account: str | None = None) -> int:
        """Cut connections without a goodbye, as a broken network does.

        Args:
            account: Only those on which this account is registered; None for all.

        Returns:
            How many were cut.
        """
        found = self._faulty.connections(account)
        for connection in found:
            connection.drop()
        return len(found)

    def freeze_connections(self, account: str | None = None) -> int:
        """Leave connections open but read nothing more from them, as a hung server does.

        Args:
            account: Only those on which this account is registered; None for all.

        Returns:
            How many are frozen.
        """
        found = self._faulty.connections(account)
        for connection in found:
            connection.freeze()
        return len(found)

    def refuse_registrations(self, status: int = 503, retry_after: float | None = None) -> None:
        """Answer every REGISTER with a refusal.

        Args:
            status: The SIP status, 300 to 699.
            retry_after: Seconds for a Retry-After header; None for no such header.

        Raises:
            ConfigError: The status is not a refusal.
        """
        if not 300 <= status <= 699:
            raise ConfigError(f"{status} is not a SIP status that refuses.")
        self.registration = RegistrationFault(status, retry_after)

    def delay(self, seconds: float) -> None:
        """Hold back everything that the sandbox sends for so long.

        Raises:
            ConfigError: The seconds are negative or more than 60.
        """
        if not 0.0 <= seconds <= 60.0:
            raise ConfigError("The delay must be from 0 to 60 seconds.")
        self.send_delay = seconds

    def swallow(self, method: str | None = None, *, count: int | None = None) -> None:
        """Take no notice of requests, as if they had been lost.

        Args:
            method: Only those of this method, such as `REGISTER`; None for every message.
            count: How many; None for all from now on.
        """
        self._swallowing = _Swallowing(method, count)

    def heal(self) -> None:
        """End the faults that last: refusals, delay, swallowing."""
        self.registration = None
        self.send_delay = 0.0
        self._swallowing = None

    async def stop_listening(self) -> None:
        """Refuse new connections; those that are open go on. `restart` ends this."""
        await self._faulty.stop_listening()

    async def kill(self) -> None:
        """Stop the SIP side as a crash does: connections cut, registrations and calls forgotten."""
        await self._faulty.kill()

    async def restart(self) -> None:
        """Crash, unless that has happened, and listen again on the same ports."""
        await self._faulty.kill()
        await self._faulty.revive()

    def is_swallowed(self, data: bytes) -> bool:
        """Tell whether a message that has come is to be taken no notice of."""
        fault = self._swallowing
        if fault is None or fault.left == 0:
            return False
        if fault.method is not None and not data.startswith(f"{fault.method} ".encode()):
            return False
        if fault.left is not None:
            fault.left -= 1
        return True
