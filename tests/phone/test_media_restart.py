"""New paths for the audio by re-INVITE, and engines that can describe nothing for the moment."""

from __future__ import annotations

import asyncio

import pytest

from exotel_voice.errors import (
    InvalidState,
    MediaError,
    MediaUnavailable,
    MicrophoneDenied,
    RequestRefused,
)
from exotel_voice.media.base import Direction
from exotel_voice.phone import EndCause, events
from exotel_voice.sip import events as sip
from phone.calling import an_answered_call
from phone.platform import a_phone, a_platform, state_of, until
from phone.scripted_media import ScriptedMedia, description
from virtual_loop import virtual_time


def away() -> MediaUnavailable:
    return MediaUnavailable("the tab is being loaded again")


@virtual_time
async def test_a_restart_is_one_re_invite_with_a_new_path() -> None:
    async with an_answered_call() as (platform, _, call, _session, audio):
        await call.restart_media()
        assert audio.asked == ["offer sendrecv restart", "accept sendrecv"]
        assert len(platform.requests("INVITE")) == 1
        assert state_of(call) == "active"


@virtual_time
async def test_a_restart_keeps_the_hold() -> None:
    async with an_answered_call() as (_, _phone, call, _session, audio):
        await call.hold()
        await call.restart_media()
        assert audio.asked[2:] == ["offer sendonly restart", "accept recvonly"]
        assert call.is_on_hold


@virtual_time
async def test_a_restart_and_a_hold_at_once_both_come_about() -> None:
    async with an_answered_call() as (platform, _, call, _session, audio):
        await asyncio.gather(call.restart_media(), call.hold())
        assert call.is_on_hold
        assert [one for one in audio.asked if "restart" in one] != []
        assert len(platform.requests("INVITE")) <= 2


@virtual_time
async def test_a_restart_waits_for_an_offer_that_is_on_its_way() -> None:
    async with an_answered_call() as (platform, _, call, session, audio):
        platform.answers_offers = False
        holding = asyncio.create_task(call.hold())
        await platform.event(sip.OfferReceived)
        restarting = asyncio.create_task(call.restart_media())
        await asyncio.sleep(1)
        assert not restarting.done()
        platform.answers_offers = True
        sdp = description(Direction.RECVONLY)
        platform.run(lambda agent, now: agent.answer_offer(session, sdp=sdp, now=now))
        await asyncio.gather(holding, restarting)
        assert audio.asked == [
            "offer sendonly",
            "accept recvonly",
            "offer sendonly restart",
            "accept recvonly",
        ]


@virtual_time
async def test_a_restart_that_is_refused_leaves_the_call_as_it_was() -> None:
    async with an_answered_call() as (platform, _, call, session, audio):
        platform.answers_offers = False
        restarting = asyncio.create_task(call.restart_media())
        await platform.event(sip.OfferReceived)
        platform.run(lambda agent, now: agent.reject_offer(session, now=now, status=488))
        with pytest.raises(RequestRefused):
            await restarting
        assert audio.asked[-1] == "rollback"
        assert state_of(call) == "active"


@pytest.mark.parametrize("kind", [MediaUnavailable, MediaError])
@virtual_time
async def test_a_restart_that_cannot_be_offered_ends_no_call(kind: type[MediaError]) -> None:
    async with an_answered_call() as (platform, _, call, _session, audio):
        audio.error = kind("no address")
        with pytest.raises(kind) as caught:
            await call.restart_media()
        assert caught.value.call_id == call.id
        assert state_of(call) == "active"
        assert platform.requests("INVITE") == []
        await call.restart_media()
        assert len(platform.requests("INVITE")) == 1


@virtual_time
async def test_a_restart_needs_a_call_that_is_up() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        platform.call()
        call = await anext(phone.incoming())
        with pytest.raises(InvalidState):
            await call.restart_media()
        await call.reject()
        with pytest.raises(InvalidState):
            await call.restart_media()


