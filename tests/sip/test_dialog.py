"""What a dialog keeps and how its requests are routed (RFC 3261 §12)."""

from __future__ import annotations

import pytest

from exotel_voice.errors import MalformedMessage
from exotel_voice.sip.dialog import Dialog
from exotel_voice.sip.message import Request, Response

OURS = Request(
    "INVITE",
    "sip:bob@example.com",
    headers=[
        ("Via", "SIP/2.0/WSS a.invalid;branch=z9hG4bK1"),
        ("From", '"Alice" <sip:alice@example.com>;tag=a'),
        ("To", "<sip:bob@example.com>"),
        ("Call-ID", "c1"),
        ("CSeq", "7 INVITE"),
        ("Contact", "<sip:alice@a.invalid>"),
    ],
)


def response(*headers: tuple[str, str], contact: str | None = "<sip:bob@b.invalid>") -> Response:
    fields = list(headers) if contact is None else [("Contact", contact), *headers]
    return OURS.reply(200, to_tag="b", headers=fields)


def client(*headers: tuple[str, str], contact: str | None = "<sip:bob@b.invalid>") -> Dialog:
    return Dialog.of_client(OURS, response(*headers, contact=contact), flow="wire")


def server(*headers: tuple[str, str]) -> Dialog:
    request = Request("INVITE", OURS.uri, headers=[*OURS.headers, *headers])
    return Dialog.of_server(request, local_tag="b", flow="wire")


def test_the_caller_keeps_what_the_response_says() -> None:
    dialog = client(("Record-Route", "<sip:p2;lr>, <sip:p1;lr>"))
    assert dialog.id == ("c1", "a", "b")
    assert dialog.local == '"Alice" <sip:alice@example.com>;tag=a'
    assert dialog.remote == "<sip:bob@example.com>;tag=b"
    assert dialog.remote_target == "sip:bob@b.invalid"
    assert (dialog.local_cseq, dialog.remote_cseq) == (7, None)
    # RFC 3261 §12.1.2: in reverse order.
    assert dialog.route_set == ("<sip:p1;lr>", "<sip:p2;lr>")


def test_the_callee_keeps_what_the_request_says() -> None:
    dialog = server(("Record-Route", "<sip:p2;lr>"), ("Record-Route", "<sip:p1;lr>"))
    assert dialog.id == ("c1", "b", "a")
    assert dialog.local == "<sip:bob@example.com>;tag=b"
    assert dialog.remote == '"Alice" <sip:alice@example.com>;tag=a'
    assert dialog.remote_target == "sip:alice@a.invalid"
    assert (dialog.local_cseq, dialog.remote_cseq) == (0, 7)
    # RFC 3261 §12.1.1: in the order of the request.
    assert dialog.route_set == ("<sip:p2;lr>", "<sip:p1;lr>")


def test_without_a_route_set_the_target_is_the_request_uri() -> None:
    request = client().request("BYE")
    assert (request.uri, request.routes) == ("sip:bob@b.invalid", ())
    assert (request.cseq_number, request.cseq_method) == (8, "BYE")


def test_a_loose_router_gets_the_route_set_and_the_target_stays_the_request_uri() -> None:
    dialog = client(("Record-Route", '"Far" <sip:p2;lr;x=y>, <sip:u%40v@p1:5070;lr=on>;z=1'))
    request = dialog.request("INFO")
    assert request.uri == "sip:bob@b.invalid"
    assert request.routes == ("<sip:u%40v@p1:5070;lr=on>;z=1", '"Far" <sip:p2;lr;x=y>')


def test_a_strict_router_gets_its_own_uri_and_the_target_comes_last() -> None:
    dialog = client(("Record-Route", "<sip:p2;lr>, <sip:p1;method=INVITE;x=y?Subject=z>"))
    request = dialog.request("BYE")
    assert request.uri == "sip:p1;x=y"
    assert request.routes == ("<sip:p2;lr>", "<sip:bob@b.invalid>")


def test_a_strict_router_behind_a_loose_one_is_left_to_that() -> None:
    dialog = client(("Record-Route", "<sip:p2>, <sip:p1;lr>"))
    request = dialog.request("BYE")
    assert request.uri == "sip:bob@b.invalid"
    assert request.routes == ("<sip:p1;lr>", "<sip:p2>")


def test_the_2xx_replaces_the_routes_of_the_early_dialog() -> None:
    dialog = client(("Record-Route", "<sip:old;lr>"))
    dialog.confirm(response(("Record-Route", "<sip:new;lr>"), contact="<sip:bob@desk.invalid>"))
    request = dialog.request("BYE")
    assert (request.uri, request.routes) == ("sip:bob@desk.invalid", ("<sip:new;lr>",))


@pytest.mark.parametrize("routes", ["<\x7f>", "<sip:>", "nonsense"])
def test_a_record_route_of_no_use_makes_no_dialog(routes: str) -> None:
    with pytest.raises(MalformedMessage):
        client(("Record-Route", routes))


@pytest.mark.parametrize("contact", [None, "<http://example.com>", "<sip:\x7f@b>", "<sip:"])
def test_a_contact_of_no_use_leaves_the_target_as_it_is(contact: str | None) -> None:
    assert client(contact=contact).remote_target == "sip:bob@example.com"
    dialog = client()
    dialog.refresh_target(response(contact=contact))
    assert dialog.remote_target == "sip:bob@b.invalid"


def test_a_request_without_a_contact_makes_no_dialog() -> None:
    headers = [each for each in OURS.headers if each[0] != "Contact"]
    with pytest.raises(MalformedMessage):
        Dialog.of_server(Request("INVITE", OURS.uri, headers=headers), local_tag="b", flow="wire")


def test_the_ack_has_the_number_of_its_invite_and_counts_nothing() -> None:
    dialog = client()
    assert dialog.request("ACK", cseq=7).cseq_number == 7
    assert dialog.request("BYE").cseq_number == 8
    assert dialog.request("BYE").cseq_number == 9


def numbered(number: int) -> Request:
    return Request("INFO", "sip:a@b", headers=[("CSeq", f"{number} INFO")])


def test_numbers_of_the_far_side_only_go_up_and_may_leave_gaps() -> None:
    dialog = server()
    assert not dialog.take_cseq(numbered(7))
    assert not dialog.take_cseq(numbered(6))
    assert dialog.take_cseq(numbered(8))
    assert dialog.take_cseq(numbered(2**31 - 1))
    assert not dialog.take_cseq(numbered(9))
    first = client()
    assert first.take_cseq(numbered(1))


def test_reliable_responses_count_up_by_one() -> None:
    dialog = client()
    assert [dialog.take_rseq(number) for number in (5, 5, 7, 6, 7)] == [
        True, False, False, True, True,
    ]  # fmt: skip


def test_a_peer_of_rfc_2543_has_no_tag() -> None:
    headers = [(n, v.replace(";tag=a", "")) for n, v in OURS.headers]
    request = Request("INVITE", OURS.uri, headers=headers)
    dialog = Dialog.of_server(request, local_tag="b", flow="wire")
    assert dialog.id.remote_tag == ""
    assert dialog.request("BYE").headers.get("To") == '"Alice" <sip:alice@example.com>'


def test_a_peer_of_rfc_2543_without_a_contact_is_called_back_at_its_from() -> None:
    headers = [(n, v.replace(";tag=a", "")) for n, v in OURS.headers if n != "Contact"]
    dialog = Dialog.of_server(Request("INVITE", OURS.uri, headers=headers), local_tag="b", flow="w")
    assert dialog.request("BYE").uri == "sip:alice@example.com"
