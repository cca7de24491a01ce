"""Whose log line it is, when several clients live in one process.

Loggers are shared by a whole process, so a line does not say whose it is. A `LogScope` is entered
where a client's work begins; tasks and callbacks that begin inside carry it on (PEP 567), through
every library, and lose it nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

__all__ = ["LogScope"]

T = TypeVar("T")

_current: ContextVar[LogScope | None] = ContextVar("exotel_voice_log_scope", default=None)


class LogScope:
    """Marks work as one client's."""

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Mark what happens inside, and every task that begins there."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def around(
        self, work: Callable[[], Coroutine[Any, Any, T]]
    ) -> Callable[[], Coroutine[Any, Any, T]]:
        """Give a maker of the same coroutine, marked."""

        async def marked() -> T:
            with self.entered():
                return await work()

        return marked

    @property
    def is_current(self) -> bool:
        """Whether the running code is marked with this scope, innermost."""
        return _current.get() is self

    @staticmethod
    def current() -> LogScope | None:
        """Give the innermost scope that the running code is marked with; None for none."""
        return _current.get()

    @staticmethod
    def is_any_current() -> bool:
        """Whether the running code is marked with any scope."""
        return _current.get() is not None
