"""Scenes of the pages about phones and voice bots."""

from __future__ import annotations

import asyncio
import contextlib
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np

from docs.stage import LIMIT, Scenes, Stage
from exotel_voice import Call, Phone, events
from exotel_voice.sandbox import CallRecord
from interop.talking import talking
from tones import frequency_of, tone

__all__ = ["scenes"]

scenes = Scenes()

RATE = 16_000


@contextlib.asynccontextmanager
async def in_a_call(stage: Stage, party: str = "echo") -> AsyncIterator[tuple[Call, CallRecord]]:
    """Give the block a `phone` and a `call` that is up."""
    async with Phone(stage.sandbox.account("alice")) as phone:
        record = stage.sandbox.place_call(to="alice", party=party, caller_id="+919900000001")
        call = await anext(aiter(phone.incoming()))
        await call.answer()
        await record.answered()
        stage.give(phone=phone, call=call, asyncio=asyncio)
        yield call, record


def make_wav(path: Path, frequency_hz: float) -> None:
    """Write two seconds of a tone."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(tone(frequency_hz, 2.0, RATE).tobytes())


def frequencies(path: Path) -> list[float]:
    """Measure the strongest tone of each channel of a WAV file."""
    with wave.open(str(path), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        channels, rate = file.getnchannels(), file.getframerate()
    both = samples.reshape(-1, channels)
    return [frequency_of(both[:, number], rate) for number in range(channels)]


@scenes("phone-register")
async def phone_register(stage: Stage) -> None:
    stage.give(account=stage.sandbox.account("alice"))
    await stage.run()
    assert stage.printed == ["registered", "True None"]


@scenes("phone-settings")
async def phone_settings(stage: Stage) -> None:
    stage.give(account=stage.sandbox.account("alice"))
    await stage.run()
    async with stage.names["phone"] as phone:
        for _ in range(2):
            await phone.dial("no-answer")
        record = stage.sandbox.place_call(to="alice", party="echo")
        await record.ended()
    assert record.status == "busy"


@scenes("phone-dial")
async def phone_dial(stage: Stage) -> None:
    async with Phone(stage.sandbox.account("alice")) as phone:
        stage.give(phone=phone)
        await stage.run()
    assert stage.printed == ["talking to ivr"]


@scenes("phone-incoming")
async def phone_incoming(stage: Stage) -> None:
    stage.give(account=stage.sandbox.account("alice"), Phone=Phone)
    async with stage.running():
        await stage.sandbox.registered("alice")
        good = stage.sandbox.place_call(to="alice", party="hangup-0.2", caller_id="+911234567890")
        assert (await good.ended()).status == "completed"
        bad = stage.sandbox.place_call(to="alice", party="echo", caller_id="+441234567890")
        assert (await bad.ended()).sip_status == 603


@scenes("phone-in-call")
async def phone_in_call(stage: Stage) -> None:
    async with in_a_call(stage, "ivr") as (call, record):
        await stage.run()
        assert stage.printed == ["held True"]
        await record.heard("12#9", timeout=LIMIT)
        assert [heard.method for heard in record.heard_digits] == ["info"] * 3 + ["rfc4733"]
        assert (call.state, call.is_muted) == ("active", False)


@scenes("phone-transfer")
async def phone_transfer(stage: Stage) -> None:
    async with in_a_call(stage):
        await stage.run()
        assert stage.printed == ["ended"]


@scenes("phone-attended")
async def phone_attended(stage: Stage) -> None:
    async with in_a_call(stage):
        await stage.run()
        assert stage.printed == ["ended ended"]


@scenes("phone-events")
async def phone_events(stage: Stage) -> None:
    async with (
        Phone(stage.sandbox.account("bob")) as bob,
        Phone(stage.sandbox.account("alice")) as phone,
    ):
        stage.give(phone=phone)
        async with stage.running():
            call = await bob.dial("alice")
            await call.answered()
            await call.send_dtmf("7")
            await stage.until_printed("digit 7")
            await call.hang_up()
            await stage.until_printed("over: remote_hangup")


@scenes("phone-details")
async def phone_details(stage: Stage) -> None:
    async with in_a_call(stage) as (call, record):
        async with talking(call, tone_hz=700) as talk:
            await talk.until_hears(700)
            await stage.run()
        assert "+919900000001" in stage.printed[0]
        assert stage.printed[1].split()[0] == record.sid
        assert record.sid in stage.printed[2]
        assert stage.printed[3].startswith("opus ")


@scenes("phone-media")
async def phone_media(stage: Stage) -> None:
    make_wav(stage.folder / "welcome.wav", 600)
    stage.give(account=stage.sandbox.account("alice"), asyncio=asyncio)
    await stage.run()
    await stage.names["media"].aclose()
    assert abs(frequencies(stage.folder / "call.wav")[0] - 600) < 5


# -- voice bots ------------------------------------------------------------------------------------


@scenes("bot-echo")
async def bot_echo(stage: Stage) -> None:
    stage.give(account=stage.sandbox.account("alice"))
    async with stage.running():
        await stage.sandbox.registered("alice")
        async with Phone(stage.sandbox.account("bob")) as bob:
            call = await bob.dial("alice")
            await call.answered()
            async with talking(call, tone_hz=800) as talk:
                await talk.until_hears(800)


@scenes("bot-rate")
async def bot_rate(stage: Stage) -> None:
    stage.give(account=stage.sandbox.account("alice"), Phone=Phone)
    await stage.run()
    async with stage.names["phone"] as phone:
        call = await phone.dial("tone-500")
        await call.answered()
        frames = aiter(call.audio_in())
        async with asyncio.timeout(LIMIT):
            heard = [await anext(frames) for _ in range(25)]
        assert {len(frame) for frame in heard} == {2 * 24_000 // 50}
    await stage.names["media"].aclose()


@scenes("bot-barge-in")
async def bot_barge_in(stage: Stage) -> None:
    async with in_a_call(stage, "tone-500") as (call, _):
        await stage.run()
        prompt = tone(900, 10.0, RATE).tobytes()
        async with asyncio.timeout(LIMIT / 2):
            await stage.names["converse"](call, prompt)
            await call.audio_out.drain()
        assert stage.printed == ["interrupted"]


@scenes("bot-goodbye")
async def bot_goodbye(stage: Stage) -> None:
    async with in_a_call(stage) as (call, record):
        stage.give(goodbye=tone(900, 0.4, RATE).tobytes())
        await stage.run()
        assert call.state == "ended"
        await record.ended()
        await record.heard_tone(900, within_hz=10)


@scenes("bot-digits")
async def bot_digits(stage: Stage) -> None:
    async with (
        Phone(stage.sandbox.account("bob")) as bob,
        Phone(stage.sandbox.account("alice")) as phone,
    ):
        theirs = await bob.dial("alice")
        news = theirs.events()
        call = await anext(aiter(phone.incoming()))
        await call.answer()
        async for event in news:
            if isinstance(event, events.MediaConnected):
                break
        stage.give(call=call)
        async with stage.running() as task:
            await theirs.send_dtmf("4", method="rfc4733")
            await theirs.send_dtmf("2#")
            await asyncio.wait_for(task, LIMIT)
    assert stage.printed == ["typed 42#"]


@scenes("bot-record")
async def bot_record(stage: Stage) -> None:
    make_wav(stage.folder / "welcome.wav", 600)
    stage.give(account=stage.sandbox.account("alice"))
    async with stage.running():
        await stage.sandbox.registered("alice")
        for _ in range(2):
            record = stage.sandbox.place_call(to="alice", party="tone-500")
            await record.answered()
            await record.heard_tone(600)
            record.hang_up()
            await record.ended()
    await stage.names["media"].aclose()
    left, right = frequencies(stage.folder / "calls.wav")
    assert abs(left - 500) < 5
    assert abs(right - 600) < 5
    assert (stage.folder / "calls-2.wav").exists()


@scenes("bot-quality")
async def bot_quality(stage: Stage) -> None:
    async with in_a_call(stage) as (call, _), talking(call, tone_hz=700) as talk:
        await talk.until_hears(700)
        await stage.run()
    assert stage.printed[0].startswith("opus: 0.0% lost")


@scenes("reconnection-events")
async def reconnection_events(stage: Stage) -> None:
    async with in_a_call(stage) as (call, _):
        await stage.run()
        stream = call.events()
        stage.sandbox.faults.drop_connections()
        async with asyncio.timeout(LIMIT):
            async for event in stream:
                if isinstance(event, events.CallReconnected):
                    break
        await stream.aclose()
    assert stage.printed == ["signalling lost", "signalling back"]


@scenes("reconnection-commands")
async def reconnection_commands(stage: Stage) -> None:
    async with in_a_call(stage) as (call, _):
        stream = call.events()
        await stage.run()
        async with asyncio.timeout(LIMIT):
            async for event in stream:
                if isinstance(event, events.MediaConnected):
                    break
        await stream.aclose()
        assert call.state == "active"
