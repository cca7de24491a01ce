"""An INVITE of ours without a description (RFC 3261 §13.2.1)."""

from __future__ import annotations

import pytest

from exotel_voice.errors import InvalidState
from exotel_voice.sip.events import (
    AnswerRequested,
    CallAnswered,
    CallEnded,
    EndCause,
)
from raw_peer import Callee
from world import ANSWER, OFFER


def test_a_delayed_offer_is_answered_with_the_ack() -> None:
    peer = Callee(offer=None)
    assert peer.invite_sent.body == b""
    assert "Content-Type" not in peer.invite_sent.headers
    peer.reply(peer.invite_sent, 200, body=OFFER)
    assert peer.hear(CallAnswered).answer is None
    assert peer.hear(AnswerRequested).offer == OFFER
    peer.nothing_sent()
    peer.agent.answer_offer(peer.session, sdp=ANSWER, now=peer.now)
    ack = peer.request("ACK")
    assert (ack.body, ack.content_type) == (ANSWER, "application/sdp")
    peer.hear_nothing()
    assert peer.agent.can_offer(peer.session)
    with pytest.raises(InvalidState):
        peer.agent.answer_offer(peer.session, sdp=ANSWER, now=peer.now)


def test_a_repeated_2xx_waits_for_the_owners_answer() -> None:
    peer = Callee(offer=None)
    peer.reply(peer.invite_sent, 200, body=OFFER)
    peer.reply(peer.invite_sent, 200, body=OFFER)
    peer.nothing_sent()
    peer.agent.answer_offer(peer.session, sdp=ANSWER, now=peer.now)
    ack = peer.bytes_sent()
    peer.reply(peer.invite_sent, 200, body=OFFER)
    assert peer.bytes_sent() == ack


def test_an_offer_in_the_2xx_that_is_not_wanted_gets_ack_and_bye() -> None:
    peer = Callee(offer=None)
    peer.reply(peer.invite_sent, 200, body=OFFER)
    peer.hear(CallAnswered)
    peer.hear(AnswerRequested)
    peer.agent.hang_up(peer.session, now=peer.now)
    assert peer.request("ACK").body == b""
    peer.request("BYE")
    assert peer.hear(CallEnded).cause is EndCause.LOCAL_HANGUP


def test_a_bye_before_the_owner_answers_the_offer_ends_the_call() -> None:
    peer = Callee(offer=None)
    peer.reply(peer.invite_sent, 200, body=OFFER)
    peer.hear(CallAnswered)
    peer.hear(AnswerRequested)
    peer.ask("BYE")
    assert peer.start_lines() == [
        "SIP/2.0 200 OK",
        "ACK sip:peer@peer.invalid;transport=ws SIP/2.0",
    ]
    assert peer.hear(CallEnded).cause is EndCause.REMOTE_HANGUP
