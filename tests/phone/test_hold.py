from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from exotel_voice.errors import InvalidState, NoCommonCodec, RequestRefused
from exotel_voice.media.base import Direction
from exotel_voice.phone import Call, EndCause, events
from exotel_voice.sip import events as sip
from exotel_voice.sip.events import SessionId
from phone.platform import Platform, a_phone, a_platform, state_of
from phone.scripted_media import ScriptedMedia, ScriptedSession, description
from virtual_loop import virtual_time


@asynccontextmanager
async def a_call() -> AsyncIterator[tuple[Platform, Call, SessionId, ScriptedSession]]:
    """A call that the phone took, with the far end's session and the phone's audio."""
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        session = platform.call()
        call = await anext(phone.incoming())
        await call.answer()
        await platform.event(sip.CallAnswered)
        await asyncio.sleep(1)
        audio = media.sessions[0]
        audio.asked.clear()
        yield platform, call, session, audio


@virtual_time
async def test_hold_and_resume_return_when_they_are_confirmed() -> None:
    async with a_call() as (platform, call, _, audio):
        stream = call.events()
        await call.hold()
        assert call.is_on_hold
        assert state_of(call) == "held"
        assert b"a=sendonly" in (await platform.event(sip.OfferReceived)).offer
        await call.resume()
        assert state_of(call) == "active"
        assert audio.asked == [
            "offer sendonly",
            "accept recvonly",
            "offer sendrecv",
            "accept sendrecv",
        ]
        await stream.aclose()
        assert [type(event) async for event in stream] == [events.CallHeld, events.CallResumed]


@virtual_time
async def test_holding_what_is_held_sends_nothing() -> None:
    async with a_call() as (platform, call, _, _audio):
        await call.resume()
        await call.hold()
        await call.hold()
        assert len(platform.requests("INVITE")) == 1


@virtual_time
async def test_until_the_far_side_confirms_the_call_is_not_held() -> None:
    async with a_call() as (platform, call, session, _):
        platform.answers_offers = False
        holding = asyncio.create_task(call.hold())
        offered = await platform.event(sip.OfferReceived)
        assert state_of(call) == "active"
        assert not holding.done()
        platform.run(
            lambda agent, now: agent.answer_offer(
                session, sdp=description(Direction.RECVONLY), now=now
            )
        )
        await holding
        assert call.is_on_hold
        assert offered.session == session


@virtual_time
async def test_hold_and_resume_at_once_end_unheld() -> None:
    async with a_call() as (_, call, _, _audio):
        await asyncio.gather(call.hold(), call.resume())
        assert state_of(call) == "active"
        assert not call.is_on_hold


@virtual_time
async def test_resume_while_the_hold_is_on_its_way_ends_unheld() -> None:
    async with a_call() as (platform, call, session, _):
        platform.answers_offers = False
        holding = asyncio.create_task(call.hold())
        await platform.event(sip.OfferReceived)
        resuming = asyncio.create_task(call.resume())
        await asyncio.sleep(0)
        platform.answers_offers = True
        platform.run(
            lambda agent, now: agent.answer_offer(
                session, sdp=description(Direction.RECVONLY), now=now
            )
        )
        await asyncio.gather(holding, resuming)
        assert not call.is_on_hold
        assert len(platform.requests("INVITE")) == 2


@virtual_time
async def test_many_wishes_end_as_the_last_one() -> None:
    async with a_call() as (_, call, _, _audio):
        wishes = [call.hold() if n % 2 else call.resume() for n in range(20)]
        await asyncio.gather(*wishes)
        assert call.is_on_hold


@virtual_time
async def test_a_hold_that_is_refused_leaves_the_call_as_it_was() -> None:
    async with a_call() as (platform, call, session, audio):
        platform.answers_offers = False
        holding = asyncio.create_task(call.hold())
        await platform.event(sip.OfferReceived)
        platform.run(lambda agent, now: agent.reject_offer(session, now=now, status=488))
        with pytest.raises(RequestRefused) as caught:
            await holding
        assert caught.value.status == 488
        assert state_of(call) == "active"
        assert audio.asked == ["offer sendonly", "rollback"]
        platform.answers_offers = True
        await call.hold()
        assert call.is_on_hold


@virtual_time
async def test_a_hold_right_after_the_answer_waits_for_the_ack() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        platform.call()
        call = await anext(phone.incoming())
        await call.answer()
        await call.hold()
        assert call.is_on_hold


@virtual_time
async def test_an_end_while_the_hold_is_on_its_way_is_told() -> None:
    async with a_call() as (platform, call, session, _):
        platform.answers_offers = False
        holding = asyncio.create_task(call.hold())
        await platform.event(sip.OfferReceived)
        platform.hang_up(session)
        with pytest.raises(InvalidState, match="ended"):
            await holding


@virtual_time
async def test_a_far_side_that_holds_is_an_event() -> None:
    async with a_call() as (platform, call, session, audio):
        stream = call.events()
        platform.offer(session, Direction.SENDONLY)
        told = await anext(stream)
        assert told == events.RemoteHoldChanged(call_id=call.id, is_held=True)
        held = [call.is_remote_on_hold]
        assert state_of(call) == "active"
        await platform.event(sip.AnswerReceived)
        platform.offer(session, Direction.SENDRECV)
        assert await anext(stream) == events.RemoteHoldChanged(call_id=call.id, is_held=False)
        held.append(call.is_remote_on_hold)
        assert held == [True, False]
        assert audio.asked[0] == "answer sendonly with sendrecv"


@virtual_time
async def test_a_held_call_stays_held_when_the_far_side_offers() -> None:
    async with a_call() as (platform, call, session, audio):
        await call.hold()
        platform.offer(session, Direction.SENDRECV)
        answer = (await platform.event(sip.AnswerReceived)).answer
        assert b"a=sendonly" in answer
        assert call.is_on_hold
        assert audio.asked[-1] == "answer sendrecv with sendonly"


@virtual_time
async def test_both_sides_hold_at_once_and_both_come_about() -> None:
    async with a_call() as (platform, call, session, _):
        holding = asyncio.create_task(call.hold())
        platform.direction = Direction.SENDONLY
        platform.offer(session, Direction.SENDONLY)
        await holding
        await asyncio.sleep(10)
        assert call.is_on_hold
        assert call.is_remote_on_hold


@virtual_time
async def test_a_new_offer_without_our_codecs_is_refused_and_the_call_goes_on() -> None:
    async with a_call() as (platform, call, session, audio):
        audio.error = NoCommonCodec("nothing in common")
        platform.offer(session, Direction.SENDRECV)
        assert (await platform.event(sip.OfferRejected)).status == 488
        assert state_of(call) == "active"


@virtual_time
async def test_an_answer_to_a_hold_that_cannot_be_taken_ends_the_call() -> None:
    async with a_call() as (platform, call, session, audio):
        platform.answers_offers = False
        holding = asyncio.create_task(call.hold())
        await platform.event(sip.OfferReceived)
        audio.error = NoCommonCodec("nothing in common")
        platform.run(
            lambda agent, now: agent.answer_offer(
                session, sdp=description(Direction.RECVONLY), now=now
            )
        )
        with pytest.raises(InvalidState):
            await holding
        assert call.details.call_end_cause is EndCause.MEDIA
