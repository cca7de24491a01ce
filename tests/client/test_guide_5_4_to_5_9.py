"""Guide 5.4 to 5.9, calls: the snippets, in Python, against a real server."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

import pytest

from client.guide_page import Page, sip_account_info, wait
from exotel_voice.client import ExotelWebClient, GuideCall
from exotel_voice.media.silent import SilentMedia
from exotel_voice.sandbox import CallRecord, Sandbox, SandboxThread


def ring(server: SandboxThread, party: str = "echo") -> CallRecord:
    """Let the sandbox call alice."""
    return wait(
        server,
        lambda sandbox: sandbox.place_call(to="alice", party=party, caller_id="+919900000001"),
    )


def until_held(server: SandboxThread, record: CallRecord, is_held: bool) -> None:
    """Wait until the sandbox is held, or is not any more."""
    wait(
        server,
        lambda sandbox: sandbox.changes.until(
            lambda: record.is_held is is_held, what="the hold", timeout=5.0
        ),
    )


def connect(server: SandboxThread, page: Page) -> tuple[CallRecord, GuideCall]:
    """Bring a call up."""
    record = ring(server)
    call = page.until("incoming")
    assert call.Answer()
    page.until("connected")
    return record, call


def ended(server: SandboxThread, record: CallRecord) -> CallRecord:
    return wait(server, lambda _: record.ended())


def test_snippet_5_4_receives_a_call(server: SandboxThread, registered: Page) -> None:
    record = ring(server)
    call = registered.until("incoming")
    assert call is registered.client.getCall()
    assert call.callState == "incoming"
    assert call.callDirection == "incoming"
    assert isinstance(call.callStartedTime, datetime)
    assert isinstance(call.remoteDisplayName, str)
    details = call.callDetails()
    assert details.remoteId == "+919900000001"
    assert details["callId"] == call.callId
    assert details.callSid == record.sid
    assert details.legSid
    assert details.sipHeaders["X-Exotel-Callsid"] == record.sid
    assert details.sessionId
    assert details.callAnswerTime is None
    assert call.Hangup()
    registered.until("callEnded")
    assert not registered.client.getCall()


def test_snippet_5_5_accepts_a_call(server: SandboxThread, registered: Page) -> None:
    def acceptCallHandler() -> None:
        call = registered.client.getCall()
        call.Answer()

    record = ring(server)
    registered.until("incoming")
    acceptCallHandler()
    call = registered.until("connected")
    assert call.callState == "active"
    assert isinstance(call.callDetails().callAnswerTime, datetime)
    wait(server, lambda _: record.answered())
    call.Hangup()
    registered.until("callEnded")
    assert registered.calls == ["incoming", "connected", "callEnded"]
    assert registered.sessions == ["incoming", "connected", "callEnded"]
    assert registered.phones == {"alice"}
    assert ended(server, record).status == "completed"


def test_snippet_5_6_rejects_a_call(server: SandboxThread, registered: Page) -> None:
    def rejectCallHandler() -> None:
        call = registered.client.getCall()
        call.Hangup()

    record = ring(server)
    registered.until("incoming")
    rejectCallHandler()
    call = registered.until("callEnded")
    assert registered.calls == ["incoming", "callEnded"]
    assert ended(server, record).status == "busy"
    assert call.Hangup() is False


def test_a_far_end_that_hangs_up_is_terminated(server: SandboxThread, registered: Page) -> None:
    record, call = connect(server, registered)
    server.run(lambda _: record.hang_up())
    assert registered.until("terminated") is call
    assert registered.calls == ["incoming", "connected", "terminated"]
    assert call.callDetails().callEndReason
    assert isinstance(call.callDetails().callEndedTime, datetime)
    assert call.callDetails().callDuration > 0


def test_a_caller_who_gives_up_is_terminated(server: SandboxThread, registered: Page) -> None:
    record = ring(server)
    registered.until("incoming")
    server.run(lambda _: record.hang_up())
    registered.until("terminated")
    assert registered.calls == ["incoming", "terminated"]


def test_snippet_5_7_mutes_and_unmutes(server: SandboxThread, registered: Page) -> None:
    _, call = connect(server, registered)
    assert [call.Mute(), call.UnMute(), call.MuteToggle(), call.MuteToggle()] == [True] * 4
    assert call.callState == "active"
    call.Hangup()
    registered.until("callEnded")
    assert [call.Mute(), call.UnMute(), call.MuteToggle()] == [False] * 3
    assert registered.calls == ["incoming", "connected", "callEnded"]


def test_snippet_5_8_holds_and_resumes(server: SandboxThread, registered: Page) -> None:
    record, call = connect(server, registered)
    call_on_hold = False

    def holdHandler() -> None:
        nonlocal call_on_hold
        call = registered.client.getCall()
        if not call_on_hold:
            call.Hold()
            call_on_hold = True
        else:
            call.UnHold()
            call_on_hold = False

    holdHandler()
    until_held(server, record, True)
    assert call.Hold()
    holdHandler()
    until_held(server, record, False)
    assert call.HoldToggle()
    until_held(server, record, True)
    assert call.HoldToggle()
    until_held(server, record, False)
    assert registered.calls == ["incoming", "connected"]


def test_hold_and_unhold_at_once_end_unheld(server: SandboxThread, registered: Page) -> None:
    record, call = connect(server, registered)
    call.Hold()
    call.UnHold()
    call.sendDTMF("1")
    wait(server, lambda _: record.heard("1"))
    until_held(server, record, False)
    assert call.callState == "active"


def test_snippet_5_9_sends_a_digit(server: SandboxThread, registered: Page) -> None:
    record, _ = connect(server, registered)
    call = registered.client.getCall()
    if call:
        call.sendDTMF("5")
    call.sendDTMF(7)
    call.sendDTMF("#")
    wait(server, lambda _: record.heard("57#"))


@pytest.mark.parametrize("digit", ["x", "12", "", "a", " "])
def test_what_is_no_digit_is_logged_and_not_sent(
    server: SandboxThread, registered: Page, digit: str, caplog: pytest.LogCaptureFixture
) -> None:
    record, call = connect(server, registered)
    assert call.sendDTMF(digit) is False
    assert "sendDTMF" in caplog.text
    call.sendDTMF("9")
    wait(server, lambda _: record.heard("9"))
    assert record.digits == "9"


def test_what_a_ringing_call_forbids_is_logged_and_false(
    server: SandboxThread, registered: Page, caplog: pytest.LogCaptureFixture
) -> None:
    ring(server)
    call = registered.until("incoming")
    for forbidden in (call.Hold, call.UnHold, call.HoldToggle, call.Mute, call.UnMute):
        assert forbidden() is False
    assert call.sendDTMF("1") is False
    assert call.Answer() is True
    assert call.Answer() is False
    registered.until("connected")
    assert call.Answer() is False
    call.Hangup()
    registered.until("callEnded")
    assert call.Answer() is False
    for line in ("Hold()", "Mute()", "sendDTMF()", "Answer()"):
        assert line in caplog.text
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]


def test_a_callback_that_raises_harms_nothing(
    server: SandboxThread, page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    def on_call(call: GuideCall, event: str, phone: str) -> None:
        page.CallListenerCallback(call, event, phone)
        raise ValueError("mine")

    info = sip_account_info(server.account("alice"))
    assert page.client.initWebrtc(info, page.RegisterEventCallBack, on_call)
    page.client.DoRegister()
    page.until("registered")
    connect(server, page)
    page.client.getCall().Hangup()
    page.until("callEnded")
    page.close()
    failures = [r for r in caplog.records if r.exc_info]
    assert len(failures) == 3


async def test_async_callbacks_run_in_the_callers_loop(exotel_sandbox: Sandbox) -> None:
    told: asyncio.Queue[tuple[str, GuideCall]] = asyncio.Queue()
    registered = asyncio.Event()

    async def on_register(state: str, _: str) -> None:
        if state == "registered":
            registered.set()

    async def on_call(call: GuideCall, event: str, _: str) -> None:
        await told.put((event, call))

    async with ExotelWebClient(media=SilentMedia()) as client:
        client.initWebrtc(sip_account_info(exotel_sandbox.account("alice")), on_register, on_call)
        client.DoRegister()
        await registered.wait()
        record = await exotel_sandbox.place_call(to="alice", party="echo")
        event, call = await told.get()
        assert event == "incoming"
        assert call.Answer()
        assert (await told.get())[0] == "connected"
        assert call.Hangup()
        assert (await told.get())[0] == "callEnded"
        await record.ended()


def test_a_second_call_is_heard_of_and_can_be_answered(
    server: SandboxThread, registered: Page
) -> None:
    _, first = connect(server, registered)
    ring(server)
    second = registered.until("incoming")
    assert second is not first
    assert registered.client.getCall() is second
    second.Hangup()
    registered.until("callEnded")
    assert registered.client.getCall() is first
