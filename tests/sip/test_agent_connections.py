"""Calls whose connection goes away, comes back, or is another one (RFC 5626 §5.3)."""

from __future__ import annotations

import pytest

from exotel_voice.errors import InvalidState
from exotel_voice.sip.events import CallConfirmed, CallEnded, EndCause
from raw_peer import Callee, Caller, caller
from world import ANSWER


def test_an_answered_call_outlives_its_connection() -> None:
    peer = caller()
    peer.agent.connection_lost(now=peer.now)
    peer.pass_time(600)
    peer.hear_nothing()
    peer.agent.connection_made(now=peer.now)
    peer.nothing_sent()
    assert peer.agent.can_offer(peer.session)


def test_a_bye_without_a_connection_goes_out_on_the_next_one() -> None:
    peer = caller()
    peer.agent.connection_lost(now=peer.now)
    peer.agent.hang_up(peer.session, now=peer.now, reason="late")
    assert peer.hear(CallEnded).cause is EndCause.LOCAL_HANGUP
    peer.pass_time(40)
    peer.nothing_sent()
    peer.agent.connection_made(now=peer.now)
    bye = peer.request("BYE")
    assert bye.headers.get("Reason") == 'SIP;cause=200;text="late"'
    peer.reply(bye, 200)
    peer.hear_nothing()
    peer.come_to_rest()


def test_a_bye_whose_connection_breaks_before_the_reply_goes_out_again() -> None:
    peer = caller()
    peer.agent.hang_up(peer.session, now=peer.now)
    first = peer.request("BYE")
    peer.agent.connection_lost(now=peer.now)
    peer.agent.connection_made(now=peer.now)
    again = peer.request("BYE")
    assert (again.cseq_number, again.branch) != (first.cseq_number, first.branch)
    peer.reply(again, 481)
    peer.come_to_rest()


def test_a_bye_waits_for_a_connection_as_long_as_a_session_timer_lasts() -> None:
    peer = Caller(session_expires=200.0)
    peer.in_call()
    peer.unread.clear()
    peer.agent.connection_lost(now=peer.now)
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.hear(CallEnded)
    peer.pass_time(199.9)
    assert peer.agent.next_timer() == pytest.approx(peer.now + 0.1)
    peer.pass_time(0.1)
    assert peer.agent.is_idle
    peer.agent.connection_made(now=peer.now)
    peer.nothing_sent()


def test_a_bye_of_the_far_side_makes_ours_needless() -> None:
    peer = caller()
    peer.agent.connection_lost(now=peer.now)
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.hear(CallEnded)
    peer.ask("BYE")
    assert peer.start_lines() == ["SIP/2.0 200 OK"]
    peer.come_to_rest()
    peer.agent.connection_made(now=peer.now)
    peer.nothing_sent()


def test_a_session_can_be_moved_to_another_connection() -> None:
    peer = caller()
    peer.agent.connection_made(now=peer.now, flow="second", transport="ws")
    peer.agent.use_flow(peer.session, "second", now=peer.now)
    peer.agent.hang_up(peer.session, now=peer.now)
    [(flow, data)] = peer.agent.messages_to_send()
    assert flow == "second"
    assert data.split(b"\r\n")[1].startswith(b"Via: SIP/2.0/WS alice.invalid;")


def test_what_waited_goes_out_over_the_other_connection() -> None:
    peer = caller()
    peer.agent.connection_lost(now=peer.now)
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.hear(CallEnded)
    peer.agent.use_flow(peer.session, "second", now=peer.now)
    peer.nothing_sent()
    peer.agent.connection_made(now=peer.now, flow="second")
    [(flow, data)] = peer.agent.messages_to_send()
    assert flow == "second"
    assert data.startswith(b"BYE ")


def test_a_hang_up_that_waits_goes_out_at_once_over_an_open_connection() -> None:
    peer = caller()
    peer.agent.connection_made(now=peer.now, flow="second")
    peer.agent.connection_lost(now=peer.now)
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.hear(CallEnded)
    peer.nothing_sent()
    peer.agent.use_flow(peer.session, "second", now=peer.now)
    peer.request("BYE")


def test_a_call_that_is_gone_cannot_be_moved() -> None:
    peer = Caller()
    peer.agent.reject(peer.session, now=peer.now)
    peer.run()
    with pytest.raises(InvalidState):
        peer.agent.use_flow(peer.session, "second", now=peer.now)


def test_requests_of_the_far_side_move_the_call_to_their_connection() -> None:
    peer = caller()
    peer.agent.connection_made(now=peer.now, flow="second")
    peer.send(peer.make("OPTIONS", **peer.dialog), flow="second")
    peer.response(200)
    peer.agent.connection_lost(now=peer.now)
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.request("BYE")


def test_an_ack_that_comes_by_a_new_connection_confirms_the_call() -> None:
    peer = Caller()
    peer.agent.answer(peer.session, sdp=ANSWER, now=peer.now)
    response = peer.response(200)
    peer.agent.connection_lost(now=peer.now)
    peer.agent.connection_made(now=peer.now, flow="second")
    ack = peer.make("ACK", cseq=response.cseq_number, branch="z9hG4bKack", **peer.dialog)
    peer.send(ack, flow="second")
    peer.hear(CallConfirmed)
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.request("BYE")


def test_a_connection_lost_while_it_rings_ends_the_call_after_32_seconds() -> None:
    peer = Caller()
    peer.agent.connection_lost(now=peer.now)
    peer.pass_time(31.9)
    peer.hear_nothing()
    peer.pass_time(0.1)
    ended = peer.hear(CallEnded)
    assert (ended.cause, ended.status) == (EndCause.TRANSPORT, 503)


def test_an_invite_that_lost_its_connection_leaves_nothing() -> None:
    peer = Caller()
    peer.agent.ring(peer.session, now=peer.now)
    peer.response(180)
    peer.agent.connection_lost(now=peer.now)
    peer.pass_time(64)
    peer.hear(CallEnded)
    peer.nothing_sent()
    assert peer.agent.is_idle


def test_a_connection_that_comes_back_in_time_carries_the_answer() -> None:
    peer = Caller()
    peer.agent.connection_lost(now=peer.now)
    peer.pass_time(5)
    peer.agent.connection_made(now=peer.now)
    peer.pass_time(60)
    peer.hear_nothing()
    response = peer.answered()
    peer.ack(response)
    peer.hear(CallConfirmed)


def test_nothing_goes_out_over_a_connection_that_is_gone() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 180)
    peer.events.clear()
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.agent.connection_lost(now=peer.now)
    assert peer.agent.data_to_send() == []
    peer.hear(CallEnded)
    assert peer.agent.is_idle


def test_an_invite_of_ours_without_a_response_is_moved_with_its_session() -> None:
    peer = Callee()
    peer.agent.connection_made(now=peer.now, flow="second")
    peer.agent.use_flow(peer.session, "second", now=peer.now)
    peer.agent.connection_lost(now=peer.now)
    assert peer.hear(CallEnded).cause is EndCause.TRANSPORT
