"""The far side's offers inside a call (RFC 3261 §14.2, RFC 3311 §5.2)."""

from __future__ import annotations

import pytest

from exotel_voice.errors import ConfigError, InvalidState
from exotel_voice.sip.events import (
    AnswerReceived,
    CallConfirmed,
    CallEnded,
    EndCause,
    OfferReceived,
    OfferRequested,
    OfferWithdrawn,
    RemoteHoldChanged,
)
from raw_peer import Caller, caller
from world import (
    ANSWER,
    HELD,
    HOLD,
    SECOND_ANSWER,
    SECOND_OFFER,
)


def test_the_answer_to_a_reinvite_goes_out_as_written_here() -> None:
    peer = caller()
    peer.ask("INVITE", ("Record-Route", "<sip:p.invalid;lr>"), body=HOLD)
    peer.response(100)
    assert peer.hear(OfferReceived).offer == HOLD
    peer.agent.answer_offer(peer.session, sdp=HELD, now=peer.now)
    assert peer.bytes_sent() == (
        b"SIP/2.0 200 OK\r\n"
        b"Via: SIP/2.0/WSS peer.invalid;branch=z9hG4bKpeerINVITE2\r\n"
        b"From: <sip:peer@example.com>;tag=peer\r\n"
        b"To: <sip:alice@example.com>;tag=atag1\r\n"
        b"Call-ID: peercall\r\n"
        b"CSeq: 2 INVITE\r\n"
        b"Record-Route: <sip:p.invalid;lr>\r\n"
        b"Contact: <sip:alice@alice.invalid;transport=ws>\r\n"
        b"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, REFER, NOTIFY\r\n"
        b"Supported: 100rel, outbound, path, replaces, timer\r\n"
        b"Content-Type: application/sdp\r\n"
        b"Server: test\r\n"
        b"Content-Length: 101\r\n"
        b"\r\n" + HELD
    )
    assert peer.hear(RemoteHoldChanged).is_held


def test_the_200_to_a_reinvite_is_sent_again_until_its_ack() -> None:
    peer = caller()
    peer.ask("INVITE", body=SECOND_OFFER)
    peer.response(100)
    peer.agent.answer_offer(peer.session, sdp=SECOND_ANSWER, now=peer.now)
    response = peer.response(200)
    assert not peer.agent.can_offer(peer.session)
    for pause in (0.5, 1.0, 2.0, 4.0, 4.0):
        peer.pass_time(pause - 0.01)
        peer.nothing_sent()
        peer.pass_time(0.01)
        assert peer.bytes_sent() == bytes(response)
    peer.ack(response)
    peer.pass_time(60)
    peer.nothing_sent()
    assert peer.agent.can_offer(peer.session)


def test_a_reinvite_without_an_ack_ends_the_call_after_32_seconds() -> None:
    peer = caller()
    peer.ask("INVITE", body=SECOND_OFFER)
    peer.agent.answer_offer(peer.session, sdp=SECOND_ANSWER, now=peer.now)
    peer.hear(OfferReceived)
    peer.pass_time(31.9)
    peer.unread.clear()
    peer.pass_time(0.1)
    peer.request("BYE")
    assert peer.hear(CallEnded).cause is EndCause.TIMEOUT


def test_a_refused_offer_leaves_the_call_as_it_was() -> None:
    peer = caller()
    peer.ask("INVITE", body=HOLD)
    peer.response(100)
    with pytest.raises(ConfigError):
        peer.agent.reject_offer(peer.session, now=peer.now, status=200)
    peer.agent.reject_offer(peer.session, now=peer.now)
    assert peer.response(488).to_tag == peer.session
    peer.hear(OfferReceived)
    peer.hear_nothing()
    assert peer.agent.can_offer(peer.session)
    with pytest.raises(InvalidState):
        peer.agent.answer_offer(peer.session, sdp=HELD, now=peer.now)


def test_a_reinvite_without_an_offer_asks_the_owner_for_one() -> None:
    peer = caller()
    peer.ask("INVITE")
    peer.response(100)
    peer.hear(OfferRequested)
    with pytest.raises(InvalidState):
        peer.agent.answer_offer(peer.session, sdp=ANSWER, now=peer.now)
    peer.agent.provide_offer(peer.session, sdp=SECOND_OFFER, now=peer.now)
    response = peer.response(200)
    assert response.body == SECOND_OFFER
    peer.ack(response, body=SECOND_ANSWER)
    assert peer.hear(AnswerReceived).answer == SECOND_ANSWER
    peer.hear_nothing()


