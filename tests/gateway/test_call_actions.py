"""What a tab can do with its calls, as the far side of each sees it."""

from __future__ import annotations

import pytest

from exotel_voice.sandbox import CallRecord, Sandbox
from gateway.conftest import MakeTab
from gateway.web_tab import WebTab

pytestmark = pytest.mark.media
OVER = {"callEnded", "terminated"}


@pytest.fixture
async def tab(open_tab: MakeTab) -> WebTab:
    one = await open_tab("one")
    await one.register()
    return one


async def connect(sandbox: Sandbox, tab: WebTab, party: str) -> tuple[CallRecord, str, str]:
    record = sandbox.place_call(to="alice", party=party)
    call = await tab.call_event("incoming")
    await tab.request("answer", call=call["id"])
    await tab.call_event("connected")
    await tab.call_event("media")
    return record, call["id"], call["media"]


async def held(sandbox: Sandbox, record: CallRecord, is_held: bool) -> None:
    await sandbox.changes.until(lambda: record.is_held is is_held, what="the hold", timeout=5.0)


async def test_hold_is_confirmed_and_stops_the_audio(exotel_sandbox: Sandbox, tab: WebTab) -> None:
    record, call, media = await connect(exotel_sandbox, tab, "tone-1000")
    await tab.hear_tone(media, 1000)
    await tab.request("hold", call=call)
    assert (await tab.call_event("held"))["is_on_hold"]
    await held(exotel_sandbox, record, True)
    await tab.find("media_request", op="offer", direction="sendonly")
    await tab.request("resume", call=call)
    assert not (await tab.call_event("resumed"))["is_on_hold"]
    await held(exotel_sandbox, record, False)
    await tab.hear_tone(media, 1000)


async def test_mute_makes_the_far_side_hear_silence(exotel_sandbox: Sandbox, tab: WebTab) -> None:
    record, call, media = await connect(exotel_sandbox, tab, "ivr-4")
    async with tab.speaking(media, 700):
        await record.heard_tone(700)
        await tab.request("mute", call=call)
        assert (await tab.call_event("muted"))["is_muted"]
        await exotel_sandbox.changes.until(
            lambda: record.heard_level < 0.003, what="silence", timeout=5.0
        )
        await tab.request("unmute", call=call)
        assert not (await tab.call_event("unmuted"))["is_muted"]
        await exotel_sandbox.changes.until(
            lambda: record.heard_level > 0.05, what="the tone", timeout=5.0
        )


@pytest.mark.parametrize("method", ["info", "rfc4733"])
async def test_digits_reach_the_far_side(exotel_sandbox: Sandbox, tab: WebTab, method: str) -> None:
    record, call, _ = await connect(exotel_sandbox, tab, "ivr-4")
    await tab.request("send_digits", call=call, digits="1#", method=method)
    await record.heard("1#")
    assert {digit.method for digit in record.heard_digits} == {method}


async def test_what_the_phone_forbids_is_a_result_with_a_hint(
    exotel_sandbox: Sandbox, tab: WebTab
) -> None:
    exotel_sandbox.place_call(to="alice", party="echo")
    call = await tab.call_event("incoming")
    for request in ("hold", "resume"):
        result = await tab.try_request(request, call=call["id"])
        assert result["error"]["code"] == "state.invalid"
        assert result["error"]["hint"]
    result = await tab.try_request("hold", call="nobody")
    assert result["error"]["code"] == "gateway.no_such_call"
    await tab.request("reject", call=call["id"], status=603)
    assert (await tab.call_event("callEnded"))["state"] == "ended"
    result = await tab.try_request("answer", call=call["id"])
    assert not result["ok"]


async def test_a_caller_who_gives_up_is_terminated(exotel_sandbox: Sandbox, tab: WebTab) -> None:
    record = exotel_sandbox.place_call(to="alice", party="echo")
    call = await tab.call_event("incoming")
    record.hang_up()
    assert (await tab.call_event("terminated"))["id"] == call["id"]
    await tab.find("media_request", op="close")


async def test_a_far_side_that_hangs_up_is_terminated(exotel_sandbox: Sandbox, tab: WebTab) -> None:
    record, call, _ = await connect(exotel_sandbox, tab, "echo")
    record.hang_up()
    ended = await tab.call_event("terminated")
    assert ended["id"] == call
    assert ended["duration"] > 0
    times = [ended["details"][f"call{what}Time"] for what in ("Started", "Answer", "Ended")]
    assert times == sorted(times)


