from __future__ import annotations

import asyncio

import pytest

from exotel_voice.errors import (
    CallCancelled,
    InvalidState,
    MediaError,
    MicrophoneDenied,
    NoCommonCodec,
)
from exotel_voice.phone import Call, EndCause, Phone, PhoneSettings, events
from exotel_voice.sip import events as sip
from exotel_voice.sip.wire import Response
from phone.platform import a_phone, a_platform, state_of, until
from phone.scripted_media import ScriptedMedia, description
from virtual_loop import virtual_time

PLATFORM_HEADERS = {"X-Exotel-Callsid": "csid-1", "LegSid": "leg-1", "X-Note": "hello"}


async def incoming(phone: Phone) -> Call:
    return await anext(phone.incoming())


@virtual_time
async def test_a_call_is_answered_and_hung_up_here() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        stream = phone.events()
        platform.call()
        call = await incoming(phone)
        assert state_of(call) == "incoming"
        assert phone.calls[call.id] == call
        await call.answer()
        assert state_of(call) == "active"
        await call.answered()
        await platform.event(sip.CallAnswered)
        await call.hang_up()
        assert state_of(call) == "ended"
        assert dict(phone.calls) == {}
        assert (await platform.event(sip.CallEnded)).cause is sip.EndCause.REMOTE_HANGUP
        await stream.aclose()
        assert [type(event) async for event in stream] == [
            events.IncomingCall,
            events.CallConnected,
            events.CallEnded,
        ]
        assert platform.statuses().count(180) == 1


@virtual_time
async def test_a_call_is_hung_up_by_the_far_side() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        session = platform.call()
        call = await incoming(phone)
        await call.answer()
        await platform.event(sip.CallAnswered)
        await asyncio.sleep(30)
        platform.hang_up(session)
        details = await call.ended()
        assert details.call_end_cause is EndCause.REMOTE_HANGUP
        assert not details.call_end_cause.is_local
        assert details.call_duration == pytest.approx(30)
        assert details.call_end_reason
        assert details.error is None


@virtual_time
async def test_the_details_come_from_the_wire() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        platform.call(headers=PLATFORM_HEADERS)
        call = await incoming(phone)
        details = call.details
        invite = await platform.event(sip.CallProgressed)
        assert details.call_id == call.id
        assert details.remote_id == "+919900000001"
        assert details.remote_uri == "sip:+919900000001@acme.example"
        assert details.remote_display_name == "Bob B"
        assert (details.call_sid, details.leg_sid) == ("csid-1", "leg-1")
        assert details.sip_headers["X-Note"] == ("hello",)
        assert details.call_direction.value == "incoming"
        assert details.call_answer_time is None
        assert details.session_id
        await call.answer()
        answered = call.details
        assert answered.call_answer_time is not None
        assert answered.call_answer_time >= answered.call_started_time
        assert answered.call_established_time is None
        await call.hang_up()
        assert call.details.call_ended_time is not None
        assert invite.status == 180


@virtual_time
async def test_a_call_is_rejected_with_a_status_of_choice() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        platform.call()
        call = await incoming(phone)
        with pytest.raises(InvalidState, match="status 200"):
            await call.reject(200)
        await call.reject(603, "Not now")
        assert call.details.call_end_cause is EndCause.LOCAL_REJECT
        ended = await platform.event(sip.CallEnded)
        assert (ended.status, ended.reason) == (603, "Not now")


@virtual_time
async def test_hanging_up_a_call_that_rings_refuses_it() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        platform.call()
        call = await incoming(phone)
        await call.hang_up()
        assert (await platform.event(sip.CallEnded)).status == 480


@virtual_time
async def test_a_caller_who_gives_up_ends_the_call() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        session = platform.call()
        call = await incoming(phone)
        platform.hang_up(session)
        details = await call.ended()
        assert details.call_end_cause is EndCause.REMOTE_CANCEL
        with pytest.raises(CallCancelled):
            await call.answered()
        with pytest.raises(InvalidState, match="ended"):
            await call.answer()


@virtual_time
async def test_a_caller_who_gives_up_while_the_answer_is_made_is_told() -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        session = platform.call()
        call = await incoming(phone)
        media.sessions[0].gate.clear()
        answering = asyncio.create_task(call.answer())
        await asyncio.sleep(0)
        platform.hang_up(session)
        await call.ended()
        media.sessions[0].gate.set()
        with pytest.raises(CallCancelled):
            await answering
        assert 200 not in [
            m.status
            for m in platform.received
            if isinstance(m, Response) and m.cseq_method == "INVITE"
        ]


@virtual_time
async def test_what_a_call_forbids_raises_and_sends_nothing() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        session = platform.call()
        call = await incoming(phone)
        before = len(platform.received)
        for forbidden in (call.hold(), call.resume(), call.send_dtmf("1"), call.transfer("bob")):
            with pytest.raises(InvalidState):
                await forbidden
        answering = asyncio.gather(call.answer(), call.answer(), return_exceptions=True)
        first, second = await answering
        assert first is None
        assert isinstance(second, InvalidState)
        with pytest.raises(InvalidState):
            await call.answer()
        with pytest.raises(InvalidState):
            await call.reject()
        platform.hang_up(session)
        await call.ended()
        sent = len(platform.received)
        for forbidden in (call.hold(), call.mute(), call.send_dtmf("1"), call.answer()):
            with pytest.raises(InvalidState):
                await forbidden
        await call.hang_up()
        assert len(platform.received) == sent > before


