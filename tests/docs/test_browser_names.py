"""The names of the guide, and of today's JavaScript SDK, in a page: what they really change."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from docs.phone_page import page_of
from docs.stage import LIMIT
from exotel_voice.sandbox import CallRecord, Sandbox

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.media,
    pytest.mark.timeout(60),
    pytest.mark.needs("chromium", "playwright"),
]

NO_MICROPHONE = """() => {
  navigator.mediaDevices.getUserMedia = async () => {
    throw new DOMException('Permission denied', 'NotAllowedError')
  }
}"""
HEADSET = """() => {
  const headset = (kind) => ({ kind, deviceId: 'headset', groupId: 'usb', label: 'Headset' })
  navigator.mediaDevices.enumerateDevices = async () =>
    ['audioinput', 'audiooutput'].map(headset)
  navigator.mediaDevices.dispatchEvent(new Event('devicechange'))
}"""
WATCH = """() => {
  window.asked = []
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
  navigator.mediaDevices.getUserMedia = (wish) => (asked.push(wish.audio), real(wish))
}"""


async def until(page: Page, condition: str) -> None:
    await page.wait_for_function(condition, timeout=LIMIT * 1000, polling=20)


@contextlib.asynccontextmanager
async def registered(
    browser: Browser, sandbox: Sandbox, *, follow: bool = False
) -> AsyncIterator[Page]:
    """A page whose phone is registered."""
    async with page_of(browser, sandbox.account("alice")) as page:
        await page.evaluate("follow => start(follow)", follow)
        await page.evaluate("phone.DoRegister()")
        await until(page, "states.at(-1) === 'registered'")
        yield page


async def talk(page: Page, sandbox: Sandbox, party: str = "echo") -> CallRecord:
    """Bring a call up."""
    record = sandbox.place_call(to="alice", party=party)
    await until(page, "phone.getCall()?.callState === 'incoming'")
    await page.evaluate("phone.getCall().Answer()")
    await until(page, "phone.getCall()?.callState === 'active'")
    await record.answered()
    return record


async def test_toggles_and_digits_of_a_call(browser: Browser, sandbox: Sandbox) -> None:
    changes = sandbox.changes
    async with registered(browser, sandbox) as page:
        record = await talk(page, sandbox, "ivr")
        await page.evaluate("phone.getCall().HoldToggle()")
        await changes.until(lambda: record.is_held, what="the hold", timeout=LIMIT)
        await page.evaluate("phone.getCall().HoldToggle()")
        await changes.until(lambda: not record.is_held, what="its end", timeout=LIMIT)
        await page.evaluate("phone.getCall().MuteToggle()")
        await until(page, "phone.getCall().isMuted")
        await page.evaluate("phone.getCall().MuteToggle()")
        await until(page, "!phone.getCall().isMuted")
        await page.evaluate("'4*2'.split('').forEach((digit) => phone.getCall().sendDTMF(digit))")
        await record.heard("4*2")


async def test_without_a_microphone_its_test_tells_an_error(
    browser: Browser, sandbox: Sandbox
) -> None:
    async with registered(browser, sandbox) as page:
        await page.evaluate(NO_MICROPHONE)
        await page.evaluate("diagnose()")
        await page.evaluate("phone.startMicDiagnosticsTest()")
        await until(page, "results.some(([key, , text]) => key === 'mic' && text === 'mic error')")
        await page.evaluate("phone.closeDiagnostics()")


async def test_the_network_test_of_a_phone_without_a_server(
    browser: Browser, sandbox: Sandbox
) -> None:
    nowhere = dataclasses.replace(sandbox.account("alice"), port=9)
    async with page_of(browser, nowhere) as page:
        await page.evaluate("start()")
        await page.evaluate("phone.DoRegister()")
        await page.evaluate("diagnose()")
        await page.evaluate("phone.startNetworkDiagnostics()")
        await until(page, "results.some(([key]) => key === 'srflx')")
        told = await page.evaluate("Object.fromEntries(results.map(([key, is]) => [key, is]))")
        assert told["wss"] == "disconnected"
        assert told["userReg"] == "unregistered"


async def test_the_network_test_can_be_stopped(browser: Browser, sandbox: Sandbox) -> None:
    async with registered(browser, sandbox) as page:
        await page.evaluate("diagnose()")
        await until(page, "results.length === 3")
        await page.evaluate("phone.startNetworkDiagnostics(); phone.stopNetworkDiagnostics()")
        await page.evaluate("phone.startNetworkDiagnostics()")
        await until(page, "results.some(([key]) => key === 'srflx')")
        keys = await page.evaluate("results.map(([key]) => key)")
        assert keys.count("host") == keys.count("srflx") == 1


async def test_auto_handling_follows_the_default_device(browser: Browser, sandbox: Sandbox) -> None:
    async with registered(browser, sandbox, follow=True) as page:
        await talk(page, sandbox)
        await page.evaluate(WATCH)
        await page.evaluate(HEADSET)
        await until(page, "asked.length === 1")
        await until(page, "phone.getCall().callState === 'active'")


async def test_the_preferred_codec_is_that_of_the_call(browser: Browser, sandbox: Sandbox) -> None:
    async with registered(browser, sandbox) as page:
        assert await page.evaluate("phone.setPreferredCodec('cassette')") is False
        assert await page.evaluate("phone.setPreferredCodec('pcmu')") is True
        await page.evaluate("void phone.dial('echo')")
        await until(page, "phone.getCall()?.callState === 'active'")
        await until(page, "phone.getCall().stats().then((all) => /pcmu/i.test(all?.codec))")
        record = sandbox.calls[-1]
        await sandbox.changes.until(
            lambda: record.codec.lower() == "pcmu", what="the codec", timeout=LIMIT
        )


async def test_noise_suppression_is_switched_at_the_microphone(
    browser: Browser, sandbox: Sandbox
) -> None:
    async with registered(browser, sandbox) as page:
        await page.evaluate(WATCH)
        await page.evaluate("phone.setNoiseSuppression(false)")
        record = await talk(page, sandbox)
        assert await page.evaluate("asked.map((wish) => wish.noiseSuppression)") == [False]
        await page.evaluate("phone.setNoiseSuppression(true)")
        await until(page, "asked.length === 2 && asked[1].noiseSuppression === true")
        assert not record.status.is_final


async def test_the_console_is_switched_off(browser: Browser, sandbox: Sandbox) -> None:
    lines: list[str] = []
    async with registered(browser, sandbox) as page:
        page.on("console", lambda message: lines.append(message.text))
        refused = "phone.sendDTMF?.('5'); phone.setAudioOutputVolume('trumpet', 1)"
        await page.evaluate(refused)
        assert any("setAudioOutputVolume" in line for line in lines)
        lines.clear()
        await page.evaluate("phone.setEnableConsoleLogging(false)")
        await page.evaluate(refused)
        await page.evaluate("console.log('the last line')")
        assert lines == ["the last line"]
