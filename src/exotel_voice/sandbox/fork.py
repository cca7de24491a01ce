"""Rings every phone of an account at once; the first to answer has the call (RFC 3261 §16.7)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from exotel_voice.sandbox.registrar import Binding
from exotel_voice.sandbox.switchboard import SessionEvent, Switchboard
from exotel_voice.sip.events import (
    CallAnswered,
    CallEnded,
    CallProgressed,
    SessionId,
)

__all__ = ["Failure", "Fork", "ForkListener", "Invitation"]

GLOBAL_FAILURE: Final = 600
"""From here on a refusal speaks for every phone of the account (RFC 3261 §21.6)."""

NO_ANSWER: Final = 480

ANSWERED_ELSEWHERE = "Call completed elsewhere"
"""The Reason text that tells the other phones not to show a missed call (RFC 3326)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What the INVITEs say."""

    offer: bytes | None = None
    """The SDP offer; None lets the phones offer."""
    headers: Mapping[str, str] = field(default_factory=dict)
    replaces: str | None = None
    """The Replaces value, when the call is to take another one's place (RFC 3891)."""

    def with_offer(self, offer: bytes) -> Invitation:
        """Give the same with another offer."""
        return replace(self, offer=offer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why nobody has the call."""

    status: int
    reason: str
    retry_after: float | None = None
    is_no_answer: bool = False
    """Whether it just rang for too long."""


class ForkListener(Protocol):
    """Who wants to know how the ringing goes."""

    def progressed(self, event: CallProgressed, *, is_alone: bool) -> None:
        """Take a provisional response; `is_alone` when no other phone rings."""
        ...

    def won(self, session: SessionId, event: CallAnswered) -> None:
        """Take the phone that answered; its session now belongs to whoever `own`s it here."""
        ...

    def failed(self, failure: Failure) -> None:
        """Take the best of the refusals: nobody answers any more."""
        ...


class Fork:
    """One round of ringing.

    Args:
        switchboard: Where the sessions live.
        listener: Who wants to know.
        ring_for: Seconds after which the ringing ends; `failed` then says 480.
    """

    def __init__(
        self, switchboard: Switchboard, listener: ForkListener, *, ring_for: float
    ) -> None:
        self._switchboard = switchboard
        self._listener = listener
        self._ring_for = ring_for
        self._ringing: list[SessionId] = []
        self._refusals: list[Failure] = []
        self._is_decided = False
        self._limit: asyncio.TimerHandle | None = None

    def begin(self, bindings: Sequence[Binding], invitation: Invitation) -> None:
        """Send the INVITEs; at least one binding is needed."""
        with self._switchboard.turn() as now:
            for binding in bindings:
                session = self._switchboard.agent.invite(
                    binding.contact,
                    offer=invitation.offer,
                    now=now,
                    headers=invitation.headers,
                    replaces=invitation.replaces,
                    flow=binding.flow,
                )
                self._ringing.append(session)
                self._switchboard.own(session, self, flow=binding.flow, device=binding.device)
        loop = asyncio.get_running_loop()
        self._limit = loop.call_later(self._ring_for, self._give_up)

    def cancel(self, *, reason: str | None = None) -> None:
        """Stop the ringing; the listener hears nothing more."""
        self._decide()
        for session in self._ringing:
            self._switchboard.hang_up(session, reason=reason)

    def handle(self, event: SessionEvent) -> None:
        """Take an event of one of the sessions."""
        match event:
            case CallProgressed() if not self._is_decided:
                self._listener.progressed(event, is_alone=len(self._ringing) == 1)
            case CallAnswered():
                self._answered(event)
            case CallEnded():
                self._ended(event)
            case _:
                pass

    def _answered(self, event: CallAnswered) -> None:
        if self._is_decided:
            self._switchboard.hang_up(event.session)
            return
        self._decide()
        self._ringing.remove(event.session)
        self._listener.won(event.session, event)
        for session in self._ringing:
            self._switchboard.hang_up(session, reason=ANSWERED_ELSEWHERE)

    def _ended(self, event: CallEnded) -> None:
        if event.session in self._ringing:
            self._ringing.remove(event.session)
        if self._is_decided:
            return
        failure = Failure(status=event.status, reason=event.reason, retry_after=event.retry_after)
        self._refusals.append(failure)
        if event.status >= GLOBAL_FAILURE or not self._ringing:
            self._fail(min(self._refusals, key=_rank))

    def _give_up(self) -> None:
        self._fail(Failure(status=NO_ANSWER, reason="No Answer", is_no_answer=True))

    def _fail(self, failure: Failure) -> None:
        self._decide()
        for session in list(self._ringing):
            self._switchboard.hang_up(session)
        with self._switchboard.turn():
            self._listener.failed(failure)

    def _decide(self) -> None:
        self._is_decided = True
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None


def _rank(failure: Failure) -> tuple[int, int]:
    """Order refusals: one for all phones first, then the lowest class (RFC 3261 §16.7, step 6)."""
    is_global = failure.status >= GLOBAL_FAILURE
    return (0 if is_global else failure.status // 100, failure.status)
