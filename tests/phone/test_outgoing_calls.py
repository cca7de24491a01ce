from __future__ import annotations

import asyncio

import pytest

from exotel_voice.errors import (
    CallBusy,
    CallCancelled,
    CallFailed,
    CallNotAnswered,
    CallRejected,
    ConfigError,
    InvalidState,
    MediaError,
)
from exotel_voice.phone import EndCause, PhoneSettings, events
from exotel_voice.sip import events as sip
from phone.platform import a_phone, a_platform, make_phone, state_of
from phone.scripted_media import ScriptedMedia, description
from virtual_loop import virtual_time


@virtual_time
async def test_a_call_goes_from_dialing_to_ringing_to_active() -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        stream = phone.events()
        call = await phone.dial("bob")
        assert state_of(call) == "dialing"
        assert phone.calls[call.id] == call
        invite = await platform.event(sip.InviteReceived)
        assert invite.call_id == call.id
        assert invite.request_uri == "sip:bob@acme.example"
        assert (invite.from_uri, invite.from_display_name) == ("sip:alice@acme.example", "Alice")
        platform.run(lambda agent, now: agent.ring(invite.session, now=now))
        await asyncio.sleep(1)
        assert state_of(call) == "ringing"
        platform.answer(invite.session)
        await call.answered()
        assert state_of(call) == "active"
        await asyncio.sleep(10)
        platform.hang_up(invite.session)
        details = await call.ended()
        assert details.call_direction.value == "outgoing"
        assert details.remote_id == "bob"
        assert details.call_duration == pytest.approx(10)
        assert media.sessions[0].asked == ["offer sendrecv", "accept sendrecv", "close"]
        await stream.aclose()
        assert [type(event) async for event in stream] == [
            events.OutgoingCall,
            events.CallRinging,
            events.CallConnected,
            events.CallEnded,
        ]


@virtual_time
@pytest.mark.parametrize(
    ("target", "uri"),
    [
        ("+91 98765-43210", "sip:+919876543210@acme.example"),
        ("bob@other.example", "sip:bob@other.example"),
        ("sip:bob@other.example;transport=ws", "sip:bob@other.example;transport=ws"),
    ],
)
async def test_a_target_is_a_name_a_number_or_a_uri(target: str, uri: str) -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        await phone.dial(target)
        assert (await platform.event(sip.InviteReceived)).request_uri == uri


@virtual_time
async def test_headers_of_ones_own_go_with_the_invite() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        await phone.dial("bob", headers={"X-Order": "42"})
        assert (await platform.event(sip.InviteReceived)).headers["X-Order"] == ("42",)


@virtual_time
@pytest.mark.parametrize("target", ["", "  ", "sip:", "bob@"])
async def test_a_target_that_is_no_address_sends_nothing(target: str) -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        with pytest.raises(ConfigError):
            await phone.dial(target)
        await asyncio.sleep(1)
        assert platform.requests("INVITE") == []


@virtual_time
@pytest.mark.parametrize("headers", [{"X Bad": "1"}, {"": "1"}, {"X-Bad": "a\r\nVia: b"}])
async def test_a_header_that_cannot_be_written_sends_nothing(headers: dict[str, str]) -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        with pytest.raises(ConfigError):
            await phone.dial("bob", headers=headers)
        assert dict(phone.calls) == {}


@virtual_time
@pytest.mark.parametrize(
    ("status", "error", "cause"),
    [
        (486, CallBusy, EndCause.REMOTE_REJECT),
        (600, CallBusy, EndCause.REMOTE_REJECT),
        (603, CallRejected, EndCause.REMOTE_REJECT),
        (480, CallNotAnswered, EndCause.REMOTE_REJECT),
        (404, CallFailed, EndCause.REMOTE_REJECT),
        (500, CallFailed, EndCause.REMOTE_REJECT),
    ],
)
async def test_each_refusal_has_its_error(
    status: int, error: type[CallFailed], cause: EndCause
) -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        call = await phone.dial("bob")
        invite = await platform.event(sip.InviteReceived)
        platform.run(lambda agent, now: agent.reject(invite.session, now=now, status=status))
        with pytest.raises(error) as caught:
            await call.answered()
        assert type(caught.value) is error
        assert caught.value.status == status
        assert caught.value.call_id == call.id
        assert caught.value.hint
        assert call.details.call_end_cause is cause


