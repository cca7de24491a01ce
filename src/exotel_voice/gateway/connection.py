"""One WebSocket of a tab: who it is, its first message, its limits, and its end."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from exotel_voice.gateway.channel import Channel, House
from exotel_voice.gateway.codec import BadMessage
from exotel_voice.gateway.faults import CloseCode, Fault, Refused, bad_message
from exotel_voice.gateway.limits import RateLimit
from exotel_voice.gateway.news import ErrorNews, Welcome
from exotel_voice.gateway.outbox import Outbox
from exotel_voice.gateway.requests import Hello
from exotel_voice.gateway.wire import MAX_FRAME, PROTOCOL_VERSION, SUBPROTOCOL, decode, encode

__all__ = ["Connection"]

logger = logging.getLogger("exotel_voice.gateway")

CLOSE_LIMIT: Final = 1.0
"""Seconds that the last messages and the close frame may take."""


class Connection:
    """Serves one WebSocket from its opening to its end.

    Args:
        websocket: The WebSocket, not accepted yet.
        house: The gateway.
    """

    def __init__(self, websocket: WebSocket, house: House) -> None:
        limits = house.shared.limits
        self._websocket = websocket
        self._house = house
        self._limits = limits
        self._outbox = Outbox(websocket.send_text, limit=limits.queue, write_limit=limits.write)
        self._ending: asyncio.Future[CloseCode] = asyncio.get_running_loop().create_future()
        self._rate = RateLimit(
            rate=limits.messages_per_second,
            burst=limits.burst,
            now=asyncio.get_running_loop().time(),
        )

    # -- Port ------------------------------------------------------------------------------------

    def send_text(self, text: str) -> None:
        """Send a message; a tab that is too slow is dropped."""
        if not self._outbox.put(text):
            self._end(CloseCode.TOO_SLOW)

    def close(self, code: CloseCode, fault: Fault | None = None) -> None:
        """Close the connection after the messages that wait."""
        if fault is not None:
            self.send_text(encode(_error(fault)))
        self._end(code)

    # -- from beginning to end -------------------------------------------------------------------

    async def serve(self) -> None:
        """Serve the WebSocket until one side closes it."""
        offered = self._websocket.scope.get("subprotocols") or []
        await self._websocket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        writer = asyncio.create_task(self._outbox.run(), name="write to a tab")
        reader = asyncio.create_task(self._read(), name="read from a tab")
        try:
            every: set[asyncio.Future[Any]] = {writer, reader, self._ending}
            await asyncio.wait(every, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._finish(reader, writer)

    async def _finish(self, reader: asyncio.Task[None], writer: asyncio.Task[None]) -> None:
        reader.cancel()
        await asyncio.wait({reader})
        has_left = not reader.cancelled() and isinstance(reader.exception(), WebSocketDisconnect)
        if writer.done() and not writer.cancelled() and writer.exception() is not None:
            self._end(CloseCode.TOO_SLOW)
        self._outbox.end()
        await asyncio.wait({writer}, timeout=0.0 if has_left else CLOSE_LIMIT)
        writer.cancel()
        await asyncio.wait({writer})
        if not has_left:
            code = self._ending.result() if self._ending.done() else CloseCode.GOING_AWAY
            await self._close(code)
        if not reader.cancelled() and not has_left and reader.exception() is not None:
            logger.error("a connection failed", exc_info=reader.exception())

    async def _close(self, code: CloseCode) -> None:
        try:
            async with asyncio.timeout(CLOSE_LIMIT):
                await self._websocket.close(code)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            logger.debug("a connection was gone before it could be closed")

    async def _read(self) -> None:
        try:
            channel = await self._enter()
        except Refused as refusal:
            logger.info("refused a connection: %s", refusal.fault.message)
            self.close(refusal.close or CloseCode.FORBIDDEN, refusal.fault)
            return
        try:
            while not self._ending.done():
                text = await self._next(limit=self._limits.silence)
                if text is not None:
                    await channel.receive(text)
        except Refused as refusal:
            logger.info("closed a connection: %s", refusal.fault.message)
            self.close(refusal.close or CloseCode.FORBIDDEN, refusal.fault)
        finally:
            channel.closed()

    async def _enter(self) -> Channel:
        """Learn who it is.

        Raises:
            Refused: It may not come in.
        """
        shared, access = self._house.shared, self._house.access
        access.check_origin(self._websocket)
        identity = await access.identify(self._websocket)
        hello = await self._hello()
        welcome = Welcome(
            version=PROTOCOL_VERSION,
            identity=identity,
            tab=hello.tab,
            allow_page_credentials=access.allows_page_credentials,
            ice_servers=shared.ice_servers,
            resume_limit=shared.limits.resume,
            server=shared.server,
        )
        self.send_text(encode(welcome))
        return Channel(self._house, identity, hello, self)

    async def _hello(self) -> Hello:
        text = await self._next(limit=self._limits.hello)
        try:
            hello = decode(text or "")
        except BadMessage as error:
            raise Refused(bad_message(str(error)), close=CloseCode.FORBIDDEN) from None
        if not isinstance(hello, Hello) or not hello.tab:
            raise Refused(bad_message("the first message is not hello"), close=CloseCode.FORBIDDEN)
        if hello.version != PROTOCOL_VERSION:
            fault = Fault(
                code="gateway.version",
                message=f"this gateway speaks version {PROTOCOL_VERSION} of the wire",
                hint="Load the browser module that this gateway serves.",
            )
            raise Refused(fault, close=CloseCode.FORBIDDEN)
        return hello

    async def _next(self, *, limit: float) -> str | None:
        """Read the next message; None for one that is left aside.

        Raises:
            Refused: It is too large, one too many, or too late.
            WebSocketDisconnect: The tab has closed the connection.
        """
        try:
            async with asyncio.timeout(limit):
                message = await self._websocket.receive()
        except TimeoutError:
            raise Refused(
                _limit("gateway.silent", f"the tab said nothing for {limit:g} s"),
                close=CloseCode.TOO_SLOW,
            ) from None
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1006))
        if not self._rate.take(asyncio.get_running_loop().time()):
            what = f"more than {self._limits.messages_per_second:g} messages a second"
            raise Refused(_limit("gateway.too_many_messages", what), close=CloseCode.TOO_MANY)
        text = message.get("text")
        if len(text if text is not None else message.get("bytes") or b"") > MAX_FRAME:
            what = f"a message is longer than {MAX_FRAME} characters"
            raise Refused(_limit("gateway.too_large", what), close=CloseCode.TOO_LARGE)
        if text is None:
            self.send_text(encode(_error(bad_message("binary messages are not taken"))))
        return text

    def _end(self, code: CloseCode) -> None:
        if not self._ending.done():
            self._ending.set_result(code)


def _limit(code: str, message: str) -> Fault:
    return Fault(code=code, message=message, hint="Load the page again.")


def _error(fault: Fault) -> ErrorNews:
    return ErrorNews(code=fault.code, message=fault.message, hint=fault.hint)
