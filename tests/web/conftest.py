from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from exotel_voice.sandbox import Sandbox
from gateway.site import Site
from interop.browser import chromium
from web.module_page import a_site


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as one:
        yield one


@pytest.fixture
async def site(exotel_sandbox: Sandbox) -> AsyncIterator[Site]:
    async with a_site(exotel_sandbox) as one:
        yield one