@virtual_time
async def test_nobody_answers_within_the_limit() -> None:
    settings = PhoneSettings(no_answer_after=20.0)
    async with a_platform() as platform, a_phone(platform, settings=settings) as phone:
        loop = asyncio.get_running_loop()
        started = loop.time()
        call = await phone.dial("bob")
        invite = await platform.event(sip.InviteReceived)
        platform.run(lambda agent, now: agent.ring(invite.session, now=now))
        with pytest.raises(CallNotAnswered):
            await call.answered()
        assert loop.time() - started == pytest.approx(20.0, abs=0.1)
        assert call.details.call_end_cause is EndCause.NO_ANSWER
        assert (await platform.event(sip.CallEnded)).cause is sip.EndCause.REMOTE_CANCEL


@virtual_time
async def test_hanging_up_while_it_rings_withdraws_the_call() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        call = await phone.dial("bob")
        invite = await platform.event(sip.InviteReceived)
        platform.run(lambda agent, now: agent.ring(invite.session, now=now))
        await asyncio.sleep(1)
        await call.hang_up()
        with pytest.raises(CallCancelled) as caught:
            await call.answered()
        assert caught.value.is_local
        await platform.request("CANCEL")


@virtual_time
async def test_hanging_up_before_the_invite_sends_nothing() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        call = await phone.dial("bob")
        await call.hang_up()
        with pytest.raises(CallCancelled):
            await call.answered()
        await asyncio.sleep(10)
        assert platform.requests("INVITE") == []
        assert dict(phone.calls) == {}


@virtual_time
async def test_early_audio_is_taken_once_and_told() -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        call = await phone.dial("bob")
        stream = call.events()
        invite = await platform.event(sip.InviteReceived)
        platform.run(
            lambda agent, now: agent.ring(invite.session, now=now, status=183, answer=description())
        )
        ringing = await anext(stream)
        assert isinstance(ringing, events.CallRinging)
        assert (ringing.status, ringing.has_early_media) == (183, True)
        await asyncio.sleep(1)
        platform.answer(invite.session)
        await call.answered()
        await asyncio.sleep(1)
        assert media.sessions[0].asked == ["offer sendrecv", "accept sendrecv"]


@virtual_time
async def test_an_answer_that_cannot_be_taken_ends_the_call() -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        call = await phone.dial("bob")
        invite = await platform.event(sip.InviteReceived)
        media.sessions[0].error = MediaError("no fingerprint")
        platform.answer(invite.session)
        details = await call.ended()
        assert details.call_end_cause is EndCause.MEDIA
        assert isinstance(details.error, MediaError)
        await platform.request("BYE")


@virtual_time
async def test_audio_that_cannot_be_offered_ends_the_call_before_the_invite() -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        call = await phone.dial("bob")
        media.sessions[0].error = MediaError("the tab is gone")
        with pytest.raises(MediaError, match="the tab is gone"):
            await call.answered()
        assert platform.requests("INVITE") == []


@virtual_time
async def test_a_call_needs_a_connection() -> None:
    async with a_platform() as platform:
        phone = make_phone(platform)
        with pytest.raises(InvalidState, match="no connection"):
            await phone.dial("bob")
        await phone.aclose()
        with pytest.raises(InvalidState, match="closed"):
            await phone.dial("bob")


@virtual_time
async def test_the_stream_of_a_call_ends_with_it() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        call = await phone.dial("bob")
        stream = call.events()
        await call.hang_up()
        [ended] = [event async for event in stream]
        assert isinstance(ended, events.CallEnded)
        assert ended.details == call.details
        assert [event async for event in call.events()] == [ended]


@virtual_time
async def test_a_connection_lost_while_it_rings_ends_the_call() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        call = await phone.dial("bob")
        await platform.event(sip.InviteReceived)
        platform.drop()
        with pytest.raises(CallFailed):
            await call.answered()
        assert call.details.call_end_cause is EndCause.TRANSPORT
