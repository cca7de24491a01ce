"""Reliable provisional responses, both sides of PRACK (RFC 3262)."""

from __future__ import annotations

import pytest

from exotel_voice.errors import InvalidState
from exotel_voice.sip.events import (
    AnswerReceived,
    AnswerRequested,
    CallAnswered,
    CallConfirmed,
    CallEnded,
    CallProgressed,
    EndCause,
    OfferReceived,
)
from exotel_voice.sip.message import Request, Response
from raw_peer import Callee, Caller
from world import ANSWER, OFFER, SECOND_ANSWER, SECOND_OFFER

SUPPORTED = ("Supported", "100rel")
REQUIRED = ("Require", "100rel")


def prack(peer: Caller, response: Response, *, body: bytes = b"", **changes: str) -> Request:
    """Acknowledge a reliable provisional response of Alice."""
    rack = changes.get("rack", f"{response.rseq} {response.cseq_number} INVITE")
    return peer.ask("PRACK", ("RAck", rack), body=body)


# -- Alice rings -------------------------------------------------------------------------------


def test_early_media_goes_out_reliably_as_written_here() -> None:
    peer = Caller(headers=(SUPPORTED,))
    peer.agent.ring(peer.session, now=peer.now, status=183, answer=ANSWER)
    assert peer.bytes_sent() == (
        b"SIP/2.0 183 Session Progress\r\n"
        b"Via: SIP/2.0/WSS peer.invalid;branch=z9hG4bKpeerINVITE1\r\n"
        b"From: <sip:peer@example.com>;tag=peer\r\n"
        b"To: <sip:alice@example.com>;tag=atag1\r\n"
        b"Call-ID: peercall\r\n"
        b"CSeq: 1 INVITE\r\n"
        b"Contact: <sip:alice@alice.invalid;transport=ws>\r\n"
        b"Server: test\r\n"
        b"Content-Type: application/sdp\r\n"
        b"Require: 100rel\r\n"
        b"RSeq: 1073741824\r\n"
        b"Content-Length: 89\r\n"
        b"\r\n" + ANSWER
    )


def test_ringing_alone_is_reliable_only_where_the_caller_demands_it() -> None:
    supporting = Caller(headers=(SUPPORTED,))
    supporting.agent.ring(supporting.session, now=supporting.now)
    assert supporting.response(180).rseq is None
    demanding = Caller(headers=(REQUIRED,))
    demanding.agent.ring(demanding.session, now=demanding.now)
    assert demanding.response(180).rseq is not None


def test_it_is_sent_again_at_doubling_pauses_until_the_prack_comes() -> None:
    peer = Caller(headers=(SUPPORTED,))
    peer.agent.ring(peer.session, now=peer.now, status=183, answer=ANSWER)
    response = peer.response(183)
    for pause in (0.5, 1.0, 2.0, 4.0, 8.0):
        peer.pass_time(pause - 0.01)
        peer.nothing_sent()
        peer.pass_time(0.01)
        assert peer.bytes_sent() == bytes(response)
    prack(peer, response)
    assert peer.response(200).cseq_method == "PRACK"
    peer.pass_time(40)
    peer.nothing_sent()
    peer.hear_nothing()


def test_without_a_prack_the_invite_is_refused_after_32_seconds() -> None:
    peer = Caller(headers=(SUPPORTED,))
    peer.agent.ring(peer.session, now=peer.now, status=183, answer=ANSWER)
    peer.pass_time(31.99)
    peer.hear_nothing()
    peer.unread.clear()
    peer.pass_time(0.01)
    peer.response(504)
    ended = peer.hear(CallEnded)
    assert (ended.cause, ended.status) == (EndCause.TIMEOUT, 504)


