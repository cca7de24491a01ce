"""The audio of a call end to end on virtual time: two streams joined by a wire in memory."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from exotel_voice.media import stream
from exotel_voice.media.audio import Samples
from exotel_voice.media.codec import CodecSettings
from exotel_voice.media.codecs import find_codec
from exotel_voice.media.g711 import PCMA, PCMU
from exotel_voice.media.pcm import PcmStream
from exotel_voice.media.rtp import RtpPacket, write_rtp
from media_wire import Recording, Side, after, agreed, join, sounding, stop
from tones import frequency_of, level_of, tone, tone_to_noise_db
from virtual_loop import virtual_time


@pytest.mark.parametrize("name", ["opus", "G722", "PCMU", "PCMA"])
@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
def test_a_tone_is_heard_with_its_frequency_and_level(name: str, rate: int) -> None:
    @virtual_time
    async def call() -> Samples:
        codec = find_codec(name)
        assert codec is not None
        sink = Recording(rate)
        left, right = Side(sounding(440, rate=rate)), Side(sink=sink)
        join(left, right, agreed(codec))
        await after(2.0)
        stop(left, right)
        assert sink.is_closed
        assert {len(frame) for frame in sink.frames} == {rate // 50}
        assert right.stream.stats().concealed_ms == 0
        return sink.samples

    heard = call()
    assert len(heard) >= 1.9 * rate
    middle = heard[rate // 2 : rate * 3 // 2]
    assert frequency_of(middle, rate) == pytest.approx(440, abs=0.5)
    assert level_of(middle) == pytest.approx(7071, rel=0.03)
    assert tone_to_noise_db(middle, 440, rate) > 15


@virtual_time
async def test_both_ways_at_once_and_the_statistics_tell_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # By chance a side could have sent its early reports before the first of the other comes.
    monkeypatch.setattr(stream, "secrets", SimpleNamespace(randbits=lambda bits: 1 << (bits - 1)))
    left, right = Side(sounding(440)), Side(sounding(1000))
    join(left, right)
    await after(3.99)
    stats = left.stream.stats()
    # Each side takes at its turn what the other has sent until then.
    assert (stats.codec, stats.packets_sent, stats.packets_received) == ("PCMU", 199, 199)
    assert (stats.packets_lost, stats.packets_late) == (0, 0)
    assert stats.bytes_sent == stats.bytes_received == 199 * 160
    assert stats.jitter_ms == pytest.approx(0, abs=0.01)
    assert stats.round_trip_ms == pytest.approx(0, abs=5)
    assert stats.remote_lost_fraction == 0
    assert stats.input_level == pytest.approx(0.2158, rel=0.02)
    assert stats.output_level == pytest.approx(0.2158, rel=0.02)
    assert frequency_of(left.sink.samples[8000:16000], 8000) == pytest.approx(1000, abs=0.5)
    stop(left, right)
    assert left.stream.stats().packets_sent == 199


@virtual_time
async def test_packets_count_up_and_only_the_first_is_marked() -> None:
    left, right = Side(sounding(440)), Side()
    join(left, right)
    await after(0.99)
    stop(left, right)
    sent = left.rtp
    assert [packet.sequence for packet in sent] == list(range(49))
    assert [packet.timestamp for packet in sent] == [160 * n for n in range(49)]
    assert [packet.has_marker for packet in sent] == [True] + [False] * 48
    assert {packet.ssrc for packet in sent} == {left.stream.identity.ssrc}


@pytest.mark.parametrize(
    ("milliseconds", "bytes_each"), [(10, 80), (20, 160), (30, 240), (40, 320), (60, 480)]
)
def test_packets_are_as_long_as_the_far_side_wants(milliseconds: int, bytes_each: int) -> None:
    @virtual_time
    async def call() -> None:
        left, right = Side(sounding(440)), Side()
        join(left, right, agreed(packet_time_ms=milliseconds))
        await after(5.0)
        stop(left, right)
        sent = left.rtp
        assert {len(packet.payload) for packet in sent} == {bytes_each}
        assert [packet.timestamp for packet in sent] == [bytes_each * n for n in range(len(sent))]
        assert len(sent) >= 4900 // milliseconds
        # By then the delay has come down to what the packets need.
        heard = right.sink.samples[-16000:]
        assert tone_to_noise_db(heard, 440, 8000) > 30
        assert right.stream.stats().concealed_ms == 0

    call()


@virtual_time
async def test_another_codec_after_a_reoffer_goes_on_with_the_sound() -> None:
    left, right = Side(sounding(440)), Side()
    join(left, right)
    await after(1.0)
    codec = find_codec("opus")
    assert codec is not None
    left.stream.configure(agreed(codec))
    await after(1.0)
    left.stream.configure(agreed(PCMA))
    await after(1.0)
    stop(left, right)
    assert [packet.payload_type for packet in left.rtp[::50]] == [0, 111, 8]
    assert frequency_of(right.sink.samples[10000:15000], 8000) == pytest.approx(440, abs=1)
    assert frequency_of(right.sink.samples[-5000:], 8000) == pytest.approx(440, abs=1)
    assert left.stream.stats().codec == "PCMA"


@virtual_time
async def test_a_reoffer_that_changes_nothing_leaves_the_sound_alone() -> None:
    codec = find_codec("opus")
    assert codec is not None
    left, right = Side(sounding(440)), Side()
    join(left, right, agreed(codec))
    for _ in range(40):
        await after(0.1)
        left.stream.configure(agreed(codec))
        right.stream.configure(agreed(codec))
    stop(left, right)
    assert tone_to_noise_db(right.sink.samples[-16000:], 440, 8000) > 15


@virtual_time
async def test_the_far_side_may_send_any_codec_that_was_offered_and_change_its_source() -> None:
    left, second, right = Side(sounding(440)), Side(sounding(700)), Side()
    join(left, right, agreed(PCMA))
    right.stream.configure(agreed(PCMU))
    await after(1.0)
    left.stream.stop()
    second.carry = right.receive
    second.stream.configure(agreed(PCMU))
    second.stream.start()
    await after(1.0)
    stop(second, right)
    stats = right.stream.stats()
    assert frequency_of(np.concatenate(right.sink.frames[-25:]), 8000) == pytest.approx(700, abs=2)
    assert (stats.packets_lost, stats.packets_received) == (0, 100)
    assert stats.concealed_ms <= 60


@virtual_time
async def test_lost_packets_are_concealed_and_counted() -> None:
    left, right = Side(sounding(200)), Side()
    join(left, right)
    count = 0

    def lose(packet: bytes) -> None:
        nonlocal count
        count += 1
        if count % 10:
            right.receive(packet)

    left.carry = lose
    await after(4.0)
    delay = right.stream.stats().buffer_ms
    stop(left, right)
    stats = right.stream.stats()
    assert stats.packets_lost == pytest.approx(20, abs=1)
    assert stats.concealed_ms == pytest.approx(20 * stats.packets_lost, abs=40)
    assert delay <= 41  # what it was at the beginning
    assert tone_to_noise_db(right.sink.samples[8000:24000], 200, 8000) > 8


@virtual_time
async def test_comfort_noise_is_a_pause_and_not_a_loss() -> None:
    left, right = Side(sounding(440)), Side()
    join(left, right)
    await after(0.5)
    left.carry = lambda _packet: None
    last = left.rtp[-1]
    right.receive(write_rtp(RtpPacket(13, False, last.sequence + 1, 0, last.ssrc, b"\x40")))
    frames = len(right.sink.frames)
    await after(0.3)
    stats = right.stream.stats()
    assert stats.concealed_ms == 0
    assert level_of(np.concatenate(right.sink.frames[-10:])) == 0
    assert len(right.sink.frames) == frames + 15
    stop(left, right)


@virtual_time
async def test_what_waits_in_the_socket_is_taken_at_the_tick() -> None:
    left, right = Side(sounding(440)), Side()
    waiting: list[bytes] = []

    def poll() -> None:
        for packet in waiting:
            right.receive(packet)
        waiting.clear()

    join(left, right)
    left.carry = waiting.append
    right.stream.poll = poll
    await after(1.0)
    stop(left, right)
    assert tone_to_noise_db(right.sink.samples[2000:], 440, 8000) > 30
    assert right.stream.stats().packets_received >= 48


@virtual_time
async def test_the_application_speaks_and_hears_through_pcm_streams() -> None:
    pcm = PcmStream(sample_rate_hz=16000)
    source, sink = pcm.open_source(), pcm.open_sink()
    left, right = Side(source), Side(sink=sink)
    join(left, right)
    sent = tone(500, 1.0, 16000)
    await source.write(sent.tobytes())
    await source.drain()
    await after(0.1)
    stop(left, right)
    heard = np.concatenate([np.frombuffer(frame, np.int16) async for frame in sink.frames()])
    assert frequency_of(heard[3200:12800], 16000) == pytest.approx(500, abs=0.5)


@virtual_time
async def test_settings_reach_the_codec() -> None:
    codec = find_codec("opus")
    assert codec is not None
    left, right = Side(sounding(440, rate=48000)), Side()
    settings = CodecSettings(fmtp={"maxaveragebitrate": "12000", "cbr": "1"})
    join(left, right, agreed(codec, settings=settings))
    await after(1.0)
    stop(left, right)
    assert {len(packet.payload) for packet in left.rtp} == {30}
