"""Brings the audio of a call back: a new path by re-INVITE, tried a few times (RFC 8839 §4.4.1.1).

Signalling bad: the phone reconnects, and the re-INVITE that follows restarts the path as well.
Signalling good: the path alone is restarted. Which of the two it is, a sign of life of the SIP
server tells, because a network that drops everything looks the same from inside.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from exotel_voice.errors import InvalidState, MediaError, RequestRefused
from exotel_voice.phone.events import CallReconnected, CallReconnecting

if TYPE_CHECKING:
    from exotel_voice.phone.leg import Leg

__all__ = ["MediaRepair"]

logger = logging.getLogger("exotel_voice.phone")

TRIES: Final = 4
FIRST_PAUSE: Final = 4.0
"""Seconds from one try to the next; doubled each time."""

PROMPT: Final = 2.0
"""Seconds within which a far end that was cut off is heard on a new path."""
FIRST_REST: Final = 20.0
"""Seconds before mere silence counts again, after it was the far end's own; doubled each time."""


class MediaRepair:
    """Restarts the path of one call, until audio comes or the tries are used up.

    Args:
        leg: The call.

    Attributes:
        is_broken: Whether audio is waited for.
    """

    def __init__(self, leg: Leg) -> None:
        self._leg = leg
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._tries = 0
        self._connected_at: float | None = None
        self._rest_until = 0.0
        self._rest = FIRST_REST
        self.is_broken = False

    def broken(self, *, is_silent_only: bool = False) -> None:
        """Begin. Does nothing if it has begun, and before the call is answered.

        Args:
            is_silent_only: Whether nothing is known but that no audio comes. A far end that was
                silent on a new path, too, is then let alone for a while: it sends nothing in the
                pauses of its speech.
        """
        leg = self._leg
        if self.is_broken or leg.is_ended or not leg.is_answered:
            return
        if is_silent_only and _now() < self._rest_until:
            return
        self._connected_at = None
        self.is_broken = True
        self._tries = 0
        leg.line.hub.emit(CallReconnecting(call_id=leg.call_id, part="media"))
        self._begin_try()

    def connected(self) -> None:
        """Take note of a new path."""
        if self.is_broken and self._connected_at is None:
            self._connected_at = _now()

    def recovered(self) -> None:
        """Take note that the audio is back. Does nothing if it was never gone."""
        if self.is_broken:
            self.stop()
            self.is_broken = False
            if self._connected_at is not None and _now() - self._connected_at > PROMPT:
                self._rest_until = _now() + self._rest
                self._rest *= 2
            self._leg.line.hub.emit(CallReconnected(call_id=self._leg.call_id, part="media"))

    def stop(self) -> None:
        """Try no longer. What has been offered runs its course."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _begin_try(self) -> None:
        name = f"restart the audio of {self._leg.call_id}"
        self._tries += 1
        self._task = self._leg.line.supervisor.start(self._try(), name=name)

    async def _try(self) -> None:
        leg = self._leg
        try:
            # A call whose connection is lost gets its restart with the repair that follows.
            if not leg.negotiation.is_stale and await leg.line.switchboard.check_connection():
                await leg.negotiation.restart()
        except (InvalidState, MediaError, RequestRefused) as error:
            logger.warning("the audio of a call was not restarted: %s", error)
        if self.is_broken and not leg.is_ended and self._tries < TRIES:
            pause = FIRST_PAUSE * 2 ** (self._tries - 1)
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(pause, self._begin_try)


def _now() -> float:
    return asyncio.get_running_loop().time()
