"""The clients against the sandbox: real HTTP, real phones, web-hooks received by a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exotel_voice.errors import ApiNotFound, ApiRequestInvalid, ApiUnauthorized
from exotel_voice.media.silent import SilentMedia
from exotel_voice.phone import Phone
from exotel_voice.rest import (
    ApiAccount,
    ApiCallStatus,
    CallAnsweredEvent,
    CallTerminalEvent,
    ExotelClient,
    StatusCallbackEvent,
    SyncExotelClient,
    read_starlette,
)
from exotel_voice.rest.calls import WireFormat
from exotel_voice.sandbox import Sandbox
from exotel_voice.sandbox.http_server import HttpServer
from exotel_voice.sandbox.threaded import SandboxThread

CALLER_ID = "0800123456"


def account_of(sandbox: Sandbox, **changes: str) -> ApiAccount:
    settings = {
        "key": sandbox.api.key,
        "token": sandbox.api.token,
        "account_sid": sandbox.api.account_sid,
        "subdomain": sandbox.http_url,
    }
    return ApiAccount(**(settings | changes))


class Hook:
    """Somebody's web application."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[StatusCallbackEvent] = asyncio.Queue()
        self.url = ""

    async def take(self, request: Request) -> Response:
        self.events.put_nowait(await read_starlette(request))
        return Response()


@asynccontextmanager
async def a_hook() -> AsyncIterator[Hook]:
    hook = Hook()
    routes = [Route("/hook", hook.take, methods=["GET", "POST"])]
    server = HttpServer(Starlette(routes=routes), before_close=lambda: None)
    hook.url = f"http://127.0.0.1:{await server.start('127.0.0.1', 0)}/hook"
    try:
        yield hook
    finally:
        await server.aclose()


@asynccontextmanager
async def answering(sandbox: Sandbox, name: str) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """A phone that answers every call; what is given hangs its calls up."""
    async with Phone(sandbox.account(name), media=SilentMedia()) as phone:
        await sandbox.registered(name)

        async def answer() -> None:
            async for call in phone.incoming():
                await call.answer()

        task = asyncio.create_task(answer())

        async def hang_up() -> None:
            for call in tuple(phone.calls.values()):
                await call.hang_up()

        try:
            yield hang_up
        finally:
            task.cancel()
            await asyncio.wait([task])


@pytest.mark.media
@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data"])
async def test_a_call_is_placed_answered_followed_and_told_of(
    exotel_sandbox: Sandbox, content_type: str
) -> None:
    async with (
        a_hook() as hook,
        answering(exotel_sandbox, "alice") as hang_up,
        ExotelClient(account_of(exotel_sandbox)) as client,
    ):
        placed = await client.connect_call(
            "alice",
            "echo",
            CALLER_ID,
            custom_field="order 7",
            status_callback=hook.url,
            status_callback_events=("terminal", "answered"),
            status_callback_content_type=content_type,  # type: ignore[arg-type]
        )
        answered = await asyncio.wait_for(hook.events.get(), 5)
        assert isinstance(answered, CallAnsweredEvent)
        assert answered.call_sid == placed.sid
        assert (await client.call_details(placed.sid)).status is ApiCallStatus.IN_PROGRESS
        following = asyncio.create_task(client.wait_until_over(placed.sid, every=0.05, within=10))
        await hang_up()
        call = await following
        over = await asyncio.wait_for(hook.events.get(), 5)
    assert isinstance(over, CallTerminalEvent)
    assert (over.call_sid, over.status) == (placed.sid, ApiCallStatus.COMPLETED)
    assert (over.from_, over.to, over.caller_id) == ("alice", "echo", CALLER_ID)
    assert (over.custom_field, len(over.legs)) == ("order 7", 2)
    assert (call.status, call.custom_field) == (ApiCallStatus.COMPLETED, "order 7")
    assert call.ended_at is not None


@pytest.mark.parametrize("wire_format", ["json", "xml"])
async def test_a_call_that_nobody_can_take_ends_without_an_answer(
    exotel_sandbox: Sandbox, wire_format: WireFormat
) -> None:
    exotel_sandbox.account("alice")
    account = account_of(exotel_sandbox)
    async with a_hook() as hook, ExotelClient(account, wire_format=wire_format) as client:
        placed = await client.connect_call("alice", "echo", CALLER_ID, status_callback=hook.url)
        call = await client.wait_until_over(placed.sid, every=0.02, within=10)
        event = await asyncio.wait_for(hook.events.get(), 5)
    assert (call.sid, call.status) == (placed.sid, ApiCallStatus.NO_ANSWER)
    assert isinstance(event, CallTerminalEvent)
    assert (event.call_sid, event.status) == (placed.sid, ApiCallStatus.NO_ANSWER)


async def test_what_the_sandbox_refuses_is_raised_with_its_words(exotel_sandbox: Sandbox) -> None:
    for changes in ({"token": "wr0ng-t0ken"}, {"account_sid": "other"}):
        async with ExotelClient(account_of(exotel_sandbox, **changes)) as client:
            with pytest.raises(ApiUnauthorized) as raised:
                await client.connect_call("alice", "echo", CALLER_ID)
        assert raised.value.status in (401, 403)
    async with ExotelClient(account_of(exotel_sandbox)) as client:
        with pytest.raises(ApiNotFound, match=r"no call nothing"):
            await client.call_details("nothing")
        with pytest.raises(ApiRequestInvalid, match=r"TimeLimit must be"):
            await client.connect_call("alice", "echo", CALLER_ID, extra={"TimeLimit": "no"})
    assert len(exotel_sandbox.calls) == 0


def test_a_plain_program_places_a_call() -> None:
    with SandboxThread() as server:
        server.account("alice")
        account = server.run(account_of)
        with SyncExotelClient(account) as client:
            placed = client.connect_call("alice", "busy", CALLER_ID)
            call = client.wait_until_over(placed.sid, every=0.02, within=10)
        assert call.status is ApiCallStatus.NO_ANSWER
        assert server.calls[0].sid == placed.sid
