"""Several tabs are one phone, and a call outlives the tab that carried it (guide 5.10)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Page

from browser.phone_tab import Opener, PhoneTab, a_browser
from browser.site import Site, site
from exotel_voice.sandbox import CallRecord, Sandbox

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(90),
    pytest.mark.needs("chromium", "playwright"),
]
TONE_HZ = 900
AUDIBLE = 0.01


@dataclass
class Desk:
    """A user's browser at our site, and the tabs that are open."""

    sandbox: Sandbox
    web: Site
    browser: Opener
    tabs: list[PhoneTab] = field(default_factory=list)

    async def open(self, count: int) -> list[PhoneTab]:
        """Open tabs one after the other, so that the first is the active one."""
        for _ in range(count):
            tab = await self.browser.open(self.web.page("alice"))
            await tab.start()
            self.tabs.append(tab)
        return self.tabs

    def call(self) -> CallRecord:
        """Let somebody call the user."""
        return self.sandbox.place_call(to="alice", party=f"tone-{TONE_HZ}")

    def registrations(self) -> int:
        """How many phones of the user the platform knows."""
        return len(self.sandbox.registrations)


@pytest.fixture
async def desk(exotel_sandbox: Sandbox) -> AsyncIterator[Desk]:
    accounts = {"alice": exotel_sandbox.account("alice")}
    async with (
        site(accounts, resume_limit=8.0, last_tab_limit=2.0) as web,
        a_browser("chromium") as browser,
    ):
        yield Desk(exotel_sandbox, web, browser)


async def has_audio_both_ways(tab: PhoneTab, record: CallRecord) -> None:
    await tab.until_hears(TONE_HZ)
    await record._changes.until(
        lambda: record.heard_level > AUDIBLE, what="the page's microphone", timeout=10.0
    )


async def crash(page: Page) -> None:
    """End the page's process; nobody answers the command that does it."""
    session = await page.context.new_cdp_session(page)
    async with page.expect_event("crash"):
        command = asyncio.ensure_future(session.send("Page.crash"))
    command.cancel()
    await asyncio.wait([command])


async def test_three_tabs_ring_and_any_of_them_answers(desk: Desk) -> None:
    first, second, third = await desk.open(3)
    assert desk.registrations() == 1
    record = desk.call()
    await first.until_told("call:incoming")
    await second.until_told("session:incoming")
    await third.until_told("session:incoming")
    await second.do("Answer")
    await second.until_told("call:connected")
    await first.until_told("call:connected")
    await third.until_told("session:connected")
    await has_audio_both_ways(second, record)
    await first.close()  # the active one, which does not carry the call
    await second.until_told("session:re-register")
    assert desk.registrations() == 1
    await second.close()  # the one that carries it
    await third.until_told("session:re-register")
    await third.until("phone.getCall() !== null")
    await third.do("Answer")
    await third.until_told("call:activeSession")
    await has_audio_both_ways(third, record)
    await third.do("Hangup")
    await record.ended()
    await third.until_told("call:callEnded")


async def test_a_call_outlives_the_reload_of_its_page(desk: Desk) -> None:
    (tab,) = await desk.open(1)
    record = desk.call()
    await tab.until_told("call:incoming")
    await tab.do("Answer")
    await has_audio_both_ways(tab, record)
    await tab.tab.reload()
    await tab.start()
    await tab.until_told("call:activeSession")
    await tab.do("Answer")
    await has_audio_both_ways(tab, record)
    assert await tab.js("phone.getCall().callDetails().callSid") == record.sid
    record.hang_up()
    await tab.until_told("call:terminated")


async def test_a_crashed_tab_s_call_is_taken_over_by_another(desk: Desk) -> None:
    first, second = await desk.open(2)
    record = desk.call()
    await first.until_told("call:incoming")
    await first.do("Answer")
    await has_audio_both_ways(first, record)
    page = first.tab
    assert isinstance(page, Page)
    await crash(page)
    await second.until_told("session:re-register")
    await second.do("Answer")
    await has_audio_both_ways(second, record)
    assert desk.registrations() == 1
    await second.do("Hangup")
    await record.ended()


async def test_a_call_that_no_tab_comes_back_for_is_ended(desk: Desk) -> None:
    (tab,) = await desk.open(1)
    record = desk.call()
    await tab.until_told("call:incoming")
    await tab.do("Answer")
    await has_audio_both_ways(tab, record)
    await tab.close()
    await record.ended(timeout=20.0)
    await desk.sandbox.unregistered("alice")


async def test_two_browsers_of_one_user_are_two_tabs(desk: Desk) -> None:
    (here,) = await desk.open(1)
    async with a_browser("chromium") as elsewhere:
        there = await elsewhere.open(desk.web.page("alice"))
        await there.start()
        record = desk.call()
        await here.until_told("call:incoming")
        await there.until_told("session:incoming")
        await there.do("Answer")
        await there.until_told("call:connected")
        await has_audio_both_ways(there, record)
        await there.do("Hangup")
        await here.until_told("call:callEnded")
        await record.ended()


async def test_pages_find_a_gateway_that_was_restarted(exotel_sandbox: Sandbox) -> None:
    accounts = {"alice": exotel_sandbox.account("alice")}
    async with a_browser("chromium") as browser:
        async with site(accounts) as web:
            tab = await browser.open(web.page("alice"))
            await tab.start()
            port = int(web.url.rpartition(":")[2])
        await tab.until_told("register:unregistered")
        await tab.js("() => { probe.log.length = 0; }")
        async with site(accounts, port=port):
            await tab.until_told("register:registered")
            record = exotel_sandbox.place_call(to="alice", party=f"tone-{TONE_HZ}")
            await tab.until_told("call:incoming")
            await tab.do("Answer")
            await has_audio_both_ways(tab, record)
            await tab.do("Hangup")
            await record.ended()
