"""Fields out of the body of a web-hook request: form, multipart form, JSON, or a query."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import HTTP
from typing import Final
from urllib.parse import parse_qsl

from exotel_voice.errors import CallbackInvalid

__all__ = ["MAX_BODY", "read_fields"]

MAX_BODY: Final = 256 * 1024
"""Bytes of a body."""
MAX_FIELDS: Final = 200

_NESTED: Final = re.compile(r"([^\[\]]+)\[(\d{1,3})\](?:\[([^\[\]]+)\])?")


def read_fields(content_type: str, body: bytes, query: str = "") -> dict[str, object]:
    """Read a request. `Legs[0][Status]` becomes an object in a list, as in JSON.

    Args:
        content_type: The header's value; empty counts as a form.
        body: The whole body.
        query: The URL's query, which counts when the body is empty.

    Raises:
        CallbackInvalid: The body is too large, or is not what its content type says.
    """
    if len(body) > MAX_BODY:
        raise CallbackInvalid(f"The body is over {MAX_BODY} bytes", status=413)
    kind = content_type.partition(";")[0].strip().lower()
    if not body:
        return _nest(_form(query))
    if kind == "application/json" or kind.endswith("+json"):
        return _json(body)
    if kind == "multipart/form-data":
        return _nest(_multipart(content_type, body))
    if kind in ("", "application/x-www-form-urlencoded"):
        return _nest(_form(body.decode("utf-8", "replace")))
    raise CallbackInvalid(f"The body is {kind[:60]}, neither a form nor JSON", status=415)


def _json(body: bytes) -> dict[str, object]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CallbackInvalid("The body is not JSON") from error
    if not isinstance(content, dict):
        raise CallbackInvalid("The body is JSON, but not an object")
    return content


def _form(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise CallbackInvalid("The form cannot be read, or has too many fields") from error


def _multipart(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """Read a multipart form (RFC 7578 §4) with Python's own reader of such messages."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = message_from_bytes(head + body, EmailMessage, policy=HTTP)
    if not message.is_multipart():
        raise CallbackInvalid("The multipart form cannot be read")
    fields: list[tuple[str, str]] = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            fields.append((name, payload.decode("utf-8", "replace")))
        if len(fields) > MAX_FIELDS:
            raise CallbackInvalid("The multipart form has too many fields")
    return fields


def _nest(fields: Iterable[tuple[str, str]]) -> dict[str, object]:
    content: dict[str, object] = {}
    lists: dict[str, dict[int, object]] = {}
    for name, value in fields:
        match = _NESTED.fullmatch(name)
        if match is None:
            content[name] = _maybe_json(name, value)
            continue
        items = lists.setdefault(match[1], {})
        if match[3] is None:
            items[int(match[2])] = value
            continue
        item = items.setdefault(int(match[2]), {})
        if isinstance(item, dict):
            item[match[3]] = value
    ordered: Mapping[str, object] = {
        name: [items[index] for index in sorted(items)] for name, items in lists.items()
    }
    return {**content, **ordered}


def _maybe_json(name: str, value: str) -> object:
    """Read `Legs`, which a form may also carry as one field of JSON."""
    if name != "Legs" or not value.lstrip().startswith("["):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