@pytest.mark.parametrize("rack", ["1 1 INVITE", "1073741824 2 INVITE", "1073741824 1 UPDATE", "?"])
def test_a_prack_that_acknowledges_nothing_gets_481(rack: str) -> None:
    peer = Caller(headers=(SUPPORTED,))
    peer.agent.ring(peer.session, now=peer.now, status=183, answer=ANSWER)
    prack(peer, peer.response(183), rack=rack)
    peer.response(481)
    peer.pass_time(0.5)
    peer.response(183)


def test_a_prack_that_comes_twice_gets_481_the_second_time() -> None:
    peer = Caller(headers=(SUPPORTED,))
    peer.agent.ring(peer.session, now=peer.now, status=183, answer=ANSWER)
    response = peer.response(183)
    prack(peer, response)
    peer.response(200)
    prack(peer, response)
    peer.response(481)


def test_the_next_reliable_response_waits_for_the_prack_of_the_last() -> None:
    peer = Caller(headers=(REQUIRED,))
    peer.agent.ring(peer.session, now=peer.now, status=181)
    peer.agent.ring(peer.session, now=peer.now, status=180)
    first = peer.response(181)
    peer.nothing_sent()
    prack(peer, first)
    second = peer.response(180)
    assert peer.response(200).cseq_method == "PRACK"
    assert (second.rseq or 0) == (first.rseq or 0) + 1
    prack(peer, second)
    peer.response(200)
    peer.nothing_sent()


def test_the_200_waits_for_the_prack_of_a_description_and_then_has_none() -> None:
    peer = Caller(headers=(SUPPORTED,))
    peer.agent.ring(peer.session, now=peer.now, status=183, answer=ANSWER)
    response = peer.response(183)
    peer.agent.answer(peer.session, sdp=ANSWER, now=peer.now)
    peer.nothing_sent()
    prack(peer, response)
    assert peer.response(200).cseq_method == "PRACK"
    ok = peer.response(200)
    assert (ok.cseq_method, ok.body) == ("INVITE", b"")
    peer.ack(ok)
    peer.hear(CallConfirmed)


def test_a_wish_to_ring_meanwhile_is_refused_and_the_200_stays_what_it_was() -> None:
    peer = Caller(headers=(SUPPORTED,))
    peer.agent.ring(peer.session, now=peer.now, status=183, answer=ANSWER)
    response = peer.response(183)
    peer.agent.answer(peer.session, sdp=ANSWER, now=peer.now, headers={"X-Agent": "7"})
    with pytest.raises(InvalidState):
        peer.agent.ring(peer.session, now=peer.now)
    prack(peer, response)
    peer.response(200)
    assert peer.response(200).headers.get("X-Agent") == "7"


def test_a_200_need_not_wait_for_the_prack_of_mere_ringing() -> None:
    peer = Caller(headers=(REQUIRED,))
    peer.agent.ring(peer.session, now=peer.now)
    response = peer.response(180)
    ok = peer.answered()
    peer.pass_time(0.4)
    peer.nothing_sent()
    prack(peer, response)
    peer.response(481)
    peer.ack(ok)
    peer.hear(CallConfirmed)


@pytest.mark.parametrize("method", ["CANCEL", "BYE"])
def test_the_caller_may_give_up_while_the_200_waits(method: str) -> None:
    peer = Caller(headers=(SUPPORTED,))
    peer.agent.ring(peer.session, now=peer.now, status=183, answer=ANSWER)
    peer.response(183)
    peer.agent.answer(peer.session, sdp=ANSWER, now=peer.now)
    if method == "CANCEL":
        peer.send(peer.make("CANCEL", cseq=1, branch="z9hG4bKpeerINVITE1"))
    else:
        peer.ask("BYE")
    peer.response(200)
    assert peer.response(487).cseq_method == "INVITE"
    assert peer.hear(CallEnded).cause is EndCause.REMOTE_CANCEL
    peer.pass_time(33)
    peer.nothing_sent()
    assert peer.agent.is_idle


