"""Audio that stops coming: a new path is looked for, and the call ends only if none is found."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest

from exotel_voice.errors import ConfigError, IceFailed, MediaTimeout, MediaUnavailable
from exotel_voice.media.base import Direction, MediaConnected, MediaInterrupted
from exotel_voice.phone import Call, Phone, PhoneSettings, events
from exotel_voice.sip import events as sip
from exotel_voice.transport.memory import MemoryTransport
from phone.calling import an_answered_call
from phone.platform import Platform, state_of
from phone.scripted_media import ScriptedSession
from virtual_loop import VirtualLoop, virtual_time

RESTART = "offer sendrecv restart"
PATH = MediaConnected(codec="PCMU")
LOST = MediaInterrupted(error=IceFailed("the far side does not answer any more"))
E = TypeVar("E", bound=events.CallEvent)


@asynccontextmanager
async def a_talk(
    settings: PhoneSettings | None = None,
) -> AsyncIterator[tuple[Platform, Phone, Call, ScriptedSession]]:
    """A call whose audio comes."""
    async with an_answered_call(settings) as (platform, phone, call, _, audio):
        audio.tell(PATH)
        audio.flow()
        await asyncio.sleep(5)
        yield platform, phone, call, audio


async def told(call: Call, kind: type[E]) -> tuple[E, float]:
    """Wait for an event of the call; give it, and the seconds that it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    stream = call.events()
    try:
        async for event in stream:
            if isinstance(event, kind):
                return event, loop.time() - began
    finally:
        await stream.aclose()
    raise AssertionError(f"the call ended before {kind.__name__}")


@virtual_time
async def test_silence_of_three_seconds_restarts_the_path() -> None:
    async with a_talk() as (platform, _, call, audio):
        audio.dry_up()
        event, seconds = await told(call, events.CallReconnecting)
        assert event.part == "media"
        assert 2.4 <= seconds <= 3.1
        assert state_of(call) == "reconnecting"
        await asyncio.sleep(0.5)
        assert audio.asked == [RESTART, "accept sendrecv"]
        audio.tell(PATH)
        audio.flow()
        back, seconds = await told(call, events.CallReconnected)
        assert back.part == "media"
        assert seconds <= 0.2
        assert state_of(call) == "active"
        await asyncio.sleep(60)
        assert len(platform.requests("INVITE")) == 1


@virtual_time
async def test_a_restart_that_brings_nothing_is_tried_a_few_times_and_then_the_call_ends() -> None:
    async with a_talk() as (platform, _, call, audio):
        audio.dry_up()
        event, seconds = await told(call, events.CallEnded)
        assert 34.0 <= seconds <= 35.1
        assert isinstance(event.error, MediaTimeout)
        assert audio.asked.count(RESTART) == 4
        assert len(platform.requests("INVITE")) == 4


@virtual_time
async def test_a_restart_that_cannot_be_offered_is_tried_again() -> None:
    async with a_talk() as (platform, _, call, audio):
        audio.dry_up()
        audio.error = MediaUnavailable("no network")
        await told(call, events.CallReconnecting)
        await asyncio.sleep(4)
        assert platform.requests("INVITE") == []
        await asyncio.sleep(2)
        assert len(platform.requests("INVITE")) == 1
        assert state_of(call) == "reconnecting"


@pytest.mark.parametrize("by_far_side", [False, True])
@virtual_time
async def test_silence_on_hold_is_no_fault(by_far_side: bool) -> None:
    async with an_answered_call() as (platform, _, call, session, audio):
        audio.tell(PATH)
        audio.flow()
        if by_far_side:
            platform.offer(session, Direction.SENDONLY)
            await platform.event(sip.AnswerReceived)
        else:
            await call.hold()
        audio.dry_up()
        await asyncio.sleep(120)
        assert RESTART not in audio.asked
        assert state_of(call) == ("active" if by_far_side else "held")


@virtual_time
async def test_a_path_that_is_lost_on_hold_is_made_anew_and_the_hold_stays() -> None:
    async with a_talk() as (_, _phone, call, audio):
        await call.hold()
        audio.dry_up()
        audio.tell(LOST)
        assert state_of(call) == "reconnecting"
        await asyncio.sleep(1)
        assert audio.asked[-2:] == ["offer sendonly restart", "accept recvonly"]
        audio.tell(PATH)
        assert state_of(call) == "held"
        await asyncio.sleep(120)
        assert state_of(call) == "held"


@virtual_time
async def test_a_path_that_is_lost_on_hold_for_good_ends_the_call_with_what_was_lost() -> None:
    async with a_talk() as (_, _phone, call, audio):
        await call.hold()
        audio.tell(LOST)
        event, seconds = await told(call, events.CallEnded)
        assert 34.0 <= seconds <= 35.1
        assert isinstance(event.error, IceFailed)


@virtual_time
async def test_a_path_that_is_lost_is_made_anew_at_once() -> None:
    async with a_talk() as (_, _phone, call, audio):
        audio.dry_up()
        audio.tell(LOST)
        await asyncio.sleep(0.1)
        assert audio.asked == [RESTART, "accept sendrecv"]
        audio.tell(PATH)
        assert state_of(call) == "reconnecting"
        audio.flow()
        await told(call, events.CallReconnected)
        assert state_of(call) == "active"


