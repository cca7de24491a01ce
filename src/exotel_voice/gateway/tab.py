"""One tab that is attached to a phone: what it is told, and how it is asked about its audio."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Sequence
from typing import Final, Protocol

from exotel_voice.errors import InvalidState, MediaError, MediaUnavailable, MicrophoneDenied
from exotel_voice.gateway.faults import CloseCode, Fault
from exotel_voice.gateway.news import IceServer, MediaRequest, News
from exotel_voice.gateway.requests import MediaReply, TabFault
from exotel_voice.gateway.wire import encode
from exotel_voice.media.browser_carrier import MediaOp, MediaOrder

__all__ = ["Port", "Tab"]

_MAKES_CONNECTION: Final = frozenset({MediaOp.PREPARE, MediaOp.OFFER, MediaOp.ANSWER})
_ERRORS: Final[dict[str, type[MediaError | InvalidState]]] = {
    MicrophoneDenied.code: MicrophoneDenied,
    InvalidState.code: InvalidState,
}


class Port(Protocol):
    """The way to a tab, over a WebSocket here or by way of another gateway process."""

    def send_text(self, text: str) -> None:
        """Send a message; it waits in a bounded queue. Never raises."""
        ...

    def close(self, code: CloseCode, fault: Fault | None = None) -> None:
        """Close the connection, after a last message that says why. Never raises."""
        ...


class Tab:
    """One tab; it carries the audio of calls (`MediaCarrier`).

    Args:
        tab_id: Its name, which outlives a reload.
        page: The path of its page.
        port: The way to it.
        ice_servers: For its peer connections.

    Attributes:
        id: Its name.
        page: The path of its page.
        is_gone: Whether its connection is over.
    """

    def __init__(
        self, tab_id: str, *, page: str, port: Port, ice_servers: Sequence[IceServer]
    ) -> None:
        self.id = tab_id
        self.page = page
        self.is_gone = False
        self._port = port
        self._ice_servers = ice_servers
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[str]] = {}

    def __repr__(self) -> str:
        return f"<Tab {self.id}>"

    def send(self, message: News) -> None:
        """Tell the tab something."""
        if not self.is_gone:
            self._port.send_text(encode(message))

    def close(self, code: CloseCode, fault: Fault | None = None) -> None:
        """Close its connection."""
        self._port.close(code, fault)

    def gone(self) -> None:
        """Take note that the connection is over: whoever waits for the tab waits no longer."""
        self.is_gone = True
        for reply in self._asked.values():
            if not reply.done():
                reply.set_exception(MediaUnavailable("The browser tab is gone"))
        self._asked.clear()

    # -- MediaCarrier ----------------------------------------------------------------------------

    async def carry(self, media: str, order: MediaOrder, *, limit: float) -> str:
        """Have the tab do something with its audio, see `MediaCarrier.carry`."""
        if self.is_gone:
            raise MediaUnavailable("The browser tab is gone")
        number = next(self._numbers)
        reply: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._asked[number] = reply
        self.send(self._request(number, media, order))
        try:
            async with asyncio.timeout(limit):
                return await reply
        except TimeoutError as error:
            raise MediaUnavailable(
                f"The browser tab did not reply to {order.op} in {limit:g} s"
            ) from error
        finally:
            self._asked.pop(number, None)

    def dismiss(self, media: str) -> None:
        """Tell the tab to close a peer connection."""
        self.send(self._request(next(self._numbers), media, MediaOrder(op=MediaOp.CLOSE)))

    def reply(self, message: MediaReply) -> None:
        """Take the tab's answer; one that comes too late is left aside."""
        waiting = self._asked.get(message.reply_to)
        if waiting is None or waiting.done():
            return
        if message.ok:
            waiting.set_result(message.sdp)
        else:
            waiting.set_exception(media_error(message.error or TabFault()))

    def _request(self, number: int, media: str, order: MediaOrder) -> MediaRequest:
        has_digits = order.op is MediaOp.SEND_DIGITS
        has_connection = order.op in _MAKES_CONNECTION
        return MediaRequest(
            id=number,
            media=media,
            op=order.op,
            sdp=order.sdp or None,
            direction=order.direction,
            ice_restart=order.ice_restart if order.op is MediaOp.OFFER else None,
            muted=order.is_muted if order.op is MediaOp.SET_MUTED else None,
            digits=order.digits if has_digits else None,
            duration=order.duration if has_digits else None,
            gap=order.gap if has_digits else None,
            ice_servers=self._ice_servers if has_connection else None,
        )


def media_error(fault: TabFault) -> MediaError | InvalidState:
    """Make the error of the package that a tab means; its words are cleaned for logs."""
    kind = _ERRORS.get(fault.code, MediaError)
    return kind(_clean(fault.message) or "The tab could not do it", hint=_clean(fault.hint) or None)


def _clean(text: str) -> str:
    return re.sub(r"[^\x20-\x7e\u00a0-\ud7ff]+", " ", text)[:200].strip()
