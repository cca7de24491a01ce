"""Notices that a far end has gone without a word: no audio packets for too long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from exotel_voice.errors import MediaTimeout

if TYPE_CHECKING:
    from exotel_voice.phone.leg import Leg

__all__ = ["MediaWatch"]

LOOKS: Final = 7
"""How often the counters are read within the limit."""


class MediaWatch:
    """Ends one call after `media_timeout` without a packet, unless one side holds the other.

    It begins with the first packet: an engine that carries no audio never has one, and a path that
    never opened is reported by the engine itself.

    Args:
        leg: The call.
    """

    def __init__(self, leg: Leg) -> None:
        self._leg = leg
        self._timer: asyncio.TimerHandle | None = None
        self._packets = 0
        self._idle_looks = 0
        self._interval = leg.line.settings.media_timeout / LOOKS

    def start(self) -> None:
        """Begin to watch. Does nothing if it has begun."""
        if self._timer is None:
            self._arm()

    def stop(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._interval, self._fire)

    def _fire(self) -> None:
        name = f"watch the audio of {self._leg.call_id}"
        self._leg.line.supervisor.start(self._look(), name=name)

    async def _look(self) -> None:
        leg = self._leg
        stats = await leg.media.stats()
        if leg.is_ended:
            return
        is_quiet_by_wish = leg.negotiation.is_on_hold or leg.is_remote_on_hold
        if is_quiet_by_wish or not self._packets or stats.packets_received != self._packets:
            self._packets = stats.packets_received
            self._idle_looks = 0
        else:
            self._idle_looks += 1
        # The last packet came up to one interval before the look that first saw it.
        if self._idle_looks >= LOOKS - 1:
            limit = leg.line.settings.media_timeout
            leg.ending.fail(MediaTimeout(f"no audio came from the far side for {limit:g} s"))
        else:
            self._arm()