@virtual_time
async def test_the_end_of_the_call_ends_a_restart() -> None:
    async with an_answered_call() as (platform, _, call, session, _audio):
        platform.answers_offers = False
        restarting = asyncio.create_task(call.restart_media())
        await platform.event(sip.OfferReceived)
        platform.hang_up(session)
        with pytest.raises(InvalidState, match="ended"):
            await restarting


@virtual_time
async def test_a_restart_whose_connection_breaks_comes_about_over_the_next() -> None:
    async with an_answered_call() as (platform, phone, call, _session, audio):
        platform.breaks_at = "INVITE"
        restarting = asyncio.create_task(call.restart_media())
        await until(phone, events.ConnectionDown)
        await restarting
        assert audio.asked[-2:] == ["offer sendrecv restart", "accept sendrecv"]
        assert state_of(call) == "active"


@virtual_time
async def test_a_restart_against_the_far_sides_own_offer_comes_about_after_it() -> None:
    async with an_answered_call() as (platform, _, call, session, audio):
        restarting = asyncio.create_task(call.restart_media())
        platform.offer(session, Direction.SENDRECV)
        await restarting
        await asyncio.sleep(10)
        assert "answer sendrecv with sendrecv" in audio.asked
        assert audio.asked[-1] == "accept sendrecv"
        assert state_of(call) == "active"


@pytest.mark.parametrize("is_held", [False, True])
@virtual_time
async def test_a_hold_that_cannot_be_offered_for_the_moment_changes_nothing(is_held: bool) -> None:
    async with an_answered_call() as (platform, _, call, _session, audio):
        if is_held:
            await call.hold()
        audio.error = away()
        with pytest.raises(MediaUnavailable):
            await (call.resume() if is_held else call.hold())
        assert call.is_on_hold is is_held
        assert len(platform.requests("INVITE")) == is_held
        await (call.resume() if is_held else call.hold())
        assert call.is_on_hold is not is_held


@virtual_time
async def test_an_offer_that_cannot_be_answered_for_the_moment_is_refused_and_nothing_ends() -> (
    None
):
    async with an_answered_call() as (platform, _, call, session, audio):
        audio.error = away()
        platform.offer(session, Direction.SENDRECV)
        assert (await platform.event(sip.OfferRejected)).status == 488
        assert state_of(call) == "active"
        platform.offer(session, Direction.SENDRECV)
        await platform.event(sip.AnswerReceived)


@virtual_time
async def test_an_offer_that_is_asked_for_and_cannot_be_made_for_the_moment_ends_nothing() -> None:
    async with an_answered_call() as (platform, _, call, _session, audio):
        audio.error = away()
        platform.ask_for_offer()
        await platform.response(488)
        assert state_of(call) == "active"


@virtual_time
async def test_a_repair_that_cannot_be_offered_is_left_for_the_restart() -> None:
    async with an_answered_call() as (platform, phone, call, _session, audio):
        platform.drop()
        audio.error = away()
        await until(phone, events.Registered)
        await asyncio.sleep(60)
        assert state_of(call) == "reconnecting"
        assert platform.requests("INVITE") == []
        await call.restart_media()
        assert state_of(call) == "active"
        assert len(platform.requests("INVITE")) == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MediaUnavailable("no tab"), 480),
        (MicrophoneDenied("no microphone"), 480),
        (MediaError("no"), 488),
    ],
)
@virtual_time
async def test_a_call_that_cannot_be_answered_is_refused(error: MediaError, status: int) -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        platform.call()
        call = await anext(phone.incoming())
        media.sessions[0].error = error
        with pytest.raises(type(error)):
            await call.answer()
        assert (await platform.event(sip.CallEnded)).status == status
        assert call.details.call_end_cause is EndCause.MEDIA


@virtual_time
async def test_a_call_that_cannot_be_offered_ends_with_the_reason() -> None:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        call = await phone.dial("bob")
        media.sessions[0].error = away()
        with pytest.raises(MediaUnavailable):
            await call.answered()
        assert (await call.ended()).call_end_status == 480
