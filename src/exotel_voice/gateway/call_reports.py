"""Tells tabs, and the application's handlers, what happens to the calls of one phone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from exotel_voice.gateway.news import CallEventName, CallFacts, CallNews, SessionNews, TransferFacts
from exotel_voice.gateway.notices import Notice, NoticeBoard
from exotel_voice.gateway.reports import call_event_name, call_facts
from exotel_voice.gateway.tab import Tab
from exotel_voice.phone.call import Call
from exotel_voice.phone.details import CallDetails
from exotel_voice.phone.events import (
    CallConnected,
    CallEnded,
    CallEvent,
    DigitReceived,
    IncomingCall,
    MediaConnected,
    PhoneEvent,
    TransferProgressed,
)
from exotel_voice.phone.supervisor import Supervisor

if TYPE_CHECKING:
    from exotel_voice.gateway.session import PhoneSession

__all__ = ["CallReports"]


class CallReports:
    """The news of one phone's calls.

    A call is announced to tabs when the handlers of `IncomingCall` have decided, or after a moment;
    one that they have refused by then is never heard of.

    Args:
        session: The phone.
        notices: The application's handlers.
        supervisor: Owns tasks.
        decide: Seconds that the handlers may take.
    """

    def __init__(
        self, session: PhoneSession, notices: NoticeBoard, supervisor: Supervisor, *, decide: float
    ) -> None:
        self._session = session
        self._notices = notices
        self._supervisor = supervisor
        self._decide = decide
        self._held: dict[str, list[CallEvent]] = {}
        self._announced: set[str] = set()
        self._headers: dict[str, dict[str, str]] = {}

    def answer_headers(self, call: Call) -> dict[str, str]:
        """Give the headers that handlers wish for the 200 of a call."""
        return self._headers.get(call.id, {})

    def hear(self, event: CallEvent) -> None:
        """Take an event of a call."""
        tasks = self.post(event)
        if isinstance(event, IncomingCall) and tasks:
            self._held[event.call_id] = [event]
            self._supervisor.start(self._announce(event.call_id, tasks), name="announce a call")
        elif event.call_id in self._held:
            self._held[event.call_id].append(event)
        else:
            self._tell(event)

    def post(self, event: PhoneEvent) -> list[asyncio.Task[None]]:
        """Call the application's handlers, and give the tasks of those that take a while."""
        if not self._notices.listens(event):
            return []
        call, headers = None, {}
        if isinstance(event, CallEvent):
            call = self._session.phone.find_call(event.call_id)
            headers = self._headers.setdefault(event.call_id, {})
        notice = Notice(
            event=event,
            identity=self._session.identity,
            phone=self._session.phone,
            call=call,
            answer_headers=headers,
        )
        return self._notices.post(notice)

    def tell(self, call: Call, name: CallEventName) -> None:
        """Tell every tab what no event of the phone tells."""
        if call.id not in self._held:
            self._session.tell(CallNews(event=name, call=self.facts(call)))

    def facts(self, call: Call, details: CallDetails | None = None) -> CallFacts:
        """Describe a call."""
        media = self._session.media_of(call)
        return call_facts(
            call,
            details=details,
            media=None if media is None else media.id,
            media_tab=_name(None if media is None else media.carrier),
            last_media_tab=_name(None if media is None else media.last_carrier),
        )

    async def _announce(self, call_id: str, tasks: list[asyncio.Task[None]]) -> None:
        await asyncio.wait(tasks, timeout=self._decide)
        events = self._held.pop(call_id)
        if any(isinstance(event, CallConnected) for event in events) or not any(
            isinstance(event, CallEnded) for event in events
        ):
            for event in events:
                self._tell(event)

    def _tell(self, event: CallEvent) -> None:
        call = self._session.phone.find_call(event.call_id)
        name = "media" if isinstance(event, MediaConnected) else call_event_name(event)
        if call is None or name is None:
            return
        details = event.details if isinstance(event, CallEnded) else None
        transfer = None
        if isinstance(event, TransferProgressed):
            transfer = TransferFacts(
                status=event.status, reason=event.reason, is_final=event.is_final
            )
        self._session.tell(
            CallNews(
                event=name,
                call=self.facts(call, details),
                digit=event.digit if isinstance(event, DigitReceived) else None,
                transfer=transfer,
            )
        )
        if name == "media":
            self._session.tell_tabs()
        if isinstance(event, CallConnected):
            self._session.tell_tabs()
        self._tell_children(event, call)

    def _tell_children(self, event: CallEvent, call: Call) -> None:
        """Tell the tabs that only notify (guide 5.10): not the active one, nor the call's own."""
        media = self._session.media_of(call)
        owner = None if media is None else media.last_carrier
        children = self._session.tabs.children(besides=owner if isinstance(owner, Tab) else None)
        match event:
            case IncomingCall():
                self._announced.add(call.id)
                state = SessionNews(state="incoming", call=call.id)
            case CallConnected() if call.id in self._announced:
                state = SessionNews(state="connected", call=call.id)
            case CallEnded() if call.id in self._announced:
                self._announced.discard(call.id)
                state = SessionNews(state="callEnded", call=call.id)
            case _:
                return
        for tab in children:
            tab.send(state)
        if isinstance(event, CallEnded):
            self._headers.pop(call.id, None)


def _name(carrier: object) -> str | None:
    return carrier.id if isinstance(carrier, Tab) else None
