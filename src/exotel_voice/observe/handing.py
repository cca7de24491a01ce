"""How records reach the clients that keep them: each one's own in one step, however many there are.

A server holds thousands of clients, and a handler for each would make every line of the process
cost as many calls. Those that want only the lines of their own scope share one handler, which looks
up whose line it is.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from logging.handlers import QueueHandler
from queue import SimpleQueue
from typing import Any, Final

from exotel_voice.observe.scope import LogScope
from exotel_voice.observe.tap import add_listener, remove_listener

__all__ = ["Owners", "RecordHandler", "owners"]

Take = Callable[[logging.LogRecord], None]


class RecordHandler(QueueHandler):
    """Hands records to a function.

    Of `QueueHandler` it keeps that no failure gets out to the code that logs, and replaces the
    queue.

    Args:
        take: Called with each record, from any thread.
    """

    def __init__(self, take: Take) -> None:
        super().__init__(SimpleQueue())
        self._take = take

    def prepare(self, record: logging.LogRecord) -> Any:
        """Leave the record as it is."""
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Hand it on."""
        self._take(record)


class Owners:
    """Whoever keeps the lines of one scope and of no other."""

    def __init__(self) -> None:
        self._takers: dict[LogScope, Take] = {}
        self._handler = RecordHandler(self._take)
        self._lock = threading.Lock()

    def add(self, scope: LogScope, take: Take) -> None:
        """Call a function with each record of a scope from now on."""
        with self._lock:
            self._takers[scope] = take
            add_listener(self._handler)

    def remove(self, scope: LogScope) -> None:
        """End that. Safe to call twice."""
        with self._lock:
            self._takers.pop(scope, None)
            if not self._takers:
                remove_listener(self._handler)

    def _take(self, record: logging.LogRecord) -> None:
        scope = LogScope.current()
        take = None if scope is None else self._takers.get(scope)
        if take is not None:
            take(record)


owners: Final = Owners()
"""Those of this process."""
