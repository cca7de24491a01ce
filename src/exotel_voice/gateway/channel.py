"""One tab's conversation with the gateway after its hello, in the process that has its phone."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from exotel_voice.errors import ExotelVoiceError
from exotel_voice.gateway import requests
from exotel_voice.gateway.access import Access
from exotel_voice.gateway.book import SessionBook
from exotel_voice.gateway.codec import BadMessage
from exotel_voice.gateway.faults import CloseCode, Fault, Refused, bad_message
from exotel_voice.gateway.news import ErrorNews, News, Pong, Result
from exotel_voice.gateway.relay import Relay, RelayedSeat
from exotel_voice.gateway.session import PhoneSession
from exotel_voice.gateway.shared import Shared
from exotel_voice.gateway.tab import Port, Tab
from exotel_voice.gateway.wire import decode, encode, number_of

__all__ = ["Channel", "House"]

logger = logging.getLogger("exotel_voice.gateway")

MAX_UNDER_WAY: Final = 32
"""Requests of one tab that wait for their end at one time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What a channel works with."""

    shared: Shared
    access: Access
    book: SessionBook
    relay: Relay


class Channel:
    """The messages of one tab.

    Args:
        house: The gateway.
        identity: The user, as the application named it.
        hello: The first message.
        port: The way to the tab.
        is_relayed: Whether the tab is connected to another gateway process.
    """

    def __init__(
        self,
        house: House,
        identity: str,
        hello: requests.Hello,
        port: Port,
        *,
        is_relayed: bool = False,
    ) -> None:
        self._house = house
        self._identity = identity
        self._hello = hello
        self._port = port
        self._is_relayed = is_relayed
        self._media = hello.media
        self._session: PhoneSession | None = None
        self._tab: Tab | None = None
        self._far: RelayedSeat | None = None
        self._under_way = 0

    async def receive(self, text: str) -> None:
        """Take one message. Never raises for what it holds."""
        try:
            message = decode(text)
        except BadMessage as error:
            self._refuse_text(bad_message(str(error)), number_of(text))
            return
        match message:
            case requests.Ping(at=at):
                self._send(Pong(at=at))
            case requests.Hello():
                self._refuse_text(bad_message("hello comes once"), None)
            case requests.Attach():
                await self._attach(message, text)
            case requests.Detach():
                self.closed()
                self._send(Result(request=message.request, ok=True))
            case _ if self._far is not None:
                self._far.send(text)
            case requests.Request():
                self._begin(message)
            case _ if self._session is not None and self._tab is not None:
                self._session.desk.hear(self._tab, message)
            case _:
                pass

    def closed(self) -> None:
        """Take the tab out of its phone: its connection or its client is gone. Idempotent."""
        session, self._session = self._session, None
        tab, self._tab = self._tab, None
        far, self._far = self._far, None
        if session is not None and tab is not None:
            session.leave(tab)
        if far is not None:
            far.leave()

    # -- attaching -------------------------------------------------------------------------------

    async def _attach(self, message: requests.Attach, text: str) -> None:
        self.closed()
        house, choice = self._house, message.account
        try:
            account = await house.access.account(self._identity, choice)
            is_own = choice is not None and bool(choice.secret)
            owner = await house.book.owner(self._identity, account, is_own=is_own)
            if owner != house.shared.server:
                self._attach_far(owner, text)
                return
            session = house.book.open(self._identity, account)
            session.require_room(self._hello.tab)
        except (Refused, ExotelVoiceError) as error:
            self._send_result(message.request, _fault_of(error))
            return
        except OSError as error:
            logger.error("the session bus cannot be reached: %s", error)  # noqa: TRY400
            fault = _failed("the gateway cannot reach its other processes", "Try again later.")
            self._send_result(message.request, fault)
            return
        self._tab = Tab(
            self._hello.tab,
            page=self._hello.page,
            port=self._port,
            ice_servers=house.shared.ice_servers,
        )
        self._session = session
        self._send(Result(request=message.request, ok=True))
        media, self._media = self._media, ()
        session.attach(self._tab, media=media)

    def _attach_far(self, owner: str, text: str) -> None:
        if self._is_relayed:  # It has moved on meanwhile: let the tab find it again.
            self._port.close(CloseCode.RESTARTING)
            return
        self._far = self._house.relay.sit(owner, self._identity, self._hello, self._port)
        self._far.send(text)

    # -- requests --------------------------------------------------------------------------------

    def _begin(self, request: requests.Request) -> None:
        session, tab = self._session, self._tab
        if session is None or tab is None:
            self._refuse_unattached(request)
        elif self._under_way >= MAX_UNDER_WAY:
            fault = Fault(
                code="gateway.too_many_requests",
                message=f"{MAX_UNDER_WAY} requests of this tab are not done yet",
                hint="Wait for the results of earlier requests.",
            )
            self._send_result(request.request, fault)
        else:
            self._under_way += 1
            name = f"{type(request).__name__} for a tab"
            session.supervisor.start(self._run(session, tab, request), name=name)

    def _refuse_unattached(self, request: requests.Request) -> None:
        if isinstance(request, requests.Status):
            value = {"state": "not_initialized"}
            self._send(Result(request=request.request, ok=True, value=value))
            return
        fault = Fault(
            code="gateway.not_attached",
            message="this tab has no phone yet",
            hint="Call initWebrtc first.",
        )
        self._send_result(request.request, fault)

    async def _run(self, session: PhoneSession, tab: Tab, request: requests.Request) -> None:
        """Do what was asked and send the result, after what was told meanwhile."""
        result = Result(
            request=request.request,
            ok=False,
            error=_failed("the gateway failed", "Look at the log of the gateway."),
        )
        try:
            value = await session.desk.run(tab, request)
            result = Result(request=request.request, ok=True, value=value)
        except (Refused, ExotelVoiceError) as error:
            result = Result(request=request.request, ok=False, error=_fault_of(error))
        finally:
            self._under_way -= 1
            # The phone's events come out in the loop's next turn; the result follows them.
            asyncio.get_running_loop().call_soon(self._send, result)

    # -- inside ----------------------------------------------------------------------------------

    def _send(self, message: News) -> None:
        self._port.send_text(encode(message))

    def _send_result(self, number: int, fault: Fault) -> None:
        self._send(Result(request=number, ok=False, error=fault))

    def _refuse_text(self, fault: Fault, number: int | None) -> None:
        """Tell that a message cannot be read; as its result, if it is a request."""
        if number is not None:
            self._send_result(number, fault)
        else:
            self._send(ErrorNews(code=fault.code, message=fault.message, hint=fault.hint))


def _fault_of(error: Refused | ExotelVoiceError) -> Fault:
    return error.fault if isinstance(error, Refused) else Fault.of(error)


def _failed(message: str, hint: str) -> Fault:
    return Fault(code="gateway.failed", message=message, hint=hint)
