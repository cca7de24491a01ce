"""Another tab takes a call over whose far side is a tab of a gateway as well."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from browser.phone_tab import PhoneTab, a_browser
from browser.site import Site, site
from exotel_voice.gateway import Notice
from exotel_voice.phone.events import CallReconnecting, MediaConnected
from exotel_voice.sandbox import Sandbox

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(90),
    pytest.mark.needs("chromium", "playwright"),
]
HEARS = "(async () => (await probe.heard()).level > -60)()"
LIMIT = 15.0


class News:
    """What the phones of a site tell of the audio."""

    def __init__(self, web: Site) -> None:
        self.connected: Counter[str] = Counter()
        self.reconnecting: list[str] = []
        self._changed = asyncio.Event()
        web.gateway.on(MediaConnected, self._connected)
        web.gateway.on(CallReconnecting, lambda news: self.reconnecting.append(news.identity))

    def _connected(self, news: Notice[MediaConnected]) -> None:
        self.connected[news.identity] += 1
        self._changed.set()

    async def until_connected(self, count: int) -> None:
        async with asyncio.timeout(LIMIT):
            while not all(self.connected[who] >= count for who in ("alice", "bob")):
                self._changed.clear()
                await self._changed.wait()


async def talk(caller: PhoneTab, callee: PhoneTab, name: str) -> None:
    await caller.dial(name)
    await callee.until_told("call:incoming")
    await callee.do("Answer")
    await caller.until(HEARS)
    await callee.until(HEARS)


@pytest.mark.parametrize("has_dialled", [True, False])
@pytest.mark.parametrize("is_closed", [True, False])
async def test_the_far_side_never_has_to_look_for_the_audio(
    exotel_sandbox: Sandbox, has_dialled: bool, is_closed: bool
) -> None:
    accounts = {name: exotel_sandbox.account(name) for name in ("alice", "bob")}
    async with (
        site(accounts) as web,
        a_browser("chromium") as here,
        a_browser("chromium") as there,
    ):
        first, second = [await here.open(web.page("alice")) for _ in range(2)]
        bob = await there.open(web.page("bob"))
        for tab in (first, second, bob):
            await tab.start()
        news = News(web)
        await (talk(first, bob, "bob") if has_dialled else talk(bob, first, "alice"))
        await news.until_connected(1)
        if is_closed:
            await first.close()
            await second.until("phone.getCall() !== null")
        await second.do("Answer")
        await news.until_connected(2)
        await second.until(HEARS)
        await bob.until(HEARS)
        assert news.reconnecting == []
