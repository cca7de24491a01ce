"""Requests and responses (RFC 3261 §7.1, §7.2): making them and writing them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from exotel_voice.errors import ConfigError
from exotel_voice.sip.headers import TOKEN, Headers
from exotel_voice.sip.statuses import reason_phrase
from exotel_voice.sip.views import HeaderViews

__all__ = ["Message", "Request", "Response"]


class Message(HeaderViews, ABC):  # noqa: PLW1641 - it can change
    """What requests and responses have in common.

    Attributes:
        headers: The header fields in order. A change of them is seen by the views.
        body: The body as bytes; Content-Length is written from it.
    """

    __slots__ = ("body",)

    def __init__(
        self, *, headers: Headers | Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> None:
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self.body = body

    @abstractmethod
    def _start_line(self) -> str:
        """Give the first line as it is written, without its end."""

    def __bytes__(self) -> bytes:
        lines = [self._start_line()]
        lines += [f"{name}: {value}" for name, value in self.headers if name != "Content-Length"]
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body

    def __eq__(self, other: object) -> bool:
        return bytes(self) == bytes(other) if isinstance(other, type(self)) else NotImplemented

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._start_line()!r}>"


class Request(Message):
    """A request.

    Attributes:
        method: Case matters (RFC 3261 §7.1).
        uri: The Request-URI, exactly as it goes over the wire.
    """

    __slots__ = ("method", "uri")

    def __init__(
        self,
        method: str,
        uri: str,
        *,
        headers: Headers | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> None:
        """Make a request.

        Raises:
            ConfigError: The method is not a token, or the URI holds a blank or a line break, or a
                header cannot be written.
        """
        super().__init__(headers=headers, body=body)
        if not TOKEN.fullmatch(method):
            raise ConfigError(f"{method!r} is not a method (RFC 3261 §25.1)")
        if not uri or not uri.isprintable() or " " in uri:
            raise ConfigError("the Request-URI cannot be written")
        self.method = method
        self.uri = uri

    def reply(
        self,
        status: int,
        *,
        reason: str | None = None,
        to_tag: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> Response:
        """Make a response to this request (RFC 3261 §8.2.6.2).

        Via, From, To, Call-ID and CSeq are copied as they were received; Record-Route too for
        101 to 299 (RFC 3261 §12.1.1), and Timestamp for 100 (RFC 3261 §8.2.6.1).

        Args:
            status: 100 to 699.
            reason: The reason phrase; None takes the usual one.
            to_tag: Our tag; it is put on To when To has none, but not on a 100.
            headers: Further headers, after the copied ones.
            body: The body; its Content-Type is to be among `headers`.

        Raises:
            ConfigError: A header cannot be written.
        """
        copied: list[tuple[str, str]] = []
        with_route = 100 < status < 300
        for name, value in self.headers:
            if name in _COPIED or (with_route and name == "Record-Route"):
                copied.append((name, value))
            elif name == "To":
                copied.append((name, self._tagged_to(value, to_tag if status > 100 else None)))
            elif name == "Timestamp" and status == 100:
                copied.append((name, value))
        response_headers = Headers.from_wire(copied)
        for name, value in headers:
            response_headers.add(name, value)
        return Response(status, reason, headers=response_headers, body=body)

    def _tagged_to(self, value: str, to_tag: str | None) -> str:
        if to_tag is None or self.to_tag is not None:
            return value
        return f"{value};tag={to_tag}"

    def _start_line(self) -> str:
        return f"{self.method} {self.uri} SIP/2.0"


_COPIED = frozenset({"Via", "From", "Call-ID", "CSeq"})


class Response(Message):
    """A response.

    Attributes:
        status: 100 to 699.
        reason: The reason phrase.
    """

    __slots__ = ("reason", "status")

    def __init__(
        self,
        status: int,
        reason: str | None = None,
        *,
        headers: Headers | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> None:
        """Make a response.

        Raises:
            ConfigError: The status is not one of SIP, or the phrase has a line break, or a header
                cannot be written.
        """
        super().__init__(headers=headers, body=body)
        if not 100 <= status <= 699:
            raise ConfigError(f"{status} is not a SIP status")
        self.status = status
        self.reason = reason_phrase(status) if reason is None else reason
        if "\r" in self.reason or "\n" in self.reason:
            raise ConfigError("a reason phrase cannot hold a line break")

    @property
    def is_provisional(self) -> bool:
        """Whether it is a 1xx."""
        return self.status < 200

    @property
    def is_success(self) -> bool:
        """Whether it is a 2xx."""
        return 200 <= self.status < 300

    def _start_line(self) -> str:
        return f"SIP/2.0 {self.status} {self.reason}"
