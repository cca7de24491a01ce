"""How an answered call ends: BYE from either side, both at once, and its Reason (RFC 3261 §15)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from exotel_voice.errors import InvalidState
from exotel_voice.sip.events import CallEnded, EndCause
from raw_peer import Caller, callee, caller
from world import ANSWER, OFFER, World, password


def test_the_far_sides_bye_is_answered_as_written_here() -> None:
    peer = caller()
    peer.ask("BYE", ("Reason", 'Q.850;cause=16;text="Normal call clearing"'))
    assert peer.bytes_sent() == (
        b"SIP/2.0 200 OK\r\n"
        b"Via: SIP/2.0/WSS peer.invalid;branch=z9hG4bKpeerBYE2\r\n"
        b"From: <sip:peer@example.com>;tag=peer\r\n"
        b"To: <sip:alice@example.com>;tag=atag1\r\n"
        b"Call-ID: peercall\r\n"
        b"CSeq: 2 BYE\r\n"
        b"Server: test\r\n"
        b"Content-Length: 0\r\n"
        b"\r\n"
    )
    ended = peer.hear(CallEnded)
    assert (ended.cause, ended.status) == (EndCause.REMOTE_HANGUP, 200)
    assert ended.reason == "Normal call clearing"
    assert ended.headers["Reason"] == ('Q.850;cause=16;text="Normal call clearing"',)
    peer.hear_nothing()
    peer.come_to_rest()


def test_a_bye_that_comes_twice_is_answered_twice_and_told_once() -> None:
    peer = caller()
    bye = peer.ask("BYE")
    peer.hear(CallEnded)
    peer.send(peer.make("BYE", cseq=bye.cseq_number, branch="z9hG4bKagain", **peer.dialog))
    assert peer.start_lines() == [
        "SIP/2.0 200 OK",
        "SIP/2.0 481 Call/Transaction Does Not Exist",
    ]
    peer.hear_nothing()


def test_two_byes_that_cross_are_both_answered() -> None:
    peer = caller()
    peer.agent.hang_up(peer.session, now=peer.now)
    bye = peer.request("BYE")
    peer.ask("BYE")
    assert peer.response(200).cseq_method == "BYE"
    peer.reply(bye, 481)
    assert peer.hear(CallEnded).cause is EndCause.LOCAL_HANGUP
    peer.hear_nothing()
    peer.come_to_rest()


def test_both_sides_hang_up_at_once() -> None:
    world = World()
    alice, bob = world.talk()
    world.alice.agent.hang_up(alice, now=world.now)
    world.bob.agent.hang_up(bob, now=world.now)
    world.run_out()
    for party in world.parties:
        assert party.take(CallEnded).cause is EndCause.LOCAL_HANGUP
        party.hears_nothing()
        assert party.agent.is_idle


@pytest.mark.parametrize("status", [200, 401, 403, 408, 481, 500])
def test_whatever_answers_the_bye_the_call_is_over(status: int) -> None:
    peer = caller()
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.reply(peer.request("BYE"), status)
    peer.hear(CallEnded)
    peer.hear_nothing()
    peer.come_to_rest()


def test_a_bye_that_nobody_answers_is_given_up_after_32_seconds() -> None:
    peer = caller()
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.request("BYE")
    peer.hear(CallEnded)
    peer.pass_time(31.99)
    peer.nothing_sent()
    peer.pass_time(0.01)
    peer.nothing_sent()
    assert peer.agent.is_idle


def test_a_challenged_bye_goes_again_with_credentials() -> None:
    peer = Caller(credentials=password("alice"))
    peer.in_call()
    peer.unread.clear()
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.reply(peer.request("BYE"), 407, ("Proxy-Authenticate", 'Digest realm="r", nonce="n"'))
    again = peer.request("BYE")
    assert again.cseq_number == 2
    assert "Proxy-Authorization" in again.headers
    peer.reply(again, 200)
    peer.come_to_rest()


def test_requests_after_our_bye_get_481() -> None:
    peer = caller()
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.request("BYE")
    for method in ("INFO", "UPDATE", "OPTIONS", "REFER"):
        peer.ask(method)
        peer.response(481)


def test_nothing_can_be_wished_of_a_call_that_was_hung_up() -> None:
    peer = callee()
    agent, session, now = peer.agent, peer.session, peer.now
    agent.hang_up(session, now=now)
    peer.request("BYE")
    wishes: tuple[Callable[[], None], ...] = (
        lambda: agent.hang_up(session, now=now),
        lambda: agent.offer(session, sdp=OFFER, now=now),
        lambda: agent.answer_offer(session, sdp=ANSWER, now=now),
        lambda: agent.send_digit(session, "1", now=now),
        lambda: agent.transfer(session, "sip:carol@example.com", now=now),
    )
    for wish in wishes:
        with pytest.raises(InvalidState):
            wish()
    assert not agent.can_offer(session)
    assert agent.replaces_value(session) is None
    peer.nothing_sent()


def test_only_an_incoming_call_can_be_answered() -> None:
    peer = callee()
    with pytest.raises(InvalidState):
        peer.agent.answer(peer.session, sdp=ANSWER, now=peer.now)
    with pytest.raises(InvalidState):
        peer.agent.reject(peer.session, now=peer.now)


def test_a_request_out_of_order_gets_500_and_does_nothing() -> None:
    peer = caller()
    peer.ask("INFO")
    peer.response(200)
    peer.send(peer.make("BYE", cseq=1, branch="z9hG4bKlate", **peer.dialog))
    assert peer.response(500).retry_after is not None
    peer.hear_nothing()
    peer.ask("BYE", cseq=4_000_000)
    peer.response(200)
    assert peer.hear(CallEnded).cause is EndCause.REMOTE_HANGUP


def test_a_bye_of_a_stranger_does_not_end_the_call() -> None:
    peer = caller()
    peer.ask("BYE", from_="<sip:peer@example.com>;tag=other")
    peer.response(481)
    peer.ask("BYE", call_id="other")
    peer.response(481)
    peer.hear_nothing()
    assert peer.agent.sessions == (peer.session,)


def test_a_reason_is_quoted_as_it_must_be() -> None:
    peer = caller()
    peer.agent.hang_up(peer.session, now=peer.now, reason='he said "bye"')
    assert peer.request("BYE").headers.get("Reason") == r'SIP;cause=200;text="he said \"bye\""'
