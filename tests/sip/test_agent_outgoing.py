"""Our INVITE: what goes out, and what each reply makes of the call (RFC 3261 §13.2)."""

from __future__ import annotations

import pytest

from exotel_voice.errors import ConfigError, InvalidState
from exotel_voice.sip.events import (
    CallAnswered,
    CallEnded,
    CallProgressed,
    EndCause,
)
from raw_peer import Callee, RawPeer
from world import (
    ANSWER,
    OFFER,
    SECOND_ANSWER,
    password,
)


def test_the_invite_goes_out_as_written_here() -> None:
    peer = RawPeer(display_name="Alice A.")
    peer.agent.invite(
        "sip:bob@example.com", offer=OFFER, now=peer.now, headers={"X-Campaign": "spring"}
    )
    assert peer.bytes_sent() == (
        b"INVITE sip:bob@example.com SIP/2.0\r\n"
        b"Via: SIP/2.0/WSS alice.invalid;branch=z9hG4bKa1\r\n"
        b"Max-Forwards: 70\r\n"
        b'From: "Alice A." <sip:alice@example.com>;tag=atag1\r\n'
        b"To: <sip:bob@example.com>\r\n"
        b"Call-ID: acall1\r\n"
        b"CSeq: 1 INVITE\r\n"
        b"Contact: <sip:alice@alice.invalid;transport=ws>\r\n"
        b"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, REFER, NOTIFY\r\n"
        b"Supported: 100rel, outbound, path, replaces, timer\r\n"
        b"Session-Expires: 1800\r\n"
        b"User-Agent: test\r\n"
        b"X-Campaign: spring\r\n"
        b"Content-Type: application/sdp\r\n"
        b"Content-Length: 91\r\n"
        b"\r\n" + OFFER
    )
    peer.nothing_sent()


def test_the_ack_goes_out_as_written_here() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 200, ("Record-Route", "<sip:proxy.invalid;lr>"), body=ANSWER)
    assert peer.bytes_sent() == (
        b"ACK sip:peer@peer.invalid;transport=ws SIP/2.0\r\n"
        b"Via: SIP/2.0/WSS alice.invalid;branch=z9hG4bKa2\r\n"
        b"Route: <sip:proxy.invalid;lr>\r\n"
        b"Max-Forwards: 70\r\n"
        b"From: <sip:alice@example.com>;tag=atag1\r\n"
        b"To: <sip:peer@example.com>;tag=peer\r\n"
        b"Call-ID: acall1\r\n"
        b"CSeq: 1 ACK\r\n"
        b"Content-Length: 0\r\n"
        b"\r\n"
    )


def test_an_account_with_an_instance_asks_for_the_same_connection() -> None:
    peer = Callee(instance_id="urn:uuid:1")
    contact = peer.invite_sent.headers.get("Contact")
    assert contact == "<sip:alice@alice.invalid;transport=ws;ob>"


def test_from_and_to_may_be_given() -> None:
    peer = RawPeer()
    headers = {"From": '"Desk" <sip:desk@example.com>', "to": "<sip:sales@example.com>"}
    peer.agent.invite("sip:bob@example.com", offer=OFFER, now=peer.now, headers=headers)
    invite = peer.request("INVITE")
    assert invite.headers.get("From") == '"Desk" <sip:desk@example.com>;tag=atag1'
    assert invite.headers.get("To") == "<sip:sales@example.com>"


def test_routes_of_the_settings_go_into_the_invite() -> None:
    peer = Callee(routes=("<sip:edge.example.com;lr>",))
    assert peer.invite_sent.routes == ("<sip:edge.example.com;lr>",)


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("bob", {}),
        ("http://example.com", {}),
        ("sip:bob@example.com", {"Call-ID": "mine"}),
        ("sip:bob@example.com", {"X-Line": "one\r\ntwo"}),
        ("sip:bob@example.com", {"From": "<sip:a@b>;tag=1"}),
    ],
)
def test_an_invite_that_cannot_be_written_is_refused_and_leaves_nothing(
    target: str, headers: dict[str, str]
) -> None:
    peer = RawPeer()
    with pytest.raises(ConfigError):
        peer.agent.invite(target, offer=OFFER, now=peer.now, headers=headers)
    peer.nothing_sent()
    assert peer.agent.is_idle


