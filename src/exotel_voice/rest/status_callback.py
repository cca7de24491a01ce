"""Web-hooks: what the platform tells at the `status_callback` URL of a call.

    # Starlette, FastAPI
    async def hook(request):
        event = await read_starlette(request)
        match event:
            case CallAnsweredEvent(): ...
            case CallTerminalEvent(status=status): ...
        return Response()                                # 200 within 15 s, or it comes again

    # Django
    def hook(request):
        event = read_django(request)

Neither framework is imported: their requests are used by what they have in common with the
protocols below. The platform sends a message up to three times, so look at `call_sid` before you
count a call. Messages are not signed: who knows the URL can send one, so put a secret into it, or
take a message as a reason to ask `call_details`.

Formats: https://developer.exotel.com/api/statuscallback
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from exotel_voice.errors import CallbackInvalid
from exotel_voice.rest.forms import MAX_BODY, read_fields
from exotel_voice.rest.results import ApiCallStatus, ApiLeg, legs_from, moment, number, text

__all__ = [
    "CallAnsweredEvent",
    "CallTerminalEvent",
    "StatusCallbackEvent",
    "parse_status_callback",
    "read_django",
    "read_starlette",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _CallEvent:
    """What both messages tell. Times are the platform's, without a zone, in the account's."""

    call_sid: str
    """The call's id."""
    status: ApiCallStatus
    """How far the call has come."""
    from_: str
    """The side that was called first; empty unless events were asked for, as all below."""
    to: str
    """The side that was called second."""
    caller_id: str
    """The ExoPhone, `PhoneNumberSid` at the platform."""
    direction: str
    """`inbound`, `outbound-dial` or `outbound-api`."""
    custom_field: str
    """As given when the call was placed."""
    created_at: dt.datetime | None
    """When the API was asked for the call."""
    updated_at: dt.datetime | None
    """When the status became what it is."""
    started_at: dt.datetime | None
    """When the operator was asked for the call."""
    legs: tuple[ApiLeg, ...]
    """Both sides."""
    raw: Mapping[str, object] = field(repr=False, compare=False)
    """The message as it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnsweredEvent(_CallEvent):
    """Both sides have answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTerminalEvent(_CallEvent):
    """The call is over, or never came about: `status` says which."""

    ended_at: dt.datetime | None
    """When it ended."""
    conversation_duration: int | None
    """Seconds in which both sides could talk."""
    recording_url: str
    """Where the recording is; empty without one."""


StatusCallbackEvent = CallAnsweredEvent | CallTerminalEvent


def parse_status_callback(
    content_type: str, body: bytes, *, query: str = ""
) -> StatusCallbackEvent:
    """Read a message, whatever framework received it.

    Args:
        content_type: The request's Content-Type; a form, a multipart form or JSON.
        body: The request's whole body.
        query: The URL's query; it counts when the body is empty, as in a GET.

    Raises:
        CallbackInvalid: This is no message about a call; `status` is the reply to give.
    """
    content = read_fields(content_type, body, query)
    sid = text(content, "CallSid")
    if not sid:
        raise CallbackInvalid("The request names no CallSid")
    kind = text(content, "EventType").lower() or "terminal"
    if kind not in ("terminal", "answered"):
        raise CallbackInvalid(f"The event {kind[:60]} is not known")
    common: dict[str, Any] = {
        "call_sid": sid,
        "status": ApiCallStatus(text(content, "Status").lower()),
        "from_": text(content, "From"),
        "to": text(content, "To"),
        "caller_id": text(content, "PhoneNumberSid"),
        "direction": text(content, "Direction"),
        "custom_field": text(content, "CustomField"),
        "created_at": moment(content, "DateCreated"),
        "updated_at": moment(content, "DateUpdated"),
        "started_at": moment(content, "StartTime"),
        "legs": legs_from(content.get("Legs")),
        "raw": content,
    }
    if kind == "answered":
        return CallAnsweredEvent(**common)
    return CallTerminalEvent(
        **common,
        ended_at=moment(content, "EndTime"),
        conversation_duration=number(content, "ConversationDuration"),
        recording_url=text(content, "RecordingUrl"),
    )


class StarletteUrl(Protocol):
    """The URL of a Starlette request."""

    @property
    def query(self) -> str:
        """The query."""
        ...


class StarletteRequest(Protocol):
    """A request of Starlette or FastAPI."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, found in any case."""
        ...

    @property
    def url(self) -> StarletteUrl:
        """The URL."""
        ...

    def stream(self) -> AsyncIterator[bytes]:
        """The body, piece by piece."""
        ...


class DjangoRequest(Protocol):
    """A request of Django."""

    @property
    def body(self) -> bytes:
        """The body."""
        ...

    @property
    def META(self) -> Mapping[str, Any]:  # noqa: N802 - Django's name
        """The headers and the query, in WSGI's names."""
        ...


async def read_starlette(request: StarletteRequest) -> StatusCallbackEvent:
    """Read a message from a request of Starlette or FastAPI.

    Raises:
        CallbackInvalid: This is no message about a call; `status` is the reply to give.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise CallbackInvalid(f"The body is over {MAX_BODY} bytes", status=413)
    content_type = request.headers.get("content-type", "")
    return parse_status_callback(content_type, bytes(body), query=request.url.query)


def read_django(request: DjangoRequest) -> StatusCallbackEvent:
    """Read a message from a request of Django, in a plain or an `async` view.

    Call it before anything reads `request.POST` of a multipart form, and exempt the view from the
    CSRF check with `csrf_exempt`: the platform has no token of the page.

    Raises:
        CallbackInvalid: This is no message about a call; `status` is the reply to give.
    """
    return parse_status_callback(
        str(request.META.get("CONTENT_TYPE", "")),
        request.body,
        query=str(request.META.get("QUERY_STRING", "")),
    )
