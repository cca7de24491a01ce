from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from exotel_voice.phone import events
from exotel_voice.phone.details import CallDetails, CallDirection, CallState, EndCause
from exotel_voice.phone.observe import EventHub, GarbageCounter, redact
from exotel_voice.phone.record import CallRecord
from exotel_voice.phone.supervisor import Supervisor


def make_hub(limit: int = 4) -> EventHub:
    return EventHub(Supervisor(), limit=limit)


def ended(call_id: str) -> events.CallEnded:
    record = CallRecord(call_id, CallDirection.INCOMING, remote_uri="sip:bob@example.com")
    details: CallDetails = record.details(CallState.ENDED)
    return events.CallEnded(
        call_id=call_id,
        cause=EndCause.REMOTE_HANGUP,
        status=200,
        reason="",
        error=None,
        details=details,
    )


OPENED = events.ConnectionOpened()
REGISTERED = events.Registered(expires_in=300.0)
HELD = events.CallHeld(call_id="one")


async def test_each_stream_gets_each_event_in_order() -> None:
    hub = make_hub()
    first, second = hub.stream(), hub.stream()
    hub.emit(OPENED)
    hub.emit(REGISTERED)
    hub.close()
    assert [event async for event in first] == [OPENED, REGISTERED]
    assert [event async for event in second] == [OPENED, REGISTERED]


async def test_a_reader_waits_for_the_next_event() -> None:
    hub = make_hub()
    stream = hub.stream()
    waiting = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    hub.emit(OPENED)
    assert await waiting is OPENED
    await stream.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_a_reader_has_an_event_in_the_next_turn_of_the_loop() -> None:
    hub = make_hub()
    waiting = asyncio.create_task(anext(hub.stream()))
    await asyncio.sleep(0)
    hub.emit(OPENED)
    await asyncio.sleep(0)
    assert waiting.done()


async def test_of_two_readers_of_one_stream_each_gets_an_event() -> None:
    stream = make_hub().stream()
    waiting = [asyncio.create_task(anext(stream)) for _ in range(2)]
    await asyncio.sleep(0)
    stream.put(OPENED)
    await asyncio.sleep(0)
    assert [task.done() for task in waiting] == [True, False]
    stream.put(REGISTERED)
    assert await asyncio.gather(*waiting) == [OPENED, REGISTERED]


async def test_a_reader_that_gives_up_waiting_does_not_break_the_stream() -> None:
    hub = make_hub()
    stream = hub.stream()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(stream), 0.001)
    hub.emit(OPENED)
    assert await anext(stream) is OPENED


async def test_a_slow_reader_loses_the_oldest_events_and_one_line_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hub = make_hub(limit=2)
    stream = hub.stream()
    all_of_them = [events.Registered(expires_in=float(n)) for n in range(5)]
    for event in all_of_them:
        hub.emit(event)
    hub.close()
    assert [event async for event in stream] == all_of_them[3:]
    assert stream.dropped == 3
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


async def test_a_stream_that_nobody_holds_is_forgotten() -> None:
    hub = make_hub()
    hub.stream()
    hub.call_stream("one", last=None)
    gc.collect()
    assert not hub.listens(events.TransferRequested)


async def test_the_stream_of_a_call_ends_with_the_call() -> None:
    hub = make_hub()
    stream = hub.call_stream("one", last=None)
    hub.emit(events.CallHeld(call_id="two"))
    hub.emit(REGISTERED)
    hub.emit(HELD)
    hub.emit(ended("one"))
    assert [event.call_id async for event in stream] == ["one", "one"]


async def test_the_stream_of_a_call_that_is_over_tells_its_end() -> None:
    last = ended("one")
    assert [event async for event in make_hub().call_stream("one", last=last)] == [last]


