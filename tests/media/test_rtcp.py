"""RTCP on exact instants and bytes: reports, round trip, loss, goodbye (RFC 3550 §6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.media.rtcp import (
    ReceptionReport,
    ReceptionStatistics,
    RtcpSession,
    read_rtcp,
    write_goodbye,
    write_report,
)
from exotel_voice.media.rtp import RtpSender

WALL = 1_700_000_000.25


def sender(ssrc: int = 0x11111111) -> RtpSender:
    made = RtpSender(ssrc=ssrc, sequence=1, timestamp=0x1000)
    made.packet(0, bytes(160), 0x1000)
    return made


def test_a_sender_report_is_written_byte_for_byte() -> None:
    block = ReceptionReport(0x22222222, 64, -2, 0x0001FFFF, 80, 0xAABBCCDD, 0x8000)
    assert write_report(sender(), block, cname="me", wall_time=WALL) == bytes.fromhex(
        "81c8000c 11111111 e8fe6f80 40000000 00001000 00000001 000000a0"
        "22222222 40fffffe 0001ffff 00000050 aabbccdd 00008000"
        "81ca0003 11111111 01026d65 00000000"
    )


def test_a_report_reads_back() -> None:
    block = ReceptionReport(0x22222222, 64, -2, 0x0001FFFF, 80, 0xAABBCCDD, 0x8000)
    read = read_rtcp(write_report(sender(), block, cname="me", wall_time=WALL))
    assert read.ssrc == 0x11111111
    assert read.reports == (block,)
    assert read.ntp_middle == 0x6F804000
    assert not read.has_goodbye


def test_a_side_that_sent_nothing_writes_a_receiver_report() -> None:
    packet = write_report(sender(), None, cname="name", wall_time=None)
    assert packet == bytes.fromhex("80c90001 11111111 81ca0003 11111111 01046e61 6d650000")


def test_a_goodbye_stands_behind_a_report_and_a_name() -> None:
    packet = write_goodbye(sender(), cname="me")
    assert packet[-8:] == bytes.fromhex("81cb0001 11111111")
    assert read_rtcp(packet).has_goodbye


@given(st.binary(max_size=120))
def test_no_bytes_make_the_reader_raise(packet: bytes) -> None:
    read_rtcp(packet)
    RtcpSession("me").receive(packet, 1, now=1.0, wall_time=WALL)


@given(st.binary(max_size=80), st.integers(200, 204), st.integers(0, 31))
def test_no_body_makes_the_reader_raise(body: bytes, kind: int, count: int) -> None:
    words = len(body) // 4
    read_rtcp(bytes((0x80 | count, kind)) + words.to_bytes(2, "big") + body)


def test_loss_is_what_the_numbers_say_and_a_report_tells_of_its_interval() -> None:
    statistics = ReceptionStatistics(5)
    for sequence in [65534, 65535, 0, 3, 2, 3]:  # 1 is lost, 3 came twice, 2 out of order
        statistics.receive(sequence, 160)
    assert (statistics.packets_expected, statistics.packets_received) == (6, 6)
    for sequence in range(4, 12):
        if sequence % 4:
            statistics.receive(sequence, 160)
    first = statistics.report(last_report=0, delay=9.0)
    assert (first.packets_lost, first.highest_sequence) == (2, 65536 + 11)
    assert first.fraction_lost == 256 * 2 // 14
    assert (first.last_report, first.delay) == (0, 0)
    statistics.receive(15, 160)
    second = statistics.report(last_report=7, delay=0.5)
    assert second.fraction_lost == 256 * 3 // 4
    assert (second.last_report, second.delay) == (7, 0x8000)
    assert statistics.packets_lost == 5


def test_a_source_that_numbers_anew_keeps_its_losses() -> None:
    statistics = ReceptionStatistics(5)
    for sequence in [1, 2, 4, 40000, 40001]:
        statistics.receive(sequence, 160)
    assert statistics.packets_lost == 1


def test_jitter_is_that_of_the_rfc_in_seconds() -> None:
    statistics = ReceptionStatistics(5)
    expected, last = 0.0, 0.0
    for number, lateness in enumerate([0.0, 0.004, 0.001, 0.010, 0.0]):
        statistics.measure(160 * number, 8000, now=0.02 * number + lateness)
        if number:
            expected += (abs(lateness - last) - expected) / 16
        last = lateness
    assert statistics.jitter == pytest.approx(expected)


def test_reports_come_after_a_second_then_every_five_with_chance_in_it() -> None:
    session = RtcpSession("me")
    due = [tick / 50 for tick in range(50 * 20) if session.is_due(now=tick / 50, chance=0.5)]
    assert due == [1.0, 2.0, 3.0, 8.0, 13.0, 18.0]
    other = RtcpSession("you")
    assert not other.is_due(now=0.0, chance=0.0)
    assert other.is_due(now=0.5, chance=1.0)
    assert not other.is_due(now=1.98, chance=0.0)
    assert other.is_due(now=2.0, chance=0.0)


def test_the_round_trip_is_measured_on_both_sides() -> None:
    """Packets take 30 ms there and 50 ms back; the two clocks of the day differ by an hour."""
    left, right = RtcpSession("left"), RtcpSession("right")
    one, two = sender(1), sender(2)
    right.receive(left.write(one, None, now=0.0, wall_time=WALL), 2, now=100.03, wall_time=0.0)
    assert right.round_trip is None
    back = right.write(two, ReceptionStatistics(1), now=101.0, wall_time=WALL + 3601.0)
    left.receive(back, 1, now=1.05, wall_time=WALL + 0.03 + 0.97 + 0.05)
    assert left.round_trip == pytest.approx(0.080, abs=0.0001)
    again = left.write(one, ReceptionStatistics(2), now=2.05, wall_time=WALL + 2.05)
    right.receive(again, 2, now=102.08, wall_time=WALL + 3602.08)
    assert right.round_trip == pytest.approx(0.080, abs=0.0001)


def test_what_the_far_side_lost_of_ours_is_a_share() -> None:
    session = RtcpSession("me")
    ours = ReceptionReport(1, 64, 10, 100, 0, 0, 0)
    others = ReceptionReport(9, 255, 10, 100, 0, 0, 0)
    session.receive(
        write_report(sender(2), ours, cname="you", wall_time=None), 1, now=0.0, wall_time=WALL
    )
    session.receive(
        write_report(sender(2), others, cname="you", wall_time=None), 1, now=0.0, wall_time=WALL
    )
    assert session.remote_lost_fraction == 0.25
    assert session.round_trip is None


def test_a_report_after_no_audio_is_a_receiver_report() -> None:
    session, ours = RtcpSession("me"), sender()
    kinds = [session.write(ours, None, now=0.0, wall_time=WALL)[1] for _ in range(2)]
    ours.packet(0, b"x", 0)
    kinds.append(session.write(ours, None, now=0.0, wall_time=WALL)[1])
    assert kinds == [200, 201, 200]
