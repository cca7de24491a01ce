"""What the module does with the page around it: microphone, tones, devices, diagnostics, reload."""

from __future__ import annotations

import re
import shutil

import pytest
from playwright.async_api import Browser, async_playwright

from exotel_voice.sandbox import Sandbox
from gateway.site import Site
from interop.browser import FLAGS
from web.module_page import ModulePage, open_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.needs("chromium", "playwright"),
    pytest.mark.timeout(60),
]

STATUS = "new Promise((resolve) => phone.checkClientStatus(resolve))"
COUNT_TONES = """() => {
    window.sounding = 0;
    const { start, stop } = AudioBufferSourceNode.prototype;
    AudioBufferSourceNode.prototype.start = function () { if (this.loop) sounding += 1; start.call(this); };
    AudioBufferSourceNode.prototype.stop = function () { sounding -= 1; stop.call(this); };
}"""  # noqa: E501 - two lines of JavaScript


async def rings(sandbox: Sandbox, page: ModulePage) -> None:
    await page.start()
    await page.registered()
    sandbox.place_call(to="alice", party="tone-1000")
    await page.until("told.includes('incoming alice')")


async def test_without_consent_to_the_microphone_the_call_is_refused_with_480(
    exotel_sandbox: Sandbox, browser: Browser, site: Site
) -> None:
    page = await open_page(browser, site, query="deaf")
    await rings(exotel_sandbox, page)
    await page.js("phone.getCall().Answer()")
    await page.until("told.includes('callEnded alice')")
    record = await exotel_sandbox.calls[-1].ended()
    assert record.sip_status == 480
    assert await page.js("lines.some((line) => line.includes('NotAllowedError'))")
    assert await page.js(STATUS) == "media_permission_denied"
    with pytest.raises(Exception, match="microphone cannot be used"):
        await page.js("phone.dial('echo')")


async def test_readiness_goes_from_not_initialized_to_registered(
    browser: Browser, site: Site
) -> None:
    page = await open_page(browser, site)
    await page.js("window.phone = new ExotelWebClient(); null")
    assert await page.js(STATUS) == "not_initialized"
    await page.start()
    await page.registered()
    assert await page.js(STATUS) == "registered"
    await page.js("phone.UnRegister()")
    await page.until("states.at(-1) === 'unregistered alice'")
    assert await page.js(STATUS) == "unregistered"


async def test_the_ring_sounds_while_it_rings_and_no_longer(
    exotel_sandbox: Sandbox, browser: Browser, site: Site
) -> None:
    page = await open_page(browser, site)
    await page.js(COUNT_TONES)
    await rings(exotel_sandbox, page)
    assert await page.js("sounding") == 1
    await page.js("phone.getCall().Answer()")
    assert await page.js("sounding") == 0
    await page.until("told.includes('connected alice')")
    exotel_sandbox.place_call(to="alice", party="echo")
    await page.until("sounding === 1")
    await page.js("phone.getCall().Hangup()")
    await page.until("sounding === 0 && phone.calls.length === 1")
    assert await page.js("told") == [
        "incoming alice",
        "connected alice",
        "incoming alice",
        "callEnded alice",
    ]
    await page.js("void phone.dial('no-answer')")
    await page.until("sounding === 1")
    await page.js("phone.calls.at(-1).Hangup()")
    await page.until("sounding === 0")


async def test_a_browser_that_forbids_sound_is_reported_and_the_next_click_starts_it(
    exotel_sandbox: Sandbox, site: Site
) -> None:
    flags = [flag for flag in FLAGS if "autoplay" not in flag]
    path = shutil.which("chromium") or "chromium"
    async with async_playwright() as playwright:
        strict = await playwright.chromium.launch(executable_path=path, args=flags)
        try:
            page = await strict.new_page()
            await page.goto(f"{site.url}/?run")
            await exotel_sandbox.registered("alice")
            async with page.expect_console_message(lambda line: line.text == "blocked: true"):
                exotel_sandbox.place_call(to="alice", party="tone-1000")
            async with page.expect_console_message(lambda line: line.text == "blocked: false"):
                await page.mouse.click(10, 10)
        finally:
            await strict.close()


async def test_diagnostics_tell_browser_devices_levels_and_network(
    browser: Browser, site: Site
) -> None:
    page = await open_page(browser, site)
    await page.start()
    await page.registered()
    await page.js(
        "() => { window.values = []; window.reports = [];"
        " phone.initDiagnostics((status, text) => reports.push(text),"
        " (key, status, description) => values.push([key, status, description])); }"
    )
    await page.until("values.length === 3")
    told = await page.js("values.map(([key, status]) => `${key} ${status}`)")
    assert told == ["browserVersion ready", "micInfo ready", "speakerInfo ready"]
    assert (await page.js("values[0][2]")).startswith("Chrome/")
    for name, test in (("speaker", "Speaker"), ("mic", "Mic")):
        await page.js(f"phone.start{test}DiagnosticsTest()")
        await page.until(f"values.some((one) => one[0] === '{name}' && one[1] > 0.01)")
        await page.js(f"phone.stop{test}DiagnosticsTest('yes')")
        assert await page.js("reports.at(-1)") == f"{name} test: the user answers yes"
    await page.js("phone.startNetworkDiagnostics()")
    await page.until("values.some(([key]) => key === 'srflx')")
    network = await page.js("Object.fromEntries(values.map((one) => [one[0], one.slice(1)]))")
    assert network["wss"] == ["connected", f"ws://localhost:{site.port}/voice/ws"]
    assert network["userReg"] == ["registered", "alice"]
    assert network["host"][0] == network["udp"][0] == "connected"
    assert network["host"][1].startswith("candidate:")
    assert network["srflx"] == ["disconnected", ""]
    await page.js("phone.closeDiagnostics()")


