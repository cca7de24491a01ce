from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from exotel_voice.gateway import VoiceGateway
from exotel_voice.sandbox import Sandbox
from gateway.site import Site, identity_of
from gateway.web_tab import WebTab


@pytest.fixture
def gateway_options() -> dict[str, Any]:
    """Further arguments of the gateway; a module that needs others has its own fixture."""
    return {}


@pytest.fixture
async def site(exotel_sandbox: Sandbox, gateway_options: dict[str, Any]) -> AsyncIterator[Site]:
    """A web application with a gateway, for users whose SIP account has their own name."""
    gateway = VoiceGateway(
        authenticate=identity_of, accounts=exotel_sandbox.account, **gateway_options
    )
    async with Site(gateway) as one:
        yield one


MakeTab = Callable[[str], Awaitable[WebTab]]


@pytest.fixture
async def open_tab(site: Site) -> AsyncIterator[MakeTab]:
    """Opens tabs of alice, attached."""
    async with AsyncExitStack() as stack:

        async def make(name: str) -> WebTab:
            tab = await stack.enter_async_context(site.tab(name))
            await tab.hello()
            await tab.attach()
            return tab

        yield make