def test_a_request_for_an_offer_may_be_refused() -> None:
    peer = caller()
    peer.ask("INVITE")
    peer.response(100)
    peer.agent.reject_offer(peer.session, now=peer.now, status=480)
    peer.response(480)


def test_an_ack_without_the_answer_to_our_offer_ends_the_call() -> None:
    peer = caller()
    peer.ask("INVITE")
    peer.response(100)
    peer.agent.provide_offer(peer.session, sdp=SECOND_OFFER, now=peer.now)
    peer.ack(peer.response(200))
    peer.hear(OfferRequested)
    assert peer.hear(CallEnded).cause is EndCause.PROTOCOL
    peer.request("BYE")


def test_a_second_offer_before_the_first_is_answered_gets_500_with_retry_after() -> None:
    peer = caller()
    peer.ask("INVITE", body=HOLD)
    peer.response(100)
    peer.ask("UPDATE", body=SECOND_OFFER)
    assert peer.response(500).retry_after == 5
    peer.ask("INVITE", body=SECOND_OFFER)
    peer.response(100)
    assert peer.response(500).retry_after == 5
    peer.hear(OfferReceived)
    peer.hear_nothing()


def test_a_cancelled_reinvite_is_withdrawn() -> None:
    peer = caller()
    reinvite = peer.ask("INVITE", body=HOLD)
    peer.response(100)
    peer.hear(OfferReceived)
    branch = reinvite.branch or ""
    peer.send(peer.make("CANCEL", cseq=reinvite.cseq_number, branch=branch, **peer.dialog))
    peer.response(200)
    peer.response(487)
    peer.hear(OfferWithdrawn)
    peer.hear_nothing()
    assert peer.agent.can_offer(peer.session)


def test_a_bye_during_a_reinvite_answers_both() -> None:
    peer = caller()
    peer.ask("INVITE", body=HOLD)
    peer.response(100)
    peer.ask("BYE")
    assert peer.response(200).cseq_method == "BYE"
    assert peer.response(487).cseq_method == "INVITE"
    peer.hear(OfferReceived)
    assert peer.hear(CallEnded).cause is EndCause.REMOTE_HANGUP


def test_a_hang_up_during_a_reinvite_refuses_it() -> None:
    peer = caller()
    peer.ask("INVITE", body=HOLD)
    peer.response(100)
    peer.agent.hang_up(peer.session, now=peer.now)
    assert peer.start_lines() == [
        "BYE sip:peer@peer.invalid;transport=ws SIP/2.0",
        "SIP/2.0 487 Request Terminated",
    ]


def test_an_update_with_an_offer_is_answered_in_its_200() -> None:
    peer = caller()
    peer.ask("UPDATE", body=HOLD)
    peer.nothing_sent()
    assert peer.hear(OfferReceived).offer == HOLD
    peer.agent.answer_offer(peer.session, sdp=HELD, now=peer.now)
    response = peer.response(200)
    assert (response.cseq_method, response.body) == ("UPDATE", HELD)
    assert "Contact" in response.headers
    assert peer.hear(RemoteHoldChanged).is_held
    peer.pass_time(40)
    peer.nothing_sent()


def test_an_update_without_an_offer_refreshes_the_target() -> None:
    peer = caller()
    contact = ("Contact", "<sip:moved@peer.invalid>")
    peer.send(peer.make("UPDATE", contact, **peer.dialog))
    assert peer.response(200).body == b""
    peer.agent.hang_up(peer.session, now=peer.now)
    assert peer.request("BYE").uri == "sip:moved@peer.invalid"


def test_a_refused_reinvite_does_not_move_the_target() -> None:
    peer = caller()
    contact = ("Contact", "<sip:moved@peer.invalid>")
    peer.send(
        peer.make("INVITE", contact, ("Content-Type", "application/sdp"), body=HOLD, **peer.dialog)
    )
    peer.response(100)
    peer.agent.reject_offer(peer.session, now=peer.now)
    peer.response(488)
    peer.agent.hang_up(peer.session, now=peer.now)
    assert peer.request("BYE").uri == "sip:peer@peer.invalid;transport=ws"


def test_a_reinvite_before_the_ack_confirms_the_call() -> None:
    peer = Caller()
    peer.answered()
    peer.ask("INVITE", body=SECOND_OFFER)
    peer.hear(CallConfirmed)
    assert peer.hear(OfferReceived).offer == SECOND_OFFER


def test_a_reinvite_before_the_answer_is_refused() -> None:
    peer = Caller()
    peer.ask("INVITE", body=SECOND_OFFER)
    peer.response(100)
    peer.response(491)
    peer.hear_nothing()
