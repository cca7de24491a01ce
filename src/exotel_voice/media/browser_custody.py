"""Which tab has the audio of a call, and which had it before: one at a time, or none."""

from __future__ import annotations

from exotel_voice.media.base import MediaStats
from exotel_voice.media.browser_carrier import MediaCarrier
from exotel_voice.media.browser_counters import BrowserCounters

__all__ = ["Custody"]


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

    def bind(self, carrier: MediaCarrier) -> None:
        """Give the call to a tab."""
        if carrier is not self.carrier:
            self._counters.add_up()
        self.carrier = self.last = carrier

    def release(self, carrier: MediaCarrier) -> bool:
        """Take the call from a tab that is gone; tell whether it had it."""
        if self._previous is carrier:
            self._previous = None
        if self.carrier is not carrier:
            return False
        self.carrier = None
        self._counters.add_up()
        return True

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

    def stats(self, *, codec: str) -> MediaStats:
        """Give the counts of all tabs and the measures of the present one."""
        return self._counters.total(codec=codec)

    def _end_change(self) -> None:
        self.is_changing = False
        self._previous = None
