"""What is asked of a running stream: mute, hold, digits, reports; and what must not disturb it."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from exotel_voice.errors import InvalidState
from exotel_voice.media.codecs import find_codec
from exotel_voice.media.rtp import RtpPacket, is_rtcp, write_rtp
from exotel_voice.media.stream import StreamIdentity
from media_wire import Recording, Side, after, agreed, join, sounding, stop
from tones import frequency_of, tone_to_noise_db
from virtual_loop import virtual_time


@virtual_time
async def test_mute_sends_silence_and_not_nothing() -> None:
    left, right = Side(sounding(440)), Side()
    join(left, right)
    await after(0.5)
    left.stream.set_muted(True)
    await after(0.5)
    left.stream.set_muted(False)
    await after(0.5)
    stop(left, right)
    assert len(left.rtp) == 75
    assert [packet.has_marker for packet in left.rtp].count(True) == 1
    silent = [packet.payload == b"\xff" * 160 for packet in left.rtp]
    assert silent == [False] * 25 + [True] * 25 + [False] * 25


@virtual_time
async def test_hold_sends_nothing_plays_nothing_and_the_timestamps_run_on() -> None:
    left, right = Side(sounding(440)), Side(sounding(900))
    join(left, right)
    await after(0.5)
    left.stream.set_sending(False)
    left.stream.set_playing(False)
    before = len(left.sink.frames)
    await after(1.0)
    assert len(left.rtp) == 25
    assert len(left.sink.frames) == before
    assert left.stream.stats().packets_received >= 74
    left.stream.set_sending(True)
    left.stream.set_playing(True)
    await after(0.5)
    stop(left, right)
    first = left.rtp[25]
    assert (first.sequence, first.timestamp, first.has_marker) == (25, 75 * 160, True)
    assert frequency_of(np.concatenate(left.sink.frames[-20:]), 8000) == pytest.approx(900, abs=2)
    assert frequency_of(np.concatenate(right.sink.frames[-20:]), 8000) == pytest.approx(440, abs=2)


@virtual_time
async def test_digits_are_sent_in_place_of_audio_and_heard_once_each() -> None:
    left, right = Side(sounding(440)), Side()
    join(left, right)
    await after(0.2)
    await left.stream.send_digits("1#d", duration=0.1, gap=0.1)
    await after(0.3)
    stop(left, right)
    assert right.digits == [("1", 0.1), ("#", 0.1), ("D", 0.1)]
    events = [packet for packet in left.rtp if packet.payload_type == 101]
    assert len(events) == 3 * 7
    assert [packet.has_marker for packet in events] == ([True] + [False] * 6) * 3
    assert len({packet.timestamp for packet in events}) == 3
    sequences = [packet.sequence for packet in left.rtp]
    assert sequences == list(range(len(sequences)))
    assert right.stream.stats().concealed_ms == 0


@virtual_time
async def test_digits_with_the_clock_of_opus_tell_the_same_duration() -> None:
    codec = find_codec("opus")
    assert codec is not None
    left, right = Side(), Side()
    join(left, right, agreed(codec, digits_payload_type=110, digits_clock_rate=48000))
    await left.stream.send_digits("5")
    stop(left, right)
    assert right.digits == [("5", 0.16)]
    events = [packet for packet in left.rtp if packet.payload_type == 110]
    assert int.from_bytes(events[-1].payload[2:]) == 7680


@virtual_time
async def test_digits_queue_behind_each_other_and_each_caller_waits_for_its_own() -> None:
    left, right = Side(), Side()
    join(left, right)
    ended: list[str] = []

    async def press(digits: str) -> None:
        await left.stream.send_digits(digits)
        ended.append(digits)

    await asyncio.gather(press("12"), press("3"), press(""))
    assert ended == ["", "12", "3"]
    await after(0.1)
    stop(left, right)
    assert [digit for digit, _ in right.digits] == ["1", "2", "3"]


@virtual_time
async def test_digits_that_cannot_be_sent_are_refused() -> None:
    left, right = Side(), Side()
    with pytest.raises(InvalidState):
        await left.stream.send_digits("1")
    join(left, right)
    assert left.stream.can_send_digits
    for digits, duration, gap in (("x", 0.1, 0.1), ("1", 0.01, 0.1), ("1", 0.1, 9.0)):
        with pytest.raises(ValueError, match=r"digit|duration"):
            await left.stream.send_digits(digits, duration=duration, gap=gap)
    left.stream.set_sending(False)
    with pytest.raises(InvalidState):
        await left.stream.send_digits("1")
    left.stream.set_sending(True)
    left.stream.configure(agreed(digits_payload_type=None))
    with pytest.raises(InvalidState):
        await left.stream.send_digits("1")
    stop(left, right)
    assert [packet.payload_type for packet in left.rtp if packet.payload_type == 101] == []


@pytest.mark.parametrize("how", ["hold", "stop", "reoffer"])
def test_digits_that_are_cut_off_are_an_error_to_who_waits(how: str) -> None:
    @virtual_time
    async def call() -> None:
        left, right = Side(), Side()
        join(left, right)
        pressing = asyncio.create_task(left.stream.send_digits("123456789"))
        await after(0.5)
        if how == "hold":
            left.stream.set_sending(False)
        elif how == "stop":
            left.stream.stop()
        else:
            left.stream.configure(agreed(digits_payload_type=None))
        with pytest.raises(InvalidState):
            await pressing
        stop(left, right)

    call()


@virtual_time
async def test_hostile_packets_change_nothing() -> None:
    left, right = Side(sounding(440)), Side()
    join(left, right)
    header = write_rtp(RtpPacket(0, False, 5, 5, 99, b""))
    for noise in (b"", b"\x80", header[:5], header, b"\x00" * 50, b"\xff" * 1500, b"\x80\xc8"):
        right.stream.receive_rtp(noise)
        right.stream.receive_rtcp(noise)
    right.stream.receive_rtp(write_rtp(RtpPacket(77, False, 5, 5, 99, b"unknown")))
    await after(1.0)
    stop(left, right)
    right.stream.receive_rtp(left.sent[5])
    assert tone_to_noise_db(right.sink.samples[2000:], 440, 8000) > 30


@virtual_time
async def test_the_time_since_the_last_packet_is_known() -> None:
    left, right = Side(), Side()
    assert right.stream.seconds_since_packet == 0
    right.stream.configure(agreed())
    right.stream.start()
    await after(1.0)
    assert right.stream.seconds_since_packet == pytest.approx(1.0, abs=0.02)
    left.stream.configure(agreed())
    left.carry = right.receive
    left.stream.start()
    await after(1.01)
    assert right.stream.seconds_since_packet < 0.02
    left.stream.stop()
    await after(5.0)
    assert right.stream.seconds_since_packet == pytest.approx(5.0, abs=0.03)
    stop(right)


@virtual_time
async def test_reports_go_on_during_hold_and_a_goodbye_ends_them() -> None:
    left, right = Side(), Side()
    join(left, right)
    await after(1.0)
    for side in (left, right):
        side.stream.set_sending(False)
    await after(20.0)
    reports = [packet for packet in left.sent if is_rtcp(packet)]
    assert len(reports) >= 4
    assert right.stream.seconds_since_packet < 8
    stop(left, right)
    assert left.sent[-1][-8:-4] == bytes.fromhex("81cb0001")
    stop(left, right)
    assert sum(packet[1] == 203 for packet in left.sent) == 0


@virtual_time
async def test_a_stream_that_never_started_says_no_goodbye_and_closes_its_ends() -> None:
    sink = Recording()
    side = Side(sink=sink)
    side.stream.configure(agreed())
    side.stream.stop()
    side.stream.start()
    await after(0.1)
    assert side.sent == []
    assert sink.is_closed


def test_an_identity_is_random_and_fits_its_fields() -> None:
    made = [StreamIdentity.random() for _ in range(20)]
    assert len({one.ssrc for one in made}) == len({one.cname for one in made}) == 20
    assert all(one.first_sequence < 32768 and one.ssrc < 2**32 for one in made)
