"""What all parts of `ExotelWebClient` share: its loop, its phone, its sound, and how it calls back.

The names of the guide are spread over several classes, one for each group of sections; each is
built on this one.
"""

from __future__ import annotations

import inspect
import logging
import threading
import weakref
from collections.abc import Callable

from exotel_voice.client.loop_host import LoopHost, close_at_exit
from exotel_voice.client.ringer import Ringer
from exotel_voice.client.sound import ClientSound
from exotel_voice.media.base import MediaEngine
from exotel_voice.observe.logs import ClientLogs, LoggerCallback
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
        self._ringer = Ringer(self._sound)
        self._host: LoopHost | None = None
        self._phone: Phone | None = None
        self._user_name = ""
        self._logs: ClientLogs | None = None
        self._logger_callback: LoggerCallback | None = None
        self._has_console = False
        self._is_log_over = False

    def close(self) -> None:
        """Hang up, unregister and end; see `ExotelWebClient.close`."""

    def _open_host(self) -> LoopHost:
        """Give the loop that the client works in, made when it is first needed."""
        with self._lock:
            if self._host is None:
                self._host = LoopHost(self._open_logs().scope)
                if self._host.has_thread:
                    close_at_exit(self.close)
            return self._host

    def _open_logs(self) -> ClientLogs:
        """Give the client's log, which is kept from the first use of the client to its end."""
        with self._lock:
            if self._logs is None or self._is_log_over:
                self._is_log_over = False
                self._logs = ClientLogs()
                self._logs.listen(self._logger_callback)
                self._logs.show_on_console(self._has_console)
                weakref.finalize(self, self._logs.close)
            return self._logs

    def _close_logs(self) -> None:
        """End the client's log; what is in it can still be read."""
        with self._lock:
            if self._logs is not None:
                self._logs.close()
                self._is_log_over = True

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

    def _refuse(self, name: str, why: str, *, level: int = logging.WARNING) -> bool:
        """Log why nothing is done, and give False."""
        with (self._logs or self._open_logs()).scope.entered():
            logger.log(level, "%s(): %s", name, why)
        return False
