"""Our offers inside a call: re-INVITE and UPDATE (RFC 3261 §14.1, RFC 3311 §5.1)."""

from __future__ import annotations

import pytest

from exotel_voice.errors import InvalidState
from exotel_voice.sip.events import (
    AnswerReceived,
    CallEnded,
    EndCause,
    OfferRejected,
)
from raw_peer import Callee, callee
from world import (
    HELD,
    HOLD,
    SECOND_ANSWER,
    SECOND_OFFER,
    password,
)


def test_the_reinvite_goes_out_as_written_here() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=SECOND_OFFER, now=peer.now)
    assert peer.bytes_sent() == (
        b"INVITE sip:peer@peer.invalid;transport=ws SIP/2.0\r\n"
        b"Via: SIP/2.0/WSS alice.invalid;branch=z9hG4bKa3\r\n"
        b"Max-Forwards: 70\r\n"
        b"From: <sip:alice@example.com>;tag=atag1\r\n"
        b"To: <sip:peer@example.com>;tag=peer\r\n"
        b"Call-ID: acall1\r\n"
        b"CSeq: 2 INVITE\r\n"
        b"Contact: <sip:alice@alice.invalid;transport=ws>\r\n"
        b"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, REFER, NOTIFY\r\n"
        b"Supported: 100rel, outbound, path, replaces, timer\r\n"
        b"Session-Expires: 1800\r\n"
        b"User-Agent: test\r\n"
        b"Content-Type: application/sdp\r\n"
        b"Content-Length: 91\r\n"
        b"\r\n" + SECOND_OFFER
    )


def test_the_answer_to_a_reinvite_is_told_and_acknowledged() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=SECOND_OFFER, now=peer.now)
    assert not peer.agent.can_offer(peer.session)
    with pytest.raises(InvalidState):
        peer.agent.offer(peer.session, sdp=SECOND_OFFER, now=peer.now)
    reinvite = peer.request("INVITE")
    peer.reply(reinvite, 100)
    peer.reply(reinvite, 200, tag="peer", body=SECOND_ANSWER)
    ack = peer.request("ACK")
    assert (ack.cseq_number, ack.to_tag) == (2, "peer")
    assert peer.hear(AnswerReceived).answer == SECOND_ANSWER
    peer.hear_nothing()
    assert peer.agent.can_offer(peer.session)
    peer.reply(reinvite, 200, body=SECOND_ANSWER)
    assert peer.bytes_sent() == bytes(ack)
    peer.hear_nothing()


@pytest.mark.parametrize("status", [488, 500, 603])
def test_a_refused_reinvite_leaves_the_call_as_it_was(status: int) -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    peer.reply(peer.request("INVITE"), status)
    rejected = peer.hear(OfferRejected)
    assert rejected.status == status
    peer.hear_nothing()
    assert peer.agent.can_offer(peer.session)


def test_a_reinvite_answered_481_ends_the_call() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    peer.reply(peer.request("INVITE"), 481)
    peer.request("ACK")
    assert peer.hear(OfferRejected).status == 481
    ended = peer.hear(CallEnded)
    assert (ended.cause, ended.status) == (EndCause.REMOTE_HANGUP, 481)
    peer.nothing_sent()


def test_a_reinvite_answered_408_ends_the_call_with_a_bye() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    peer.reply(peer.request("INVITE"), 408)
    peer.request("ACK")
    peer.hear(OfferRejected)
    assert peer.hear(CallEnded).cause is EndCause.TIMEOUT
    peer.request("BYE")


def test_a_reinvite_that_nobody_answers_ends_the_call() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    peer.request("INVITE")
    peer.pass_time(32)
    assert peer.hear(OfferRejected).status == 408
    assert peer.hear(CallEnded).cause is EndCause.TIMEOUT
    peer.request("BYE")


def test_a_reinvite_without_a_connection_is_rejected_and_the_call_lives() -> None:
    peer = callee()
    peer.agent.connection_lost(now=peer.now)
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    assert peer.hear(OfferRejected).status == 503
    peer.hear_nothing()
    peer.agent.connection_made(now=peer.now)
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    assert peer.request("INVITE").body == HOLD


def test_a_connection_lost_during_a_reinvite_rejects_the_offer() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    peer.request("INVITE")
    peer.agent.connection_lost(now=peer.now)
    assert peer.hear(OfferRejected).status == 503
    peer.hear_nothing()
    assert peer.agent.sessions == (peer.session,)


def test_a_2xx_without_an_answer_rejects_the_offer() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    peer.reply(peer.request("INVITE"), 200)
    peer.request("ACK")
    assert peer.hear(OfferRejected).reason == "No Answer in the Response"
    assert peer.agent.can_offer(peer.session)


