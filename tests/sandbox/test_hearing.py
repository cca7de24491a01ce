"""What the simulated parties say and hear, measured."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from exotel_voice.errors import ConfigError
from exotel_voice.sandbox.hearing import Hearing
from exotel_voice.sandbox.parties.ivr import CONFIRM_HZ
from exotel_voice.sandbox.parties.tones import frequency_from, tone, tone_frames

RATE = 16_000


@pytest.mark.parametrize("frequency", [50.0, 440.0, 1000.0, 1234.5, 3400.0])
def test_a_tone_is_measured_within_a_tenth_of_a_hertz(frequency: float) -> None:
    hearing = Hearing()
    frames = itertools.islice(tone_frames(frequency, sample_rate_hz=RATE), 50)
    news = [hearing.listen(frame, RATE) for frame in frames]
    assert sum(news) == 5
    assert hearing.frequency_hz == pytest.approx(frequency, abs=0.5 if frequency < 100 else 0.1)
    assert hearing.level == pytest.approx(0.25 / 2**0.5, rel=0.02)


def test_an_endless_tone_has_no_step_between_its_pieces() -> None:
    pieces = b"".join(itertools.islice(tone_frames(1234.5, sample_rate_hz=RATE), 100))
    samples = np.frombuffer(pieces, dtype=np.int16).astype(float)
    largest_step = 2 * np.pi * 1234.5 / RATE * 0.25 * 32767
    assert np.abs(np.diff(samples)).max() <= largest_step + 1


def test_a_short_tone_begins_and_ends_softly() -> None:
    samples = np.frombuffer(tone(1000.0, 0.1, sample_rate_hz=RATE), dtype=np.int16)
    assert samples.size == 1600
    assert abs(int(samples[0])) < 100
    assert abs(int(samples[-1])) < 300


def test_silence_has_no_frequency_and_the_last_sound_is_remembered() -> None:
    hearing = Hearing()
    hearing.listen(bytes(2 * RATE), RATE)
    assert (hearing.level, hearing.frequency_hz) == (0.0, None)
    hearing.listen(tone(700.0, 0.4, sample_rate_hz=RATE), RATE)
    hearing.listen(bytes(2 * RATE), RATE)
    assert hearing.level == 0.0
    assert hearing.frequency_hz == pytest.approx(700.0, abs=1.0)
    assert hearing.loudest > 0.1


def test_a_frequency_that_no_telephone_carries_is_refused() -> None:
    assert frequency_from("", default=440.0) == 440.0
    for text in ("49", "3401", "nan", "loud"):
        with pytest.raises(ConfigError):
            frequency_from(text, default=440.0)


def test_each_digit_has_a_tone_of_its_own() -> None:
    frequencies = sorted(CONFIRM_HZ.values())
    assert len(CONFIRM_HZ) == 16
    assert min(b - a for a, b in itertools.pairwise(frequencies)) == 75.0
