"""Does what tabs ask of a phone and its calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from exotel_voice.errors import IceFailed, InvalidState
from exotel_voice.gateway import requests
from exotel_voice.gateway.faults import Fault, Refused
from exotel_voice.gateway.tab import Tab, media_error
from exotel_voice.media.base import Direction, MediaStats
from exotel_voice.media.browser_session import BrowserSession
from exotel_voice.phone.call import Call
from exotel_voice.phone.details import CallState

if TYPE_CHECKING:
    from exotel_voice.gateway.session import PhoneSession

__all__ = ["CallDesk"]

_OWN_HEADER: Final = re.compile(r"[Xx]-[A-Za-z0-9-]{1,64}")


class CallDesk:
    """The requests of one phone's tabs.

    Args:
        session: The phone.
    """

    def __init__(self, session: PhoneSession) -> None:
        self._session = session
        self._taken: set[str] = set()

    def is_answering(self, call: Call) -> bool:
        """Whether a tab is about to have a call."""
        return call.id in self._taken

    async def run(self, tab: Tab, request: requests.Request) -> dict[str, str] | None:
        """Do what a tab asks; returns when it is done, with what it gives.

        Raises:
            Refused: There is no such call.
            ExotelVoiceError: The phone refuses it.
        """
        with self._session.history.entered():
            return await self._run(tab, request)

    async def _run(self, tab: Tab, request: requests.Request) -> dict[str, str] | None:
        match request:
            case requests.CallRequest():
                await self._run_on_call(tab, self._call(request.call), request)
            case requests.Register():
                self._session.register(tab)
            case requests.Unregister():
                await self._session.unregister()
            case requests.Dial():
                call = await self._dial(tab, request)
                return {"call": call.id}
            case requests.Status():
                return {"state": self._session.reports.status(self._session.phone.state)}
            case requests.Logs():
                return self._session.history.piece(request.after)
            case _:
                pass
        return None

    async def _run_on_call(self, tab: Tab, call: Call, request: requests.CallRequest) -> None:
        match request:
            case requests.Answer():
                await self._answer(tab, call, request)
            case requests.Reject():
                await call.reject(request.status, request.reason)
            case requests.HangUp():
                await call.hang_up()
            case requests.Hold():
                await call.hold()
            case requests.Resume():
                await call.resume()
            case requests.Mute():
                await call.mute()
            case requests.Unmute():
                await call.unmute()
            case _:
                await self._run_rare(call, request)

    async def _run_rare(self, call: Call, request: requests.CallRequest) -> None:
        match request:
            case requests.SendDigits():
                await call.send_dtmf(request.digits, method=request.method)
            case requests.Transfer():
                await call.transfer(request.target)
            case requests.TransferTo():
                await call.transfer_to(self._call(request.other))
            case _:
                pass

    # -- whose call it is ------------------------------------------------------------------------

    async def _dial(self, tab: Tab, request: requests.Dial) -> Call:
        headers = _check_headers(request.headers)
        call = await self._session.phone.dial(request.target, headers=headers)
        media = self._session.media_of(call)
        if media is not None:
            media.bind(tab)
        return call

    async def _answer(self, tab: Tab, call: Call, request: requests.Answer) -> None:
        media = self._session.media_of(call)
        if media is None:
            raise InvalidState("the audio of this call is not in a browser", call_id=call.id)
        with self._taking(call):
            if call.state is CallState.INCOMING:
                own = _check_headers(request.headers)
                headers = {**own, **self._session.calls.answer_headers(call)}
                media.bind(tab)
                await call.answer(headers=headers)
            elif media.carrier is not tab:
                await self._take_over(tab, call, media)

    async def _take_over(self, tab: Tab, call: Call, media: BrowserSession) -> None:
        """Let another tab have a living call, by one re-INVITE."""
        if call.state not in {CallState.ACTIVE, CallState.HELD, CallState.RECONNECTING}:
            raise InvalidState(f"the call is {call.state}", call_id=call.id)
        session = self._session
        direction = Direction.SENDONLY if call.is_on_hold else Direction.SENDRECV
        session.parking.fetch(call.id)
        try:
            await media.take_over(tab, direction=direction)
            await call.restart_media()
        finally:
            media.give_back()
            if media.carrier is None and call.id in session.phone.calls:
                session.parking.park(call.id)
        session.calls.tell(call, "activeSession")
        session.tell_tabs()

    @contextmanager
    def _taking(self, call: Call) -> Iterator[None]:
        if call.id in self._taken:
            raise InvalidState("another tab is about to have this call", call_id=call.id)
        self._taken.add(call.id)
        try:
            yield
        finally:
            self._taken.discard(call.id)

    # -- what a tab tells of its audio -----------------------------------------------------------

    def hear(self, tab: Tab, message: requests.TabMessage) -> None:
        """Take a message that is no request."""
        with self._session.history.entered():
            self._hear(tab, message)

    def _hear(self, tab: Tab, message: requests.TabMessage) -> None:
        match message:
            case requests.MediaReply():
                tab.reply(message)
            case requests.MediaEvent():
                media = self._session.media.find(message.media)
                if media is not None and media.carrier is tab:
                    self._media_event(media, message)
            case requests.MediaStats():
                media = self._session.media.find(message.media)
                if media is not None and media.carrier is tab:
                    media.told_stats(_stats(message.stats))
            case _:
                pass

    def _media_event(self, media: BrowserSession, message: requests.MediaEvent) -> None:
        if message.event == "connected":
            media.connected()
        elif message.event == "failed":
            why = "the browser found no path for the audio, or lost it"
            if message.error is not None:
                why = media_error(message.error).message
            media.failed(IceFailed(why))

    # -- inside ----------------------------------------------------------------------------------

    def _call(self, call_id: str) -> Call:
        call = self._session.phone.find_call(call_id)
        if call is None:
            raise Refused(
                Fault(
                    code="gateway.no_such_call",
                    message="there is no such call",
                    hint="Take the id from the last message about the call.",
                )
            )
        return call


def _check_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Let a page add headers of its own, and none that says who calls or where answers go.

    Raises:
        Refused: A header is not of the form `X-Name: text`.
    """
    for name, value in headers.items():
        if not _OWN_HEADER.fullmatch(name) or not value.isprintable():
            raise Refused(
                Fault(
                    code="gateway.forbidden_header",
                    message="a page may not set that header",
                    hint="Use names that begin with X- and values of one line.",
                )
            )
    return headers


def _stats(report: requests.StatsReport) -> MediaStats:
    return MediaStats(**{name: getattr(report, name) for name in MediaStats.__slots__})
