"""RTCP: sender and receiver reports, names, goodbyes, and what they tell (RFC 3550 §6).

No I/O, clock or randomness here: time and chance are arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Final, NamedTuple

from exotel_voice.media.rtp import RtpSender, signed_distance

__all__ = [
    "ReceptionReport",
    "ReceptionStatistics",
    "ReportRead",
    "RtcpSession",
    "read_rtcp",
    "write_goodbye",
    "write_report",
]

_SR: Final = 200
_RR: Final = 201
_SDES: Final = 202
_BYE: Final = 203
_HEADER: Final = Struct("!BBH")
_WORD: Final = Struct("!I")
_SENDER_INFO: Final = Struct("!IIIII")
_BLOCK: Final = Struct("!IIIIII")
_NTP_EPOCH: Final = 2_208_988_800
_FIRST_INTERVAL: Final = 1.0
_INTERVAL: Final = 5.0
_EARLY_REPORTS: Final = 3


class ReceptionReport(NamedTuple):
    """What one side says of what it receives from the other (RFC 3550 §6.4.1)."""

    ssrc: int
    fraction_lost: int
    """Share lost since the last report, in 256ths."""
    packets_lost: int
    highest_sequence: int
    """With the count of cycles in the upper 16 bits."""
    jitter: int
    """In timestamp units."""
    last_report: int
    """Middle 32 bits of the NTP time of the last sender report that came, or 0."""
    delay: int
    """Since that report came, in 65536ths of a second."""


@dataclass(slots=True)
class ReportRead:
    """What one compound packet said, as far as this side uses it."""

    ssrc: int | None = None
    """Who sent it."""
    ntp_middle: int | None = None
    """Middle 32 bits of its NTP time, where it held a sender report."""
    reports: tuple[ReceptionReport, ...] = ()
    """Its report blocks."""
    has_goodbye: bool = False
    """Whether the far side says that it leaves."""


class ReceptionStatistics:
    """Counts what comes from one source (RFC 3550 §6.4.1, §A.3 and §A.8)."""

    def __init__(self, ssrc: int) -> None:
        """Start counting a source."""
        self.ssrc = ssrc
        self.packets_received = 0
        self.bytes_received = 0
        self.jitter = 0.0
        """Interarrival jitter, in seconds."""
        self._first: int | None = None
        self._highest = 0
        self._reported_expected = 0
        self._reported_received = 0
        self._transit: float | None = None
        self._last_timestamp: int | None = None
        self._last_rate = 0

    def receive(self, sequence: int, size: int) -> None:
        """Count a packet; duplicates are counted too, as the RFC has it."""
        self.packets_received += 1
        self.bytes_received += size
        if self._first is None:
            self._first = self._highest = sequence
            return
        step = signed_distance(sequence, self._highest & 0xFFFF, 16)
        if -3000 < step < 3000:
            highest = self._highest + step
            self._highest = max(self._highest, highest)
            self._first = min(self._first, highest)
            return
        # The source has begun to count anew: what was lost before stays counted.
        self._first = sequence - self.packets_expected
        self._highest = sequence

    def measure(self, timestamp: int, clock_rate: int, *, now: float) -> None:
        """Take an audio packet into the jitter; to be called once for each timestamp."""
        if timestamp == self._last_timestamp:
            return
        transit = now - timestamp / clock_rate
        if self._transit is not None and self._last_rate == clock_rate:
            difference = abs(transit - self._transit)
            if difference < 1.0:
                self.jitter += (difference - self.jitter) / 16
        self._transit, self._last_timestamp, self._last_rate = transit, timestamp, clock_rate

    @property
    def packets_expected(self) -> int:
        """Packets that the source has sent, by its numbers."""
        return 0 if self._first is None else self._highest - self._first + 1

    @property
    def packets_lost(self) -> int:
        """Packets that never came; never below 0, whatever was duplicated."""
        return max(0, self.packets_expected - self.packets_received)

    def report(self, *, last_report: int, delay: float) -> ReceptionReport:
        """Make the block for the next report, and start a new interval."""
        expected, received = self.packets_expected, self.packets_received
        expected_now = expected - self._reported_expected
        lost_now = expected_now - (received - self._reported_received)
        self._reported_expected, self._reported_received = expected, received
        fraction = 0
        if expected_now > 0 and lost_now > 0:
            fraction = min(255, 256 * lost_now // expected_now)
        return ReceptionReport(
            ssrc=self.ssrc,
            fraction_lost=fraction,
            packets_lost=min(expected - received, 0x7FFFFF),
            highest_sequence=self._highest & 0xFFFFFFFF,
            jitter=int(self.jitter * self._last_rate) & 0xFFFFFFFF,
            last_report=last_report,
            delay=int(delay * 65536) & 0xFFFFFFFF if last_report else 0,
        )


def _ntp(wall_time: float) -> int:
    """Seconds since 1970 as a 64-bit NTP time (RFC 3550 §4)."""
    return int((wall_time + _NTP_EPOCH) * 2**32) & 0xFFFFFFFFFFFFFFFF


def write_report(
    sender: RtpSender, report: ReceptionReport | None, *, cname: str, wall_time: float | None
) -> bytes:
    """Write a compound packet: a report and the name of this side (RFC 3550 §6.1).

    Args:
        sender: Gives SSRC, timestamp and counts.
        report: What to say of the far side, or None.
        cname: Canonical name.
        wall_time: Seconds since 1970: a sender report. None: a receiver report, which is what a
            side sends that has sent no audio since its last reports (RFC 3550 §6.4).
    """
    blocks = b"" if report is None else _write_block(report)
    body = _WORD.pack(sender.ssrc)
    kind = _RR
    if wall_time is not None:
        kind = _SR
        ntp = _ntp(wall_time)
        octets, packets = sender.bytes_sent & 0xFFFFFFFF, sender.packets_sent & 0xFFFFFFFF
        body += _SENDER_INFO.pack(ntp >> 32, ntp & 0xFFFFFFFF, sender.timestamp, packets, octets)
    count = 1 if blocks else 0
    return _write(kind, count, body + blocks) + _write_name(sender.ssrc, cname)


def write_goodbye(sender: RtpSender, *, cname: str) -> bytes:
    """Write the compound packet with which a side leaves (RFC 3550 §6.6)."""
    empty = write_report(sender, None, cname=cname, wall_time=None)
    return empty + _write(_BYE, 1, _WORD.pack(sender.ssrc))


def _write(kind: int, count: int, body: bytes) -> bytes:
    return _HEADER.pack(0x80 | count, kind, len(body) // 4) + body


def _write_name(ssrc: int, cname: str) -> bytes:
    name = cname.encode()[:255]
    items = bytes((1, len(name))) + name
    items += bytes(4 - len(items) % 4)
    return _write(_SDES, 1, _WORD.pack(ssrc) + items)


def _write_block(report: ReceptionReport) -> bytes:
    lost = report.fraction_lost << 24 | report.packets_lost & 0xFFFFFF
    return _BLOCK.pack(
        report.ssrc,
        lost,
        report.highest_sequence,
        report.jitter,
        report.last_report,
        report.delay,
    )


def read_rtcp(packet: bytes) -> ReportRead:
    """Read a compound packet. Never raises: what cannot be read is left out."""
    read = ReportRead()
    for kind, count, body in _packets(packet):
        if kind == _BYE:
            read.has_goodbye = True
        elif kind in {_SR, _RR} and len(body) >= 4:
            _read_report(read, kind, count, body)
    return read


def _packets(compound: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while len(compound) - at >= 4:
        first, kind, words = _HEADER.unpack_from(compound, at)
        end = at + 4 + 4 * words
        if first & 0xC0 != 0x80 or end > len(compound):
            return
        yield kind, first & 0x1F, compound[at + 4 : end]
        at = end


def _read_report(read: ReportRead, kind: int, count: int, body: bytes) -> None:
    (read.ssrc,) = _WORD.unpack_from(body)
    at = 4
    if kind == _SR:
        if len(body) < at + _SENDER_INFO.size:
            return
        seconds, fraction, *_ = _SENDER_INFO.unpack_from(body, at)
        read.ntp_middle = (seconds & 0xFFFF) << 16 | fraction >> 16
        at += _SENDER_INFO.size
    blocks = min(count, (len(body) - at) // _BLOCK.size)
    read.reports += tuple(_read_block(body, at + index * _BLOCK.size) for index in range(blocks))


def _read_block(body: bytes, at: int) -> ReceptionReport:
    ssrc, lost, highest, jitter, last, delay = _BLOCK.unpack_from(body, at)
    signed = signed_distance(lost & 0xFFFFFF, 0, 24)
    return ReceptionReport(ssrc, lost >> 24, signed, highest, jitter, last, delay)


class RtcpSession:
    """When to report, and what the far side's reports tell of the path."""

    def __init__(self, cname: str) -> None:
        """Start with nothing known."""
        self.round_trip: float | None = None
        """Seconds, from the far side's last report on us; None before one."""
        self.remote_lost_fraction: float | None = None
        """Share of our packets that it says were lost lately, 0 to 1; None before a report."""
        self.has_goodbye = False
        """Whether the far side has said that it leaves."""
        self._cname = cname
        self._due: float | None = None
        self._last_report = 0
        self._last_report_at = 0.0
        self._packets_reported = 0
        self._reports = 0

    def is_due(self, *, now: float, chance: float) -> bool:
        """Whether to send a report now; if so, the next is planned.

        Args:
            now: The time, in seconds.
            chance: A random number from 0 to 1, so that sides do not report in step
                (RFC 3550 §6.3.1).
        """
        if self._due is None:
            self._due = now + _FIRST_INTERVAL * (0.5 + chance)
        if now < self._due:
            return False
        self._reports += 1
        # Deviates: the first three reports come a second apart, not half an interval and more, so
        # that both sides know the round trip early; it costs two packets a call (RFC 3550 §6.2).
        interval = _FIRST_INTERVAL if self._reports < _EARLY_REPORTS else _INTERVAL
        self._due = now + interval * (0.5 + chance)
        return True

    def write(
        self,
        sender: RtpSender,
        received: ReceptionStatistics | None,
        *,
        now: float,
        wall_time: float,
    ) -> bytes:
        """Write the report that is due."""
        has_sent = sender.packets_sent != self._packets_reported
        self._packets_reported = sender.packets_sent
        delay = now - self._last_report_at
        return write_report(
            sender,
            None
            if received is None
            else received.report(last_report=self._last_report, delay=delay),
            cname=self._cname,
            wall_time=wall_time if has_sent else None,
        )

    def write_goodbye(self, sender: RtpSender) -> bytes:
        """Write the packet with which this side leaves."""
        return write_goodbye(sender, cname=self._cname)

    def receive(self, packet: bytes, ssrc: int, *, now: float, wall_time: float) -> ReportRead:
        """Take a packet of the far side; `ssrc` is this side's. Never raises."""
        read = read_rtcp(packet)
        if read.ntp_middle is not None:
            self._last_report, self._last_report_at = read.ntp_middle, now
        self.has_goodbye = self.has_goodbye or read.has_goodbye
        for report in read.reports:
            if report.ssrc == ssrc:
                self.remote_lost_fraction = report.fraction_lost / 256
                self._measure_round_trip(report, wall_time)
        return read

    def _measure_round_trip(self, report: ReceptionReport, wall_time: float) -> None:
        """Take arrival minus sending minus the far side's delay (RFC 3550 §6.4.1)."""
        if not report.last_report:
            return
        arrival = _ntp(wall_time) >> 16 & 0xFFFFFFFF
        units = arrival - report.last_report - report.delay & 0xFFFFFFFF
        if units < 0x80000000:
            self.round_trip = units / 65536
