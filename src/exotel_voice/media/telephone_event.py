"""Digits as RTP events, both ways (RFC 4733). No I/O and no clock here: time is an argument."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Final, NamedTuple

from exotel_voice.media.rtp import signed_distance

__all__ = ["DIGITS", "DigitReceiver", "DigitSender", "EventPacket"]

DIGITS: Final = "0123456789*#ABCD"
"""The digits, each at the place of its event code (RFC 4733 §3.2)."""

_PAYLOAD: Final = Struct("!BBH")
_END: Final = 0x80
_VOLUME: Final = 10
_END_PACKETS: Final = 3
_LONGEST: Final = 0xFFFF
_SILENT_END: Final = 0.2


class EventPacket(NamedTuple):
    """One packet to send."""

    payload: bytes
    has_marker: bool
    """Set on the first packet of an event (RFC 4733 §2.5.1.1)."""
    timestamp: int
    """Where the event, or its segment, began: the same on all its packets (RFC 4733 §2.1)."""


@dataclass(slots=True)
class _Queued:
    code: int
    units: int
    gap: int
    done: Callable[[], None] | None
    timestamp: int = 0
    elapsed: int = 0
    ends_sent: int = 0
    has_begun: bool = False


class DigitSender:
    """Plays queued digits, one packet a tick."""

    def __init__(self) -> None:
        """Start with nothing queued."""
        self._queue: deque[_Queued] = deque()
        self._gap = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is queued or being sent."""
        return not self._queue

    def queue(
        self, digit: str, *, units: int, gap: int, done: Callable[[], None] | None = None
    ) -> None:
        """Send a digit after those that are queued.

        Args:
            digit: One of `DIGITS`.
            units: How long, in units of the event clock.
            gap: Silence before the next digit, in units of the event clock.
            done: Called when its last end packet has been made.
        """
        self._queue.append(_Queued(DIGITS.index(digit), units, gap, done))

    def clear(self) -> None:
        """Forget what is queued; `done` is not called for it."""
        self._queue.clear()
        self._gap = 0

    def turn(self, timestamp: int, units: int) -> EventPacket | None:
        """Give the packet of this tick, or None where the tick is for audio.

        Args:
            timestamp: Where this tick begins, on the RTP clock.
            units: Length of the tick, in units of the event clock.
        """
        if not self._queue:
            self._gap = max(0, self._gap - units)
            return None
        if self._gap > 0:
            self._gap -= units
            if self._gap > 0:
                return None
        event = self._queue[0]
        is_first = not event.has_begun
        if is_first:
            event.has_begun = True
            event.timestamp = timestamp
        if event.ends_sent:
            return self._end(event)
        if event.elapsed >= _LONGEST:
            # RFC 4733 §2.5.1.3: a longer event goes on as a new segment.
            event.timestamp = event.timestamp + _LONGEST & 0xFFFFFFFF
            event.elapsed -= _LONGEST
            event.units -= _LONGEST
        event.elapsed += units
        if event.elapsed >= event.units:
            return self._end(event)._replace(has_marker=is_first)
        payload = _PAYLOAD.pack(event.code, _VOLUME, min(event.elapsed, _LONGEST))
        return EventPacket(payload, is_first, event.timestamp)

    def _end(self, event: _Queued) -> EventPacket:
        """Make an end packet; it is sent three times, with one duration (RFC 4733 §2.5.1.4)."""
        event.ends_sent += 1
        if event.ends_sent == _END_PACKETS:
            self._queue.popleft()
            self._gap = event.gap
            if event.done is not None:
                event.done()
        duration = min(event.elapsed, _LONGEST)
        payload = _PAYLOAD.pack(event.code, _END | _VOLUME, duration)
        return EventPacket(payload, has_marker=False, timestamp=event.timestamp)


@dataclass(slots=True)
class _Heard:
    timestamp: int
    code: int
    clock_rate: int
    before: int
    units: int
    seen: float
    is_reported: bool = False


class DigitReceiver:
    """Puts events together; tells each digit once, at its end."""

    def __init__(self, on_digit: Callable[[str, float], None]) -> None:
        """Report to `on_digit`, with the digit and its duration in seconds."""
        self._on_digit = on_digit
        self._heard: _Heard | None = None

    def receive(self, payload: bytes, timestamp: int, clock_rate: int, *, now: float) -> None:
        """Take one payload; what is not a digit is ignored. Never raises."""
        if len(payload) < _PAYLOAD.size:
            return
        code, flags, units = _PAYLOAD.unpack_from(payload)
        if code >= len(DIGITS):
            return
        heard = self._heard
        if heard is None:
            heard = self._begin(timestamp, code, clock_rate, now)
        elif timestamp != heard.timestamp:
            if signed_distance(timestamp, heard.timestamp, 32) < 0:
                return
            heard = self._next(heard, _Heard(timestamp, code, clock_rate, 0, 0, now))
        heard.seen = now
        heard.units = max(heard.units, units)
        if flags & _END:
            self._report(heard)

    def turn(self, *, now: float) -> None:
        """Report a digit whose end packets were all lost; to be called every 20 ms or so."""
        heard = self._heard
        if heard is not None and not heard.is_reported and now - heard.seen >= _SILENT_END:
            self._report(heard)

    def _begin(self, timestamp: int, code: int, clock_rate: int, now: float) -> _Heard:
        self._heard = heard = _Heard(timestamp, code, clock_rate, 0, 0, now)
        return heard

    def _next(self, old: _Heard, new: _Heard) -> _Heard:
        """Go on to an event with a new timestamp: a new digit, or the next segment of this one."""
        is_segment = (
            not old.is_reported
            and new.code == old.code
            and signed_distance(new.timestamp, old.timestamp, 32) == _LONGEST
        )
        if is_segment:
            new.before = old.before + _LONGEST
        else:
            self._report(old)
        self._heard = new
        return new

    def _report(self, heard: _Heard) -> None:
        if heard.is_reported:
            return
        heard.is_reported = True
        self._on_digit(DIGITS[heard.code], (heard.before + heard.units) / heard.clock_rate)
