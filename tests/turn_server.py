"""As much of a TURN server (RFC 8656) as gives away an address; it relays nothing."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final, Self

from aioice import stun
from aioice.turn import make_integrity_key

from exotel_voice.media.ice import IceServer

__all__ = ["TurnServer"]

NAME: Final = "ada"
WORD: Final = "of honour"
REALM: Final = "there"


class TurnServer(asyncio.DatagramProtocol):
    """A server on loopback.

    Attributes:
        is_silent: Whether it answers nothing any more.
    """

    def __init__(self) -> None:
        self.is_silent = False
        self._transport: asyncio.DatagramTransport | None = None
        self._given = 50000

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def ice_server(self) -> IceServer:
        """Give it as a setting."""
        assert self._transport is not None
        port = self._transport.get_extra_info("sockname")[1]
        return IceServer(f"turn:127.0.0.1:{port}", username=NAME, credential=WORD)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self.is_silent or self._transport is None:
            return
        request = stun.parse_message(data)
        answer = stun.Message(
            message_method=request.message_method,
            message_class=stun.Class.RESPONSE,
            transaction_id=request.transaction_id,
        )
        if "USERNAME" not in request.attributes:
            answer.message_class = stun.Class.ERROR
            answer.attributes["ERROR-CODE"] = (401, "Unauthorized")
            answer.attributes["NONCE"] = b"once"
            answer.attributes["REALM"] = REALM
        else:
            self._given += 1
            answer.attributes["LIFETIME"] = request.attributes["LIFETIME"]
            answer.attributes["XOR-RELAYED-ADDRESS"] = ("127.0.0.1", self._given)
            answer.attributes["XOR-MAPPED-ADDRESS"] = addr
            answer.add_message_integrity(make_integrity_key(NAME, REALM, WORD))
        self._transport.sendto(bytes(answer), addr)
