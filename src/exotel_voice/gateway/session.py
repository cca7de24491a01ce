"""One phone of the gateway: an identity's account, its registration, its calls and its tabs.

It lives as long as a tab is attached, a call is up, or the grace time after the last tab runs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from exotel_voice.errors import ExotelVoiceError, InvalidState
from exotel_voice.gateway.call_reports import CallReports
from exotel_voice.gateway.desk import CallDesk
from exotel_voice.gateway.faults import CloseCode, Fault, Refused
from exotel_voice.gateway.history import PhoneHistory
from exotel_voice.gateway.news import Attached, AttachedAccount, News, SessionNews, TabFacts, Tabs
from exotel_voice.gateway.parking import Parking
from exotel_voice.gateway.reports import PhoneReports
from exotel_voice.gateway.shared import Shared
from exotel_voice.gateway.tab import Tab
from exotel_voice.gateway.tab_row import TabRow
from exotel_voice.media.browser import BrowserMedia
from exotel_voice.media.browser_session import BrowserSession
from exotel_voice.media.routed import RoutedMedia, RoutedSession
from exotel_voice.phone.account import SipAccount
from exotel_voice.phone.call import Call
from exotel_voice.phone.details import CallState
from exotel_voice.phone.events import CallEnded, CallEvent, PhoneEvent
from exotel_voice.phone.registration import PhoneState

__all__ = ["PhoneSession"]

logger = logging.getLogger("exotel_voice.gateway")

NOBODY_CAME = "no browser tab came back for the call"


class PhoneSession:
    """One phone and its tabs.

    Args:
        identity: Whose phone it is.
        account: The SIP account.
        shared: What all phones of the gateway have in common.
        on_closed: Called once, when the phone is about to close.

    Attributes:
        tabs: The attached tabs.
        phone: The phone.
        media: Its media engine.
        reports: Registration and connection.
        parking: Calls that wait for a tab.
        calls: What is told of calls.
        desk: What tabs ask for.
        history: Its log and its messages.
        supervisor: Owns the tasks of the gateway.
        is_closed: Whether the phone is closed, or about to be.
    """

    def __init__(
        self,
        identity: str,
        account: SipAccount,
        shared: Shared,
        *,
        on_closed: Callable[[PhoneSession], None],
    ) -> None:
        limits = shared.limits
        self.identity = identity
        self.tabs = TabRow()
        self.media = BrowserMedia(carriers=self._carriers, limit=limits.media)
        self.phone = shared.make_phone(
            account, media=RoutedMedia(self.media), trace=self._take_message
        )
        self.history = PhoneHistory(account.password, limits, identity, shared.trace)
        self.reports = PhoneReports(self.tell)
        self.parking = Parking(limit=limits.resume, give_up=self._give_up)
        self.calls = CallReports(self, shared.notices, shared.supervisor, decide=limits.decide)
        self.desk = CallDesk(self)
        self.supervisor = shared.supervisor
        self.is_closed = False
        self._limits = limits
        self._on_closed = on_closed
        self._grace: asyncio.TimerHandle | None = None
        self._is_abandoned = False
        self.phone.on(PhoneEvent, self._hear)

    def __repr__(self) -> str:
        return f"<PhoneSession {self.identity} {self.phone.account.username} {len(self.tabs)} tabs>"

    # -- tabs ------------------------------------------------------------------------------------

    def require_room(self, tab_id: str) -> None:
        """Refuse a tab when there are too many.

        Raises:
            Refused: There are.
        """
        if len(self.tabs) >= self._limits.tabs and self.tabs.find(tab_id) is None:
            raise Refused(
                Fault(
                    code="gateway.too_many_tabs",
                    message=f"the phone has {self._limits.tabs} tabs already",
                    hint="Close some tabs of this page.",
                )
            )

    def attach(self, tab: Tab, *, media: Sequence[str] = ()) -> None:
        """Add a tab at the end of the row, and tell it how everything stands.

        Args:
            tab: The tab.
            media: Media sessions that go on in it, because only its connection broke.
        """
        with self.history.entered():
            before = self.tabs.find(tab.id)
            if before is not None:
                fault = Fault(
                    code="gateway.replaced",
                    message="another connection has taken the name of this tab",
                    hint="Take a new name for the tab and connect again.",
                )
                before.close(CloseCode.REPLACED, fault)
                self.leave(before)
            self._stop_grace()
            self.tabs.add(tab)
            self._resume(tab, media)
            tab.send(self._attached(tab))
            self.tell_tabs(besides=tab)

    def leave(self, tab: Tab) -> None:
        """Take a tab out: its calls wait for another one, and the next oldest becomes active."""
        if tab not in self.tabs:
            return
        with self.history.entered():
            was_active = self.tabs.active is tab
            self.tabs.remove(tab)
            tab.gone()
            for call in tuple(self.phone.calls.values()):
                media = self.media_of(call)
                is_waiting = media is not None and media.release(tab)
                if is_waiting and call.state is not CallState.INCOMING:
                    self.parking.park(call.id)
                    self.calls.tell(call, "media")
            self.tell_tabs()
            active = self.tabs.active
            if was_active and active is not None:
                active.send(SessionNews(state="re-register"))
            if active is None:
                self._start_grace()

    def tell(self, message: News) -> None:
        """Tell every tab."""
        for tab in self.tabs:
            tab.send(message)

    def tell_tabs(self, *, besides: Tab | None = None) -> None:
        """Tell every tab which tabs there are."""
        for tab in self.tabs:
            if tab is not besides:
                tab.send(Tabs(tabs=self._tab_facts(tab)))

    # -- registration ----------------------------------------------------------------------------

    def register(self, tab: Tab) -> None:
        """Register, or tell a tab that comes later how it stands."""
        if self.phone.state is not PhoneState.UNREGISTERED:
            tab.send(self.reports.registration)
            return
        self.reports.begin()
        self.supervisor.start(self._register(), name="register a phone of the gateway")

    async def unregister(self) -> None:
        """Unregister for all tabs; calls go on.

        Raises:
            InvalidState: The phone is not registered.
            RegistrationFailed: The registrar refused.
            DeadlineExceeded: It did not reply.
        """
        if self.phone.state is PhoneState.UNREGISTERED:
            raise InvalidState("the phone is not registered")
        await self.phone.unregister()

    async def _register(self) -> None:
        try:
            await self.phone.register()
        except ExotelVoiceError as error:
            logger.info("%s is not registered: %s", self, error.message)

    # -- calls -----------------------------------------------------------------------------------

    def media_of(self, call: Call) -> BrowserSession | None:
        """Give the media session of a call, if a tab has or can have it."""
        routed = call.media
        inner = routed.inner if isinstance(routed, RoutedSession) else routed
        return inner if isinstance(inner, BrowserSession) else None

    def call_of_media(self, media: str) -> Call | None:
        """Find the call that a media session belongs to."""
        for call in self.phone.calls.values():
            session = self.media_of(call)
            if session is not None and session.id == media:
                return call
        return None

    def _hear(self, event: PhoneEvent) -> None:
        if not isinstance(event, CallEvent):
            self.reports.hear(event)
            self.calls.post(event)
            return
        self.calls.hear(event)
        if isinstance(event, CallEnded):
            self.parking.fetch(event.call_id)
            self.tell_tabs()
            self._close_if_unneeded()

    def _take_message(self, way: str, text: str) -> None:
        self.history.take(way, text)

    def _give_up(self, call_id: str) -> None:
        call = self.phone.find_call(call_id)
        if call is not None:
            logger.warning("%s: %s", self, NOBODY_CAME)
            self.supervisor.start(call.hang_up(reason=NOBODY_CAME), name="hang up a call")

    # -- end -------------------------------------------------------------------------------------

    async def aclose(self) -> None:
        """Hang up, unregister and forget the phone. Never raises."""
        if self.is_closed:
            return
        self.is_closed = True
        self._stop_grace()
        self.parking.clear()
        self._on_closed(self)
        try:
            with self.history.entered():
                await self.phone.aclose()
                await self.media.aclose()
        finally:
            self.history.close()

    def _start_grace(self) -> None:
        if self._grace is None and not self.is_closed:
            loop = asyncio.get_running_loop()
            self._grace = loop.call_later(self._limits.last_tab, self._nobody_left)

    def _stop_grace(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None
        self._is_abandoned = False

    def _nobody_left(self) -> None:
        self._is_abandoned = True
        for call in tuple(self.phone.calls.values()):
            if call.state is CallState.INCOMING and not self.desk.is_answering(call):
                self.supervisor.start(call.reject(480), name="refuse a call")
        self._close_if_unneeded()

    def _close_if_unneeded(self) -> None:
        if self._is_abandoned and not self.phone.calls and not self.is_closed:
            logger.info("%s: no tab and no call is left", self)
            self.supervisor.start(self.aclose(), name="close a phone", is_clean_up=True)

    # -- inside ----------------------------------------------------------------------------------

    def _carriers(self) -> Sequence[Tab]:
        return tuple(self.tabs)

    def _resume(self, tab: Tab, media: Sequence[str]) -> None:
        """Let calls go on in a tab whose peer connections outlived its connection to here."""
        for name in media:
            session = self.media.find(name)
            call = self.call_of_media(name)
            if call is None or session is None:
                tab.dismiss(name)
            elif session.carrier is None and call.id in self.parking:
                session.bind(tab)
                self.parking.fetch(call.id)
                self.calls.tell(call, "media")

    def _attached(self, tab: Tab) -> Attached:
        account = self.phone.account
        return Attached(
            account=AttachedAccount(
                user_name=account.username,
                display_name=account.display_name,
                domain=account.domain,
            ),
            is_active=self.tabs.active is tab,
            registration=self.reports.registration,
            connection=self.reports.connection,
            calls=[self.calls.facts(call) for call in self.phone.calls.values()],
            tabs=self._tab_facts(tab),
        )

    def _tab_facts(self, reader: Tab) -> list[TabFacts]:
        owners = {
            media.carrier: call.id
            for call in self.phone.calls.values()
            if (media := self.media_of(call)) is not None and media.carrier is not None
        }
        return [
            TabFacts(
                tab=tab.id,
                is_active=tab is self.tabs.active,
                is_self=tab is reader,
                has_media=owners.get(tab),
            )
            for tab in self.tabs
        ]
