"""Files played into calls: formats, rates, looping, streaming, and what cannot be played."""

from __future__ import annotations

import logging
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from exotel_voice.errors import AudioFileError
from exotel_voice.media.audio import AudioInput, AudioSource, Samples
from exotel_voice.media.files import AudioFile, CachedSource, StreamedSource
from tones import frequency_of, level_of, tone


def write_wav(path: Path, samples: Samples, rate: int, *, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


def encode(path: Path, codec: str, samples: Samples, rate: int) -> Path:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=rate)
        for part in resampler.resample(frame):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


def read_all(source: AudioSource, frames: int) -> Samples:
    count = source.sample_rate_hz // 50
    taken = (source.read(count) for _ in range(frames))
    return np.concatenate([np.zeros(count, np.int16) if one is None else one for one in taken])


def test_a_wav_at_a_rate_of_ours_is_played_sample_by_sample(tmp_path: Path) -> None:
    sent = tone(440, 0.25, 8000)
    source = AudioFile(write_wav(tmp_path / "a.wav", sent, 8000)).open_source()
    assert source.sample_rate_hz == 8000
    heard = read_all(source, 13)
    assert heard[:2000].tolist() == sent.tolist()
    assert not heard[2000:].any()
    assert source.read(160) is None


def test_each_call_hears_the_file_from_its_beginning(tmp_path: Path) -> None:
    file = AudioFile(write_wav(tmp_path / "a.wav", tone(440, 0.25, 8000), 8000))
    first = file.open_source()
    read_all(first, 3)
    assert read_all(file.open_source(), 5).tolist() == tone(440, 0.1, 8000).tolist()
    first.close()
    first.close()
    assert first.read(160) is None
    assert isinstance(file, AudioInput)


@pytest.mark.parametrize(("own", "played"), [(11025, 16000), (22050, 24000), (44100, 48000)])
def test_another_rate_is_raised_to_the_next_of_ours(tmp_path: Path, own: int, played: int) -> None:
    source = AudioFile(write_wav(tmp_path / "a.wav", tone(800, 1.0, own), own)).open_source()
    assert source.sample_rate_hz == played
    heard = read_all(source, 50)
    assert frequency_of(heard[played // 10 :], played) == pytest.approx(800, abs=1.0)


def test_two_channels_are_mixed_to_one(tmp_path: Path) -> None:
    both = np.stack([tone(500, 0.5, 8000), tone(500, 0.5, 8000)], axis=1)
    source = AudioFile(write_wav(tmp_path / "a.wav", both, 8000, channels=2)).open_source()
    heard = read_all(source, 25)
    assert frequency_of(heard, 8000) == pytest.approx(500, abs=1.0)
    assert level_of(heard) == pytest.approx(level_of(tone(500, 0.5, 8000)), rel=0.02)


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [("a.mp3", "libmp3lame", 24000), ("a.flac", "flac", 16000), ("a.opus", "libopus", 48000)],
)
def test_other_formats_are_played(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    path = encode(tmp_path / name, codec, tone(600, 1.0, rate), rate)
    source = AudioFile(path).open_source()
    heard = read_all(source, 48)
    middle = heard[len(heard) // 4 : len(heard) // 2]
    assert frequency_of(middle, source.sample_rate_hz) == pytest.approx(600, abs=2.0)


def test_a_loop_has_no_seam(tmp_path: Path) -> None:
    sent = tone(440, 0.25, 8000)  # not a whole number of frames
    source = AudioFile(write_wav(tmp_path / "a.wav", sent, 8000), loop=True).open_source()
    assert read_all(source, 100).tolist() == np.resize(sent, 16000).tolist()


def test_a_file_shorter_than_a_frame_loops(tmp_path: Path) -> None:
    sent = tone(1000, 0.005, 8000)
    source = AudioFile(write_wav(tmp_path / "a.wav", sent, 8000), loop=True).open_source()
    assert read_all(source, 3).tolist() == np.resize(sent, 480).tolist()


def test_a_long_file_is_decoded_while_it_is_played(tmp_path: Path) -> None:
    sent = np.resize(tone(440, 1.0, 8000), 8000 * 61)
    file = AudioFile(write_wav(tmp_path / "long.wav", sent, 8000), loop=True)
    source = file.open_source()
    assert isinstance(source, StreamedSource)
    heard = read_all(source, 61 * 50 + 50)
    assert heard[: len(sent)].tolist() == sent.tolist()
    assert heard[len(sent) :].tolist() == sent[:8000].tolist()
    source.close()
    assert source.read(160) is None


def test_a_long_file_ends_in_silence(tmp_path: Path) -> None:
    sent = np.resize(tone(440, 1.0, 8000), 8000 * 60 + 500)
    source = AudioFile(write_wav(tmp_path / "long.wav", sent, 8000)).open_source()
    heard = read_all(source, 60 * 50 + 4)
    assert heard[: len(sent)].tolist() == sent.tolist()
    assert not heard[len(sent) :].any()
    assert source.read(160) is None


def test_a_file_that_goes_while_it_is_played_ends_with_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_wav(tmp_path / "long.wav", tone(440, 61, 8000), 8000)
    file = AudioFile(path, loop=True)
    source = file.open_source()
    read_all(source, 10)
    path.unlink()
    with caplog.at_level(logging.WARNING, "exotel_voice.media"):
        read_all(source, 61 * 50 + 10)
    assert source.read(160) is None
    assert "played no further" in caplog.text
    with pytest.raises(AudioFileError):
        file.open_source()


@pytest.mark.parametrize("content", [None, b"", b"this is no sound", b"RIFF\x24\0\0\0WAVEfmt "])
def test_what_cannot_be_played_is_told_at_once_with_its_path(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "broken.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AudioFileError, match=r"broken\.wav"):
        AudioFile(path)


def test_a_file_without_samples_is_told_at_once(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "empty.wav", np.zeros(0, np.int16), 8000)
    with pytest.raises(AudioFileError, match=r"empty\.wav"):
        AudioFile(path)


def test_calls_share_the_decoded_samples(tmp_path: Path) -> None:
    file = AudioFile(write_wav(tmp_path / "a.wav", tone(440, 0.25, 8000), 8000))
    first, second = file.open_source(), file.open_source()
    assert isinstance(first, CachedSource)
    one, two = first.read(160), second.read(160)
    assert one is not None
    assert two is not None
    assert np.shares_memory(one, two)
