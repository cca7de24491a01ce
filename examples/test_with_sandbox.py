"""Tests of a voice application against the sandbox; copy and run them with `pytest`.

The fixture comes with the package. It needs `pip install exotel-voice pytest pytest-asyncio`.
"""

import pytest

from exotel_voice import Phone
from exotel_voice.sandbox import Sandbox


@pytest.mark.asyncio
async def test_a_caller_can_type_an_order_number(exotel_sandbox: Sandbox) -> None:
    async with Phone(exotel_sandbox.account("alice")) as phone:
        call = await phone.dial("ivr")
        await call.answered()
        await call.send_dtmf("12#")
        record = await exotel_sandbox.calls[-1].heard("12#")
        await call.hang_up()
        assert (await record.ended()).status == "completed"


@pytest.mark.asyncio
async def test_an_agent_answers_a_customer(exotel_sandbox: Sandbox) -> None:
    async with Phone(exotel_sandbox.account("alice")) as phone:
        record = exotel_sandbox.place_call(to="alice", party="hangup-1", caller_id="+919900000001")
        call = await anext(aiter(phone.incoming()))
        await call.answer()
        assert (await record.ended()).status == "completed"
