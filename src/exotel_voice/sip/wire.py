"""Bytes to SIP messages and back (RFC 3261 §7, §25).

Values that this side only repeats (Request-URI, Route, Record-Route, Contact, Via, From, To) stay
the exact strings that were received, because a proxy may compare them byte by byte. Nothing here
takes more than linear time in the length of the message.
"""

from __future__ import annotations

import hashlib
import re

from exotel_voice.errors import ConfigError, MalformedMessage, MessageTooLarge, ProtocolError
from exotel_voice.sip.headers import TOKEN, Headers
from exotel_voice.sip.limits import Limits
from exotel_voice.sip.message import Message, Request, Response
from exotel_voice.sip.statuses import reason_phrase

__all__ = [
    "Headers",
    "Limits",
    "Message",
    "Request",
    "Response",
    "is_keep_alive",
    "parse",
    "reason_phrase",
]

# Deviates: a line feed alone ends a line too (RFC 3261 §7 wants CRLF). Gateways and hand-made tests
# send it; it costs nothing, as no header value may hold a line feed.
_HEAD_END = re.compile(rb"\n\r?\n")
_FOLD = re.compile(r"\r?\n[ \t]+")
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*))?", re.IGNORECASE)
_REQUEST_LINE = re.compile(rf"({TOKEN.pattern}) (\S+) SIP/2\.0", re.IGNORECASE)
_VERSION = re.compile(r"SIP/([0-9]+\.[0-9]+)", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]{1,10}")
_DEFAULT_LIMITS = Limits()


def parse(data: bytes, *, limits: Limits = _DEFAULT_LIMITS) -> Request | Response:
    """Read one message that came as one WebSocket message or datagram (RFC 7118 §5).

    The headers that every message must have (Via, From, To, Call-ID, CSeq) are read and checked
    here, so that their views on the result do not raise.

    Args:
        data: The whole message. Line ends before the start line are skipped (RFC 3261 §7.5), and
            what follows the body that Content-Length announces is dropped (RFC 3261 §18.3).
        limits: What to accept.

    Returns:
        The message.

    Raises:
        MalformedMessage: It is not a SIP message. `reply` holds the bytes of the response to send
            back, or None when it is a response, an ACK, or cannot be answered.
        MessageTooLarge: It passes a limit; `reply` as above.
    """
    data = data.lstrip(b"\r\n")
    head_end = _HEAD_END.search(data, 0, limits.max_message_bytes)
    head = (
        data[: head_end.start()] if head_end else data[: limits.max_message_bytes].rstrip(b"\r\n")
    )
    first, *lines = _read_lines(head.decode("utf-8", "surrogateescape"))
    message, problem = _read_start_line(first, limits)
    header_problem = _read_headers(message, lines, limits)
    problem = problem or header_problem
    if len(data) > limits.max_message_bytes:
        problem = MessageTooLarge("the message is too large", status=513)
    elif problem is None and head_end is None:
        problem = MalformedMessage("the headers have no end")
    if problem is None and head_end is not None:
        problem = _read_rest(message, data[head_end.end() :])
    if problem is None:
        return message
    problem.reply = _reply_to(message, problem)
    raise problem


def is_keep_alive(data: bytes) -> bool:
    """Tell whether a message is line ends only, which keep a connection open (RFC 5626 §3.5.1)."""
    return not data.strip(b"\r\n")


def _read_lines(text: str) -> list[str]:
    """Put folded lines together (RFC 3261 §7.3.1), and split at the line ends."""
    if "\n " in text or "\n\t" in text:
        text = _FOLD.sub(" ", text)
    return [line.removesuffix("\r") for line in text.split("\n")]


def _read_start_line(line: str, limits: Limits) -> tuple[Request | Response, ProtocolError | None]:
    if match := _REQUEST_LINE.fullmatch(line):
        method, uri = match.groups()
        if len(uri) > limits.max_uri_bytes:
            return Request(method, "sip:invalid"), MessageTooLarge(
                "the Request-URI is too long", status=414
            )
        return _request(method, uri), None
    if match := _STATUS_LINE.fullmatch(line):
        return _response(int(match[1]), match[2] or ""), None
    words = line.split()
    version = _VERSION.fullmatch(words[-1]) if words else None
    if version is None or not TOKEN.fullmatch(words[0]):
        raise MalformedMessage("this is not a SIP message")
    if version[1] != "2.0":
        problem = MalformedMessage("this version of SIP is not known", status=505)
    else:
        problem = MalformedMessage("the request line cannot be read")
    return Request(words[0], "sip:invalid"), problem


def _request(method: str, uri: str) -> Request:
    request = Request.__new__(Request)
    request.method, request.uri, request.headers, request.body = method, uri, Headers(), b""
    return request


def _response(status: int, reason: str) -> Response:
    response = Response.__new__(Response)
    response.status, response.reason, response.headers, response.body = (
        status,
        reason,
        Headers(),
        b"",
    )
    return response


def _read_headers(
    message: Request | Response, lines: list[str], limits: Limits
) -> ProtocolError | None:
    problem: ProtocolError | None = None
    if len(lines) > limits.max_headers:
        problem = MessageTooLarge("there are too many headers", status=513)
    fields: list[tuple[str, str]] = []
    for line in lines[: limits.max_headers]:
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t")
        if not colon or not TOKEN.fullmatch(name) or "\r" in value:
            problem = problem or MalformedMessage("a header line cannot be read")
        elif len(line) > limits.max_header_bytes:
            problem = problem or MessageTooLarge("a header is too long", status=513)
        else:
            fields.append((name, value.strip(" \t")))
    message.headers = Headers.from_wire(fields)
    return problem


def _read_rest(message: Request | Response, body: bytes) -> ProtocolError | None:
    try:
        message.check()
        length = _content_length(message.headers, len(body))
    except MalformedMessage as error:
        return error
    if length > len(body):
        return MalformedMessage("the body is shorter than Content-Length says")
    message.body = body[:length]
    return None


def _content_length(headers: Headers, default: int) -> int:
    """Read Content-Length; without one the body ends where the message does (RFC 3261 §20.14)."""
    values = set(headers.get_all("Content-Length"))
    if not values:
        return default
    value = values.pop()
    if values or not _DIGITS.fullmatch(value):
        raise MalformedMessage("the Content-Length header cannot be read")
    return int(value)


def _reply_to(message: Request | Response, problem: ProtocolError) -> bytes | None:
    """Make the stateless reply to a request that cannot be used (RFC 3261 §8.2.7)."""
    if not isinstance(message, Request) or message.method == "ACK":
        return None
    headers = message.headers
    if "Via" not in headers:
        return None
    for name in ("From", "To", "Call-ID", "CSeq"):
        headers.set(name, *headers.get_all(name)[:1])
    seed = "\0".join([*headers.get_all("Via")[:1], headers.get("Call-ID") or ""])
    tag = hashlib.sha256(seed.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    try:
        return bytes(message.reply(problem.status, to_tag=tag))
    except (MalformedMessage, ConfigError):
        return bytes(message.reply(problem.status))
