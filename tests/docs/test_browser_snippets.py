"""Every browser block of the documentation does, as printed, what its page says."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from docs.blocks import Block, all_blocks
from docs.browser_stage import BrowserStage, docs_site
from docs.scenes import BROWSER
from exotel_voice.sandbox import Sandbox

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.media,
    pytest.mark.timeout(90),
    pytest.mark.needs("chromium", "playwright"),
]

BLOCKS = list(all_blocks("js", "html"))


@pytest.mark.parametrize("block", BLOCKS, ids=[block.id for block in BLOCKS])
async def test_a_browser_snippet_runs_as_printed(
    block: Block, browser: Browser, sandbox: Sandbox
) -> None:
    content: dict[str, str] = {}
    async with docs_site(sandbox, content) as site:
        stage = BrowserStage(block, sandbox, site, browser, content)
        try:
            await BROWSER[block.name](stage)
        except Exception as exc:
            raise AssertionError(f"{block}: {block.name}; {stage.errors=}") from exc
        finally:
            for context in browser.contexts:
                await context.close()
