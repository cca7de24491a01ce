"""Two gateway processes that share their users: the phone is in one, tabs are at both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from exotel_voice.gateway import LocalBus, SessionBus, VoiceGateway
from exotel_voice.gateway import relay as relay_module
from exotel_voice.sandbox import Sandbox
from gateway.site import Site, identity_of
from gateway.tcp_bus import BusServer, TcpBus
from gateway.web_tab import WebTab

pytestmark = pytest.mark.media


@dataclass
class Pair:
    """Two processes, as far as the gateways can tell."""

    first: Site
    second: Site
    server: BusServer
    buses: tuple[TcpBus, TcpBus]


@pytest.fixture
async def pair(exotel_sandbox: Sandbox) -> AsyncIterator[Pair]:
    def a_site(bus: SessionBus) -> Site:
        return Site(
            VoiceGateway(authenticate=identity_of, accounts=exotel_sandbox.account, bus=bus)
        )

    async with (
        BusServer() as server,
        TcpBus(server.port) as one,
        TcpBus(server.port) as two,
        a_site(one) as first,
        a_site(two) as second,
    ):
        yield Pair(first, second, server, (one, two))


async def come(tab: WebTab) -> dict[str, object]:
    await tab.hello()
    return await tab.attach()


async def test_a_tab_at_another_process_has_the_same_phone(
    exotel_sandbox: Sandbox, pair: Pair
) -> None:
    async with pair.first.tab("one") as one, pair.second.tab("two") as two:
        await come(one)
        attached = await come(two)
        assert attached["is_active"] is False
        await two.register()
        await one.find("registration", state="registered")
        assert len(exotel_sandbox.registrations) == 1
        assert (len(pair.first.gateway.phones), len(pair.second.gateway.phones)) == (1, 0)
        # The far tab answers, talks, and is taken over from.
        exotel_sandbox.place_call(to="alice", party="tone-1000")
        call = await one.call_event("incoming")
        await two.find("session", state="incoming")
        await two.request("answer", call=call["id"])
        await two.hear_tone(call["media"], 1000)
        assert (await one.call_event("connected"))["media_tab"] == "two"
        await one.request("answer", call=call["id"])
        await one.hear_tone(call["media"], 1000)
        await two.find("media_request", op="close")
        await two.request("hang_up", call=call["id"])
        await one.call_event("callEnded")


async def test_a_far_tab_that_crashes_parks_its_call_and_the_last_one_leaves(
    exotel_sandbox: Sandbox, pair: Pair
) -> None:
    async with pair.first.tab("one") as one, pair.second.tab("two") as two:
        await come(one)
        await come(two)
        await one.register()
        exotel_sandbox.place_call(to="alice", party="tone-1000")
        call = await one.call_event("incoming")
        await two.request("answer", call=call["id"])
        await two.find("call", event="media")
        two.abort()
        await one.find("tabs", tabs=[{"tab": "one", "is_active": True, "is_self": True}])
        await one.request("answer", call=call["id"])
        await one.hear_tone(call["media"], 1000)


async def test_a_process_that_stops_gives_its_phone_to_the_next(pair: Pair) -> None:
    async with pair.first.tab("one") as one, pair.second.tab("two") as two:
        await come(one)
        await come(two)
        await one.register()
        await pair.first.gateway.aclose()
        assert await one.closed() == 1012
        assert await two.closed() == 1012
        assert pair.server.owners == {}
    async with pair.second.tab("two") as again:
        await come(again)
        await again.register()
        assert len(pair.second.gateway.phones) == 1


async def test_a_process_that_dies_is_noticed_from_both_sides(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "BEAT", 0.1)
    monkeypatch.setattr(relay_module, "SILENCE", 0.4)
    async with pair.first.tab("one") as one, pair.second.tab("two") as two:
        await come(one)
        await come(two)
        # The line to the bus is cut: neither hears of the other any more.
        await pair.buses[1].__aexit__()
        await one.next("tabs", tabs=[{"tab": "one", "is_active": True, "is_self": True}])
        assert await two.closed() == 1012


async def test_a_bus_that_cannot_be_reached_is_an_error_of_the_request(pair: Pair) -> None:
    async with pair.second.tab("two") as two:
        await two.hello()
        await pair.buses[1].__aexit__()
        result = await two.try_request("attach", account=None)
        assert result["error"]["code"] == "gateway.failed"


async def test_gateways_in_one_process_may_share_the_local_bus(exotel_sandbox: Sandbox) -> None:
    bus = LocalBus()

    def a_site() -> Site:
        return Site(
            VoiceGateway(authenticate=identity_of, accounts=exotel_sandbox.account, bus=bus)
        )

    async with (
        a_site() as first,
        a_site() as second,
        first.tab("one") as one,
        second.tab("two") as two,
    ):
        await come(one)
        assert (await come(two))["is_active"] is False
        await two.send({"type": "ping", "at": 1})
        await two.next("pong")
        await two.send_raw("nonsense")
        assert (await two.next("error"))["code"] == "gateway.bad_message"
        await two.request("detach")


async def test_a_claim_of_the_local_bus_ends_with_its_lifetime() -> None:
    bus = LocalBus()
    assert await bus.claim("s", "a", lifetime=0.05) == "a"
    assert await bus.claim("s", "b", lifetime=0.05) == "a"
    assert await bus.claim("s", "a", lifetime=0.05) == "a"
    heard: list[bytes] = []
    subscription = await bus.subscribe("t", heard.append)
    await bus.publish("t", b"1")
    await asyncio.sleep(0.06)
    assert await bus.claim("s", "b", lifetime=5.0) == "b"
    await bus.release("s", "a")
    assert await bus.claim("s", "a", lifetime=5.0) == "b"
    await bus.release("s", "b")
    assert await bus.claim("s", "a", lifetime=5.0) == "a"
    subscription.cancel()
    subscription.cancel()
    await bus.publish("t", b"2")
    assert heard == [b"1"]
