"""A connection breaks between the 2xx to a re-INVITE and its ACK; the next re-INVITE settles it."""

from __future__ import annotations

from exotel_voice.sip.events import OfferReceived
from raw_peer import Caller
from world import ANSWER, OFFER


def test_the_next_re_invite_stands_for_an_ack_that_was_lost() -> None:
    peer = Caller()
    peer.ack(peer.answered())
    peer.run()
    peer.events.clear()
    peer.unread.clear()
    peer.invite(body=OFFER, **peer.dialog)
    peer.response(100)
    peer.hear(OfferReceived)
    peer.agent.answer_offer(peer.session, sdp=ANSWER, now=peer.now)
    peer.response(200)
    # The ACK never comes; the far side is back on another connection and offers anew.
    peer.invite(body=OFFER, **peer.dialog)
    peer.response(100)
    peer.hear(OfferReceived)
    peer.agent.answer_offer(peer.session, sdp=ANSWER, now=peer.now)
    second = peer.response(200)
    peer.ack(second)
    peer.pass_time(120.0)
    # No 200 is sent again and no BYE follows the limit of the first ACK.
    peer.nothing_sent()
    peer.hear_nothing()


def test_a_re_invite_during_the_offer_before_is_still_too_early() -> None:
    peer = Caller()
    peer.ack(peer.answered())
    peer.run()
    peer.events.clear()
    peer.unread.clear()
    peer.invite(body=OFFER, **peer.dialog)
    peer.response(100)
    peer.hear(OfferReceived)
    peer.invite(body=OFFER, **peer.dialog)
    peer.response(100)
    peer.response(500)
