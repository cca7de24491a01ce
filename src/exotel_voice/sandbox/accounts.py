"""The sandbox's accounts: who may register, and with which password."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import Final

from exotel_voice.errors import ConfigError

__all__ = ["Accounts"]

_USERNAME: Final = re.compile(r"[A-Za-z0-9_.+-]{1,64}", re.ASCII)


class Accounts:
    """User names and their passwords. The repr shows no password."""

    def __init__(self) -> None:
        self._passwords: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Accounts({sorted(self._passwords)!r})"

    def add(self, username: str, password: str | None = None) -> None:
        """Make an account, or give an existing one another password.

        Args:
            username: Letters, digits and `_.+-`, at most 64.
            password: Its password; None makes one up for a new account and keeps an old one's.

        Raises:
            ConfigError: The user name or the password cannot be used.
        """
        if not _USERNAME.fullmatch(username):
            raise ConfigError(f"{username!r} is not a user name: letters, digits and _.+- only.")
        if password is not None and (not password or not password.isprintable()):
            raise ConfigError(f"The password of {username} is empty or cannot be printed.")
        if password is not None:
            self._passwords[username] = password
        elif username not in self._passwords:
            self._passwords[username] = secrets.token_urlsafe(12)

    def password(self, username: str) -> str | None:
        """Give the password of an account; None if there is no such account."""
        return self._passwords.get(username)

    def __contains__(self, username: object) -> bool:
        return username in self._passwords

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._passwords))
