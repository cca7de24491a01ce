"""The touches on aioice's TURN client that go beyond what it documents; all in this module.

The names have a test in `tests/media/test_aiortc_contract.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aioice.ice import StunProtocol
from aioice.turn import TurnTransport

__all__ = ["Relay"]


class Relay:
    """The end of one allocation at a TURN server (RFC 8656 §8)."""

    def __init__(self, transport: TurnTransport) -> None:
        """Take hold of an allocation.

        Args:
            transport: What aioice sends through.
        """
        self._transport = transport

    @classmethod
    def among(cls, sockets: Iterable[StunProtocol]) -> list[Relay]:
        """Find the allocations among the sockets of a connection."""
        transports: list[object] = [socket.transport for socket in sockets]
        return [cls(item) for item in transports if isinstance(item, TurnTransport)]

    def begin_to_close(self) -> None:
        """Ask the server to free the address; aioice asks again and again for half a minute."""
        self._transport.close()

    async def abandon(self) -> None:
        """Close the socket now; the server frees the address when its time is up."""
        parts = vars(self._transport)
        tasks = {parts["_TurnTransport__close_task"], *parts["_TurnTransport__send_tasks"]}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
