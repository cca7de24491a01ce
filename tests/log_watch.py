"""Reads everything that the tests log, at every level, and finds secrets in it.

What counts as one: every password and token of an account that a test makes, and whatever has the
form of a credential, of a digest's response or of a media key.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from exotel_voice.observe.tap import add_listener, remove_listener
from exotel_voice.phone.account import SipAccount
from exotel_voice.rest.account import ApiAccount

__all__ = ["LogWatch"]

FORMS: Final = re.compile(
    r"""authorization['"]?\s*[:=]\s*['"]?(?:digest|basic|bearer)\s+(?!\*\*\*)\S
    | \b(?:response|rspauth)="?[0-9a-f]{32}
    | \ba=ice-pwd:\s*(?!\*\*\*)\S
    | \binline:\s*[A-Za-z0-9+/]{20}
    """,
    re.IGNORECASE | re.VERBOSE,
)
OF_THE_TESTS: Final = ("websockets.server", "hypothesis")
"""Loggers of servers that tests themselves start, which may write what they like."""
WORD: Final = re.compile(r"[a-z]{1,11}")
"""A password such as `secret` is looked for nowhere: it is a word that a line may hold."""


def is_telling(secret: str) -> bool:
    """Whether a value in a line can only be the secret."""
    return len(secret) >= 5 and not WORD.fullmatch(secret)


class LogWatch(logging.Handler):
    """Keeps the lines and the secrets of one test at a time."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.setFormatter(logging.Formatter())
        self._lines: list[str] = []
        self._lasting: set[str] = set()
        self._of_this_test: set[str] | None = None
        self._lines_lock = threading.Lock()
        self.count = 0
        """Lines of the whole session."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(OF_THE_TESTS):
            return
        line = f"{record.name}: {self.format(record)}"
        with self._lines_lock:
            self._lines.append(line)
            self.count += 1

    # -- secrets ---------------------------------------------------------------------------------

    def know(self, *secrets: str) -> None:
        """Look for these from now on; until the end of the test, if one runs."""
        known = self._lasting if self._of_this_test is None else self._of_this_test
        known.update(secret for secret in secrets if is_telling(secret))

    def install(self) -> None:
        """Hear every logger, and learn the secrets of every account."""
        logging.getLogger().addHandler(self)
        add_listener(self)
        _after(SipAccount, lambda account: self.know(account.password))
        _after(ApiAccount, lambda account: self.know(account.token))

    @contextmanager
    def one_test(self) -> Iterator[Callable[[], list[str]]]:
        """Watch one test; what is given lists the lines that hold a secret."""
        self._of_this_test = set()
        with self._lines_lock:
            self._lines.clear()
        try:
            yield self._offences
        finally:
            self._of_this_test = None

    @contextmanager
    def looking_away(self) -> Iterator[None]:
        """Leave the loggers of the package as a program finds them."""
        remove_listener(self)
        try:
            yield
        finally:
            add_listener(self)

    def _offences(self) -> list[str]:
        with self._lines_lock:
            lines = list(self._lines)
        text = "\n".join(lines)
        secrets = self._lasting | (self._of_this_test or set())
        found = [secret for secret in secrets if secret in text]
        return [
            line for line in lines if FORMS.search(line) or any(secret in line for secret in found)
        ]


def _after(kind: type, tell: Callable[[Any], None]) -> None:
    """Tell of every value of a frozen dataclass, once it has been checked."""
    check = kind.__dict__["__post_init__"]

    def check_and_tell(self: object) -> None:
        check(self)
        tell(self)

    kind.__post_init__ = check_and_tell  # type: ignore[attr-defined]
