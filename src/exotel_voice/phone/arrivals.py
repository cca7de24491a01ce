"""Incoming calls: how an INVITE becomes a `Call`, and who is told."""

from __future__ import annotations

import logging
import weakref

from exotel_voice.errors import MediaError
from exotel_voice.phone.book import CallBook
from exotel_voice.phone.call import Call
from exotel_voice.phone.details import CallDirection, CallState
from exotel_voice.phone.events import IncomingCall, IncomingCallRefused
from exotel_voice.phone.leg import Leg
from exotel_voice.phone.line import Line
from exotel_voice.phone.observe import EventStream
from exotel_voice.phone.record import CallRecord
from exotel_voice.sip.events import InviteReceived, SessionId

__all__ = ["Arrivals"]

logger = logging.getLogger("exotel_voice.phone")


class Arrivals:
    """Takes in the calls of one phone.

    Args:
        line: What the calls share.
        book: Where they are entered.
    """

    def __init__(self, line: Line, book: CallBook) -> None:
        self._line = line
        self._book = book
        self._streams: weakref.WeakSet[EventStream[Call]] = weakref.WeakSet()
        self._is_closed = False

    def stream(self) -> EventStream[Call]:
        """Make a stream of incoming calls, those that ring already first."""
        stream: EventStream[Call] = EventStream(
            self._line.settings.event_buffer, on_close=self._streams.discard
        )
        self._streams.add(stream)
        for leg in self._book.legs:
            if leg.state is CallState.INCOMING:
                stream.put(self._book.calls[leg.call_id])
        if self._is_closed:
            stream.close()
        return stream

    def close(self) -> None:
        """Take in no more calls, and end every stream."""
        self._is_closed = True
        for stream in tuple(self._streams):
            stream.close()

    def handle(self, event: InviteReceived) -> None:
        """Take an INVITE: ring, or refuse it when there is no room."""
        record = CallRecord(
            self._book.free_id(event.call_id),
            CallDirection.INCOMING,
            remote_uri=event.from_uri,
            remote_display_name=event.from_display_name,
            headers=event.headers,
        )
        record.session_id = event.session
        if self._is_closed or len(self._book) >= self._line.settings.max_calls:
            self._refuse(record, event.session, 486)
            return
        try:
            leg = Leg(self._line, record, session=event.session, offer=event.offer)
        except MediaError as error:
            logger.warning(
                "no audio for an incoming call: %s", error, extra={"call_id": record.call_id}
            )
            self._refuse(record, event.session, 480)
            return
        self._ring(leg, self._book.leg_of(event.replaces))

    def _ring(self, leg: Leg, replaced: Leg | None) -> None:
        call = self._book.add(leg)
        leg.command(lambda agent, session, now: agent.ring(session, now=now))
        self._line.hub.emit(
            IncomingCall(
                call_id=leg.call_id,
                remote_id=leg.record.remote_id,
                remote_display_name=leg.record.remote_display_name,
                replaces=None if replaced is None else replaced.call_id,
            )
        )
        if replaced is not None and replaced.is_answered:
            # RFC 3891 §3: the user agreed to this conversation by answering the first call.
            self._line.supervisor.start(
                leg.opening.answer(None), name=f"take over call {leg.call_id}"
            )
            return
        leg.opening.prepare()
        for stream in tuple(self._streams):
            stream.put(call)

    def _refuse(self, record: CallRecord, session: SessionId, status: int) -> None:
        self._line.driver.run(lambda agent, now: agent.reject(session, now=now, status=status))
        self._line.hub.emit(
            IncomingCallRefused(
                remote_id=record.remote_id, remote_display_name=record.remote_display_name
            )
        )
