"""A tab that tells nothing of its audio: that is no far side that is gone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from exotel_voice import PhoneSettings
from exotel_voice.sandbox import Sandbox
from gateway.conftest import MakeTab

pytestmark = pytest.mark.media


@pytest.fixture
def gateway_options() -> dict[str, Any]:
    return {"settings": PhoneSettings(media_timeout=0.3, media_restart_after=0.2)}


async def test_no_call_ends_for_want_of_audio_while_it_waits(
    exotel_sandbox: Sandbox, open_tab: MakeTab
) -> None:
    one, two = await open_tab("one"), await open_tab("two")
    await one.register()
    record = exotel_sandbox.place_call(to="alice", party="tone-1000")
    facts = await one.call_event("incoming")
    call, media = facts["id"], facts["media"]
    await one.request("answer", call=call)
    await one.call_event("media")
    await one.hear_tone(media, 1000)
    await one.report_stats(media)
    await one.aclose()
    await two.find("session", state="re-register")
    # Longer than `media_timeout`.
    await asyncio.sleep(0.45)
    await two.request("answer", call=call)
    await two.hear_tone(media, 1000)
    assert not record.status.is_final
    events = [each["event"] for each in two.told if each["type"] == "call"]
    assert "reconnecting" not in events
