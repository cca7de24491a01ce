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


class _Onward(logging.Handler):
    """Hands on to the handlers above what the loggers would have let through."""

    def __init__(self) -> None:
        super().__init__()
        self.level_before = logging.NOTSET

    def emit(self, record: logging.LogRecord) -> None:
        logger = logging.getLogger(LOGGER_NAME)
        own = self.level_before if logger.level == TAPPED_LEVEL else logger.level
        above = logger.parent
        if above is not None and record.levelno >= (own or above.getEffectiveLevel()):
            above.callHandlers(record)


_onward: Final = _Onward()


def add_listener(handler: logging.Handler) -> None:
    """Let a handler have every record of the package, of any level. Safe to call twice."""
    logger = logging.getLogger(LOGGER_NAME)
    with _lock:
        if handler in _listeners:
            return
        if not _listeners and logger.propagate:
            _onward.level_before = logger.level
            logger.setLevel(TAPPED_LEVEL)
            logger.propagate = False
            logger.addHandler(_onward)
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
        if _listeners or _onward not in logger.handlers:
            return
        logger.removeHandler(_onward)
        logger.propagate = True
        if logger.level == TAPPED_LEVEL:
            logger.setLevel(_onward.level_before)
