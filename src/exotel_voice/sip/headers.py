"""Header fields in the order of the wire (RFC 3261 §7.3).

Names compare without regard to case, and a compact form is the same name (RFC 3261 §7.3.3). A
known header is kept under the spelling of its RFC, an unknown one as it was received. Values are
unfolded but otherwise the exact characters of the wire; bytes that are not UTF-8 are carried as
surrogate escapes and written again as the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from exotel_voice.errors import ConfigError

__all__ = ["HeaderMapping", "Headers", "canonical_name", "split_commas"]

T = TypeVar("T")

_KNOWN_NAMES = """
Accept Accept-Contact Accept-Encoding Accept-Language Alert-Info Allow Allow-Events
Authentication-Info Authorization CSeq Call-ID Call-Info Contact Content-Disposition
Content-Encoding Content-Language Content-Length Content-Type Date Diversion Error-Info Event
Expires Flow-Timer From History-Info Identity In-Reply-To Info-Package Join LegSid MIME-Version
Max-Forwards Min-Expires Min-SE Organization P-Access-Network-Info P-Asserted-Identity
P-Associated-URI P-Called-Party-ID P-Preferred-Identity Path Priority Privacy Proxy-Authenticate
Proxy-Authentication-Info Proxy-Authorization Proxy-Require RAck RSeq Reason Record-Route
Recv-Info Refer-Sub Refer-To Referred-By Reject-Contact Remote-Party-ID Replaces Reply-To
Request-Disposition Require Retry-After Route SIP-ETag SIP-If-Match Server Service-Route
Session-Expires Subject Subscription-State Supported Target-Dialog Timestamp To Unsupported
User-Agent User-to-User Via WWW-Authenticate Warning X-Exotel-Callsid
"""

# RFC 3261 §20, RFC 3515, RFC 3841, RFC 3892, RFC 4028, RFC 6665, RFC 8224.
_COMPACT_FORMS = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}

# Each spelling of a known name, to what it is compared by and to how its RFC writes it.
_NAMES: dict[str, tuple[str, str]] = {
    spelling: (name.lower(), name)
    for spellings in (
        {name: name for name in _KNOWN_NAMES.split()},
        {name.lower(): name for name in _KNOWN_NAMES.split()},
        _COMPACT_FORMS,
        {short.upper(): name for short, name in _COMPACT_FORMS.items()},
    )
    for spelling, name in spellings.items()
}

TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_LINE_BREAK = re.compile(r"[\r\n]")
_LONE_SURROGATE = re.compile("[\ud800-\udc7f\udd00-\udfff]")
# An open quote or bracket goes on to the end, so that the time is linear in the length.
_SPLIT_POINT = re.compile(r'"(?:[^"\\]|\\.)*(?:"|$)|<[^>]*(?:>|$)|,', re.DOTALL)


def canonical_name(name: str) -> str:
    """Give a header's name as its RFC spells it; an unknown name comes back as it is."""
    return _names(name)[1]


def split_commas(value: str) -> list[str]:
    """Split a list value at its commas, but not inside quotes or angle brackets.

    Empty elements are left out.
    """
    if "," not in value:
        stripped = value.strip()
        return [stripped] if stripped else []
    if '"' not in value and "<" not in value:
        return [part for part in map(str.strip, value.split(",")) if part]
    parts: list[str] = []
    start = 0
    for match in _SPLIT_POINT.finditer(value):
        if match.group() == ",":
            parts.append(value[start : match.start()].strip())
            start = match.end()
    parts.append(value[start:].strip())
    return [part for part in parts if part]


def _names(name: str) -> tuple[str, str]:
    """Give what a name is compared by, the same for every spelling, and how it is written."""
    known = _NAMES.get(name)
    if known is None:
        lowered = name.lower()
        known = _NAMES.get(lowered) or (lowered, name)
    return known


def _key(name: str) -> str:
    return _names(name)[0]


