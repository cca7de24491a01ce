"""Guide 5.15 and the names beside it: the log of one client, and of no other."""

from __future__ import annotations

import asyncio
import queue
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.guide_page import Page, sip_account_info
from exotel_voice.client import ExotelWebClient
from exotel_voice.media.silent import SilentMedia
from exotel_voice.sandbox import SandboxThread

Line = tuple[str, str, list[dict[str, str]]]


@pytest.fixture
def downloads() -> Iterator[list[str]]:
    paths: list[str] = []
    yield paths
    for path in paths:
        Path(path).unlink()


def test_the_snippet_of_the_guide(server: SandboxThread, page: Page) -> None:
    lines: queue.SimpleQueue[Line] = queue.SimpleQueue()
    exWebClient = page.client

    def callback(type: str, message: str, args: list[dict[str, str]]) -> None:  # noqa: A002
        match type:
            case "log" | "info" | "error" | "warn":
                lines.put((type, f"demo: {message}", args))
            case _:
                raise AssertionError(type)

    exWebClient.registerLoggerCallback(callback)
    page.register(sip_account_info(server.account("alice")))
    while True:
        kind, message, args = lines.get(timeout=5)
        if "registered for" in message:
            break
    assert kind == "info"
    assert args[0]["logger"] == "exotel_voice.phone"
    assert re.match(r"\d{4}-\d\d-\d\dT", args[0]["time"])


def test_logs_are_downloaded_without_secrets(
    server: SandboxThread, registered: Page, downloads: list[str]
) -> None:
    registered.client.getCall().Answer()
    downloads.append(registered.client.downloadLogs())
    text = Path(downloads[0]).read_text(encoding="utf-8")
    assert "registered for" in text
    assert server.account("alice").password not in text
    registered.close()
    downloads.append(registered.client.downloadLogs())
    assert text.splitlines()[0] in Path(downloads[1]).read_text(encoding="utf-8")


def test_two_clients_have_two_logs(server: SandboxThread, downloads: list[str]) -> None:
    alice, bob = Page(), Page()
    try:
        bob.client.setPreferredCodec("nothing")
        alice.register(sip_account_info(server.account("alice")))
        alice.client.getCall().Hangup()
        alice.client.DoRegister()
        downloads += [alice.client.downloadLogs(), bob.client.downloadLogs()]
    finally:
        alice.close()
        bob.close()
    hers, his = (Path(path).read_text(encoding="utf-8") for path in downloads)
    assert "registered for" in hers
    assert "setPreferredCodec()" not in hers
    assert "registered for" not in his
    assert "setPreferredCodec(): this media engine" in his


def test_a_refused_account_is_in_the_log(page: Page) -> None:
    told: list[Line] = []
    page.client.registerLoggerCallback(lambda *line: told.append(line))
    assert not page.client.DoRegister()
    assert not page.client.initWebrtc({"userName": "alice"})
    page.client.registerLoggerCallback(None)
    assert not page.client.UnRegister()
    assert [(kind, message.split(":")[0]) for kind, message, _ in told] == [
        ("error", "DoRegister()"),
        ("error", "initWebrtc()"),
    ]


def test_the_console_shows_lines_when_asked(page: Page, capsys: pytest.CaptureFixture[str]) -> None:
    page.client.setEnableConsoleLogging(True)
    page.client.UnRegister()
    page.client.setEnableConsoleLogging(False)
    page.client.DoRegister()
    shown = capsys.readouterr().err
    assert "UnRegister(): call initWebrtc first" in shown
    assert "DoRegister" not in shown


async def test_an_async_callback_is_awaited_and_a_new_log_begins_after_close() -> None:
    told: asyncio.Queue[str] = asyncio.Queue()

    async def callback(_kind: str, message: str, _args: list[dict[str, str]]) -> None:
        await told.put(message)

    async with ExotelWebClient(media=SilentMedia()) as client:
        client.registerLoggerCallback(callback)
        client.DoRegister()
        async with asyncio.timeout(5):
            assert (await told.get()).startswith("DoRegister(): call initWebrtc")
    client.checkClientStatus(lambda _: None)
    client.UnRegister()
    async with asyncio.timeout(5):
        assert (await told.get()).startswith("UnRegister(): call initWebrtc")
    await client.aclose()
