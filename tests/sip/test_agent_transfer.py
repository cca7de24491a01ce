"""Call transfer as two user agents live it: blind and attended, both roles (RFC 3515, RFC 5589)."""

from __future__ import annotations

import pytest

from exotel_voice.errors import InvalidState
from exotel_voice.sip.events import (
    CallAnswered,
    CallEnded,
    EndCause,
    TransferProgressed,
    TransferRequested,
)
from raw_peer import Callee, Caller, callee, caller
from world import ANSWER, OFFER, World

CAROL = "sip:carol@example.com"
FRAGMENT = ("Content-Type", "message/sipfrag;version=2.0")


def news(peer: Callee | Caller, line: str, state: str = "active;expires=60") -> None:
    """Tell Alice how the call that she asked for fares."""
    headers = (("Event", "refer"), ("Subscription-State", state), FRAGMENT)
    peer.ask("NOTIFY", *headers, body=f"SIP/2.0 {line}\r\n".encode())


# -- Alice asks --------------------------------------------------------------------------------


def test_the_refer_goes_out_as_written_here() -> None:
    peer = callee()
    peer.agent.transfer(peer.session, CAROL, now=peer.now)
    assert peer.bytes_sent() == (
        b"REFER sip:peer@peer.invalid;transport=ws SIP/2.0\r\n"
        b"Via: SIP/2.0/WSS alice.invalid;branch=z9hG4bKa3\r\n"
        b"Max-Forwards: 70\r\n"
        b"From: <sip:alice@example.com>;tag=atag1\r\n"
        b"To: <sip:peer@example.com>;tag=peer\r\n"
        b"Call-ID: acall1\r\n"
        b"CSeq: 2 REFER\r\n"
        b"Contact: <sip:alice@alice.invalid;transport=ws>\r\n"
        b"User-Agent: test\r\n"
        b"Refer-To: <sip:carol@example.com>\r\n"
        b"Referred-By: <sip:alice@example.com>\r\n"
        b"Content-Length: 0\r\n"
        b"\r\n"
    )


def test_news_are_told_until_the_final_one_and_the_call_goes_on() -> None:
    peer = callee()
    peer.agent.transfer(peer.session, CAROL, now=peer.now)
    peer.reply(peer.request("REFER"), 202)
    news(peer, "100 Trying")
    news(peer, "180 Ringing")
    news(peer, "200 OK", "terminated;reason=noresource")
    assert [peer.response(200).cseq_method for _ in range(3)] == ["NOTIFY"] * 3
    told = [peer.hear(TransferProgressed) for _ in range(3)]
    assert [(each.status, each.is_final) for each in told] == [
        (100, False),
        (180, False),
        (200, True),
    ]
    peer.hear_nothing()
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.request("BYE")


def test_a_transfer_that_is_refused_leaves_the_call() -> None:
    peer = callee()
    peer.agent.transfer(peer.session, CAROL, now=peer.now)
    with pytest.raises(InvalidState):
        peer.agent.transfer(peer.session, CAROL, now=peer.now)
    peer.reply(peer.request("REFER"), 603)
    told = peer.hear(TransferProgressed)
    assert (told.status, told.is_final) == (603, True)
    peer.hear_nothing()
    assert peer.agent.sessions == (peer.session,)


def test_a_far_side_that_hangs_up_after_the_202_ends_call_and_transfer() -> None:
    peer = callee()
    peer.agent.transfer(peer.session, CAROL, now=peer.now)
    peer.reply(peer.request("REFER"), 202)
    peer.ask("BYE")
    assert peer.hear(CallEnded).cause is EndCause.REMOTE_HANGUP
    peer.pass_time(400)
    peer.hear_nothing()
    assert peer.agent.is_idle


def test_a_notify_for_no_refer_gets_481_and_another_event_489() -> None:
    peer = callee()
    news(peer, "100 Trying")
    peer.response(481)
    peer.ask("NOTIFY", ("Event", "presence"))
    peer.response(489)
    peer.hear_nothing()


def test_a_call_that_has_not_been_answered_cannot_be_transferred() -> None:
    peer = Caller()
    with pytest.raises(InvalidState):
        peer.agent.transfer(peer.session, CAROL, now=peer.now)
    peer.nothing_sent()


# -- Alice is asked ----------------------------------------------------------------------------


def test_the_202_and_the_notifies_go_out_as_written_here() -> None:
    peer = caller()
    peer.ask("REFER", ("Refer-To", f"<{CAROL}>"), ("Referred-By", "<sip:peer@example.com>"))
    asked = peer.hear(TransferRequested)
    assert (asked.target, asked.replaces) == (CAROL, None)
    assert asked.referred_by == "<sip:peer@example.com>"
    peer.nothing_sent()
    peer.agent.accept_transfer(peer.session, now=peer.now)
    assert peer.response(202).headers.get("Contact") == ("<sip:alice@alice.invalid;transport=ws>")
    assert peer.bytes_sent() == (
        b"NOTIFY sip:peer@peer.invalid;transport=ws SIP/2.0\r\n"
        b"Via: SIP/2.0/WSS alice.invalid;branch=z9hG4bKa1\r\n"
        b"Max-Forwards: 70\r\n"
        b"From: <sip:alice@example.com>;tag=atag1\r\n"
        b"To: <sip:peer@example.com>;tag=peer\r\n"
        b"Call-ID: peercall\r\n"
        b"CSeq: 1 NOTIFY\r\n"
        b"Contact: <sip:alice@alice.invalid;transport=ws>\r\n"
        b"User-Agent: test\r\n"
        b"Event: refer\r\n"
        b"Subscription-State: active;expires=300\r\n"
        b"Content-Type: message/sipfrag;version=2.0\r\n"
        b"Content-Length: 20\r\n"
        b"\r\n"
        b"SIP/2.0 100 Trying\r\n"
    )
    peer.pass_time(7)
    peer.agent.report_transfer(peer.session, status=486, reason="Busy Here", now=peer.now)
    last = peer.request("NOTIFY")
    assert last.headers.get("Subscription-State") == "terminated;reason=noresource"
    assert last.body == b"SIP/2.0 486 Busy Here\r\n"


