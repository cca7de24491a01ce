"""What a stream does when time does not go as planned: stalls, stragglers, a delay too long."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from exotel_voice.media.audio import Silence
from exotel_voice.media.clock import MediaClock
from exotel_voice.media.codecs import find_codec
from exotel_voice.media.g711 import PCMA, PCMU
from exotel_voice.media.jitter import JitterBuffer, Playable
from exotel_voice.media.playout import Playout
from exotel_voice.media.recorder import AudioRecorder
from exotel_voice.media.rtp import RtpPacket, write_rtp
from media_wire import Recording, Side, after, agreed, join, sounding, stop
from tones import frequency_of, level_of, tone, tone_to_noise_db
from virtual_loop import VirtualLoop, virtual_time


def stand_still(seconds: float) -> None:
    """Let the process stand still, as a long computation would."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop._clock.now += seconds


@virtual_time
async def test_after_a_long_stall_the_timestamps_tell_the_gap_and_nothing_bursts() -> None:
    left, right = Side(sounding(440)), Side()
    join(left, right)
    await after(0.5)
    before = len(left.rtp)
    stand_still(0.3)
    await after(0.1)
    sent = left.rtp[before - 1 :]
    assert [packet.sequence - sent[0].sequence for packet in sent] == list(range(len(sent)))
    assert sent[1].timestamp - sent[0].timestamp >= 14 * 160
    assert sent[1].has_marker
    assert len(sent) <= 8
    assert {second.timestamp - first.timestamp for first, second in pairwise(sent[1:])} == {160}
    stop(left, right)


@virtual_time
async def test_after_a_short_stall_no_audio_is_lost() -> None:
    left, right = Side(sounding(440)), Side()
    join(left, right)
    await after(2.5)
    stand_still(0.045)
    await after(2.5)
    stop(left, right)
    stamps = [packet.timestamp for packet in left.rtp]
    assert stamps == [160 * n for n in range(len(stamps))]
    assert right.stream.stats().packets_lost == 0


@virtual_time
async def test_what_came_during_a_stall_is_played_at_once_and_leaves_no_delay() -> None:
    """The far side is another process, which went on sending."""
    right = Side()
    right.stream.configure(agreed())
    right.stream.start()
    sound = PCMU.make_encoder(8000, agreed().settings)
    whole = tone(440, 4.0, 8000)
    number = 0

    def send_until(now: float) -> None:
        nonlocal number
        while number * 0.02 <= now:
            payload = sound.encode(whole[number * 160 % 32000 :][:160])
            packet = RtpPacket(0, number == 0, number, number * 160, 9, payload)
            right.stream.receive_rtp(write_rtp(packet))
            number += 1

    for _ in range(50):
        send_until(MediaClock.of_running_loop().now())
        await after(0.02)
    stand_still(0.4)
    for _ in range(100):
        send_until(MediaClock.of_running_loop().now())
        await after(0.02)
    frames = len(right.sink.frames)
    stop(right)
    # As many frames were played as time has passed, less the delay.
    assert frames == pytest.approx(170, abs=4)
    assert right.stream.stats().buffer_ms <= 45


@virtual_time
async def test_a_straggler_of_the_old_source_does_not_bring_it_back() -> None:
    left, second, right = Side(sounding(440)), Side(sounding(700)), Side()
    join(left, right)
    await after(0.5)
    second.carry = right.receive
    second.stream.configure(agreed())
    second.stream.start()
    left.carry = lambda _packet: None
    await after(0.5)
    right.receive(left.sent[10])
    await after(0.5)
    stats = right.stream.stats()
    assert stats.packets_received == len(second.rtp) + 25
    assert frequency_of(np.concatenate(right.sink.frames[-20:]), 8000) == pytest.approx(700, abs=2)
    second.stream.stop()
    await after(0.3)
    left.carry = right.receive
    await after(0.5)
    assert frequency_of(np.concatenate(right.sink.frames[-15:]), 8000) == pytest.approx(440, abs=3)
    stop(left, right)


def packets(count: int, sound: np.ndarray[tuple[int], np.dtype[np.int16]]) -> list[RtpPacket]:
    encoder = PCMU.make_encoder(8000, agreed().settings)
    return [
        RtpPacket(0, False, n, 160 * n, 1, encoder.encode(sound[160 * n : 160 * (n + 1)]))
        for n in range(count)
    ]