class HeaderMapping(Mapping[str, tuple[str, ...]]):
    """Received headers for reading: name to its values, names without regard to case."""

    __slots__ = ("_by_key",)

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        by_key: dict[str, tuple[str, tuple[str, ...]]] = {}
        for name, value in fields:
            key, spelling = _names(name)
            spelling, values = by_key.get(key, (spelling, ()))
            by_key[key] = (spelling, (*values, value))
        self._by_key = by_key

    def __getitem__(self, name: str) -> tuple[str, ...]:
        return self._by_key[_key(name)][1]

    def __iter__(self) -> Iterator[str]:
        return (spelling for spelling, _ in self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def __repr__(self) -> str:
        return f"HeaderMapping({list(self)!r})"


class Headers:  # noqa: PLW1641 - it can change
    """Header fields in order, names without regard to case, several values per name.

    Values that a caller sets are checked: a line break in one would start a header of its own.
    """

    __slots__ = ("_cache", "_fields")

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: list[tuple[str, str, str]] = []
        self._cache: dict[object, Any] = {}
        for name, value in fields:
            self.add(name, value)

    @classmethod
    def from_wire(cls, fields: Iterable[tuple[str, str]]) -> Headers:
        """Take fields that a parser has split and unfolded, without checking them again."""
        headers = cls()
        append = headers._fields.append
        for name, value in fields:
            key, spelling = _names(name)
            append((key, spelling, value))
        return headers

    def get(self, name: str) -> str | None:
        """Give the first field of this name, or None."""
        found = self._find(name)
        return found[0] if found else None

    def get_all(self, name: str) -> list[str]:
        """Give every field of this name in order, each as it stands on its line."""
        return list(self._find(name))

    def values(self, name: str) -> list[str]:
        """Give every value of a header whose grammar is a comma-separated list, in order.

        Do not use it for headers whose grammar is not a list, such as Date, Subject,
        Authorization and the challenges.
        """
        return [part for value in self._find(name) for part in split_commas(value)]

    def add(self, name: str, value: str) -> None:
        """Put a field after all others.

        Raises:
            ConfigError: The name is not a token, or the value has a line break or cannot be
                written as bytes.
        """
        self._fields.append(_checked(name, value))
        self._cache.clear()

    def prepend(self, name: str, value: str) -> None:
        """Put a field before all others, as a new top Via wants (RFC 3261 §8.1.1.7).

        Raises:
            ConfigError: As for `add`.
        """
        self._fields.insert(0, _checked(name, value))
        self._cache.clear()

    def set(self, name: str, *values: str) -> None:
        """Replace all fields of this name, in the place of the first; no values removes them.

        Raises:
            ConfigError: As for `add`.
        """
        new = [_checked(name, value) for value in values]
        key = _key(name)
        place = next((i for i, each in enumerate(self._fields) if each[0] == key), None)
        kept = [each for each in self._fields if each[0] != key]
        place = len(kept) if place is None else place
        self._fields = [*kept[:place], *new, *kept[place:]]
        self._cache.clear()

    def remove(self, name: str) -> None:
        """Remove all fields of this name; nothing happens when there is none."""
        key = _key(name)
        self._fields = [each for each in self._fields if each[0] != key]
        self._cache.clear()

    def pop_first_value(self, name: str) -> str | None:
        """Take the first value of a list header away and give it, as for the top Via or Route.

        Returns:
            The value, or None when there is none.
        """
        key = _key(name)
        taken: str | None = None
        kept: list[tuple[str, str, str]] = []
        for field in self._fields:
            if taken is not None or field[0] != key:
                kept.append(field)
                continue
            parts = split_commas(field[2])
            taken = parts[0] if parts else None
            if len(parts) > 1:
                kept.append((key, field[1], ", ".join(parts[1:])))
        self._fields = kept
        self._cache.clear()
        return taken

    def copy(self) -> Headers:
        """Give headers that can be changed without touching these."""
        new = Headers()
        new._fields = self._fields.copy()
        return new

    def as_mapping(self) -> HeaderMapping:
        """Give the headers for reading, as they are now."""
        return HeaderMapping(self)

    def cached(self, key: object, compute: Callable[[], T]) -> T:
        """Give what `compute` gave the last time, as long as no header has changed since."""
        if key not in self._cache:
            self._cache[key] = compute()
        value: T = self._cache[key]
        return value

    def _find(self, name: str) -> Sequence[str]:
        return self.cached("by key", self._values_by_key).get(_key(name), ())

    def _values_by_key(self) -> dict[str, list[str]]:
        by_key: dict[str, list[str]] = {}
        for key, _, value in self._fields:
            by_key.setdefault(key, []).append(value)
        return by_key

    def to_text(self) -> str:
        """Write the fields as lines, each ended by CRLF."""
        return "".join([f"{name}: {value}\r\n" for _, name, value in self._fields])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self._find(name))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter([(name, value) for _, name, value in self._fields])

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        return self._fields == other._fields if isinstance(other, Headers) else NotImplemented

    def __repr__(self) -> str:
        return f"Headers({[name for name, _ in self]!r})"


def _checked(name: str, value: str) -> tuple[str, str, str]:
    if not TOKEN.fullmatch(name):
        raise ConfigError(f"{name!r} is not a header name (RFC 3261 §25.1)")
    if _LINE_BREAK.search(value):
        raise ConfigError(f"the value of header {name} holds a line break")
    if _LONE_SURROGATE.search(value):
        raise ConfigError(f"the value of header {name} cannot be written as UTF-8")
    return (*_names(name), value)
