from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from exotel_voice.sandbox import Sandbox
from interop.browser import chromium


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests of a module, which run in one loop; each test has its contexts."""
    async with chromium() as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox in the loop of the module."""
    async with Sandbox() as one:
        yield one
