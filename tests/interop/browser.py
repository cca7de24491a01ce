"""Phones in headless Chromium: JsSIP and SIP.js pages with a tone as the microphone."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, Page, Route, async_playwright

from exotel_voice.phone.account import SipAccount
from needs import PEERS

__all__ = ["BrowserPhone", "Stack", "chromium"]

PAGE = Path(__file__).parent / "page"
ORIGIN = "http://localhost"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--disable-features=WebRtcHideLocalIpsWithMdns,LocalNetworkAccessChecks",
    "--ignore-certificate-errors",
]
Stack = Literal["jssip", "sip.js"]
CLASSES: dict[Stack, str] = {"jssip": "JsSipPeer", "sip.js": "SipJsPeer"}
SCRIPTS: dict[Stack, str] = {"jssip": "jssip_peer.js", "sip.js": "sipjs_peer.js"}
WAIT_MS = 10_000.0


@contextlib.asynccontextmanager
async def chromium(flags: Sequence[str] = FLAGS) -> AsyncIterator[Browser]:
    """Start the machine's Chromium, and end it."""
    path = shutil.which("chromium") or "chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(flags))
        try:
            yield browser
        finally:
            await browser.close()


@dataclass(frozen=True, slots=True)
class BrowserPhone:
    """One page with one phone in it."""

    page: Page
    errors: list[str]
    """What the page complained about, for a failing test to show."""

    @classmethod
    async def open(cls, browser: Browser, stack: Stack, *, tone_hz: float) -> BrowserPhone:
        """Open a page with a phone of this stack, whose microphone is a pure tone."""
        page = await browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.route(f"{ORIGIN}/**", _serve)
        await page.goto(f"{ORIGIN}/{SCRIPTS[stack]}.html")
        await page.evaluate(f"window.peer = new {CLASSES[stack]}({tone_hz})")
        return cls(page, errors)

    async def register(self, account: SipAccount, *, expires: int = 300) -> None:
        """Register and wait until the server has agreed."""
        await self.start(account, expires=expires)
        await self.until("peer.log.includes('registered')")

    async def start(self, account: SipAccount, *, expires: int = 300) -> None:
        """Begin to register; `log` then says how it went."""
        settings = {
            "url": f"{account.security}://{account.host}:{account.port}/{account.endpoint}",
            "user": account.username,
            "domain": account.domain,
            "password": account.password,
            "expires": expires,
        }
        await self.page.evaluate("settings => { void peer.start(settings); }", settings)

    async def do(self, action: str, *arguments: Any) -> None:
        """Call a method of the page's phone, for example `do("call", "alice")`."""
        await self.page.evaluate(
            "([name, list]) => { void peer[name](...list); }", [action, list(arguments)]
        )

    async def until(self, condition: str) -> None:
        """Wait until a JavaScript condition over `peer` holds."""
        try:
            await self.page.wait_for_function(condition, timeout=WAIT_MS, polling=20)
        except Exception as exc:
            log = await self.log()
            raise AssertionError(f"{condition} never held; {log=} {self.errors=}") from exc

    async def until_state(self, state: str) -> None:
        """Wait until the phone is in a state; an ended one goes on with who and why."""
        await self.until(f"peer.state.startsWith({state!r})")

    async def log(self) -> list[str]:
        """What happened so far."""
        return list(await self.page.evaluate("peer.log"))

    async def digits(self) -> str:
        """The digits that arrived as INFO."""
        return "".join(await self.page.evaluate("peer.digits"))

    async def until_hears(self, frequency_hz: float) -> None:
        """Wait until the page hears this tone, within 12 Hz, above -40 dB."""
        near = f"Math.abs(peer.heard().frequency - {frequency_hz}) < 12"
        await self.until(f"{near} && peer.heard().level > -40")

    async def until_hears_nothing(self) -> None:
        """Wait until whatever the page hears is below -70 dB."""
        await self.until("peer.heard().level < -70")


async def _serve(route: Route) -> None:
    name = route.request.url.removeprefix(f"{ORIGIN}/")
    if name.endswith(".html"):
        stack = "jssip.js" if name.startswith("jssip") else "sip.js"
        scripts = (stack, "peer.js", name.removesuffix(".html"))
        tags = "".join(f'<script src="/{script}"></script>' for script in scripts)
        await route.fulfill(content_type="text/html", body=f"<!doctype html>{tags}")
        return
    folder = PEERS if (PEERS / name).exists() else PAGE
    if not (folder / name).exists():
        await route.fulfill(status=404)
        return
    await route.fulfill(content_type="text/javascript", path=folder / name)
