"""The jitter buffer on exact instants: packets with a time of arrival, turns every 20 ms."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.media.jitter import JitterBuffer, JitterSettings, Missing, Playable, Shrink
from exotel_voice.media.rtp import RtpPacket

PHASE = 0.012
"""How long after the sender's tick the receiver's tick is."""


def packet(number: int, *, timestamp: int | None = None, sequence: int | None = None) -> RtpPacket:
    """Packet `number` of a stream of 20 ms of G.711, named by its payload."""
    return RtpPacket(
        payload_type=0,
        has_marker=number == 0,
        sequence=(number if sequence is None else sequence) & 0xFFFF,
        timestamp=(160 * number if timestamp is None else timestamp) & 0xFFFFFFFF,
        ssrc=1,
        payload=str(number).encode(),
    )


def run(
    buffer: JitterBuffer, arrivals: Iterable[tuple[float, RtpPacket]], ticks: int, *, start: int = 0
) -> list[str]:
    """Play `ticks` turns against arrivals; a packet's number, `-` for missing, `.` for nothing.

    All packets are quiet, so that one may be left out wherever the buffer would like it.
    """
    waiting = sorted(arrivals, key=lambda arrival: arrival[0])
    heard = []
    for tick in range(start, start + ticks):
        now = tick * 0.02 + PHASE
        while waiting and waiting[0][0] <= now:
            at, arrived = waiting.pop(0)
            buffer.push(arrived, 160, now=at)
        item = buffer.pop(now=now)
        if isinstance(item, Playable) and item.shrink is not Shrink.NO:
            buffer.pop(now=now)
        if isinstance(item, Playable):
            heard.append(item.payload.decode())
        else:
            heard.append("." if item is None else "-")
    return heard


def numbers(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last + 1)]


def steady(count: int, *, late: dict[int, float] | None = None) -> list[tuple[float, RtpPacket]]:
    """Packets each 20 ms from 0 on; those in `late` come by so many seconds later."""
    return [(0.02 * n + (late or {}).get(n, 0.0), packet(n)) for n in range(count)]


def test_playing_begins_after_the_initial_delay_and_goes_on_in_order() -> None:
    heard = run(JitterBuffer(8000), steady(20), 12)
    # Packet 0 comes at 0 ms; the turns are at 12, 32 and 52 ms; 32 is nearest to the 40 wanted.
    assert heard == [".", *numbers(0, 10)]


def test_reordered_packets_are_played_in_order() -> None:
    arrivals = steady(20, late={5: 0.025, 9: 0.021})
    buffer = JitterBuffer(8000)
    assert run(buffer, arrivals, 12) == [".", *numbers(0, 10)]
    assert buffer.packets_late == 0


def test_duplicates_are_dropped_before_and_after_they_were_played() -> None:
    arrivals = [*steady(20), (0.061, packet(3)), (0.2, packet(3)), (0.2, packet(4))]
    buffer = JitterBuffer(8000)
    assert run(buffer, arrivals, 12) == [".", *numbers(0, 10)]
    assert (buffer.packets_duplicate, buffer.packets_late) == (3, 0)


def test_a_loss_is_one_missing_turn_and_leaves_no_delay_behind() -> None:
    buffer = JitterBuffer(8000)
    arrivals = [arrival for arrival in steady(60) if arrival[1].sequence != 5]
    heard = run(buffer, arrivals, 8)
    delay = buffer.delay
    assert heard == [".", *numbers(0, 4), "-", "6"]
    assert run(buffer, arrivals[7:], 4, start=8) == numbers(7, 10)
    assert buffer.delay == pytest.approx(delay)


def test_what_follows_a_lost_packet_is_offered_for_its_redundancy() -> None:
    buffer = JitterBuffer(8000, JitterSettings(initial_delay=0.06))
    for at, arrived in steady(8):
        if arrived.sequence not in {3, 4}:
            buffer.push(arrived, 160, now=at)
    turns = [buffer.pop(now=0.05 + 0.02 * tick) for tick in range(6)]
    assert turns[3] == Missing(None)
    assert turns[4] == Missing(b"5")
    assert isinstance(turns[5], Playable)


def test_a_late_packet_is_dropped_and_counted() -> None:
    buffer = JitterBuffer(8000)
    heard = run(buffer, steady(20, late={5: 0.05}), 12)
    assert heard == [".", *numbers(0, 4), "-", *numbers(6, 10)]
    assert buffer.packets_late == 1


def test_sequence_and_timestamp_wrap_without_a_gap() -> None:
    arrivals = [
        (
            0.02 * n,
            packet(n, sequence=65530 + n, timestamp=0xFFFFFFFF - 800 + 160 * n),
        )
        for n in range(20)
    ]
    assert run(JitterBuffer(8000), arrivals, 12) == [".", *numbers(0, 10)]


def test_the_delay_shrinks_to_what_a_steady_stream_needs() -> None:
    buffer = JitterBuffer(8000)
    run(buffer, steady(200), 200)
    # 12 ms is the distance of the two ticks: no packet waits for a whole turn.
    assert round(buffer.delay, 3) == PHASE


def test_the_delay_grows_with_the_jitter_and_then_nothing_is_late() -> None:
    buffer = JitterBuffer(8000)
    jittery = {n: (n * 7 % 10) * 0.01 for n in range(100, 800)}
    arrivals = steady(800, late=jittery)
    run(buffer, arrivals, 400)
    late = buffer.packets_late
    after = [arrival for arrival in arrivals if arrival[0] > 399 * 0.02 + PHASE]
    heard = run(buffer, after, 300, start=400)
    assert buffer.packets_late == late
    assert "-" not in heard
    assert 0.09 <= buffer.delay <= 0.12
    run(buffer, [], 10, start=700)


def test_the_delay_comes_back_when_the_jitter_is_over() -> None:
    buffer = JitterBuffer(8000)
    jittery = {n: (n * 7 % 10) * 0.01 for n in range(100, 400)}
    run(buffer, steady(1200, late=jittery), 1200)
    assert buffer.delay <= 0.035


def test_one_spike_costs_what_it_delayed_and_no_more() -> None:
    buffer = JitterBuffer(8000)
    spike = {n: 0.02 * (110 - n) for n in range(105, 110)}
    heard = run(buffer, steady(300, late=spike), 300)
    played = [int(sound) for sound in heard if sound.isdigit()]
    assert played == sorted(played)
    assert heard[120:].count("-") == 0
    assert buffer.delay <= 0.04


def test_a_slower_path_is_followed_after_five_late_packets() -> None:
    buffer = JitterBuffer(8000)
    arrivals = steady(100) + [(0.02 * n + 0.25, packet(n)) for n in range(100, 300)]
    heard = run(buffer, arrivals, 310)
    assert buffer.packets_late <= 5
    assert heard[-5:] == [str(int(heard[-5]) + n) for n in range(5)]
    assert buffer.delay <= 0.06


def test_after_a_pause_with_running_timestamps_playing_goes_on_with_the_same_delay() -> None:
    buffer = JitterBuffer(8000)
    talk = steady(100) + [
        (0.02 * n + 0.4, packet(n, timestamp=160 * (n + 20))) for n in range(100, 130)
    ]
    heard = run(buffer, talk, 149)
    assert [sound for sound in heard if sound.isdigit()][-20:] == [
        str(int(heard[-1]) - 19 + n) for n in range(20)
    ]
    assert buffer.packets_late == 0
    assert buffer.delay < 0.035


def test_after_a_hold_whose_timestamps_stood_still_no_packet_is_lost() -> None:
    buffer = JitterBuffer(8000)
    heard = run(buffer, steady(50), 150)
    assert heard[-1] == "."
    resumed = [(3.0 + 0.02 * n, packet(50 + n)) for n in range(30)]
    heard = run(buffer, resumed, 20, start=150)
    assert [sound for sound in heard if sound != "."][:10] == numbers(50, 59)


def test_a_jump_of_the_timestamps_starts_a_new_timeline() -> None:
    buffer = JitterBuffer(8000)
    jump = [(0.02 * n, packet(n, timestamp=160 * n + 1_000_000)) for n in range(50, 80)]
    heard = run(buffer, steady(50) + jump, 75)
    assert heard[-5:] == numbers(70, 74)


def test_a_stray_sequence_is_ignored_and_two_in_a_row_are_a_new_start() -> None:
    buffer = JitterBuffer(8000)
    stray = [(0.101, packet(900, sequence=30000))]
    assert run(buffer, steady(20) + stray, 12) == [".", *numbers(0, 10)]
    restarted = [(0.4 + 0.02 * n, packet(500 + n, sequence=40000 + n)) for n in range(20)]
    heard = run(buffer, restarted, 20, start=20)
    assert [sound for sound in heard if sound.isdigit()][:5] == ["11", *numbers(501, 504)]


def test_digits_between_the_audio_are_a_pause_and_not_a_loss() -> None:
    buffer = JitterBuffer(8000)
    heard = []
    for tick in range(40):
        now = tick * 0.02
        if 10 <= tick < 18:
            buffer.skip(tick)
        else:
            buffer.push(packet(tick), 160, now=now)
        item = buffer.pop(now=now + PHASE)
        if isinstance(item, Playable):
            heard.append(item.payload.decode())
        else:
            heard.append("." if item is None else "-")
    assert "-" not in heard[:12]
    assert heard.count("-") <= 1
    assert heard[-10:] == numbers(int(heard[-1]) - 9, int(heard[-1]))


def test_packets_of_other_lengths_keep_their_own_time() -> None:
    for milliseconds in (10, 30, 40, 60):
        units = milliseconds * 8
        buffer = JitterBuffer(8000)
        heard: list[str] = []
        owed = 0
        sent = 0
        for tick in range(100):
            now = tick * 0.02 + PHASE
            while sent * milliseconds / 1000 <= now:
                arrived = packet(sent, timestamp=sent * units)
                buffer.push(arrived, units, now=sent * milliseconds / 1000)
                sent += 1
            owed += 160
            while owed > 0:
                item = buffer.pop(now=now)
                owed -= item.units if isinstance(item, Playable) else 160
                if isinstance(item, Playable):
                    heard.append(item.payload.decode())
                else:
                    assert item is None
        assert heard == numbers(0, len(heard) - 1)
        assert len(heard) >= 1800 // milliseconds


def test_a_flood_keeps_the_buffer_bounded() -> None:
    buffer = JitterBuffer(8000, JitterSettings(max_packets=50))
    for number in range(1000):
        buffer.push(packet(number), 160, now=0.0)
    taken = 0
    for _ in range(1000):
        taken += isinstance(buffer.pop(now=100.0), Playable)
    assert 0 < taken <= 50


@given(
    st.lists(
        st.tuples(
            st.integers(0, 0xFFFF),
            st.integers(0, 0xFFFFFFFF),
            st.integers(1, 5760),
            st.floats(0, 0.1),
            st.integers(0, 3),
        ),
        max_size=60,
    )
)
def test_no_packets_make_it_raise_or_give_more_than_came(
    arrivals: list[tuple[int, int, int, float, int]],
) -> None:
    buffer = JitterBuffer(8000, JitterSettings(max_packets=10))
    now = 0.0
    played = 0
    for sequence, timestamp, units, step, pops in arrivals:
        now += step
        buffer.push(RtpPacket(0, False, sequence, timestamp, 1, b"x"), units, now=now)
        buffer.skip(timestamp & 0xFFFF)
        for _ in range(pops):
            played += isinstance(buffer.pop(now=now), Playable)
    assert played <= len(arrivals)
    assert buffer.packets_late + buffer.packets_duplicate + played <= len(arrivals)
