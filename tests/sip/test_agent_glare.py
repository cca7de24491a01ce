"""Both sides offer at once (RFC 3261 §14.1, §14.2)."""

from __future__ import annotations

from exotel_voice.sip.events import (
    AnswerReceived,
    CallEnded,
    EndCause,
    OfferReceived,
    OfferRejected,
)
from raw_peer import callee, caller
from world import (
    HELD,
    HOLD,
    SECOND_ANSWER,
    SECOND_OFFER,
    World,
)


def test_the_caller_offers_again_between_2_1_and_4_seconds_after_a_491() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    peer.reply(peer.request("INVITE"), 491)
    peer.request("ACK")
    assert not peer.agent.can_offer(peer.session)
    peer.pass_time(3.04)
    peer.nothing_sent()
    peer.pass_time(0.01)
    again = peer.request("INVITE")
    assert (again.cseq_number, again.body) == (3, HOLD)
    peer.reply(again, 200, body=HELD)
    assert peer.hear(AnswerReceived).answer == HELD
    peer.hear_nothing()


def test_the_callee_offers_again_between_0_and_2_seconds_after_a_491() -> None:
    peer = caller()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    peer.reply(peer.request("INVITE"), 491)
    peer.request("ACK")
    peer.pass_time(0.99)
    peer.nothing_sent()
    peer.pass_time(0.01)
    assert peer.request("INVITE").body == HOLD


def test_an_offer_that_comes_during_the_pause_takes_the_place_of_ours() -> None:
    peer = caller()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    peer.reply(peer.request("INVITE"), 491)
    peer.request("ACK")
    peer.ask("INVITE", body=SECOND_OFFER)
    assert peer.hear(OfferRejected).status == 491
    assert peer.hear(OfferReceived).offer == SECOND_OFFER
    peer.agent.answer_offer(peer.session, sdp=SECOND_ANSWER, now=peer.now)
    peer.response(100)
    peer.ack(peer.response(200))
    peer.pass_time(10)
    peer.nothing_sent()
    peer.hear_nothing()


def test_a_hang_up_during_the_pause_sends_no_offer_any_more() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    peer.reply(peer.request("INVITE"), 491)
    peer.request("ACK")
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.reply(peer.request("BYE"), 200)
    assert peer.hear(CallEnded).cause is EndCause.LOCAL_HANGUP
    peer.pass_time(10)
    peer.nothing_sent()


def test_an_offer_of_the_far_side_while_ours_is_out_gets_491() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    peer.request("INVITE")
    peer.ask("INVITE", body=SECOND_OFFER)
    peer.response(100)
    peer.response(491)
    peer.ask("UPDATE", body=SECOND_OFFER)
    peer.response(491)
    peer.hear_nothing()


def test_both_sides_offer_at_once_and_both_come_about() -> None:
    world = World()
    alice, bob = world.talk()
    world.alice.agent.offer(alice, sdp=HOLD, now=world.now)
    world.bob.agent.offer(bob, sdp=SECOND_ANSWER, now=world.now)
    world.settle()
    assert world.alice.heard == []
    assert world.bob.heard == []
    world.pass_time(1.5)
    assert world.alice.take(OfferRejected).status == 491
    assert world.alice.take(OfferReceived).offer == SECOND_ANSWER
    world.alice.agent.answer_offer(alice, sdp=SECOND_OFFER, now=world.now)
    world.settle()
    assert world.bob.take(AnswerReceived).answer == SECOND_OFFER
    world.alice.agent.offer(alice, sdp=HOLD, now=world.now)
    world.settle()
    assert world.bob.take(OfferReceived).offer == HOLD