@virtual_time
async def test_a_far_end_that_sends_nothing_in_its_pauses_is_not_asked_again_and_again() -> None:
    async with a_talk() as (platform, _, call, audio):
        for _pause in range(10):
            audio.dry_up()
            await asyncio.sleep(4)
            audio.tell(PATH)
            await asyncio.sleep(4)
            audio.flow()
            await asyncio.sleep(4)
            assert state_of(call) == "active"
        # Two for each pause it would be.
        assert 2 <= len(platform.requests("INVITE")) <= 8


@virtual_time
async def test_a_black_hole_is_found_by_the_silence_and_leads_to_one_re_invite() -> None:
    """Nothing comes and nothing is closed: the sign of life that fails tells where the fault is."""
    async with a_talk() as (platform, _, call, audio):
        audio.dry_up()
        platform.stall()
        media, seconds = await told(call, events.CallReconnecting)
        assert (media.part, seconds <= 3.1) == ("media", True)
        signalling, seconds = await told(call, events.CallReconnecting)
        assert (signalling.part, seconds <= 2.6) == ("signalling", True)
        back, seconds = await told(call, events.CallReconnected)
        assert (back.part, seconds <= 1.0) == ("signalling", True)
        assert audio.asked == [RESTART, "accept sendrecv"]
        assert state_of(call) == "reconnecting"
        audio.tell(PATH)
        audio.flow()
        await told(call, events.CallReconnected)
        assert state_of(call) == "active"


@virtual_time
async def test_a_reconnection_after_a_short_silence_takes_the_audio_with_it() -> None:
    """An address that changes cuts both; the audio need not wait until its silence is long."""
    async with a_talk() as (platform, _, call, audio):
        audio.dry_up()
        await asyncio.sleep(2)
        platform.drop()
        await told(call, events.CallReconnected)
        assert audio.asked == [RESTART, "accept sendrecv"]


@virtual_time
async def test_a_connection_that_breaks_under_good_audio_keeps_the_path() -> None:
    async with a_talk() as (platform, _, call, audio):
        platform.drop()
        await told(call, events.CallReconnected)
        assert audio.asked == ["offer sendrecv", "accept sendrecv"]


@virtual_time
async def test_a_process_that_was_stopped_for_a_minute_loses_no_call() -> None:
    async with a_talk() as (_, _phone, call, audio):
        audio.dry_up()
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.skip(60.0)
        await asyncio.sleep(1)
        assert state_of(call) == "active"
        audio.flow()
        await asyncio.sleep(60)
        assert state_of(call) == "active"
        assert audio.asked == []


@virtual_time
async def test_a_call_that_rings_may_be_silent_after_early_media() -> None:
    async with an_answered_call() as (platform, phone, _, _session, _audio):
        call = await phone.dial("bob")
        invite = await platform.event(sip.InviteReceived)
        platform.run(lambda agent, now: agent.ring(invite.session, now=now))
        audio = call.media
        assert isinstance(audio, ScriptedSession)
        audio.packets_received = 10
        audio.tell(PATH)
        await asyncio.sleep(50)
        assert state_of(call) == "ringing"
        audio.tell(LOST)
        assert state_of(call) == "ringing"


@virtual_time
async def test_restarts_can_be_turned_off() -> None:
    async with a_talk(PhoneSettings(media_restart_after=math.inf)) as (_, _phone, call, audio):
        audio.dry_up()
        await told(call, events.CallEnded)
        assert RESTART not in audio.asked


def test_the_time_before_a_restart_must_be_a_time() -> None:
    with pytest.raises(ConfigError, match="media_restart_after"):
        PhoneSettings(media_restart_after=0.0)


@virtual_time
async def test_told_to_reconnect_a_phone_asks_the_server_for_a_sign_of_life() -> None:
    async with a_talk() as (platform, phone, call, _audio):
        phone.reconnect()
        await asyncio.sleep(5)
        assert state_of(call) == "active"
        platform.stall()
        phone.reconnect()
        _, seconds = await told(call, events.CallReconnecting)
        assert seconds <= 2.6
        await told(call, events.CallReconnected)


@virtual_time
async def test_an_address_that_is_gone_is_noticed_and_the_audio_moves_with_the_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    present = {"192.0.2.1"}
    monkeypatch.setattr(
        MemoryTransport, "local_address", property(lambda _: next(iter(present), None))
    )
    monkeypatch.setattr("exotel_voice.phone.reconnect.is_own_address", present.__contains__)
    async with a_talk() as (_, _phone, call, audio):
        await asyncio.sleep(20)
        assert audio.asked == []
        present.clear()
        present.add("192.0.2.2")
        event, seconds = await told(call, events.CallReconnecting)
        assert (event.part, seconds <= 1.1) == ("signalling", True)
        await told(call, events.CallReconnected)
        assert audio.asked == [RESTART, "accept sendrecv"]
        await asyncio.sleep(20)
        assert state_of(call) == "active"
        assert len(audio.asked) == 2
