"""What the sandbox knows of each call: for tests, for the HTTP API and for the status page."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, overload

from exotel_voice.sandbox.changes import Changes
from exotel_voice.sandbox.hearing import Hearing

__all__ = ["CallLog", "CallRecord", "CallStatus", "Direction", "HeardDigit", "LegRecord", "new_sid"]

MAX_CALLS_KEPT: Final = 500
"""Calls that the log keeps; the oldest ended ones go first."""

MAX_DIGITS_KEPT: Final = 1000
"""Digits that one call's record keeps."""


class CallStatus(StrEnum):
    """How far a call or a leg has come, in the platform's words."""

    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    FAILED = "failed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        """Whether the call is over."""
        return self not in _LIVING


_LIVING: Final = frozenset({CallStatus.QUEUED, CallStatus.RINGING, CallStatus.IN_PROGRESS})


class Direction(StrEnum):
    """Who began the call, in the platform's words."""

    INBOUND = "inbound"
    """A phone dialled."""
    OUTBOUND = "outbound-dial"
    """`place_call` began it."""
    OUTBOUND_API = "outbound-api"
    """The HTTP API began it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardDigit:
    """One DTMF digit that reached the sandbox."""

    digit: str
    """One of `0`-`9`, `*`, `#`, `A`-`D`."""
    method: str
    """`info` (RFC 6086) or `rfc4733`."""
    duration: float | None
    """Seconds that the key was held, if the message said so."""


def new_sid() -> str:
    """Make an id in the platform's form: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(slots=True, kw_only=True, eq=False)
class LegRecord:
    """One side of a call."""

    who: str
    """The account's or the party's name."""
    sid: str = field(default_factory=new_sid)
    """The LegSid that the INVITE carries."""
    status: CallStatus = CallStatus.QUEUED
    answered_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    hearing: Hearing = field(default_factory=Hearing)
    """What the sandbox hears from this side."""

    @property
    def on_call_duration(self) -> float:
        """Seconds from the answer to the end, or to now; 0 before the answer."""
        if self.answered_at is None:
            return 0.0
        return ((self.ended_at or _now()) - self.answered_at).total_seconds()

    def advance(self, status: CallStatus) -> bool:
        """Take the next status; False if the leg has ended already or has that status."""
        if self.status.is_final or status == self.status:
            return False
        self.status = status
        if status is CallStatus.IN_PROGRESS:
            self.answered_at = _now()
        elif status.is_final:
            self.ended_at = _now()
        return True


