"""A tab's calls: register, ring, answer, talk, hold, digits, hang up, against a real platform."""

from __future__ import annotations

import pytest

from exotel_voice.sandbox import Sandbox
from gateway.conftest import MakeTab

pytestmark = pytest.mark.media


async def test_a_tab_registers_answers_talks_and_hangs_up(
    exotel_sandbox: Sandbox, open_tab: MakeTab
) -> None:
    tab = await open_tab("one")
    await tab.register()
    record = exotel_sandbox.place_call(to="alice", party="tone-1000", caller_id="+919900000001")
    call = await tab.call_event("incoming")
    assert (call["state"], call["details"]["callDirection"]) == ("incoming", "incoming")
    assert call["details"]["remoteId"] == "+919900000001"
    assert call["details"]["callSid"] == record.sid
    await tab.find("media_request", op="prepare")
    await tab.request("answer", call=call["id"])
    call = await tab.call_event("connected")
    assert call["media_tab"] == "one"
    await tab.call_event("media")
    await tab.hear_tone(call["media"], 1000)
    async with tab.speaking(call["media"], 600):
        await record.heard_tone(600)
    await tab.request("hang_up", call=call["id"])
    call = await tab.call_event("callEnded")
    assert call["state"] == "ended"
    await tab.find("media_request", op="close")
    assert (await record.ended()).status == "completed"
    assert not [each for each in tab.told if each.get("op") == "answer"]
