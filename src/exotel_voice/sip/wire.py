"""Bytes to SIP messages and back (RFC 3261 §7, §25): the only module that knows `sipmessage`.

Values that this side only repeats (Request-URI, Route, Record-Route, Contact, Via, From, To) stay the
exact strings that were received, because a proxy may compare them byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

__all__ = ["Headers", "Message", "Request", "Response", "parse"]


class Headers:
    """Header fields in order, names without regard to case, several values per name."""

    def get(self, name: str) -> str | None: ...
    def get_all(self, name: str) -> list[str]: ...
    def add(self, name: str, value: str) -> None: ...
    def set(self, name: str, *values: str) -> None: ...
    def remove(self, name: str) -> None: ...
    def as_mapping(self) -> Mapping[str, tuple[str, ...]]: ...
    def __contains__(self, name: str) -> bool: ...
    def __iter__(self) -> Iterator[tuple[str, str]]: ...


class Message:
    headers: Headers
    body: bytes
    # typed views, parsed once and kept:
    #   vias, branch, call_id, cseq_number, cseq_method, from_uri, from_tag, from_display_name, to_uri, to_tag,
    #   contact_uri (raw string of first contact), record_routes (list[str] raw), require/supported/allow (lists),
    #   expires, max_forwards, content_type, retry_after


class Request(Message):
    method: str
    uri: str


class Response(Message):
    status: int
    reason: str


def parse(data: bytes) -> Request | Response: ...
