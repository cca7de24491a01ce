"""Hold, in its three forms (RFC 6337 §5.3)."""

from __future__ import annotations

import pytest

from exotel_voice.sip.events import AnswerReceived, OfferReceived, RemoteHoldChanged
from raw_peer import Callee, callee, caller
from world import (
    ANSWER,
    HELD,
    HOLD,
    OFFER,
    SECOND_ANSWER,
    SECOND_OFFER,
)


def held(description: bytes, direction: str) -> bytes:
    """Give a description with another direction."""
    return description + f"a={direction}\r\n".encode()


@pytest.mark.parametrize(
    "offer",
    [
        held(SECOND_OFFER, "sendonly"),
        held(SECOND_OFFER, "inactive"),
        SECOND_OFFER.replace(b"c=IN IP4 192.0.2.1", b"c=IN IP4 0.0.0.0"),
    ],
)
def test_each_form_of_hold_is_told_and_so_is_its_end(offer: bytes) -> None:
    peer = caller()
    for sdp, is_held in ((offer, True), (OFFER, False)):
        peer.ask("INVITE", body=sdp)
        peer.response(100)
        assert peer.hear(OfferReceived).offer == sdp
        peer.hear_nothing()
        peer.agent.answer_offer(peer.session, sdp=ANSWER, now=peer.now)
        assert peer.hear(RemoteHoldChanged).is_held is is_held
        peer.ack(peer.response(200))
        peer.hear_nothing()


def test_a_hold_that_is_refused_is_none() -> None:
    peer = caller()
    peer.ask("INVITE", body=HOLD)
    peer.agent.reject_offer(peer.session, now=peer.now)
    peer.hear(OfferReceived)
    peer.hear_nothing()


def test_an_answer_can_put_on_hold_too() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=SECOND_OFFER, now=peer.now)
    peer.reply(peer.request("INVITE"), 200, body=held(SECOND_ANSWER, "sendonly"))
    peer.hear(AnswerReceived)
    assert peer.hear(RemoteHoldChanged).is_held


def test_our_own_hold_is_none_of_the_far_side() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=HOLD, now=peer.now)
    peer.reply(peer.request("INVITE"), 200, body=HELD)
    peer.hear(AnswerReceived)
    peer.hear_nothing()


def test_an_answer_to_an_inactive_offer_says_nothing_of_hold() -> None:
    peer = callee()
    peer.agent.offer(peer.session, sdp=held(SECOND_OFFER, "inactive"), now=peer.now)
    peer.reply(peer.request("INVITE"), 200, body=held(SECOND_ANSWER, "inactive"))
    peer.hear(AnswerReceived)
    peer.hear_nothing()


def test_a_call_can_begin_on_hold() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 200, body=held(ANSWER, "sendonly"))
    assert type(peer.events[0]).__name__ == "CallAnswered"
    peer.events.pop(0)
    assert peer.hear(RemoteHoldChanged).is_held
