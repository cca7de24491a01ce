"""What a connection may not do: malformed, oversized and too many messages, silence, slowness."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Message

from exotel_voice import SipAccount
from exotel_voice.gateway import GatewayLimits, VoiceGateway
from exotel_voice.gateway.limits import RateLimit
from exotel_voice.gateway.outbox import Outbox
from exotel_voice.sandbox import Sandbox
from gateway.conftest import MakeTab
from gateway.site import Site, identity_of
from gateway.web_tab import WebTab


@pytest.fixture
def gateway_options() -> dict[str, Any]:
    return {"limits": GatewayLimits(tabs=3)}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"hello"',
        "{}",
        '{"type": 7}',
        '{"type": "fly", "request": 4}',
        '{"type": "dial", "request": 4}',
        '{"type": "dial", "request": 4, "target": 5}',
        '{"type": "dial", "request": 4, "target": "a", "headers": []}',
        '{"type": "dial", "request": 4, "target": "a", "headers": {"a": 1}}',
        '{"type": "dial", "request": true, "target": "a"}',
        '{"type": "dial", "request": -1, "target": "a"}',
        '{"type": "send_digits", "request": 4, "call": "c", "digits": "1", "method": "smoke"}',
        '{"type": "ping", "at": "now"}',
        '{"type": "ping", "at": NaN}',
        '{"type": "media_reply", "reply_to": 1, "ok": "yes"}',
        '{"type": "media_stats", "media": "m", "stats": []}',
        '{"type": "hello", "version": 1, "tab": "again"}',
        b"\x00\x01",
        "[" * 50_000,
    ],
)
async def test_what_cannot_be_read_is_an_error_and_harms_nothing(
    open_tab: MakeTab, text: str | bytes
) -> None:
    tab = await open_tab("one")
    await tab.send_raw(text)
    if isinstance(text, str) and '"request": 4' in text:
        error = (await tab.next("result", request=4, ok=False))["error"]
    else:
        error = await tab.next("error")
    assert error["code"] == "gateway.bad_message"
    assert error["hint"]
    await tab.send({"type": "ping", "at": 12.5, "unknown": "field"})
    assert (await tab.next("pong"))["at"] == 12.5


@pytest.mark.parametrize(
    "first",
    [
        {"type": "ping", "at": 1},
        {"type": "hello", "version": 2, "tab": "one"},
        {"type": "hello", "version": 1, "tab": ""},
        {"type": "hello", "version": 1, "tab": "x" * 81},
        {"type": "hello"},
    ],
)
async def test_a_connection_begins_with_hello(site: Site, first: dict[str, Any]) -> None:
    async with site.tab("one") as tab:
        await tab.send(first)
        error = await tab.read_first()
        assert error["code"] in {"gateway.bad_message", "gateway.version"}
        assert await tab.closed() == 4403


async def test_nothing_but_status_works_before_a_phone_is_attached(site: Site) -> None:
    async with site.tab("one") as tab:
        await tab.hello()
        assert (await tab.request("status"))["state"] == "not_initialized"
        result = await tab.try_request("register")
        assert result["error"]["code"] == "gateway.not_attached"
        await tab.send({"type": "media_event", "media": "m", "event": "ready"})
        await tab.attach()
        await tab.request("detach")
        assert (await tab.request("status"))["state"] == "not_initialized"


async def test_a_frame_that_is_too_large_closes_the_connection(open_tab: MakeTab) -> None:
    tab = await open_tab("one")
    await tab.send_raw(json.dumps({"type": "ping", "at": 1, "more": "x" * 70_000}))
    assert await tab.closed() == 4413
    assert tab.told[-1]["code"] == "gateway.too_large"


async def test_too_many_messages_close_the_connection(open_tab: MakeTab) -> None:
    tab = await open_tab("one")
    for number in range(250):
        await tab.send({"type": "ping", "at": number})
    assert await tab.closed() == 4429
    pongs = [each for each in tab.told if each["type"] == "pong"]
    assert 150 < len(pongs) < 250


async def test_a_phone_has_so_many_tabs_and_no_more(open_tab: MakeTab, site: Site) -> None:
    for name in ("one", "two", "three"):
        await open_tab(name)
    async with site.tab("four") as tab:
        await tab.hello()
        result = await tab.try_request("attach", account=None)
        assert result["error"]["code"] == "gateway.too_many_tabs"
    again = await open_tab("three")
    assert again.told[-1]["type"] == "attached"


def _account(identity: str) -> SipAccount:
    return SipAccount(username=identity, password="x", domain="acme.example")


@pytest.mark.parametrize("says_hello", [False, True])
async def test_a_tab_that_says_nothing_is_dropped(says_hello: bool) -> None:
    limits = GatewayLimits(silence=0.3) if says_hello else GatewayLimits(hello=0.3)
    gateway = VoiceGateway(authenticate=identity_of, accounts=_account, limits=limits)
    async with Site(gateway) as site, site.tab("one") as tab:
        if says_hello:
            await tab.hello()
        assert await tab.closed() == 4408
        assert tab.told[-1]["code"] == "gateway.silent"


async def test_two_hundred_connections_in_a_second_all_get_their_phone(
    exotel_sandbox: Sandbox,
) -> None:
    def account(identity: str) -> SipAccount:
        return exotel_sandbox.account(identity)

    gateway = VoiceGateway(authenticate=identity_of, accounts=account)
    async with Site(gateway) as site:

        async def come(number: int) -> WebTab:
            tab = site.tab("one", user=f"user{number}")
            await tab.open()
            await tab.hello()
            await tab.attach()
            return tab

        tabs = await asyncio.gather(*map(come, range(200)))
        assert len(gateway.phones) == 200
        await asyncio.gather(*(tab.aclose() for tab in tabs))


async def test_more_connections_than_the_gateway_takes_are_told_so() -> None:
    limits = GatewayLimits(connections=1)
    gateway = VoiceGateway(authenticate=identity_of, accounts=_account, limits=limits)
    async with Site(gateway) as site, site.tab("one") as one, site.tab("two") as two:
        await one.hello()
        assert (await two.read_first())["code"] == "gateway.full"
        assert await two.closed() == 4429


# -- slow readers ------------------------------------------------------------------------------


async def test_a_tab_that_stops_reading_is_dropped_and_its_phone_goes_on() -> None:
    """Over ASGI itself, where it can be said exactly when the network takes nothing more."""
    limits = GatewayLimits(write=0.2)
    gateway = VoiceGateway(authenticate=lambda _: "alice", accounts=_account, limits=limits)
    is_attached, is_stuck = asyncio.Event(), asyncio.Event()
    incoming: asyncio.Queue[Message] = asyncio.Queue()
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)
        if "attached" in message.get("text", ""):
            is_attached.set()
        if message["type"] == "websocket.send" and is_stuck.is_set():
            await asyncio.Event().wait()

    def say(**message: object) -> None:
        incoming.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    incoming.put_nowait({"type": "websocket.connect"})
    say(type="hello", version=1, tab="one")
    say(type="attach", request=1)
    scope = {"type": "websocket", "path": "/ws", "headers": [], "query_string": b""}
    task = asyncio.create_task(gateway.app(scope, incoming.get, send))
    async with asyncio.timeout(5):
        await is_attached.wait()
        is_stuck.set()
        say(type="ping", at=1)
        await task
    assert sent[-1] == {"type": "websocket.close", "code": 4408, "reason": ""}
    assert [phone.account.username for phone in gateway.phones] == ["alice"]
    await gateway.aclose()
    assert not gateway.phones


async def test_an_outbox_ends_when_too_many_messages_wait() -> None:
    written: list[str] = []

    async def write(text: str) -> None:
        written.append(text)

    outbox = Outbox(write, limit=2, write_limit=1.0)
    assert outbox.put("a")
    assert outbox.put("b")
    assert not outbox.put("c")
    assert outbox.put("d")
    await outbox.run()
    assert written == []


def test_a_rate_limit_refills_with_time() -> None:
    rate = RateLimit(rate=2.0, burst=3, now=0.0)
    assert [rate.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert [rate.take(0.5), rate.take(0.5)] == [True, False]
    assert [rate.take(100.0) for _ in range(4)] == [True, True, True, False]