async def test_a_tab_dials_out(tab: WebTab) -> None:
    value = await tab.request("dial", target="tone-800", headers={"X-Case": "7"})
    call = await tab.call_event("dialing")
    assert (call["id"], call["details"]["callDirection"]) == (value["call"], "outgoing")
    connected = await tab.call_event("connected")
    assert connected["media_tab"] == "one"
    await tab.hear_tone(connected["media"], 800)
    await tab.request("hang_up", call=call["id"])
    await tab.call_event("callEnded")


@pytest.mark.parametrize("headers", [{"From": "<sip:boss@x>"}, {"X-A": "b\u200b"}, {"X-": "a"}])
async def test_a_page_adds_no_headers_but_its_own(
    exotel_sandbox: Sandbox, tab: WebTab, headers: dict[str, str]
) -> None:
    result = await tab.try_request("dial", target="echo", headers=headers)
    assert result["error"]["code"] == "gateway.forbidden_header"
    record = exotel_sandbox.place_call(to="alice", party="echo")
    call = await tab.call_event("incoming")
    result = await tab.try_request("answer", call=call["id"], headers=headers)
    assert result["error"]["code"] == "gateway.forbidden_header"
    await tab.request("answer", call=call["id"])
    await record.answered()


async def test_a_busy_far_side_ends_the_attempt(tab: WebTab) -> None:
    await tab.request("dial", target="busy")
    ended = await tab.call_event("terminated")
    reason = ended["details"]["callEndReason"]
    assert "486" in reason or "busy" in reason.lower()
    await tab.find("media_request", op="close")


async def test_a_blind_transfer_ends_this_side(exotel_sandbox: Sandbox, tab: WebTab) -> None:
    _, call, _ = await connect(exotel_sandbox, tab, "echo")
    await tab.request("transfer", call=call, target="ivr")
    progress = [each for each in tab.told if each.get("event") == "transfer"]
    assert progress[-1]["transfer"]["is_final"]
    await tab.find("call", event="callEnded")


async def test_two_calls_are_joined_by_a_transfer(exotel_sandbox: Sandbox, tab: WebTab) -> None:
    _, first, _ = await connect(exotel_sandbox, tab, "echo")
    _, second, media = await connect(exotel_sandbox, tab, "tone-500")
    await tab.request("transfer_to", call=first, other=second)
    await tab.find("call", event="callEnded")
    await tab.find("media_request", op="close", media=media)
    over = {each["call"]["id"] for each in tab.told if each.get("event") in OVER}
    assert over == {first, second}


async def test_a_far_side_that_holds_is_told(exotel_sandbox: Sandbox, tab: WebTab) -> None:
    _, _, _ = await connect(exotel_sandbox, tab, "hold-1")
    assert (await tab.call_event("remote_held"))["is_remote_on_hold"]
    assert not (await tab.call_event("remote_resumed"))["is_remote_on_hold"]
    orders = [each for each in tab.told if each.get("op") == "answer"]
    assert len(orders) == 2


async def test_calls_survive_a_lost_sip_connection(exotel_sandbox: Sandbox, tab: WebTab) -> None:
    _, call, media = await connect(exotel_sandbox, tab, "tone-1000")
    exotel_sandbox.faults.drop_connections("alice")
    await tab.call_event("reconnecting")
    await tab.call_event("reconnected")
    await tab.hear_tone(media, 1000)
    states = [each["state"] for each in tab.told if each["type"] == "connection"]
    assert states[-3:] == ["connected", "connecting", "connected"]
    states = [each["state"] for each in tab.told if each["type"] == "registration"]
    assert states == ["sent_request", "registered", "unregistered", "sent_request", "registered"]
    await tab.request("hang_up", call=call)


async def test_status_is_the_word_of_the_guide(exotel_sandbox: Sandbox, tab: WebTab) -> None:
    assert (await tab.request("status"))["state"] == "registered"
    await tab.request("unregister")
    await tab.next("registration", state="unregistered")
    assert (await tab.request("status"))["state"] == "unregistered"
    await exotel_sandbox.unregistered("alice")
    result = await tab.try_request("unregister")
    assert result["error"]["code"] == "state.invalid"
    await tab.register()
    exotel_sandbox.faults.refuse_registrations(403)
    exotel_sandbox.faults.drop_connections("alice")
    refused = await tab.next("registration", state="terminated")
    assert (refused["status"], bool(refused["hint"])) == (403, True)
    assert (await tab.request("status"))["state"] == "terminated"
