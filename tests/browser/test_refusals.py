"""What a page is told when something is missing: microphone, https, identity, its own origin."""

from __future__ import annotations

from typing import Final

import pytest

from browser.phone_tab import PhoneTab, a_browser, a_chromium
from browser.site import site
from exotel_voice.sandbox import Sandbox
from interop.browser import FLAGS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(60),
    pytest.mark.needs("chromium", "playwright"),
]
WITHOUT_MICROPHONE: Final = [flag for flag in FLAGS if "use-fake-device" not in flag]
ELSEWHERE: Final = "phone.test"
WITH_ANOTHER_NAME: Final = [*FLAGS, f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1"]

KEEP_THE_MICROPHONE: Final = """() => {
    const { getUserMedia } = navigator.mediaDevices;
    globalThis.sources = [];
    navigator.mediaDevices.getUserMedia = async function (wish) {
        const stream = await getUserMedia.call(this, wish);
        sources.push(stream.getAudioTracks()[0]);
        return stream;
    };
}"""
UNPLUG: Final = "() => { sources[0].stop(); sources[0].dispatchEvent(new Event('ended')); }"
BEGIN: Final = """async (info) => {
    globalThis.lines = [];
    globalThis.phone = new exotelSDK.ExotelWebClient();
    phone.addEventListener("log", (event) => lines.push(event.detail.message));
    globalThis.isInitialized = await phone.initWebrtc(info, ...probe.callbacks());
}"""


async def begin(tab: PhoneTab, info: dict[str, object] | None = None) -> None:
    """Make a phone and wait for what initWebrtc says."""
    await tab.until("globalThis.exotelSDK")
    await tab.js(BEGIN, info)


async def test_without_a_microphone_a_call_is_refused_and_the_page_told(
    exotel_sandbox: Sandbox,
) -> None:
    accounts = {"alice": exotel_sandbox.account("alice")}
    async with site(accounts) as web, a_chromium(WITHOUT_MICROPHONE) as browser:
        tab = await browser.open(web.page("alice"))
        await begin(tab)
        await tab.js("() => { phone.DoRegister(); }")
        await tab.until_told("register:registered")
        record = exotel_sandbox.place_call(to="alice", party="echo")
        await tab.until_told("call:incoming")
        await tab.do("Answer")
        await tab.until_told("call:callEnded")
        assert (await record.ended()).sip_status == 480
        assert await tab.js("lines.some((line) => line.includes('icrophone'))")
        await tab.js("() => phone.checkClientStatus((status) => { globalThis.status_ = status; })")
        await tab.until("globalThis.status_ === 'media_permission_denied'")


async def test_a_microphone_that_is_unplugged_in_a_call_is_replaced(
    exotel_sandbox: Sandbox,
) -> None:
    accounts = {"alice": exotel_sandbox.account("alice")}
    async with site(accounts) as web, a_browser("chromium") as browser:
        tab = await browser.open(web.page("alice"))
        await tab.js(KEEP_THE_MICROPHONE)
        await tab.start()
        record = exotel_sandbox.place_call(to="alice", party="tone-800")
        await tab.until_told("call:incoming")
        await tab.do("Answer")
        await tab.until_hears(800)
        await tab.js(UNPLUG)
        await tab.until("sources.length === 2")
        await record._changes.until(
            lambda: record.heard_level > 0.01, what="the other microphone", timeout=10.0
        )
        await tab.until_hears(800)
        await tab.do("Hangup")
        await record.ended()


async def test_a_page_without_https_registers_but_says_why_it_cannot_talk(
    exotel_sandbox: Sandbox,
) -> None:
    accounts = {"alice": exotel_sandbox.account("alice")}
    async with site(accounts) as web, a_chromium(WITH_ANOTHER_NAME) as browser:
        url = web.page("alice").replace("localhost", ELSEWHERE)
        tab = await browser.open(url)
        assert await tab.js("globalThis.isSecureContext") is False
        await begin(tab)
        await tab.js("() => { phone.DoRegister(); }")
        await tab.until_told("register:registered")
        record = exotel_sandbox.place_call(to="alice", party="echo")
        await tab.until_told("call:incoming")
        await tab.do("Answer")
        assert (await record.ended()).sip_status == 480
        await tab.until("lines.some((line) => line.includes('https'))")


async def test_a_page_that_nobody_is_signed_in_to_is_refused_once(exotel_sandbox: Sandbox) -> None:
    accounts = {"alice": exotel_sandbox.account("alice")}
    async with site(accounts) as web, a_browser("chromium") as browser:
        tab = await browser.open(web.page("mallory"))
        await begin(tab)
        assert await tab.js("isInitialized") is False
        assert await tab.told() == ["register:terminated"]
        assert exotel_sandbox.registrations == []


async def test_a_page_of_another_origin_is_refused(exotel_sandbox: Sandbox) -> None:
    accounts = {"alice": exotel_sandbox.account("alice")}
    async with site(accounts) as web, a_chromium(WITH_ANOTHER_NAME) as browser:
        tab = await browser.open(web.page("alice", form="plain"))
        await tab.tab.goto(f"{web.url}/plain".replace("localhost", ELSEWHERE))
        await tab.js(
            """(url) => new Promise((resolve, reject) => {
                const script = document.createElement("script");
                script.src = url;
                script.onload = () => resolve(null);
                script.onerror = () => reject(new Error("the script cannot be loaded"));
                document.head.append(script);
            })""",
            f"{web.url}/voice/exotelsdk.js",
        )
        await begin(tab)
        assert await tab.js("isInitialized") is False
        assert await tab.told() == ["register:terminated"]
        assert await tab.js("lines.some((line) => line.includes('origin'))")


async def test_a_page_that_brings_a_password_is_told_so_in_one_error(
    exotel_sandbox: Sandbox,
) -> None:
    account = exotel_sandbox.account("alice")
    async with site({"alice": account}) as web, a_browser("chromium") as browser:
        tab = await browser.open(web.page("alice"))
        info: dict[str, object] = {
            "userName": account.username,
            "sipdomain": account.domain,
            "secret": account.password,
        }
        await begin(tab, info)
        assert await tab.js("isInitialized") is False
        complaints = await tab.js("lines.filter((line) => /secret|password/i.test(line))")
        assert len(complaints) == 1
        assert account.password not in complaints[0]
        await begin(tab)
        assert await tab.js("isInitialized") is True


async def test_nothing_that_a_page_gets_holds_the_password(exotel_sandbox: Sandbox) -> None:
    account = exotel_sandbox.account("alice")
    async with site({"alice": account}) as web, a_browser("chromium") as browser:
        tab = await browser.open(web.page("alice", form="plain"))
        await tab.js(
            """() => {
                const Native = WebSocket;
                globalThis.frames = [];
                globalThis.WebSocket = class extends Native {
                    constructor(...settings) {
                        super(...settings);
                        this.addEventListener("message", (event) => frames.push(event.data));
                    }
                };
            }"""
        )
        await tab.js(
            "async (url) => { globalThis.exotelSDK = await import(url); }",
            f"{web.url}/voice/exotelsdk.mjs",
        )
        await tab.start()
        record = exotel_sandbox.place_call(to="alice", party="echo")
        await tab.until_told("call:incoming")
        await tab.do("Answer")
        await tab.until_told("call:connected")
        await tab.do("Hangup")
        await record.ended()
        frames = await tab.js("frames")
        assert len(frames) > 5
        assert not any(account.password in frame for frame in frames)
        kept = await tab.js("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
        assert account.password not in kept
