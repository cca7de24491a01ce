"""A page of the integration guide's own code works with only the script's address changed."""

from __future__ import annotations

import pytest

from browser.phone_tab import PhoneTab, a_browser
from browser.site import site
from exotel_voice.sandbox import CallRecord, Sandbox

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(90),
    pytest.mark.needs("chromium", "playwright"),
]
TONE_HZ = 600


async def ring(tab: PhoneTab, sandbox: Sandbox, party: str) -> CallRecord:
    record = sandbox.place_call(to="alice", party=party)
    await tab.until("ui.isComing")
    return record


async def test_the_guide_s_code_runs_word_for_word(exotel_sandbox: Sandbox) -> None:
    accounts = {"alice": exotel_sandbox.account("alice")}
    async with site(accounts) as web, a_browser("chromium") as browser:
        tab = await browser.open(web.page("alice", form="guide"))
        await tab.until("globalThis.ui?.isRegistered")
        await tab.js("askStatus()")
        await tab.until("ui.statuses.includes('registered')")

        record = await ring(tab, exotel_sandbox, "ivr")
        await tab.js("acceptCallHandler()")
        await tab.until("ui.isInCall && !ui.isComing")
        await tab.js("dtmfHandler('7')")
        await record.heard("7")
        await tab.js("muteHandler()")
        await record._changes.until(
            lambda: record.heard_level < 0.003, what="silence while muted", timeout=10.0
        )
        await tab.js("muteHandler()")
        await tab.js("holdHandler()")
        await record._changes.until(lambda: record.is_held, what="the hold", timeout=10.0)
        await tab.js("holdHandler()")
        await record._changes.until(lambda: not record.is_held, what="the resume", timeout=10.0)
        await tab.js("rejectCallHandler()")
        await tab.until("!ui.isInCall")
        await record.ended()

        record = await ring(tab, exotel_sandbox, f"tone-{TONE_HZ}")
        await tab.js("acceptCallHandler()")
        await tab.until_hears(TONE_HZ)
        record.hang_up()
        await tab.until_told("call:terminated:alice")
        await tab.until("!ui.isInCall")

        record = await ring(tab, exotel_sandbox, "echo")
        await tab.js("rejectCallHandler()")
        await record.ended()
        assert record.sip_status == 486

        await tab.js("unregisterHandler()")
        await tab.until_told("register:unregistered:alice")
        assert await tab.js("ui.isRegistered") is False
        assert await tab.js("probe.errors") == []


async def test_its_child_tab_is_told_and_takes_over(exotel_sandbox: Sandbox) -> None:
    accounts = {"alice": exotel_sandbox.account("alice")}
    async with site(accounts) as web, a_browser("chromium") as browser:
        parent = await browser.open(web.page("alice", form="guide"))
        await parent.until("globalThis.ui?.isRegistered")
        child = await browser.open(web.page("alice", form="guide"))
        await child.until("globalThis.ui?.isRegistered")
        record = await ring(parent, exotel_sandbox, "echo")
        await child.until("ui.messages.length === 1")
        assert await child.js("ui.messages[0]") == (
            "Incoming call from alice,Switch tab to find dialpad"
        )
        await parent.js("acceptCallHandler()")
        await child.until("ui.open === false")
        record.hang_up()
        await child.until_told("session:callEnded")
        await parent.close()
        await child.until("sessionStorage.getItem('activeSessionTab') === 'parent0'")
        record = await ring(child, exotel_sandbox, "echo")
        await child.js("rejectCallHandler()")
        await record.ended()
