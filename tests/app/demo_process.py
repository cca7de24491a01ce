"""`exotel-voice demo` as a user runs it, and its page in a browser."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

__all__ = ["Demo", "PhonePage", "run_demo", "running_demo"]

START_LIMIT = 60.0
END_LIMIT = 5.0
"""Seconds for what takes less than two where nothing else runs."""
WAIT_MS = 15_000.0


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo."""

    process: subprocess.Popen[str]
    url: str
    """Where the page is, without a slash at the end."""
    introduction: str
    """What was printed."""

    def end(self, how: signal.Signals = signal.SIGINT) -> tuple[int | None, str]:
        """Send a signal; gives the exit code, and what stood on the error output."""
        self.process.send_signal(how)
        _, errors = self.process.communicate(timeout=END_LIMIT)
        return self.process.returncode, errors


def run_demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(  # noqa: S603 - our own command
        _command(*arguments), capture_output=True, text=True, timeout=START_LIMIT, check=False
    )


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "exotel_voice", "demo", *arguments]


@contextlib.contextmanager
def running_demo(*arguments: str) -> Iterator[Demo]:
    """Start the demo on a free port, and end it if the block has not."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        _command("--port", "0", "--no-browser", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        text = _introduction(process)
        address = re.search(r"https?://localhost:\d+", text)
        assert address is not None, text
        yield Demo(process, address[0], text)
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate()


def _introduction(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    lines: list[str] = []
    while "reload the page" not in (lines or [""])[-1]:
        line = process.stdout.readline()
        if not line:
            assert process.stderr is not None
            raise AssertionError(process.stderr.read())
        lines.append(line)
    return "".join(lines)


@dataclass
class PhonePage:
    """The sample page as one person sees it."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings of the console, and what was not caught."""

    @classmethod
    async def open(
        cls, context: BrowserContext | Browser, demo: Demo, person: str = ""
    ) -> PhonePage:
        """Open the page and wait until its phone is registered."""
        if isinstance(context, Browser):
            context = await context.new_context(ignore_https_errors=True)
        one = cls(await context.new_page())
        one.page.set_default_timeout(WAIT_MS)
        one.page.on("pageerror", lambda error: one.complaints.append(str(error)))
        one.page.on("console", one._note)
        await one.page.goto(f"{demo.url}/{person}/" if person else f"{demo.url}/")
        await one.is_registered()
        return one

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    async def sees(self, place: str, text: str) -> None:
        """Wait until an element of this place is shown with this text."""
        await self.page.locator(f"{place}:has-text('{text}')").first.wait_for()

    async def sees_no(self, place: str) -> None:
        """Wait until nothing is left of this place."""
        await self.page.wait_for_selector(place, state="detached")

    async def is_registered(self) -> None:
        """Wait until the phone is registered."""
        await self.sees("#registration-text", "registered as")

    async def press(self, label: str, within: str = "body") -> None:
        """Press the first shown button with this label."""
        await (
            self.page.locator(f"{within} button:has-text('{label}')")
            .locator("visible=true")
            .first.click()
        )

    async def called_by(self, party: str) -> None:
        """Have the sandbox call, and answer."""
        await self.page.click(f"[data-party={party}]")
        await self.press("nswer", ".ringing")
        await self.talks()

    async def dial(self, target: str) -> None:
        """Type whom to call, and press Enter."""
        await self.page.fill("#number", target)
        await self.page.press("#number", "Enter")

    async def talks(self) -> None:
        """Wait until a call is connected."""
        await self.sees(".call .tag", "connected")

    async def text(self, place: str) -> str:
        """What is written there."""
        return await self.page.locator(place).first.inner_text()
