"""The far side's INVITE: ringing, answer, refusal, and their times (RFC 3261 §13.3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from exotel_voice.errors import ConfigError, InvalidState
from exotel_voice.sip.events import (
    CallConfirmed,
    CallEnded,
    EndCause,
    InviteReceived,
    MessageDropped,
)
from raw_peer import Caller, RawPeer
from world import ANSWER, OFFER


def test_an_invite_is_told_with_all_that_it_says() -> None:
    peer = RawPeer()
    peer.invite(
        ("X-Exotel-Callsid", "c1"),
        ("legsid", "l1"),
        from_='"Bob B." <sip:bob@example.com;user=phone>;tag=peer',
    )
    told = peer.hear(InviteReceived)
    assert told == InviteReceived(
        session=told.session,
        call_id="peercall",
        from_uri="sip:bob@example.com;user=phone",
        from_display_name="Bob B.",
        to_uri="sip:alice@example.com",
        request_uri="sip:alice@alice.invalid;transport=ws",
        headers=told.headers,
        offer=OFFER,
        flow="default",
    )
    assert told.headers["x-exotel-callsid"] == ("c1",)
    assert told.headers["LegSid"] == ("l1",)
    peer.hear_nothing()


def test_ringing_goes_out_once_and_as_written_here() -> None:
    peer = Caller(headers=(("Record-Route", "<sip:p1.invalid;lr>, <sip:p2.invalid;lr>"),))
    peer.agent.ring(peer.session, now=peer.now)
    assert peer.bytes_sent() == (
        b"SIP/2.0 180 Ringing\r\n"
        b"Via: SIP/2.0/WSS peer.invalid;branch=z9hG4bKpeerINVITE1\r\n"
        b"From: <sip:peer@example.com>;tag=peer\r\n"
        b"To: <sip:alice@example.com>;tag=atag1\r\n"
        b"Call-ID: peercall\r\n"
        b"CSeq: 1 INVITE\r\n"
        b"Record-Route: <sip:p1.invalid;lr>, <sip:p2.invalid;lr>\r\n"
        b"Contact: <sip:alice@alice.invalid;transport=ws>\r\n"
        b"Server: test\r\n"
        b"Content-Length: 0\r\n"
        b"\r\n"
    )
    peer.nothing_sent()


def test_the_answer_goes_out_as_written_here() -> None:
    peer = Caller()
    peer.agent.answer(peer.session, sdp=ANSWER, now=peer.now, headers={"X-Agent": "7"})
    assert peer.bytes_sent() == (
        b"SIP/2.0 200 OK\r\n"
        b"Via: SIP/2.0/WSS peer.invalid;branch=z9hG4bKpeerINVITE1\r\n"
        b"From: <sip:peer@example.com>;tag=peer\r\n"
        b"To: <sip:alice@example.com>;tag=atag1\r\n"
        b"Call-ID: peercall\r\n"
        b"CSeq: 1 INVITE\r\n"
        b"Contact: <sip:alice@alice.invalid;transport=ws>\r\n"
        b"X-Agent: 7\r\n"
        b"Server: test\r\n"
        b"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, REFER, NOTIFY\r\n"
        b"Supported: 100rel, outbound, path, replaces, timer\r\n"
        b"Content-Type: application/sdp\r\n"
        b"Content-Length: 89\r\n"
        b"\r\n" + ANSWER
    )
    peer.hear_nothing()


def test_the_bye_goes_out_as_written_here() -> None:
    peer = Caller(headers=(("Record-Route", "<sip:p1.invalid;lr>, <sip:p2.invalid;lr>"),))
    peer.in_call()
    peer.agent.hang_up(peer.session, now=peer.now, reason="done")
    assert peer.bytes_sent() == (
        b"BYE sip:peer@peer.invalid;transport=ws SIP/2.0\r\n"
        b"Via: SIP/2.0/WSS alice.invalid;branch=z9hG4bKa1\r\n"
        b"Route: <sip:p1.invalid;lr>\r\n"
        b"Route: <sip:p2.invalid;lr>\r\n"
        b"Max-Forwards: 70\r\n"
        b"From: <sip:alice@example.com>;tag=atag1\r\n"
        b"To: <sip:peer@example.com>;tag=peer\r\n"
        b"Call-ID: peercall\r\n"
        b"CSeq: 1 BYE\r\n"
        b"User-Agent: test\r\n"
        b'Reason: SIP;cause=200;text="done"\r\n'
        b"Content-Length: 0\r\n"
        b"\r\n"
    )
    ended = peer.hear(CallEnded)
    assert (ended.cause, ended.status, ended.reason) == (EndCause.LOCAL_HANGUP, 200, "done")


def test_the_ack_confirms_the_call() -> None:
    peer = Caller()
    response = peer.answered()
    peer.hear_nothing()
    assert not peer.agent.can_offer(peer.session)
    peer.ack(response)
    assert peer.hear(CallConfirmed) == CallConfirmed(session=peer.session, answer=None)
    assert peer.agent.can_offer(peer.session)
    peer.ack(response)
    peer.hear_nothing()


def test_the_200_is_sent_again_until_the_ack_comes() -> None:
    peer = Caller()
    response = peer.answered()
    instants = []
    started = peer.now
    while peer.now < started + 20:
        at = peer.agent.next_timer()
        assert at is not None
        peer.pass_time(at - peer.now)
        if peer.unread:
            assert peer.bytes_sent() == bytes(response)
            instants.append(round(peer.now - started, 3))
    assert instants == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5][: len(instants)]
    assert len(instants) >= 6
    peer.ack(response)
    peer.pass_time(10)
    peer.nothing_sent()


def test_without_an_ack_the_call_ends_with_a_bye_after_32_seconds() -> None:
    peer = Caller()
    peer.answered()
    peer.pass_time(31.9)
    peer.hear_nothing()
    peer.unread.clear()
    peer.pass_time(0.1)
    ended = peer.hear(CallEnded)
    assert (ended.cause, ended.status) == (EndCause.TIMEOUT, 408)
    peer.reply(peer.request("BYE"), 200)
    assert peer.agent.is_idle


def test_a_hang_up_between_200_and_ack_sends_its_bye_after_the_ack() -> None:
    peer = Caller()
    response = peer.answered()
    peer.agent.hang_up(peer.session, now=peer.now)
    assert peer.hear(CallEnded).cause is EndCause.LOCAL_HANGUP
    peer.nothing_sent()
    peer.pass_time(0.5)
    peer.response(200)
    peer.ack(response)
    peer.reply(peer.request("BYE"), 200)
    peer.hear_nothing()


def test_a_hang_up_between_200_and_ack_gives_up_on_the_ack_after_32_seconds() -> None:
    peer = Caller()
    peer.answered()
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.pass_time(31.9)
    peer.unread.clear()
    peer.pass_time(0.1)
    peer.request("BYE")


def test_a_bye_instead_of_the_ack_ends_the_call() -> None:
    peer = Caller()
    peer.answered()
    peer.ask("BYE")
    peer.response(200)
    assert peer.hear(CallEnded).cause is EndCause.REMOTE_HANGUP
    peer.pass_time(40)
    peer.nothing_sent()
    assert peer.agent.is_idle


def test_a_refusal_goes_out_as_written_here() -> None:
    peer = Caller()
    peer.agent.reject(
        peer.session, now=peer.now, status=603, reason="No Thanks", headers={"X-Why": "busy"}
    )
    assert peer.bytes_sent() == (
        b"SIP/2.0 603 No Thanks\r\n"
        b"Via: SIP/2.0/WSS peer.invalid;branch=z9hG4bKpeerINVITE1\r\n"
        b"From: <sip:peer@example.com>;tag=peer\r\n"
        b"To: <sip:alice@example.com>;tag=atag1\r\n"
        b"Call-ID: peercall\r\n"
        b"CSeq: 1 INVITE\r\n"
        b"X-Why: busy\r\n"
        b"Server: test\r\n"
        b"Content-Length: 0\r\n"
        b"\r\n"
    )
    ended = peer.hear(CallEnded)
    assert (ended.cause, ended.status, ended.reason) == (EndCause.LOCAL_REJECT, 603, "No Thanks")
    peer.hear_nothing()


def test_a_hang_up_while_it_rings_refuses_with_480() -> None:
    peer = Caller()
    peer.agent.ring(peer.session, now=peer.now)
    peer.response(180)
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.response(480)
    assert peer.hear(CallEnded).cause is EndCause.LOCAL_REJECT


def test_a_cancel_ends_the_call_with_487() -> None:
    peer = Caller()
    cancel = peer.make("CANCEL", cseq=1, branch="z9hG4bKpeerINVITE1")
    peer.send(cancel)
    assert peer.response(200).cseq_method == "CANCEL"
    terminated = peer.response(487)
    assert terminated.to_tag == peer.session
    ended = peer.hear(CallEnded)
    assert (ended.cause, ended.status, ended.reason) == (
        EndCause.REMOTE_CANCEL,
        487,
        "Request Terminated",
    )
    with pytest.raises(InvalidState):
        peer.agent.answer(peer.session, sdp=ANSWER, now=peer.now)
    peer.nothing_sent()


def test_a_cancel_may_say_that_another_phone_has_answered() -> None:
    peer = Caller()
    reason = ("Reason", 'SIP;cause=200;text="Call completed elsewhere"')
    peer.send(peer.make("CANCEL", reason, cseq=1, branch="z9hG4bKpeerINVITE1"))
    ended = peer.hear(CallEnded)
    assert (ended.cause, ended.reason) == (
        EndCause.ANSWERED_ELSEWHERE,
        "Call completed elsewhere",
    )


def test_a_cancel_after_the_answer_changes_nothing() -> None:
    peer = Caller()
    response = peer.answered()
    peer.send(peer.make("CANCEL", cseq=1, branch="z9hG4bKpeerINVITE1"))
    peer.response(200)
    peer.ack(response)
    peer.hear(CallConfirmed)
    peer.hear_nothing()


def test_a_bye_before_the_answer_ends_the_call_with_487() -> None:
    peer = Caller()
    peer.agent.ring(peer.session, now=peer.now)
    peer.response(180)
    peer.ask("BYE")
    assert peer.response(200).cseq_method == "BYE"
    assert peer.response(487).cseq_method == "INVITE"
    assert peer.hear(CallEnded).cause is EndCause.REMOTE_CANCEL


def test_an_invite_runs_out_at_its_expires() -> None:
    peer = Caller(headers=(("Expires", "20"),))
    peer.agent.ring(peer.session, now=peer.now)
    peer.response(180)
    peer.pass_time(19.9)
    peer.hear_nothing()
    peer.pass_time(0.1)
    peer.response(487)
    assert peer.hear(CallEnded).cause is EndCause.REMOTE_CANCEL


def test_ringing_is_repeated_each_minute_for_the_proxies_on_the_way() -> None:
    peer = Caller()
    peer.agent.ring(peer.session, now=peer.now)
    ringing = peer.response(180)
    for _ in range(3):
        peer.pass_time(59.9)
        peer.nothing_sent()
        peer.pass_time(0.1)
        assert peer.bytes_sent() == bytes(ringing)


@pytest.mark.parametrize("is_ringing", [True, False])
def test_a_caller_that_has_vanished_does_not_make_it_ring_for_ever(is_ringing: bool) -> None:
    peer = Caller()
    if is_ringing:
        peer.agent.ring(peer.session, now=peer.now)
    peer.pass_time(299.99)
    peer.hear_nothing()
    peer.unread.clear()
    peer.pass_time(0.01)
    peer.response(480)
    ended = peer.hear(CallEnded)
    assert (ended.cause, ended.status) == (EndCause.NO_ANSWER, 480)


def test_without_a_limit_a_call_may_wait_for_ever() -> None:
    peer = Caller(ring_limit=None)
    assert peer.agent.next_timer() is None


def test_a_delayed_offer_goes_out_with_the_200_and_its_answer_comes_with_the_ack() -> None:
    peer = Caller(body=b"")
    response = peer.answered(OFFER)
    assert response.body == OFFER
    peer.ack(response, body=ANSWER)
    assert peer.hear(CallConfirmed).answer == ANSWER


def test_an_ack_without_the_answer_that_is_due_ends_the_call() -> None:
    peer = Caller(body=b"")
    peer.ack(peer.answered(OFFER))
    assert peer.hear(CallEnded).cause is EndCause.PROTOCOL
    peer.request("BYE")


def test_a_caller_too_many_gets_486() -> None:
    peer = Caller(max_sessions=1)
    peer.invite(call_id="another")
    peer.response(100)
    peer.response(486)
    peer.hear_nothing()


def test_commands_out_of_place_are_refused_and_send_nothing() -> None:
    peer = Caller()
    agent, session, now = peer.agent, peer.session, peer.now
    with pytest.raises(ConfigError):
        agent.ring(session, now=now, status=200)
    with pytest.raises(ConfigError):
        agent.reject(session, now=now, status=200)
    with pytest.raises(ConfigError):
        agent.answer(session, sdp=ANSWER, now=now, headers={"X": "a\nb"})
    with pytest.raises(InvalidState):
        agent.offer(session, sdp=OFFER, now=now)
    with pytest.raises(InvalidState):
        agent.send_digit(session, "1", now=now)
    with pytest.raises(InvalidState):
        agent.answer_offer(session, sdp=ANSWER, now=now)
    peer.nothing_sent()
    peer.in_call()
    commands: tuple[Callable[[], None], ...] = (
        lambda: agent.ring(session, now=now),
        lambda: agent.answer(session, sdp=ANSWER, now=now),
        lambda: agent.reject(session, now=now),
        lambda: agent.reject_offer(session, now=now),
        lambda: agent.provide_offer(session, sdp=OFFER, now=now),
    )
    for command in commands:
        with pytest.raises(InvalidState):
            command()
    peer.nothing_sent()


def test_an_unknown_session_is_refused() -> None:
    peer = RawPeer()
    peer.invite()
    session = peer.hear(InviteReceived).session
    peer.agent.reject(session, now=peer.now)
    with pytest.raises(InvalidState):
        peer.agent.hang_up(session, now=peer.now)


def test_an_orphan_ack_is_dropped() -> None:
    peer = RawPeer()
    peer.send(peer.make("ACK", to="<sip:alice@example.com>;tag=none"))
    assert peer.hear(MessageDropped).kind == "stray_ack"
    peer.nothing_sent()
