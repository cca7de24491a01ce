"""The sample page on a machine without a microphone: what its call list says of a call."""

from __future__ import annotations

from typing import Final

import pytest

from app.demo_process import PhonePage, running_demo
from interop.browser import FLAGS, chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.needs("chromium", "playwright"),
    pytest.mark.timeout(90),
]
WITHOUT_MICROPHONE: Final = [flag for flag in FLAGS if "use-fake-device" not in flag]
WHY: Final = "refused for want of a microphone"


async def test_a_call_that_could_not_be_answered_was_not_rejected_by_the_user() -> None:
    with running_demo() as demo:
        async with chromium(WITHOUT_MICROPHONE) as browser:
            context = await browser.new_context(ignore_https_errors=True)
            alice = await PhonePage.open(context, demo)
            other = await PhonePage.open(context, demo)
            await alice.page.click("[data-party=echo]")
            await alice.press("Answer", ".ringing")
            await alice.sees(".ended", WHY)
            await alice.sees(".ended small", "There is no such microphone.")
            await alice.sees("#history", WHY)
            # The other tab heard of the end as well, and knows less.
            await other.sees(".ended", "you rejected the call")
            await other.sees("#history", WHY)
            # What the user does reject is still called so.
            await alice.page.click("[data-party=echo]")
            await alice.press("Reject", ".ringing")
            await alice.sees("#history", "you rejected the call")
