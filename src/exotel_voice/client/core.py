"""What all parts of `ExotelWebClient` share: its loop, its phone, its sound, and how it calls back.

The names of the guide are spread over several classes, one for each group of sections; each is
built on this one.
"""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Callable

from exotel_voice.client.loop_host import LoopHost, close_at_exit
from exotel_voice.client.sound import ClientSound
from exotel_voice.media.base import MediaEngine
from exotel_voice.phone.phone import Phone
from exotel_voice.phone.settings import PhoneSettings

__all__ = ["ClientCore"]

logger = logging.getLogger("exotel_voice.client")


class ClientCore:
    """The inside of a client.

    Args:
        media: Makes the audio of calls; None for the native engine with microphone and speaker.
        settings: How the phone behaves; None for the usual.
    """

    def __init__(
        self, *, media: MediaEngine | None = None, settings: PhoneSettings | None = None
    ) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        self._sound = ClientSound(media)
        self._host: LoopHost | None = None
        self._phone: Phone | None = None
        self._user_name = ""

    def close(self) -> None:
        """Hang up, unregister and end; see `ExotelWebClient.close`."""

    def _open_host(self) -> LoopHost:
        """Give the loop that the client works in, made when it is first needed."""
        with self._lock:
            if self._host is None:
                self._host = LoopHost()
                if self._host.has_thread:
                    close_at_exit(self.close)
            return self._host

    def _call_back(
        self, what: str, callback: Callable[..., object] | None, *arguments: object
    ) -> None:
        """Call a user's function in the loop, be it plain or `async def`; failures are logged."""
        if callback is None:
            return
        function = callback

        async def call() -> None:
            result = function(*arguments)
            if inspect.isawaitable(result):
                await result

        self._open_host().spawn(call, what=what)

    def _refuse(self, name: str, why: str) -> bool:
        logger.warning("%s(): %s", name, why)
        return False
