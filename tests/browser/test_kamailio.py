"""The same page against Kamailio, with rtpengine between its audio and a far end in plain RTP."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from browser.phone_tab import BROWSERS, BrowserName, PhoneTab, a_browser
from browser.site import site
from exotel_voice.phone import Phone
from exotel_voice.phone.details import EndCause
from exotel_voice.phone.settings import PhoneSettings
from interop.kamailio import Kamailio
from interop.phones import first_call, open_phone
from interop.plain_media import PlainMedia, PlainSession
from interop.rtpengine import rtpengine

pytestmark = [
    pytest.mark.browser,
    pytest.mark.interop,
    pytest.mark.slow,
    pytest.mark.needs("chromium", "firefox", "playwright", "pulseaudio", "kamailio", "rtpengine"),
    pytest.mark.timeout(120),
]
FAR_HZ = 800.0


@dataclass(frozen=True)
class Bench:
    """The page, and the far end in the telephone network."""

    tab: PhoneTab
    far: Phone
    media: PlainMedia

    @property
    def session(self) -> PlainSession:
        """The audio of the far end's last call."""
        return self.media.sessions[-1]


@contextlib.asynccontextmanager
async def a_bench(name: BrowserName, folder: Path) -> AsyncIterator[Bench]:
    media = PlainMedia(tone_hz=FAR_HZ)
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(rtpengine(folder))
        server = await stack.enter_async_context(Kamailio(folder, rtpengine_port=port))
        settings = PhoneSettings(ca_file=server.ca_file, proxy=None)
        accounts = {"alice": server.account("alice", security="wss")}
        web = await stack.enter_async_context(site(accounts, settings=settings))
        browser = await stack.enter_async_context(a_browser(name))
        tab = await browser.open(web.page("alice"))
        await tab.start()
        far = await stack.enter_async_context(open_phone(server.account("plain"), media=media))
        yield Bench(tab, far, media)


async def a_call_from_the_network_is_answered_held_and_resumed(bench: Bench) -> None:
    far_call = await bench.far.dial("alice")
    await bench.tab.until_told("call:incoming")
    await bench.tab.do("Answer")
    await far_call.answered()
    await bench.tab.until_hears(FAR_HZ)
    await bench.tab.do("Hold")
    await bench.tab.until("phone.getCall().isOnHold")
    await bench.tab.until_hears_nothing()
    await bench.session.until_hears_nothing()
    await bench.tab.do("UnHold")
    await bench.tab.until("!phone.getCall().isOnHold")
    await bench.tab.until_hears(FAR_HZ)
    await bench.tab.do("Hangup")
    assert (await far_call.ended()).call_end_cause is EndCause.REMOTE_HANGUP
    await bench.tab.until_told("call:callEnded")


async def a_call_into_the_network_is_ended_there(bench: Bench) -> None:
    await bench.tab.js("() => { probe.log.length = 0; }")
    await bench.tab.dial("plain")
    far_call = await first_call(bench.far)
    await far_call.answer()
    await bench.tab.until_told("call:connected")
    await bench.tab.until_hears(FAR_HZ)
    await far_call.hang_up()
    await bench.tab.until_told("call:terminated")


@pytest.mark.parametrize("name", BROWSERS)
async def test_a_page_talks_with_the_telephone_network(name: BrowserName, tmp_path: Path) -> None:
    async with a_bench(name, tmp_path) as bench:
        await a_call_from_the_network_is_answered_held_and_resumed(bench)
        await a_call_into_the_network_is_ended_there(bench)
