"""The names of guide 5.15 and of today's SDK beside it: the log of the client."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

from exotel_voice.client.core import ClientCore
from exotel_voice.observe.lines import LineType
from exotel_voice.observe.logs import LoggerCallback

__all__ = ["LogNames"]


class LogNames(ClientCore):
    """Logs."""

    def registerLoggerCallback(self, callback: LoggerCallback | None) -> None:
        """Hand each line of this client's log to a function from now on (guide 5.15).

        It is called where the line is written, which may be in any thread; one that is `async def`
        runs in the client's loop.

        Args:
            callback: Called with the type (`log`, `info`, `warn`, `error`), the message, and a list
                with one dictionary: `logger`, `time` and, in a call, `callId`. None ends it.
        """
        with self._lock:
            self._logger_callback = None if callback is None else self._awaited(callback)
            self._open_logs().listen(self._logger_callback)

    def downloadLogs(self) -> str:
        """Write the last lines of this client's log to a new file, and give its path.

        Only this user can read it. Passwords, digests and keys are not in it.

        Raises:
            OSError: It cannot be written.
        """
        with self._lock:
            logs = self._logs or self._open_logs()
        return str(logs.download())

    def setEnableConsoleLogging(self, enable: bool) -> None:
        """Write this client's log to the standard error too, or stop that."""
        with self._lock:
            self._has_console = bool(enable)
            self._open_logs().show_on_console(self._has_console)

    def _awaited(self, callback: LoggerCallback) -> Callable[..., object]:
        def call(kind: LineType, message: str, args: list[dict[str, str]]) -> None:
            result = callback(kind, message, args)
            if inspect.isawaitable(result):
                self._open_host().spawn(lambda: _wait(result), what="the logger callback")

        return call


async def _wait(result: Awaitable[object]) -> None:
    await result
