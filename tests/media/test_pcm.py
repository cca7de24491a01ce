"""The application's own audio: back-pressure, clearing, draining, reading, and what is dropped."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from exotel_voice.errors import ConfigError, InvalidState
from exotel_voice.media.base import PcmWriter
from exotel_voice.media.pcm import PcmSource, PcmStream
from tones import tone


def samples(*values: int) -> bytes:
    return np.array(values, np.int16).tobytes()


def read_all(source: PcmSource, count: int) -> list[int]:
    heard: list[int] = []
    while (taken := source.read(count)) is not None:
        heard += taken.tolist()
    return heard


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
def test_each_rate_of_the_interface_is_taken(rate: int) -> None:
    stream = PcmStream(sample_rate_hz=rate)
    assert stream.open_source().sample_rate_hz == stream.open_sink().sample_rate_hz == rate


@pytest.mark.parametrize(
    "wrong",
    [
        {"sample_rate_hz": 44100},
        {"sample_rate_hz": 0},
        {"write_ahead": 0.0},
        {"unread_limit": 61.0},
    ],
)
def test_a_wrong_setting_is_named_at_once(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        PcmStream(**wrong)


async def test_what_is_written_in_any_pieces_is_read_in_frames() -> None:
    source = PcmStream(sample_rate_hz=8000).open_source()
    written = tone(440, 0.1, 8000)
    data = written.tobytes()
    for start in range(0, len(data), 37):  # an odd length splits samples
        await source.write(data[start : start + 37])
    assert source.queued == pytest.approx(0.1)
    assert read_all(source, 160) == written.tolist()
    assert source.read(160) is None


async def test_the_last_frame_is_filled_up_with_silence() -> None:
    source = PcmStream(sample_rate_hz=8000).open_source()
    await source.write(samples(1, 2, 3))
    await source.write(samples(4, 5))
    taken = source.read(8)
    assert taken is not None
    assert taken.tolist() == [1, 2, 3, 4, 5, 0, 0, 0]


async def test_a_writer_waits_while_more_than_the_limit_is_queued() -> None:
    source = PcmStream(sample_rate_hz=8000, write_ahead=0.04).open_source()
    await asyncio.wait_for(source.write(bytes(2 * 320)), 1)
    ahead = asyncio.create_task(source.write(bytes(2 * 320)))
    await asyncio.sleep(0)
    source.read(160)
    await asyncio.sleep(0)
    assert not ahead.done()
    source.read(160)
    await asyncio.sleep(0)
    assert ahead.done()
    await ahead


async def test_draining_waits_until_all_was_sent_and_clearing_ends_it() -> None:
    source = PcmStream(sample_rate_hz=8000).open_source()
    await source.drain()
    await source.write(bytes(2 * 320))
    drained = asyncio.create_task(source.drain())
    source.read(160)
    await asyncio.sleep(0)
    assert not drained.done()
    source.read(160)
    await drained
    await source.write(bytes(2 * 320))
    drained = asyncio.create_task(source.drain())
    await asyncio.sleep(0)
    source.clear()
    await drained
    assert source.read(160) is None


async def test_the_end_of_the_call_wakes_all_who_wait() -> None:
    source = PcmStream(sample_rate_hz=8000, write_ahead=0.02).open_source()
    writer = asyncio.create_task(source.write(bytes(2 * 8000)))
    drainer = asyncio.create_task(source.drain())
    await asyncio.sleep(0)
    source.close()
    source.close()
    await drainer
    with pytest.raises(InvalidState):
        await writer
    with pytest.raises(InvalidState):
        await source.write(b"\0\0")
    assert source.read(160) is None


async def test_a_writer_that_was_cancelled_harms_nobody() -> None:
    source = PcmStream(sample_rate_hz=8000, write_ahead=0.02).open_source()
    writer = asyncio.create_task(source.write(bytes(2 * 480)))
    await asyncio.sleep(0)
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    while source.read(160) is not None:
        pass
    await source.drain()


async def test_received_frames_are_read_in_order_and_end_with_the_call() -> None:
    sink = PcmStream(sample_rate_hz=8000).open_sink()
    heard: list[bytes] = []

    async def read() -> None:
        heard.extend([frame async for frame in sink.frames()])

    reader = asyncio.create_task(read())
    frame = np.zeros(160, np.int16)
    for number in range(5):
        frame[:] = number
        sink.play(frame)
        await asyncio.sleep(0)
    frame[:] = 9
    sink.play(frame)
    sink.close()
    await reader
    assert [np.frombuffer(one, np.int16)[0] for one in heard] == [0, 1, 2, 3, 4, 9]
    assert {len(one) for one in heard} == {320}


async def test_the_oldest_unread_frame_is_dropped() -> None:
    sink = PcmStream(sample_rate_hz=8000, unread_limit=0.1).open_sink()
    for number in range(12):
        sink.play(np.full(160, number, np.int16))
    sink.close()
    sink.play(np.full(160, 99, np.int16))
    heard = [np.frombuffer(frame, np.int16)[0] async for frame in sink.frames()]
    assert heard == [7, 8, 9, 10, 11]
    assert sink.frames_dropped == 7


def test_the_source_is_what_the_interface_calls_a_writer() -> None:
    writer: PcmWriter = PcmStream().open_source()
    assert writer.sample_rate_hz == 16000
