"""Recordings: sample by sample, both sides, several calls, and a header that is always valid."""

from __future__ import annotations

import logging
import wave
from pathlib import Path

import numpy as np
import pytest

from exotel_voice.errors import AudioFileError, ConfigError
from exotel_voice.media.audio import AudioOutput, Samples, TwoWaySink
from exotel_voice.media.recorder import AudioRecorder
from tones import tone


def read_wav(path: Path) -> tuple[int, int, Samples]:
    with wave.open(str(path), "rb") as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return file.getframerate(), file.getnchannels(), frames


def frames_of(samples: Samples, rate: int) -> list[Samples]:
    return [samples[at : at + rate // 50] for at in range(0, len(samples), rate // 50)]


def test_what_is_played_is_recorded_sample_by_sample(tmp_path: Path) -> None:
    recorder = AudioRecorder(tmp_path / "call.wav", sample_rate_hz=8000)
    assert isinstance(recorder, AudioOutput)
    sink = recorder.open_sink()
    assert sink.sample_rate_hz == 8000
    assert not isinstance(sink, TwoWaySink)
    sent = tone(440, 1.0, 8000)
    for frame in frames_of(sent, 8000):
        sink.play(frame)
    sink.close()
    sink.close()
    sink.play(sent)
    rate, channels, heard = read_wav(tmp_path / "call.wav")
    assert (rate, channels) == (8000, 1)
    assert heard.tolist() == sent.tolist()


def test_both_sides_keep_their_place_in_time(tmp_path: Path) -> None:
    sink = AudioRecorder(tmp_path / "call.wav", both_sides=True).open_sink()
    assert isinstance(sink, TwoWaySink)
    ours, theirs = tone(440, 0.2, 16000), tone(900, 0.2, 16000)
    for number, (mine, yours) in enumerate(
        zip(frames_of(ours, 16000), frames_of(theirs, 16000), strict=True)
    ):
        sink.play_sent(mine)
        if number not in {0, 1, 5, 9}:
            sink.play(yours)
    sink.close()
    rate, channels, heard = read_wav(tmp_path / "call.wav")
    left, right = heard[::2].copy(), heard[1::2].copy()
    for number in (0, 1, 5, 9):
        theirs[number * 320 : (number + 1) * 320] = 0
    assert (rate, channels) == (16000, 2)
    assert left.tolist() == theirs.tolist()
    assert right.tolist() == ours.tolist()


def test_the_header_is_valid_while_the_call_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    sink = AudioRecorder(path, sample_rate_hz=8000).open_sink()
    assert len(read_wav(path)[2]) == 0
    sent = tone(440, 2.5, 8000)
    for frame in frames_of(sent, 8000):
        sink.play(frame)
    # A process that died here would leave what stands in the file now.
    heard = read_wav(path)[2]
    assert len(heard) == 16000
    assert heard.tolist() == sent[:16000].tolist()
    sink.close()


def test_each_call_has_a_file_of_its_own(tmp_path: Path) -> None:
    recorder = AudioRecorder(tmp_path / "call.wav", sample_rate_hz=8000)
    for number in range(1, 4):
        sink = recorder.open_sink()
        sink.play(np.full(160, number, np.int16))
        sink.close()
    names = ("call.wav", "call-2.wav", "call-3.wav")
    assert [read_wav(tmp_path / name)[2][0] for name in names] == [1, 2, 3]


def test_wrong_settings_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="44100"):
        AudioRecorder(tmp_path / "call.wav", sample_rate_hz=44100)
    with pytest.raises(AudioFileError, match="absent"):
        AudioRecorder(tmp_path / "absent" / "call.wav")


def test_a_file_that_cannot_be_made_is_told_when_the_call_begins(tmp_path: Path) -> None:
    (tmp_path / "call.wav").mkdir()
    with pytest.raises(AudioFileError, match=r"call\.wav"):
        AudioRecorder(tmp_path / "call.wav").open_sink()


def test_a_full_disk_ends_the_recording_and_not_the_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(AudioFileError, match="full"):
        AudioRecorder(full).open_sink()
    assert caplog.text == ""


def test_the_size_that_wav_allows_ends_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("exotel_voice.media.recorder._MOST_BYTES", 1000)
    path = tmp_path / "call.wav"
    sink = AudioRecorder(path, sample_rate_hz=8000).open_sink()
    with caplog.at_level(logging.WARNING, "exotel_voice.media"):
        for _ in range(5):
            sink.play(np.ones(160, np.int16))
    assert len(read_wav(path)[2]) == 480
    assert caplog.text.count("recording stops") == 1
