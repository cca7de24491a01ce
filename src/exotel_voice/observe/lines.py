"""One line of the log, and the bounded ring that keeps the last ones."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

__all__ = ["LineType", "LogLine", "LogRing", "line_of", "type_of"]

LineType = Literal["log", "info", "warn", "error"]

MAX_LINE: Final = 4_096
"""Characters of a line; the rest is cut, so that a line's cost has a bound."""

_FORMATTER: Final = logging.Formatter()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line, secrets taken out."""

    at: dt.datetime
    """When it was written, in UTC."""
    type: LineType
    """The guide's word for its level (guide 5.15)."""
    level: str
    """Python's word for its level, `WARNING`."""
    logger: str
    """Whose line it is, `exotel_voice.phone`."""
    call_id: str
    """The call it concerns; empty for none."""
    message: str
    """The text; of an error also its traceback, cut at 4096 characters."""

    def __str__(self) -> str:
        call = f" [{self.call_id}]" if self.call_id else ""
        moment = self.at.isoformat(timespec="milliseconds").removesuffix("+00:00")
        return f"{moment}Z {self.level:<7} {self.logger}{call} {self.message}"


def type_of(level: int) -> LineType:
    """Give the guide's word for a level of Python's logging."""
    if level >= logging.ERROR:
        return "error"
    if level >= logging.WARNING:
        return "warn"
    return "info" if level >= logging.INFO else "log"


def line_of(record: logging.LogRecord, redact: Callable[[str], str]) -> LogLine:
    """Make a line of a record."""
    text = record.getMessage()
    if record.exc_info and record.exc_info[0] is not None:
        text = f"{text}\n{_FORMATTER.formatException(record.exc_info)}"
    # Redacted before it is cut: half a secret would not be known for one.
    text = redact(text[: 4 * MAX_LINE])
    if len(text) > MAX_LINE:
        text = f"{text[:MAX_LINE]} (cut)"
    return LogLine(
        at=dt.datetime.fromtimestamp(record.created, dt.UTC),
        type=type_of(record.levelno),
        level=record.levelname,
        logger=record.name,
        call_id=str(getattr(record, "call_id", None) or ""),
        message=text,
    )


class LogRing:
    """Keeps the last lines; adding one costs the same however many there are.

    Args:
        limit: Lines to keep; the oldest go first.
    """

    def __init__(self, limit: int) -> None:
        self._lines: deque[LogLine] = deque(maxlen=limit)
        self._added = 0
        self._lock = threading.Lock()

    def add(self, line: LogLine) -> None:
        """Keep a line."""
        with self._lock:
            self._lines.append(line)
            self._added += 1

    def lines(self) -> tuple[LogLine, ...]:
        """Give the lines that are kept, oldest first."""
        with self._lock:
            return tuple(self._lines)

    def since(self, number: int) -> tuple[int, tuple[LogLine, ...]]:
        """Give the lines from a number on, counted from 0 since the beginning.

        Returns:
            The number of the first one, higher than asked where lines have gone, and the lines.
        """
        with self._lock:
            gone = self._added - len(self._lines)
            first = min(max(number, gone), self._added)
            return first, tuple(islice(self._lines, first - gone, None))

    @property
    def dropped(self) -> int:
        """How many lines have gone to make room."""
        with self._lock:
            return self._added - len(self._lines)
