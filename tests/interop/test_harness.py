"""The servers and browsers of these tests work together before a phone of ours joins them."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.browser import BrowserPhone, chromium
from interop.kamailio import Kamailio

pytestmark = [
    pytest.mark.interop,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.needs("kamailio", "chromium", "playwright", "jssip", "sip.js"),
    pytest.mark.timeout(60),
]


async def test_jssip_and_sip_js_call_each_other_through_kamailio(tmp_path: Path) -> None:
    async with Kamailio(tmp_path) as kamailio, chromium() as browser:
        one = await BrowserPhone.open(browser, "jssip", tone_hz=600)
        two = await BrowserPhone.open(browser, "sip.js", tone_hz=900)
        await one.register(kamailio.account("one", security="ws"))
        await two.register(kamailio.account("two", security="wss"))
        await one.do("call", "two")
        await two.until_state("incoming")
        await two.do("answer")
        await one.until_hears(900)
        await two.until_hears(600)
        await one.do("sendInfo", "5")
        await two.until("peer.digits.join('') === '5'")
        await two.do("hold")
        await one.until_hears_nothing()
        await two.do("hangUp")
        await one.until_state("ended remote")
