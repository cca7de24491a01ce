"""Hanging up before the answer, and what may cross it (RFC 3261 §9.1, §15.1.1)."""

from __future__ import annotations

import pytest

from exotel_voice.errors import InvalidState
from exotel_voice.sip.events import CallEnded, CallProgressed, EndCause
from raw_peer import Callee
from world import ANSWER, password


def test_the_cancel_goes_out_as_written_here() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 180)
    peer.hear(CallProgressed)
    peer.agent.hang_up(peer.session, now=peer.now, reason="changed my mind")
    ended = peer.hear(CallEnded)
    assert (ended.cause, ended.status, ended.reason) == (
        EndCause.LOCAL_CANCEL,
        487,
        "changed my mind",
    )
    assert peer.bytes_sent() == (
        b"CANCEL sip:peer@example.com SIP/2.0\r\n"
        b"Via: SIP/2.0/WSS alice.invalid;branch=z9hG4bKa1\r\n"
        b"Max-Forwards: 70\r\n"
        b"From: <sip:alice@example.com>;tag=atag1\r\n"
        b"To: <sip:peer@example.com>\r\n"
        b"Call-ID: acall1\r\n"
        b"CSeq: 1 CANCEL\r\n"
        b'Reason: SIP;cause=487;text="changed my mind"\r\n'
        b"Content-Length: 0\r\n"
        b"\r\n"
    )
    with pytest.raises(InvalidState):
        peer.agent.hang_up(peer.session, now=peer.now)


def test_a_cancel_waits_for_the_first_provisional_response() -> None:
    peer = Callee()
    peer.agent.hang_up(peer.session, now=peer.now)
    assert peer.hear(CallEnded).cause is EndCause.LOCAL_CANCEL
    peer.nothing_sent()
    peer.reply(peer.invite_sent, 100)
    peer.request("CANCEL")
    peer.hear_nothing()


def test_a_cancelled_invite_that_nobody_answers_leaves_nothing() -> None:
    peer = Callee()
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.reply(peer.invite_sent, 100)
    peer.reply(peer.request("CANCEL"), 200)
    peer.hear(CallEnded)
    peer.pass_time(33.0)
    peer.hear_nothing()
    assert peer.agent.is_idle


def test_a_200_that_crosses_the_cancel_gets_ack_and_bye() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 180)
    peer.agent.hang_up(peer.session, now=peer.now)
    cancel = peer.request("CANCEL")
    peer.reply(peer.invite_sent, 200, body=ANSWER)
    peer.request("ACK")
    bye = peer.request("BYE")
    peer.reply(cancel, 481)
    peer.reply(bye, 200)
    peer.hear(CallProgressed)
    peer.hear(CallEnded)
    peer.hear_nothing()
    peer.pass_time(32.0)
    assert peer.agent.is_idle


def test_a_challenge_that_crosses_the_cancel_is_not_answered() -> None:
    peer = Callee(credentials=password("alice"))
    peer.reply(peer.invite_sent, 100)
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.request("CANCEL")
    peer.reply(peer.invite_sent, 407, ("Proxy-Authenticate", 'Digest realm="r", nonce="n"'))
    assert peer.start_lines() == ["ACK sip:peer@example.com SIP/2.0"]


def test_ringing_after_the_hang_up_is_not_told() -> None:
    peer = Callee()
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.hear(CallEnded)
    peer.reply(peer.invite_sent, 180)
    peer.request("CANCEL")
    peer.reply(peer.invite_sent, 183, body=ANSWER)
    peer.hear_nothing()
    peer.nothing_sent()