def test_progress_and_answer_are_told_in_order() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 100)
    peer.hear_nothing()
    peer.reply(peer.invite_sent, 180)
    progress = peer.hear(CallProgressed)
    assert (progress.status, progress.reason, progress.answer) == (180, "Ringing", None)
    peer.reply(peer.invite_sent, 200, ("X-Leg", "7"), body=ANSWER)
    answered = peer.hear(CallAnswered)
    assert answered.answer == ANSWER
    assert answered.headers["X-Leg"] == ("7",)
    peer.hear_nothing()


def test_early_media_is_told_once_and_not_again_with_the_answer() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 183, body=ANSWER)
    assert peer.hear(CallProgressed).answer == ANSWER
    peer.reply(peer.invite_sent, 200, body=ANSWER)
    assert peer.hear(CallAnswered).answer is None


def test_an_answer_that_differs_from_early_media_is_told() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 183, body=SECOND_ANSWER)
    peer.hear(CallProgressed)
    peer.reply(peer.invite_sent, 200, body=ANSWER)
    assert peer.hear(CallAnswered).answer == ANSWER


def test_early_media_counts_as_the_answer_if_the_2xx_has_none() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 183, body=ANSWER)
    peer.reply(peer.invite_sent, 200)
    assert peer.start_lines() == ["ACK sip:peer@peer.invalid;transport=ws SIP/2.0"]
    peer.hear(CallProgressed)
    peer.hear(CallAnswered)
    peer.hear_nothing()


def test_a_2xx_without_any_answer_ends_the_call_at_once() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 200)
    peer.request("ACK")
    peer.request("BYE")
    assert peer.hear(CallEnded).cause is EndCause.PROTOCOL
    peer.hear_nothing()


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (302, EndCause.REMOTE_REJECT),
        (403, EndCause.REMOTE_REJECT),
        (404, EndCause.REMOTE_REJECT),
        (408, EndCause.TIMEOUT),
        (480, EndCause.REMOTE_REJECT),
        (486, EndCause.REMOTE_REJECT),
        (503, EndCause.REMOTE_REJECT),
        (600, EndCause.REMOTE_REJECT),
        (603, EndCause.REMOTE_REJECT),
    ],
)
def test_a_refusal_ends_the_call_with_its_status(status: int, cause: EndCause) -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, status, ("Retry-After", "18 (in a meeting)"), reason="Because")
    ended = peer.hear(CallEnded)
    assert (ended.cause, ended.status, ended.reason) == (cause, status, "Because")
    assert ended.retry_after == 18
    assert ended.headers["Retry-After"] == ("18 (in a meeting)",)
    ack = peer.request("ACK")
    assert ack.branch == peer.invite_sent.branch
    peer.run()
    assert peer.agent.is_idle


def test_no_response_at_all_is_a_time_out_after_32_seconds() -> None:
    peer = Callee()
    peer.pass_time(31.99)
    peer.hear_nothing()
    peer.pass_time(0.01)
    ended = peer.hear(CallEnded)
    assert (ended.cause, ended.status, ended.reason) == (EndCause.TIMEOUT, 408, "Request Timeout")
    assert peer.agent.is_idle


def test_ringing_is_not_limited_by_the_transaction_but_by_the_call() -> None:
    peer = Callee(no_answer_after=45.0)
    peer.reply(peer.invite_sent, 180)
    peer.hear(CallProgressed)
    peer.pass_time(44.9)
    peer.hear_nothing()
    peer.nothing_sent()
    peer.pass_time(0.1)
    assert peer.hear(CallEnded).cause is EndCause.NO_ANSWER
    cancel = peer.request("CANCEL")
    peer.reply(cancel, 200)
    peer.reply(peer.invite_sent, 487)
    peer.request("ACK")
    peer.hear_nothing()
    assert peer.agent.is_idle


