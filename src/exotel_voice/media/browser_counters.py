"""Counts of one call's audio, added up over the tabs that had it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from exotel_voice.media.base import NO_STATS, MediaStats

__all__ = ["BrowserCounters"]

_COUNTS: Final = (
    "packets_sent",
    "packets_received",
    "packets_lost",
    "packets_late",
    "bytes_sent",
    "bytes_received",
    "concealed_ms",
)


class BrowserCounters:
    """What the tabs have told.

    Attributes:
        present: What the tab that has the call told last; its counts begin with its connection.
    """

    def __init__(self) -> None:
        self._past = NO_STATS
        self.present = NO_STATS

    def add_up(self) -> None:
        """Keep the counts of a tab that has the call no longer."""
        self._past = replace(NO_STATS, **self._sums())
        self.present = NO_STATS

    def total(self, *, codec: str) -> MediaStats:
        """Give the counts of all tabs and the measures of the present one.

        Args:
            codec: The codec to name where the tab named none.
        """
        return replace(self.present, codec=self.present.codec or codec, **self._sums())

    def _sums(self) -> dict[str, Any]:
        return {name: getattr(self._past, name) + getattr(self.present, name) for name in _COUNTS}