@pytest.mark.parametrize("status", [603, 488])
def test_a_transfer_can_be_refused(status: int) -> None:
    peer = caller()
    peer.ask("REFER", ("Refer-To", f"<{CAROL}>"))
    peer.agent.reject_transfer(peer.session, status=status, now=peer.now)
    peer.response(status)
    peer.nothing_sent()
    with pytest.raises(InvalidState):
        peer.agent.accept_transfer(peer.session, now=peer.now)


def test_a_refer_before_the_answer_gets_491() -> None:
    peer = Caller()
    peer.ask("REFER", ("Refer-To", f"<{CAROL}>"))
    peer.response(491)
    peer.hear_nothing()


def test_a_hang_up_refuses_the_transfer_that_waits() -> None:
    peer = caller()
    peer.ask("REFER", ("Refer-To", f"<{CAROL}>"))
    peer.agent.hang_up(peer.session, now=peer.now)
    assert [line.split(" ", 2)[:2] for line in peer.start_lines()] == [
        ["BYE", "sip:peer@peer.invalid;transport=ws"],
        ["SIP/2.0", "481"],
    ]


def test_a_notify_that_finds_nobody_ends_the_reports() -> None:
    peer = caller()
    peer.ask("REFER", ("Refer-To", f"<{CAROL}>"))
    peer.agent.accept_transfer(peer.session, now=peer.now)
    peer.response(202)
    peer.reply(peer.request("NOTIFY"), 481)
    with pytest.raises(InvalidState):
        peer.agent.report_transfer(peer.session, status=200, reason="OK", now=peer.now)


# -- both together -----------------------------------------------------------------------------


def test_an_attended_transfer_replaces_the_second_call() -> None:
    """Alice talks with Bob in two calls, and asks him to join the one to the other."""
    world = World()
    alice, bob = world.talk()
    ours, theirs = world.call()
    world.bob.agent.answer(theirs, sdp=ANSWER, now=world.now)
    world.settle()
    for party in world.parties:
        party.heard.clear()
    world.alice.agent.transfer_to(alice, ours, now=world.now)
    world.settle()
    asked = world.bob.take(TransferRequested)
    assert asked.replaces == world.alice.agent.replaces_value(ours)
    assert asked.replaces is not None
    # The call that is named is one of Bob's own here.
    assert world.bob.agent.find_session(asked.replaces) == theirs
    world.bob.agent.accept_transfer(bob, now=world.now)
    world.settle()
    assert world.alice.take(TransferProgressed).status == 100


def test_the_far_side_of_a_replaced_call_is_joined_to_the_new_one() -> None:
    """Alice is called anew by Bob, who takes the place of their first call."""
    world = World()
    alice, bob = world.talk()
    replaces = world.bob.agent.replaces_value(bob)
    again = world.bob.agent.invite(
        "sip:alice@example.com", offer=OFFER, replaces=replaces, now=world.now
    )
    world.settle()
    told = world.alice.heard.pop(0)
    assert getattr(told, "replaces", None) == alice
    session = world.alice.agent.sessions[-1]
    world.alice.agent.answer(session, sdp=ANSWER, now=world.now)
    world.settle()
    assert world.bob.take(CallAnswered).session == again
    ended = world.bob.take(CallEnded)
    assert (ended.session, ended.cause) == (bob, EndCause.REMOTE_HANGUP)
    ended = world.alice.take(CallEnded)
    assert (ended.session, ended.cause) == (alice, EndCause.REPLACED)


@pytest.mark.parametrize("value", ["", "x", "call;to-tag=a", "call;to-tag=a;from-tag=b"])
def test_a_replaces_value_for_nothing_names_no_session(value: str) -> None:
    assert callee().agent.find_session(value) is None


def test_no_notify_within_32_seconds_of_the_202_is_told_as_a_time_out() -> None:
    peer = callee()
    peer.agent.transfer(peer.session, CAROL, now=peer.now)
    peer.reply(peer.request("REFER"), 202)
    peer.pass_time(31.99)
    peer.hear_nothing()
    peer.pass_time(0.01)
    told = peer.hear(TransferProgressed)
    assert (told.status, told.is_final) == (408, True)


def test_a_refer_that_its_owner_leaves_gets_480_after_30_seconds() -> None:
    peer = caller()
    peer.ask("REFER", ("Refer-To", f"<{CAROL}>"))
    peer.hear(TransferRequested)
    peer.pass_time(29.99)
    peer.nothing_sent()
    peer.pass_time(0.01)
    peer.response(480)
