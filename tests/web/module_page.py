"""Pages with the browser module, in both script forms, in front of a real gateway and sandbox."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, Page
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from exotel_voice.gateway import VoiceGateway
from exotel_voice.sandbox import Sandbox
from gateway.site import Site

__all__ = ["Form", "ModulePage", "a_site", "open_page"]

Form = Literal["classic", "module"]
PROBE = Path(__file__).with_name("probe.js").read_text(encoding="utf-8")
LOADERS: dict[Form, str] = {
    "classic": '<script src="/voice/exotelsdk.js"></script>'
    "<script>window.ExotelWebClient = exotelSDK.ExotelWebClient;"
    "window.SessionListener = exotelSDK.SessionListener; window.isLoaded = true;</script>",
    "module": '<script type="module">import sdk, * as all from "/voice/exotelsdk.mjs";'
    "Object.assign(window, all, { isDefault: sdk === all.ExotelWebClient, isLoaded: true });"
    "</script>",
}
START_BY_ITSELF = """<script>
const phone = new exotelSDK.ExotelWebClient();
phone.addEventListener("autoplay", ({ detail }) => console.log(`blocked: ${detail.isBlocked}`));
void phone.initWebrtc(null, RegisterEventCallBack, CallListenerCallback);
phone.DoRegister();
</script>"""
"""What a page does without a test's help: the test's own words would count as the user's touch."""
WAIT_MS = 10_000.0


def _page(request: Request) -> HTMLResponse:
    form: Form = "module" if request.query_params.get("form") == "module" else "classic"
    policy = "microphone=()" if "deaf" in request.query_params else "microphone=(self)"
    run = START_BY_ITSELF if "run" in request.query_params else ""
    return HTMLResponse(
        f"<!doctype html><script>{PROBE}</script>{LOADERS[form]}{run}<p>phone",
        headers={"Permissions-Policy": policy},
    )


async def _alice(_: HTTPConnection) -> str:
    return "alice"


@contextlib.asynccontextmanager
async def a_site(sandbox: Sandbox, **settings: Any) -> AsyncIterator[Site]:
    """Serve a page whose user is alice, with a gateway whose accounts are the sandbox's."""
    gateway = VoiceGateway(authenticate=_alice, accounts=sandbox.account, **settings)
    app = Starlette(routes=[Route("/", _page), Mount("/voice", app=gateway.app)])
    async with Site(gateway, app=app) as site:
        site.url = f"http://localhost:{site.port}"
        yield site


@dataclass(frozen=True, slots=True)
class ModulePage:
    """One page with the module in it."""

    page: Page
    errors: list[str]
    """What the page complained about."""

    async def js(self, expression: str, argument: Any = None) -> Any:
        """Evaluate in the page."""
        return await self.page.evaluate(expression, argument)

    async def until(self, condition: str) -> None:
        """Wait until a JavaScript condition holds."""
        try:
            await self.page.wait_for_function(condition, timeout=WAIT_MS, polling=20)
        except Exception as exc:
            seen = await self.js("({states, told, sessions, lines})")
            raise AssertionError(f"{condition} never held: {seen} {self.errors}") from exc

    async def start(self, account: str = "null", *, phone: str = "new ExotelWebClient()") -> None:
        """Make the phone, and register in the guide's order, without await."""
        await self.js(
            f"""() => {{
                window.phone = {phone};
                phone.registerLoggerCallback((type, text) => lines.push(`${{type}} ${{text}}`));
                void phone.initWebrtc({account}, RegisterEventCallBack, CallListenerCallback,
                    SessionCallback);
                phone.DoRegister();
            }}"""
        )

    async def registered(self) -> None:
        """Wait until the page was told that it is registered."""
        await self.until("states.includes('registered alice')")

    async def until_hears(self, frequency_hz: float) -> None:
        """Wait until the far side's tone is heard in the page, within 12 Hz."""
        await self.until(
            "(() => { const now = heard(phone.getCall()?.remoteStream);"
            f" return Math.abs(now.frequency - {frequency_hz}) < 12 && now.level > -50; }})()"
        )

    async def until_silent(self) -> None:
        """Wait until nothing comes from the far side."""
        await self.until("heard(phone.getCall()?.remoteStream).level < -80")


async def open_page(
    browser: Browser | BrowserContext, site: Site, form: Form = "classic", *, query: str = ""
) -> ModulePage:
    """Open a page, with the module loaded; `deaf` in the query forbids it the microphone."""
    page = await browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(f"{site.url}/?form={form}&{query}")
    one = ModulePage(page, errors)
    await one.until("window.isLoaded === true")
    return one
