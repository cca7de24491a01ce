from __future__ import annotations

from collections.abc import Iterator

import pytest

from client.guide_page import Page, sip_account_info
from exotel_voice.sandbox import SandboxThread


@pytest.fixture
def server() -> Iterator[SandboxThread]:
    with SandboxThread() as thread:
        yield thread


@pytest.fixture
def page() -> Iterator[Page]:
    one = Page()
    yield one
    one.close()


@pytest.fixture
def registered(server: SandboxThread, page: Page) -> Page:
    page.register(sip_account_info(server.account("alice")))
    return page
