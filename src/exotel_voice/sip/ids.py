"""Where the core's random values come from: outside (RFC 3261 §8.1.1.3, §8.1.1.4, §8.1.1.7, §19.3).

The core has no randomness of its own. Its owner hands in an `IdSource`: `phone/ids.py` has the one
that draws from the operating system, `CountingIds` here is the one that tests can foretell.
"""

from __future__ import annotations

from typing import Final, NewType, Protocol

__all__ = ["MAGIC_COOKIE", "Branch", "CallId", "CountingIds", "IdSource", "Tag"]

Branch = NewType("Branch", str)
CallId = NewType("CallId", str)
Tag = NewType("Tag", str)

MAGIC_COOKIE: Final = "z9hG4bK"
"""The start of every branch made by RFC 3261 or later (RFC 3261 §8.1.1.7)."""


class IdSource(Protocol):
    """Makes values that nobody else makes. Each call gives a new one."""

    def branch(self) -> Branch:
        """Make a Via branch that begins with `z9hG4bK` (RFC 3261 §8.1.1.7)."""
        ...

    def tag(self) -> Tag:
        """Make a From or To tag of at least 32 random bits (RFC 3261 §19.3)."""
        ...

    def call_id(self) -> CallId:
        """Make a Call-ID (RFC 3261 §8.1.1.4)."""
        ...

    def cnonce(self) -> str:
        """Make a client nonce for digest authentication (RFC 7616 §3.4)."""
        ...

    def nonce(self) -> str:
        """Make a server nonce for digest authentication (RFC 7616 §3.3)."""
        ...

    def host(self) -> str:
        """Make a host name that ends with `.invalid`, for Via and Contact (RFC 7118 §5)."""
        ...

    def user(self) -> str:
        """Make a user part for a Contact URI that nobody can guess."""
        ...

    def instance(self) -> str:
        """Make an instance id, `urn:uuid:` and a UUID (RFC 5626 §4.1)."""
        ...

    def fraction(self) -> float:
        """Draw a number from 0.0 up to, not including, 1.0, for back-off times (RFC 3261 §14.1)."""
        ...


class CountingIds:
    """An `IdSource` that counts, for tests: two of the same prefix give the same values in order.

    Args:
        prefix: Goes into every value, so that two agents in one test differ.
    """

    __slots__ = ("_counts", "_prefix")

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._counts: dict[str, int] = {}

    def _next(self, kind: str) -> int:
        count = self._counts.get(kind, 0) + 1
        self._counts[kind] = count
        return count

    def branch(self) -> Branch:
        """Give `z9hG4bK<prefix>1`, then `2` and so on."""
        return Branch(f"{MAGIC_COOKIE}{self._prefix}{self._next('branch')}")

    def tag(self) -> Tag:
        """Give `<prefix>tag1`, then `2` and so on."""
        return Tag(f"{self._prefix}tag{self._next('tag')}")

    def call_id(self) -> CallId:
        """Give `<prefix>call1`, then `2` and so on."""
        return CallId(f"{self._prefix}call{self._next('call')}")

    def cnonce(self) -> str:
        """Give `<prefix>cnonce1`, then `2` and so on."""
        return f"{self._prefix}cnonce{self._next('cnonce')}"

    def nonce(self) -> str:
        """Give `<prefix>nonce1`, then `2` and so on."""
        return f"{self._prefix}nonce{self._next('nonce')}"

    def host(self) -> str:
        """Give `<prefix>host1.invalid`, then `2` and so on."""
        return f"{self._prefix}host{self._next('host')}.invalid"

    def user(self) -> str:
        """Give `<prefix>user1`, then `2` and so on."""
        return f"{self._prefix}user{self._next('user')}"

    def instance(self) -> str:
        """Give UUIDs that end with 1, 2 and so on."""
        return f"urn:uuid:00000000-0000-4000-8000-{self._next('instance'):012d}"

    def fraction(self) -> float:
        """Give 0.5 always: the middle of every back-off."""
        return 0.5
