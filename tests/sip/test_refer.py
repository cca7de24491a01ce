"""The values of a transfer (RFC 3515, RFC 3891)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.errors import ConfigError, ProtocolError
from exotel_voice.sip.dialog import Dialog, DialogId
from exotel_voice.sip.refer import Fragment, Referral, refer_to, replaces_value
from exotel_voice.sip.wire import Request
from transaction_bench import incoming


def refer(refer_to: str, **more: str) -> Request:
    return incoming("REFER", to_tag="ours", Refer_To=refer_to, **more)


def test_blind_transfer_names_the_target_alone() -> None:
    assert refer_to("sip:carol@example.com;x=y") == "<sip:carol@example.com;x=y>"


def test_attended_transfer_names_the_dialog_as_its_far_side_knows_it() -> None:
    dialog = Dialog(
        DialogId("a@b;c", "ours", "theirs"), local="<sip:me@x>", remote="<sip:c@x>", flow="wire"
    )
    replaces = replaces_value(dialog)
    assert replaces == "a@b;c;to-tag=theirs;from-tag=ours"


def test_replaces_goes_into_the_uri_escaped_and_comes_out_again() -> None:
    replaces = "12@10.0.0.1;to-tag=a%b;from-tag=c d"
    value = refer_to("sip:carol@example.com", replaces=replaces)
    assert value == (
        "<sip:carol@example.com?Replaces=12%4010.0.0.1%3Bto-tag%3Da%25b%3Bfrom-tag%3Dc%20d>"
    )
    assert refer_to("sip:c@x?Subject=y", replaces="1").startswith("<sip:c@x?Subject=y&Replaces=")


@pytest.mark.parametrize("target", ["", "carol", "sip:a b", "<sip:a@b>"])
def test_target_that_is_no_uri_is_refused(target: str) -> None:
    with pytest.raises(ConfigError):
        refer_to(target)


@pytest.mark.parametrize(
    ("value", "target", "replaces"),
    [
        ("<sip:carol@example.com>", "sip:carol@example.com", None),
        ("sip:carol@example.com", "sip:carol@example.com", None),
        ("<sip:carol@example.com;method=INVITE;x=y>", "sip:carol@example.com;x=y", None),
        ("<tel:+15551234>", "tel:+15551234", None),
        (
            "<sip:c@x?Require=replaces&Replaces=1%40h%3Bfrom-tag%3Df%3Bto-tag%3Dt>",
            "sip:c@x",
            "1@h;to-tag=t;from-tag=f",
        ),
        (
            "<sip:c@x?replaces=1%3Bto-tag%3Dt%3Bfrom-tag%3Df%3Bearly-only>",
            "sip:c@x",
            "1;to-tag=t;from-tag=f;early-only",
        ),
    ],
)
def test_refer_to_is_read(value: str, target: str, replaces: str | None) -> None:
    read = Referral.read(refer(value, Referred_By="<sip:boss@x>"))
    assert read == Referral(target=target, replaces=replaces, referred_by="<sip:boss@x>")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (incoming("REFER", to_tag="ours"), 400),
        (refer("<>"), 400),
        (refer("<sip:@@>"), 400),
        (refer("<sip:c@x?Replaces=1>"), 400),
        (refer("<http://example.com>"), 416),
        (refer("<sip:c@x;method=BYE>"), 501),
    ],
)
def test_refer_that_cannot_be_done_names_its_reply(request_: Request, status: int) -> None:
    with pytest.raises(ProtocolError) as caught:
        Referral.read(request_)
    assert caught.value.status == status


def test_two_refer_to_headers_are_one_too_many() -> None:
    request = refer("<sip:c@x>")
    request.headers.add("Refer-To", "<sip:d@x>")
    with pytest.raises(ProtocolError):
        Referral.read(request)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"SIP/2.0 100 Trying\r\n", Fragment(status=100, reason="Trying")),
        (b"SIP/2.0 200 OK", Fragment(status=200, reason="OK")),
        (b"\r\nsip/2.0 486 Busy here \r\nX: y\r\n", Fragment(status=486, reason="Busy here")),
        (b"SIP/2.0 503\r\n", Fragment(status=503, reason="Service Unavailable")),
        (b"", None),
        (b"hello", None),
        (b"SIP/2.0 99 Low", None),
        (b"SIP/2.0 700 High", None),
        (b"INVITE sip:a@b SIP/2.0\r\n", None),
    ],
)
def test_fragment_is_read(body: bytes, expected: Fragment | None) -> None:
    assert Fragment.parse(body) == expected


def test_fragment_is_one_line_whatever_the_reason() -> None:
    assert bytes(Fragment(status=200, reason="a\r\nb")) == b"SIP/2.0 200 a b\r\n"


@given(st.binary(max_size=80))
def test_any_bytes_are_a_fragment_or_none(body: bytes) -> None:
    fragment = Fragment.parse(body)
    assert fragment is None or 100 <= fragment.status < 700