def test_an_offer_may_go_out_reliably_and_its_answer_comes_with_the_prack() -> None:
    peer = Caller(body=b"", headers=(SUPPORTED,))
    peer.agent.ring(peer.session, now=peer.now, status=183, answer=OFFER)
    response = peer.response(183)
    assert response.body == OFFER
    prack(peer, response, body=ANSWER)
    peer.response(200)
    assert peer.hear(AnswerReceived).answer == ANSWER
    ok = peer.answered(OFFER)
    assert ok.body == b""
    peer.ack(ok)
    assert peer.hear(CallConfirmed).answer is None


def test_an_offer_cannot_go_out_early_to_a_caller_that_knows_no_prack() -> None:
    peer = Caller(body=b"")
    with pytest.raises(InvalidState):
        peer.agent.ring(peer.session, now=peer.now, status=183, answer=OFFER)
    peer.nothing_sent()


def test_a_prack_may_bring_another_offer() -> None:
    peer = Caller(headers=(SUPPORTED,))
    peer.agent.ring(peer.session, now=peer.now, status=183, answer=ANSWER)
    prack(peer, peer.response(183), body=SECOND_OFFER)
    peer.nothing_sent()
    assert peer.hear(OfferReceived).offer == SECOND_OFFER
    with pytest.raises(InvalidState):
        peer.agent.answer(peer.session, sdp=ANSWER, now=peer.now)
    peer.agent.answer_offer(peer.session, sdp=SECOND_ANSWER, now=peer.now)
    ok = peer.response(200)
    assert (ok.cseq_method, ok.body) == ("PRACK", SECOND_ANSWER)
    peer.pass_time(40)
    peer.nothing_sent()


def test_an_update_may_change_early_media() -> None:
    peer = Caller(headers=(SUPPORTED,))
    peer.agent.ring(peer.session, now=peer.now, status=183, answer=ANSWER)
    prack(peer, peer.response(183))
    peer.response(200)
    peer.agent.offer(peer.session, sdp=SECOND_ANSWER, now=peer.now, use_update=True)
    update = peer.request("UPDATE")
    peer.reply(update, 200, body=SECOND_OFFER)
    assert peer.hear(AnswerReceived).answer == SECOND_OFFER
    peer.ask("UPDATE", body=SECOND_OFFER)
    peer.hear(OfferReceived)
    peer.agent.answer_offer(peer.session, sdp=SECOND_ANSWER, now=peer.now)
    peer.response(200)


def test_an_update_before_anything_is_agreed_gets_500() -> None:
    peer = Caller(body=b"", headers=(SUPPORTED,))
    peer.ask("UPDATE", body=OFFER)
    assert peer.response(500).retry_after is not None


def test_a_phone_without_100rel_refuses_who_demands_it_and_sends_nothing_reliably() -> None:
    peer = Caller(supported=("timer",), headers=(SUPPORTED,))
    peer.agent.ring(peer.session, now=peer.now, status=183, answer=ANSWER)
    assert peer.response(183).rseq is None
    other = Caller(supported=("timer", "100rel"))
    other.agent.ring(other.session, now=other.now, status=183, answer=ANSWER)
    assert other.response(183).rseq is None


# -- Alice calls -------------------------------------------------------------------------------


def reliable(rseq: int) -> tuple[tuple[str, str], tuple[str, str]]:
    """Give the headers of a reliable response."""
    return (("Require", "100rel"), ("RSeq", str(rseq)))


def test_the_prack_goes_out_as_written_here() -> None:
    peer = Callee()
    route = ("Record-Route", "<sip:proxy.invalid;lr>")
    peer.reply(peer.invite_sent, 183, route, *reliable(41), body=ANSWER)
    assert peer.hear(CallProgressed).answer == ANSWER
    assert peer.bytes_sent() == (
        b"PRACK sip:peer@peer.invalid;transport=ws SIP/2.0\r\n"
        b"Via: SIP/2.0/WSS alice.invalid;branch=z9hG4bKa2\r\n"
        b"Route: <sip:proxy.invalid;lr>\r\n"
        b"Max-Forwards: 70\r\n"
        b"From: <sip:alice@example.com>;tag=atag1\r\n"
        b"To: <sip:peer@example.com>;tag=peer\r\n"
        b"Call-ID: acall1\r\n"
        b"CSeq: 2 PRACK\r\n"
        b"RAck: 41 1 INVITE\r\n"
        b"User-Agent: test\r\n"
        b"Content-Length: 0\r\n"
        b"\r\n"
    )


