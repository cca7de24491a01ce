"""What a page does with one phone, in Chromium and Firefox, against the sandbox.

A browser takes seconds to start, so a test goes through several flows; each is a function named for
what it shows.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest

from browser.phone_tab import BROWSERS, BrowserName, PhoneTab, a_browser
from browser.site import site
from exotel_voice.sandbox import CallRecord, Sandbox

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(150),
    pytest.mark.needs("chromium", "firefox", "playwright", "pulseaudio"),
]
TONE_HZ = 700
AUDIBLE = 0.01
SILENT = 0.003


@contextlib.asynccontextmanager
async def a_phone(
    name: BrowserName, sandbox: Sandbox, *, form: str = "classic"
) -> AsyncIterator[PhoneTab]:
    """Give a registered phone in a page."""
    async with site({"alice": sandbox.account("alice")}) as web, a_browser(name) as browser:
        tab = await browser.open(web.page("alice", form=form))
        await tab.start()
        yield tab
        errors = await tab.js("probe.errors")
        assert errors == []


async def begin_again(tab: PhoneTab) -> None:
    """Forget what was told."""
    await tab.js("() => { probe.log.length = 0; probe.calls.length = 0; }")


async def connect(tab: PhoneTab, sandbox: Sandbox, party: str) -> CallRecord:
    """Let the sandbox call the page, which answers."""
    await begin_again(tab)
    record = sandbox.place_call(to="alice", party=party)
    await tab.until_told("call:incoming")
    assert await tab.do("Answer") is True
    await tab.until_told("call:connected")
    await record.answered()
    return record


async def until_level(record: CallRecord, *, above: float = -1.0, below: float = 2.0) -> None:
    """Wait until the level that the sandbox hears is within bounds."""
    await record._changes.until(
        lambda: above < record.heard_level < below,
        what=f"a level between {above} and {below}",
        timeout=10.0,
    )


async def audio_flows_both_ways(tab: PhoneTab, sandbox: Sandbox) -> None:
    record = await connect(tab, sandbox, f"tone-{TONE_HZ}")
    await tab.until_hears(TONE_HZ)
    await until_level(record, above=AUDIBLE)
    await mute_is_silence_for_the_far_side(tab, record)
    await hold_is_silence_for_both_and_resume_is_not(tab, record)
    assert await tab.do("Hangup") is True
    await record.ended()
    await tab.until_told("call:callEnded")
    assert await tab.call_events() == ["incoming", "connected", "callEnded"]


async def mute_is_silence_for_the_far_side(tab: PhoneTab, record: CallRecord) -> None:
    assert await tab.do("Mute") is True
    await until_level(record, below=SILENT)
    assert await tab.do("UnMute") is True
    await until_level(record, above=AUDIBLE)


async def hold_is_silence_for_both_and_resume_is_not(tab: PhoneTab, record: CallRecord) -> None:
    await tab.do("Hold")
    await tab.until("phone.getCall().isOnHold")
    await record._changes.until(lambda: record.is_held, what="the hold", timeout=5.0)
    await tab.until_hears_nothing()
    await until_level(record, below=SILENT)
    await tab.do("Hold")
    await tab.do("UnHold")
    await tab.until("!phone.getCall().isOnHold")
    await record._changes.until(lambda: not record.is_held, what="the resume", timeout=5.0)
    await tab.until_hears(TONE_HZ)
    await until_level(record, above=AUDIBLE)


async def hold_then_unhold_at_once_ends_unheld(tab: PhoneTab, sandbox: Sandbox) -> None:
    record = await connect(tab, sandbox, f"tone-{TONE_HZ}")
    await tab.js("() => { const call = phone.getCall(); call.Hold(); call.UnHold(); }")
    await tab.until_hears(TONE_HZ)
    await tab.until("!phone.getCall().isOnHold")
    await record._changes.until(lambda: not record.is_held, what="the resume", timeout=5.0)
    record.hang_up()
    await tab.until_told("call:terminated")
    assert await tab.call_events() == ["incoming", "connected", "terminated"]


async def digits_are_heard_both_ways_of_sending(tab: PhoneTab, sandbox: Sandbox) -> None:
    record = await connect(tab, sandbox, "ivr")
    for digit in "12":
        assert await tab.do("sendDTMF", digit) is True
    await record.heard("12")
    for digit in "34":
        assert await tab.do("sendDTMF", digit, "rfc4733") is True
    await record.heard("1234")
    assert {heard.method for heard in record.heard_digits} == {"info", "rfc4733"}
    assert await tab.do("sendDTMF", "x") is False
    await tab.do("Hangup")
    await record.ended()
    await tab.until_told("call:callEnded")


async def a_caller_who_gives_up_is_terminated(tab: PhoneTab, sandbox: Sandbox) -> None:
    await begin_again(tab)
    record = sandbox.place_call(to="alice", party="echo")
    await tab.until_told("call:incoming")
    record.hang_up()
    await tab.until_told("call:terminated")
    assert await tab.call_events() == ["incoming", "terminated"]


async def a_rejected_call_gets_486(tab: PhoneTab, sandbox: Sandbox) -> None:
    await begin_again(tab)
    record = sandbox.place_call(to="alice", party="echo")
    await tab.until_told("call:incoming")
    await tab.do("Hangup")
    await record.ended()
    assert record.sip_status == 486
    await tab.until_told("call:callEnded")
    assert await tab.call_events() == ["incoming", "callEnded"]


async def the_details_of_a_call_are_those_of_the_wire(tab: PhoneTab, sandbox: Sandbox) -> None:
    record = await connect(tab, sandbox, "echo")
    details = await tab.js("phone.getCall().callDetails()")
    assert details["callSid"] == record.sid
    assert details["legSid"]
    assert details["callDirection"] == "incoming"
    assert details["sipHeaders"]["X-Exotel-Callsid"] == record.sid
    await tab.do("Hangup")
    await tab.until_told("call:callEnded")


async def who_is_dialled_answers_or_is_busy(tab: PhoneTab) -> None:
    await begin_again(tab)
    await tab.dial(f"tone-{TONE_HZ}")
    await tab.until_told("call:connected")
    await tab.until_hears(TONE_HZ)
    await tab.do("Hangup")
    await tab.until_told("call:callEnded")
    await begin_again(tab)
    await tab.dial("busy")
    await tab.until_told("call:terminated")


async def a_transfer_ends_the_call_here(tab: PhoneTab, sandbox: Sandbox) -> None:
    record = await connect(tab, sandbox, "echo")
    await tab.js("async () => { await phone.getCall().transfer('tone'); }")
    await tab.until("phone.getCall() === null")
    assert record.sid


async def it_unregisters(tab: PhoneTab) -> None:
    await begin_again(tab)
    await tab.js("() => { phone.UnRegister(); }")
    await tab.until_told("register:unregistered")
    assert await tab.told() == ["register:sent_request", "register:unregistered"]


@pytest.mark.parametrize("name", BROWSERS)
async def test_calls_from_the_ring_to_the_end(name: BrowserName, exotel_sandbox: Sandbox) -> None:
    async with a_phone(name, exotel_sandbox) as tab:
        assert await tab.told() == ["register:sent_request", "register:registered"]
        await audio_flows_both_ways(tab, exotel_sandbox)
        await hold_then_unhold_at_once_ends_unheld(tab, exotel_sandbox)
        await digits_are_heard_both_ways_of_sending(tab, exotel_sandbox)
        await a_caller_who_gives_up_is_terminated(tab, exotel_sandbox)
        await a_rejected_call_gets_486(tab, exotel_sandbox)


@pytest.mark.parametrize("name", BROWSERS)
async def test_calls_that_the_page_makes_and_passes_on(
    name: BrowserName, exotel_sandbox: Sandbox
) -> None:
    async with a_phone(name, exotel_sandbox, form="module") as tab:
        await the_details_of_a_call_are_those_of_the_wire(tab, exotel_sandbox)
        await who_is_dialled_answers_or_is_busy(tab)
        await a_transfer_ends_the_call_here(tab, exotel_sandbox)
        await it_unregisters(tab)
