"""Requests outside a call, and messages of no use: a reply or a drop for each (RFC 3261 §8.2)."""

from __future__ import annotations

from typing import Any

import pytest

from exotel_voice.errors import ConfigError, InvalidState
from exotel_voice.sip.events import (
    InviteReceived,
    MessageDropped,
    RequestReceived,
    ResponseReceived,
)
from exotel_voice.sip.limits import Limits
from raw_peer import Caller, RawPeer, caller
from world import OFFER, password

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, REFER, NOTIFY"
NO_DIALOG: dict[str, Any] = {"to": "<sip:alice@example.com>;tag=none"}


# -- replies -----------------------------------------------------------------------------------


def test_options_are_answered_as_written_here() -> None:
    peer = RawPeer()
    peer.send(peer.make("OPTIONS"))
    assert peer.bytes_sent() == (
        b"SIP/2.0 200 OK\r\n"
        b"Via: SIP/2.0/WSS peer.invalid;branch=z9hG4bKpeerOPTIONS1\r\n"
        b"From: <sip:peer@example.com>;tag=peer\r\n"
        b"To: <sip:alice@example.com>;tag=atag1\r\n"
        b"Call-ID: peercall\r\n"
        b"CSeq: 1 OPTIONS\r\n"
        b"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, REFER, NOTIFY\r\n"
        b"Supported: 100rel, outbound, path, replaces, timer\r\n"
        b"Accept: application/sdp\r\n"
        b"Server: test\r\n"
        b"Content-Length: 0\r\n"
        b"\r\n"
    )
    peer.hear_nothing()
    assert peer.agent.is_idle


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("MESSAGE", 405),
        ("REGISTER", 405),
        ("SUBSCRIBE", 405),
        ("PUBLISH", 405),
        ("FROBNICATE", 501),
    ],
)
def test_a_method_that_is_not_taken_is_refused_with_allow(method: str, status: int) -> None:
    peer = RawPeer()
    peer.send(peer.make(method))
    assert peer.response(status).headers.get("Allow") == ALLOW
    peer.hear_nothing()


def test_an_extension_that_is_not_known_is_named() -> None:
    peer = RawPeer()
    peer.invite(("Require", "timer, frob"), ("Require", "Nitz"))
    peer.response(100)
    assert peer.response(420).headers.get("Unsupported") == "frob, Nitz"
    peer.hear_nothing()


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE", "PRACK", "NOTIFY", "OPTIONS", "REFER"])
def test_a_request_in_a_dialog_that_there_is_not_gets_481(method: str) -> None:
    peer = RawPeer()
    peer.send(peer.make(method, **NO_DIALOG))
    assert peer.response(481).to_tag == "none"
    peer.hear_nothing()
    assert peer.agent.is_idle


def test_a_reinvite_in_a_dialog_that_there_is_not_gets_481() -> None:
    peer = RawPeer()
    peer.invite(**NO_DIALOG)
    peer.response(100)
    peer.response(481)
    peer.hear_nothing()


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE", "PRACK", "NOTIFY"])
def test_a_request_that_needs_a_dialog_gets_481_outside_one(method: str) -> None:
    peer = RawPeer()
    peer.send(peer.make(method))
    peer.response(481)


def test_a_refer_outside_a_call_is_declined() -> None:
    peer = RawPeer()
    peer.send(peer.make("REFER", ("Refer-To", "<sip:carol@example.com>")))
    peer.response(603)


def test_an_invite_that_comes_by_two_paths_rings_once() -> None:
    peer = Caller()
    peer.invite(cseq=1, branch="z9hG4bKotherpath")
    peer.response(100)
    peer.response(482)
    peer.hear_nothing()
    assert peer.agent.sessions == (peer.session,)


def test_an_invite_without_hops_left_rings_at_a_phone_but_not_at_a_relay() -> None:
    phone = RawPeer()
    request = phone.make("INVITE", ("Contact", "<sip:peer@peer.invalid>"))
    request.headers.set("Max-Forwards", "0")
    phone.send(request)
    phone.hear(InviteReceived)
    relay = RawPeer(is_relay=True)
    relay.send(request)
    relay.response(100)
    relay.response(483)
    relay.hear_nothing()


