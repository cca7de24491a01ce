"""JsSIP and SIP.js in Chromium register at our sandbox, call our phone and are called by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from exotel_voice.phone import Phone
from exotel_voice.phone.details import EndCause
from exotel_voice.phone.events import DigitReceived, RemoteHoldChanged
from exotel_voice.sandbox import Sandbox
from interop.browser import BrowserPhone, Stack, chromium
from interop.phones import first_call, open_phone, until_event
from interop.talking import talking

pytestmark = [
    pytest.mark.interop,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.needs("chromium", "playwright", "jssip", "sip.js"),
    pytest.mark.timeout(60),
]
STACKS: tuple[Stack, ...] = ("jssip", "sip.js")
PAGE_HZ = 900.0
PHONE_HZ = 600.0


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as server:
        yield server


@pytest.fixture
async def phone(sandbox: Sandbox) -> AsyncIterator[Phone]:
    async with open_phone(sandbox.account("alice")) as one:
        yield one


@pytest.fixture(params=STACKS)
async def page(request: pytest.FixtureRequest, sandbox: Sandbox) -> AsyncIterator[BrowserPhone]:
    async with chromium() as browser:
        peer = await BrowserPhone.open(browser, request.param, tone_hz=PAGE_HZ)
        await peer.register(sandbox.account("bob"))
        yield peer


async def test_a_page_calls_our_phone_and_both_hear_each_other(
    page: BrowserPhone, phone: Phone
) -> None:
    await page.do("call", "alice")
    call = await first_call(phone)
    assert call.details.remote_id == "bob"
    await page.until_state("ringing")
    await call.answer()
    async with talking(call, tone_hz=PHONE_HZ) as here:
        await here.until_hears(PAGE_HZ)
        await page.until_hears(PHONE_HZ)
    await page.do("hangUp")
    assert (await call.ended()).call_end_cause is EndCause.REMOTE_HANGUP


async def test_our_phone_calls_a_page_and_both_hear_each_other(
    page: BrowserPhone, phone: Phone
) -> None:
    call = await phone.dial("bob")
    await page.until_state("incoming")
    await page.do("answer")
    await call.answered()
    async with talking(call, tone_hz=PHONE_HZ) as here:
        await here.until_hears(PAGE_HZ)
        await page.until_hears(PHONE_HZ)
    await call.hang_up()
    await page.until_state("ended")


async def test_each_side_holds_the_other_in_turn(page: BrowserPhone, phone: Phone) -> None:
    call = await phone.dial("bob")
    await page.until_state("incoming")
    await page.do("answer")
    await call.answered()
    async with talking(call, tone_hz=PHONE_HZ) as here:
        await page.until_hears(PHONE_HZ)
        await call.hold()
        await page.until_hears_nothing()
        await call.resume()
        await page.until_hears(PHONE_HZ)
        told = asyncio.create_task(until_event(call, RemoteHoldChanged))
        await page.do("hold")
        assert (await told).is_held
        await here.until_hears_nothing()
        told = asyncio.create_task(until_event(call, RemoteHoldChanged))
        await page.do("resume")
        assert not (await told).is_held
        await here.until_hears(PAGE_HZ)
    await call.hang_up()


async def test_digits_go_both_ways(page: BrowserPhone, phone: Phone) -> None:
    call = await phone.dial("bob")
    await page.until_state("incoming")
    await page.do("answer")
    await call.answered()
    await page.until_state("active")
    await call.send_dtmf("7")
    await page.until("peer.digits.join('') === '7'")
    for action, method in (("sendInfo", "info"), ("sendTelephoneEvent", "rfc4733")):
        heard = asyncio.create_task(until_event(call, DigitReceived))
        await asyncio.sleep(0)
        await page.do(action, "4")
        event = await heard
        assert (event.digit, event.method) == ("4", method)
    await call.hang_up()


async def test_a_page_that_refuses_or_gives_up_is_understood(
    page: BrowserPhone, phone: Phone
) -> None:
    call = await phone.dial("bob")
    await page.until_state("incoming")
    await page.do("reject", 486)
    assert (await call.ended()).call_end_status == 486
    await page.do("call", "alice")
    ringing = await first_call(phone)
    await page.until_state("ringing")
    await page.do("hangUp")
    assert (await ringing.ended()).call_end_cause is EndCause.REMOTE_CANCEL
