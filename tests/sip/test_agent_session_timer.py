"""The session timer in a call: refreshes at their instants, and the end without one (RFC 4028)."""

from __future__ import annotations

import pytest

from exotel_voice.sip.events import (
    AnswerReceived,
    CallEnded,
    CallProgressed,
    EndCause,
    OfferReceived,
)
from exotel_voice.sip.message import Request
from raw_peer import Callee, Caller
from world import ANSWER, OFFER, SECOND_ANSWER, SECOND_OFFER

TIMER = ("Supported", "timer")
UPDATE = ("Allow", "INVITE, ACK, BYE, UPDATE")


def timed_callee(terms: str, *more: tuple[str, str]) -> Callee:
    """Alice has called, and the far side has agreed to a timer."""
    peer = Callee()
    peer.in_call(("Session-Expires", terms), ("Require", "timer"), *more)
    return peer


def refresh_at(peer: Callee | Caller, seconds: float, method: str) -> Request:
    """Take the refresh, which has to come after so many seconds and not before."""
    peer.pass_time(seconds - 0.01)
    peer.nothing_sent()
    peer.pass_time(0.01)
    return peer.request(method)


# -- Alice has called --------------------------------------------------------------------------


def test_the_refresh_goes_out_at_half_the_interval_as_written_here() -> None:
    peer = timed_callee("120;refresher=uac", UPDATE)
    peer.pass_time(59.99)
    peer.nothing_sent()
    peer.pass_time(0.01)
    assert peer.bytes_sent() == (
        b"UPDATE sip:peer@peer.invalid;transport=ws SIP/2.0\r\n"
        b"Via: SIP/2.0/WSS alice.invalid;branch=z9hG4bKa3\r\n"
        b"Max-Forwards: 70\r\n"
        b"From: <sip:alice@example.com>;tag=atag1\r\n"
        b"To: <sip:peer@example.com>;tag=peer\r\n"
        b"Call-ID: acall1\r\n"
        b"CSeq: 2 UPDATE\r\n"
        b"Contact: <sip:alice@alice.invalid;transport=ws>\r\n"
        b"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, REFER, NOTIFY\r\n"
        b"Supported: 100rel, outbound, path, replaces, timer\r\n"
        b"Session-Expires: 120;refresher=uac\r\n"
        b"User-Agent: test\r\n"
        b"Content-Length: 0\r\n"
        b"\r\n"
    )


def test_each_refresh_counts_anew_and_the_owner_hears_nothing() -> None:
    peer = timed_callee("120;refresher=uac", UPDATE)
    for _ in range(5):
        update = refresh_at(peer, 60, "UPDATE")
        peer.reply(update, 200, ("Session-Expires", "120;refresher=uac"))
    peer.hear_nothing()


def test_a_far_side_without_update_gets_a_reinvite_with_the_same_description() -> None:
    peer = timed_callee("120;refresher=uac", ("Allow", "INVITE, ACK, BYE"))
    reinvite = refresh_at(peer, 60, "INVITE")
    assert reinvite.body == OFFER
    peer.reply(reinvite, 200, ("Session-Expires", "120;refresher=uac"), body=ANSWER)
    peer.request("ACK")
    peer.hear_nothing()
    assert refresh_at(peer, 60, "INVITE").body == OFFER


def test_an_answer_that_a_refresh_changes_is_told() -> None:
    peer = timed_callee("120;refresher=uac")
    reinvite = refresh_at(peer, 60, "INVITE")
    peer.reply(reinvite, 200, ("Session-Expires", "120;refresher=uac"), body=SECOND_ANSWER)
    assert peer.hear(AnswerReceived).answer == SECOND_ANSWER


def test_a_refresh_waits_while_an_offer_is_open() -> None:
    peer = timed_callee("120;refresher=uac")
    peer.pass_time(59)
    peer.ask("INVITE", body=SECOND_OFFER)
    peer.response(100)
    peer.pass_time(3)
    peer.nothing_sent()
    peer.hear(OfferReceived)
    peer.agent.reject_offer(peer.session, now=peer.now)
    peer.response(488)
    assert refresh_at(peer, 1, "INVITE").body == OFFER


def test_without_an_answer_to_the_refresh_the_call_ends_32_seconds_early() -> None:
    peer = timed_callee("120;refresher=uac", UPDATE)
    refresh_at(peer, 60, "UPDATE")
    peer.agent.connection_lost(now=peer.now)
    peer.agent.connection_made(now=peer.now)
    refresh_at(peer, (88 - 60) / 2, "UPDATE")
    peer.agent.connection_lost(now=peer.now)
    peer.pass_time(13.99)
    peer.hear_nothing()
    peer.pass_time(0.01)
    ended = peer.hear(CallEnded)
    assert (ended.cause, ended.status) == (EndCause.SESSION_EXPIRED, 408)
    peer.agent.connection_made(now=peer.now)
    peer.request("BYE")


@pytest.mark.parametrize(
    ("status", "cause", "sent"),
    [(481, EndCause.REMOTE_HANGUP, []), (408, EndCause.TIMEOUT, ["BYE"])],
)
def test_a_refresh_that_finds_no_call_ends_ours(
    status: int, cause: EndCause, sent: list[str]
) -> None:
    peer = timed_callee("120;refresher=uac", UPDATE)
    peer.reply(refresh_at(peer, 60, "UPDATE"), status)
    assert peer.hear(CallEnded).cause is cause
    assert [line.split()[0] for line in peer.start_lines()] == sent


