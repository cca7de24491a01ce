"""Web-hooks: every form of the documented messages, and requests that are none."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from exotel_voice.errors import CallbackInvalid
from exotel_voice.rest import (
    ApiCallStatus,
    CallAnsweredEvent,
    CallTerminalEvent,
    parse_status_callback,
    read_django,
    read_starlette,
)
from rest.recorded import recorded

TERMINAL: dict[str, Any] = json.loads(recorded("callback_terminal.json"))
FORM = "application/x-www-form-urlencoded"


def flat(content: Mapping[str, Any]) -> dict[str, str]:
    fields = {name: str(value) for name, value in content.items() if name != "Legs"}
    for index, leg in enumerate(content.get("Legs", [])):
        fields |= {f"Legs[{index}][{name}]": str(value) for name, value in leg.items()}
    return fields


def multipart(content: Mapping[str, Any]) -> tuple[str, bytes]:
    parts = {name: (None, value) for name, value in flat(content).items()}
    request = httpx.Request("POST", "http://hook.test/", files=parts)
    return request.headers["content-type"], request.read()


def test_the_end_of_a_call_is_read_from_json() -> None:
    event = parse_status_callback("application/json", recorded("callback_terminal.json"))
    assert isinstance(event, CallTerminalEvent)
    assert event.call_sid == "80bfbec2d78bbbf10fb851f4fa165211"
    assert event.status is ApiCallStatus.COMPLETED
    assert (event.from_, event.to, event.caller_id) == ("alice", "09900000001", "0800123456")
    assert (event.conversation_duration, event.custom_field) == (320, "order_12345")
    assert event.ended_at == dt.datetime(2024, 1, 15, 14, 30, 45)  # noqa: DTZ001 - it has none
    assert event.recording_url == "https://recordings.example/80bf.mp3"
    assert [leg.answered_by for leg in event.legs] == ["NA", "HUMAN"]
    assert [leg.on_call_for for leg in event.legs] == [335, 320]


def test_json_forms_multipart_forms_and_queries_are_read_alike() -> None:
    expected = parse_status_callback(
        "application/json; charset=utf-8", json.dumps(TERMINAL).encode()
    )
    form = urlencode(flat(TERMINAL))
    content_type, body = multipart(TERMINAL)
    assert parse_status_callback(FORM, form.encode()) == expected
    assert parse_status_callback("", form.encode()) == expected
    assert parse_status_callback(content_type, body) == expected
    assert parse_status_callback("", b"", query=form) == expected
    in_one_field = flat({**TERMINAL, "Legs": []}) | {"Legs": json.dumps(TERMINAL["Legs"])}
    assert parse_status_callback(FORM, urlencode(in_one_field).encode()) == expected


def test_the_answer_is_another_event() -> None:
    event = parse_status_callback("application/json", recorded("callback_answered.json"))
    assert isinstance(event, CallAnsweredEvent)
    assert (event.status, len(event.legs)) == (ApiCallStatus.IN_PROGRESS, 2)


def test_the_short_message_without_events_tells_of_the_end() -> None:
    event = parse_status_callback("application/json", recorded("callback_default.json"))
    assert isinstance(event, CallTerminalEvent)
    assert (event.status, event.from_, event.legs) == (ApiCallStatus.COMPLETED, "", ())
    assert event.conversation_duration is None


def test_a_leg_that_was_not_attempted_has_no_status() -> None:
    body = b'{"CallSid": "1", "Status": "no-answer", "Legs": [{"Status": "null"}, 7]}'
    (leg,) = parse_status_callback("application/json", body).legs
    assert (leg.status, leg.on_call_for) == (None, None)


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"", 400),
        ("application/json", b"{", 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b"[]", 400),
        ("application/json", b'{"CallSid": {}}', 400),
        ("application/json", b'{"CallSid": "1", "EventType": "begun"}', 400),
        (FORM, b"Status=completed", 400),
        (FORM, b"&".join([b"a=1"] * 500), 400),
        (FORM, b"CallSid=1&x=" + b"x" * 300_000, 413),
        ("multipart/form-data", b"CallSid=1", 400),
        ("multipart/form-data; boundary=b", b"no parts", 400),
        ("text/plain", b"CallSid=1", 415),
    ],
)
def test_a_request_that_is_no_message_is_answered_with_its_status(
    content_type: str, body: bytes, status: int
) -> None:
    with pytest.raises(CallbackInvalid) as raised:
        parse_status_callback(content_type, body)
    assert raised.value.status == status


def test_a_multipart_form_with_too_many_fields_is_refused() -> None:
    content_type, body = multipart({f"f{index}": "x" for index in range(300)})
    with pytest.raises(CallbackInvalid, match=r"too many"):
        parse_status_callback(content_type, body)


@given(
    st.sampled_from(["application/json", FORM, "multipart/form-data; boundary=b", "", "a/b"]),
    st.binary(max_size=300) | st.sampled_from([b"CallSid=1&Legs[0]=x&Legs[0][Status]=busy"]),
)
def test_any_bytes_are_a_message_or_are_refused(content_type: str, body: bytes) -> None:
    status, sid = 0, ""
    try:
        sid = parse_status_callback(content_type, body).call_sid
    except CallbackInvalid as error:
        status = error.status
    assert sid or 400 <= status < 500


def test_fields_that_look_like_lists_come_in_their_order() -> None:
    body = b"CallSid=1&Legs[1][Status]=busy&Legs[0][Status]=completed&X[0]=b&X[0][c]=d"
    event = parse_status_callback(FORM, body)
    assert [leg.status for leg in event.legs] == [ApiCallStatus.COMPLETED, ApiCallStatus.BUSY]
    assert event.raw["X"] == ["b"]


# -- frameworks ----------------------------------------------------------------------------------


async def hook(request: Request) -> Response:
    try:
        event = await read_starlette(request)
    except CallbackInvalid as error:
        return Response(error.message, error.status)
    return JSONResponse({"sid": event.call_sid, "status": event.status})


async def test_a_starlette_endpoint_reads_every_form() -> None:
    app = Starlette(routes=[Route("/hook", hook, methods=["GET", "POST"])])
    transport = httpx.ASGITransport(app=app)
    expected = {"sid": TERMINAL["CallSid"], "status": "completed"}
    async with httpx.AsyncClient(transport=transport, base_url="http://hook.test") as client:
        parts = {name: (None, value) for name, value in flat(TERMINAL).items()}
        replies = [
            await client.post("/hook", json=TERMINAL),
            await client.post("/hook", data=flat(TERMINAL)),
            await client.post("/hook", files=parts),
            await client.get("/hook", params=flat(TERMINAL)),
        ]
        assert [reply.json() for reply in replies] == [expected] * 4
        refused = await client.post("/hook", content=b"x" * 300_000)
        assert refused.status_code == 413


@dataclass
class WsgiRequest:
    """What Django's request has in common with WSGI: META and a body."""

    META: Mapping[str, Any]
    body: bytes


