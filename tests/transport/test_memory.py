from __future__ import annotations

import asyncio

import pytest

from exotel_voice.errors import ConnectFailed, ConnectionLost
from exotel_voice.transport.memory import MemoryListener, memory_pair


async def test_what_one_end_sends_the_other_receives_in_order() -> None:
    here, there = memory_pair()
    await here.send(b"one")
    await here.send(b"two")
    await there.send(b"back")
    assert [await there.receive(), await there.receive()] == [b"one", b"two"]
    assert await here.receive() == b"back"


async def test_a_receiver_waits_for_what_is_sent_later() -> None:
    here, there = memory_pair()
    waiting = asyncio.create_task(there.receive())
    await asyncio.sleep(0)
    await here.send(b"late")
    assert await waiting == b"late"


async def test_closing_one_end_ends_the_other_after_what_was_sent() -> None:
    here, there = memory_pair()
    await here.send(b"last")
    await here.aclose()
    await here.aclose()
    assert await there.receive() == b"last"
    with pytest.raises(ConnectionLost):
        await there.receive()
    with pytest.raises(ConnectionLost):
        await there.send(b"x")


async def test_a_waiting_receiver_learns_that_the_connection_broke() -> None:
    here, there = memory_pair()
    waiting = asyncio.create_task(there.receive())
    await asyncio.sleep(0)
    here.drop()
    with pytest.raises(ConnectionLost):
        await waiting


async def test_a_listener_gives_its_end_of_each_connection() -> None:
    listener = MemoryListener()
    end = listener.connect_transport()
    with pytest.raises(ConnectionLost):
        await end.send(b"too early")
    await end.connect()
    own = await listener.accept()
    await end.send(b"hello")
    assert await own.receive() == b"hello"
    assert own.is_open


async def test_a_listener_can_refuse_connections() -> None:
    listener = MemoryListener()
    listener.refusal = "the server is down"
    with pytest.raises(ConnectFailed, match="the server is down"):
        await listener.connect_transport().connect()


async def test_a_connection_that_carries_nothing_any_more_is_open_and_not_alive() -> None:
    here, there = memory_pair()
    assert await here.is_alive(limit=1.0)
    here.stall()
    await there.send(b"lost")
    assert here.is_open
    assert not await here.is_alive(limit=0.01)
    here.drop()
    assert not await here.is_alive(limit=1.0)
    with pytest.raises(ConnectionLost):
        await here.receive()
