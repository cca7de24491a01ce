"""Registration through the user agent: bytes, instants, challenges, connections (RFC 3261 §10)."""

from __future__ import annotations

import pytest

from exotel_voice.sip.events import (
    Registered,
    RegistrationEnded,
    RegistrationRefused,
    RegistrationSent,
)
from exotel_voice.sip.message import Request
from raw_peer import RawPeer
from world import OFFER, password

CONTACT = "<sip:alice@alice.invalid;transport=ws>"
CHALLENGE = ("WWW-Authenticate", 'Digest realm="example.com", nonce="n1", qop="auth"')


def granted(peer: RawPeer, seconds: int, *headers: tuple[str, str]) -> Request:
    """Grant the REGISTER that is out."""
    register = peer.request("REGISTER")
    fields = [("Contact", f"{CONTACT};expires={seconds}"), *headers]
    peer.send(register.reply(200, to_tag="registrar", headers=fields))
    return register


def registered(seconds: int = 600, *headers: tuple[str, str], **settings: object) -> RawPeer:
    """Alice is registered."""
    peer = RawPeer(**settings)
    peer.agent.register(now=peer.now)
    granted(peer, seconds, *headers)
    peer.hear(RegistrationSent)
    peer.hear(Registered)
    return peer


def test_the_register_goes_out_as_written_here() -> None:
    peer = RawPeer(instance_id="urn:uuid:1", routes=("<sip:edge.example.com;lr>",))
    peer.agent.register(now=peer.now, expires_in=600)
    assert peer.bytes_sent() == (
        b"REGISTER sip:example.com SIP/2.0\r\n"
        b"Via: SIP/2.0/WSS alice.invalid;branch=z9hG4bKa1\r\n"
        b"Max-Forwards: 70\r\n"
        b"Route: <sip:edge.example.com;lr>\r\n"
        b"From: <sip:alice@example.com>;tag=atag1\r\n"
        b"To: <sip:alice@example.com>\r\n"
        b"Call-ID: acall1\r\n"
        b"CSeq: 1 REGISTER\r\n"
        b'Contact: <sip:alice@alice.invalid;transport=ws>;reg-id=1;+sip.instance="<urn:uuid:1>"'
        b"\r\n"
        b"Expires: 600\r\n"
        b"Supported: path, outbound\r\n"
        b"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, REFER, NOTIFY\r\n"
        b"User-Agent: test\r\n"
        b"Content-Length: 0\r\n"
        b"\r\n"
    )


def test_a_refresh_goes_out_at_four_fifths_and_says_so() -> None:
    peer = registered(100)
    for number in (2, 3, 4):
        peer.pass_time(79.99)
        peer.nothing_sent()
        peer.pass_time(0.01)
        assert granted(peer, 100).cseq_number == number
        peer.hear(RegistrationSent)
        told = peer.hear(Registered)
        assert (told.is_refresh, told.expires_in) == (True, 100)


def test_a_challenge_is_answered_and_the_password_stays_here() -> None:
    peer = RawPeer(credentials=password("alice"))
    peer.agent.register(now=peer.now)
    peer.reply(peer.request("REGISTER"), 401, CHALLENGE)
    again = peer.request("REGISTER")
    assert again.cseq_number == 2
    assert "alice-secret" not in str(bytes(again))
    peer.send(again.reply(200, to_tag="r", headers=[("Contact", f"{CONTACT};expires=60")]))
    peer.hear(RegistrationSent)
    assert peer.hear(Registered).expires_in == 60
    peer.hear_nothing()


def test_a_wrong_password_fails_once_and_for_good() -> None:
    peer = RawPeer(credentials=password("alice"))
    peer.agent.register(now=peer.now)
    peer.reply(peer.request("REGISTER"), 401, CHALLENGE)
    peer.reply(peer.request("REGISTER"), 401, CHALLENGE)
    peer.hear(RegistrationSent)
    refused = peer.hear(RegistrationRefused)
    assert (refused.status, refused.is_final) == (401, True)
    peer.hear_nothing()
    peer.pass_time(10_000)
    peer.nothing_sent()
    assert peer.agent.is_idle


def test_unregistering_takes_the_binding_away() -> None:
    peer = registered()
    peer.agent.unregister(now=peer.now)
    removal = peer.request("REGISTER")
    assert removal.headers.get("Expires") == "0"
    peer.reply(removal, 200)
    assert peer.hear(RegistrationSent).is_removal
    peer.hear(RegistrationEnded)
    peer.hear_nothing()
    assert peer.agent.next_timer() is None


def test_no_response_for_32_seconds_reads_as_408() -> None:
    peer = RawPeer()
    peer.agent.register(now=peer.now)
    peer.request("REGISTER")
    peer.hear(RegistrationSent)
    peer.pass_time(31.99)
    peer.hear_nothing()
    peer.pass_time(0.01)
    refused = peer.hear(RegistrationRefused)
    assert (refused.status, refused.is_final) == (408, False)


def test_a_lost_connection_reads_as_503_and_stops_the_refreshes() -> None:
    peer = RawPeer()
    peer.agent.register(now=peer.now)
    peer.hear(RegistrationSent)
    peer.agent.connection_lost(now=peer.now)
    assert peer.hear(RegistrationRefused).status == 503
    peer.agent.connection_lost(now=peer.now)
    peer.pass_time(10_000)
    peer.hear_nothing()


def test_a_registration_is_on_the_default_connection_only() -> None:
    peer = registered(100)
    peer.agent.connection_made(now=peer.now, flow="second")
    peer.agent.connection_lost(now=peer.now, flow="second")
    peer.pass_time(80)
    peer.request("REGISTER")


def test_registering_without_a_connection_fails_at_once() -> None:
    peer = RawPeer()
    peer.agent.connection_lost(now=peer.now)
    peer.agent.register(now=peer.now)
    peer.hear(RegistrationSent)
    assert peer.hear(RegistrationRefused).status == 503
    peer.nothing_sent()


def test_calls_go_by_the_route_that_the_registrar_gave() -> None:
    peer = registered(600, ("Service-Route", "<sip:edge.example.com;lr>"))
    peer.agent.invite("sip:bob@example.com", offer=OFFER, now=peer.now)
    assert peer.request("INVITE").routes == ("<sip:edge.example.com;lr>",)


def test_routes_of_the_settings_come_before_those_of_the_registrar() -> None:
    peer = registered(600, ("Service-Route", "<sip:edge.example.com;lr>"), routes=("<sip:a;lr>",))
    peer.agent.invite("sip:bob@example.com", offer=OFFER, now=peer.now)
    assert peer.request("INVITE").routes == ("<sip:a;lr>",)


@pytest.mark.parametrize("transport", ["ws", "wss"])
def test_via_names_the_real_scheme_and_contact_says_ws(transport: str) -> None:
    peer = RawPeer(transport=transport)
    peer.agent.register(now=peer.now)
    register = peer.request("REGISTER")
    assert (register.headers.get("Via") or "").startswith(
        f"SIP/2.0/{transport.upper()} alice.invalid;"
    )
    assert (register.headers.get("Contact") or "").startswith(CONTACT)
