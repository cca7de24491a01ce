"""The buffer between a sound card and a call: clocks that differ, blocks that are late."""

from __future__ import annotations

import numpy as np
import pytest

from exotel_voice.devices.buffer import DriftBuffer
from tones import Samples, level_of, tone, tone_to_noise_db

RATE = 16000
FRAME = 320


def carry(drift: float, seconds: float, *, block: int = FRAME) -> tuple[Samples, DriftBuffer]:
    """Let a card whose clock is faster by `drift` write a tone, and a call read it."""
    buffer = DriftBuffer(RATE)
    sound = tone(440.0, seconds * 1.1, RATE)
    written = 0
    heard: list[Samples] = []
    for turn in range(round(seconds * 50)):
        due = round(turn * FRAME * (1.0 + drift))
        while written + block <= due:
            buffer.write(sound[written : written + block])
            written += block
        got = buffer.read(FRAME)
        heard.append(np.zeros(FRAME, np.int16) if got is None else got)
    return np.concatenate(heard), buffer


def purity(part: Samples) -> float:
    """Tone to noise in decibels, wherever near 440 Hz the tone is."""

    def at(frequency: float) -> float:
        return tone_to_noise_db(part, frequency, RATE)

    coarse = max(440.0 + np.linspace(-2.0, 2.0, 21), key=at)
    return max(map(at, coarse + np.linspace(-0.2, 0.2, 21)))


@pytest.mark.parametrize("drift", [0.0, 0.0005, -0.0005, 0.001, -0.001])
@pytest.mark.parametrize("block", [FRAME, 480, 1024])
def test_clocks_that_differ_are_not_heard(drift: float, block: int) -> None:
    heard, buffer = carry(drift, 40.0, block=block)
    assert buffer.underruns <= 2
    assert buffer.overruns == 0
    assert buffer.level < 0.15
    steady = heard[5 * RATE :]
    levels = [level_of(part) for part in np.array_split(steady, len(steady) // RATE)]
    assert min(levels) == pytest.approx(max(levels), rel=0.02)
    parts = np.array_split(steady, len(steady) // (RATE // 10))[::9]
    assert min(purity(part) for part in parts) > 28.0


def test_without_drift_samples_pass_unchanged() -> None:
    buffer = DriftBuffer(RATE)
    sound = tone(300.0, 1.0, RATE)
    frames = sound.reshape(-1, FRAME)
    for frame in frames[:2]:
        buffer.write(frame)
        assert buffer.read(FRAME) is None
    buffer.write(frames[2])
    first = buffer.read(FRAME)
    buffer.write(frames[3])
    second = buffer.read(FRAME)
    assert first is not None
    assert second is not None
    start = 3 * FRAME - round(0.045 * RATE)
    assert np.concatenate((first, second)).tobytes() == sound[start : start + 2 * FRAME].tobytes()


def depth_at_start(buffer: DriftBuffer, *, pause: int) -> float:
    """Let the buffer run dry and wait; then feed it until it gives: how much did it want?"""
    while buffer.read(FRAME) is not None:
        pass
    for _ in range(pause):
        assert buffer.read(FRAME) is None
    while True:
        buffer.write(np.ones(16, np.int16))
        level = buffer.level
        if buffer.read(FRAME) is not None:
            return level


def test_a_late_block_makes_the_buffer_deeper_and_a_hold_does_not() -> None:
    buffer = DriftBuffer(RATE)
    buffer.write(np.ones(2 * FRAME, np.int16))
    first = depth_at_start(buffer, pause=0)
    held = depth_at_start(buffer, pause=100)
    late = depth_at_start(buffer, pause=2)
    assert held == pytest.approx(first, abs=0.002)
    assert late == pytest.approx(first + 0.010, abs=0.002)
    assert max(depth_at_start(buffer, pause=1) for _ in range(30)) < first + 0.11


def test_a_hold_leaves_no_delay_behind() -> None:
    buffer = DriftBuffer(RATE)
    for _ in range(200):
        buffer.write(np.ones(FRAME, np.int16))
    assert buffer.level <= 0.35
    assert buffer.read(FRAME) is not None
    assert buffer.level < 0.05


def test_what_waits_can_be_taken_over_by_another_buffer() -> None:
    buffer = DriftBuffer(RATE)
    sound = tone(300.0, 0.06, RATE)
    buffer.write(sound)
    assert buffer.unread().tobytes() == sound.tobytes()
    assert buffer.level == 0.0


def test_the_first_use_is_told_once() -> None:
    told: list[str] = []
    buffer = DriftBuffer(RATE)
    buffer.on_first_use = lambda: told.append("used")
    buffer.read(FRAME)
    buffer.write(np.ones(FRAME, np.int16))
    assert told == ["used"]
