"""The sandbox's HTTP side: the platform's API that starts calls, and the status page."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import secrets
from collections.abc import AsyncIterator
from importlib import resources
from typing import Final, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from exotel_voice.sandbox.changes import Changes
from exotel_voice.sandbox.records import CallLog, CallRecord
from exotel_voice.sandbox.rest_documents import Format, call_document, error_document
from exotel_voice.sandbox.rest_request import (
    BadRequest,
    ConnectRequest,
    form_fields,
    read_connect,
)

__all__ = ["ApiCredentials", "HttpApi", "Platform"]

MAX_BODY: Final = 65_536
"""Bytes of a request's body."""

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class ApiCredentials:
    """The HTTP API's account: who may start calls. The repr hides the token.

    Args:
        account_sid: The account's name in the URL.
        key: The user name of basic authentication; made up when None.
        token: Its password; made up when None.
    """

    def __init__(self, account_sid: str, key: str | None = None, token: str | None = None) -> None:
        self.account_sid = account_sid
        self.key = key or secrets.token_hex(16)
        self.token = token or secrets.token_hex(16)

    def __repr__(self) -> str:
        return f"ApiCredentials(account_sid={self.account_sid!r}, key={self.key!r}, token=...)"

    def match(self, authorization: str) -> bool:
        """Tell whether an Authorization header holds these credentials, in constant time."""
        scheme, _, encoded = authorization.partition(" ")
        try:
            given = base64.b64decode(encoded.strip(), validate=True)
        except binascii.Error:
            given = b""
        wanted = f"{self.key}:{self.token}".encode()
        is_equal = secrets.compare_digest(given, wanted)
        return is_equal and scheme.lower() == "basic"


class Platform(Protocol):
    """What the HTTP side needs of the sandbox."""

    calls: CallLog
    changes: Changes

    def connect(self, request: ConnectRequest) -> CallRecord:
        """Start a call between two parties."""
        ...

    def snapshot(self) -> dict[str, object]:
        """Describe registrations and calls for the status page, in JSON's types; no secrets."""
        ...


class HttpApi:
    """The ASGI application.

    Args:
        platform: The sandbox behind it.
        credentials: Who may use the API.
        hosts: The values of the Host header that are served, against DNS rebinding.
    """

    def __init__(
        self, platform: Platform, credentials: ApiCredentials, *, hosts: tuple[str, ...]
    ) -> None:
        self._platform = platform
        self._credentials = credentials
        self._is_closing = False
        call = "/v1/Accounts/{account}/Calls"
        self.app = Starlette(
            routes=[
                Route("/", self._page),
                Route("/status.json", self._status),
                Route("/events", self._events),
                Route(f"{call}/connect", self._connect, methods=["POST"]),
                Route(f"{call}/connect.json", self._connect, methods=["POST"]),
                Route(f"{call}/{{sid}}", self._details),
                Route(f"{call}.json/{{sid}}", self._details),
            ],
            middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))],
            exception_handlers={HTTPException: self._error},
        )

    def close(self) -> None:
        """Let the status page's event streams end."""
        self._is_closing = True
        self._platform.changes.announce()

    # -- the platform's API -------------------------------------------------------------------

    async def _connect(self, request: Request) -> Response:
        self._authorize(request)
        body = await _limited_body(request)
        try:
            fields = form_fields(request.headers.get("content-type", ""), body)
            wanted = read_connect([*request.query_params.multi_items(), *fields])
        except BadRequest as error:
            raise HTTPException(400, str(error)) from error
        return self._document(self._platform.connect(wanted), _format(request))

    async def _details(self, request: Request) -> Response:
        self._authorize(request)
        sid = str(request.path_params["sid"]).removesuffix(".json")
        record = self._platform.calls.find(sid)
        if record is None:
            raise HTTPException(404, f"There is no call {sid}.")
        return self._document(record, _format(request))

    def _authorize(self, request: Request) -> None:
        if not self._credentials.match(request.headers.get("authorization", "")):
            raise HTTPException(
                401,
                "Authentication failed: the API key or the API token is wrong.",
                headers={"WWW-Authenticate": 'Basic realm="Exotel API"'},
            )
        if request.path_params["account"] != self._credentials.account_sid:
            raise HTTPException(403, "These credentials belong to another account.")

    def _document(self, record: CallRecord, form: Format) -> Response:
        content = call_document(record, account_sid=self._credentials.account_sid, form=form)
        return Response(content, media_type=form.media_type)

    async def _error(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        form = _format(request)
        content = error_document(error.status_code, error.detail, form=form)
        return Response(content, error.status_code, error.headers, media_type=form.media_type)

    # -- the status page ----------------------------------------------------------------------

    async def _page(self, request: Request) -> Response:
        del request
        page = resources.files("exotel_voice.sandbox").joinpath("status.html").read_text("utf-8")
        return HTMLResponse(page, headers=SECURITY_HEADERS)

    async def _status(self, request: Request) -> Response:
        del request
        content = json.dumps(self._platform.snapshot()).encode()
        return Response(content, headers=SECURITY_HEADERS, media_type="application/json")

    async def _events(self, request: Request) -> Response:
        return StreamingResponse(
            self._stream(request), headers=SECURITY_HEADERS, media_type="text/event-stream"
        )

    async def _stream(self, request: Request) -> AsyncIterator[bytes]:
        """Send a snapshot now and after each change, until the reader goes or the server stops."""
        changes = self._platform.changes
        while not (self._is_closing or await request.is_disconnected()):
            seen = changes.count
            yield b"data: " + json.dumps(self._platform.snapshot()).encode() + b"\n\n"
            if changes.count == seen:
                await _next_change(changes)


IDLE_FOR: Final = 15.0
"""Seconds without a change after which a stream sends its state again: a dead reader shows then."""


async def _next_change(changes: Changes) -> None:
    try:
        async with asyncio.timeout(IDLE_FOR):
            await changes.next()
    except TimeoutError:
        return


def _format(request: Request) -> Format:
    path = request.url.path
    return Format(is_json=path.endswith(".json") or "/Calls.json/" in path)


async def _limited_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise HTTPException(413, f"The request is larger than {MAX_BODY} bytes.")
    return bytes(body)
