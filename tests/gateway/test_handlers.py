"""The application's own code hears of every call, and may decide before a tab rings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from exotel_voice import Call, InvalidState, NativeMedia, Phone, events
from exotel_voice.gateway import GatewayLimits, Notice
from exotel_voice.sandbox import Sandbox
from gateway.conftest import MakeTab
from gateway.site import Site
from sandbox.talking import hear_tone, speaking

pytestmark = pytest.mark.media


@pytest.fixture
def gateway_options() -> dict[str, Any]:
    return {"limits": GatewayLimits(decide=0.3)}


async def test_handlers_get_event_identity_call_and_phone(
    exotel_sandbox: Sandbox, site: Site, open_tab: MakeTab
) -> None:
    heard: list[Notice[events.PhoneEvent]] = []
    over = asyncio.Event()

    async def on_end(notice: Notice[events.CallEnded]) -> None:
        assert notice.event.details.call_sid
        over.set()

    subscription = site.gateway.on(events.PhoneEvent, heard.append)
    site.gateway.on(events.CallEnded, on_end)
    tab = await open_tab("one")
    await tab.register()
    record = exotel_sandbox.place_call(to="alice", party="echo")
    call = await tab.call_event("incoming")
    subscription.cancel()
    subscription.cancel()
    await tab.request("reject", call=call["id"])
    await over.wait()
    assert (await record.ended()).sip_status == 486
    kinds = [type(notice.event) for notice in heard]
    assert kinds[-1] is events.IncomingCall
    assert events.Registered in kinds
    assert events.CallEnded not in kinds
    assert {notice.identity for notice in heard} == {"alice"}
    assert isinstance(heard[-1].call, Call)
    assert isinstance(heard[-1].phone, Phone)
    assert heard[0].call is None


async def _reject(notice: Notice[events.IncomingCall]) -> None:
    assert notice.call is not None
    await notice.call.reject(603)


async def test_a_call_that_a_handler_refuses_never_rings(
    exotel_sandbox: Sandbox, site: Site, open_tab: MakeTab
) -> None:
    subscription = site.gateway.on(events.IncomingCall, _reject)
    tab = await open_tab("one")
    await tab.register()
    record = exotel_sandbox.place_call(to="alice", party="echo")
    assert (await record.ended()).sip_status == 603
    subscription.cancel()
    exotel_sandbox.place_call(to="alice", party="echo")
    await tab.call_event("incoming")
    told = [each["event"] for each in tab.told if each["type"] == "call"]
    assert told == ["incoming"]


async def test_a_handler_answers_in_the_first_tab(
    exotel_sandbox: Sandbox, site: Site, open_tab: MakeTab
) -> None:
    async def answer(notice: Notice[events.IncomingCall]) -> None:
        assert notice.call is not None
        await notice.call.answer()

    site.gateway.on(events.IncomingCall, answer)
    tab = await open_tab("one")
    await tab.register()
    exotel_sandbox.place_call(to="alice", party="tone-900")
    await tab.call_event("incoming")
    call = await tab.call_event("connected")
    assert call["media_tab"] == "one"
    await tab.hear_tone(call["media"], 900)


async def test_a_handler_answers_in_the_process_itself(
    exotel_sandbox: Sandbox, site: Site, open_tab: MakeTab
) -> None:
    heard = asyncio.Event()
    media = NativeMedia()

    async def answer(notice: Notice[events.IncomingCall]) -> None:
        call = await notice.answer_with(media)
        with pytest.raises(InvalidState):
            await notice.answer_with(media)
        async with speaking(call, 650):
            await hear_tone(call, 650)
        heard.set()

    site.gateway.on(events.IncomingCall, answer)
    tab = await open_tab("one")
    await tab.register()
    record = exotel_sandbox.place_call(to="alice", party="echo")
    connected = await tab.call_event("connected")
    assert (connected.get("media"), connected.get("media_tab")) == (None, None)
    result = await tab.try_request("answer", call=connected["id"])
    assert result["error"]["code"] == "state.invalid"
    await heard.wait()
    # A tab that is closed takes nothing from such a call.
    other = await open_tab("other")
    await tab.aclose()
    await other.request("hang_up", call=connected["id"])
    assert (await record.ended()).status == "completed"
    await media.aclose()


async def test_what_is_no_call_cannot_be_answered(site: Site, open_tab: MakeTab) -> None:
    refused = asyncio.Event()

    async def answer(notice: Notice[events.Registered]) -> None:
        with pytest.raises(InvalidState):
            await notice.answer_with(NativeMedia())
        refused.set()

    site.gateway.on(events.Registered, answer)
    tab = await open_tab("one")
    await tab.register()
    await refused.wait()


async def test_a_handler_adds_headers_to_the_answer(
    exotel_sandbox: Sandbox, site: Site, open_tab: MakeTab
) -> None:
    def add(notice: Notice[events.IncomingCall]) -> None:
        notice.answer_headers["X-Agent"] = "seven"

    site.gateway.on(events.IncomingCall, add)
    tab = await open_tab("one")
    await tab.register()
    async with Phone(exotel_sandbox.account("bob")) as bob:
        call = await bob.dial("alice")
        incoming = await tab.call_event("incoming")
        await tab.request("answer", call=incoming["id"], headers={"X-Page": "eight"})
        await call.answered()
        headers = {name.lower(): values for name, values in call.details.sip_headers.items()}
        assert headers["x-agent"] == ("seven",)
        assert headers["x-page"] == ("eight",)


async def _wait_for_ever(_: Notice[events.IncomingCall]) -> None:
    await asyncio.Event().wait()


def _fail(_: Notice[events.IncomingCall]) -> None:
    raise ValueError("mine")


@pytest.mark.parametrize("handler", [_wait_for_ever, _fail])
async def test_a_handler_that_takes_too_long_or_fails_stops_nobody(
    exotel_sandbox: Sandbox,
    site: Site,
    open_tab: MakeTab,
    handler: Callable[[Notice[events.IncomingCall]], object],
) -> None:
    site.gateway.on(events.IncomingCall, handler)
    tab = await open_tab("one")
    await tab.register()
    record = exotel_sandbox.place_call(to="alice", party="echo")
    call = await tab.call_event("incoming")
    await tab.request("answer", call=call["id"])
    await record.answered()
