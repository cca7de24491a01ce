"""What a request to `Calls/connect` asks for, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import HTTP
from typing import Final
from urllib.parse import parse_qsl, urlsplit

__all__ = ["BadRequest", "ConnectRequest", "StatusCallback", "form_fields", "read_connect"]

MAX_FIELDS: Final = 100
MAX_TIME_LIMIT: Final = 14_400
"""Longest TimeLimit, seconds: four hours, as on the platform."""
MAX_CUSTOM_FIELD: Final = 128
"""Longest CustomField, characters, as on the platform."""
MAX_NAME: Final = 128
"""Longest number or user name, characters."""
EVENTS: Final = frozenset({"terminal", "answered"})
CONTENT_TYPES: Final = (
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/json",
)
_EVENT_FIELD: Final = re.compile(r"StatusCallbackEvents(\[\d*\])?", re.ASCII)


class BadRequest(ValueError):
    """The request lacks something or has something wrong; the text says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusCallback:
    """Where and how the application wants to hear of a call."""

    url: str
    method: str = "POST"
    events: frozenset[str] = frozenset()
    """`terminal`, `answered`; none means one short message at the end."""
    content_type: str = CONTENT_TYPES[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectRequest:
    """A call that the HTTP API is to make: `from_` first, then `to`."""

    from_: str
    to: str
    caller_id: str
    call_type: str = "trans"
    time_limit: float | None = None
    """Seconds from the answer of the second party to the end; None for no limit."""
    time_out: float | None = None
    """Seconds that each party may ring; None for the sandbox's own limit."""
    custom_field: str = ""
    callback: StatusCallback | None = None


def form_fields(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """Read the fields of a form, `application/x-www-form-urlencoded` or `multipart/form-data`.

    Raises:
        BadRequest: The body is not what its content type says.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return _multipart_fields(content_type, body)
    if kind not in ("", "application/x-www-form-urlencoded"):
        raise BadRequest(f"Content-Type {kind} is not understood; send a form.")
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise BadRequest("The form cannot be read.") from error


def _multipart_fields(content_type: str, body: bytes) -> list[tuple[str, str]]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = message_from_bytes(head + body, policy=HTTP)
    if not message.is_multipart():
        raise BadRequest("The form cannot be read.")
    fields: list[tuple[str, str]] = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            fields.append((name, payload.decode("utf-8", "replace")))
        if len(fields) > MAX_FIELDS:
            raise BadRequest("The form has too many fields.")
    return fields


def read_connect(fields: list[tuple[str, str]]) -> ConnectRequest:
    """Check the fields of a `Calls/connect` request.

    Raises:
        BadRequest: A mandatory field is missing, or one has a wrong value.
    """
    values = {name: value.strip() for name, value in fields}
    if values.get("Url") and not values.get("To"):
        raise BadRequest("The sandbox connects two parties; it has no flows for Url. Give To.")
    custom_field = values.get("CustomField", "")
    if len(custom_field) > MAX_CUSTOM_FIELD:
        raise BadRequest(f"CustomField is longer than {MAX_CUSTOM_FIELD} characters.")
    call_type = values.get("CallType") or "trans"
    if call_type not in ("trans", "promo"):
        raise BadRequest("CallType must be trans.")
    return ConnectRequest(
        from_=_mandatory(values, "From"),
        to=_mandatory(values, "To"),
        caller_id=_mandatory(values, "CallerId"),
        call_type=call_type,
        time_limit=_seconds(values, "TimeLimit", MAX_TIME_LIMIT),
        time_out=_seconds(values, "TimeOut", MAX_TIME_LIMIT),
        custom_field=custom_field,
        callback=_callback(values, fields),
    )


def _mandatory(values: Mapping[str, str], name: str) -> str:
    value = values.get(name, "")
    if not value:
        raise BadRequest(f"Mandatory parameter {name} is missing.")
    if len(value) > MAX_NAME or any(character in value for character in '\r\n\0<>"'):
        raise BadRequest(f"Parameter {name} is not a phone number or a user name.")
    return value


def _seconds(values: Mapping[str, str], name: str, most: int) -> float | None:
    text = values.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most and len(text) < 9):
        raise BadRequest(f"{name} must be a number of seconds from 1 to {most}.")
    return float(text)


def _callback(values: Mapping[str, str], fields: list[tuple[str, str]]) -> StatusCallback | None:
    url = values.get("StatusCallback", "")
    if not url:
        return None
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_usable = False
    if not is_usable:
        raise BadRequest("StatusCallback is not an http or https URL.")
    events = {value for name, value in fields if _EVENT_FIELD.fullmatch(name) and value}
    if not events <= EVENTS:
        raise BadRequest("StatusCallbackEvents may hold terminal and answered.")
    method = (values.get("StatusCallbackMethod") or "POST").upper()
    if method not in ("GET", "POST"):
        raise BadRequest("StatusCallbackMethod must be GET or POST.")
    content_type = values.get("StatusCallbackContentType") or CONTENT_TYPES[0]
    if content_type not in CONTENT_TYPES:
        raise BadRequest(f"StatusCallbackContentType must be one of {', '.join(CONTENT_TYPES)}.")
    return StatusCallback(
        url=url, method=method, events=frozenset(events), content_type=content_type
    )
