"""Digits and other bodies by INFO, both ways (RFC 6086)."""

from __future__ import annotations

import pytest

from exotel_voice.errors import ConfigError, InvalidState
from exotel_voice.sip.events import (
    CallEnded,
    DigitReceived,
    EndCause,
    InfoAnswered,
    InfoReceived,
)
from raw_peer import Caller, callee, caller
from world import password


def test_a_digit_goes_out_as_written_here() -> None:
    peer = caller()
    peer.agent.send_digit(peer.session, "#", now=peer.now, duration=0.1)
    assert peer.bytes_sent() == (
        b"INFO sip:peer@peer.invalid;transport=ws SIP/2.0\r\n"
        b"Via: SIP/2.0/WSS alice.invalid;branch=z9hG4bKa1\r\n"
        b"Max-Forwards: 70\r\n"
        b"From: <sip:alice@example.com>;tag=atag1\r\n"
        b"To: <sip:peer@example.com>;tag=peer\r\n"
        b"Call-ID: peercall\r\n"
        b"CSeq: 1 INFO\r\n"
        b"User-Agent: test\r\n"
        b"Content-Type: application/dtmf-relay\r\n"
        b"Content-Length: 22\r\n"
        b"\r\n"
        b"Signal=#\r\nDuration=100"
    )


def test_the_other_form_goes_out_too() -> None:
    peer = callee()
    peer.agent.send_info(peer.session, content_type="application/dtmf", body=b"5", now=peer.now)
    info = peer.request("INFO")
    assert (info.content_type, info.body) == ("application/dtmf", b"5")


@pytest.mark.parametrize("status", [200, 415, 500])
def test_the_answer_to_a_digit_is_told(status: int) -> None:
    peer = caller()
    peer.agent.send_digit(peer.session, "1", now=peer.now)
    peer.reply(peer.request("INFO"), status, reason="So")
    told = InfoAnswered(session=peer.session, status=status, reason="So")
    assert peer.hear(InfoAnswered) == told
    peer.hear_nothing()


def test_digits_go_out_one_after_another_without_waiting() -> None:
    peer = caller()
    for digit in "12#":
        peer.agent.send_digit(peer.session, digit, now=peer.now)
    infos = [peer.request("INFO") for _ in range(3)]
    assert [each.cseq_number for each in infos] == [1, 2, 3]
    for each in reversed(infos):
        peer.reply(each, 200)
    assert [peer.hear(InfoAnswered).status for _ in infos] == [200] * 3


def test_a_digit_that_finds_no_call_ends_ours() -> None:
    peer = caller()
    peer.agent.send_digit(peer.session, "1", now=peer.now)
    peer.reply(peer.request("INFO"), 481)
    assert peer.hear(InfoAnswered).status == 481
    ended = peer.hear(CallEnded)
    assert (ended.cause, ended.status) == (EndCause.REMOTE_HANGUP, 481)
    peer.nothing_sent()


def test_a_digit_that_nobody_answers_does_not_end_the_call() -> None:
    peer = caller()
    peer.agent.send_digit(peer.session, "1", now=peer.now)
    peer.request("INFO")
    peer.pass_time(31.99)
    peer.hear_nothing()
    peer.pass_time(0.01)
    assert peer.hear(InfoAnswered).status == 408
    peer.hear_nothing()


def test_a_challenged_digit_goes_again_with_credentials() -> None:
    peer = Caller(credentials=password("alice"))
    peer.in_call()
    peer.unread.clear()
    peer.agent.send_digit(peer.session, "1", now=peer.now)
    peer.reply(peer.request("INFO"), 407, ("Proxy-Authenticate", 'Digest realm="r", nonce="n"'))
    again = peer.request("INFO")
    assert (again.cseq_number, again.body) == (2, b"Signal=1\r\nDuration=240")
    assert "Proxy-Authorization" in again.headers
    peer.agent.hang_up(peer.session, now=peer.now)
    assert peer.request("BYE").cseq_number == 3


@pytest.mark.parametrize(("digit", "duration"), [("x", 0.2), ("12", 0.2), ("", 0.2), ("1", 9.0)])
def test_what_is_no_digit_is_refused_and_sends_nothing(digit: str, duration: float) -> None:
    peer = caller()
    with pytest.raises(ConfigError):
        peer.agent.send_digit(peer.session, digit, now=peer.now, duration=duration)
    peer.nothing_sent()


def test_no_digit_goes_out_before_the_answer() -> None:
    peer = Caller()
    with pytest.raises(InvalidState):
        peer.agent.send_digit(peer.session, "1", now=peer.now)
    peer.nothing_sent()


@pytest.mark.parametrize(
    ("content_type", "body", "digit", "duration"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=240", "5", 0.24),
        ("application/dtmf-relay", b"Signal= *\nDuration= 100\n", "*", 0.1),
        ("application/dtmf-relay", b"signal=11", "#", None),
        ("application/dtmf-relay", b"Duration=80\r\nSignal=d\r\n", "D", 0.08),
        ("application/dtmf-relay; charset=x", b"Signal=0\r\nDuration=x", "0", None),
        ("Application/DTMF", b"7\r\n", "7", None),
        ("application/dtmf", b"10", "*", None),
    ],
)
def test_a_digit_that_comes_is_told(
    content_type: str, body: bytes, digit: str, duration: float | None
) -> None:
    peer = caller()
    peer.ask("INFO", ("Content-Type", content_type), body=body)
    peer.response(200)
    told = DigitReceived(session=peer.session, digit=digit, duration=duration)
    assert peer.hear(DigitReceived) == told
    peer.hear_nothing()


@pytest.mark.parametrize("body", [b"", b"Signal=x", b"Signal=16", b"\xff", b"Duration=5"])
def test_a_body_without_a_digit_gets_400(body: bytes) -> None:
    peer = caller()
    peer.ask("INFO", ("Content-Type", "application/dtmf-relay"), body=body)
    peer.response(400)
    peer.hear_nothing()


def test_another_body_is_answered_200_and_told() -> None:
    peer = caller()
    peer.ask("INFO", ("Content-Type", "application/media_control+xml"), body=b"<a/>")
    peer.response(200)
    told = peer.hear(InfoReceived)
    assert (told.content_type, told.body) == ("application/media_control+xml", b"<a/>")


def test_an_info_without_a_body_is_answered_200_and_says_nothing() -> None:
    peer = caller()
    peer.ask("INFO")
    peer.response(200)
    peer.hear_nothing()


def test_a_digit_that_comes_twice_is_told_once() -> None:
    peer = caller()
    info = peer.ask("INFO", ("Content-Type", "application/dtmf"), body=b"1")
    peer.hear(DigitReceived)
    peer.response(200)
    late = peer.make("INFO", cseq=info.cseq_number, branch="z9hG4bKlate", **peer.dialog)
    peer.send(late)
    peer.response(500)
    peer.hear_nothing()


def test_a_provisional_response_to_a_digit_says_nothing() -> None:
    peer = caller()
    peer.agent.send_digit(peer.session, "1", now=peer.now)
    info = peer.request("INFO")
    peer.reply(info, 100)
    peer.hear_nothing()
    peer.reply(info, 200)
    assert peer.hear(InfoAnswered).status == 200
