"""The side of a transfer that asks: REFER out, news in (RFC 3515, RFC 6665 §4.1)."""

from __future__ import annotations

import pytest

from exotel_voice.errors import InvalidState
from transaction_bench import incoming
from transfer_bench import Bench, news


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