def test_a_copy_and_a_response_before_its_turn_get_no_prack() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 183, *reliable(41))
    peer.reply(peer.request("PRACK"), 200)
    peer.hear(CallProgressed)
    peer.reply(peer.invite_sent, 183, *reliable(41))
    peer.reply(peer.invite_sent, 180, *reliable(43))
    peer.hear_nothing()
    peer.nothing_sent()
    peer.reply(peer.invite_sent, 180, *reliable(42))
    assert str(peer.request("PRACK").rack) == "42 1 INVITE"
    assert peer.hear(CallProgressed).status == 180


def test_each_fork_counts_its_own_reliable_responses() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 183, *reliable(41), tag="one")
    assert peer.request("PRACK").to_tag == "one"
    peer.reply(peer.invite_sent, 183, *reliable(7), tag="two")
    prack_sent = peer.request("PRACK")
    assert (prack_sent.to_tag, str(prack_sent.rack)) == ("two", "7 1 INVITE")


def test_an_early_answer_makes_the_2xx_an_answer_without_one() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 183, *reliable(1), body=ANSWER)
    peer.reply(peer.request("PRACK"), 200)
    peer.hear(CallProgressed)
    assert peer.agent.can_offer(peer.session, use_update=True)
    assert not peer.agent.can_offer(peer.session)
    peer.reply(peer.invite_sent, 200)
    peer.request("ACK")
    assert peer.hear(CallAnswered).answer is None
    peer.hear_nothing()


def test_an_early_offer_is_answered_with_the_prack() -> None:
    peer = Callee(offer=None)
    peer.reply(peer.invite_sent, 183, *reliable(1), body=OFFER)
    peer.hear(CallProgressed)
    assert peer.hear(AnswerRequested).offer == OFFER
    peer.nothing_sent()
    peer.agent.answer_offer(peer.session, sdp=ANSWER, now=peer.now)
    sent = peer.request("PRACK")
    assert (sent.body, sent.content_type) == (ANSWER, "application/sdp")
    peer.reply(sent, 200)
    peer.reply(peer.invite_sent, 200)
    assert peer.request("ACK").body == b""
    peer.hear(CallAnswered)
    peer.hear_nothing()


def test_a_200_waits_for_a_description_that_waits_itself() -> None:
    peer = Caller(headers=(REQUIRED,))
    peer.agent.ring(peer.session, now=peer.now)
    peer.agent.ring(peer.session, now=peer.now, status=183, answer=ANSWER)
    peer.agent.answer(peer.session, sdp=ANSWER, now=peer.now)
    prack(peer, peer.response(180))
    early = peer.response(183)
    assert peer.response(200).cseq_method == "PRACK"
    peer.nothing_sent()
    prack(peer, early)
    assert [peer.response(200).cseq_method for _ in range(2)] == ["PRACK", "INVITE"]


def test_reliable_ringing_is_not_repeated_each_minute() -> None:
    peer = Caller(headers=(REQUIRED,))
    peer.agent.ring(peer.session, now=peer.now)
    prack(peer, peer.response(180))
    peer.response(200)
    peer.pass_time(130)
    peer.nothing_sent()


def test_a_prack_in_a_call_of_ours_gets_481() -> None:
    peer = Callee()
    peer.in_call()
    peer.ask("PRACK", ("RAck", "1 1 INVITE"))
    peer.response(481)
