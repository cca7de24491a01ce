"""Delays between attempts to connect, as a pure generator: exponential growth with full jitter.

Full jitter draws each delay from zero up to the ceiling, so that the phones of a server that comes
back do not all knock at the same instant (RFC 5626 §4.5 has the same aim).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

__all__ = ["backoff_delays"]


def backoff_delays(
    fraction: Callable[[], float], *, first: float = 0.1, limit: float = 30.0
) -> Iterator[float]:
    """Give the delays before attempt after attempt, without end.

    Args:
        fraction: Draws a number from 0.0 up to 1.0, anew for each delay.
        first: Ceiling of the first delay, seconds; it doubles with each attempt.
        limit: Ceiling that is never passed, seconds.

    Yields:
        Seconds to wait before the next attempt.
    """
    ceiling = min(first, limit)
    while True:
        yield fraction() * ceiling
        ceiling = min(ceiling * 2.0, limit)
