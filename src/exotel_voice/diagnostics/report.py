"""What the tests have found, in the order in which they found it, as lines of text."""

from __future__ import annotations

import datetime as dt
import platform
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["DiagnosticsReport", "Entry", "platform_text"]

Status = str | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One result."""

    at: dt.datetime
    """When, in UTC."""
    key: str
    """What was tested, in the guide's words: `wss`, `mic` and so on."""
    status: Status
    """How it went: a word, or a level from 0 to 1."""
    description: str
    """More about it."""

    def __str__(self) -> str:
        """One line: `2026-01-31T12:00:00.000Z wss: connected wss://voip.example:443/wss`."""
        return f"{_stamp(self.at)} {self.key}: {self.status} {self.description}".rstrip()


@dataclass(slots=True)
class DiagnosticsReport:
    """The results of a session. It holds no secrets, because it is given none."""

    entries: list[Entry] = field(default_factory=list)
    """Results, the first first; of levels only their summary is kept."""
    on_line: Callable[[str], None] | None = None
    """Called with each new line."""

    def add(self, key: str, status: Status, description: str = "") -> Entry:
        """Note a result."""
        entry = Entry(at=dt.datetime.now(dt.UTC), key=key, status=status, description=description)
        self.entries.append(entry)
        if self.on_line is not None:
            self.on_line(str(entry))
        return entry

    def last(self, key: str) -> Entry | None:
        """The newest result of this kind."""
        return next((entry for entry in reversed(self.entries) if entry.key == key), None)

    def text(self) -> str:
        """All lines, each with its time."""
        return "".join(f"{entry}\n" for entry in self.entries)


def platform_text() -> str:
    """Name the Python and its version as browsers do theirs, for example `CPython/3.12.4`."""
    return f"{platform.python_implementation()}/{platform.python_version()}"


def _stamp(at: dt.datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
