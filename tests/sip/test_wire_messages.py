"""Making requests and responses, and replies to requests."""

from __future__ import annotations

import pytest

from exotel_voice.errors import ConfigError
from exotel_voice.sip.wire import Headers, Request, Response, parse, reason_phrase

INVITE = (
    b"INVITE sip:bob@example.com SIP/2.0\r\n"
    b"Via: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks\r\n"
    b"From: Alice <sip:alice@example.com>;tag=asdyka899\r\n"
    b"To: <sip:bob@example.com>\r\n"
    b"Call-ID: asidkj3ss\r\n"
    b"CSeq: 1 INVITE\r\n"
    b"Max-Forwards: 70\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 3\r\n"
    b"\r\n"
    b"v=0"
)
RINGING = (
    b"SIP/2.0 180 Ringing\r\n"
    b"Via: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks\r\n"
    b"From: Alice <sip:alice@example.com>;tag=asdyka899\r\n"
    b"To: <sip:bob@example.com>;tag=bmqkjhsd\r\n"
    b"Call-ID: asidkj3ss\r\n"
    b"CSeq: 1 INVITE\r\n"
    b"Content-Length: 0\r\n"
    b"\r\n"
)


def parse_request(data: bytes) -> Request:
    message = parse(data)
    assert isinstance(message, Request)
    return message


def test_a_reply_copies_what_the_rfc_wants_in_the_order_of_the_request() -> None:
    data = INVITE.replace(
        b"Max-Forwards",
        b"Record-Route: <sip:p2;lr>, <sip:p1;lr>\r\nTimestamp: 54\r\nMax-Forwards",
    ).replace(b"From:", b"Via: SIP/2.0/TCP b.example.com;branch=z9hG4bK2\r\nFrom:")
    request = parse_request(data)
    assert bytes(request.reply(180, to_tag="t1", headers=[("Contact", "<sip:b>")])) == (
        b"SIP/2.0 180 Ringing\r\n"
        b"Via: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks\r\n"
        b"Via: SIP/2.0/TCP b.example.com;branch=z9hG4bK2\r\n"
        b"From: Alice <sip:alice@example.com>;tag=asdyka899\r\n"
        b"To: <sip:bob@example.com>;tag=t1\r\n"
        b"Call-ID: asidkj3ss\r\n"
        b"CSeq: 1 INVITE\r\n"
        b"Record-Route: <sip:p2;lr>, <sip:p1;lr>\r\n"
        b"Contact: <sip:b>\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    assert "Record-Route" not in request.reply(486, to_tag="t1").headers


def test_a_100_has_no_tag_of_ours_but_the_timestamp() -> None:
    request = parse_request(INVITE.replace(b"Max-Forwards", b"Timestamp: 54\r\nMax-Forwards"))
    trying = request.reply(100, to_tag="t1")
    assert trying.to_tag is None
    assert trying.headers.get("Timestamp") == "54"
    assert "Timestamp" not in request.reply(180, to_tag="t1").headers


def test_a_tag_that_is_there_stays() -> None:
    request = parse_request(INVITE.replace(b"bob@example.com>\r\nCall", b"b@c>;tag=x\r\nCall"))
    assert request.reply(200, to_tag="y").to_tag == "x"


def test_the_reason_phrase_has_a_default() -> None:
    assert Response(486).reason == "Busy Here"
    assert Response(486, "No").reason == "No"
    assert Response(486, "").reason == ""
    assert reason_phrase(299) == "Success"
    assert reason_phrase(999) == "Unknown"


@pytest.mark.parametrize("status", [99, 700, 0, -1])
def test_a_response_needs_a_sip_status(status: int) -> None:
    with pytest.raises(ConfigError):
        Response(status)


@pytest.mark.parametrize(
    ("method", "uri"),
    [
        ("IN VITE", "sip:bob@example.com"),
        ("", "sip:bob@example.com"),
        ("INVITE", ""),
        ("INVITE", "sip:bob@example.com SIP/2.0\r\nX: y"),
        ("INVITE", "sip:bob smith@example.com"),
        ("INVITE\r\nX: y", "sip:bob@example.com"),
    ],
)
def test_a_request_line_cannot_be_broken_out_of(method: str, uri: str) -> None:
    with pytest.raises(ConfigError):
        Request(method, uri)


def test_a_reason_phrase_cannot_be_broken_out_of() -> None:
    with pytest.raises(ConfigError):
        Response(200, "OK\r\nX: y")


def test_messages_compare_by_what_is_written_and_their_repr_has_no_header() -> None:
    assert parse(INVITE) == parse(INVITE)
    assert parse(INVITE) != parse(RINGING)
    assert parse(INVITE) != INVITE
    assert repr(parse(INVITE)) == "<Request 'INVITE sip:bob@example.com SIP/2.0'>"
    assert repr(parse(RINGING)) == "<Response 'SIP/2.0 180 Ringing'>"


def test_headers_given_as_such_are_taken_as_they_are() -> None:
    headers = Headers([("Via", "x")])
    assert Request("INVITE", "sip:bob", headers=headers).headers is headers
