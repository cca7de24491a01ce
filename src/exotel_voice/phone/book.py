"""Which calls a phone has: by session for the SIP core, by id for the application."""

from __future__ import annotations

from collections import deque
from typing import Final

from exotel_voice.phone.call import Call
from exotel_voice.phone.leg import Leg
from exotel_voice.sip.events import SessionId

__all__ = ["CallBook"]

RECENT_CALLS: Final = 16
"""Ended calls that `find` still knows."""


class CallBook:
    """The calls of one phone.

    Attributes:
        calls: Those that are not over, by their id, the oldest first.
    """

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self._legs: dict[str, Leg] = {}
        self._sessions: dict[SessionId, Leg] = {}
        self._recent: deque[Call] = deque(maxlen=RECENT_CALLS)

    def __len__(self) -> int:
        return len(self._legs)

    @property
    def legs(self) -> tuple[Leg, ...]:
        """The insides of the calls that are not over."""
        return tuple(self._legs.values())

    def add(self, leg: Leg) -> Call:
        """Enter a call that begins."""
        self._legs[leg.call_id] = leg
        if leg.session is not None:
            self.bind(leg.session, leg)
        call = self.calls[leg.call_id] = Call(leg)
        return call

    def bind(self, session: SessionId, leg: Leg) -> None:
        """Take note of which session is a call's."""
        self._sessions[session] = leg

    def remove(self, leg: Leg) -> None:
        """Take out a call that has ended; `find` knows it for a while."""
        self._legs.pop(leg.call_id, None)
        if leg.session is not None:
            self._sessions.pop(leg.session, None)
        call = self.calls.pop(leg.call_id, None)
        if call is not None:
            self._recent.append(call)

    def find(self, call_id: str) -> Call | None:
        """Give a call by its id, also one of the last that ended."""
        living = self.calls.get(call_id)
        return living or next((call for call in self._recent if call.id == call_id), None)

    def leg_of(self, session: SessionId | None) -> Leg | None:
        """Give the call of a session."""
        return None if session is None else self._sessions.get(session)

    def free_id(self, call_id: str) -> str:
        """Name a call after its Call-ID; a call of the phone to itself has two of the same."""
        number, name = 2, call_id
        while name in self._legs:
            name = f"{call_id}#{number}"
            number += 1
        return name
