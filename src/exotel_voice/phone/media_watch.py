"""Notices that no audio comes: first a new path is looked for, in the end the call ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from exotel_voice.errors import MediaError, MediaTimeout, MediaUnavailable

if TYPE_CHECKING:
    from exotel_voice.phone.leg import Leg

__all__ = ["MediaWatch"]

LOOKS_BEFORE_RESTART: Final = 6
LOOKS_BEFORE_END: Final = 7
"""How often the counters are read, at least, within each of the two limits."""
LOOK_WHILE_BROKEN: Final = 0.1
"""Seconds between two looks while audio is waited for."""
QUIET: Final = 1.0
"""Seconds without a packet after which a path is suspect if the SIP connection was lost as well."""
ROUNDING: Final = 1e-6


class MediaWatch:
    """Reads one call's packet counter again and again.

    After `media_restart_after` without a packet `MediaRepair` begins, after `media_timeout` the
    call ends; neither while one side holds the other, unless the engine says that the path is gone.
    It begins with the first packet: an engine that carries no audio never has one, and a path that
    never opened is reported by the engine itself.

    Silence is counted in looks, not by the clock: where this process was stopped for a while, it
    is this side that did not listen.

    Args:
        leg: The call.
    """

    def __init__(self, leg: Leg) -> None:
        settings = leg.line.settings
        self._leg = leg
        self._timer: asyncio.TimerHandle | None = None
        self._looked_at = 0.0
        self._packets = 0
        self._silence = 0.0
        self._interruption: MediaError | None = None
        self._end_after = settings.media_timeout
        self._restart_after = settings.media_restart_after
        self._interval = min(
            settings.media_timeout / LOOKS_BEFORE_END,
            settings.media_restart_after / LOOKS_BEFORE_RESTART,
        )

    @property
    def is_quiet(self) -> bool:
        """Whether the audio has stopped coming a while ago, though not long enough to say so."""
        return self._silence >= QUIET

    def connected(self) -> None:
        """Take note that there is a path: begin to watch, and forget that it was gone."""
        if self._interruption is not None:
            self._interruption = None
            self._silence = 0.0
            if self._is_quiet_by_wish():
                self._leg.repair.recovered()
        self._leg.repair.connected()
        if self._timer is None:
            self._arm()

    def interrupted(self, error: MediaError) -> None:
        """Take note that the path is gone, whether or not anything is expected on it."""
        self._interruption = error
        self._leg.repair.broken()

    def stop(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        loop = asyncio.get_running_loop()
        self._looked_at = loop.time()
        interval = self._interval
        if self._leg.repair.is_broken:
            interval = min(interval, LOOK_WHILE_BROKEN)
        self._timer = loop.call_later(interval, self._fire)

    def _fire(self) -> None:
        name = f"watch the audio of {self._leg.call_id}"
        self._leg.line.supervisor.start(self._look(), name=name)

    async def _look(self) -> None:
        leg = self._leg
        try:
            stats = await leg.media.stats()
        except MediaUnavailable:
            # Nobody can tell: that is no silence of the far side.
            self._arm_unless_ended()
            return
        if leg.is_ended:
            return
        passed = min(asyncio.get_running_loop().time() - self._looked_at, 2 * self._interval)
        has_heard = stats.packets_received != self._packets
        self._packets = stats.packets_received
        if self._interruption is None and (has_heard or self._is_quiet_by_wish()):
            self._silence = 0.0
            leg.repair.recovered()
        else:
            self._silence += passed
        # The last packet came up to one interval before the look that first saw it.
        silence = self._silence + self._interval + ROUNDING
        if silence >= self._end_after:
            limit = self._end_after
            silent = MediaTimeout(f"no audio came from the far side for {limit:g} s")
            leg.ending.fail(self._interruption or silent)
            return
        if silence >= self._restart_after:
            leg.repair.broken(is_silent_only=True)
        self._arm()

    def _arm_unless_ended(self) -> None:
        if not self._leg.is_ended:
            self._arm()

    def _is_quiet_by_wish(self) -> bool:
        """Whether no packet is to be expected: on hold, before the first, and while it rings."""
        leg = self._leg
        is_held = leg.negotiation.is_on_hold or leg.is_remote_on_hold
        return is_held or not self._packets or not leg.is_answered
