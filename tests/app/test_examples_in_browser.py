"""The web examples as their documentation starts them, and the guide's page in Chromium.

The page is the guide's code with another script address: it registers, rings, answers, holds, sends
digits and hangs up.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page

from docs.scenes_start import environment
from exotel_voice.sandbox import Sandbox
from interop.browser import chromium

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ["examples fastapi_softphone:app", "examples/django_softphone asgi:application"]
PAGE = (ROOT / "docs" / "gateway.md").read_text(encoding="utf-8")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.media,
    pytest.mark.slow,
    pytest.mark.needs("chromium", "playwright"),
    pytest.mark.timeout(120),
]


@contextmanager
def served(example: str, account: dict[str, str]) -> Iterator[str]:
    """Start an example with uvicorn on a free port; gives its address."""
    process = subprocess.Popen(  # noqa: S603 - our own examples
        [sys.executable, "-m", "uvicorn", "--app-dir", *example.split(), "--port", "0"],
        cwd=ROOT,
        env={**os.environ, **account},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    lines: list[str] = []
    try:
        for line in process.stderr:
            lines.append(line)
            if address := re.search(r"running on (http://\S+)", line):
                yield address[1]
                return
        raise AssertionError("".join(lines))
    finally:
        process.terminate()
        process.communicate()


async def _sees(page: Page, place: str, text: str) -> None:
    await page.locator(f"#{place}:has-text('{text}')").wait_for()


@pytest.mark.parametrize("example", EXAMPLES)
async def test_the_guides_page_works_with_a_new_script_address(
    example: str, exotel_sandbox: Sandbox
) -> None:
    assert f"uvicorn --app-dir {example}" in PAGE
    account = exotel_sandbox.account("alice")
    received: list[str] = []
    with served(example, environment(account)) as address:
        async with chromium() as browser:
            page = await browser.new_page()
            page.set_default_timeout(15_000)
            page.on("pageerror", lambda error: received.append(f"error: {error}"))
            page.on(
                "websocket",
                lambda socket: socket.on("framereceived", lambda data: received.append(str(data))),
            )
            await page.goto(address)
            await _sees(page, "registration", "registered")
            record = exotel_sandbox.place_call(to="alice", party="ivr", display_name="Bank")
            await _sees(page, "call", "incoming Bank")
            await page.get_by_role("button", name="Answer").click()
            await _sees(page, "call", "connected Bank")
            await page.fill("#digits", "12#")
            await page.get_by_role("button", name="Send").click()
            await record.heard("12#")
            await page.get_by_role("button", name="Hold").click()
            await exotel_sandbox.changes.until(
                lambda: record.is_held, what="the hold", timeout=10.0
            )
            await page.get_by_role("button", name="Hold").click()
            await exotel_sandbox.changes.until(
                lambda: not record.is_held, what="the end of the hold", timeout=10.0
            )
            await page.get_by_role("button", name="Hang up").click()
            await _sees(page, "call", "callEnded Bank")
            await record.ended()
            await page.get_by_role("button", name="Unregister").click()
            await _sees(page, "registration", "unregistered")
            await exotel_sandbox.unregistered("alice")
            assert account.password not in await page.content()
    assert received
    assert [text for text in received if account.password in text] == []
    assert [text for text in received if text.startswith("error: ")] == []
