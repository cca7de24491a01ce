"""Echo, noise and loudness: each measured on sound that has it."""

from __future__ import annotations

import time

import numpy as np
import pytest

from exotel_voice.devices import VoiceProcessing
from exotel_voice.devices.echo import EchoTap, feed_taps, tap_rates
from exotel_voice.devices.processing import AudioProcessor, PlainProcessor, make_processor
from tones import Samples, level_of, tone

RATE = 16000
FRAME = RATE // 50


def only(**wanted: bool) -> VoiceProcessing:
    off = {"echo_cancellation": False, "noise_suppression": False, "gain_control": False}
    return VoiceProcessing(**{**off, **wanted})


def babble(seconds: float, *, seed: int = 5, amplitude: float = 6000.0) -> Samples:
    """Noise in syllables, as loud and as varied as speech."""
    chance = np.random.default_rng(seed)
    count = round(seconds * RATE)
    noise = np.convolve(chance.normal(size=count), np.ones(6) / 6, mode="same")
    at = np.arange(count) / RATE
    shape = np.clip(np.sin(2 * np.pi * 2.7 * at) + 0.3 * np.sin(2 * np.pi * 0.9 * at), 0.0, None)
    return np.clip(noise * shape * amplitude, -32768, 32767).astype(np.int16)


def run(processor: AudioProcessor, near: Samples, far: Samples) -> Samples:
    frames = [
        processor.process(near[at : at + FRAME], far[at : at + FRAME])
        for at in range(0, len(near) - FRAME + 1, FRAME)
    ]
    assert all(len(frame) == FRAME for frame in frames)
    return np.concatenate(frames)


def test_the_echo_of_the_speaker_is_taken_out() -> None:
    far = babble(10.0)
    delay = round(0.080 * RATE)
    echo = np.concatenate((np.zeros(delay, np.int16), far[:-delay]))
    near = (echo * np.float32(0.4)).astype(np.int16)
    made = run(make_processor(RATE, only(echo_cancellation=True)), near, far)
    before, after = level_of(near[-3 * RATE :]), level_of(made[-3 * RATE :])
    assert before / after > 18.0  # 25 dB


def test_the_near_voice_passes_while_the_far_side_is_silent() -> None:
    near = babble(5.0)
    made = run(make_processor(RATE, only(echo_cancellation=True)), near, np.zeros_like(near))
    assert level_of(made) == pytest.approx(level_of(near), rel=0.15)


def test_steady_noise_is_taken_out_and_this_can_be_switched() -> None:
    noise = (np.random.default_rng(1).normal(size=8 * RATE) * 600).astype(np.int16)
    silence = np.zeros_like(noise)
    processor = make_processor(RATE, only(noise_suppression=True))
    made = run(processor, noise, silence)
    assert level_of(made[-RATE:]) < level_of(noise) / 4
    processor.configure(only())
    assert level_of(run(processor, noise, silence)) == pytest.approx(level_of(noise))
    processor.configure(VoiceProcessing(noise_level=3, gain_control=False))
    assert level_of(run(processor, noise, silence)[-RATE:]) < level_of(noise) / 4


def test_a_quiet_voice_becomes_louder() -> None:
    quiet = babble(20.0, amplitude=400.0)
    made = run(make_processor(RATE, only(gain_control=True)), quiet, np.zeros_like(quiet))
    assert level_of(made[-5 * RATE :]) > 1.5 * level_of(quiet[-5 * RATE :])


def test_a_second_of_sound_costs_little() -> None:
    processor = make_processor(RATE, VoiceProcessing())
    near, far = babble(5.0), babble(5.0, seed=9)
    began = time.process_time()
    run(processor, near, far)
    assert (time.process_time() - began) / 5.0 < 0.15


def test_an_odd_rate_is_left_as_it_is() -> None:
    processor = make_processor(22050, VoiceProcessing())
    assert isinstance(processor, PlainProcessor)
    frame = tone(440.0, 0.02, 22050)
    processor.configure(VoiceProcessing())
    assert processor.process(frame, frame) is frame


def test_what_all_speakers_play_reaches_the_microphones() -> None:
    tap = EchoTap(RATE)
    assert tap_rates() == {RATE}
    loud = np.full(FRAME, 20000, np.int16)
    feed_taps(1, loud, RATE)
    feed_taps(2, loud, RATE)
    feed_taps(2, loud, RATE)
    feed_taps(3, loud, 8000)
    assert set(tap.read(FRAME)) == {32767}
    assert set(tap.read(FRAME)) == {20000}
    assert set(tap.read(FRAME)) == {0}
    tap.close()
    tap.close()
    assert tap_rates() == set()
