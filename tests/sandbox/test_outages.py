"""A real phone and a sandbox that goes away: the call goes on, or ends for a reason."""

from __future__ import annotations

import asyncio

import pytest

from exotel_voice import Phone
from exotel_voice.phone.events import CallReconnected, Registered
from exotel_voice.sandbox import CallStatus, Sandbox
from sandbox.talking import dial, hear_tone, incoming, speaking

pytestmark = pytest.mark.media


async def test_a_call_survives_its_phone_s_broken_connection(exotel_sandbox: Sandbox) -> None:
    async with Phone(exotel_sandbox.account("alice")) as phone:
        call = await dial(phone, "echo")
        record = exotel_sandbox.calls[-1]
        events = call.events()
        async with speaking(call, 700.0), asyncio.timeout(10):
            await hear_tone(call, 700.0)
            received = (await call.stats()).packets_received
            exotel_sandbox.faults.drop_connections("alice")
            async for event in events:
                if isinstance(event, CallReconnected):
                    break
            assert (await call.stats()).packets_received > received
            await call.hold()
            assert record.is_held
            await call.resume()
            await hear_tone(call, 700.0)
        await call.hang_up()
        assert (await record.ended()).status is CallStatus.COMPLETED


async def test_a_hang_up_without_a_connection_reaches_the_far_side_afterwards(
    exotel_sandbox: Sandbox,
) -> None:
    alice = Phone(exotel_sandbox.account("alice"))
    async with alice, Phone(exotel_sandbox.account("bob")) as bob:
        calling = asyncio.create_task(dial(alice, "bob"))
        far_end = await incoming(bob)
        await far_end.answer()
        call = await calling
        exotel_sandbox.faults.drop_connections("alice")
        await call.hang_up()
        await asyncio.wait_for(far_end.ended(), 5)


async def test_a_phone_is_registered_again_within_a_second_of_the_server_s_return(
    exotel_sandbox: Sandbox,
) -> None:
    async with Phone(exotel_sandbox.account("alice")) as phone:
        call = await dial(phone, "tone")
        events = phone.events()
        await exotel_sandbox.faults.restart()
        async with asyncio.timeout(1.5):
            async for event in events:
                if isinstance(event, Registered):
                    break
        details = await asyncio.wait_for(call.ended(), 10)
        assert details.call_end_reason