@pytest.mark.parametrize(
    ("headers", "status"),
    [((), 400), ((("Contact", "<http://example.com>"),), 400), ((("Contact", "*"),), 400)],
)
def test_an_invite_that_cannot_be_called_back_gets_400(
    headers: tuple[tuple[str, str], ...], status: int
) -> None:
    peer = RawPeer()
    peer.send(peer.make("INVITE", *headers))
    peer.response(100)
    peer.response(status)
    peer.hear_nothing()


def test_a_body_that_is_no_description_gets_415_with_accept() -> None:
    peer = RawPeer()
    contact = ("Contact", "<sip:peer@peer.invalid>")
    peer.send(peer.make("INVITE", contact, ("Content-Type", "text/plain"), body=b"hello"))
    peer.response(100)
    assert peer.response(415).headers.get("Accept") == "application/sdp"


def test_a_request_beyond_the_limit_of_transactions_gets_503_with_retry_after() -> None:
    peer = Caller(max_transactions=1)
    peer.invite(call_id="another", branch="z9hG4bKanother")
    assert peer.response(503).retry_after is not None
    assert peer.hear(MessageDropped).kind == "too_many_transactions"
    peer.hear_nothing()


# -- limits ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        (Limits(max_message_bytes=400), 513),
        (Limits(max_headers=6), 513),
        (Limits(max_header_bytes=60), 513),
        (Limits(max_uri_bytes=20), 414),
    ],
)
def test_a_request_beyond_a_limit_is_answered_and_told(limits: Limits, status: int) -> None:
    peer = RawPeer(limits=limits)
    peer.invite(("X-Long", "x" * 100))
    assert peer.response(status).headers.get("Call-ID") == "peercall"
    dropped = peer.hear(MessageDropped)
    assert dropped.flow == "default"
    assert "xxx" not in dropped.detail
    assert peer.agent.is_idle


def test_a_response_beyond_a_limit_is_dropped_and_told() -> None:
    peer = RawPeer(limits=Limits(max_message_bytes=400))
    peer.send(b"SIP/2.0 200 OK\r\nX: " + b"x" * 400 + b"\r\n\r\n")
    peer.hear(MessageDropped)
    peer.nothing_sent()


# -- of no use ---------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r\n", b"\0", b" \r\n"])
def test_a_keep_alive_says_nothing(data: bytes) -> None:
    peer = RawPeer()
    peer.send(data)
    peer.hear_nothing()
    peer.nothing_sent()


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"\xff\xfe", b"SIP/2.0 200"])
def test_garbage_is_dropped_and_told(data: bytes) -> None:
    peer = RawPeer()
    peer.send(data)
    peer.hear(MessageDropped)
    peer.hear_nothing()
    peer.nothing_sent()


def test_a_response_to_nothing_is_dropped_and_told() -> None:
    peer = RawPeer()
    peer.send(peer.make("INVITE").reply(200, to_tag="x"))
    peer.hear(MessageDropped)
    peer.nothing_sent()


def test_an_ack_for_another_invite_changes_nothing() -> None:
    peer = caller()
    peer.send(peer.make("ACK", cseq=99, branch="z9hG4bKack", **peer.dialog))
    peer.hear_nothing()
    peer.nothing_sent()


# -- the owner's methods -------------------------------------------------------------------------


def test_a_method_of_the_owner_is_handed_over_and_answered() -> None:
    peer = RawPeer(owner_methods=frozenset({"MESSAGE"}))
    peer.send(peer.make("MESSAGE", ("Content-Type", "text/plain"), body=b"hello"))
    told = peer.hear(RequestReceived)
    assert (told.request.method, told.request.body) == ("MESSAGE", b"hello")
    with pytest.raises(ConfigError):
        peer.agent.respond(told.transaction, status=180, now=peer.now)
    peer.agent.respond(
        told.transaction, status=202, reason="Got It", headers=[("X-A", "1")], now=peer.now
    )
    response = peer.response(202)
    assert (response.reason, response.headers.get("X-A")) == ("Got It", "1")
    with pytest.raises(InvalidState):
        peer.agent.respond(told.transaction, status=200, now=peer.now)
    assert peer.agent.is_idle


def test_what_the_owner_leaves_gets_500_after_30_seconds() -> None:
    peer = RawPeer(owner_methods=frozenset({"MESSAGE"}))
    peer.send(peer.make("MESSAGE"))
    told = peer.hear(RequestReceived)
    peer.pass_time(29.99)
    peer.nothing_sent()
    peer.pass_time(0.01)
    peer.response(500)
    with pytest.raises(InvalidState):
        peer.agent.respond(told.transaction, status=200, now=peer.now)
    assert peer.agent.is_idle


