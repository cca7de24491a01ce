"""The documents of the HTTP API, XML or JSON, read into plain values; errors among them raised."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from xml.etree import ElementTree as ET

from exotel_voice.errors import (
    ApiError,
    ApiNotFound,
    ApiRateLimited,
    ApiRequestInvalid,
    ApiUnauthorized,
    ApiUnavailable,
)
from exotel_voice.rest.exchange import Reply, seconds_to_wait

__all__ = ["error_of", "read_document", "section"]

Value = dict[str, "Value"] | list["Value"] | str | int | float | bool | None

MAX_MESSAGE: Final = 300
"""Characters of the platform's message that an error repeats."""
_KINDS: Final[Mapping[int, type[ApiError]]] = {
    400: ApiRequestInvalid,
    401: ApiUnauthorized,
    402: ApiUnauthorized,
    403: ApiUnauthorized,
    404: ApiNotFound,
    409: ApiRequestInvalid,
    413: ApiRequestInvalid,
    422: ApiRequestInvalid,
    429: ApiRateLimited,
}
_HINTS: Final[Mapping[int, str]] = {
    402: "Top up the account or change its plan.",
    403: "Check the account SID, and that the account may do this.",
}


def read_document(body: bytes) -> dict[str, Value]:
    """Read an object in JSON, or what stands inside the root element of an XML document.

    Raises:
        ValueError: It is neither.
    """
    text = body.strip()
    value = _read_xml(text) if text.startswith(b"<") else json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("the document is not an object")  # noqa: TRY004 - a remote mistake
    return value


def section(reply: Reply, name: str) -> Mapping[str, Value]:
    """Read the object of a name out of a reply.

    Raises:
        ApiError: The reply is an error, or is not what is documented.
    """
    if not reply.is_success:
        raise error_of(reply)
    try:
        content = read_document(reply.body).get(name)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise ApiError(
            f"The platform's reply holds no {name}",
            status=reply.status,
            hint="Check the subdomain: something else than the platform's API may have replied.",
        )
    return content


def error_of(reply: Reply) -> ApiError:
    """Turn a reply that is no success into the error it stands for, with the platform's words."""
    message, api_code = _words(reply)
    kind = _KINDS.get(reply.status, ApiUnavailable if reply.status >= 500 else ApiError)
    return kind(
        message,
        status=reply.status,
        api_code=api_code,
        retry_after=seconds_to_wait(reply.headers),
        hint=_HINTS.get(reply.status),
    )


def _words(reply: Reply) -> tuple[str, str]:
    """Find the platform's message and code, in either of its forms."""
    try:
        document = read_document(reply.body)
    except (ValueError, RecursionError):
        document = {}
    inner = document.get("RestException", document)
    content = inner if isinstance(inner, dict) else {}
    said = content.get("Message") or content.get("Error") or content.get("message")
    code = content.get("Code")
    if isinstance(said, str) and said.strip():
        return " ".join(said.split())[:MAX_MESSAGE], "" if code is None else str(code)
    try:
        phrase = HTTPStatus(reply.status).phrase
    except ValueError:
        phrase = "an unknown status"
    return f"The platform replied with {reply.status}, {phrase}", ""


def _read_xml(text: bytes) -> Value:
    # The platform's documents have no document type; one could make a small reply very large.
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise ValueError("the document has a document type")
    try:
        return _value_of(ET.fromstring(text))  # noqa: S314 - no entities, see above
    except ET.ParseError as error:
        raise ValueError("the document is not well-formed XML") from error


def _value_of(element: ET.Element) -> Value:
    """Make an object of an element with children, text of another; a tag twice is a list."""
    if len(element) == 0:
        return (element.text or "").strip() or None
    content: dict[str, Value] = {}
    for child in element:
        value = _value_of(child)
        if child.tag not in content:
            content[child.tag] = value
            continue
        earlier = content[child.tag]
        content[child.tag] = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
    return content
