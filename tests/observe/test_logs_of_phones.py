"""The lines of two real phones in one process are kept apart, also across a lost connection."""

from __future__ import annotations

import asyncio
from functools import partial

from exotel_voice.media.silent import SilentMedia
from exotel_voice.observe import ClientLogs
from exotel_voice.phone import Phone, PhoneSettings
from exotel_voice.phone.events import CallEnded, Registered
from exotel_voice.sandbox import Sandbox


async def test_two_phones_share_no_line(exotel_sandbox: Sandbox) -> None:
    ids: dict[str, str] = {}
    logs = {name: ClientLogs() for name in ("alice", "bob")}

    async def call_echo(name: str) -> None:
        async with Phone(exotel_sandbox.account(name), media=SilentMedia()) as phone:
            call = await phone.dial("echo")
            ids[name] = call.id
            await call.answered()
            ended = call.events()
            await call.hang_up()
            async for event in ended:
                if isinstance(event, CallEnded):
                    break

    works = [kept.scope.around(partial(call_echo, name)) for name, kept in logs.items()]
    await asyncio.gather(*(asyncio.create_task(work()) for work in works))
    for name, kept in logs.items():
        kept.close()
        of_calls = {line.call_id for line in kept.lines() if line.call_id}
        assert of_calls == {ids[name]}
        messages = [line.message for line in kept.lines()]
        assert sum(one.startswith("registered for") for one in messages) == 1
        assert {"CallConnected", "CallEnded"} <= set(messages)


async def test_a_phone_that_reconnects_keeps_its_scope(exotel_sandbox: Sandbox) -> None:
    kept, stranger = ClientLogs(), ClientLogs(whose="unclaimed")
    settings = PhoneSettings(reconnect_first=0.01)

    async def reconnect() -> None:
        account = exotel_sandbox.account("alice")
        async with Phone(account, media=SilentMedia(), settings=settings) as phone:
            events = phone.events()
            exotel_sandbox.faults.drop_connections()
            async for event in events:
                if isinstance(event, Registered):
                    break

    await asyncio.create_task(kept.scope.around(reconnect)())
    kept.close()
    stranger.close()
    messages = [line.message for line in kept.lines()]
    assert sum(one.startswith("registered for") for one in messages) == 2
    assert any("no SIP connection" in one for one in messages)
    phone_lines = [line for line in stranger.lines() if line.logger == "exotel_voice.phone"]
    assert phone_lines == []
