"""Sockets that are read on the tick: nothing is lost by reading later, and asyncio can go on.

The names of asyncio that are not documented and that `_datagrams.py` leans on are tried here, on
the real objects. Where a system does not note the arrival of datagrams, asyncio reads, as it does
in the last test.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from exotel_voice.media._datagrams import TickReader, direct_send
from exotel_voice.media.clock import MediaClock
from exotel_voice.media.native import NativeMedia
from native_pair import Pair

pytestmark = pytest.mark.media
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="no other system notes arrivals")


class Protocol(asyncio.DatagramProtocol):
    """What asyncio delivers."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.changed = asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        del addr
        self.received.append(data)
        self.changed.set()


class Ends:
    """Two sockets; the reader has the second one."""

    def __init__(self) -> None:
        self.sender: asyncio.DatagramTransport
        self.taken: asyncio.DatagramTransport
        self.by_asyncio = Protocol()
        self.on_tick: list[tuple[bytes, float]] = []
        self.senders: set[tuple[Any, ...]] = set()
        self.reader = TickReader(asyncio.get_running_loop())

    def receive(self, data: bytes, address: tuple[Any, ...], arrived: float) -> None:
        self.on_tick.append((data, arrived))
        self.senders.add(address)

    def send(self, data: bytes) -> None:
        direct_send(self.sender)(data, self.taken.get_extra_info("sockname"))


@asynccontextmanager
async def two_ends() -> AsyncIterator[Ends]:
    loop, ends, here = asyncio.get_running_loop(), Ends(), ("127.0.0.1", 0)
    ends.sender, _ = await loop.create_datagram_endpoint(Protocol, local_addr=here)
    ends.taken, _ = await loop.create_datagram_endpoint(lambda: ends.by_asyncio, local_addr=here)
    assert ends.reader.take(ends.taken, ends.receive)
    try:
        yield ends
    finally:
        ends.reader.give_back(ends.taken)
        ends.sender.close()
        ends.taken.close()


async def after(seconds: float) -> None:
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, passed.set)
    await passed.wait()


@only_linux
async def test_each_datagram_is_read_on_the_tick_with_the_time_of_its_arrival() -> None:
    async with two_ends() as ends:
        loop = asyncio.get_running_loop()
        times = []
        for number in range(3):
            times.append(loop.time())
            ends.send(bytes([number]))
            await after(0.02)
        assert ends.by_asyncio.received == []
        ends.reader.read()
        assert [data for data, _ in ends.on_tick] == [b"\x00", b"\x01", b"\x02"]
        assert [at for _, at in ends.on_tick] == pytest.approx(times, abs=0.015)
        assert ends.senders == {ends.sender.get_extra_info("sockname")}
        ends.reader.read()
        assert len(ends.on_tick) == 3


@only_linux
async def test_a_time_of_arrival_that_cannot_be_is_not_believed() -> None:
    """As after the wall clock was set."""
    async with two_ends() as ends:
        ends.send(b"sent long ago")
        await after(0.15)
        ends.reader.read()
        (_, arrived), now = ends.on_tick[0], asyncio.get_running_loop().time()
        assert now - 0.1 < arrived <= now


@only_linux
async def test_asyncio_reads_on_what_is_given_back() -> None:
    async with two_ends() as ends:
        assert not ends.reader.take(ends.taken, ends.receive)
        ends.send(b"before")
        ends.reader.give_back(ends.taken)
        ends.reader.give_back(ends.taken)
        ends.send(b"after")
        async with asyncio.timeout(5.0):
            while len(ends.by_asyncio.received) < 2:
                ends.by_asyncio.changed.clear()
                await ends.by_asyncio.changed.wait()
        ends.reader.read()
        assert ends.by_asyncio.received == [b"before", b"after"]
        assert ends.on_tick == []


@only_linux
async def test_a_transport_of_another_kind_or_one_that_closes_is_left_to_asyncio() -> None:
    async with two_ends() as ends:
        ends.reader.give_back(ends.taken)
        ends.taken.close()
        assert not ends.reader.take(ends.taken, ends.receive)
        assert not ends.reader.take(asyncio.DatagramTransport(), ends.receive)
        relay = asyncio.DatagramTransport()
        assert direct_send(relay) == relay.sendto


@only_linux
async def test_the_sockets_of_a_call_are_read_on_the_tick_until_it_ends() -> None:
    clock = MediaClock.of_running_loop()
    reader = clock.reader
    async with Pair() as pair:
        await pair.agree()
        await pair.connected()
        sockets = {
            protocol.transport
            for end in (pair.caller, pair.callee)
            for protocol in end.session._paths._agent._connection._protocols  # type: ignore[union-attr]
        }
        assert sockets
        assert set(reader._numbers) == sockets
    assert not reader._numbers
    assert not reader._sockets
    assert reader._ready is None


async def test_a_call_whose_sockets_asyncio_reads_has_the_same_audio(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "other")
    async with Pair(NativeMedia(codecs=("PCMU",))) as pair:
        pair.caller.say(440.0)
        await pair.agree()
        await pair.connected()
        assert (await pair.callee.hear(skip=20))[0] == pytest.approx(440.0, abs=2.0)
        assert not MediaClock.of_running_loop().reader._numbers
        stats = await pair.callee.session.stats()
        assert stats.packets_lost == 0