def test_a_method_of_the_owner_in_a_dialog_is_handed_over_in_its_order() -> None:
    peer = Caller(owner_methods=frozenset({"MESSAGE"}))
    peer.ask("MESSAGE")
    peer.hear(RequestReceived)
    late = peer.make("MESSAGE", cseq=1, **peer.dialog)
    peer.send(late)
    peer.response(500)
    peer.hear_nothing()


def test_a_method_of_the_owner_in_a_dialog_of_the_owner_is_handed_over() -> None:
    peer = RawPeer(owner_methods=frozenset({"SUBSCRIBE"}))
    peer.send(peer.make("SUBSCRIBE", **NO_DIALOG))
    assert peer.hear(RequestReceived).request.to_tag == "none"


# -- requests of the owner -----------------------------------------------------------------------


def test_a_request_of_the_owner_goes_out_as_written_here() -> None:
    peer = RawPeer()
    peer.agent.request("OPTIONS", "sip:example.com", headers={"Accept": "x/y"}, now=peer.now)
    assert peer.bytes_sent() == (
        b"OPTIONS sip:example.com SIP/2.0\r\n"
        b"Via: SIP/2.0/WSS alice.invalid;branch=z9hG4bKa1\r\n"
        b"Max-Forwards: 70\r\n"
        b"From: <sip:alice@example.com>;tag=atag1\r\n"
        b"To: <sip:example.com>\r\n"
        b"Call-ID: acall1\r\n"
        b"CSeq: 1 OPTIONS\r\n"
        b"User-Agent: test\r\n"
        b"Accept: x/y\r\n"
        b"Content-Length: 0\r\n"
        b"\r\n"
    )


def test_its_final_response_is_told_and_a_challenge_on_the_way_is_not() -> None:
    peer = RawPeer(credentials=password("alice"))
    name = peer.agent.request("OPTIONS", "sip:example.com", now=peer.now)
    request = peer.request("OPTIONS")
    peer.reply(request, 100)
    peer.reply(request, 401, ("WWW-Authenticate", 'Digest realm="r", nonce="n"'))
    again = peer.request("OPTIONS")
    assert (again.cseq_number, again.call_id) == (2, request.call_id)
    assert "Authorization" in again.headers
    peer.reply(again, 200, ("X-Load", "3"))
    told = peer.hear(ResponseReceived)
    assert (told.transaction, told.response.status) == (name, 200)
    assert told.response.headers.get("X-Load") == "3"
    peer.hear_nothing()
    assert peer.agent.is_idle


def test_no_response_is_told_as_408_after_32_seconds() -> None:
    peer = RawPeer()
    peer.agent.request("OPTIONS", "sip:example.com", now=peer.now)
    peer.pass_time(31.99)
    peer.hear_nothing()
    peer.pass_time(0.01)
    assert peer.hear(ResponseReceived).response.status == 408


def test_a_lost_connection_is_told_as_503() -> None:
    peer = RawPeer()
    peer.agent.request("OPTIONS", "sip:example.com", now=peer.now)
    peer.agent.connection_lost(now=peer.now)
    assert peer.hear(ResponseReceived).response.status == 503
    peer.agent.request("OPTIONS", "sip:example.com", now=peer.now)
    assert peer.hear(ResponseReceived).response.status == 503


@pytest.mark.parametrize("method", ["INVITE", "ACK", "CANCEL", "BYE"])
def test_methods_of_a_call_are_not_for_the_owner_to_send(method: str) -> None:
    peer = RawPeer()
    with pytest.raises(ConfigError):
        peer.agent.request(method, "sip:example.com", body=OFFER, now=peer.now)
    peer.nothing_sent()


def test_the_settings_can_be_asked_for() -> None:
    peer = RawPeer(max_sessions=7)
    assert peer.agent.config.max_sessions == 7


def test_a_from_that_cannot_be_read_is_refused() -> None:
    peer = RawPeer()
    with pytest.raises(ConfigError):
        peer.agent.request("OPTIONS", "sip:a@b", headers={"From": "<sip:"}, now=peer.now)
    peer.nothing_sent()