def test_a_challenged_reinvite_goes_again_with_credentials() -> None:
    peer = Callee(credentials=password("alice"))
    peer.in_call()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    challenge = ("Proxy-Authenticate", 'Digest realm="r", nonce="n", qop="auth"')
    peer.reply(peer.request("INVITE"), 407, challenge)
    peer.request("ACK")
    again = peer.request("INVITE")
    assert again.cseq_number == 3
    assert "Proxy-Authorization" in again.headers
    peer.reply(again, 200, body=HELD)
    ack = peer.request("ACK")
    assert ack.cseq_number == 3
    assert ack.headers.get("Proxy-Authorization") == again.headers.get("Proxy-Authorization")
    assert peer.hear(AnswerReceived).answer == HELD


def test_a_reinvite_refused_422_goes_again_with_a_longer_interval() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    peer.reply(peer.request("INVITE"), 422, ("Min-SE", "7200"))
    peer.request("ACK")
    again = peer.request("INVITE")
    assert (again.body, again.headers.get("Session-Expires")) == (HOLD, "7200")
    peer.reply(again, 200, body=HELD)
    assert peer.hear(AnswerReceived).answer == HELD


def test_the_contact_of_a_2xx_is_the_new_target() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    reinvite = peer.request("INVITE")
    headers = [("Contact", "<sip:moved@peer.invalid>"), ("Content-Type", "application/sdp")]
    peer.send(reinvite.reply(200, headers=headers, body=HELD))
    assert peer.request("ACK").uri == "sip:moved@peer.invalid"
    peer.agent.hang_up(peer.session, now=peer.now)
    assert peer.request("BYE").uri == "sip:moved@peer.invalid"


def test_an_update_carries_an_offer_as_well() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now, use_update=True)
    update = peer.request("UPDATE")
    assert (update.body, update.content_type) == (HOLD, "application/sdp")
    peer.reply(update, 200, body=HELD)
    peer.nothing_sent()
    assert peer.hear(AnswerReceived).answer == HELD
    peer.hear_nothing()


# -- an offer that finds no end --------------------------------------------------------------


def test_a_reinvite_without_a_final_response_is_cancelled_after_a_minute() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    reinvite = peer.request("INVITE")
    peer.reply(reinvite, 100)
    peer.pass_time(59.99)
    peer.nothing_sent()
    peer.pass_time(0.01)
    cancel = peer.request("CANCEL")
    assert (cancel.branch, cancel.cseq_number) == (reinvite.branch, 2)
    peer.reply(cancel, 200)
    peer.reply(reinvite, 487)
    peer.request("ACK")
    assert peer.hear(OfferRejected).status == 487
    peer.hear_nothing()
    assert peer.agent.can_offer(peer.session)


def test_an_answer_that_crosses_the_cancel_is_taken() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    reinvite = peer.request("INVITE")
    peer.reply(reinvite, 100)
    peer.pass_time(60)
    peer.request("CANCEL")
    peer.reply(reinvite, 200, body=HELD)
    peer.request("ACK")
    assert peer.hear(AnswerReceived).answer == HELD


def test_a_cancelled_reinvite_that_nobody_ends_ends_the_call() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    peer.reply(peer.request("INVITE"), 100)
    peer.pass_time(60)
    peer.reply(peer.request("CANCEL"), 200)
    peer.pass_time(31.99)
    peer.hear_nothing()
    peer.pass_time(0.01)
    assert peer.hear(OfferRejected).status == 408
    assert peer.hear(CallEnded).cause is EndCause.TIMEOUT
    peer.request("BYE")


@pytest.mark.parametrize("is_heard", [True, False])
def test_a_hang_up_cancels_the_reinvite_that_is_out(is_heard: bool) -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    reinvite = peer.request("INVITE")
    if is_heard:
        peer.reply(reinvite, 100)
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.hear(CallEnded)
    peer.reply(peer.request("BYE"), 200)
    if is_heard:
        peer.reply(peer.request("CANCEL"), 481)
    peer.nothing_sent()
    peer.pass_time(32)
    peer.hear_nothing()
    assert peer.agent.is_idle


def test_a_2xx_to_a_reinvite_after_the_hang_up_is_acknowledged() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    reinvite = peer.request("INVITE")
    peer.agent.hang_up(peer.session, now=peer.now)
    bye = peer.request("BYE")
    peer.reply(reinvite, 200, body=HELD)
    assert peer.request("ACK").cseq_number == 2
    peer.reply(bye, 200)
    peer.hear(CallEnded)
    peer.hear_nothing()


def test_an_update_has_the_limit_of_its_transaction() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now, use_update=True)
    peer.reply(peer.request("UPDATE"), 100)
    peer.pass_time(31.99)
    peer.hear_nothing()
    peer.pass_time(0.01)
    assert peer.hear(OfferRejected).status == 408
    assert peer.hear(CallEnded).cause is EndCause.TIMEOUT
