"""The protocol that every carrier of SIP messages fulfils (RFC 7118 for the real one)."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Transport"]


class Transport(Protocol):
    """One connection's worth of SIP messages. Used once: connect, talk, close."""

    @property
    def local_address(self) -> str | None:
        """The address of this end while the connection is open; None where there is no such."""
        ...

    async def connect(self) -> None:
        """Open the connection.

        Raises:
            ConnectFailed: It could not be opened within the connect limit; the hint says why.
        """
        ...

    async def send(self, data: bytes) -> None:
        """Send one whole SIP message.

        Raises:
            ConnectionLost: The connection is gone.
        """
        ...

    async def receive(self) -> bytes:
        """Wait for the next whole SIP message.

        Raises:
            ConnectionLost: The connection is gone.
        """
        ...

    async def is_alive(self, *, limit: float) -> bool:
        """Ask the far end for a sign of life. Never raises.

        Args:
            limit: Seconds that it may take.
        """
        ...

    async def aclose(self) -> None:
        """Close the connection. Safe to call at any time and more than once; never raises."""
        ...
