"""Calls that the HTTP API makes between two parties, with real phones and real audio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exotel_voice import Phone
from exotel_voice.sandbox import CallStatus, Sandbox, SandboxSettings
from exotel_voice.sandbox.http_server import HttpServer
from exotel_voice.sandbox.rest_request import ConnectRequest, StatusCallback
from sandbox.talking import hear_tone, incoming, speaking

pytestmark = pytest.mark.media


@pytest.fixture
def exotel_sandbox_settings() -> SandboxSettings:
    return SandboxSettings(phone_numbers={"+919900000001": "tone-1000"}, callback_retry_after=0.01)


@pytest.fixture
async def alice(exotel_sandbox: Sandbox) -> AsyncIterator[Phone]:
    async with Phone(exotel_sandbox.account("alice")) as phone:
        yield phone


@pytest.fixture
async def bob(exotel_sandbox: Sandbox) -> AsyncIterator[Phone]:
    async with Phone(exotel_sandbox.account("bob")) as phone:
        yield phone


def wanted(
    from_: str, to: str, *, time_out: float | None = None, time_limit: float | None = None
) -> ConnectRequest:
    return ConnectRequest(
        from_=from_, to=to, caller_id="0800123456", time_out=time_out, time_limit=time_limit
    )


async def test_two_phones_are_called_one_after_the_other_and_joined(
    exotel_sandbox: Sandbox, alice: Phone, bob: Phone
) -> None:
    record = exotel_sandbox.connect(wanted("alice", "bob"))
    first = await incoming(alice)
    assert first.details.remote_id == "0800123456"
    assert (first.details.call_sid, first.details.leg_sid) == (record.sid, record.legs[0].sid)
    assert not bob.calls
    await first.answer()
    await hear_tone(first, 425.0)
    second = await incoming(bob)
    assert (second.details.call_sid, second.details.leg_sid) == (record.sid, record.legs[1].sid)
    assert record.status is CallStatus.RINGING
    await second.answer()
    async with speaking(first, 600.0), speaking(second, 900.0):
        await asyncio.gather(hear_tone(first, 900.0), hear_tone(second, 600.0))
    await record.answered()
    await first.send_dtmf("5")
    async with asyncio.timeout(5):
        await record.heard("5")
    await second.hang_up()
    await asyncio.wait_for(first.ended(), 5)
    assert (await record.ended()).status is CallStatus.COMPLETED
    assert [leg.status for leg in record.legs] == [CallStatus.COMPLETED] * 2


async def test_a_phone_is_connected_to_a_number_that_a_party_plays(
    exotel_sandbox: Sandbox, alice: Phone
) -> None:
    record = exotel_sandbox.connect(wanted("alice", "+919900000001"))
    call = await incoming(alice)
    await call.answer()
    await hear_tone(call, 1000.0)
    await call.hang_up()
    assert (await record.ended()).status is CallStatus.COMPLETED


async def test_a_party_may_be_the_first_side(exotel_sandbox: Sandbox, alice: Phone) -> None:
    record = exotel_sandbox.connect(wanted("+919900000001", "alice"))
    call = await incoming(alice)
    await call.answer()
    await hear_tone(call, 1000.0)
    record.hang_up()
    await asyncio.wait_for(call.ended(), 5)
    assert record.status is CallStatus.COMPLETED


@pytest.mark.parametrize(
    ("to", "status"),
    [
        ("busy", CallStatus.BUSY),
        ("no-answer", CallStatus.NO_ANSWER),
        ("carol", CallStatus.NO_ANSWER),
        ("nobody", CallStatus.FAILED),
        ("late-x", CallStatus.FAILED),
    ],
)
async def test_a_second_side_that_is_not_reached_ends_the_call(
    exotel_sandbox: Sandbox, alice: Phone, to: str, status: CallStatus
) -> None:
    exotel_sandbox.account("carol")
    record = exotel_sandbox.connect(wanted("alice", to, time_out=0.3))
    call = await incoming(alice)
    await call.answer()
    await asyncio.wait_for(call.ended(), 5)
    assert (await record.ended()).status is status


@pytest.mark.parametrize(
    ("from_", "status"),
    [
        ("busy", CallStatus.BUSY),
        ("no-answer", CallStatus.NO_ANSWER),
        ("carol", CallStatus.NO_ANSWER),
        ("nobody", CallStatus.FAILED),
        ("tone-x", CallStatus.FAILED),
    ],
)
async def test_a_first_side_that_is_not_reached_ends_the_call_before_the_second_rings(
    exotel_sandbox: Sandbox, alice: Phone, from_: str, status: CallStatus
) -> None:
    exotel_sandbox.account("carol")
    record = exotel_sandbox.connect(wanted(from_, "alice", time_out=0.2))
    assert (await record.ended()).status is status
    assert not alice.calls


async def test_a_first_side_that_refuses_or_lets_it_ring_ends_the_call(
    exotel_sandbox: Sandbox, alice: Phone
) -> None:
    record = exotel_sandbox.connect(wanted("alice", "echo"))
    await (await incoming(alice)).reject()
    assert (await record.ended()).status is CallStatus.BUSY
    record = exotel_sandbox.connect(wanted("alice", "echo", time_out=0.2))
    ringing = await incoming(alice)
    assert (await record.ended()).status is CallStatus.NO_ANSWER
    await asyncio.wait_for(ringing.ended(), 5)


async def test_the_time_limit_ends_the_call(exotel_sandbox: Sandbox, alice: Phone) -> None:
    record = exotel_sandbox.connect(wanted("alice", "echo", time_limit=0.3))
    call = await incoming(alice)
    await call.answer()
    await asyncio.wait_for(call.ended(), 5)
    await record.ended()
    assert (record.status, record.reason) == (CallStatus.COMPLETED, "the time limit")


async def test_two_parties_without_a_phone_are_over_at_once(exotel_sandbox: Sandbox) -> None:
    record = exotel_sandbox.connect(wanted("echo", "tone"))
    assert (await record.ended()).status is CallStatus.COMPLETED


@asynccontextmanager
async def application() -> AsyncIterator[tuple[str, asyncio.Queue[dict[str, list[str]]]]]:
    """Run somebody's web application that takes StatusCallback messages."""
    messages: asyncio.Queue[dict[str, list[str]]] = asyncio.Queue()

    async def take(request: Request) -> Response:
        messages.put_nowait(parse_qs((await request.body()).decode()))
        return Response()

    routes = [Route("/hook", take, methods=["POST"])]
    server = HttpServer(Starlette(routes=routes), before_close=lambda: None)
    port = await server.start("127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{port}/hook", messages
    finally:
        await server.aclose()


async def test_the_application_is_told_of_the_answer_and_of_the_end(
    exotel_sandbox: Sandbox, alice: Phone
) -> None:
    async with application() as (url, messages), asyncio.timeout(10):
        callback = StatusCallback(url=url, events=frozenset({"answered", "terminal"}))
        request = ConnectRequest(
            from_="alice", to="echo", caller_id="0800", custom_field="order 7", callback=callback
        )
        record = exotel_sandbox.connect(request)
        call = await incoming(alice)
        await call.answer()
        answered = await messages.get()
        assert answered["EventType"] == ["answered"]
        assert answered["Status"] == ["in-progress"]
        await call.hang_up()
        terminal = await messages.get()
        assert terminal["EventType"] == ["terminal"]
        assert terminal["Status"] == ["completed"]
        assert terminal["CallSid"] == [record.sid]
        assert terminal["CustomField"] == ["order 7"]
        assert terminal["Legs[1][Status]"] == ["completed"]


async def test_an_application_that_did_not_ask_is_told_of_the_end_only(
    exotel_sandbox: Sandbox,
) -> None:
    async with application() as (url, messages), asyncio.timeout(10):
        request = ConnectRequest(
            from_="busy", to="echo", caller_id="0800", callback=StatusCallback(url=url)
        )
        exotel_sandbox.connect(request)
        assert (await messages.get())["Status"] == ["busy"]
        assert messages.empty()