def test_a_django_request_is_read_by_what_wsgi_says() -> None:
    content_type, body = multipart(TERMINAL)
    event = read_django(WsgiRequest({"CONTENT_TYPE": content_type, "QUERY_STRING": ""}, body))
    assert event == parse_status_callback("application/json", json.dumps(TERMINAL).encode())
    query = urlencode(flat(TERMINAL))
    assert read_django(WsgiRequest({"QUERY_STRING": query}, b"")) == event


def test_neither_a_framework_nor_a_phone_is_loaded() -> None:
    code = (
        "import sys\n"
        "from exotel_voice.rest import ExotelClient, read_django, read_starlette\n"
        "heavy = {'django', 'starlette', 'aiortc', 'numpy', 'websockets'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_name_that_does_not_exist_is_no_part_of_the_package() -> None:
    with pytest.raises(AttributeError, match=r"'Nothing'"):
        _ = import_module("exotel_voice.rest").Nothing


def test_django_s_own_request_is_read() -> None:
    django_wsgi = import_module("django.core.handlers.wsgi")
    settings = import_module("django.conf").settings
    if not settings.configured:
        settings.configure()
    content_type, body = multipart(TERMINAL)
    request = django_wsgi.WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/hook",
            "CONTENT_TYPE": content_type,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
        }
    )
    assert read_django(request).call_sid == TERMINAL["CallSid"]


async def test_a_body_that_is_too_large_is_not_read_to_its_end() -> None:
    read = 0

    class Url:
        query = ""

    class Endless:
        headers: Mapping[str, str] = {}
        url = Url()

        async def stream(self) -> AsyncIterator[bytes]:
            nonlocal read
            while True:
                read += 1
                yield b"x" * 65_536

    with pytest.raises(CallbackInvalid) as raised:
        await read_starlette(Endless())
    assert (raised.value.status, read) == (413, 5)
