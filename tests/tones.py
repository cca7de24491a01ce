"""Sounds for tests, and measures of sounds: frequency, level, signal to noise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]


def tone(frequency: float, seconds: float, rate: int, *, amplitude: float = 10000.0) -> Samples:
    """A sine that starts at 0."""
    at = np.arange(round(seconds * rate)) / rate
    return np.round(amplitude * np.sin(2 * np.pi * frequency * at)).astype(np.int16)


def frequency_of(samples: Samples, rate: int) -> float:
    """The strongest frequency, in hertz, to a fraction of a bin."""
    windowed = samples.astype(np.float64) * np.hanning(len(samples))
    spectrum = np.abs(np.fft.rfft(windowed))
    peak = int(np.argmax(spectrum[1:-1])) + 1
    left, middle, right = np.log(spectrum[peak - 1 : peak + 2] + 1e-9)
    shift = 0.5 * (left - right) / (left - 2 * middle + right)
    return float((peak + shift) * rate / len(samples))


def level_of(samples: Samples) -> float:
    """Root mean square, in units of a sample."""
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


def tone_to_noise_db(samples: Samples, frequency: float, rate: int) -> float:
    """How much stronger a tone is than all the rest, in decibels; the tone's phase is free."""
    at = np.arange(len(samples)) / rate
    basis = np.stack(
        [np.sin(2 * np.pi * frequency * at), np.cos(2 * np.pi * frequency * at)], axis=1
    )
    signal = samples.astype(np.float64)
    weights, *_ = np.linalg.lstsq(basis, signal, rcond=None)
    fitted = basis @ weights
    rest = float(np.sum((signal - fitted) ** 2)) + 1e-9
    return float(10 * np.log10(np.sum(fitted**2) / rest))
