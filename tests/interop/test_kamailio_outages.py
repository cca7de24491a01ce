"""What a broken connection and a restarted Kamailio do to registrations and to calls."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from exotel_voice.phone import Phone
from exotel_voice.phone.call import Call
from exotel_voice.phone.details import CallState, EndCause
from exotel_voice.phone.events import (
    CallReconnected,
    CallReconnecting,
    Registered,
    RegistrationLost,
)
from exotel_voice.phone.registration import PhoneState
from exotel_voice.phone.settings import PhoneSettings
from interop.cable import Cable
from interop.kamailio import Kamailio
from interop.phones import Messages, first_call, open_phone, until_event
from interop.talking import talking

pytestmark = [
    pytest.mark.interop,
    pytest.mark.slow,
    pytest.mark.needs("kamailio"),
    pytest.mark.timeout(60),
]
BACK_WITHIN = 1.0


@pytest.fixture
async def kamailio(tmp_path: Path) -> AsyncIterator[Kamailio]:
    async with Kamailio(tmp_path) as server:
        yield server


@contextlib.asynccontextmanager
async def a_call(
    kamailio: Kamailio, messages: Messages
) -> AsyncIterator[tuple[Cable, Phone, Call, Call]]:
    """A call from a phone whose cable can be cut, to one on a connection of its own."""
    async with (
        Cable(kamailio.ws_port) as cable,
        open_phone(kamailio.account("alice"), port=cable.port, messages=messages) as alice,
        open_phone(kamailio.account("bob")) as bob,
    ):
        out = await alice.dial("bob")
        into = await first_call(bob)
        await into.answer()
        await out.answered()
        yield cable, alice, out, into


async def until_registered(phone: Phone, within: float) -> None:
    async with asyncio.timeout(within):
        stream = phone.events()
        if phone.state is not PhoneState.REGISTERED:
            async for event in stream:
                if isinstance(event, Registered):
                    break
        await stream.aclose()


async def test_a_connection_that_breaks_after_the_challenge_is_made_again(
    kamailio: Kamailio,
) -> None:
    messages = Messages()
    async with Cable(kamailio.ws_port) as cable:
        broken: list[asyncio.Task[None]] = []

        def watch(way: str, text: str) -> None:
            if way == "received" and text.startswith("SIP/2.0 401") and not broken:
                broken.append(asyncio.create_task(cable.break_connections()))

        messages.watch = watch
        account = kamailio.account("alice")
        async with open_phone(account, port=cable.port, messages=messages) as phone:
            await until_registered(phone, 5.0)
        assert cable.connections == 2


async def test_a_server_that_is_killed_in_mid_registration_finds_the_phone_again(
    kamailio: Kamailio,
) -> None:
    messages = Messages()
    killed: list[asyncio.Task[None]] = []

    def watch(way: str, text: str) -> None:
        if way == "received" and text.startswith("SIP/2.0 401") and not killed:
            killed.append(asyncio.create_task(kamailio.restart()))

    messages.watch = watch
    async with open_phone(kamailio.account("alice"), messages=messages) as phone:
        await asyncio.gather(*killed)
        await until_registered(phone, BACK_WITHIN)


async def test_an_idle_phone_is_registered_again_when_the_server_is_back(
    kamailio: Kamailio,
) -> None:
    async with (
        open_phone(kamailio.account("alice")) as alice,
        open_phone(kamailio.account("bob")) as bob,
    ):
        lost = [asyncio.create_task(until_event(phone, RegistrationLost)) for phone in (alice, bob)]
        await asyncio.sleep(0)
        await kamailio.restart()
        await asyncio.gather(*lost)
        await until_registered(alice, BACK_WITHIN)
        await until_registered(bob, BACK_WITHIN)
        await alice.dial("bob")
        assert (await first_call(bob)).details.remote_id == "alice"


async def test_a_call_goes_on_without_a_gap_while_the_connection_is_lost(
    kamailio: Kamailio,
) -> None:
    messages = Messages()
    async with a_call(kamailio, messages) as (cable, alice, out, into):
        async with talking(out, tone_hz=500) as here, talking(into, tone_hz=800) as there:
            await here.until_hears(800)
            await there.until_hears(500)
            here.watch_for_gaps()
            there.watch_for_gaps()
            invites = messages.count("sent", "INVITE")
            lost = asyncio.create_task(until_event(out, CallReconnecting))
            await asyncio.sleep(0)
            await cable.cut()
            await lost
            await asyncio.sleep(0.6)
            back = asyncio.create_task(until_event(out, CallReconnected))
            await cable.mend()
            await until_registered(alice, BACK_WITHIN)
            await back
            assert out.state is CallState.ACTIVE
            assert (here.silent_frames, there.silent_frames) == (0, 0)
            assert messages.count("sent", "INVITE") == invites + 1
            await out.hold()
            assert into.is_remote_on_hold
            await out.resume()
            await here.until_hears(800)
            await there.until_hears(500)
        await out.hang_up()
        assert (await into.ended()).call_end_cause is EndCause.REMOTE_HANGUP


async def test_the_far_end_hangs_up_over_the_new_connection(kamailio: Kamailio) -> None:
    async with a_call(kamailio, Messages()) as (cable, alice, out, into):
        back = asyncio.create_task(until_event(out, CallReconnected))
        await asyncio.sleep(0)
        await cable.break_connections()
        await until_registered(alice, BACK_WITHIN)
        await back
        await into.hang_up()
        assert (await out.ended()).call_end_cause is EndCause.REMOTE_HANGUP


async def test_a_call_hung_up_without_a_connection_gets_its_bye_afterwards(
    kamailio: Kamailio,
) -> None:
    async with a_call(kamailio, Messages()) as (cable, alice, out, into):
        await cable.cut()
        await out.hang_up()
        assert (await out.ended()).call_end_cause is EndCause.LOCAL_HANGUP
        assert into.state is CallState.ACTIVE
        await cable.mend()
        await until_registered(alice, BACK_WITHIN)
        assert (await into.ended()).call_end_cause is EndCause.REMOTE_HANGUP


async def test_a_call_lives_through_a_restart_of_the_server(tmp_path: Path) -> None:
    async with (
        Kamailio(tmp_path, finds_flows=True) as kamailio,
        a_call(kamailio, Messages()) as (_, alice, out, into),
        talking(out, tone_hz=500) as here,
        talking(into, tone_hz=800) as there,
    ):
        await here.until_hears(800)
        await there.until_hears(500)
        here.watch_for_gaps()
        out_back = asyncio.create_task(until_event(out, CallReconnected))
        into_back = asyncio.create_task(until_event(into, CallReconnected))
        await kamailio.restart()
        await until_registered(alice, BACK_WITHIN)
        await here.until_hears(800)
        await there.until_hears(500)
        assert here.silent_frames == 0
        for call, back in ((out, out_back), (into, into_back)):
            await back
            assert call.state is CallState.ACTIVE
        await out.hold()
        await out.resume()
        await out.hang_up()
        assert (await into.ended()).call_end_cause is EndCause.REMOTE_HANGUP


async def test_a_call_whose_far_end_is_gone_ends_with_a_reason(tmp_path: Path) -> None:
    short = PhoneSettings(media_timeout=3.0)
    async with (
        Kamailio(tmp_path, finds_flows=True) as kamailio,
        Cable(kamailio.ws_port) as far_cable,
        open_phone(kamailio.account("alice"), settings=short) as alice,
        open_phone(kamailio.account("bob"), port=far_cable.port) as bob,
    ):
        out = await alice.dial("bob")
        into = await first_call(bob)
        await into.answer()
        await out.answered()
        async with talking(out, tone_hz=500) as here, talking(into, tone_hz=800):
            await here.until_hears(800)
        await far_cable.cut()
        await kamailio.stop()
        await bob.aclose()
        await kamailio.start()
        async with asyncio.timeout(short.media_timeout + 2.0):
            details = await out.ended()
        assert details.call_end_cause is EndCause.MEDIA
        assert "no audio came from the far side" in details.call_end_reason
