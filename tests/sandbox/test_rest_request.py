"""What `Calls/connect` takes and what it refuses."""

from __future__ import annotations

import pytest

from exotel_voice.sandbox.rest_request import (
    BadRequest,
    ConnectRequest,
    StatusCallback,
    form_fields,
    read_connect,
)

NEEDED = [("From", "alice"), ("To", "echo"), ("CallerId", "0800123456")]


def test_the_three_mandatory_fields_make_a_call() -> None:
    assert read_connect(NEEDED) == ConnectRequest(from_="alice", to="echo", caller_id="0800123456")


def test_every_documented_field_is_read() -> None:
    request = read_connect(
        [
            *NEEDED,
            ("CallType", "trans"),
            ("TimeLimit", "14400"),
            ("TimeOut", "30"),
            ("CustomField", "order 7"),
            ("StatusCallback", "http://127.0.0.1:9/hook"),
            ("StatusCallbackEvents[0]", "terminal"),
            ("StatusCallbackEvents[1]", "answered"),
            ("StatusCallbackContentType", "application/json"),
        ]
    )
    assert (request.time_limit, request.time_out, request.custom_field) == (14400, 30, "order 7")
    assert request.callback == StatusCallback(
        url="http://127.0.0.1:9/hook",
        events=frozenset({"terminal", "answered"}),
        content_type="application/json",
    )


@pytest.mark.parametrize("name", ["From", "To", "CallerId"])
def test_a_missing_field_is_named(name: str) -> None:
    fields = [field for field in NEEDED if field[0] != name]
    with pytest.raises(BadRequest, match=f"Mandatory parameter {name} is missing"):
        read_connect(fields)
    with pytest.raises(BadRequest, match=name):
        read_connect([*fields, (name, "  ")])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("From", 'alice"<x>'),
        ("To", "a\r\nb"),
        ("CallType", "spam"),
        ("TimeLimit", "0"),
        ("TimeLimit", "14401"),
        ("TimeLimit", "ten"),
        ("TimeOut", "-1"),
        ("TimeOut", "1" * 30),
        ("CustomField", "x" * 129),
        ("StatusCallback", "ftp://example.com/"),
        ("StatusCallback", "http://[broken"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    fields = [field for field in NEEDED if field[0] != name]
    with pytest.raises(BadRequest, match=name):
        read_connect([*fields, (name, value)])


@pytest.mark.parametrize(
    "field",
    [
        ("StatusCallbackEvents[0]", "ringing"),
        ("StatusCallbackMethod", "PUT"),
        ("StatusCallbackContentType", "text/plain"),
    ],
)
def test_a_callback_that_cannot_be_made_is_refused(field: tuple[str, str]) -> None:
    with pytest.raises(BadRequest, match=field[0].partition("[")[0]):
        read_connect([*NEEDED, ("StatusCallback", "http://127.0.0.1/"), field])


def test_a_flow_in_place_of_a_number_is_refused_in_words() -> None:
    with pytest.raises(BadRequest, match="no flows"):
        read_connect([("From", "alice"), ("Url", "http://my.exotel.com/x"), ("CallerId", "1")])


def test_both_kinds_of_form_are_read() -> None:
    assert form_fields("application/x-www-form-urlencoded; charset=utf-8", b"A=1&B=%2B91") == [
        ("A", "1"),
        ("B", "+91"),
    ]
    body = b'--x\r\nContent-Disposition: form-data; name="A"\r\n\r\n1\r\n--x--\r\n'
    assert form_fields("multipart/form-data; boundary=x", body) == [("A", "1")]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--x"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=%d" % n for n in range(101))),
        ("application/x-www-form-urlencoded", b"\xff\xfe"),
    ],
)
def test_what_is_no_form_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(BadRequest):
        form_fields(content_type, body)
