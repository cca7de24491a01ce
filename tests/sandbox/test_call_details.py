"""The rarer turns of a call: early media, offers that come late, limits, lost phones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from exotel_voice import Phone, SilentMedia
from exotel_voice.media.native import NativeMedia
from exotel_voice.sandbox import CallStatus, Sandbox, SandboxSettings
from exotel_voice.sandbox.hearing import Hearing
from exotel_voice.sip.wire import Request, Response
from sandbox.wire_phone import SDP, WirePhone, wire_phone

ANSWER = SDP.replace(b"o=- 1", b"o=- 2")
CHANGED = SDP.replace(b"o=- 1 1", b"o=- 1 2")


@pytest.fixture
def exotel_sandbox_settings() -> SandboxSettings:
    return SandboxSettings(no_answer_after=0.4, lost_call_after=0.3, min_expires=1)


@asynccontextmanager
async def phones(sandbox: Sandbox) -> AsyncIterator[tuple[WirePhone, WirePhone]]:
    accounts = sandbox.account("alice"), sandbox.account("bob")
    async with wire_phone(accounts[0]) as alice, wire_phone(accounts[1]) as bob:
        await alice.register()
        await bob.register()
        yield alice, bob


async def call_up(
    alice: WirePhone, bob: WirePhone
) -> tuple[tuple[Request, Response], tuple[Request, Response]]:
    dialling = asyncio.create_task(alice.invite("bob"))
    got = await bob.request_of("INVITE")
    replied = await bob.reply(got, 200, body=ANSWER)
    sent, answered = await dialling
    await alice.ack(sent, answered)
    await bob.request_of("ACK")
    return (sent, answered), (got, replied)


async def test_early_audio_of_a_phone_that_rings_alone_passes_across(
    exotel_sandbox: Sandbox,
) -> None:
    async with phones(exotel_sandbox) as (alice, bob):
        dialling = asyncio.create_task(alice.invite("bob"))
        got = await bob.request_of("INVITE")
        await bob.reply(got, 183, body=ANSWER)
        _, progress = await dialling
        assert (progress.status, progress.body) == (183, ANSWER)


async def test_a_phone_s_wish_for_a_later_call_passes_across(exotel_sandbox: Sandbox) -> None:
    async with phones(exotel_sandbox) as (alice, bob):
        dialling = asyncio.create_task(alice.invite("bob"))
        got = await bob.request_of("INVITE")
        await bob.reply(got, 480, ("Retry-After", "30"))
        await bob.request_of("ACK")
        _, response = await dialling
        assert (response.status, response.retry_after) == (480, 30)


async def test_a_phone_rings_no_longer_than_the_limit(exotel_sandbox: Sandbox) -> None:
    async with phones(exotel_sandbox) as (alice, bob):
        dialling = asyncio.create_task(alice.invite("bob"))
        got = await bob.request_of("INVITE")
        await bob.reply(got, 180)
        sent, _ = await dialling
        await bob.reply(await bob.request_of("CANCEL"), 200)
        response = await alice.final(sent)
        assert (response.status, response.reason) == (480, "No Answer")
        assert exotel_sandbox.calls[-1].status is CallStatus.NO_ANSWER


async def test_an_offer_that_is_asked_for_is_the_other_phone_s_and_a_new_answer_goes_on(
    exotel_sandbox: Sandbox,
) -> None:
    async with phones(exotel_sandbox) as (alice, bob):
        alice_side, _ = await call_up(alice, bob)
        asking = alice.within(*alice_side, "INVITE")
        await alice.send(asking)
        offered = await alice.final(asking)
        assert offered.body == ANSWER
        await alice.ack(asking, offered, CHANGED)
        passed_on = await bob.request_of("INVITE")
        assert passed_on.body == CHANGED
        await bob.reply(passed_on, 200, body=ANSWER)
        await bob.request_of("ACK")


async def test_an_offer_while_another_one_is_open_is_put_off(exotel_sandbox: Sandbox) -> None:
    async with phones(exotel_sandbox) as (alice, bob):
        alice_side, bob_side = await call_up(alice, bob)
        first = alice.within(*alice_side, "INVITE", CHANGED)
        await alice.send(first)
        passed_on = await bob.request_of("INVITE")
        second = bob.within(*bob_side, "INVITE", CHANGED)
        await bob.send(second)
        assert (await bob.final(second)).status == 491
        await bob.reply(passed_on, 200, body=ANSWER)
        assert (await alice.final(first)).status == 200


async def test_a_call_ends_when_its_phone_does_not_come_back(exotel_sandbox: Sandbox) -> None:
    async with phones(exotel_sandbox) as (alice, bob):
        await call_up(alice, bob)
        exotel_sandbox.faults.drop_connections("bob")
        bye = await alice.request_of("BYE")
        assert "gone" in (bye.headers.get("Reason") or "")
        await alice.reply(bye, 200)


async def test_a_phone_that_rings_and_loses_its_connection_is_not_waited_for(
    exotel_sandbox: Sandbox,
) -> None:
    async with phones(exotel_sandbox) as (alice, bob):
        dialling = asyncio.create_task(alice.invite("bob"))
        await bob.request_of("INVITE")
        exotel_sandbox.faults.drop_connections("bob")
        _, response = await dialling
        assert response.status == 503
        assert exotel_sandbox.calls[-1].status is CallStatus.FAILED


async def test_a_registration_ends_by_itself(exotel_sandbox: Sandbox) -> None:
    async with wire_phone(exotel_sandbox.account("alice")) as phone:
        await phone.register(expires=1)
        await exotel_sandbox.registered("alice")
        await exotel_sandbox.unregistered("alice", timeout=3)


async def test_a_party_refuses_a_description_that_it_cannot_use(exotel_sandbox: Sandbox) -> None:
    async with wire_phone(exotel_sandbox.account("alice")) as phone:
        request, response = await phone.invite("echo")
        if response.status == 180:
            response = await phone.final(request)
        assert response.status == 488


@pytest.mark.media
async def test_a_party_offers_where_the_phone_does_not(exotel_sandbox: Sandbox) -> None:
    engine = NativeMedia()
    audio = engine.open_session(on_event=lambda _event: None)
    async with wire_phone(exotel_sandbox.account("alice")) as phone:
        sent, response = await phone.invite("tone-1000", body=b"")
        if response.status == 180:
            response = await phone.final(sent)
        await phone.ack(sent, response, await audio.create_answer(response.body))
        await hear(audio.audio_in(), 1000.0)
        asking = phone.within(sent, response, "INVITE")
        await phone.send(asking)
        offered = await phone.final(asking)
        await phone.ack(asking, offered, await audio.create_answer(offered.body))
        await hear(audio.audio_in(), 1000.0)
        bad = phone.within(sent, response, "INVITE", SDP)
        await phone.send(bad)
        assert (await phone.final(bad)).status == 488
        await hear(audio.audio_in(), 1000.0)
        bye = phone.within(sent, response, "BYE")
        await phone.send(bye)
        assert (await phone.final(bye)).status == 200
    await engine.aclose()


@pytest.mark.media
async def test_a_party_that_holds_takes_a_refusal(exotel_sandbox: Sandbox) -> None:
    engine = NativeMedia()
    audio = engine.open_session(on_event=lambda _event: None)
    async with wire_phone(exotel_sandbox.account("alice")) as phone:
        sent, response = await phone.invite("hold-0.1", body=await audio.create_offer())
        if response.status == 180:
            response = await phone.final(sent)
        await audio.accept_answer(response.body)
        await phone.ack(sent, response)
        for _ in range(3):
            offer = await phone.request_of("INVITE")
            await phone.reply(offer, 488)
            await phone.request_of("ACK")
    await engine.aclose()


async def hear(frames: AsyncIterator[bytes], frequency_hz: float) -> None:
    """Listen until a tone of that frequency is heard anew."""
    hearing = Hearing()
    async for frame in frames:
        hearing.listen(frame, 16_000)
        if hearing.level > 0.05 and hearing.frequency_hz == pytest.approx(frequency_hz, abs=3):
            return


async def test_phones_without_audio_call_parties_without_audio() -> None:
    async with (
        Sandbox(media=SilentMedia()) as sandbox,
        Phone(sandbox.account("alice"), media=SilentMedia()) as phone,
    ):
        call = await phone.dial("echo")
        await call.answered()
        await call.send_dtmf("5")
        record = await sandbox.calls[-1].heard("5")
        await call.hold()
        assert record.is_held
        await call.hang_up()
        assert (await record.ended()).status is CallStatus.COMPLETED