@virtual_time
async def test_an_offer_without_our_codecs_gets_488() -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        platform.call()
        call = await incoming(phone)
        media.sessions[0].error = NoCommonCodec("nothing in common")
        with pytest.raises(NoCommonCodec) as caught:
            await call.answer()
        assert caught.value.call_id == call.id
        assert (await platform.event(sip.CallEnded)).status == 488
        assert call.details.call_end_cause is EndCause.MEDIA
        assert isinstance(call.details.error, MediaError)


@virtual_time
async def test_a_call_for_which_no_audio_can_be_opened_is_refused() -> None:
    media = ScriptedMedia()
    media.error = MicrophoneDenied("there is no microphone")
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        platform.call()
        assert (await platform.event(sip.CallEnded)).status == 480
        assert dict(phone.calls) == {}


@virtual_time
async def test_an_invite_without_an_offer_gets_ours_and_its_answer_with_the_ack() -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        session = platform.call(offer=None)
        call = await incoming(phone)
        await call.answer()
        await platform.event(sip.AnswerRequested)
        platform.run(lambda agent, now: agent.answer_offer(session, sdp=description(), now=now))
        await asyncio.sleep(0.1)
        assert media.sessions[0].asked == ["offer sendrecv", "accept sendrecv"]


@virtual_time
async def test_a_second_call_waits_beside_the_first() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        calls = phone.incoming()
        platform.call()
        first = await anext(calls)
        await first.answer()
        platform.call()
        second = await anext(calls)
        assert second != first
        assert list(phone.calls.values()) == [first, second]
        await second.answer()
        await first.hang_up()
        assert state_of(second) == "active"


@virtual_time
async def test_a_call_beyond_the_limit_gets_486_and_the_application_hears_of_it() -> None:
    settings = PhoneSettings(max_calls=1)
    async with a_platform() as platform, a_phone(platform, settings=settings) as phone:
        platform.call()
        await incoming(phone)
        refused = asyncio.create_task(until(phone, events.IncomingCallRefused))
        await asyncio.sleep(0)
        platform.call()
        assert (await platform.event(sip.CallEnded)).status == 486
        assert (await refused).remote_id == "+919900000001"
        assert len(phone.calls) == 1
        with pytest.raises(InvalidState, match="1 calls are up"):
            await phone.dial("bob")


@virtual_time
async def test_a_call_that_rings_already_is_given_to_a_late_reader() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        platform.call()
        await until(phone, events.IncomingCall)
        assert state_of(await incoming(phone)) == "incoming"


@virtual_time
async def test_an_event_names_a_call_that_can_be_found_even_after_its_end() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        session = platform.call()
        event = await until(phone, events.IncomingCall)
        platform.hang_up(session)
        await asyncio.sleep(1)
        call = phone.find_call(event.call_id)
        assert call is not None
        assert state_of(call) == "ended"
        assert phone.find_call("nobody") is None


@virtual_time
async def test_digits_by_info_become_events() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        session = platform.call()
        call = await incoming(phone)
        await call.answer()
        await platform.event(sip.CallAnswered)
        stream = call.events()
        platform.run(lambda agent, now: agent.send_digit(session, "7", now=now, duration=0.2))
        assert await anext(stream) == events.DigitReceived(
            call_id=call.id, digit="7", duration=0.2, method="info"
        )
        platform.run(
            lambda agent, now: agent.send_info(
                session, content_type="text/plain", body=b"hello", now=now
            )
        )
        assert await anext(stream) == events.InfoReceived(
            call_id=call.id, content_type="text/plain", body=b"hello"
        )


@virtual_time
async def test_closing_the_phone_hangs_up_and_unregisters() -> None:
    async with a_platform() as platform:
        async with a_phone(platform) as phone:
            calls = phone.incoming()
            platform.call()
            call = await anext(calls)
            await call.answer()
            await platform.event(sip.CallAnswered)
            platform.call()
            ringing = await anext(calls)
        assert call.details.call_end_cause is EndCause.LOCAL_HANGUP
        assert state_of(ringing) == "ended"
        assert len(platform.requests("BYE")) == 1
        assert 480 in platform.statuses()
        assert platform.registers[-1].expires == 0
        with pytest.raises(StopAsyncIteration):
            await anext(calls)


@virtual_time
async def test_an_async_callback_may_answer_and_close_the_phone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        closed = asyncio.Event()

        async def answer(event: events.IncomingCall) -> None:
            call = phone.find_call(event.call_id)
            assert call is not None
            await call.answer()

        async def close(_: events.CallEnded) -> None:
            await phone.aclose()
            closed.set()

        phone.on(events.IncomingCall, answer)
        phone.on(events.CallEnded, close)
        session = platform.call()
        await platform.event(sip.CallAnswered)
        platform.hang_up(session)
        await closed.wait()
        assert caplog.records == []
