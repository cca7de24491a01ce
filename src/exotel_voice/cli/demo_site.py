"""The web side of the demo: the sample page, the gateway, and calls from the sandbox on request.

Everything exists once per person: `/bob/` is the page as bob sees it, and `/bob/voice` his way to
the gateway. Without a name it is alice's. A product asks its own login who somebody is.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exotel_voice.errors import ConfigError
from exotel_voice.sandbox.records import CallRecord
from exotel_voice.sandbox.rest_request import ConnectRequest
from exotel_voice.sandbox.server import Sandbox

__all__ = ["CALLERS", "PEOPLE", "DemoSite", "person_of"]

PEOPLE: Final = ("alice", "bob", "carol")
"""Who the page can be; the first one if nobody is named."""

CALLERS: Final = MappingProxyType(
    {
        "echo": ("+918045670001", "Echo service"),
        "tone": ("+918045670002", "Tone generator"),
        "ivr": ("+918045670003", "Bank IVR"),
        "hold-3": ("+918045670004", "Busy colleague"),
        "transfer-ivr": ("+918045670005", "Front desk"),
        "hangup-5": ("+918045670006", "Hasty caller"),
        "late-5": ("+918045670007", ""),
        "busy": ("+918045670008", ""),
    }
)
"""The parties that the page can ask for, with the number and the name that they show."""

JOINED: Final = frozenset({"late-5", "busy"})
"""Parties that do something when they are called: the sandbox calls the phone, then them."""

MAX_BODY: Final = 1024
"""Longest body of a request, bytes."""

POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; media-src 'self' blob: mediastream:; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: what the page may load; scripts and styles are files of its own."""

HEADERS: Final = (
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"microphone=(self), speaker-selection=(self)"),
    (b"cache-control", b"no-cache"),
)


def person_of(connection: HTTPConnection) -> str | None:
    """Tell whose address this is; None if nobody has that name."""
    name = connection.path_params.get("person", PEOPLE[0])
    return name if name in PEOPLE else None


class DemoSite:
    """The ASGI application.

    Args:
        sandbox: The platform that calls.
        gateway: The gateway's ASGI application.
        hosts: The values of the Host header that are served, against DNS rebinding.
    """

    def __init__(self, sandbox: Sandbox, gateway: ASGIApp, *, hosts: tuple[str, ...]) -> None:
        self._sandbox = sandbox
        self._files = Path(str(resources.files("exotel_voice"))) / "demo_page"
        own = self._routes(gateway)
        site = Starlette(
            routes=[*own, Mount("/{person}", routes=own)],
            middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))],
        )
        self.app: ASGIApp = _with_headers(site)

    def _routes(self, gateway: ASGIApp) -> list[BaseRoute]:
        return [
            Route("/", self._page),
            Route("/who", self._who),
            Route("/sandbox/call", self._call, methods=["POST"]),
            Route("/sandbox/heard", self._heard),
            Mount("/page", StaticFiles(directory=self._files)),
            Mount("/voice", gateway),
        ]

    async def _page(self, request: Request) -> Response:
        if person_of(request) is None:
            return Response(f"Nobody has this name; there are {', '.join(PEOPLE)}.", 404)
        return FileResponse(self._files / "index.html")

    async def _who(self, request: Request) -> Response:
        return JSONResponse({"user": person_of(request), "people": PEOPLE})

    async def _call(self, request: Request) -> Response:
        """Let a party call this person's phone.

        The body must say that it is JSON: a page from elsewhere may not send that unasked.
        """
        person = person_of(request)
        party = await _party(request)
        if person is None or party is None:
            return _problem(400, "There is no such person or no such party.")
        if all(binding.username != person for binding in self._sandbox.registrations):
            return _problem(409, "Your phone is not registered, so nobody can call it.")
        try:
            record = self._place(person, party)
        except ConfigError as error:
            return _problem(400, str(error))
        return JSONResponse({"sid": record.sid}, 202)

    def _place(self, person: str, party: str) -> CallRecord:
        number, name = CALLERS[party]
        if party in JOINED:
            request = ConnectRequest(from_=person, to=party, caller_id=number)
            return self._sandbox.connect(request)
        return self._sandbox.place_call(to=person, party=party, caller_id=number, display_name=name)

    async def _heard(self, request: Request) -> Response:
        """Tell what the sandbox hears from this person's phone."""
        person = person_of(request)
        for record in reversed(self._sandbox.calls.living):
            leg = next((leg for leg in record.legs if leg.who == person), None)
            if leg is not None and leg.answered_at is not None:
                hertz = leg.hearing.frequency_hz if leg.hearing.loudest else None
                heard = {"level": leg.hearing.level, "frequency_hz": hertz}
                return JSONResponse({**heard, "digits": record.digits})
        return JSONResponse({"level": 0.0, "frequency_hz": None, "digits": ""})


async def _party(request: Request) -> str | None:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return None
    if int(request.headers.get("content-length", MAX_BODY + 1)) > MAX_BODY:
        return None
    try:
        body: Any = await request.json()
    except ValueError:
        return None
    party = body.get("party") if isinstance(body, dict) else None
    return party if isinstance(party, str) and party in CALLERS else None


def _problem(status: int, message: str) -> Response:
    return JSONResponse({"message": message}, status)


def _with_headers(app: ASGIApp) -> ASGIApp:
    """Put `HEADERS` on every response."""

    async def with_headers(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                more = [(name, value) for name, value in HEADERS if name not in given]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await app(scope, receive, send_more)

    return with_headers
