"""The simulated parties, called by a real phone with real audio, and calling it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from exotel_voice import CallBusy, CallFailed, CallNotAnswered, CallRejected, Phone
from exotel_voice.phone.events import RemoteHoldChanged, TransferRequested
from exotel_voice.sandbox import CallRecord, CallStatus, Party, PartyKind, Sandbox, SandboxSettings
from exotel_voice.sandbox.parties.ivr import CONFIRM_HZ
from exotel_voice.sandbox.parties.line import Line
from exotel_voice.sandbox.parties.party import AT_ONCE
from sandbox.talking import dial, hear_tone, incoming, speaking

pytestmark = pytest.mark.media


@pytest.fixture
async def phone(exotel_sandbox: Sandbox) -> AsyncIterator[Phone]:
    async with Phone(exotel_sandbox.account("alice")) as phone:
        yield phone


def last(sandbox: Sandbox) -> CallRecord:
    return sandbox.calls[-1]


async def test_echo_says_what_it_hears_and_measures_it(
    exotel_sandbox: Sandbox, phone: Phone
) -> None:
    call = await dial(phone, "echo")
    async with speaking(call, 700.0):
        await hear_tone(call, 700.0)
        record = await last(exotel_sandbox).heard_tone(700.0, within_hz=1.0)
        assert record.heard_level == pytest.approx(0.177, rel=0.2)
        assert record.codec
        await call.mute()
        await exotel_sandbox.changes.until(
            lambda: record.heard_level < 0.01, what="silence", timeout=5
        )
    await call.hang_up()
    assert (await record.ended()).status is CallStatus.COMPLETED


@pytest.mark.parametrize(("target", "frequency"), [("tone", 440.0), ("tone-1000", 1000.0)])
async def test_tone_is_a_pure_tone(phone: Phone, target: str, frequency: float) -> None:
    call = await dial(phone, target)
    await hear_tone(call, frequency)


@pytest.mark.parametrize("method", ["info", "rfc4733"])
async def test_ivr_hears_digits_of_both_kinds_and_confirms_each(
    exotel_sandbox: Sandbox, phone: Phone, method: str
) -> None:
    call = await dial(phone, "ivr")
    await hear_tone(call, 1900.0)
    await call.send_dtmf("7", method="info" if method == "info" else "rfc4733")
    await hear_tone(call, CONFIRM_HZ["7"])
    await call.send_dtmf("#", method="info" if method == "info" else "rfc4733")
    record = await last(exotel_sandbox).heard("7#")
    await hear_tone(call, 2100.0)
    assert [heard.method for heard in record.heard_digits] == [method, method]


async def test_ivr_takes_as_many_digits_as_were_dialled(phone: Phone) -> None:
    call = await dial(phone, "ivr-2")
    await call.send_dtmf("12")
    await hear_tone(call, 2100.0)


@pytest.mark.parametrize(
    ("target", "error", "status"), [("busy", CallBusy, 486), ("decline", CallRejected, 603)]
)
async def test_busy_and_decline_refuse(
    exotel_sandbox: Sandbox, phone: Phone, target: str, error: type[CallFailed], status: int
) -> None:
    call = await phone.dial(target)
    with pytest.raises(error) as refused:
        await call.answered()
    assert refused.value.status == status
    assert last(exotel_sandbox).status is CallStatus.BUSY


async def test_no_answer_rings_until_the_caller_gives_up(
    exotel_sandbox: Sandbox, phone: Phone
) -> None:
    call = await phone.dial("no-answer")
    await exotel_sandbox.changes.until(
        lambda: [record.status for record in exotel_sandbox.calls] == [CallStatus.RINGING],
        what="ringing",
        timeout=5,
    )
    await call.hang_up()
    assert (await last(exotel_sandbox).ended()).status is CallStatus.CANCELED


async def test_late_rings_before_it_answers(phone: Phone) -> None:
    begin = asyncio.get_running_loop().time()
    await dial(phone, "late-0.5")
    assert 0.5 <= asyncio.get_running_loop().time() - begin < 2.0


async def test_hangup_ends_the_call(exotel_sandbox: Sandbox, phone: Phone) -> None:
    call = await dial(phone, "hangup-0.2")
    await asyncio.wait_for(call.ended(), 5)
    assert last(exotel_sandbox).status is CallStatus.COMPLETED


async def test_hold_puts_the_phone_on_hold_and_takes_it_back(phone: Phone) -> None:
    call = await dial(phone, "hold-0.3")
    holds = []
    async with asyncio.timeout(8):
        async for event in call.events():
            if isinstance(event, RemoteHoldChanged):
                holds.append(event.is_held)
            if len(holds) == 3:
                break
    assert holds == [True, False, True]


async def test_the_phone_holds_a_party(exotel_sandbox: Sandbox, phone: Phone) -> None:
    call = await dial(phone, "tone")
    await call.hold()
    assert last(exotel_sandbox).is_held
    await call.resume()
    assert not last(exotel_sandbox).is_held
    await hear_tone(call, 440.0)


async def test_a_party_calls_the_phone(exotel_sandbox: Sandbox, phone: Phone) -> None:
    record = await exotel_sandbox.place_call(
        to="alice", party="tone-800", caller_id="+919900000001", display_name="Customer"
    )
    call = await incoming(phone)
    assert call.details.remote_id == "+919900000001"
    assert call.details.remote_display_name == "Customer"
    assert call.details.call_sid == record.sid
    assert call.details.leg_sid == record.legs[0].sid
    await call.answer()
    await hear_tone(call, 800.0)
    record.hang_up()
    await asyncio.wait_for(call.ended(), 5)
    assert record.status is CallStatus.COMPLETED


async def test_a_phone_that_refuses_a_party_ends_the_record(
    exotel_sandbox: Sandbox, phone: Phone
) -> None:
    record = exotel_sandbox.place_call(to="alice", party="echo")
    call = await incoming(phone)
    await call.reject(486)
    assert (await record.ended()).status is CallStatus.BUSY


async def test_a_party_of_one_s_own_is_dialled_by_its_name(
    exotel_sandbox: Sandbox, phone: Phone
) -> None:
    class Beeps:
        plan = AT_ONCE

        async def talk(self, line: Line) -> None:
            for _ in itertools.repeat(None):
                await line.play_tone(1111.0, 0.5)

    def make(_text: str) -> Party:
        return Beeps()

    exotel_sandbox.add_party("beeps", PartyKind(make=make, does="beeps", example="beeps"))
    call = await dial(phone, "beeps")
    await hear_tone(call, 1111.0)


async def test_a_party_rings_no_longer_than_the_limit() -> None:
    settings = SandboxSettings(no_answer_after=0.2)
    async with Sandbox(settings) as sandbox, Phone(sandbox.account("alice")) as caller:
        call = await caller.dial("no-answer")
        with pytest.raises(CallNotAnswered):
            await call.answered()
        assert last(sandbox).status is CallStatus.NO_ANSWER


async def test_transfer_sends_the_phone_to_another_party(
    exotel_sandbox: Sandbox, phone: Phone
) -> None:
    call = await dial(phone, "transfer-tone-900")
    async with asyncio.timeout(8):
        async for event in call.events():
            if isinstance(event, TransferRequested):
                break
    new = await call.accept_transfer()
    await new.answered()
    await hear_tone(new, 900.0)
    await asyncio.wait_for(call.ended(), 5)
    assert [record.to for record in exotel_sandbox.calls] == ["transfer-tone-900", "tone-900"]
