"""An aioice connection that tells more of itself; what is not documented has a contract test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aioice import Connection, TransportPolicy
from aioice.ice import CandidatePair

from exotel_voice.media._datagrams import Receive, TickReader, direct_send

__all__ = ["WatchedConnection"]


class WatchedConnection(Connection):
    """Tells at once when it has a path; may have its sockets read on the tick."""

    def __init__(self, *, transport_policy: TransportPolicy) -> None:
        """Make a connection that does not choose the path."""
        super().__init__(ice_controlling=False, transport_policy=transport_policy)
        self.settled = asyncio.Event()
        """Set as soon as there is a path; `connect` returns up to 20 ms later, at its next turn."""
        self.watch: asyncio.Task[None] | None = None
        """The task that watches the far side's consent."""
        self._reader: TickReader | None = None
        # The pair of the last packet that was sent, and how to send on it.
        self._pair: CandidatePair | None = None
        self._transmit: Callable[[bytes, tuple[Any, ...]], object]
        self._far_address: tuple[Any, ...]

    def check_complete(self, pair: CandidatePair) -> None:
        """Take the result of a connectivity check."""
        super().check_complete(pair)
        if self._nominated:
            self.settled.set()

    async def query_consent(self) -> None:
        """Watch the far side's consent (RFC 7675)."""
        self.watch = asyncio.current_task()
        await super().query_consent()

    def send_on_path(self, data: bytes) -> None:
        """Send a packet on the path of this moment; it is dropped where there is none."""
        pair = self._nominated.get(1)
        if pair is None:
            return
        if pair is not self._pair:
            self._pair = pair
            self._transmit = direct_send(pair.protocol.transport)
            self._far_address = pair.remote_addr
        try:
            self._transmit(data, self._far_address)
        except OSError:
            pair.protocol.transport.sendto(data, self._far_address)

    def read_on_tick(self, reader: TickReader) -> None:
        """Let the sockets be read on the tick from now on, those with which that can be done."""
        self._reader = reader
        for protocol in self._protocols:
            # In place of the protocol's own method, see `IceAgent`.
            receive: Receive = vars(protocol)["datagram_received"]
            reader.take(protocol.transport, receive)

    async def close(self) -> None:
        """Close the sockets; aioice does it too, when the far side's consent has run out."""
        if self._reader is not None:
            for protocol in self._protocols:
                self._reader.give_back(protocol.transport)
        await super().close()
