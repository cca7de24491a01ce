"""The side of a transfer that is asked: REFER in, news out (RFC 3515, RFC 6665 §4.2)."""

from __future__ import annotations

import pytest

from exotel_voice.errors import InvalidState
from exotel_voice.sip.events import TransferRequested
from exotel_voice.sip.exchange import Reply
from exotel_voice.sip.transaction_events import FailureKind
from exotel_voice.sip.wire import Response
from transfer_bench import FRAGMENT, SESSION, Bench


def requested() -> TransferRequested:
    return TransferRequested(session=SESSION, target="sip:carol@x", replaces=None, referred_by=None)


def test_refer_is_told_with_target_replaces_and_asker() -> None:
    bench = Bench()
    bench.refer("<sip:carol@x?Replaces=1%3Bto-tag%3Da%3Bfrom-tag%3Db>", Referred_By="<sip:boss@x>")
    assert bench.take_events() == [
        TransferRequested(
            session=SESSION,
            target="sip:carol@x",
            replaces="1;to-tag=a;from-tag=b",
            referred_by="<sip:boss@x>",
        )
    ]
    assert bench.answers == []


def test_accepted_transfer_gets_202_and_notifies_of_the_new_call() -> None:
    bench = Bench()
    bench.refer()
    bench.run(until=2)
    bench.asked.accept(now=2)
    assert bench.answers == [(2, 202)]
    bench.reply(200)
    bench.run(until=3)
    bench.asked.report(status=180, reason="Ringing", now=3)
    bench.asked.report(status=200, reason="OK", now=5)
    assert bench.notified() == [
        (2, "active;expires=300", b"SIP/2.0 100 Trying\r\n"),
        (3, "active;expires=299", b"SIP/2.0 180 Ringing\r\n"),
        (5, "terminated;reason=noresource", b"SIP/2.0 200 OK\r\n"),
    ]
    assert {each.headers["Event"] for each in bench.sent} == {"refer"}
    assert {each.headers["Content-Type"] for each in bench.sent} == {FRAGMENT}
    assert bench.deadlines.next() is None


def test_rejected_transfer_gets_the_status_and_no_notify() -> None:
    bench = Bench()
    bench.refer()
    bench.asked.reject(status=603, now=0)
    assert bench.answers == [(0, 603)]
    assert bench.sent == []
    assert bench.deadlines.next() is None


def test_refer_that_nobody_answers_is_refused_before_its_transaction_ends() -> None:
    bench = Bench()
    bench.refer()
    bench.run(until=30)
    assert bench.answers == [(30, 480)]
    with pytest.raises(InvalidState):
        bench.asked.accept(now=31)


def test_rejection_is_not_remembered_for_the_next_refer() -> None:
    bench = Bench()
    bench.refer()
    bench.asked.reject(status=603, now=0)
    bench.refer()
    bench.run(until=30)
    assert bench.answers == [(0, 603), (30, 480)]


@pytest.mark.parametrize(("value", "status"), [("<sip:@@>", 400), ("<http://x>", 416)])
def test_refer_that_cannot_be_done_is_answered_without_asking(value: str, status: int) -> None:
    bench = Bench()
    bench.refer(value)
    assert bench.answers == [(0, status)]
    assert bench.take_events() == []


@pytest.mark.parametrize("is_accepted", [False, True])
def test_second_refer_while_one_is_open_gets_491(is_accepted: bool) -> None:
    bench = Bench()
    bench.refer()
    if is_accepted:
        bench.asked.accept(now=0)
    bench.refer("<sip:dave@x>", cseq=8)
    assert [status for _, status in bench.answers][-1:] == [491]
    assert bench.take_events() == [requested()]


def test_notify_of_a_later_refer_says_whose_it_is() -> None:
    bench = Bench()
    bench.refer(cseq=7)
    bench.asked.reject(status=603, now=0)
    bench.refer(cseq=8)
    bench.asked.accept(now=0)
    assert bench.sent[-1].headers["Event"] == "refer;id=8"


def test_subscription_that_runs_out_is_ended_with_a_notify() -> None:
    bench = Bench()
    bench.refer()
    bench.asked.accept(now=0)
    bench.asked.report(status=180, reason="Ringing", now=0)
    bench.run(until=300)
    assert bench.notified()[-1] == (300, "terminated;reason=timeout", b"SIP/2.0 180 Ringing\r\n")
    with pytest.raises(InvalidState):
        bench.asked.report(status=200, reason="OK", now=301)


@pytest.mark.parametrize(
    ("status", "is_over"), [(481, True), (489, True), (200, False), (500, False)]
)
def test_notify_that_is_refused_ends_the_subscription(status: int, is_over: bool) -> None:
    bench = Bench()
    bench.refer()
    bench.asked.accept(now=0)
    bench.reply(status)
    assert (bench.deadlines.next() is None) is is_over
    assert bench.asked.is_reporting is not is_over


def test_lost_connection_does_not_end_the_subscription() -> None:
    bench = Bench()
    bench.refer()
    bench.asked.accept(now=0)
    handler = bench.sent[-1].handler
    reply = Reply(Response(503), FailureKind.TRANSPORT)
    handler(None, reply, 1)  # type: ignore[arg-type]
    bench.asked.report(status=200, reason="OK", now=2)
    assert len(bench.notified()) == 2


def test_wishes_without_a_refer_are_refused() -> None:
    bench = Bench()
    with pytest.raises(InvalidState):
        bench.asked.accept(now=0)
    with pytest.raises(InvalidState):
        bench.asked.reject(status=603, now=0)
    with pytest.raises(InvalidState):
        bench.asked.report(status=100, reason="Trying", now=0)
