"""The browser module in Chromium: register, ring, answer, two-way audio, hold, digits, the end."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from exotel_voice.sandbox import CallRecord, Sandbox
from gateway.site import Site
from web.module_page import Form, ModulePage, open_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.needs("chromium", "playwright"),
    pytest.mark.timeout(60),
]


async def in_a_call(sandbox: Sandbox, page: ModulePage, party: str = "tone-1000") -> CallRecord:
    """Register, be called, answer, and hear the party."""
    await page.start()
    await page.registered()
    record = sandbox.place_call(
        to="alice", party=party, caller_id="+919900000001", display_name="Asha"
    )
    await page.until("told.includes('incoming alice')")
    await page.js("phone.getCall().Answer()")
    await page.until("told.includes('connected alice')")
    return record


@pytest.mark.parametrize("form", ["classic", "module"])
async def test_a_call_from_ring_to_end(
    exotel_sandbox: Sandbox, browser: Browser, site: Site, form: Form
) -> None:
    page = await open_page(browser, site, form)
    await page.start()
    await page.registered()
    assert await page.js("states") == ["sent_request alice", "registered alice"], await page.js(
        "lines"
    )
    record = exotel_sandbox.place_call(
        to="alice", party="tone-1000", caller_id="+919900000001", display_name="Asha"
    )
    await page.until("told.includes('incoming alice')")
    assert await page.js("window.microphonesOpened ?? 0") == 0
    details = await page.js("calls[0].callDetails()")
    assert details["remoteId"] == "+919900000001"
    assert details["remoteDisplayName"] == "Asha"
    assert details["callSid"] == record.sid
    assert (details["callState"], details["callDirection"]) == ("incoming", "incoming")
    assert await page.js("phone.getCall().Answer()") is True
    await page.until_hears(1000)
    await record.heard_tone(600)
    assert await page.js("phone.getCall().callState") == "active"
    await page.js("phone.getCall().Hangup()")
    await page.until("told.includes('callEnded alice')")
    assert (await record.ended()).status == "completed"
    assert await page.js("told") == ["incoming alice", "connected alice", "callEnded alice"]
    assert await page.js("phone.getCall()") is None
    await page.js("phone.UnRegister()")
    await page.until("states.at(-1) === 'unregistered alice'")
    assert await page.js("states") == [
        "sent_request alice",
        "registered alice",
        "sent_request alice",
        "unregistered alice",
    ]
    assert page.errors == []


async def test_the_far_side_hangs_up(exotel_sandbox: Sandbox, browser: Browser, site: Site) -> None:
    page = await open_page(browser, site)
    record = await in_a_call(exotel_sandbox, page)
    await page.until_hears(1000)
    record.hang_up()
    await page.until("told.includes('terminated alice')")
    assert await page.js("told") == ["incoming alice", "connected alice", "terminated alice"]


async def test_dialing_out_and_hold(exotel_sandbox: Sandbox, browser: Browser, site: Site) -> None:
    page = await open_page(browser, site)
    await page.start()
    await page.registered()
    assert await page.js("phone.dial('tone-800').then((call) => call.callDirection)") == "outgoing"
    await page.until("told.includes('connected alice')")
    await page.until_hears(800)
    record = exotel_sandbox.calls[-1]
    await record.heard_tone(600)
    before = await page.js("phone.getCall().stats().then((stats) => stats.packets_received)")
    await page.js("phone.getCall().Hold()")
    await page.until("phone.getCall().isOnHold")
    await page.until_silent()
    await page.js("phone.getCall().UnHold()")
    await page.until_hears(800)
    await page.js("(() => { const call = phone.getCall(); call.Hold(); call.UnHold(); })()")
    await page.until("lines.length >= 0 && !phone.getCall().isOnHold")
    await page.until_hears(800)
    after = await page.js("phone.getCall().stats()")
    assert after["codec"]
    assert after["packets_received"] > before
    await page.js("phone.getCall().Hangup()")
    await page.until("told.includes('callEnded alice')")


async def test_mute_is_silence_at_the_far_side(
    exotel_sandbox: Sandbox, browser: Browser, site: Site
) -> None:
    page = await open_page(browser, site)
    await in_a_call(exotel_sandbox, page, "echo")
    await page.until_hears(600)
    await page.js("phone.getCall().MuteToggle()")
    await page.until_silent()
    await page.js("phone.getCall().MuteToggle()")
    await page.until_hears(600)
    await page.js("phone.getCall().Hangup()")
    await page.until("told.includes('callEnded alice')")


@pytest.mark.parametrize("method", ["info", "rfc4733"])
async def test_digits(exotel_sandbox: Sandbox, browser: Browser, site: Site, method: str) -> None:
    page = await open_page(browser, site)
    record = await in_a_call(exotel_sandbox, page, "ivr")
    await page.until("phone.getCall()?.isHere")
    for digit in "42#":
        assert await page.js(f"phone.getCall().sendDTMF({digit!r}, {method!r})") is True
    await record.heard("42#")
    await page.js("phone.getCall().Hangup()")
    await page.until("told.includes('callEnded alice')")


async def test_the_class_itself_is_a_phone(
    exotel_sandbox: Sandbox, browser: Browser, site: Site
) -> None:
    page = await open_page(browser, site)
    await page.start("{ userName: 'alice' }", phone="ExotelWebClient")
    await page.registered()
    record = exotel_sandbox.place_call(to="alice", party="tone-1000")
    await page.until("told.includes('incoming alice')")
    await page.js("ExotelWebClient.getCall().Hangup()")
    await page.until("told.includes('callEnded alice')")
    assert (await record.ended()).status == "busy"
    assert await page.js("ExotelWebClient.calls.length") == 0
