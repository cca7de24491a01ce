"""Which tab has the audio of a call, and which had it before: one at a time, or none."""

from __future__ import annotations

import asyncio
import math
from typing import Final

from exotel_voice.errors import MediaUnavailable
from exotel_voice.media.base import MediaStats
from exotel_voice.media.browser_carrier import MediaCarrier
from exotel_voice.media.browser_counters import BrowserCounters

__all__ = ["Custody"]

STALE: Final = 2.5
"""Seconds after which a report is too old; tabs report each second."""


class Custody:
    """The present tab of one call, and the one that it may be given back to.

    Args:
        media: Names the media session.

    Attributes:
        carrier: The tab that has the call; None while nobody has it.
        last: The tab that has the call, or had it last.
        is_changing: Whether a tab has the call on trial, until the far side has agreed.
    """

    def __init__(self, media: str) -> None:
        self.carrier: MediaCarrier | None = None
        self.last: MediaCarrier | None = None
        self.is_changing = False
        self._media = media
        self._previous: MediaCarrier | None = None
        self._counters = BrowserCounters()
        self._reported_at: float | None = None

    def bind(self, carrier: MediaCarrier) -> None:
        """Give the call to a tab."""
        if carrier is not self.carrier:
            self._end_report()
        self.carrier = self.last = carrier

    def release(self, carrier: MediaCarrier) -> bool:
        """Take the call from a tab that is gone; tell whether it had it."""
        if self._previous is carrier:
            self._previous = None
        if self.carrier is not carrier:
            return False
        self.carrier = None
        self._end_report()
        return True

    def renewed(self) -> None:
        """Take note that the present tab begins with another connection."""
        self._end_report()

    def begin_change(self, carrier: MediaCarrier) -> None:
        """Give the call to a tab on trial."""
        self._previous = self.carrier
        self.is_changing = True
        self.bind(carrier)

    def confirm(self) -> None:
        """The far side has agreed: the tab of before closes its connection."""
        if self.is_changing and self._previous is not None and self._previous is not self.carrier:
            self._previous.dismiss(self._media)
        self._end_change()

    def undo(self) -> None:
        """The far side has not agreed: the tab of before keeps the call."""
        if not self.is_changing:
            return
        failed, self.carrier = self.carrier, self._previous
        self.last = self._previous or self.last
        self._end_change()
        if failed is not None:
            failed.dismiss(self._media)

    def dismiss(self, *others: MediaCarrier | None) -> None:
        """Tell every tab that has to do with the call to close its connection."""
        for carrier in {self.carrier, self._previous, *others}:
            if carrier is not None:
                carrier.dismiss(self._media)

    def take_stats(self, stats: MediaStats) -> None:
        """Take what the present tab tells of its connection."""
        self._counters.present = stats
        self._reported_at = asyncio.get_running_loop().time()

    def stats(self, *, codec: str) -> MediaStats:
        """Give the counts of all tabs and the measures of the present one.

        A tab that is gone, or whose scripts stand still, says nothing of the audio, which may well
        go on.

        Raises:
            MediaUnavailable: The tab has told nothing for a while.
        """
        if self._reported_at is not None:
            age = asyncio.get_running_loop().time() - self._reported_at
            if self.carrier is None or age > STALE:
                raise MediaUnavailable("No browser tab reports on the audio of the call")
        return self._counters.total(codec=codec)

    def _end_report(self) -> None:
        self._counters.add_up()
        if self._reported_at is not None:
            self._reported_at = -math.inf

    def _end_change(self) -> None:
        self.is_changing = False
        self._previous = None
