"""Calls and phones without a tab: how long they wait, and what comes then."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from exotel_voice.sandbox import CallRecord, Sandbox
from gateway.conftest import MakeTab
from gateway.site import Site
from gateway.web_tab import WebTab

pytestmark = pytest.mark.media


@pytest.fixture
def gateway_options() -> dict[str, Any]:
    return {"resume_limit": 0.6, "last_tab_limit": 0.4, "media_limit": 0.5}


async def connect(sandbox: Sandbox, tab: WebTab) -> tuple[CallRecord, str]:
    record = sandbox.place_call(to="alice", party="tone-1000")
    call = await tab.call_event("incoming")
    await tab.request("answer", call=call["id"])
    await tab.call_event("media")
    return record, call["id"]


async def test_a_call_that_nobody_comes_for_is_hung_up_with_a_reason(
    exotel_sandbox: Sandbox, open_tab: MakeTab, site: Site
) -> None:
    one = await open_tab("one")
    await one.register()
    record, _ = await connect(exotel_sandbox, one)
    began = asyncio.get_running_loop().time()
    one.abort()
    await record.ended()
    assert 0.5 < asyncio.get_running_loop().time() - began < 2.0
    assert "no browser tab came back" in record.reason
    await exotel_sandbox.unregistered("alice")
    assert site.gateway.phones == ()


async def test_a_phone_without_tabs_unregisters_after_a_while(
    exotel_sandbox: Sandbox, open_tab: MakeTab, site: Site
) -> None:
    one = await open_tab("one")
    await one.register()
    began = asyncio.get_running_loop().time()
    await one.aclose()
    await exotel_sandbox.unregistered("alice")
    assert asyncio.get_running_loop().time() - began >= 0.35
    again = await open_tab("again")
    assert again.told[-1]["registration"]["state"] == "unregistered"
    await again.register()
    assert len(site.gateway.phones) == 1


async def test_a_tab_that_is_back_in_time_finds_the_phone_registered(
    exotel_sandbox: Sandbox, open_tab: MakeTab
) -> None:
    one = await open_tab("one")
    await one.register()
    before = exotel_sandbox.registrations
    again = await one.reload()
    attached = await again.attach()
    assert attached["registration"]["state"] == "registered"
    assert exotel_sandbox.registrations == before
    await again.aclose()


async def test_a_call_that_rings_while_the_last_tab_leaves_is_refused(
    exotel_sandbox: Sandbox, open_tab: MakeTab
) -> None:
    one = await open_tab("one")
    await one.register()
    record = exotel_sandbox.place_call(to="alice", party="echo")
    await one.call_event("incoming")
    one.abort()
    await record.ended()
    assert record.sip_status == 480


async def test_a_call_that_rings_can_be_answered_after_a_reload(
    exotel_sandbox: Sandbox, open_tab: MakeTab
) -> None:
    one = await open_tab("one")
    await one.register()
    record = exotel_sandbox.place_call(to="alice", party="tone-1000")
    call = await one.call_event("incoming")
    again = await one.reload()
    attached = await again.attach()
    assert attached["calls"][0]["state"] == "incoming"
    await again.request("answer", call=call["id"])
    await record.answered()
    await again.hear_tone(call["media"], 1000)
    await again.aclose()


async def test_a_tab_that_hangs_is_passed_over_for_the_next(
    exotel_sandbox: Sandbox, open_tab: MakeTab
) -> None:
    one, two = await open_tab("one"), await open_tab("two")
    await one.register()
    one.answers_media = False
    exotel_sandbox.place_call(to="alice", party="tone-1000")
    call = await one.call_event("incoming")
    await one.request("answer", call=call["id"])
    assert (await two.call_event("connected"))["media_tab"] == "two"
    await two.hear_tone(call["media"], 1000)


async def test_a_call_that_no_tab_can_have_is_refused_with_480(
    exotel_sandbox: Sandbox, open_tab: MakeTab
) -> None:
    one = await open_tab("one")
    await one.register()
    one.answers_media = False
    record = exotel_sandbox.place_call(to="alice", party="echo")
    call = await one.call_event("incoming")
    result = await one.try_request("answer", call=call["id"])
    assert result["error"]["code"] == "media.unavailable"
    await one.call_event("callEnded")
    assert (await record.ended()).sip_status == 480


async def test_a_call_without_a_microphone_is_refused_with_480(
    exotel_sandbox: Sandbox, open_tab: MakeTab
) -> None:
    one, two = await open_tab("one"), await open_tab("two")
    await one.register()
    denied = {"code": "media.microphone_denied", "message": "no\nmicrophone", "hint": "Allow it."}
    two.microphone_fault = denied
    record = exotel_sandbox.place_call(to="alice", party="echo")
    call = await two.call_event("incoming")
    result = await two.try_request("answer", call=call["id"])
    assert result["error"] == {
        "code": "media.microphone_denied",
        "message": "no microphone",
        "hint": "Allow it.",
    }
    assert (await record.ended()).sip_status == 480
    value = await two.request("dial", target="echo")
    assert (await two.call_event("callEnded"))["id"] == call["id"]
    assert (await two.call_event("callEnded"))["id"] == value["call"]


async def test_a_take_over_without_a_microphone_leaves_the_call_where_it_was(
    exotel_sandbox: Sandbox, open_tab: MakeTab
) -> None:
    one, two = await open_tab("one"), await open_tab("two")
    await one.register()
    _, call = await connect(exotel_sandbox, one)
    two.microphone_fault = {"code": "media.microphone_denied", "message": "none", "hint": ""}
    result = await two.try_request("answer", call=call)
    assert result["error"]["code"] == "media.microphone_denied"
    media = next(iter(one.sessions))
    await one.hear_tone(media, 1000)
    await two.find("media_request", op="close")


async def test_a_hold_without_a_tab_is_refused_and_the_call_goes_on(
    exotel_sandbox: Sandbox, open_tab: MakeTab
) -> None:
    one, two = await open_tab("one"), await open_tab("two")
    await one.register()
    _, call = await connect(exotel_sandbox, one)
    await one.aclose()
    await two.find("session", state="re-register")
    result = await two.try_request("hold", call=call)
    assert result["error"]["code"] == "media.unavailable"
    await two.request("answer", call=call)
    await two.request("hold", call=call)


async def test_a_call_that_a_closed_tab_dialled_waits_too(
    exotel_sandbox: Sandbox, open_tab: MakeTab
) -> None:
    one, two = await open_tab("one"), await open_tab("two")
    await one.register()
    value = await one.request("dial", target="late-1")
    await one.call_event("ringing")
    await one.aclose()
    ended = await two.call_event("callEnded")
    assert ended["id"] == value["call"]
    assert "no browser tab came back" in ended["details"]["callEndReason"]
    del exotel_sandbox


async def test_a_path_that_fails_in_the_call_is_looked_for_again(
    exotel_sandbox: Sandbox, open_tab: MakeTab
) -> None:
    one = await open_tab("one")
    await one.register()
    await connect(exotel_sandbox, one)
    media = next(iter(one.sessions))
    await one.send({"type": "media_event", "media": media, "event": "disconnected"})
    await one.send({"type": "media_event", "media": media, "event": "failed"})
    await one.call_event("reconnecting")
    await one.find("media_request", op="offer", ice_restart=True)
    await one.call_event("media")
    await one.report_stats(media)
    await one.hear_tone(media, 1000)


async def test_a_path_that_was_never_found_ends_the_call(
    exotel_sandbox: Sandbox, open_tab: MakeTab
) -> None:
    one = await open_tab("one")
    await one.register()
    one.tells_media = False
    exotel_sandbox.place_call(to="alice", party="tone-1000")
    call = await one.call_event("incoming")
    await one.request("answer", call=call["id"])
    fault = {"code": "media.ice_failed", "message": "no candidate pair works", "hint": ""}
    event = {"type": "media_event", "media": call["media"], "event": "failed", "error": fault}
    await one.send(event)
    ended = await one.call_event("callEnded")
    assert ended["details"]["callEndReason"] == "no candidate pair works"
