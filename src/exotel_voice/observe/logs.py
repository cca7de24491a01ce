"""The log of one client: kept, shown, handed to the application (guide 5.15).

logs = ClientLogs(secrets=[account.password])
logs.listen(lambda type, message, args: print(type, message))
with logs.scope.entered():
    ...                              # lines of work that begins here are this client's
path = logs.download()
logs.close()
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Literal

from exotel_voice.errors import ConfigError
from exotel_voice.observe.handing import RecordHandler, owners
from exotel_voice.observe.lines import LineType, LogLine, LogRing, line_of
from exotel_voice.observe.redaction import Redactor
from exotel_voice.observe.scope import LogScope
from exotel_voice.observe.tap import add_listener, remove_listener

__all__ = ["ClientLogs", "LoggerCallback", "Whose"]

Whose = Literal["own", "unclaimed", "everybody"]

LoggerCallback = Callable[[LineType, str, list[dict[str, str]]], object]
"""Called with the type (`log`, `info`, `warn`, `error`), the message, and a list that holds one
dictionary: `logger`, `time` and, for a line of a call, `callId`."""

DEFAULT_LIMIT: Final = 5_000
"""Lines that are kept."""


class ClientLogs:
    """Keeps the last lines of one client from the moment it is made until `close`.

    Nothing is shown and no handler of the program is touched unless it is asked for. Records that
    the program's own logging drops are kept here all the same, down to DEBUG.

    Args:
        limit: Lines to keep.
        secrets: Values to hide wherever they stand, such as the password of the account.
        shorten: Whether phone numbers are shortened and dialled digits hidden.
        whose: `own` for the lines of `scope` alone; `unclaimed` for those too that belong to no
            scope, such as what the application logs itself; `everybody` for all of the process.

    Attributes:
        scope: Enter it where the client's work begins.

    Raises:
        ConfigError: The limit is below 1.
    """

    def __init__(
        self,
        *,
        limit: int = DEFAULT_LIMIT,
        secrets: Iterable[str] = (),
        shorten: bool = False,
        whose: Whose = "own",
    ) -> None:
        if limit < 1:
            raise ConfigError("limit must be at least 1 line")
        self.scope = LogScope()
        self._ring = LogRing(limit)
        self._shorten = shorten
        self._secrets = set(secrets)
        self._redact = Redactor(self._secrets, shorten=shorten)
        self._whose = whose
        self._callback: LoggerCallback | None = None
        self._is_on_console = False
        self._delivering = threading.local()
        self._handler = RecordHandler(self.take)
        if whose == "own":
            owners.add(self.scope, self.take)
        else:
            add_listener(self._handler)

    def hide(self, *secrets: str) -> None:
        """Hide further values from now on."""
        self._secrets.update(secrets)
        self._redact = Redactor(self._secrets, shorten=self._shorten)

    def listen(self, callback: LoggerCallback | None) -> None:
        """Call a function with each line from now on; None ends that.

        It is called where the line is written, from any thread. What it raises goes where logging
        sends the failures of handlers, to the standard error. Lines that come of the call itself
        are kept, but not handed to it.
        """
        self._callback = callback

    def show_on_console(self, shown: bool) -> None:  # noqa: FBT001 - the guide's own form
        """Write each line from now on to the standard error, or stop that."""
        self._is_on_console = shown

    def lines(self) -> tuple[LogLine, ...]:
        """Give the lines that are kept, oldest first."""
        return self._ring.lines()

    def lines_since(self, number: int) -> tuple[int, tuple[LogLine, ...]]:
        """Give the lines from a number on, to read them piece by piece.

        Args:
            number: Counted from 0 since the beginning, lines that are not kept any more included.

        Returns:
            The number of the first line that is given, and the lines, oldest first.
        """
        return self._ring.since(number)

    def download(self, path: str | Path | None = None) -> Path:
        """Write the lines to a file and return its path.

        Args:
            path: The file, written over; None for a new one in the directory for temporary files,
                which only this user can read.

        Raises:
            OSError: The file cannot be written.
        """
        if path is None:
            prefix = f"exotel-voice-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}-"
            with tempfile.NamedTemporaryFile(prefix=prefix, suffix=".log", delete=False) as made:
                path = made.name
        target = Path(path)
        target.write_text(self.text(), encoding="utf-8", errors="backslashreplace")
        return target

    def text(self) -> str:
        """Give the lines that are kept as text; the first one says what has been dropped."""
        dropped = self._ring.dropped
        head = [f"({dropped} older lines are not kept)"] if dropped else []
        return "".join(f"{line}\n" for line in [*head, *self.lines()])

    def close(self) -> None:
        """Stop listening to the loggers. What was kept can still be read. Safe to call twice."""
        owners.remove(self.scope)
        remove_listener(self._handler)

    def take(self, record: logging.LogRecord) -> None:
        """Keep, show and hand on one record, if it is this client's."""
        if not self._is_for_this(self._whose):
            return
        line = line_of(record, self._redact)
        self._ring.add(line)
        if self._is_on_console:
            sys.stderr.write(f"{line}\n")
        if self._callback is not None and not getattr(self._delivering, "is_on", False):
            self._deliver(self._callback, line)

    def _is_for_this(self, whose: Whose) -> bool:
        if self.scope.is_current or whose == "everybody":
            return True
        return whose == "unclaimed" and not LogScope.is_any_current()

    def _deliver(self, callback: LoggerCallback, line: LogLine) -> None:
        told = {"logger": line.logger, "time": line.at.isoformat(timespec="milliseconds")}
        if line.call_id:
            told["callId"] = line.call_id
        self._delivering.is_on = True
        try:
            callback(line.type, line.message, [told])
        finally:
            self._delivering.is_on = False