def test_a_refused_refresh_is_tried_again_and_the_call_lives() -> None:
    peer = timed_callee("120;refresher=uac", UPDATE)
    peer.reply(refresh_at(peer, 60, "UPDATE"), 500)
    peer.hear_nothing()
    update = refresh_at(peer, 14, "UPDATE")
    peer.reply(update, 200, ("Session-Expires", "120;refresher=uac"))
    refresh_at(peer, 60, "UPDATE")


def test_a_refresh_refused_422_goes_again_with_a_longer_interval() -> None:
    peer = timed_callee("120;refresher=uac", UPDATE)
    peer.reply(refresh_at(peer, 60, "UPDATE"), 422, ("Min-SE", "300"))
    again = peer.request("UPDATE")
    assert again.headers.get("Session-Expires") == "300;refresher=uac"
    assert again.headers.get("Min-SE") == "300"
    peer.reply(again, 200, ("Session-Expires", "300;refresher=uac"))
    refresh_at(peer, 150, "UPDATE")


def test_the_far_sides_refresh_keeps_the_call_and_its_silence_ends_it() -> None:
    peer = timed_callee("120;refresher=uas", UPDATE)
    peer.pass_time(60)
    peer.nothing_sent()
    peer.ask("UPDATE", ("Session-Expires", "120;refresher=uac"), TIMER)
    response = peer.response(200)
    assert response.headers.get("Session-Expires") == "120;refresher=uac"
    peer.pass_time(87.99)
    peer.hear_nothing()
    peer.pass_time(0.01)
    assert peer.hear(CallEnded).cause is EndCause.SESSION_EXPIRED
    assert peer.request("BYE").cseq_number == 2


def test_a_far_side_without_timers_needs_no_refresh() -> None:
    peer = Callee()
    peer.in_call()
    assert peer.agent.next_timer() == pytest.approx(peer.now + 32)
    peer.pass_time(10_000)
    peer.nothing_sent()
    peer.hear_nothing()


def test_a_422_while_it_rings_forgets_the_ringing_of_the_first_try() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 180)
    peer.hear(CallProgressed)
    peer.reply(peer.invite_sent, 422, ("Min-SE", "2000"))
    peer.request("ACK")
    again = peer.request("INVITE")
    peer.reply(again, 180, tag="second")
    peer.hear(CallProgressed)
    peer.reply(again, 200, tag="second", body=ANSWER)
    assert peer.request("ACK").to_tag == "second"


# -- Alice was called --------------------------------------------------------------------------


def timed_caller(*headers: tuple[str, str]) -> Caller:
    """Alice was called with these headers and talks."""
    peer = Caller(headers=headers)
    peer.in_call()
    peer.unread.clear()
    return peer


def test_the_200_agrees_to_the_callers_terms() -> None:
    peer = Caller(headers=(TIMER, ("Session-Expires", "120;refresher=uas")))
    response = peer.answered()
    assert response.headers.get("Session-Expires") == "120;refresher=uas"
    assert response.headers.get("Require") == "timer"


def test_the_callee_refreshes_when_it_is_to() -> None:
    peer = timed_caller(TIMER, ("Session-Expires", "120;refresher=uas"), UPDATE)
    update = refresh_at(peer, 60, "UPDATE")
    assert update.headers.get("Session-Expires") == "120;refresher=uac"


def test_the_callee_ends_the_call_that_its_caller_does_not_refresh() -> None:
    peer = timed_caller(TIMER, ("Session-Expires", "90;refresher=uac"))
    peer.pass_time(59.99)
    peer.hear_nothing()
    peer.pass_time(0.01)
    assert peer.hear(CallEnded).cause is EndCause.SESSION_EXPIRED
    peer.request("BYE")


def test_an_invite_with_too_short_an_interval_gets_422_and_does_not_ring() -> None:
    peer = Callee(min_session_expires=200.0)
    peer.invite(TIMER, ("Session-Expires", "100"))
    peer.response(100)
    assert peer.response(422).headers.get("Min-SE") == "200"
    peer.hear_nothing()


@pytest.mark.parametrize("body", [b"", SECOND_OFFER])
def test_an_update_with_too_short_an_interval_gets_422(body: bytes) -> None:
    peer = timed_caller(TIMER)
    peer.ask("UPDATE", TIMER, ("Session-Expires", "89"), body=body)
    assert peer.response(422).headers.get("Min-SE") == "90"
    peer.hear_nothing()


def test_a_reinvite_refreshes_the_session_as_well() -> None:
    peer = timed_caller(TIMER, ("Session-Expires", "120;refresher=uac"))
    peer.pass_time(80)
    peer.ask("INVITE", TIMER, ("Session-Expires", "120;refresher=uac"), body=SECOND_OFFER)
    peer.response(100)
    peer.hear(OfferReceived)
    peer.agent.answer_offer(peer.session, sdp=SECOND_ANSWER, now=peer.now)
    response = peer.response(200)
    assert response.headers.get("Session-Expires") == "120;refresher=uac"
    peer.ack(response)
    peer.pass_time(87.99)
    peer.hear_nothing()
    peer.pass_time(0.01)
    assert peer.hear(CallEnded).cause is EndCause.SESSION_EXPIRED


def test_a_provisional_response_to_a_refresh_says_nothing() -> None:
    peer = timed_callee("120;refresher=uac", UPDATE)
    update = refresh_at(peer, 60, "UPDATE")
    peer.reply(update, 100)
    peer.reply(update, 200, ("Session-Expires", "120;refresher=uac"))
    refresh_at(peer, 60, "UPDATE")


def test_a_refused_refresh_by_reinvite_is_tried_again() -> None:
    peer = timed_callee("120;refresher=uac")
    peer.reply(refresh_at(peer, 60, "INVITE"), 500)
    peer.request("ACK")
    peer.hear_nothing()
    assert refresh_at(peer, 14, "INVITE").body == OFFER
