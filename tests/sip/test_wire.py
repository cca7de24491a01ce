"""Bytes to messages and back: framing, limits, replies to what cannot be used."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.errors import ConfigError, MalformedMessage, MessageTooLarge, ProtocolError
from exotel_voice.sip.wire import (
    Limits,
    Request,
    Response,
    is_keep_alive,
    parse,
)

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


def refused(data: bytes, *, limits: Limits | None = None) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        parse(data, limits=limits or Limits())
    return caught.value


def parse_request(data: bytes) -> Request:
    message = parse(data)
    assert isinstance(message, Request)
    return message


# -- reading and writing ---------------------------------------------------------------------------


def test_a_request_is_read_and_written_again_as_it_was() -> None:
    request = parse(INVITE)
    assert isinstance(request, Request)
    assert (request.method, request.uri, request.body) == ("INVITE", "sip:bob@example.com", b"v=0")
    assert bytes(request) == INVITE


def test_a_response_is_read_and_written_again_as_it_was() -> None:
    response = parse(RINGING)
    assert isinstance(response, Response)
    assert (response.status, response.reason, response.body) == (180, "Ringing", b"")
    assert (response.is_provisional, response.is_success) == (True, False)
    assert bytes(response) == RINGING


def test_bytes_that_are_no_utf8_come_out_as_they_went_in() -> None:
    data = INVITE.replace(b"Alice", b'"\xff\xfeM\xfcller"')
    request = parse_request(data)
    assert request.from_display_name.encode("utf-8", "surrogateescape") == b"\xff\xfeM\xfcller"
    assert bytes(request) == data
    assert b'"\xff\xfeM\xfcller"' in bytes(request.reply(486))


def test_line_ends_before_the_start_line_are_skipped() -> None:
    assert bytes(parse(b"\r\n\r\n" + INVITE)) == INVITE


def test_line_feeds_alone_end_lines_too() -> None:
    assert bytes(parse(INVITE.replace(b"\r\n", b"\n"))) == INVITE


def test_folded_lines_are_one_line() -> None:
    request = parse_request(INVITE.replace(b"Call-ID: ", b"Call-ID:\r\n\t  "))
    assert request.call_id == "asidkj3ss"
    assert bytes(request) == INVITE


def test_compact_names_are_written_in_full() -> None:
    compact = INVITE
    for name, short in ((b"Via", b"v"), (b"From", b"F"), (b"To", b"t"), (b"Call-ID", b"i")):
        compact = compact.replace(b"\r\n" + name + b": ", b"\r\n" + short + b" : ")
    assert compact != INVITE
    assert bytes(parse(compact)) == INVITE


def test_header_order_and_unknown_headers_are_kept() -> None:
    data = INVITE.replace(b"Max-Forwards", b"x-ODD-name: 1\r\nLegSid: 2\r\nMax-Forwards")
    request = parse(data)
    assert bytes(request) == data
    assert [name for name, _ in request.headers][5:8] == ["x-ODD-name", "LegSid", "Max-Forwards"]


def test_content_length_is_always_written_from_the_body() -> None:
    request = Request(
        "MESSAGE", "sip:bob@example.com", headers=[("Content-Length", "9")], body=b"x"
    )
    assert bytes(request) == b"MESSAGE sip:bob@example.com SIP/2.0\r\nContent-Length: 1\r\n\r\nx"


def test_line_ends_alone_are_a_keep_alive() -> None:
    assert is_keep_alive(b"\r\n\r\n")
    assert is_keep_alive(b"")
    assert not is_keep_alive(INVITE)
    assert refused(b"\r\n\r\n").reply is None


# -- the body --------------------------------------------------------------------------------------


def test_what_follows_the_announced_body_is_dropped() -> None:
    assert parse(INVITE + b"\r\nm=audio").body == b"v=0"


def test_without_a_length_the_body_is_the_rest() -> None:
    assert parse(INVITE.replace(b"Content-Length: 3\r\n", b"")).body == b"v=0"


def test_equal_lengths_twice_are_taken() -> None:
    length = b"Content-Length: 3\r\n"
    assert parse(INVITE.replace(length, length + b"l: 3\r\n")).body == b"v=0"


@pytest.mark.parametrize("length", [b"4", b"-1", b"five", b"3 3", b"", b"99999999999", b"\xd9\xa3"])
def test_a_length_that_is_no_number_or_too_great_gets_400(length: bytes) -> None:
    error = refused(INVITE.replace(b"Content-Length: 3", b"Content-Length: " + length))
    assert error.reply is not None
    assert error.reply.startswith(b"SIP/2.0 400 Bad Request\r\n")


# -- what is no message ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"INVITE\r\n\r\n",
        RINGING.replace(b"SIP/2.0 180", b"SIP/2.0 700"),
        RINGING.replace(b"SIP/2.0 180", b"SIP/2.0 99"),
        RINGING.replace(b"SIP/2.0 180", b"SIP/3.0 180"),
        RINGING.replace(b"CSeq: 1", b"CSeq: x"),
        RINGING.replace(b"Via:", b"Viva:"),
        RINGING[:-2],
        INVITE.replace(b"INVITE", b"ACK").replace(b"CSeq: 1", b"CSeq: x"),
        INVITE.replace(b"Via:", b"Viva:"),
    ],
)
def test_what_cannot_be_answered_is_refused_without_a_reply(data: bytes) -> None:
    error = refused(data)
    assert isinstance(error, MalformedMessage)
    assert error.reply is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"INVITE sip:", b"INVITE  sip:"),
        (b"INVITE sip:", b" INVITE sip:"),
        (b"INVITE sip:bob@example.com ", b"INVITE "),
        (b"SIP/2.0\r\nVia", b"SIP/2.0 \r\nVia"),
        (b"From: Alice", b"From Alice"),
        (b"From: Alice", b"Fr\xc3\xb6m: Alice"),
        (b"From: Alice <sip:alice@example.com>;tag=asdyka899\r\n", b""),
        (b"To: <sip:bob@example.com>", b"To: "),
        (b"To: <", b"To: <sip:x@example.com>\r\nTo: <"),
        (b"Call-ID: asidkj3ss", b"Call-ID: a b"),
        (b"Call-ID: asidkj3ss", b"Call-ID: a\rb"),
        (b"Content-Length: 3\r\n\r\n", b"Content-Length: 3\r\r\n\r\n"),
        (b"CSeq: 1 INVITE", b"CSeq: 1"),
        (b"CSeq: 1 INVITE", b"CSeq: 2147483648 INVITE"),
        (b"CSeq: 1 INVITE", b"CSeq: \xd9\xa3 INVITE"),
        (b"Via: SIP/2.0/WSS df7", b"Via: SIP/3.0/WSS df7"),
        (b"\r\n\r\nv=0", b"\r\n"),
    ],
)
def test_a_broken_request_gets_400(old: bytes, new: bytes) -> None:
    assert old in INVITE
    error = refused(INVITE.replace(old, new))
    assert error.reply is not None
    assert error.reply.startswith(b"SIP/2.0 400 Bad Request\r\nVia: ")
    # The reply can be read by the peer's transaction: it has what the request had.
    assert b"z9hG4bK56sdasks" in error.reply


def test_the_reply_is_the_same_for_a_repeated_request() -> None:
    broken = INVITE.replace(b"CSeq: 1 INVITE", b"CSeq: 1")
    assert refused(broken).reply == refused(broken).reply
    assert b"\r\nTo: <sip:bob@example.com>;tag=" in (refused(broken).reply or b"")


def test_an_unknown_version_gets_505() -> None:
    error = refused(INVITE.replace(b"com SIP/2.0", b"com SIP/2.1"))
    assert error.status == 505
    assert error.reply is not None
    assert error.reply.startswith(b"SIP/2.0 505 Version Not Supported\r\n")


SLOW_HEADERS = [
    b"X: " + b"\r\n " * 20_000 + b"y",
    b"From: a" + b" " * 8_000,
    b'Via: SIP/2.0/WS a;x="' + b'\\"' * 4_000,
    b"To: <sip:a>" + b";x" * 4_000,
    b"v: a\r\n" * 10_000,
    b":" * 60_000,
    b"a" * 60_000,
    b"x:" + b"\r" * 60_000,
]


@pytest.mark.parametrize("line", SLOW_HEADERS, ids=range(len(SLOW_HEADERS)))
def test_no_message_takes_long_to_refuse(line: bytes) -> None:
    started = time.perf_counter()
    refused(INVITE.replace(b"Max-Forwards: 70", line))
    refused(line)
    refused(b"INVITE " + b" " * 60_000 + b"SIP/2.0")
    assert time.perf_counter() - started < 0.5


# -- limits ----------------------------------------------------------------------------------------


def test_a_message_may_be_as_large_as_the_limit_but_not_larger() -> None:
    parse(INVITE, limits=Limits(max_message_bytes=len(INVITE)))
    error = refused(INVITE, limits=Limits(max_message_bytes=len(INVITE) - 1))
    assert isinstance(error, MessageTooLarge)
    assert error.status == 513
    assert error.reply is not None
    assert error.reply.startswith(b"SIP/2.0 513 Message Too Large\r\n")


def test_a_message_whose_headers_alone_pass_the_limit_is_answered_from_what_was_read() -> None:
    error = refused(INVITE, limits=Limits(max_message_bytes=INVITE.index(b"CSeq")))
    assert error.status == 513
    assert b"Call-ID: asidkj3ss" in (error.reply or b"")


def test_too_many_headers_get_513() -> None:
    parse(INVITE, limits=Limits(max_headers=8))
    assert refused(INVITE, limits=Limits(max_headers=7)).status == 513


def test_a_header_that_is_too_long_gets_513() -> None:
    data = INVITE.replace(b"Max-Forwards", b"X: " + b"a" * 98 + b"\r\nMax-Forwards")
    parse(data, limits=Limits(max_header_bytes=101))
    error = refused(data, limits=Limits(max_header_bytes=100))
    assert error.status == 513
    assert error.reply is not None


def test_a_uri_that_is_too_long_gets_414() -> None:
    parse(INVITE, limits=Limits(max_uri_bytes=19))
    error = refused(INVITE, limits=Limits(max_uri_bytes=18))
    assert isinstance(error, MessageTooLarge)
    assert error.status == 414
    assert error.reply is not None
    assert error.reply.startswith(b"SIP/2.0 414 Request-URI Too Long\r\n")


def test_a_response_beyond_a_limit_is_dropped() -> None:
    assert refused(RINGING, limits=Limits(max_headers=2)).reply is None


@pytest.mark.parametrize(
    "name", ["max_message_bytes", "max_headers", "max_header_bytes", "max_uri_bytes"]
)
def test_a_limit_below_one_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        Limits(**{name: 0})


# -- properties ------------------------------------------------------------------------------------


def read(data: bytes) -> Request | Response | bytes | None:
    """Give the message, or the reply to bytes that are none."""
    try:
        return parse(data)
    except ProtocolError as error:
        return error.reply


@given(st.binary(max_size=400))
def test_any_bytes_give_a_message_or_a_protocol_error(data: bytes) -> None:
    read(data)


@given(st.integers(0, len(INVITE) - 1), st.binary(min_size=0, max_size=8), st.integers(0, 40))
def test_a_damaged_message_gives_a_message_or_a_protocol_error(
    at: int, new: bytes, removed: int
) -> None:
    outcome = read(INVITE[:at] + new + INVITE[at + removed :])
    if isinstance(outcome, bytes):
        assert outcome.startswith(b"SIP/2.0 ")
    elif outcome is not None:
        assert bytes(parse(bytes(outcome))) == bytes(outcome)


@given(st.integers(0, len(INVITE)))
def test_half_a_message_never_passes_for_a_whole_one(length: int) -> None:
    if length < len(INVITE):
        refused(INVITE[:length])
    else:
        parse(INVITE)


names = st.from_regex(r"[A-Za-z][A-Za-z0-9\-.!%*_+`'~]{0,15}", fullmatch=True)
values = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"])).map(
    lambda text: text.strip(" \t")
)


@given(st.lists(st.tuples(names, values), max_size=8), st.binary(max_size=50))
def test_headers_and_body_come_back_as_they_were_set(
    fields: list[tuple[str, str]], body: bytes
) -> None:
    own = {"via", "v", "from", "f", "to", "t", "call-id", "i", "cseq", "content-length", "l"}
    fields = [each for each in fields if each[0].lower() not in own]
    request = Request("MESSAGE", "sip:bob@example.com", body=body)
    base = parse(INVITE.replace(b"CSeq: 1 INVITE", b"CSeq: 1 MESSAGE"))
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        request.headers.set(name, *base.headers.get_all(name))
    for name, value in fields:
        request.headers.add(name, value)
    again = parse(bytes(request))
    assert again.body == body
    assert list(again.headers)[:-1] == list(request.headers)
