"""One line per figure: what was measured, its target and the verdict."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Figure", "median", "print_table", "spread"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of a table."""

    name: str
    """What was measured, with the unit."""
    value: float
    """The figure; a median where there are many."""
    target: float | None = None
    """What it is to be at most; None for a figure without a target."""
    note: str = ""
    """Spread, or what a peer needs for the same."""

    @property
    def verdict(self) -> str:
        """`met`, `MISSED`, or nothing."""
        if self.target is None:
            return ""
        return "met" if self.value <= self.target else "MISSED"


def median(seconds: Sequence[float]) -> float:
    """The median, in milliseconds."""
    return statistics.median(seconds) * 1000


def spread(seconds: Sequence[float]) -> str:
    """Minimum and maximum, in milliseconds."""
    return f"{min(seconds) * 1000:.2f} to {max(seconds) * 1000:.2f}"


def print_table(title: str, figures: Sequence[Figure]) -> None:
    """Print the lines under a title."""
    print(f"\n{title}")
    print(f"{'':52}{'figure':>10}{'target':>9}")
    for figure in figures:
        target = "" if figure.target is None else f"{figure.target:.2f}"
        print(f"{figure.name:52}{figure.value:>10.2f}{target:>9}  {figure.verdict:7}{figure.note}")
