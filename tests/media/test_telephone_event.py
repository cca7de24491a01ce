"""Digits as RTP events, packet by packet (RFC 4733)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.media.telephone_event import DIGITS, DigitReceiver, DigitSender, EventPacket


def play(sender: DigitSender, ticks: int, *, start: int = 1000) -> list[EventPacket | None]:
    return [sender.turn(start + 160 * tick, 160) for tick in range(ticks)]


def heard() -> tuple[DigitReceiver, list[tuple[str, float]]]:
    digits: list[tuple[str, float]] = []
    return DigitReceiver(lambda digit, duration: digits.append((digit, duration))), digits


def test_one_digit_marks_the_first_packet_holds_its_timestamp_and_ends_thrice() -> None:
    sender = DigitSender()
    done = []
    sender.queue("5", units=480, gap=320, done=lambda: done.append(True))
    sent = play(sender, 6)
    assert sent == [
        EventPacket(bytes.fromhex("05 0a 00a0"), True, 1000),
        EventPacket(bytes.fromhex("05 0a 0140"), False, 1000),
        EventPacket(bytes.fromhex("05 8a 01e0"), False, 1000),
        EventPacket(bytes.fromhex("05 8a 01e0"), False, 1000),
        EventPacket(bytes.fromhex("05 8a 01e0"), False, 1000),
        None,
    ]
    assert done == [True]
    assert sender.is_idle


def test_the_next_digit_waits_for_the_gap() -> None:
    sender = DigitSender()
    sender.queue("1", units=160, gap=480)
    sender.queue("#", units=160, gap=480)
    sent = play(sender, 9)
    assert [packet and packet.payload[0] for packet in sent] == [
        1,
        1,
        1,
        None,
        None,
        11,
        11,
        11,
        None,
    ]
    assert [packet.timestamp for packet in sent if packet] == [1000] * 3 + [1800] * 3
    assert [packet.has_marker for packet in sent if packet] == [True, False, False] * 2


def test_a_digit_longer_than_one_event_can_tell_goes_on_as_a_segment() -> None:
    sender, (receiver, digits) = DigitSender(), heard()
    sender.queue("9", units=96000, gap=960)
    packets = [sender.turn(1000 + 960 * tick, 960) for tick in range(110)]
    sent = [packet for packet in packets if packet]
    assert {packet.timestamp for packet in sent} == {1000, 1000 + 0xFFFF}
    assert sum(packet.has_marker for packet in sent) == 1
    for number, packet in enumerate(sent):
        receiver.receive(packet.payload, packet.timestamp, 48000, now=number * 0.02)
    assert [(digit, round(duration, 2)) for digit, duration in digits] == [("9", 2.0)]


def test_clearing_ends_the_sending_at_once() -> None:
    sender = DigitSender()
    done = []
    sender.queue("1", units=1600, gap=160, done=lambda: done.append(True))
    play(sender, 2)
    sender.clear()
    assert play(sender, 2) == [None, None]
    assert done == []


def test_a_digit_is_heard_once_at_its_end_whichever_packets_are_lost() -> None:
    for clock_rate, unit in ((8000, 160), (48000, 960)):
        packets = [bytes((7, 10)) + (unit * n).to_bytes(2, "big") for n in range(1, 5)]
        packets += [bytes((7, 138)) + (unit * 5).to_bytes(2, "big")] * 3
        for lost in range(1 << len(packets)):
            receiver, digits = heard()
            kept = [packet for n, packet in enumerate(packets) if not lost >> n & 1]
            for number, packet in enumerate(kept):
                receiver.receive(packet, 5000, clock_rate, now=number * 0.02)
            for tick in range(20):
                receiver.turn(now=0.2 + tick * 0.02)
            assert [digit for digit, _ in digits] == (["7"] if kept else [])
            if kept and kept[-1][1] & 0x80:
                assert digits == [("7", 0.1)]


def test_a_digit_whose_end_never_came_is_reported_after_200_ms() -> None:
    receiver, digits = heard()
    receiver.receive(b"\x03\x0a\x01\x40", 5000, 8000, now=1.0)
    receiver.turn(now=1.19)
    assert digits == []
    receiver.turn(now=1.2)
    receiver.turn(now=1.22)
    assert digits == [("3", 0.04)]
    receiver.receive(b"\x03\x8a\x01\xe0", 5000, 8000, now=1.3)
    assert digits == [("3", 0.04)]


def test_the_next_digit_ends_one_whose_end_never_came() -> None:
    receiver, digits = heard()
    receiver.receive(b"\x01\x0a\x01\x40", 5000, 8000, now=0.0)
    receiver.receive(b"\x02\x0a\x00\xa0", 6000, 8000, now=0.1)
    receiver.receive(b"\x01\x8a\x03\xc0", 5000, 8000, now=0.12)
    receiver.receive(b"\x02\x8a\x01\x40", 6000, 8000, now=0.14)
    assert digits == [("1", 0.04), ("2", 0.04)]


def test_the_same_digit_twice_is_two_digits_and_the_timestamp_may_wrap() -> None:
    receiver, digits = heard()
    receiver.receive(b"\x08\x8a\x01\x40", 0xFFFFFF00, 8000, now=0.0)
    receiver.receive(b"\x08\x8a\x01\x40", 0x00000500, 8000, now=0.2)
    assert digits == [("8", 0.04), ("8", 0.04)]


def test_every_digit_has_the_code_of_the_rfc() -> None:
    for code, digit in enumerate("0123456789*#ABCD"):
        receiver, digits = heard()
        receiver.receive(bytes((code, 0x8A, 1, 0x40)), 1, 8000, now=0.0)
        assert digits == [(digit, 0.04)]
        assert DIGITS[code] == digit


@given(
    st.lists(st.tuples(st.binary(max_size=6), st.integers(0, 0xFFFFFFFF), st.floats(0, 100))),
)
def test_no_bytes_make_the_receiver_raise(packets: list[tuple[bytes, int, float]]) -> None:
    receiver, _ = heard()
    for payload, timestamp, now in packets:
        receiver.receive(payload, timestamp, 8000, now=now)
        receiver.turn(now=now)


def test_events_that_are_no_digits_are_ignored() -> None:
    receiver, digits = heard()
    receiver.receive(b"\x10\x8a\x01\x40", 1, 8000, now=0.0)  # flash
    receiver.receive(b"\x24\x8a\x01\x40", 2, 8000, now=0.0)  # fax tone
    receiver.receive(b"\x01\x8a\x01", 3, 8000, now=0.0)  # half a payload
    assert digits == []
