"""Both sides of a call transfer: messages, news and instants (RFC 3515, RFC 6665)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from exotel_voice.errors import InvalidState
from exotel_voice.sip.call import CallTimer
from exotel_voice.sip.events import (
    Event,
    SessionId,
    TransactionId,
    TransferProgressed,
    TransferRequested,
)
from exotel_voice.sip.exchange import Reply, ReplyHandler
from exotel_voice.sip.machine import Owner
from exotel_voice.sip.timers import Deadlines, TimerSettings
from exotel_voice.sip.transaction_events import FailureKind, RequestArrived
from exotel_voice.sip.transfer import Transferee, Transferor
from exotel_voice.sip.wire import Response
from transaction_bench import incoming

SESSION = SessionId("call")
FRAGMENT = "message/sipfrag;version=2.0"


@dataclass
class Sent:
    """A request that the session was asked to send."""

    at: float
    method: str
    headers: dict[str, str]
    body: bytes
    handler: ReplyHandler


class Bench:
    """A session as far as a transfer needs one: it writes down what it is to do."""

    def __init__(self) -> None:
        self.now = 0.0
        self.id = SESSION
        self.sent: list[Sent] = []
        self.answers: list[tuple[float, int]] = []
        self.events: list[Event] = []
        self.deadlines: Deadlines[tuple[Owner, CallTimer]] = Deadlines()
        self.asking = Transferor(self, self.deadlines, TimerSettings())
        self.asked = Transferee(self, self.deadlines)

    def send_request(
        self,
        method: str,
        *,
        headers: Sequence[tuple[str, str]],
        body: bytes = b"",
        handler: ReplyHandler,
        now: float,
    ) -> None:
        self.sent.append(Sent(now, method, dict(headers), body, handler))

    def respond(
        self,
        arrived: RequestArrived,
        status: int,
        *,
        headers: Sequence[tuple[str, str]] = (),
        now: float,
    ) -> None:
        assert not headers
        assert arrived.request.method == "REFER"
        self.answers.append((now, status))

    def emit(self, event: Event) -> None:
        self.events.append(event)

    # -- acting ----------------------------------------------------------------------------------

    def ask(self, replaces: str | None = None) -> None:
        self.asking.ask("sip:carol@x", now=self.now, referred_by="sip:alice@x", replaces=replaces)

    def reply(self, status: int, reason: str | None = None) -> None:
        handler = self.sent[-1].handler
        exchange: object = None
        handler(exchange, Reply(Response(status, reason)), self.now)  # type: ignore[arg-type]

    def notify(
        self, body: bytes, state: str | None = "active;expires=60", event: str = "refer"
    ) -> int:
        changes = {"Event": event} | ({} if state is None else {"Subscription_State": state})
        request = incoming("NOTIFY", to_tag="ours", **changes)
        request.body = body
        return self.asking.receive_notify(request, now=self.now)

    def refer(self, value: str = "<sip:carol@x>", cseq: int = 7, **more: str) -> None:
        request = incoming("REFER", to_tag="ours", CSeq=f"{cseq} REFER", Refer_To=value, **more)
        self.asked.receive_refer(
            RequestArrived(transaction=TransactionId("9"), request=request, flow="wire"),
            now=self.now,
        )

    def run(self, *, until: float) -> None:
        while (at := self.deadlines.next()) is not None and at <= until:
            self.now = at
            due = self.deadlines.pop_due(now=at)
            assert due is not None
            assert due[0] == SESSION
            machine = self.asking if due[1] is CallTimer.TRANSFER else self.asked
            machine.take_timer(due[1], now=at)
        self.now = until

    def take_events(self) -> list[Event]:
        events, self.events = self.events, []
        return events

    def notified(self) -> list[tuple[float, str, bytes]]:
        return [
            (each.at, each.headers["Subscription-State"], each.body)
            for each in self.sent
            if each.method == "NOTIFY"
        ]


def news(status: int, reason: str, *, is_final: bool = False) -> TransferProgressed:
    return TransferProgressed(session=SESSION, status=status, reason=reason, is_final=is_final)


# -- the side that asks ----------------------------------------------------------------------------


def test_refer_names_target_and_asker() -> None:
    bench = Bench()
    bench.ask()
    assert bench.sent[0].method == "REFER"
    assert bench.sent[0].headers == {"Refer-To": "<sip:carol@x>", "Referred-By": "<sip:alice@x>"}


def test_attended_refer_carries_replaces() -> None:
    bench = Bench()
    bench.ask("1;to-tag=a;from-tag=b")
    assert bench.sent[0].headers["Refer-To"] == (
        "<sip:carol@x?Replaces=1%3Bto-tag%3Da%3Bfrom-tag%3Db>"
    )


def test_news_of_the_new_call_are_told_until_the_final_one() -> None:
    bench = Bench()
    bench.ask()
    bench.reply(100)
    bench.reply(202)
    assert bench.notify(b"SIP/2.0 100 Trying\r\n") == 200
    assert bench.notify(b"SIP/2.0 180 Ringing\r\n") == 200
    assert bench.notify(b"SIP/2.0 200 OK\r\n", "terminated;reason=noresource") == 200
    assert bench.take_events() == [
        news(100, "Trying"), news(180, "Ringing"), news(200, "OK", is_final=True),
    ]  # fmt: skip
    assert bench.deadlines.next() is None


def test_final_status_is_the_last_news_even_if_the_subscription_goes_on() -> None:
    bench = Bench()
    bench.ask()
    bench.reply(202)
    bench.notify(b"SIP/2.0 486 Busy Here\r\n", "active;expires=60")
    assert bench.take_events() == [news(486, "Busy Here", is_final=True)]
    assert bench.notify(b"SIP/2.0 486 Busy Here\r\n", "terminated") == 481


def test_notify_may_overtake_the_202() -> None:
    bench = Bench()
    bench.ask()
    bench.notify(b"SIP/2.0 100 Trying\r\n")
    bench.reply(202)
    bench.notify(b"SIP/2.0 200 OK\r\n", "terminated")
    assert bench.take_events() == [news(100, "Trying"), news(200, "OK", is_final=True)]


def test_final_notify_may_overtake_the_202_too() -> None:
    bench = Bench()
    bench.ask()
    bench.notify(b"SIP/2.0 200 OK\r\n", "terminated")
    bench.reply(202)
    assert bench.take_events() == [news(200, "OK", is_final=True)]
    assert bench.deadlines.next() is None


@pytest.mark.parametrize("has_news", [False, True])
def test_refused_refer_is_the_last_news(has_news: bool) -> None:
    bench = Bench()
    bench.ask()
    if has_news:
        bench.notify(b"SIP/2.0 100 Trying\r\n")
    bench.take_events()
    bench.reply(603, "Decline")
    assert bench.take_events() == [news(603, "Decline", is_final=True)]
    bench.ask()
    assert len(bench.sent) == 2


def test_no_notify_within_64_t1_of_the_202_is_told_as_408() -> None:
    bench = Bench()
    bench.ask()
    bench.reply(202)
    bench.run(until=31.9)
    assert bench.take_events() == []
    bench.run(until=32)
    assert bench.take_events() == [news(408, "Request Timeout", is_final=True)]


@pytest.mark.parametrize(
    ("state", "length"),
    [("active;expires=60", 60), ("active", 300), (None, 300), ("active;expires=99999", 3600)],
)
def test_subscription_that_runs_out_is_told_as_408(state: str | None, length: float) -> None:
    bench = Bench()
    bench.ask()
    bench.reply(202)
    bench.notify(b"SIP/2.0 180 Ringing\r\n", state)
    bench.take_events()
    assert bench.deadlines.next() == length + 5
    bench.run(until=length + 5)
    assert bench.take_events() == [news(408, "Request Timeout", is_final=True)]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("terminated;reason=timeout", (408, "Request Timeout")),
        ("terminated;reason=rejected", (603, "Decline")),
        ("terminated;reason=noresource", (480, "Temporarily Unavailable")),
        ("terminated", (480, "Temporarily Unavailable")),
    ],
)
def test_end_without_a_final_status_is_told_as_one(state: str, expected: tuple[int, str]) -> None:
    bench = Bench()
    bench.ask()
    bench.reply(202)
    assert bench.notify(b"", state) == 200
    assert bench.take_events() == [news(*expected, is_final=True)]


def test_notify_of_another_event_gets_489_and_one_without_a_refer_481() -> None:
    bench = Bench()
    assert bench.notify(b"", event="presence") == 489
    assert bench.notify(b"SIP/2.0 200 OK\r\n") == 481
    assert bench.take_events() == []


def test_notify_without_an_event_gets_489() -> None:
    assert Bench().asking.receive_notify(incoming("NOTIFY", to_tag="ours"), now=0) == 489


def test_second_transfer_while_one_is_under_way_is_refused() -> None:
    bench = Bench()
    bench.ask()
    with pytest.raises(InvalidState):
        bench.ask()
    assert len(bench.sent) == 1


# -- the side that is asked ------------------------------------------------------------------------


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
