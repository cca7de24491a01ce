"""Blind and attended transfers between phones and parties, with real audio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from exotel_voice import Call, Phone, PhoneSettings, RequestRefused
from exotel_voice.sandbox import Sandbox
from sandbox.talking import dial, hear_tone, incoming, speaking

pytestmark = pytest.mark.media

FOLLOWS = PhoneSettings(accept_transfers=True)


@pytest.fixture
async def alice(exotel_sandbox: Sandbox) -> AsyncIterator[Phone]:
    async with Phone(exotel_sandbox.account("alice")) as phone:
        yield phone


@pytest.fixture
async def bob(exotel_sandbox: Sandbox) -> AsyncIterator[Phone]:
    async with Phone(exotel_sandbox.account("bob"), settings=FOLLOWS) as phone:
        yield phone


@pytest.fixture
async def carol(exotel_sandbox: Sandbox) -> AsyncIterator[Phone]:
    async with Phone(exotel_sandbox.account("carol"), settings=FOLLOWS) as phone:
        yield phone


async def call_up(caller: Phone, callee: Phone) -> tuple[Call, Call]:
    """Let one phone call another, and give both ends of the call."""
    calling = asyncio.create_task(dial(caller, callee.account.username))
    far_end = await incoming(callee)
    await far_end.answer()
    return await calling, far_end


async def only_call(phone: Phone) -> Call:
    """Give the newest call of a phone, once the others are over."""
    *others, newest = phone.calls.values()
    async with asyncio.timeout(5):
        for other in others:
            await other.ended()
    return newest


async def test_a_phone_is_sent_on_to_a_party(alice: Phone, bob: Phone) -> None:
    call, _ = await call_up(alice, bob)
    await asyncio.wait_for(call.transfer("tone-900"), 10)
    await hear_tone(await only_call(bob), 900.0)
    assert not alice.calls


async def test_a_phone_is_sent_on_to_another_phone(alice: Phone, bob: Phone, carol: Phone) -> None:
    call, _ = await call_up(alice, bob)
    transferring = asyncio.create_task(call.transfer("carol"))
    new = await incoming(carol)
    assert new.details.remote_id == "bob"
    await new.answer()
    await asyncio.wait_for(transferring, 10)
    async with speaking(new, 600.0):
        await hear_tone(await only_call(bob), 600.0)


async def test_a_party_is_sent_on_to_a_phone(alice: Phone, bob: Phone) -> None:
    call = await dial(alice, "tone-900")
    transferring = asyncio.create_task(call.transfer("bob"))
    new = await incoming(bob)
    assert new.details.remote_id == "tone-900"
    await new.answer()
    await asyncio.wait_for(transferring, 10)
    await hear_tone(new, 900.0)
    assert not alice.calls


@pytest.mark.parametrize("target", ["nobody", "bob"])
async def test_a_transfer_that_fails_leaves_the_call_as_it_was(
    exotel_sandbox: Sandbox, alice: Phone, target: str
) -> None:
    exotel_sandbox.account("bob")
    call = await dial(alice, "tone-900")
    with pytest.raises(RequestRefused):
        await asyncio.wait_for(call.transfer(target), 10)
    await hear_tone(call, 900.0)


async def test_two_phones_are_joined_by_an_attended_transfer(
    alice: Phone, bob: Phone, carol: Phone
) -> None:
    with_bob, _ = await call_up(alice, bob)
    with_carol, _ = await call_up(alice, carol)
    await asyncio.wait_for(with_bob.transfer_to(with_carol), 10)
    async with asyncio.timeout(10):
        async with speaking(await only_call(carol), 600.0):
            await hear_tone(await only_call(bob), 600.0)
        async with speaking(await only_call(bob), 800.0):
            await hear_tone(await only_call(carol), 800.0)
    assert not alice.calls


async def test_a_party_and_a_phone_are_joined_by_an_attended_transfer(
    alice: Phone, bob: Phone
) -> None:
    with_tone = await dial(alice, "tone-900")
    with_bob, _ = await call_up(alice, bob)
    await asyncio.wait_for(with_tone.transfer_to(with_bob), 10)
    await hear_tone(await only_call(bob), 900.0)
    assert not alice.calls


async def test_a_phone_and_a_party_are_joined_by_an_attended_transfer(
    alice: Phone, bob: Phone
) -> None:
    with_bob, _ = await call_up(alice, bob)
    with_tone = await dial(alice, "tone-900")
    await asyncio.wait_for(with_bob.transfer_to(with_tone), 10)
    await hear_tone(await only_call(bob), 900.0)
    assert not alice.calls


async def test_two_parties_joined_leave_the_phone_alone(
    exotel_sandbox: Sandbox, alice: Phone
) -> None:
    first, second = await dial(alice, "echo"), await dial(alice, "tone")
    await asyncio.wait_for(first.transfer_to(second), 10)
    assert not alice.calls
    for record in exotel_sandbox.calls:
        await record.ended()
