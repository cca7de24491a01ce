"""An INVITE that takes the place of a call (RFC 3891 §3)."""

from __future__ import annotations

import pytest

from exotel_voice.sip.events import CallEnded, EndCause, InviteReceived
from raw_peer import Callee, Caller, RawPeer
from world import ANSWER


def replacing(peer: RawPeer, value: str) -> None:
    """Call Alice a second time, in the place of a call that is there."""
    peer.invite(
        ("Replaces", value),
        call_id="second",
        from_="<sip:carol@example.com>;tag=carol",
        cseq=1,
        branch="z9hG4bKsecond",
    )
    peer.response(100)


def test_an_invite_with_replaces_takes_the_place_of_a_call() -> None:
    peer = Caller()
    peer.in_call()
    replacing(peer, f"peercall;to-tag={peer.session};from-tag=peer")
    told = peer.hear(InviteReceived)
    assert told.replaces == peer.session
    peer.agent.answer(told.session, sdp=ANSWER, now=peer.now)
    assert peer.response(200).call_id == "second"
    assert peer.request("BYE").call_id == "peercall"
    ended = peer.hear(CallEnded)
    assert (ended.session, ended.cause) == (peer.session, EndCause.REPLACED)
    peer.hear_nothing()


def test_an_invite_with_replaces_for_no_call_gets_481() -> None:
    peer = RawPeer()
    replacing(peer, "nocall;to-tag=a;from-tag=b")
    peer.response(481)
    peer.hear_nothing()


def test_an_invite_with_replaces_for_early_calls_only_does_not_replace_an_answered_one() -> None:
    peer = Caller()
    peer.in_call()
    replacing(peer, f"peercall;to-tag={peer.session};from-tag=peer;early-only")
    peer.response(486)
    peer.hear_nothing()


def test_an_incoming_call_that_rings_cannot_be_replaced() -> None:
    peer = Caller()
    replacing(peer, f"peercall;to-tag={peer.session};from-tag=peer")
    peer.response(481)


def test_a_call_that_is_being_hung_up_cannot_be_replaced() -> None:
    peer = Caller()
    peer.in_call()
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.request("BYE")
    replacing(peer, f"peercall;to-tag={peer.session};from-tag=peer")
    peer.response(603)


@pytest.mark.parametrize("value", ["nonsense", "a;to-tag=b"])
def test_a_replaces_that_cannot_be_read_gets_400(value: str) -> None:
    peer = RawPeer()
    replacing(peer, value)
    peer.response(400)


def test_two_replaces_headers_get_400() -> None:
    peer = RawPeer()
    value = ("Replaces", "a;to-tag=b;from-tag=c")
    peer.invite(value, value)
    peer.response(100)
    peer.response(400)


def test_a_call_of_ours_that_rings_can_be_replaced_and_is_cancelled_then() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 180)
    peer.events.clear()
    replacing(peer, f"acall1;to-tag={peer.session};from-tag=peer")
    told = peer.hear(InviteReceived)
    assert told.replaces == peer.session
    peer.agent.answer(told.session, sdp=ANSWER, now=peer.now)
    peer.response(200)
    peer.request("CANCEL")
    ended = peer.hear(CallEnded)
    assert (ended.session, ended.cause) == (peer.session, EndCause.REPLACED)


def test_a_call_that_ends_before_its_replacement_is_answered_ends_once() -> None:
    peer = Caller()
    peer.in_call()
    replacing(peer, f"peercall;to-tag={peer.session};from-tag=peer")
    told = peer.hear(InviteReceived)
    peer.ask("BYE")
    assert peer.hear(CallEnded).cause is EndCause.REMOTE_HANGUP
    peer.response(200)
    peer.agent.answer(told.session, sdp=ANSWER, now=peer.now)
    peer.response(200)
    peer.nothing_sent()
    peer.hear_nothing()
