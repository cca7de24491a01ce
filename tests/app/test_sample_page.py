"""The sample page in Chromium: calls from the panel, call waiting, transfer, tabs, diagnostics."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser

from app.demo_process import Demo, PhonePage, running_demo
from interop.browser import chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.media,
    pytest.mark.slow,
    pytest.mark.needs("chromium", "playwright"),
    pytest.mark.timeout(120),
]


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """One demo for all tests that leave no call behind."""
    with running_demo() as one:
        yield one


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as one:
        yield one


async def test_a_call_from_the_panel_from_the_ring_to_the_hang_up(
    demo: Demo, browser: Browser
) -> None:
    alice = await PhonePage.open(browser, demo)
    await alice.page.click("[data-party=ivr]")
    await alice.sees(".ringing", "Bank IVR")
    banner = await alice.text(".ringing")
    assert "+918045670003" in banner
    assert "Call id" in banner
    await alice.press("Answer", ".ringing")
    await alice.talks()
    await alice.press("Keypad", ".call")
    for key in ("1", "star", "hash"):
        await alice.page.click(f".call .key[aria-label='{key}']")
    await alice.sees(".hears", "1*#")
    await alice.press("Mute", ".call")
    await alice.sees(".call", "You are muted")
    await alice.press("Unmute", ".call")
    await alice.press("Hold", ".call")
    await alice.sees(".call .tag", "on hold")
    await alice.press("Resume", ".call")
    await alice.talks()
    await alice.sees("#quality", "opus")
    await alice.press("Hang up", ".call")
    await alice.sees(".ended", "you hung up")
    await alice.sees("#history", "Bank IVR")
    assert alice.complaints == []


async def test_two_people_call_each_other(demo: Demo, browser: Browser) -> None:
    alice = await PhonePage.open(browser, demo)
    bob = await PhonePage.open(browser, demo, "bob")
    await alice.dial("bob")
    await bob.sees(".ringing", "alice")
    await alice.sees(".call .tag", "ringing")
    await bob.press("Answer", ".ringing")
    await alice.talks()
    await bob.talks()
    await bob.press("Hang up", ".call")
    await alice.sees(".ended", "the far side hung up")
    await alice.dial("bob")
    await bob.press("Reject", ".ringing")
    await alice.sees(".ended", "the call was refused")
    assert alice.complaints + bob.complaints == []


async def test_a_second_call_waits_and_both_are_joined(demo: Demo, browser: Browser) -> None:
    alice = await PhonePage.open(browser, demo)
    await alice.called_by("echo")
    await alice.page.click("[data-party=ivr]")
    await alice.press("Hold and answer", ".ringing")
    await alice.page.locator(".call").nth(1).wait_for()
    await alice.sees(".call .tag", "on hold")
    await alice.talks()
    await alice.press("Transfer", ".call")
    await alice.press("Join the two calls")
    await alice.sees_no(".call")
    assert alice.complaints == []


async def test_a_call_is_handed_over_at_once_and_after_asking(demo: Demo, browser: Browser) -> None:
    alice = await PhonePage.open(browser, demo)
    await alice.called_by("echo")
    await alice.press("Transfer", ".call")
    await alice.page.fill(".drawer input", "ivr")
    await alice.press("Transfer now")
    await alice.sees_no(".call")
    await alice.called_by("echo")
    await alice.press("Transfer", ".call")
    await alice.page.fill(".drawer input", "tone-1000")
    await alice.press("Ask first")
    await alice.talks()
    await alice.press("Join the two calls")
    await alice.sees_no(".call")


async def test_the_far_side_holds_and_transfers(demo: Demo, browser: Browser) -> None:
    alice = await PhonePage.open(browser, demo)
    await alice.called_by("hold-3")
    await alice.sees(".call", "The far side holds you")
    await alice.press("Hang up", ".call")
    await alice.sees_no(".call")
    await alice.called_by("transfer-ivr")
    await alice.sees(".call h3", "ivr")
    await alice.talks()
    await alice.press("Hang up", ".call")
    await alice.sees(".ended", "ivr: you hung up")


async def test_a_call_goes_on_in_another_tab_and_after_a_reload(
    demo: Demo, browser: Browser
) -> None:
    context = await browser.new_context(ignore_https_errors=True)
    first = await PhonePage.open(context, demo)
    second = await PhonePage.open(context, demo)
    await second.sees("#tabs", "Tab 2")
    await first.dial("echo")
    await first.talks()
    await second.sees("#elsewhere", "The call with echo is in another tab")
    await second.press("Continue here", "#elsewhere")
    await second.talks()
    await first.sees("#elsewhere", "The call with echo is in another tab")
    await second.page.reload()
    await second.is_registered()
    await second.talks()
    await second.page.close()
    await first.sees(".call .tag", "no audio here")
    await first.press("Continue here", ".call")
    await first.talks()
    await first.press("Hang up", ".call")
    await first.sees_no(".call")


async def test_the_keyboard_alone_is_enough(demo: Demo, browser: Browser) -> None:
    alice = await PhonePage.open(browser, demo)
    keys = alice.page.keyboard
    await keys.press("d")
    await keys.type("echo")
    await keys.press("Enter")
    await alice.talks()
    await keys.press("5")
    await alice.sees(".hears", "5")
    await keys.press("m")
    await alice.sees(".call", "You are muted")
    await keys.press("h")
    await alice.sees(".call .tag", "on hold")
    await keys.press("e")
    await alice.sees(".ended", "you hung up")
    await alice.page.click("[data-party=tone]")
    await alice.sees(".ringing", "Tone generator")
    await keys.press("r")
    await alice.sees(".ended", "you rejected the call")
    await alice.page.click("#keys-on")
    await alice.page.click("[data-party=tone]")
    await alice.sees(".ringing", "Tone generator")
    await keys.press("a")
    assert await alice.page.locator(".call").count() == 0
    await alice.press("Reject", ".ringing")
    await alice.sees(".ended", "you rejected the call")


async def test_registration_readiness_diagnostics_and_the_log(demo: Demo, browser: Browser) -> None:
    alice = await PhonePage.open(browser, demo)
    await alice.press("Check now")
    await alice.sees("#ready .answer", "Ready to receive calls")
    await alice.press("Test the network")
    await alice.sees(".results", "wss://localhost")
    await alice.sees(".results", "candidate:")
    await alice.page.locator(".test:has-text('Microphone') button:has-text('Start')").click()
    await alice.page.wait_for_selector(".test .meter[aria-valuenow]:not([aria-valuenow='-60'])")
    await alice.press("Yes", ".test")
    await alice.sees(".test", "works")
    await alice.press("Unregister", ".top")
    await alice.sees("#registration-text", "not registered")
    await alice.press("Check now")
    await alice.sees("#ready .answer", "You are not registered")
    await alice.press("Register", ".top")
    await alice.is_registered()
    await alice.sees("#log .lines", "RegisterEventCallBack unregistered")
    async with alice.page.expect_download() as download:
        await alice.press("Save", "#log")
    saved = (await (await download.value).path()).read_text(encoding="utf-8")
    assert "RegisterEventCallBack registered" in saved


async def test_the_page_says_that_it_is_offline_when_the_server_ends(browser: Browser) -> None:
    with running_demo() as demo:
        alice = await PhonePage.open(browser, demo)
        await alice.called_by("echo")
        assert demo.end() == (130, "")
        await alice.sees("#registration-text", "offline, reconnecting")


@pytest.mark.parametrize("width", [390, 800, 1280])
async def test_nothing_runs_over_the_edge(demo: Demo, browser: Browser, width: int) -> None:
    context = await browser.new_context(
        ignore_https_errors=True, viewport={"width": width, "height": 800}
    )
    alice = await PhonePage.open(context, demo)
    await alice.called_by("echo")
    await alice.page.click(".call summary")
    assert await alice.page.evaluate("document.documentElement.scrollWidth") <= width
    await alice.press("Hang up", ".call")
    await alice.sees_no(".call")
