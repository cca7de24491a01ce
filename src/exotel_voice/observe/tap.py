"""Listens to the loggers of the package without anybody else noticing.

Python's loggers drop a record below their level before a handler sees it, so whoever wants every
line has to lower the level, and then every handler of the program gets lines that it never wanted.
While somebody listens here, the level of `exotel_voice` is lowered and its records pass on to the
program's own handlers only if they would have done so before. When the last one leaves, all is as
it was.
"""

from __future__ import annotations

import logging
import threading
from typing import Final

__all__ = ["LOGGER_NAME", "add_listener", "remove_listener"]

LOGGER_NAME: Final = "exotel_voice"
TAPPED_LEVEL: Final = logging.DEBUG - 1
"""A level that nobody else sets, so that a change by somebody else shows."""

_lock = threading.RLock()
_listeners: list[logging.Handler] = []


class _Gate(logging.Logger):
    """Stands between `exotel_voice` and the logger above, and lets through what would have passed.

    It is in no manager's list: nobody finds it who does not walk up from `exotel_voice`.
    """

    def __init__(self) -> None:
        super().__init__("exotel_voice gate")
        self.propagate = False
        self.level_before = logging.NOTSET
        self.addHandler(_Onward(self))

    def insert(self, below: logging.Logger) -> None:
        """Stand above a logger, and lower its level."""
        self.parent = below.parent
        self.level_before = below.level
        below.parent = self
        below.setLevel(TAPPED_LEVEL)

    def remove(self, below: logging.Logger) -> None:
        """Leave the logger as it was found, but for what somebody else has changed since."""
        if below.parent is self:
            below.parent = self.parent
        if below.level == TAPPED_LEVEL:
            below.setLevel(self.level_before)

    def lets_through(self, record: logging.LogRecord) -> bool:
        """Tell whether the loggers below would have made this record without the tap."""
        logger: logging.Logger | None = logging.getLogger(record.name)
        while logger is not None and logger.name != LOGGER_NAME:
            if logger.level:
                return True  # its own level, which is untouched, has let the record through
            logger = logger.parent
        level = logging.getLogger(LOGGER_NAME).level
        own = self.level_before if level == TAPPED_LEVEL else level
        return record.levelno >= (own or self._level_above())

    def _level_above(self) -> int:
        return logging.WARNING if self.parent is None else self.parent.getEffectiveLevel()


class _Onward(logging.Handler):
    """Hands records on to the loggers above a gate."""

    def __init__(self, gate: _Gate) -> None:
        super().__init__()
        self._gate = gate

    def emit(self, record: logging.LogRecord) -> None:
        above = self._gate.parent
        if above is not None and self._gate.lets_through(record):
            above.callHandlers(record)


_gate: Final = _Gate()


def add_listener(handler: logging.Handler) -> None:
    """Let a handler have every record of the package, of any level. Safe to call twice."""
    logger = logging.getLogger(LOGGER_NAME)
    with _lock:
        if handler in _listeners:
            return
        if not _listeners:
            _gate.insert(logger)
        _listeners.append(handler)
        logger.addHandler(handler)


def remove_listener(handler: logging.Handler) -> None:
    """Take a handler away again. Safe to call twice."""
    logger = logging.getLogger(LOGGER_NAME)
    with _lock:
        if handler not in _listeners:
            return
        _listeners.remove(handler)
        logger.removeHandler(handler)
        if not _listeners:
            _gate.remove(logger)