def play(sound: np.ndarray[tuple[int], np.dtype[np.int16]], turns: int) -> tuple[Recording, float]:
    """Play a stream of which 12 packets wait at the beginning, 240 ms more than is needed."""
    sink, buffer = Recording(), JitterBuffer(8000)
    playout = Playout(sink)
    playout.configure({0: PCMU})
    arriving = packets(turns + 12, sound)
    for packet in arriving[:12]:
        buffer.push(packet, 160, now=packet.sequence * 0.02)
    for turn in range(turns):
        now = (turn + 12) * 0.02
        buffer.push(arriving[turn + 12], 160, now=now)
        playout.begin(buffer, now + 0.01, 1)
        playout.work()
        playout.finish()
    return sink, buffer.delay


def test_a_delay_that_is_too_long_is_played_down_faster_without_a_click() -> None:
    sink, delay = play(tone(100, 6.0, 8000), 250)
    heard = sink.samples.astype(np.int32)
    # What is left waits for a quiet packet, which this tone has not.
    assert delay <= 0.07
    assert len(sink.frames) == 250
    # Fading from one packet to the next bends a tone and never breaks it.
    assert np.abs(np.diff(heard)).max() < 2000
    assert tone_to_noise_db(sink.samples[-6000:], 100, 8000) > 30


def test_quiet_packets_are_left_out_first() -> None:
    quiet = np.zeros(40000, np.int16)
    quiet[8000:] = tone(300, 4.0, 8000)
    sink, delay = play(quiet, 200)
    assert delay <= 0.035
    assert level_of(sink.samples[-8000:]) == pytest.approx(7071, rel=0.02)


def test_a_codec_that_a_reoffer_took_away_is_silent_and_harmless() -> None:
    sink, buffer = Recording(), JitterBuffer(8000)
    playout = Playout(sink)
    playout.configure({0: PCMU, 8: PCMA})
    for packet in packets(20, tone(440, 1.0, 8000)):
        buffer.push(packet, 160, now=packet.sequence * 0.02)
    playout.begin(buffer, 0.4, 1)
    playout.work()
    playout.finish()
    assert level_of(sink.frames[-1]) > 1000
    playout.configure({8: PCMA})
    for turn in range(5):
        playout.begin(buffer, 0.42 + 0.02 * turn, 1)
        playout.work()
        playout.finish()
    assert level_of(np.concatenate(sink.frames[-4:])) < 1000


def test_nothing_is_played_before_the_first_packet() -> None:
    sink, buffer = Recording(), JitterBuffer(8000)
    playout = Playout(sink)
    playout.begin(buffer, 1.0, 1)
    playout.work()
    playout.finish()
    assert sink.frames == []
    assert buffer.pop(now=1.0) is None
    assert not isinstance(buffer.pop(now=2.0), Playable)


@virtual_time
async def test_both_sides_of_a_call_are_recorded_in_step(tmp_path: Path) -> None:
    codec = find_codec("G722")
    assert codec is not None
    recording = AudioRecorder(tmp_path / "call.wav", sample_rate_hz=8000, both_sides=True)
    left = Side(sounding(440), sink=recording.open_sink())
    right = Side(sounding(1000))
    join(left, right, agreed(codec))
    await after(2.0)
    left.stream.set_sending(False)
    await after(0.5)
    stop(left, right)
    samples = np.fromfile(tmp_path / "call.wav", "<i2", offset=44)
    theirs, ours = samples[::2], samples[1::2]
    assert frequency_of(theirs[8000:16000], 8000) == pytest.approx(1000, abs=1)
    assert frequency_of(ours[4000:12000], 8000) == pytest.approx(440, abs=1)
    assert level_of(ours[-3200:]) == 0
    assert level_of(theirs[-3200:]) > 5000
    assert len(ours) == pytest.approx(2.5 * 8000, abs=480)


def test_silence_keeps_nothing_and_serves_both_ways() -> None:
    silence = Silence()
    assert silence.open_source() is silence.open_sink() is silence
    silence.read(160)
    silence.play(np.zeros(160, np.int16))
    silence.close()
    assert silence.sample_rate_hz == 8000
