"""A gateway that stops, and the next one at the same place."""

from __future__ import annotations

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from exotel_voice.gateway import VoiceGateway
from exotel_voice.sandbox import Sandbox
from gateway.site import Site, identity_of


def a_gateway(sandbox: Sandbox) -> VoiceGateway:
    return VoiceGateway(authenticate=identity_of, accounts=sandbox.account)


async def test_tabs_are_told_of_a_restart_and_attach_to_the_next_gateway(
    exotel_sandbox: Sandbox,
) -> None:
    first, second = a_gateway(exotel_sandbox), a_gateway(exotel_sandbox)
    async with Site(first) as site, site.tab("one") as tab:
        before = (await tab.hello())["server"]
        await tab.attach()
        await tab.register()
        await first.aclose()
        await first.aclose()
        assert await tab.closed() == 1012
        await exotel_sandbox.unregistered("alice")
        assert first.phones == ()
        async with Site(second) as other, other.tab("one") as again:
            assert (await again.hello())["server"] != before
            attached = await again.attach()
            assert attached["registration"]["state"] == "unregistered"
            await again.register()


async def test_a_closed_gateway_takes_nobody_in(exotel_sandbox: Sandbox) -> None:
    gateway = a_gateway(exotel_sandbox)
    async with Site(gateway) as site:
        await gateway.aclose()
        async with site.tab("late") as tab:
            assert await tab.closed() == 1012


@pytest.mark.media
async def test_a_gateway_that_stops_hangs_its_calls_up(exotel_sandbox: Sandbox) -> None:
    gateway = a_gateway(exotel_sandbox)
    async with Site(gateway) as site, site.tab("one") as tab:
        await tab.hello()
        await tab.attach()
        await tab.register()
        record = exotel_sandbox.place_call(to="alice", party="echo")
        call = await tab.call_event("incoming")
        await tab.request("answer", call=call["id"])
        await gateway.aclose()
        assert (await record.ended()).status == "completed"


async def test_the_app_alone_closes_its_phones_with_its_lifespan(
    exotel_sandbox: Sandbox,
) -> None:
    gateway = a_gateway(exotel_sandbox)
    async with Site(gateway, app=gateway.app) as site:
        site.ws_url = site.ws_url.replace("/voice/ws", "/ws")
        tab = site.tab("one")
        await tab.open()
        await tab.hello()
        await tab.attach()
        await tab.register()
        await tab.aclose()
        await site.stop()
        await exotel_sandbox.unregistered("alice")


async def test_it_works_at_any_place_of_another_application(exotel_sandbox: Sandbox) -> None:
    gateway = a_gateway(exotel_sandbox)
    inner = Starlette(routes=[Mount("/b", app=gateway.app)])
    async with Site(gateway, app=Starlette(routes=[Mount("/a", app=inner)])) as site:
        site.ws_url = site.ws_url.replace("/voice/ws", "/a/b/ws")
        async with site.tab("one") as tab:
            await tab.hello()
            await tab.attach()


async def test_it_works_below_a_bare_dispatcher_as_django_has_it(
    exotel_sandbox: Sandbox,
) -> None:
    gateway = a_gateway(exotel_sandbox)

    async def application(scope, receive, send) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        """Pass on what belongs to the gateway, and no lifespan events at all."""
        if scope["type"] in {"http", "websocket"} and scope["path"].startswith("/voice/"):
            scope = {**scope, "root_path": scope.get("root_path", "") + "/voice"}
            await gateway.app(scope, receive, send)

    async with Site(gateway, app=application, lifespan="off") as site, site.tab("one") as tab:
        await tab.hello()
        await tab.attach()
        await tab.register()
    await exotel_sandbox.unregistered("alice")


async def test_the_other_implementation_of_websockets_works_too(
    exotel_sandbox: Sandbox,
) -> None:
    gateway = a_gateway(exotel_sandbox)
    async with Site(gateway, ws="websockets-sansio") as site, site.tab("one") as tab:
        await tab.hello()
        await tab.attach()
        await tab.register()
        async with asyncio.timeout(5):
            await gateway.aclose()
            assert await tab.closed() == 1012
