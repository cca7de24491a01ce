"""A page with our module in it, as a test uses it: in Chromium or Firefox, with the same words."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from playwright.async_api import Browser

from browser.firefox import Firefox, firefox
from interop.browser import FLAGS, chromium

__all__ = ["BROWSERS", "BrowserName", "Opener", "PhoneTab", "a_browser", "a_chromium"]

BrowserName = Literal["chromium", "firefox"]
BROWSERS: Final[tuple[BrowserName, ...]] = ("chromium", "firefox")
WAIT_MS: Final = 12_000

UNTIL = """async ([condition, limit]) => {
    const end = performance.now() + limit;
    const holds = new Function(`return (async () => (${condition}))()`);
    while (!(await holds())) {
        if (performance.now() > end)
            return { ...window.probe, ear: null, connections: null, context: null, times: null };
        await new Promise((resolve) => setTimeout(resolve, 15));
    }
    return null;
}"""


class Tab(Protocol):
    """What Playwright's page and our Firefox tab have in common."""

    async def goto(self, url: str) -> Any: ...
    async def reload(self) -> Any: ...
    async def evaluate(self, expression: str, argument: Any = None, /) -> Any: ...
    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class PhoneTab:
    """One tab with one phone, `phone` in the page."""

    tab: Tab

    async def js(self, expression: str, argument: Any = None) -> Any:
        """Evaluate in the page."""
        return await self.tab.evaluate(expression, argument)

    async def until(self, condition: str, *, limit_ms: int = WAIT_MS) -> None:
        """Wait until a JavaScript condition holds in the page."""
        told = await self.tab.evaluate(UNTIL, [condition, limit_ms])
        assert told is None, (
            f"{condition} never held; the page told {json.dumps(told, default=str)[:3000]}"
        )

    async def until_told(self, *facts: str) -> None:
        """Wait until the callbacks have told each of these facts, such as `call:incoming`."""
        for fact in facts:
            await self.until(f"probe.log.some((one) => one.startsWith({fact!r}))")

    async def start(self, info: Mapping[str, Any] | None = None) -> None:
        """Make a phone and register it."""
        await self.until("globalThis.exotelSDK")
        await self.js(
            """async (info) => {
                globalThis.phone = new exotelSDK.ExotelWebClient();
                phone.initWebrtc(info, ...probe.callbacks());
                phone.DoRegister();
            }""",
            dict(info or {}) or None,
        )
        await self.until_told("register:registered")

    async def do(self, action: str, *arguments: Any) -> Any:
        """Call a method of the current call, for example `do("Answer")`."""
        return await self.js(
            "([name, list]) => phone.getCall()[name](...list)", [action, list(arguments)]
        )

    async def dial(self, target: str) -> None:
        """Call somebody."""
        await self.js("async (target) => { await phone.dial(target); }", target)

    async def told(self) -> list[str]:
        """What the callbacks have told, without the name of the phone."""
        return [one.rsplit(":", 1)[0] for one in await self.js("probe.log")]

    async def call_events(self) -> list[str]:
        """What CallListenerCallback was told, in order."""
        return [one.split(":")[1] for one in await self.told() if one.startswith("call:")]

    async def session_events(self) -> list[str]:
        """What SessionCallback was told, in order."""
        return [one.split(":")[1] for one in await self.told() if one.startswith("session:")]

    async def until_hears(self, frequency_hz: float) -> None:
        """Wait until the page hears this tone, within 15 Hz, above -50 dB."""
        await self.until(
            f"(async () => {{ const heard = await probe.heard(); "
            f"return Math.abs(heard.frequency - {frequency_hz}) < 15 && heard.level > -50; }})()"
        )

    async def until_hears_nothing(self) -> None:
        """Wait until whatever the page hears is below -75 dB."""
        await self.until("(async () => (await probe.heard()).level < -75)()")

    async def close(self) -> None:
        """Close the tab."""
        await self.tab.close()


class Opener(Protocol):
    """A running browser."""

    async def open(self, url: str) -> PhoneTab:
        """Open a tab at an address; all tabs are of one user, cookies shared."""
        ...


class _Chromium:
    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    async def open(self, url: str) -> PhoneTab:
        if not self._browser.contexts:
            await self._browser.new_context()
        page = await self._browser.contexts[0].new_page()
        await page.goto(url)
        return PhoneTab(page)


class _Firefox:
    def __init__(self, browser: Firefox) -> None:
        self._browser = browser

    async def open(self, url: str) -> PhoneTab:
        return PhoneTab(await self._browser.open(url))


@contextlib.asynccontextmanager
async def a_browser(name: BrowserName) -> AsyncIterator[Opener]:
    """Start one of the machine's browsers with a fake microphone."""
    if name == "firefox":
        async with firefox() as running:
            yield _Firefox(running)
    else:
        async with a_chromium() as chosen:
            yield chosen


@contextlib.asynccontextmanager
async def a_chromium(flags: Sequence[str] = FLAGS) -> AsyncIterator[Opener]:
    """Start Chromium with these flags."""
    async with chromium(flags) as browser:
        yield _Chromium(browser)
