"""StatusCallback messages, sent to a real HTTP server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exotel_voice.sandbox.changes import Changes
from exotel_voice.sandbox.http_server import HttpServer
from exotel_voice.sandbox.records import CallRecord, CallStatus, Direction
from exotel_voice.sandbox.rest_request import StatusCallback, form_fields
from exotel_voice.sandbox.status_callback import deliver


class Application:
    """Somebody's web application: takes messages, or refuses the first few."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.received: list[tuple[str, str, bytes]] = []
        self.url = ""

    async def take(self, request: Request) -> Response:
        kind = request.headers.get("content-type", request.url.query)
        self.received.append((request.method, kind, await request.body()))
        return Response(status_code=self.statuses.pop(0) if self.statuses else 200)


@asynccontextmanager
async def application(*statuses: int) -> AsyncIterator[Application]:
    app = Application(*statuses)
    routes = [Route("/hook", app.take, methods=["GET", "POST"])]
    server = HttpServer(Starlette(routes=routes), before_close=lambda: None)
    app.url = f"http://127.0.0.1:{await server.start('127.0.0.1', 0)}/hook"
    try:
        yield app
    finally:
        await server.aclose()


def ended_call() -> CallRecord:
    record = CallRecord(
        from_="alice",
        to="echo",
        direction=Direction.OUTBOUND_API,
        caller_id="0800",
        changes=Changes(),
    )
    record.custom_field = "order 7 & more"
    record.add_leg("alice").advance(CallStatus.IN_PROGRESS)
    record.advance(CallStatus.IN_PROGRESS)
    record.finish(CallStatus.COMPLETED, sip_status=200, reason="")
    return record


async def test_the_end_is_told_as_a_form() -> None:
    record = ended_call()
    async with application() as app:
        assert await deliver(record, StatusCallback(url=app.url), event="terminal")
    ((method, kind, body),) = app.received
    assert (method, kind) == ("POST", "application/x-www-form-urlencoded")
    fields = parse_qs(body.decode())
    assert fields["CallSid"] == [record.sid]
    assert fields["Status"] == ["completed"]
    assert fields["CustomField"] == ["order 7 & more"]
    assert "EventType" not in fields


async def test_whoever_asks_for_events_is_told_more() -> None:
    async with application() as app:
        callback = StatusCallback(url=app.url, events=frozenset({"terminal"}))
        assert await deliver(ended_call(), callback, event="terminal")
    fields = parse_qs(app.received[0][2].decode())
    assert fields["EventType"] == ["terminal"]
    assert (fields["From"], fields["To"]) == (["alice"], ["echo"])
    assert fields["Legs[0][Status]"] == ["completed"]
    assert fields["Direction"] == ["outbound-api"]


async def test_json_multipart_and_get_are_sent_on_demand() -> None:
    record = ended_call()
    async with application() as app:
        for content_type in ("application/json", "multipart/form-data"):
            callback = StatusCallback(
                url=app.url, content_type=content_type, events=frozenset({"terminal"})
            )
            assert await deliver(record, callback, event="terminal")
        assert await deliver(record, StatusCallback(url=app.url, method="GET"), event="terminal")
    first, second, third = app.received
    assert json.loads(first[2])["Legs"] == [{"OnCallDuration": 0, "Status": "completed"}]
    assert ("CallSid", record.sid) in form_fields(second[1], second[2])
    assert third[0] == "GET"
    assert parse_qs(third[1])["Status"] == ["completed"]


async def test_a_message_that_was_refused_is_sent_twice_more() -> None:
    async with application(500, 302) as app:
        callback = StatusCallback(url=app.url)
        assert await deliver(ended_call(), callback, event="terminal", retry_after=0.001)
        assert len(app.received) == 3
    async with application(500, 500, 500, 200) as app:
        callback = StatusCallback(url=app.url)
        assert not await deliver(ended_call(), callback, event="terminal", retry_after=0.001)
        assert len(app.received) == 3


async def test_an_application_that_is_not_there_does_no_harm() -> None:
    async with application() as app:
        pass
    callback = StatusCallback(url=app.url)
    assert not await deliver(ended_call(), callback, event="terminal", retry_after=0.001)
