"""The jitter buffer of one call: packets in as they come, audio out in order and in time.

Playing follows the far side's timestamps. The *delay* of a packet is the time from the moment at
which the fastest packet of the last seconds would have arrived in its place, to its turn. The
delay follows the jitter that is measured. A missing packet is passed over when its turn comes, so
a loss leaves no extra delay behind. No I/O and no clock here: `now` is an argument.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from exotel_voice.media.playout_delay import JitterSettings, PlayoutDelay, Shrink
from exotel_voice.media.rtp import RtpPacket, signed_distance

__all__ = ["JitterBuffer", "JitterSettings", "Missing", "Playable", "Shrink"]

_TICK: Final = 0.020
_WINDOW: Final = 250
_LATE_IN_A_ROW: Final = 5
_SEQUENCE_JUMP: Final = 1000
_REST_AFTER: Final = 1.0


class Playable(NamedTuple):
    """A packet whose turn it is."""

    payload: bytes
    """What to decode."""
    payload_type: int
    """What to decode it with."""
    units: int
    """Its length on the RTP clock."""
    shrink: Shrink
    """Whether to merge this packet with the next one, which `pop` then gives in the same tick."""


class Missing(NamedTuple):
    """20 ms for which no packet has come."""

    next_payload: bytes | None
    """The payload that follows, if it is here: it may hold the missing audio (RFC 6716 §2.1.7)."""


class _Waiting(NamedTuple):
    timestamp: int
    units: int
    payload_type: int
    payload: bytes


class JitterBuffer:
    """Reorders, drops duplicates and late packets, and decides when each packet is played."""

    def __init__(self, clock_rate: int, settings: JitterSettings | None = None) -> None:
        """Make an empty buffer.

        Args:
            clock_rate: Units of timestamp in a second.
            settings: Limits; the defaults suit calls.
        """
        self.packets_late = 0
        """Packets whose turn had passed when they came."""
        self.packets_duplicate = 0
        """Packets that had come before."""
        self._settings = settings or JitterSettings()
        self._rate = clock_rate
        self.tick_units = int(clock_rate * _TICK)
        """20 ms in units of timestamp."""
        self._timing = PlayoutDelay(clock_rate, self._settings)
        self.reset()

    def reset(self) -> None:
        """Forget everything but the counters and the jitter: the next packet starts a timeline."""
        self._waiting: dict[int, _Waiting] = {}
        self._without_audio: set[int] = set()
        self._passed: deque[int] = deque(maxlen=_WINDOW)
        self._timing.reset()
        self._newest_sequence: int | None = None
        self._newest_timestamp = 0
        self._next_sequence = 0
        self._play_at: int | None = None
        self._strange_sequence: int | None = None
        self._late_in_a_row = 0
        self._empty_since: float | None = None
        self._is_paused = False
        self._is_fresh = True
        self._delay = 0.0

    @property
    def delay(self) -> float:
        """Present delay, in seconds, as defined above."""
        return self._delay

    @property
    def target_delay(self) -> float:
        """Delay that the measured jitter asks for, in seconds."""
        return self._timing.target

    def push(self, packet: RtpPacket, units: int, *, now: float) -> bool:
        """Take a packet that has arrived.

        Args:
            packet: The packet. Its SSRC and marker are not looked at.
            units: Length of the payload in timestamp units, above 0.
            now: When it arrived, in seconds.

        Returns:
            Whether it will be played; False for a late one, a duplicate or a stray.
        """
        newest = self._newest_sequence
        if newest is None:
            step, sequence, timestamp = 1, packet.sequence, packet.timestamp
            self._next_sequence = sequence
        else:
            # Distances by `signed_distance`, written out: this runs for every packet.
            step = (packet.sequence - newest + 0x8000 & 0xFFFF) - 0x8000
            if not -_SEQUENCE_JUMP < step < _SEQUENCE_JUMP:
                return self._take_stray(packet, units, now)
            sequence = newest + step
            reference = self._newest_timestamp
            ahead = (packet.timestamp - reference + 0x80000000 & 0xFFFFFFFF) - 0x80000000
            timestamp = reference + ahead
            if step <= 0 and self._is_duplicate(sequence):
                self.packets_duplicate += 1
                return False
        if not self._timing.measure(timestamp, now):
            self._begin_anew(sequence)
            self._timing.measure(timestamp, now)
        play_at = self._play_at
        if play_at is None or (sequence >= self._next_sequence and timestamp + units > play_at):
            self._late_in_a_row = 0
        elif self._is_too_late(sequence):
            return False
        if step > 0:
            self._newest_sequence = sequence
            self._newest_timestamp = timestamp
        if len(self._waiting) >= self._settings.max_packets:
            self._begin_anew(sequence)
        if self._is_fresh and sequence < self._next_sequence:
            self._next_sequence = sequence
        self._waiting[sequence] = _Waiting(timestamp, units, packet.payload_type, packet.payload)
        return True

    def skip(self, sequence: int) -> None:
        """Note a packet of this stream that holds no audio: digits, comfort noise (RFC 3389 §4.1).

        The audio pauses at its place: what is missing there is not made up.
        """
        newest = self._newest_sequence
        if newest is None:
            return
        step = signed_distance(sequence, newest, 16)
        if -_SEQUENCE_JUMP < step < _SEQUENCE_JUMP and len(self._without_audio) < _SEQUENCE_JUMP:
            self._without_audio.add(newest + step)

    def pop(self, *, now: float) -> Playable | Missing | None:
        """Give what is to be played next.

        To be called every 20 ms, as often as it takes to get 20 ms of audio.

        Returns:
            The next packet; `Missing` for 20 ms that have to be made up; None where there is
            nothing to play, because the far side has paused or has not begun.
        """
        play_at = self._play_at
        if play_at is None:
            return self._start(now)
        if self._without_audio:
            self._pause_at_skipped()
        item = self._waiting.get(self._next_sequence)
        if item is None:
            return self._fill_gap(play_at, now) if self._waiting else self._fill_end(play_at, now)
        if item.timestamp > play_at and self._timing.of(item.timestamp, now) < self._timing.target:
            # The far side left time out, by a pause or by packets that we have passed over.
            return self._made_up(play_at, item)
        return self._take(self._next_sequence, now)

    def _pause_at_skipped(self) -> None:
        while self._next_sequence in self._without_audio:
            self._next_sequence += 1
            self._is_paused = True
        if self._is_paused:
            oldest = self._next_sequence
            self._without_audio = {number for number in self._without_audio if number >= oldest}

    def _take_stray(self, packet: RtpPacket, units: int, now: float) -> bool:
        """A jump in sequence is believed when a second packet follows it (RFC 3550 §A.1)."""
        expected, self._strange_sequence = self._strange_sequence, packet.sequence + 1 & 0xFFFF
        if expected != packet.sequence:
            return False
        self.reset()
        return self.push(packet, units, now=now)

    def _is_duplicate(self, sequence: int) -> bool:
        if sequence in self._waiting:
            return True
        return (
            sequence < self._next_sequence and not self._is_fresh and sequence not in self._passed
        )

    def _is_too_late(self, sequence: int) -> bool:
        """Count a packet whose turn has passed and learn from it; False if it is to be followed."""
        self._late_in_a_row += 1
        if self._late_in_a_row >= _LATE_IN_A_ROW:
            # The path has become slower, or the far side's clock was set back.
            self._begin_anew(sequence)
            return False
        self.packets_late += 1
        if sequence in self._passed:
            self._passed.remove(sequence)
        self._pass_over(sequence + 1)
        self._timing.review()
        return True

    def _begin_anew(self, sequence: int) -> None:
        """Forget the timeline, not the place in the sequence; play again from `sequence`."""
        self._waiting.clear()
        self._timing.reset()
        self._without_audio.clear()
        self._passed.clear()
        self._next_sequence = sequence
        self._play_at = None
        self._late_in_a_row = 0
        self._empty_since = None
        self._is_fresh = False

    def _pass_over(self, next_sequence: int) -> None:
        if next_sequence > self._next_sequence:
            self._passed.extend(range(self._next_sequence, next_sequence))
            self._next_sequence = next_sequence

    def _start(self, now: float) -> Playable | None:
        if not self._waiting:
            return None
        first = min(self._waiting)
        item = self._waiting[first]
        wanted = self._timing.target + self._early(item)
        if self._timing.of(item.timestamp, now) + _TICK / 2 < wanted:
            return None
        self._is_fresh = False
        return self._take(first, now)

    def _early(self, item: _Waiting) -> float:
        """Seconds before its time at which a packet may be needed, if it is no whole of ticks."""
        return item.units % self.tick_units / self._rate

    def _take(self, sequence: int, now: float) -> Playable:
        item = self._waiting.pop(sequence)
        self._pass_over(sequence)
        self._next_sequence = sequence + 1
        self._empty_since = None
        self._play_at = item.timestamp + item.units
        self._delay = delay = self._timing.of(item.timestamp, now)
        self._is_paused = False
        shrink = Shrink.NO
        if self._next_sequence in self._waiting:
            length = max(item.units, self.tick_units) / self._rate + self._early(item)
            shrink = self._timing.judge(delay, length, now)
        return Playable(item.payload, item.payload_type, item.units, shrink)

    def _fill_gap(self, play_at: int, now: float) -> Playable | Missing | None:
        """The next packet is missing and later ones are here."""
        first = min(self._waiting)
        following = self._waiting[first]
        if following.timestamp <= play_at:
            return self._take(first, now)
        self._pass_over(min(self._next_sequence + 1, first))
        return self._made_up(play_at, following)

    def _made_up(self, play_at: int, following: _Waiting) -> Missing | None:
        self._play_at = end = play_at + self.tick_units
        if self._is_paused:
            return None
        return Missing(following.payload if following.timestamp <= end else None)

    def _fill_end(self, play_at: int, now: float) -> Missing | None:
        """Nothing is here: the packets are late, or the far side has paused."""
        if self._empty_since is None:
            self._empty_since = now
        if now - self._empty_since >= _REST_AFTER:
            self._begin_anew(self._next_sequence)
            return None
        if self._timing.of(play_at, now) >= self._timing.target:
            self._play_at = play_at + self.tick_units
        return None if self._is_paused else Missing(None)
