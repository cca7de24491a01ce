"""What a server refuses from the request alone, and with which response."""

from __future__ import annotations

import pytest

from exotel_voice.sip.validation import Refusal, validate_request
from exotel_voice.sip.wire import Request

ALLOWED = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS")


def request(
    *headers: tuple[str, str],
    method: str = "INVITE",
    uri: str = "sip:bob@example.com",
    body: bytes = b"",
) -> Request:
    given = {name for name, _ in headers}
    base = [("Via", "SIP/2.0/WS a.invalid;branch=z9hG4bK1"), ("CSeq", f"1 {method}")]
    fields = [*(each for each in base if each[0] not in given), *headers]
    return Request(method, uri, headers=fields, body=body)


def status(refusal: Refusal | None) -> int | None:
    return refusal.status if refusal else None


def test_an_ordinary_request_is_all_right() -> None:
    invite = request(("Content-Type", "application/sdp"), body=b"v=0")
    assert validate_request(invite, allowed=ALLOWED) is None


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sip:bob@example.com", None),
        ("sips:bob@example.com", None),
        ("tel:+91801234", None),
        ("mailto:bob@example.com", 416),
        ("urn:service:sos", 416),
        ("sip:bob@", 400),
        ("bob", 400),
        ("sip:bob@example.com?Subject=x", 400),
    ],
)
def test_the_request_uri_has_to_be_one_that_can_be_called(uri: str, expected: int | None) -> None:
    assert status(validate_request(request(uri=uri), allowed=ALLOWED)) == expected


def test_a_method_that_is_known_but_not_taken_gets_405_with_allow() -> None:
    refusal = validate_request(request(method="PUBLISH"), allowed=ALLOWED)
    assert refusal == Refusal(405, headers=(("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS"),))


def test_a_method_that_nobody_knows_gets_501_with_allow() -> None:
    refusal = validate_request(request(method="Invite"), allowed=ALLOWED)
    assert refusal == Refusal(501, headers=(("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS"),))


def test_an_owner_may_take_a_method_of_its_own() -> None:
    assert validate_request(request(method="FETCH"), allowed=("FETCH",)) is None


@pytest.mark.parametrize(
    "header",
    [
        ("CSeq", "1 BYE"),
        ("Via", "SIP/2.0/WS a.invalid;branch=z9hG4bK"),
        ("Contact", "<bob>"),
        ("Contact", "*"),
    ],
)
def test_a_header_that_contradicts_the_request_gets_400(header: tuple[str, str]) -> None:
    assert status(validate_request(request(header), allowed=ALLOWED)) == 400


def test_a_register_may_have_a_star_for_its_contact() -> None:
    register = request(("Contact", "*"), method="REGISTER", uri="sip:example.com")
    assert validate_request(register, allowed=("REGISTER",)) is None


def test_only_a_relay_refuses_a_request_without_hops_left() -> None:
    last = request(("Max-Forwards", "0"))
    assert validate_request(last, allowed=ALLOWED) is None
    assert status(validate_request(last, allowed=ALLOWED, is_relay=True)) == 483
    assert validate_request(request(), allowed=ALLOWED, is_relay=True) is None


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ([], Refusal(415, headers=(("Accept", "application/sdp"),))),
        (
            [("Content-Type", "multipart/mixed;boundary=x")],
            Refusal(415, headers=(("Accept", "application/sdp"),)),
        ),
        (
            [("Content-Type", "application/sdp"), ("Content-Encoding", "gzip")],
            Refusal(415, headers=(("Accept-Encoding", "identity"),)),
        ),
        ([("Content-Type", "application/sdp"), ("Content-Encoding", "Identity")], None),
        ([("Content-Type", "application/sdp"), ("Accept", "text/plain")], Refusal(406)),
        (
            [("Content-Type", "application/sdp"), ("Accept", "text/plain, Application/SDP;q=1")],
            None,
        ),
        ([("Content-Type", "application/sdp"), ("Accept", "*/*")], None),
    ],
)
def test_an_invite_brings_and_takes_session_descriptions(
    headers: list[tuple[str, str]], refusal: Refusal | None
) -> None:
    assert validate_request(request(*headers, body=b"v=0"), allowed=ALLOWED) == refusal


def test_other_methods_may_have_any_body() -> None:
    options = request(("Content-Type", "text/plain"), method="OPTIONS", body=b"x")
    assert validate_request(options, allowed=ALLOWED) is None


def test_a_required_extension_that_we_lack_is_named() -> None:
    invite = request(("Require", "100rel, gin"), ("Require", "Timer"))
    assert validate_request(invite, allowed=ALLOWED, supported=("100rel",)) == Refusal(
        420, headers=(("Unsupported", "gin, Timer"),)
    )
    assert validate_request(invite, allowed=ALLOWED, supported=("100rel", "gin", "timer")) is None


@pytest.mark.parametrize("method", ["ACK", "CANCEL"])
def test_ack_and_cancel_are_not_refused_for_an_extension(method: str) -> None:
    assert validate_request(request(("Require", "x"), method=method), allowed=ALLOWED) is None


def test_an_ack_is_never_refused_for_its_method() -> None:
    assert validate_request(request(method="ACK"), allowed=("INVITE",)) is None
