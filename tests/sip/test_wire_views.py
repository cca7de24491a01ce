"""What the headers of a message mean, and that a change of headers is seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.errors import MalformedMessage
from exotel_voice.sip.addresses import Address
from exotel_voice.sip.values import (
    CSeq,
    RAck,
    Replaces,
    SessionExpires,
    ValueWithParameters,
    Via,
    parse_reason,
    parse_seconds,
)
from exotel_voice.sip.wire import Request, Response


def request(*headers: tuple[str, str]) -> Request:
    return Request("INVITE", "sip:bob@example.com", headers=headers)


FULL = request(
    (
        "Via",
        "SIP/2.0/WSS a.invalid;branch=z9hG4bK1, SIP/2.0/UDP B.example.com:5070;branch=z9hG4bK2",
    ),
    ("From", '"Alice" <sip:alice@example.com>;tag=f1'),
    ("To", "Bob <sip:bob@example.com>;tag=t1"),
    ("Call-ID", "c1"),
    ("CSeq", "7 INVITE"),
    ("Contact", "<sip:alice@a.invalid;transport=ws>;expires=3, <sip:x@y>"),
    ("Record-Route", "<sip:p2;lr>, <sip:p1;lr>"),
    ("Route", "<sip:r1;lr>"),
    ("Max-Forwards", "70"),
    ("Require", "100rel, Timer"),
    ("Supported", "replaces,outbound"),
    ("Allow", "INVITE, ACK"),
    ("Expires", "300"),
    ("Min-Expires", "60"),
    ("Retry-After", "18 (in a meeting);duration=3600"),
    ("Session-Expires", "1800;Refresher=UAC"),
    ("Min-SE", "90"),
    ("Content-Type", "Application/SDP; charset=utf-8"),
    ("Reason", 'Q.850 ;cause=16 ;text="Normal, clearing"'),
    ("RSeq", "988789"),
    ("RAck", "776656 1 INVITE"),
    ("Refer-To", "<sip:carol@example.com?Replaces=x>"),
    ("Referred-By", "<sip:bob@example.com>"),
    ("Replaces", "c2@h;to-tag=t2;from-tag=f2;early-only"),
    ("Event", "Refer;id=93809824"),
    ("Subscription-State", "terminated;reason=noresource"),
)


def test_every_view_reads_its_header() -> None:
    assert (FULL.branch, FULL.sent_by) == ("z9hG4bK1", "a.invalid")
    assert (FULL.vias[1].host, FULL.vias[1].sent_by) == ("B.example.com", "b.example.com:5070")
    assert (FULL.from_display_name, FULL.from_uri, FULL.from_tag) == (
        "Alice",
        "sip:alice@example.com",
        "f1",
    )
    assert (FULL.to_display_name, FULL.to_uri, FULL.to_tag) == ("Bob", "sip:bob@example.com", "t1")
    assert (FULL.call_id, FULL.cseq_number, FULL.cseq_method) == ("c1", 7, "INVITE")
    assert FULL.contact_uri == "sip:alice@a.invalid;transport=ws"
    assert [contact.parameters for contact in FULL.contacts] == [{"expires": "3"}, {}]
    assert FULL.record_routes == ("<sip:p2;lr>", "<sip:p1;lr>")
    assert FULL.routes == ("<sip:r1;lr>",)
    assert (FULL.require, FULL.supported) == (("100rel", "timer"), ("replaces", "outbound"))
    assert FULL.allow == ("INVITE", "ACK")
    assert (FULL.max_forwards, FULL.expires, FULL.min_expires, FULL.min_se) == (70, 300, 60, 90)
    assert (FULL.retry_after, FULL.rseq) == (18, 988789)
    assert FULL.session_expires == SessionExpires(1800, "uac")
    assert FULL.content_type == "application/sdp"
    assert FULL.reason_header == ("q.850", 16, "Normal, clearing")
    assert FULL.rack == RAck(776656, 1, "INVITE")
    assert FULL.refer_to == Address("sip:carol@example.com?Replaces=x")
    assert FULL.referred_by == "<sip:bob@example.com>"
    assert FULL.replaces == Replaces("c2@h", "t2", "f2", is_early_only=True)
    assert FULL.event == ValueWithParameters("refer", {"id": "93809824"})
    assert FULL.subscription_state == ValueWithParameters("terminated", {"reason": "noresource"})
    FULL.check()


def test_views_of_headers_that_are_not_there_are_empty() -> None:
    empty = Response(200)
    for name in (
        "contact_uri", "max_forwards", "expires", "min_expires", "retry_after", "session_expires",
        "min_se", "content_type", "reason_header", "rseq", "rack", "refer_to", "referred_by",
        "replaces", "event", "subscription_state",
    ):  # fmt: skip
        assert getattr(empty, name) is None
    for name in ("contacts", "record_routes", "routes", "require", "supported", "allow"):
        assert getattr(empty, name) == ()


@pytest.mark.parametrize("name", ["vias", "branch", "call_id", "cseq", "from_uri", "to_tag"])
def test_a_missing_header_that_every_message_needs_is_malformed(name: str) -> None:
    with pytest.raises(MalformedMessage):
        getattr(request(), name)


@pytest.mark.parametrize(
    ("header", "value", "view"),
    [
        ("Expires", "soon", "expires"),
        ("Retry-After", "", "retry_after"),
        ("Session-Expires", "x;refresher=uac", "session_expires"),
        ("Session-Expires", "1800;;", "session_expires"),
        ("RAck", "1 INVITE", "rack"),
        ("RAck", "99999999999 1 INVITE", "rack"),
        ("Refer-To", "carol", "refer_to"),
        ("Reason", "SIP;;", "reason_header"),
        ("Content-Type", "a/b;;", "content_type"),
    ],
)
def test_an_optional_header_that_cannot_be_read_is_as_if_it_were_not_there(
    header: str, value: str, view: str
) -> None:
    assert getattr(request((header, value)), view) is None


@pytest.mark.parametrize("value", ["c1", "c1;to-tag=1", "c1;from-tag=2", ";to-tag=1;from-tag=2"])
def test_replaces_that_cannot_be_read_is_malformed(value: str) -> None:
    with pytest.raises(MalformedMessage):
        _ = request(("Replaces", value)).replaces


def test_a_contact_that_cannot_be_read_is_malformed() -> None:
    with pytest.raises(MalformedMessage):
        _ = request(("Contact", "<sip:a@b>, <bob>")).contact_uri


def test_a_change_of_a_header_is_seen_by_its_view() -> None:
    changing = request(("Via", "SIP/2.0/WS a.invalid;branch=1"), ("Require", "a"))
    assert (changing.branch, changing.require) == ("1", ("a",))
    changing.headers.prepend("Via", "SIP/2.0/WS b.invalid;branch=2")
    changing.headers.add("Require", "b")
    assert (changing.branch, changing.require) == ("2", ("a", "b"))
    changing.headers.pop_first_value("Via")
    changing.headers.remove("Require")
    assert (changing.branch, changing.require) == ("1", ())
    changing.headers.set("Via", "SIP/2.0/WS c.invalid")
    assert changing.branch is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        (" 007 ", 7),
        ("3600;x", 3600),
        ("4294967296", 4294967295),
        ("9" * 5000, 4294967295),
        ("-1", None),
        ("", None),
        ("٣", None),
        (None, None),
    ],
)
def test_seconds_are_read_and_bounded(text: str | None, seconds: int | None) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "SIP/2.0/WS",
        "SIP/2.0 a",
        "SIP/2.0/WS a:b",
        "SIP/2.0/WS a;;",
        "HTTP/2.0/WS a",
        "SIP/2.0/WS [a",
    ],
)
def test_what_is_no_via_is_malformed(text: str) -> None:
    with pytest.raises(MalformedMessage):
        Via.parse(text)


def test_a_via_may_name_an_ipv6_host() -> None:
    via = Via.parse("SIP/2.0/WSS [2001:DB8::9]:443;branch=z9hG4bK1;received=192.0.2.1;rport")
    assert via.sent_by == "[2001:db8::9]:443"
    assert via.parameters == {"branch": "z9hG4bK1", "received": "192.0.2.1", "rport": None}


@pytest.mark.parametrize(
    "value",
    [
        CSeq(2**31 - 1, "INVITE"),
        RAck(1, 2, "INVITE"),
        SessionExpires(90, None),
        SessionExpires(90, "uas"),
        Replaces("c", "t", "f"),
        Replaces("c", "t", "f", is_early_only=True),
    ],
)
def test_a_value_that_is_written_reads_back(value: CSeq | RAck | SessionExpires | Replaces) -> None:
    assert type(value).parse(str(value)) == value


def test_a_refresher_that_is_neither_side_is_nobody() -> None:
    assert SessionExpires.parse("90;refresher=me") == SessionExpires(90, None)


def test_a_cause_that_is_no_number_is_none() -> None:
    assert parse_reason("SIP;cause=x") == ("sip", None, "")


@given(st.text(max_size=60).map(lambda text: text.replace("\r", "").replace("\n", "")))
def test_no_header_makes_an_optional_view_raise(text: str) -> None:
    value = text.encode("utf-8", "replace").decode()
    names = (
        "Session-Expires",
        "RAck",
        "Reason",
        "Event",
        "Content-Type",
        "Retry-After",
        "Refer-To",
    )
    message = request(*((name, value) for name in names))
    for view in (
        "session_expires", "rack", "reason_header", "event", "content_type", "retry_after",
        "refer_to",
    ):  # fmt: skip
        getattr(message, view)
