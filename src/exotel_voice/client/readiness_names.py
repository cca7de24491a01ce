"""The name of guide 5.13: whether a call could come now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from exotel_voice.client.core import ClientCore
from exotel_voice.errors import MicrophoneDenied
from exotel_voice.phone.readiness import ReadyStatus, check_input

__all__ = ["ReadinessNames"]

ANSWER_LIMIT: Final = 1.9
"""Seconds after which the answer is `unknown`."""


class ReadinessNames(ClientCore):
    """Readiness."""

    def checkClientStatus(self, callback: Callable[[str], object]) -> bool:
        """Tell whether a call could come now (guide 5.13), within two seconds.

        The microphone is looked at first, then the connection, then the registration. May be asked
        at any time, also before `initWebrtc` and in a call, and several times at once.

        Args:
            callback: Called once with one of `media_permission_denied`, `not_initialized`,
                `websocket_connection_failed`, `unregistered`, `terminated`, `initial`,
                `registered`, `unknown`, `disconnected`, `connecting`.

        Returns:
            True: the answer follows.
        """

        async def check() -> None:
            status = ReadyStatus.UNKNOWN
            try:
                async with asyncio.timeout(ANSWER_LIMIT):
                    status = await self._status()
            finally:
                self._call_back("the callback of checkClientStatus()", callback, status.value)

        return self._open_host().spawn(check, what="checkClientStatus()")

    async def _status(self) -> ReadyStatus:
        with self._lock:
            phone = self._phone
        if phone is not None:
            return (await phone.check_ready()).status
        problem = await check_input(self._sound.engine)
        if isinstance(problem, MicrophoneDenied):
            return ReadyStatus.MEDIA_PERMISSION_DENIED
        return ReadyStatus.NOT_INITIALIZED
