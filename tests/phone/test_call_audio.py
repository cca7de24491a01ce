from __future__ import annotations

import asyncio

import pytest

from exotel_voice.errors import (
    InvalidState,
    MediaError,
)
from exotel_voice.media.base import DigitHeard, MediaConnected, MediaFailed
from exotel_voice.phone import Call, EndCause, Phone, events
from exotel_voice.sip import events as sip
from phone.platform import a_phone, a_platform, state_of
from phone.scripted_media import ScriptedMedia
from virtual_loop import virtual_time

PLATFORM_HEADERS = {"X-Exotel-Callsid": "csid-1", "LegSid": "leg-1", "X-Note": "hello"}


async def incoming(phone: Phone) -> Call:
    return await anext(phone.incoming())


@virtual_time
async def test_muting_is_for_the_audio_alone() -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        platform.call()
        call = await incoming(phone)
        await call.answer()
        stream = call.events()
        await call.mute()
        await call.mute()
        muted = [call.is_muted]
        await call.unmute()
        muted.append(call.is_muted)
        assert muted == [True, False]
        assert media.sessions[0].asked[2:] == ["muted True", "muted False"]
        await call.hang_up()
        kinds = [type(event) async for event in stream]
        assert kinds == [events.CallMuted, events.CallUnmuted, events.CallEnded]


@virtual_time
async def test_what_the_audio_tells_becomes_an_event() -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        platform.call()
        call = await incoming(phone)
        await call.answer()
        stream = call.events()
        media.sessions[0].tell(MediaConnected(codec="PCMU"))
        media.sessions[0].tell(DigitHeard(digit="5", duration=0.1))
        assert call.details.call_established_time is not None
        await call.hang_up()
        media.sessions[0].tell(DigitHeard(digit="6", duration=0.1))
        told = [event async for event in stream]
        assert told[:2] == [
            events.MediaConnected(call_id=call.id, codec="PCMU"),
            events.DigitReceived(call_id=call.id, digit="5", duration=0.1, method="rfc4733"),
        ]
        assert len(told) == 3


@virtual_time
async def test_audio_that_fails_ends_the_call_with_the_reason() -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        platform.call()
        call = await incoming(phone)
        await call.answer()
        media.sessions[0].tell(MediaFailed(error=MediaError("the keys do not match")))
        details = await call.ended()
        assert details.call_end_cause is EndCause.MEDIA
        assert details.call_end_reason == "the keys do not match"
        await platform.event(sip.CallEnded)
        await asyncio.sleep(0)
        assert media.sessions[0].asked[-1] == "close"


@virtual_time
async def test_a_far_end_that_falls_silent_ends_the_call_after_the_limit() -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        platform.call()
        call = await incoming(phone)
        await call.answer()
        audio = media.sessions[0]
        audio.packets_received = 1
        audio.tell(MediaConnected(codec="PCMU"))
        for _ in range(40):
            await asyncio.sleep(2.4)
            audio.packets_received += 1
        assert state_of(call) == "active"
        loop = asyncio.get_running_loop()
        silent_since = loop.time()
        details = await call.ended()
        assert 30.0 <= loop.time() - silent_since <= 35.0
        assert details.call_end_cause is EndCause.MEDIA
        assert details.call_end_reason == "no audio came from the far side for 35 s"


@virtual_time
async def test_a_call_on_hold_may_be_silent() -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        platform.call()
        call = await incoming(phone)
        await call.answer()
        await platform.event(sip.CallAnswered)
        media.sessions[0].packets_received = 1
        media.sessions[0].tell(MediaConnected(codec="PCMU"))
        await call.hold()
        await asyncio.sleep(600)
        assert state_of(call) == "held"


@virtual_time
async def test_an_engine_that_has_no_audio_ends_no_call() -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        platform.call()
        call = await incoming(phone)
        await call.answer()
        media.sessions[0].tell(MediaConnected(codec=""))
        await asyncio.sleep(600)
        assert state_of(call) == "active"
        assert (await call.stats()).packets_received == 0
        with pytest.raises(InvalidState):
            call.audio_in()
        with pytest.raises(InvalidState):
            _ = call.audio_out
