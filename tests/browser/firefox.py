"""Debian's Firefox, headless, driven over WebDriver BiDi with the few commands that tests need."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect

from devices.pulse import PulseServer

__all__ = ["Firefox", "FirefoxTab", "firefox"]

START_LIMIT: Final = 40.0
COMMAND_LIMIT: Final = 20.0
PREFERENCES: Final = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "media.autoplay.block-webaudio": False,
    "media.autoplay.blocking_policy": 0,
    "media.autoplay.default": 0,
    "media.gmp-manager.updateEnabled": False,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "http://localhost:1/",
    "toolkit.telemetry.enabled": False,
}


class FirefoxFailed(AssertionError):
    """Firefox did not start, or refused a command."""


class Firefox:
    """One Firefox; `open` gives tabs."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._last = 0

    async def read(self) -> None:
        """Take Firefox's replies until it closes the connection."""
        async for message in self._socket:
            reply = json.loads(message)
            waiter = self._waiting.pop(reply.get("id") or 0, None)
            if waiter is not None and not waiter.done():
                waiter.set_result(reply)

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and give its result."""
        self._last += 1
        waiter = asyncio.get_running_loop().create_future()
        self._waiting[self._last] = waiter
        await self._socket.send(
            json.dumps({"id": self._last, "method": method, "params": parameters})
        )
        async with asyncio.timeout(COMMAND_LIMIT):
            reply = await waiter
        if reply["type"] != "success":
            raise FirefoxFailed(f"{method}: {reply.get('error')}: {reply.get('message')}")
        result: dict[str, Any] = reply["result"]
        return result

    async def open(self, url: str) -> FirefoxTab:
        """Open a tab at an address."""
        result = await self.command("browsingContext.create", type="tab")
        tab = FirefoxTab(self, str(result["context"]))
        await tab.goto(url)
        return tab


class FirefoxTab:
    """One tab, with the part of Playwright's interface that the tests use."""

    def __init__(self, browser: Firefox, context: str) -> None:
        self._browser = browser
        self._context = context

    async def goto(self, url: str) -> None:
        """Load a page and wait for it."""
        await self._browser.command(
            "browsingContext.navigate", context=self._context, url=url, wait="complete"
        )

    async def reload(self) -> None:
        """Load the page again."""
        await self._browser.command(
            "browsingContext.reload", context=self._context, wait="complete"
        )

    async def evaluate(self, expression: str, argument: Any = None) -> Any:
        """Give what an expression, or a function of one argument, comes to, promises awaited."""
        wrapped = (
            "(async () => { const value = (" + expression + "); "
            f"const argument = {json.dumps(argument)}; "
            "const result = typeof value === 'function' ? await value(argument) : await value; "
            "return JSON.stringify(result ?? null); })()"
        )
        result = await self._browser.command(
            "script.evaluate",
            expression=wrapped,
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        if result["type"] != "success":
            raise FirefoxFailed(str(result["exceptionDetails"]["text"]))
        return json.loads(result["result"]["value"])

    async def close(self) -> None:
        """Close the tab."""
        await self._browser.command("browsingContext.close", context=self._context)


@contextlib.asynccontextmanager
async def firefox() -> AsyncIterator[Firefox]:
    """Start the machine's Firefox with fake devices and a profile of its own, and end it.

    It measures sound only where it can play some, so it gets a sound service of its own.
    """
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        contextlib.closing(PulseServer().start()) as pulse,
    ):
        _write_preferences(Path(folder))
        process = await asyncio.create_subprocess_exec(
            shutil.which("firefox-esr") or "firefox",
            *("--headless", "--no-remote", "--profile", folder),
            *("--remote-debugging-port", "0", "about:blank"),
            env={**os.environ, "HOME": folder, "PULSE_SERVER": pulse.address},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        drain: asyncio.Task[None] | None = None
        try:
            url = await _address(process)
            drain = asyncio.create_task(_drain(process))
            async with connect(f"{url}/session", max_size=None, proxy=None) as socket:
                browser = Firefox(socket)
                reader = asyncio.create_task(browser.read())
                await browser.command(
                    "session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}}
                )
                try:
                    yield browser
                finally:
                    reader.cancel()
                    await asyncio.wait([reader])
        finally:
            if process.returncode is None:
                process.terminate()
            try:
                async with asyncio.timeout(10):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
            if drain is not None:
                await drain


def _write_preferences(profile: Path) -> None:
    lines = [
        f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
        for name, value in PREFERENCES.items()
    ]
    (profile / "user.js").write_text("".join(lines), encoding="utf-8")


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    seen = b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_LIMIT):
            async for line in process.stderr:
                seen += line
                found = re.search(rb"WebDriver BiDi listening on (ws://\S+)", line)
                if found:
                    return found[1].decode()
    raise FirefoxFailed(f"Firefox did not start:\n{seen.decode(errors='replace')[-3000:]}")


async def _drain(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    while await process.stderr.read(65536):
        pass
