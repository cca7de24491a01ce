"""Where a browser block of the documentation runs: a page of a real application with a gateway."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from docs.blocks import Block
from docs.stage import LIMIT
from exotel_voice.gateway import VoiceGateway
from exotel_voice.sandbox import CallRecord, Sandbox
from gateway.site import Site

__all__ = ["BrowserScene", "BrowserScenes", "BrowserStage", "docs_site"]

PRELUDE = """
import { ExotelWebClient } from '/voice/exotelsdk.mjs'
window.exWebClient = ExotelWebClient
window.heard = []
for (const level of ['log', 'warn', 'error'])
  console[level] = (...words) => heard.push(words.join(' '))
const report = (name) => (...words) => {
  heard.push([name, ...words.map((word) => word?.callId ?? word)].join(' '))
  if (window.defined?.[name]) window.defined[name](...words)
}
for (const name of ['RegisterEventCallBack', 'CallListenerCallback', 'SessionCallback'])
  window[name] = report(name)
window.sipAccountInfo = { userName: 'alice' }
window.isOpen = true
"""


@contextlib.asynccontextmanager
async def docs_site(sandbox: Sandbox, content: dict[str, str]) -> AsyncIterator[Site]:
    """Serve pages by name beside a gateway, in which whoever comes is alice."""

    async def serve(request: Request) -> Response:
        page = content.get(request.path_params["name"])
        return HTMLResponse(page) if page else Response(status_code=404)

    gateway = VoiceGateway(authenticate=lambda _: "alice", accounts=sandbox.account)
    routes = [Mount("/voice", app=gateway.app), Route("/{name}", serve)]
    async with Site(gateway, app=Starlette(routes=routes)) as site:
        yield site


@dataclass(slots=True)
class BrowserStage:
    """One block and what is around it."""

    block: Block
    sandbox: Sandbox
    site: Site
    browser: Browser
    content: dict[str, str]
    """The pages of the site, by name."""
    errors: list[str] = field(default_factory=list)
    """What pages complained about."""
    _page: Page | None = None

    @property
    def page(self) -> Page:
        """The page in which the block runs."""
        assert self._page is not None
        return self._page

    async def open(self) -> Page:
        """Open a page that has the module and notes its console."""
        self.content["page"] = f'<!doctype html><script type="module">{PRELUDE}</script>'
        page = await self.show("page")
        await page.wait_for_function("window.isOpen", timeout=LIMIT * 1000)
        return page

    async def show(self, name: str) -> Page:
        """Open one of the site's pages in a tab of its own."""
        context = self.browser.contexts[0] if self.browser.contexts else None
        page = await (context or await self.browser.new_context()).new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        await page.goto(f"{self.site.url}/{name}")
        self._page = page
        return page

    async def register(self) -> None:
        """Initialise the default phone, register, and wait until that is told."""
        await self.page.evaluate(
            """async () => {
              const { RegisterEventCallBack, CallListenerCallback, SessionCallback } = window
              await exWebClient.initWebrtc(
                sipAccountInfo, RegisterEventCallBack, CallListenerCallback, SessionCallback)
              exWebClient.DoRegister()
            }"""
        )
        await self.until_printed("RegisterEventCallBack registered")

    async def run(self) -> None:
        """Run the block as a module of the page, to its end."""
        names = re.findall(r"^function (\w+)", self.block.text, re.MULTILINE)
        end = f"\nwindow.defined = {{ {', '.join(names)} }}\nwindow.hasRun = true"
        await self.page.add_script_tag(content=self.block.text + end, type="module")
        await self.until("window.hasRun")

    async def call(self, name: str) -> None:
        """Call a function that the block has defined."""
        await self.page.evaluate(f"window.defined.{name}()")

    async def until(self, condition: str) -> None:
        """Wait until a condition holds in the page."""
        try:
            await self.page.wait_for_function(condition, timeout=LIMIT * 1000, polling=20)
        except Exception as exc:
            heard = await self.printed()
            raise AssertionError(f"{condition} never held; {heard=} {self.errors=}") from exc

    async def until_printed(self, text: str) -> None:
        """Wait until a line of the console holds this text."""
        await self.until(f"heard.some((line) => line.includes({text!r}))")

    async def printed(self) -> list[str]:
        """The lines of the console."""
        return list(await self.page.evaluate("heard"))

    async def forget(self) -> None:
        """Forget the lines so far."""
        await self.page.evaluate("void (heard.length = 0)")

    def ring(self, party: str = "echo") -> CallRecord:
        """Let the sandbox call alice."""
        return self.sandbox.place_call(to="alice", party=party, caller_id="+919900000001")

    async def connected(self, party: str = "echo") -> CallRecord:
        """Bring a call up."""
        record = self.ring(party)
        await self.until("exWebClient.getCall()?.callState === 'incoming'")
        await self.page.evaluate("exWebClient.getCall().Answer()")
        await self.until("exWebClient.getCall()?.callState === 'active'")
        return record


BrowserScene = Callable[[BrowserStage], Awaitable[Any]]


class BrowserScenes(dict[str, BrowserScene]):
    """Scenes by the names of blocks: `@scenes("hold")` over a function adds one."""

    def __call__(self, name: str) -> Callable[[BrowserScene], BrowserScene]:
        def add(scene: BrowserScene) -> BrowserScene:
            assert name not in self, f"two scenes are called {name}"
            self[name] = scene
            return scene

        return add
