"""Getting ready for an answer while a call rings."""

from __future__ import annotations

import asyncio

from exotel_voice.phone import events
from exotel_voice.sip import events as sip
from phone.platform import a_phone, a_platform, until
from phone.scripted_media import ScriptedMedia
from virtual_loop import virtual_time


@virtual_time
async def test_the_engine_gets_ready_while_it_rings() -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        platform.call()
        call = await anext(phone.incoming())
        await asyncio.sleep(1)
        await call.answer()
        await platform.event(sip.CallAnswered)
        assert media.sessions[0] is call.media
        assert media.sessions[0].asked == ["prepare sendrecv", "answer sendrecv with sendrecv"]


@virtual_time
async def test_the_event_and_the_answer_do_not_wait_for_the_preparation() -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        media.is_ready_at_once = False
        told = asyncio.create_task(until(phone, events.IncomingCall))
        platform.call()
        call = phone.find_call((await told).call_id)
        assert call is not None
        await call.answer()
        await platform.event(sip.CallAnswered)
        await call.hang_up()
        await asyncio.sleep(0)
        asked = media.sessions[0].asked
        assert asked[:2] == ["prepare sendrecv", "answer sendrecv with sendrecv"]
        assert "prepare no more" in asked


@virtual_time
async def test_the_end_of_a_call_that_rings_ends_its_preparation() -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        media.is_ready_at_once = False
        session = platform.call()
        call = await anext(phone.incoming())
        await asyncio.sleep(1)
        platform.hang_up(session)
        await call.ended()
        await asyncio.sleep(0)
        assert "prepare no more" in media.sessions[0].asked


@virtual_time
async def test_a_call_without_an_offer_has_nothing_to_prepare() -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        platform.call(offer=None)
        call = await anext(phone.incoming())
        await asyncio.sleep(1)
        assert media.sessions[0].asked == []
        await call.reject()