async def test_devices_are_changed_or_the_page_is_told_why_not(
    exotel_sandbox: Sandbox, browser: Browser, site: Site
) -> None:
    page = await open_page(browser, site)
    await rings(exotel_sandbox, page)
    await page.js("phone.getCall().Answer()")
    await page.until_hears(1000)
    change = """([side, id]) => new Promise((resolve) => phone[`changeAudio${side}Device`](id,
        () => resolve("changed"), (error) => resolve(error.message)))"""
    kinds = "navigator.mediaDevices.enumerateDevices().then((all) => all.filter((one) => one.kind"
    microphone = await page.js(f"{kinds} === 'audioinput').at(-1).deviceId)")
    speaker = await page.js(f"{kinds} === 'audiooutput').at(-1).deviceId)")
    assert await page.js(change, ["Input", microphone]) == "changed"
    assert await page.js(change, ["Output", speaker]) == "changed"
    assert await page.js(change, ["Input", "none"]) == "There is no such microphone."
    assert "not found" in await page.js(change, ["Output", "none"])
    await exotel_sandbox.calls[-1].heard_tone(600)


async def test_a_reloaded_page_takes_its_call_back(
    exotel_sandbox: Sandbox, browser: Browser, site: Site
) -> None:
    page = await open_page(browser, site)
    await rings(exotel_sandbox, page)
    await page.js("phone.getCall().Answer()")
    await page.until_hears(1000)
    await page.page.reload()
    await page.until("window.isLoaded === true")
    await page.start()
    await page.until_hears(1000)
    await exotel_sandbox.calls[-1].heard_tone(600)
    assert await page.js("told") == ["activeSession alice"]
    assert await page.js("states") == ["registered alice"]
    await page.js("phone.getCall().Hangup()")
    await page.until("told.includes('callEnded alice')")


async def test_a_duplicated_tab_is_a_tab_of_its_own(browser: Browser, site: Site) -> None:
    context = await browser.new_context()
    page = await open_page(context, site)
    await page.start()
    await page.registered()
    async with context.expect_page() as opened:
        await page.js("void window.open(location.href)")  # takes a copy of sessionStorage along
    other = ModulePage(await opened.value, [])
    await other.until("window.isLoaded === true")
    await page.js("phone.addEventListener('tabs', ({ detail }) => { window.tabs = detail.tabs; })")
    await other.start()
    await other.registered()
    await page.until("window.tabs?.length === 2")
    assert await page.js("tabs[0].is_self && tabs[0].is_active && tabs[0].tab !== tabs[1].tab")


async def saved_log(page: ModulePage) -> str:
    async with page.page.expect_download() as download:
        await page.js("phone.downloadLogs()")
    file = await download.value
    assert file.suggested_filename.startswith("exotel-voice-")
    return (await file.path()).read_text(encoding="utf-8")


async def test_the_log_can_be_saved(exotel_sandbox: Sandbox, browser: Browser, site: Site) -> None:
    """It holds the lines of both ends, in the order of time, and without the gateway the tab's."""
    page = await open_page(browser, site)
    await page.start("{ userName: 'alice', color: 'red' }")
    await page.registered()
    await page.js("phone.dial('echo')")
    await page.until("told.includes('connected alice')")
    await page.js(
        "phone.addEventListener('connection', (event) => (window.line = event.detail.state))"
    )
    await page.js("phone.initWebrtc({ userName: 'alice', size: 3 })")
    await page.until("lines.some((line) => line.includes('size'))")
    text = await saved_log(page)
    parts = (
        "warn initWebrtc(): unknown keys are ignored: color",
        "exotel_voice.phone registered for",
        "CallConnected",
        "warn initWebrtc(): unknown keys are ignored: size",
    )
    assert all(part in text for part in parts)
    assert list(parts) == sorted(parts, key=text.index)
    assert re.search(r"^\S+Z gateway INFO", text, re.MULTILINE)
    assert exotel_sandbox.account("alice").password not in text
    await page.until("window.line === 'connected'")
    await site.gateway.aclose()
    await page.until("line !== 'connected'")
    alone = await saved_log(page)
    assert "warn initWebrtc(): unknown keys are ignored: size" in alone
    assert not re.search(r"^\S+Z gateway ", alone, re.MULTILINE)
