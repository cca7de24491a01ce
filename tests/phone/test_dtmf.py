from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from exotel_voice.errors import InvalidState, RequestRefused
from exotel_voice.phone import Call
from exotel_voice.phone.dtmf import DtmfChoice
from exotel_voice.sip import events as sip
from phone.platform import Platform, a_phone, a_platform
from phone.scripted_media import ScriptedMedia, ScriptedSession
from virtual_loop import virtual_time


@asynccontextmanager
async def a_call() -> AsyncIterator[tuple[Platform, Call, ScriptedSession]]:
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media) as phone:
        platform.call()
        call = await anext(phone.incoming())
        await call.answer()
        await platform.event(sip.CallAnswered)
        media.sessions[0].asked.clear()
        yield platform, call, media.sessions[0]


@virtual_time
async def test_digits_go_by_info_one_after_the_other() -> None:
    async with a_call() as (platform, call, _):
        loop = asyncio.get_running_loop()
        started = loop.time()
        await call.send_dtmf("1A#")
        assert loop.time() - started == pytest.approx(2 * 0.31)
        infos = platform.requests("INFO")
        assert [info.body for info in infos] == [
            b"Signal=1\r\nDuration=240",
            b"Signal=A\r\nDuration=240",
            b"Signal=#\r\nDuration=240",
        ]
        assert infos[0].content_type == "application/dtmf-relay"


@virtual_time
async def test_a_comma_is_a_pause_of_half_a_second() -> None:
    async with a_call() as (platform, call, _):
        loop = asyncio.get_running_loop()
        started = loop.time()
        await call.send_dtmf("1,,2")
        assert loop.time() - started == pytest.approx(1.0)
        assert len(platform.requests("INFO")) == 2


@virtual_time
async def test_two_senders_do_not_mix_their_digits() -> None:
    async with a_call() as (platform, call, _):
        await asyncio.gather(call.send_dtmf("12"), call.send_dtmf("34"))
        digits = [info.body[7:8] for info in platform.requests("INFO")]
        assert digits == [b"1", b"2", b"3", b"4"]


@virtual_time
@pytest.mark.parametrize(
    ("method", "is_agreed", "by_audio"),
    [("rfc4733", True, True), ("auto", True, True), ("auto", False, False), ("info", True, False)],
)
async def test_the_way_of_a_digit_is_chosen(
    method: DtmfChoice, is_agreed: bool, by_audio: bool
) -> None:
    async with a_call() as (platform, call, audio):
        audio.can_send_digits = is_agreed
        await call.send_dtmf("12", method=method)
        assert audio.asked == (["digits 12 0.16 0.07"] if by_audio else [])
        assert len(platform.requests("INFO")) == (0 if by_audio else 2)


@virtual_time
async def test_events_beside_the_audio_need_the_far_sides_consent() -> None:
    async with a_call() as (_, call, audio):
        audio.can_send_digits = False
        with pytest.raises(InvalidState):
            await call.send_dtmf("1", method="rfc4733")


@virtual_time
@pytest.mark.parametrize("digits", ["", "x", "1 2", "a", "12x", "\u0661"])
async def test_what_is_no_digit_is_refused_and_nothing_is_sent(digits: str) -> None:
    async with a_call() as (platform, call, _):
        with pytest.raises(InvalidState, match="cannot be sent"):
            await call.send_dtmf(digits)
        assert platform.requests("INFO") == []


@virtual_time
async def test_the_end_of_the_call_ends_the_digits() -> None:
    async with a_call() as (platform, call, _):
        sending = asyncio.create_task(call.send_dtmf("1,2"))
        await platform.request("INFO")
        await asyncio.sleep(0.1)
        await call.hang_up()
        with pytest.raises(InvalidState):
            await sending
        assert len(platform.requests("INFO")) == 1


@virtual_time
async def test_a_refused_digit_is_told() -> None:
    async with a_call() as (platform, call, _):
        platform.info_status = 415
        with pytest.raises(RequestRefused) as caught:
            await call.send_dtmf("12")
        assert caught.value.status == 415
        assert len(platform.requests("INFO")) == 1
