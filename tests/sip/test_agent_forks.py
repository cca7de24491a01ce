"""Several phones answer one INVITE of ours (RFC 3261 §13.2.2.4, RFC 6026)."""

from __future__ import annotations

import pytest

from exotel_voice.errors import InvalidState
from exotel_voice.sip.events import (
    AnswerRequested,
    CallAnswered,
    CallEnded,
    CallProgressed,
    EndCause,
    MessageDropped,
)
from raw_peer import Callee
from world import ANSWER, OFFER, SECOND_ANSWER, SECOND_OFFER


def test_the_first_2xx_is_kept_and_the_second_gets_ack_and_bye() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 180, tag="one")
    peer.reply(peer.invite_sent, 180, tag="two")
    peer.reply(peer.invite_sent, 200, tag="two", body=ANSWER)
    ack = peer.request("ACK")
    assert ack.uri == "sip:two@peer.invalid;transport=ws"
    assert peer.hear(CallProgressed).status == 180
    assert peer.hear(CallProgressed).status == 180
    peer.hear(CallAnswered)
    peer.reply(peer.invite_sent, 200, tag="one", body=SECOND_ANSWER)
    ack = peer.request("ACK")
    assert (ack.to_tag, ack.uri) == ("one", "sip:one@peer.invalid;transport=ws")
    bye = peer.request("BYE")
    assert (bye.to_tag, bye.cseq_number) == ("one", 2)
    peer.reply(bye, 200)
    peer.hear_nothing()
    assert peer.agent.sessions == (peer.session,)


def test_a_repeated_2xx_gets_the_same_ack_again_from_each_fork() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 200, tag="one", body=ANSWER)
    peer.reply(peer.invite_sent, 200, tag="two", body=ANSWER)
    first = peer.bytes_sent()
    second = peer.bytes_sent()
    peer.reply(peer.request("BYE"), 200)
    peer.reply(peer.invite_sent, 200, tag="one", body=ANSWER)
    assert peer.bytes_sent() == first
    peer.reply(peer.invite_sent, 200, tag="two", body=ANSWER)
    assert peer.bytes_sent() == second
    peer.nothing_sent()


def test_a_repeated_2xx_gets_its_ack_also_after_the_call() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 200, body=ANSWER)
    ack = peer.bytes_sent()
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.reply(peer.request("BYE"), 200)
    peer.reply(peer.invite_sent, 200, body=ANSWER)
    assert peer.bytes_sent() == ack
    peer.pass_time(32.0)
    assert peer.agent.is_idle


def test_a_response_that_makes_no_dialog_is_dropped_and_the_call_waits() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 180, ("Record-Route", "<\x7f>"))
    assert peer.hear(MessageDropped).kind == "bad_response"
    assert peer.hear(CallProgressed).status == 180
    peer.reply(peer.invite_sent, 200, tag="two", body=ANSWER)
    peer.hear(CallAnswered)


def test_a_2xx_that_makes_no_dialog_ends_the_call() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 200, ("Record-Route", "<\x7f>"), body=ANSWER)
    peer.hear(MessageDropped)
    assert peer.hear(CallEnded).cause is EndCause.PROTOCOL


def test_early_dialogs_have_a_bound_and_the_answer_of_one_more_is_taken() -> None:
    peer = Callee()
    for number in range(32):
        peer.reply(peer.invite_sent, 180, tag=f"t{number}")
        peer.hear(CallProgressed)
    peer.reply(peer.invite_sent, 180, tag="onemore")
    assert peer.hear(MessageDropped).kind == "bad_response"
    peer.hear(CallProgressed)
    peer.reply(peer.invite_sent, 200, tag="one-more", body=ANSWER)
    assert peer.request("ACK").to_tag == "one-more"
    peer.hear(CallAnswered)


def test_further_2xx_have_a_bound() -> None:
    peer = Callee()
    for number in range(40):
        peer.reply(peer.invite_sent, 200, tag=f"t{number}", body=ANSWER)
    sent = [line.split(" ", 1)[0] for line in peer.start_lines()]
    assert (sent.count("ACK"), sent.count("BYE")) == (32, 31)
    assert peer.agent.sessions == (peer.session,)


def test_a_further_2xx_that_makes_no_dialog_is_left_alone() -> None:
    peer = Callee()
    peer.in_call()
    peer.reply(peer.invite_sent, 200, ("Record-Route", "<\x7f>"), tag="two", body=ANSWER)
    peer.nothing_sent()
    peer.hear_nothing()


def test_offers_of_several_phones_are_answered_in_their_order() -> None:
    peer = Callee(offer=None)
    for tag, sdp in (("one", OFFER), ("two", SECOND_OFFER)):
        headers = (("Require", "100rel"), ("RSeq", "5"))
        peer.reply(peer.invite_sent, 183, *headers, tag=tag, body=sdp)
        peer.hear(CallProgressed)
        assert peer.hear(AnswerRequested).offer == sdp
    peer.reply(peer.invite_sent, 180, tag="three")
    peer.agent.answer_offer(peer.session, sdp=ANSWER, now=peer.now)
    peer.agent.answer_offer(peer.session, sdp=SECOND_ANSWER, now=peer.now)
    first, second = peer.request("PRACK"), peer.request("PRACK")
    assert (first.to_tag, first.body) == ("one", ANSWER)
    assert (second.to_tag, second.body) == ("two", SECOND_ANSWER)
    with pytest.raises(InvalidState):
        peer.agent.answer_offer(peer.session, sdp=ANSWER, now=peer.now)


def test_an_early_dialog_that_was_not_kept_is_gone() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 180, tag="one")
    peer.reply(peer.invite_sent, 200, tag="two", body=ANSWER)
    peer.request("ACK")
    peer.ask("UPDATE", from_="<sip:peer@example.com>;tag=one")
    peer.response(481)


def test_a_2xx_of_use_after_one_that_ended_the_call_gets_ack_and_bye() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 200, ("Record-Route", "<\x7f>"), body=ANSWER)
    peer.hear(MessageDropped)
    assert peer.hear(CallEnded).cause is EndCause.PROTOCOL
    peer.reply(peer.invite_sent, 200, tag="two", body=ANSWER)
    assert peer.request("ACK").to_tag == "two"
    peer.reply(peer.request("BYE"), 200)
    peer.hear_nothing()
    peer.come_to_rest()