class CallRecord:
    """One call, living or over.

    `await record` waits until its first message has gone out, and gives the record; `answered`,
    `ended` and `heard` wait for what their names say.
    """

    def __init__(
        self, *, from_: str, to: str, direction: Direction, caller_id: str, changes: Changes
    ) -> None:
        self.sid = new_sid()
        """The X-Exotel-Callsid of its INVITEs, and the Sid of the HTTP API."""
        self.from_ = from_
        """Account or party that calls, or that is called first."""
        self.to = to
        """Account, party or number that is called."""
        self.direction = direction
        self.caller_id = caller_id
        """What the called phone shows as the caller."""
        self.custom_field = ""
        """The HTTP API's CustomField."""
        self.legs: list[LegRecord] = []
        self.created_at = _now()
        self.updated_at = self.created_at
        self.answered_at: dt.datetime | None = None
        self.ended_at: dt.datetime | None = None
        self.sip_status: int | None = None
        """The final SIP status, once the call is over."""
        self.reason = ""
        """Why it ended, in words."""
        self.codec = ""
        """The codec of the simulated party's audio, once it is connected."""
        self.is_held = False
        """Whether a phone holds the call now."""
        self.heard_digits: list[HeardDigit] = []
        """Digits that came from the phone, in order, with how they came."""
        self._changes = changes
        self._status = CallStatus.QUEUED
        self._begun = asyncio.Event()
        self._hang_up: Callable[[], object] | None = None
        self._when_over: list[Callable[[CallRecord], None]] = []

    def __repr__(self) -> str:
        return f"<CallRecord {self.sid[:8]} {self.from_} to {self.to}: {self.status}>"

    def __await__(self) -> Generator[Any, None, CallRecord]:
        yield from self._begun.wait().__await__()
        return self

    @property
    def status(self) -> CallStatus:
        """How far the call has come."""
        return self._status

    @property
    def digits(self) -> str:
        """The digits that came from the phone, in order."""
        return "".join(heard.digit for heard in self.heard_digits)

    @property
    def heard_frequency_hz(self) -> float | None:
        """Strongest frequency of the sound that last came from the phone; None for none yet."""
        return next((leg.hearing.frequency_hz for leg in self.legs if leg.hearing.loudest), None)

    @property
    def heard_level(self) -> float:
        """Level of what comes from the phone now, 0 to 1 (root mean square); 0 for silence."""
        return max((leg.hearing.level for leg in self.legs), default=0.0)

    @property
    def duration(self) -> float:
        """Seconds from the answer to the end, or to now; 0 before the answer."""
        if self.answered_at is None:
            return 0.0
        return ((self.ended_at or _now()) - self.answered_at).total_seconds()

    # -- for whoever waits --------------------------------------------------------------------

    async def answered(self, *, timeout: float = 10.0) -> CallRecord:
        """Wait until the call is answered or over, at most `timeout` seconds.

        Raises:
            DeadlineExceeded: Neither happened in time.
        """
        await self._changes.until(
            lambda: self.answered_at is not None or self.status.is_final,
            what=f"the answer of the call to {self.to}",
            timeout=timeout,
        )
        return self

    async def ended(self, *, timeout: float = 10.0) -> CallRecord:
        """Wait until the call is over, at most `timeout` seconds.

        Raises:
            DeadlineExceeded: It goes on.
        """
        await self._changes.until(
            lambda: self.status.is_final, what=f"the end of the call to {self.to}", timeout=timeout
        )
        return self

    async def heard(self, digits: str, *, timeout: float = 10.0) -> CallRecord:
        """Wait until the record's digits end with `digits`, at most `timeout` seconds.

        Raises:
            DeadlineExceeded: They did not come in time.
        """
        await self._changes.until(
            lambda: self.digits.endswith(digits),
            what=f"the digits {digits}",
            timeout=timeout,
            so_far=lambda: self.digits,
        )
        return self

    async def heard_tone(
        self, frequency_hz: float, *, within_hz: float = 5.0, timeout: float = 10.0
    ) -> CallRecord:
        """Wait until the party hears a tone, at most `timeout` seconds.

        Args:
            frequency_hz: The frequency that is wanted.
            within_hz: How far off it may be.
            timeout: Seconds, at most.

        Raises:
            DeadlineExceeded: It did not come in time.
        """
        await self._changes.until(
            lambda: abs((self.heard_frequency_hz or 0.0) - frequency_hz) <= within_hz,
            what=f"a tone of {frequency_hz:g} Hz",
            timeout=timeout,
            so_far=lambda: self.heard_frequency_hz and f"one of {self.heard_frequency_hz:.0f} Hz",
        )
        return self

    def hang_up(self) -> None:
        """End the call from the sandbox's side; nothing happens if it is over."""
        if self._hang_up is not None and not self.status.is_final:
            self._hang_up()

    # -- for those who carry the call ---------------------------------------------------------

    def begin(self) -> None:
        """Note that the first message has gone out."""
        self._begun.set()

    def carried_by(self, hang_up: Callable[[], object]) -> None:
        """Say how the call can be ended."""
        self._hang_up = hang_up

    def when_over(self, tell: Callable[[CallRecord], None]) -> None:
        """Have `tell` called once, when the call is over; at once if it is."""
        if self.status.is_final:
            tell(self)
        else:
            self._when_over.append(tell)

    def add_leg(self, who: str) -> LegRecord:
        """Add a side to the call."""
        leg = LegRecord(who=who)
        self.legs.append(leg)
        return leg

    def advance(self, status: CallStatus) -> None:
        """Take the next status, not a final one."""
        if self._status.is_final or status == self._status:
            return
        self._status = status
        self.updated_at = _now()
        if status is CallStatus.IN_PROGRESS:
            self.answered_at = self.updated_at
        self._changes.announce()

    def finish(self, status: CallStatus, *, sip_status: int, reason: str) -> None:
        """Note that the call is over, once."""
        if self._status.is_final:
            return
        self._status = status
        self.sip_status = sip_status
        self.reason = reason
        self.updated_at = self.ended_at = _now()
        for leg in self.legs:
            was_up = leg.status is CallStatus.IN_PROGRESS
            leg.advance(CallStatus.COMPLETED if was_up else status)
        self._begun.set()
        tell_all, self._when_over = self._when_over, []
        for tell in tell_all:
            tell(self)
        self._changes.announce()

    def changed(self) -> None:
        """Note any other change, such as hold."""
        self.updated_at = _now()
        self._changes.announce()

    def note_digit(self, digit: str, *, method: str, duration: float | None) -> None:
        """Note a digit that came."""
        if len(self.heard_digits) < MAX_DIGITS_KEPT:
            self.heard_digits.append(HeardDigit(digit=digit, method=method, duration=duration))
        self._changes.announce()


class CallLog(Sequence[CallRecord]):
    """The calls of a sandbox, oldest first; the last 500 are kept, and all that are living.

    `calls[-1]` is the newest one, `calls["<sid>"]` the one of that id.
    """

    def __init__(self) -> None:
        self._records: deque[CallRecord] = deque()

    def add(self, record: CallRecord) -> None:
        """Keep a record, and drop the oldest ended one when there are too many."""
        self._records.append(record)
        if len(self._records) > MAX_CALLS_KEPT:
            over = next((kept for kept in self._records if kept.status.is_final), None)
            if over is not None:
                self._records.remove(over)

    @property
    def living(self) -> list[CallRecord]:
        """The calls that are not over."""
        return [record for record in self._records if not record.status.is_final]

    def find(self, sid: str) -> CallRecord | None:
        """Give the call of that id, or None."""
        return next((record for record in self._records if record.sid == sid), None)

    @overload
    def __getitem__(self, index: int | str) -> CallRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[CallRecord]: ...
    def __getitem__(self, index: int | str | slice) -> CallRecord | list[CallRecord]:
        if isinstance(index, str):
            record = self.find(index)
            if record is None:
                raise KeyError(index)
            return record
        if isinstance(index, slice):
            return list(self._records)[index]
        return self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[CallRecord]:
        return iter(list(self._records))
