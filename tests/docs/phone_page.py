"""A page with one phone that is not initialised yet, behind a gateway."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from playwright.async_api import Browser, Page
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from exotel_voice import SipAccount
from exotel_voice.gateway import VoiceGateway
from gateway.site import Site

__all__ = ["page_of"]

HTML = """<!doctype html><script type="module">
import { ExotelWebClient } from '/voice/exotelsdk.mjs'
window.states = []
window.phone = new ExotelWebClient()
window.ask = () => new Promise((resolve) => phone.checkClientStatus(resolve))
window.start = (follow = false) => phone.initWebrtc(
  { userName: 'alice' }, (state) => states.push(state), null, null, follow)
window.results = []
window.diagnose = () => phone.initDiagnostics(() => {}, (...told) => results.push(told))
</script>"""


@contextlib.asynccontextmanager
async def page_of(browser: Browser, account: SipAccount) -> AsyncIterator[Page]:
    """A page with a phone of this account, not initialised yet."""
    gateway = VoiceGateway(authenticate=lambda _: "alice", accounts=lambda _: account)
    routes = [Mount("/voice", app=gateway.app), Route("/", lambda _: HTMLResponse(HTML))]
    async with (
        Site(gateway, app=Starlette(routes=routes)) as site,
        await browser.new_context() as context,
    ):
        page = await context.new_page()
        await page.goto(site.url)
        await page.wait_for_function("window.ask")
        yield page