async def test_callbacks_hear_their_kind_and_those_below_it() -> None:
    hub = make_hub()
    heard: list[tuple[str, events.PhoneEvent]] = []
    hub.listen(events.CallHeld, lambda event: heard.append(("held", event)))
    hub.listen(events.CallEvent, lambda event: heard.append(("call", event)))
    hub.listen(events.PhoneEvent, lambda event: heard.append(("all", event)))
    hub.emit(OPENED)
    hub.emit(HELD)
    assert heard == []
    await asyncio.sleep(0)
    assert heard == [("all", OPENED), ("held", HELD), ("call", HELD), ("all", HELD)]


async def test_an_event_that_a_callback_causes_comes_after_the_present_one() -> None:
    hub = make_hub()
    heard: list[str] = []

    def first(event: events.PhoneEvent) -> None:
        heard.append(f"first {type(event).__name__}")
        if isinstance(event, events.ConnectionOpened):
            hub.emit(REGISTERED)

    hub.listen(events.PhoneEvent, first)
    hub.listen(events.PhoneEvent, lambda event: heard.append(f"second {type(event).__name__}"))
    hub.emit(OPENED)
    await asyncio.sleep(0)
    assert heard == [
        "first ConnectionOpened",
        "second ConnectionOpened",
        "first Registered",
        "second Registered",
    ]


async def test_async_callbacks_begin_in_order() -> None:
    hub = make_hub()
    heard: list[events.PhoneEvent] = []

    async def hear(event: events.PhoneEvent) -> None:
        heard.append(event)
        await asyncio.sleep(0)

    hub.listen(events.PhoneEvent, hear)
    hub.emit(OPENED)
    hub.emit(REGISTERED)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert heard == [OPENED, REGISTERED]
    await asyncio.sleep(0)


@pytest.mark.parametrize("is_async", [False, True])
async def test_what_a_callback_raises_is_logged_and_harms_nobody(
    is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    hub = make_hub()
    heard: list[events.PhoneEvent] = []

    def fail(_: events.PhoneEvent) -> None:
        raise ValueError("mine")

    async def fail_later(_: events.PhoneEvent) -> None:
        raise ValueError("mine")

    hub.listen(events.PhoneEvent, fail_later if is_async else fail)
    hub.listen(events.PhoneEvent, heard.append)
    hub.emit(OPENED)
    for _ in range(3):
        await asyncio.sleep(0)
    assert heard == [OPENED]
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert "callback for ConnectionOpened" in record.getMessage()
    assert record.exc_info


async def test_a_cancelled_subscription_hears_nothing_more() -> None:
    hub = make_hub()
    heard: list[events.PhoneEvent] = []
    with hub.listen(events.PhoneEvent, heard.append) as subscription:
        assert hub.listens(events.TransferRequested)
    subscription.cancel()
    hub.emit(OPENED)
    await asyncio.sleep(0)
    assert heard == []
    assert not hub.listens(events.TransferRequested)


async def test_closing_runs_the_callbacks_that_wait() -> None:
    hub = make_hub()
    heard: list[events.PhoneEvent] = []
    hub.listen(events.PhoneEvent, heard.append)
    hub.emit(OPENED)
    hub.close()
    assert heard == [OPENED]


def test_the_trace_holds_no_credentials_and_no_keys() -> None:
    message = (
        b"INVITE sip:bob@example.com SIP/2.0\r\n"
        b'Authorization: Digest username="alice",\r\n response="abc"\r\n'
        b'proxy-authorization:Digest response="def"\r\n'
        b"Content-Type: application/sdp\r\n\r\n"
        b"v=0\r\na=ice-ufrag:ab\r\na=ice-pwd:hidden\r\n"
        b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:key\r\n\xff"
    )
    text = redact(message)
    assert "Authorization: ***" in text
    assert "proxy-authorization: ***" in text
    assert "a=ice-pwd: ***" in text
    assert "Content-Type: application/sdp" in text
    assert not any(secret in text for secret in ("abc", "def", "hidden", "inline:key", "alice"))


def test_garbage_is_counted_and_each_kind_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    counter = GarbageCounter()
    for kind in ("unreadable", "stray", "unreadable"):
        counter.count(kind, "what it was")
    assert counter.counts() == {"unreadable": 2, "stray": 1}
    assert len(caplog.records) == 2
