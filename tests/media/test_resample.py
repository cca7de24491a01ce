"""Changing the rate of a stream: quality, delay, and that 20 ms in are always 20 ms out."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from exotel_voice.media.audio import Samples
from exotel_voice.media.resample import Resampler
from tones import frequency_of, level_of, tone, tone_to_noise_db

RATES = (8000, 12000, 16000, 24000, 48000)


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    resampler = Resampler(from_hz, to_hz)
    count = from_hz // 50
    frames = [
        resampler.resample(samples[at : at + count]).copy() for at in range(0, len(samples), count)
    ]
    assert {len(frame) for frame in frames} == {to_hz // 50}
    return np.concatenate(frames)


@pytest.mark.parametrize(("from_hz", "to_hz"), list(permutations(RATES, 2)))
def test_a_tone_stays_pure_between_any_two_rates(from_hz: int, to_hz: int) -> None:
    sent = tone(1000, 1.0, from_hz)
    heard = resample(sent, from_hz, to_hz)[to_hz // 10 :]
    assert frequency_of(heard, to_hz) == pytest.approx(1000, abs=0.5)
    assert level_of(heard) == pytest.approx(level_of(sent), rel=0.01)
    assert tone_to_noise_db(heard, 1000, to_hz) > 60


def test_what_the_lower_rate_cannot_carry_does_not_come_back_as_another_tone() -> None:
    heard = resample(tone(5500, 1.0, 16000), 16000, 8000)[800:]
    assert level_of(heard) < 100


@pytest.mark.parametrize(("from_hz", "to_hz"), list(permutations((8000, 16000, 48000), 2)))
def test_the_delay_is_at_most_3_ms(from_hz: int, to_hz: int) -> None:
    click = np.zeros(from_hz // 5, np.int16)
    at = from_hz // 20
    click[at] = 20000
    heard = resample(click, from_hz, to_hz)
    delay = int(np.argmax(np.abs(heard))) / to_hz - at / from_hz
    assert 0 <= delay <= 0.003


def test_a_frame_may_be_overwritten_after_the_call() -> None:
    resampler = Resampler(16000, 8000)
    sent = tone(500, 0.2, 16000)
    buffer = np.zeros(320, np.int16)
    frames = []
    for start in range(0, len(sent), 320):
        buffer[:] = sent[start : start + 320]
        frames.append(resampler.resample(buffer))
        buffer[:] = 0
    assert tone_to_noise_db(np.concatenate(frames)[160:], 500, 8000) > 50
