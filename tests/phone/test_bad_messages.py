"""What a server may send wrongly: the phone answers or drops it, says so once, and lives."""

from __future__ import annotations

import asyncio
import logging

import pytest

from exotel_voice.phone import events
from phone.calling import an_answered_call
from phone.platform import Platform, a_phone, a_platform, state_of
from virtual_loop import virtual_time

HEAD = (
    "{method} {uri} SIP/2.0\r\n"
    "Via: SIP/2.0/WS platform.example;branch=z9hG4bK-{branch}\r\n"
    "From: <sip:platform@acme.example>;tag=x\r\nTo: <sip:alice@acme.example>\r\n"
    "Call-ID: stray-{branch}\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\n"
)


def message(platform: Platform, branch: str, more: str = "", *, method: str = "OPTIONS") -> bytes:
    head = HEAD.format(method=method, uri=platform.contact, branch=branch)
    return (head + more + "\r\n").encode()


@virtual_time
async def test_a_message_beyond_a_limit_is_refused_and_the_phone_lives() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        platform.put(message(platform, "long", f"X-Long: {'x' * 70_000}\r\n"))
        await platform.response(513)
        platform.put(message(platform, "many", "X-Many: 1\r\n" * 300))
        await asyncio.sleep(1)
        assert platform.statuses().count(513) == 2
        platform.put(message(platform, "right", "Content-Length: 0\r\n"))
        await asyncio.sleep(1)
        assert platform.statuses()[-1] == 200
        assert state_of(phone) == "registered"


@virtual_time
async def test_half_a_message_is_dropped_or_refused_and_the_call_goes_on() -> None:
    async with an_answered_call() as (platform, phone, call, _session, _audio):
        whole = message(platform, "half", "Content-Length: 0\r\n")
        for length in range(0, len(whole) - 4, 7):
            platform.put(whole[:length])
        platform.put(message(platform, "body", "Content-Length: 500\r\n") + b"short")
        await asyncio.sleep(60)
        assert state_of(phone) == "registered"
        assert state_of(call) == "active"
        await call.hold()
        await call.hang_up()


@virtual_time
async def test_each_kind_of_stray_is_logged_once_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "exotel_voice.phone")
    async with a_platform() as platform, a_phone(platform) as phone:
        lost: list[events.PhoneEvent] = []
        phone.on(events.ConnectionDown, lost.append)
        for number in range(5):
            stray = HEAD.replace("{method} {uri} SIP/2.0", "SIP/2.0 200 OK")
            platform.put((stray.format(method="INVITE", branch=number) + "\r\n").encode())
            platform.put(b"\x16\x03\x01 no SIP at all")
        await asyncio.sleep(1)
        assert sorted(phone.dropped_messages.values()) == [5, 5]
        assert lost == []
    said = [one for one in caplog.messages if "dropped a message" in one]
    assert len(said) == 2