def test_without_a_limit_it_may_ring_for_ever() -> None:
    peer = Callee(no_answer_after=None)
    peer.reply(peer.invite_sent, 180)
    assert peer.agent.next_timer() is None


def test_without_a_connection_the_call_fails_at_once() -> None:
    peer = RawPeer()
    peer.agent.connection_lost(now=peer.now)
    peer.agent.invite("sip:bob@example.com", offer=OFFER, now=peer.now)
    ended = peer.hear(CallEnded)
    assert (ended.cause, ended.status) == (EndCause.TRANSPORT, 503)
    peer.nothing_sent()
    assert peer.agent.is_idle


def test_a_connection_lost_while_it_rings_ends_the_call() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 180)
    peer.hear(CallProgressed)
    peer.agent.connection_lost(now=peer.now)
    ended = peer.hear(CallEnded)
    assert (ended.cause, ended.status) == (EndCause.TRANSPORT, 503)
    assert peer.agent.is_idle


def test_more_calls_than_allowed_are_refused() -> None:
    peer = Callee(max_sessions=1)
    with pytest.raises(InvalidState):
        peer.agent.invite("sip:bob@example.com", offer=OFFER, now=peer.now)
    peer.nothing_sent()


def test_a_challenged_invite_goes_again_with_credentials_which_the_ack_repeats() -> None:
    peer = Callee(credentials=password("alice"))
    challenge = 'Digest realm="example.com", nonce="abc", qop="auth", algorithm=SHA-256'
    peer.reply(peer.invite_sent, 407, ("Proxy-Authenticate", challenge), tag="proxy")
    peer.request("ACK")
    again = peer.request("INVITE")
    assert (again.cseq_number, again.call_id, again.from_tag) == (2, "acall1", "atag1")
    assert again.to_tag is None
    assert again.branch != peer.invite_sent.branch
    assert again.body == OFFER
    credentials = again.headers.get("Proxy-Authorization")
    assert credentials is not None
    assert 'username="alice"' in credentials
    assert "alice-secret" not in credentials
    peer.reply(again, 200, body=ANSWER)
    ack = peer.request("ACK")
    assert ack.cseq_number == 2
    assert ack.headers.get("Proxy-Authorization") == credentials
    peer.hear(CallAnswered)


def test_a_wrong_password_ends_the_call_after_one_try() -> None:
    peer = Callee(credentials=password("alice"))
    challenge = ("WWW-Authenticate", 'Digest realm="example.com", nonce="abc"')
    peer.reply(peer.invite_sent, 401, challenge)
    peer.request("ACK")
    peer.reply(peer.request("INVITE"), 401, challenge)
    peer.request("ACK")
    ended = peer.hear(CallEnded)
    assert (ended.cause, ended.status) == (EndCause.AUTHENTICATION, 401)
    peer.nothing_sent()
    assert peer.agent.is_idle


def test_without_credentials_a_challenge_ends_the_call() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 401, ("WWW-Authenticate", 'Digest realm="r", nonce="n"'))
    assert peer.hear(CallEnded).cause is EndCause.AUTHENTICATION


def test_a_422_makes_the_invite_go_again_with_a_longer_interval() -> None:
    peer = Callee(session_expires=200.0)
    assert peer.invite_sent.headers.get("Session-Expires") == "200"
    peer.reply(peer.invite_sent, 422, ("Min-SE", "3600"))
    peer.request("ACK")
    again = peer.request("INVITE")
    assert again.cseq_number == 2
    assert again.headers.get_all("Session-Expires") == ["3600"]
    assert again.headers.get_all("Min-SE") == ["3600"]
    peer.reply(again, 200, body=ANSWER)
    assert peer.request("ACK").cseq_number == 2
    peer.hear(CallAnswered)


def test_a_422_that_asks_for_nothing_more_ends_the_call() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 422, ("Min-SE", "90"))
    assert peer.hear(CallEnded).status == 422
