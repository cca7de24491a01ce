"""Measures of sound that was recorded while the machine was busy: gaps are left aside.

Real sound cards run in real time, and a machine with too much to do drops some of it. The median
over short windows tells what was played in between.
"""

from __future__ import annotations

import numpy as np

from tones import Samples, frequency_of, level_of

__all__ = ["loudest", "typical_frequency", "typical_level", "windows"]


def windows(samples: Samples, rate: int, seconds: float = 0.1) -> list[Samples]:
    """Cut a recording into windows; a rest at the end is dropped."""
    count = round(rate * seconds)
    return [samples[at : at + count] for at in range(0, len(samples) - count + 1, count)]


def loudest(samples: Samples, rate: int) -> Samples:
    """The loudest tenth of a second."""
    return max(windows(samples, rate), key=level_of)


def typical_level(samples: Samples, rate: int) -> float:
    """The level that half of the windows reach."""
    return float(np.median([level_of(part) for part in windows(samples, rate)]))


def typical_frequency(samples: Samples, rate: int) -> float:
    """The frequency of the window in the middle."""
    found = [frequency_of(part, rate) for part in windows(samples, rate) if level_of(part) > 50.0]
    return float(np.median(found)) if found else 0.0
