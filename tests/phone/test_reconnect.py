from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from exotel_voice.phone import Call, EndCause, Phone, events
from exotel_voice.sip import events as sip
from exotel_voice.sip.events import SessionId
from phone.platform import Platform, a_phone, a_platform, state_of, until
from phone.scripted_media import ScriptedMedia, ScriptedSession
from virtual_loop import virtual_time


@asynccontextmanager
async def a_call() -> AsyncIterator[tuple[Platform, Phone, Call, SessionId, ScriptedSession]]:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        session = platform.call()
        call = await anext(phone.incoming())
        await call.answer()
        await platform.event(sip.CallAnswered)
        await asyncio.sleep(1)
        media.sessions[0].asked.clear()
        yield platform, phone, call, session, media.sessions[0]


@virtual_time
async def test_a_call_lives_on_and_gets_one_re_invite() -> None:
    async with a_call() as (platform, phone, call, _, audio):
        stream = call.events()
        platform.drop()
        await until(phone, events.ConnectionDown)
        assert state_of(call) == "reconnecting"
        await until(phone, events.Registered)
        assert isinstance(await anext(stream), events.CallReconnecting)
        assert isinstance(await anext(stream), events.CallReconnected)
        assert state_of(call) == "active"
        assert audio.asked == ["offer sendrecv", "accept sendrecv"]
        await asyncio.sleep(60)
        assert len(platform.requests("INVITE")) == 1
        await call.hold()
        await call.resume()
        await call.hang_up()
        assert (await platform.event(sip.CallEnded)).cause is sip.EndCause.REMOTE_HANGUP


@virtual_time
async def test_a_held_call_is_repaired_as_a_held_one() -> None:
    async with a_call() as (platform, _phone, call, _, audio):
        await call.hold()
        audio.asked.clear()
        platform.drop()
        stream = call.events()
        async for event in stream:
            if isinstance(event, events.CallReconnected):
                break
        assert audio.asked == ["offer sendonly", "accept recvonly"]
        assert state_of(call) == "held"


@virtual_time
async def test_a_wish_of_the_meantime_goes_with_the_one_re_invite() -> None:
    async with a_call() as (platform, phone, call, _, audio):
        platform.drop()
        await until(phone, events.ConnectionDown)
        await call.hold()
        assert state_of(call) == "held"
        assert audio.asked == ["offer sendonly", "accept recvonly"]
        assert len(platform.requests("INVITE")) == 1


@virtual_time
async def test_a_hold_whose_connection_breaks_comes_about_over_the_next() -> None:
    async with a_call() as (platform, phone, call, _, audio):
        platform.breaks_at = "INVITE"
        holding = asyncio.create_task(call.hold())
        await until(phone, events.ConnectionDown)
        await holding
        assert state_of(call) == "held"
        assert audio.asked == ["offer sendonly", "rollback", "offer sendonly", "accept recvonly"]


@virtual_time
async def test_a_far_end_that_is_still_busy_is_asked_again() -> None:
    async with a_call() as (platform, phone, call, session, _audio):
        platform.answers_offers = False
        platform.drop()
        await until(phone, events.Registered)
        await platform.event(sip.OfferReceived)
        platform.run(lambda agent, now: agent.reject_offer(session, now=now, status=500))
        await asyncio.sleep(0.5)
        assert state_of(call) == "reconnecting"
        platform.answers_offers = True
        await asyncio.sleep(1.0)
        assert state_of(call) == "active"


@virtual_time
async def test_a_call_hung_up_without_a_connection_ends_at_once_and_its_bye_follows() -> None:
    async with a_call() as (platform, phone, call, session, _):
        platform.listener.refusal = "the server is down"
        platform.drop()
        await until(phone, events.ConnectionDown)
        await call.hang_up()
        assert state_of(call) == "ended"
        assert call.details.call_end_cause is EndCause.LOCAL_HANGUP
        assert platform.requests("BYE") == []
        platform.listener.refusal = None
        ended = await platform.event(sip.CallEnded)
        assert ended.session == session
        assert len(platform.requests("BYE")) == 1


@virtual_time
async def test_a_call_whose_far_end_is_gone_ends_with_a_reason() -> None:
    async with a_call() as (platform, _, call, _session, _audio):
        platform.drop()
        platform.forget_calls()
        details = await call.ended()
        assert details.call_end_cause is EndCause.REMOTE_HANGUP
        assert details.call_end_status == 481
        assert details.call_end_reason.startswith("the far end is gone: 481")
        assert details.error is not None


@virtual_time
async def test_the_server_is_tried_often_while_a_call_is_alive() -> None:
    async with a_call() as (platform, phone, call, _, _audio):
        platform.listener.refusal = "the server is down"
        platform.drop()
        await asyncio.sleep(25)
        assert state_of(call) == "reconnecting"
        loop = asyncio.get_running_loop()
        platform.listener.refusal = None
        back = loop.time()
        await until(phone, events.Registered)
        assert loop.time() - back < 1.0


@virtual_time
async def test_an_authentication_failure_after_a_reconnection_is_final() -> None:
    async with a_call() as (platform, phone, call, _, _audio):
        platform.refusal = (403, ())
        platform.drop()
        refused = await until(phone, events.RegistrationRefused)
        assert refused.is_final
        assert refused.retry_in is None
        await asyncio.sleep(600)
        assert state_of(phone) == "unregistered"
        assert len([r for r in platform.registers if "Authorization" not in r.headers]) <= 2
        assert state_of(call) == "reconnecting"


@virtual_time
@pytest.mark.parametrize("drops", [3])
async def test_a_connection_that_breaks_again_and_again_costs_no_call(drops: int) -> None:
    async with a_call() as (platform, phone, call, _, _audio):
        for _ in range(drops):
            platform.drop()
            await until(phone, events.ConnectionOpened)
        await until(phone, events.CallReconnected)
        assert state_of(call) == "active"
        await call.hold()
        await call.resume()
