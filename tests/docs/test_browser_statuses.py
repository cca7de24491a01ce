"""Guide 5.13 in a page: each status of the table, by the condition that it stands for."""

from __future__ import annotations

import dataclasses
import socket
import time
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page, WebSocketRoute

from docs.phone_page import page_of
from docs.stage import LIMIT
from exotel_voice import SipAccount
from exotel_voice.sandbox import Sandbox

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(60),
    pytest.mark.needs("chromium", "playwright"),
]


async def until_status(page: Page, status: str) -> None:
    """Ask again and again until this is the answer."""
    until = f"async () => (await ask()) === '{status}'"
    await page.wait_for_function(until, timeout=LIMIT * 1000, polling=50)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one


def at(sandbox: Sandbox, port: int) -> SipAccount:
    """Alice's account, its server at another port."""
    return dataclasses.replace(sandbox.account("alice"), port=port)


async def test_from_not_initialized_over_disconnected_to_registered(
    browser: Browser, sandbox: Sandbox
) -> None:
    async with page_of(browser, sandbox.account("alice")) as page:
        assert await page.evaluate("ask()") == "not_initialized"
        assert await page.evaluate("start()") is True
        assert await page.evaluate("ask()") == "disconnected"
        await page.evaluate("phone.DoRegister()")
        await until_status(page, "registered")
        both = await page.evaluate("Promise.all([ask(), ask()])")
        assert both == ["registered", "registered"]
        await page.evaluate("phone.UnRegister()")
        await page.wait_for_function("states.at(-1) === 'unregistered'")
        assert await page.evaluate("ask()") == "unregistered"


async def test_while_the_socket_opens_it_is_connecting(
    browser: Browser, sandbox: Sandbox, listener: socket.socket
) -> None:
    async with page_of(browser, at(sandbox, listener.getsockname()[1])) as page:
        await page.evaluate("start()")
        await page.evaluate("phone.DoRegister()")
        await until_status(page, "connecting")


async def test_a_server_that_is_not_there_is_a_failed_connection(
    browser: Browser, sandbox: Sandbox, listener: socket.socket
) -> None:
    port = listener.getsockname()[1]
    listener.close()
    async with page_of(browser, at(sandbox, port)) as page:
        await page.evaluate("start()")
        await page.evaluate("phone.DoRegister()")
        await until_status(page, "websocket_connection_failed")


async def test_while_the_registrar_does_not_reply_it_is_initial(
    browser: Browser, sandbox: Sandbox
) -> None:
    sandbox.faults.swallow("REGISTER")
    async with page_of(browser, sandbox.account("alice")) as page:
        await page.evaluate("start()")
        await page.evaluate("phone.DoRegister()")
        await until_status(page, "initial")


async def test_a_wrong_password_is_terminated(browser: Browser, sandbox: Sandbox) -> None:
    wrong = dataclasses.replace(sandbox.account("alice"), password="wrong")
    async with page_of(browser, wrong) as page:
        await page.evaluate("start()")
        await page.evaluate("phone.DoRegister()")
        await page.wait_for_function("states.at(-1) === 'terminated'")
        assert await page.evaluate("ask()") == "terminated"


async def test_a_gateway_that_does_not_reply_is_unknown(browser: Browser, sandbox: Sandbox) -> None:
    def swallow(route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        route.on_message(lambda text: None if '"status"' in str(text) else server.send(text))

    async with page_of(browser, sandbox.account("alice")) as page:
        await page.route_web_socket("**/ws", swallow)
        await page.evaluate("start()")
        await page.evaluate("phone.DoRegister()")
        await page.wait_for_function("states.at(-1) === 'registered'")
        began = time.monotonic()
        assert await page.evaluate("ask()") == "unknown"
        assert time.monotonic() - began < 3.0
