"""A call that ends while its path is looked for, or its keys are agreed, leaves nothing behind.

Whatever the phase: when `aclose` has returned there is no task and no socket any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from exotel_voice.media._aioice import IceAgent
from exotel_voice.media._aiortc import SharedCertificate
from exotel_voice.media.ice import IceServer, IceSettings
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.secure_path import FarEnd, SecurePath
from native_pair import Pair, open_sockets
from turn_server import TurnServer

pytestmark = pytest.mark.media

LIMIT = 5.0


class Noting(IceAgent):
    """An agent that tells when it has a path."""

    def __init__(self) -> None:
        super().__init__(IceSettings())
        self.found = asyncio.Event()

    async def connect(self, **far_end: Any) -> bool:
        is_found = await super().connect(**far_end)
        self.found.set()
        return is_found


class Deaf(asyncio.DatagramProtocol):
    """A far side that takes packets and says nothing."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()

    def datagram_received(self, _data: bytes, _addr: tuple[str, int]) -> None:
        self.reached.set()


class Side:
    """One side of an encrypted path."""

    def __init__(self) -> None:
        self.agent = Noting()
        self.certificate = SharedCertificate.generateCertificate()
        self.path = SecurePath(
            certificate=self.certificate, on_rtp=lambda _: None, on_rtcp=lambda _: None
        )
        self._work: list[asyncio.Task[Any]] = []

    def end(self) -> FarEnd:
        """Describe it to the other side."""
        return FarEnd(
            ice_ufrag=self.agent.ufrag,
            ice_pwd=self.agent.pwd,
            is_ice_lite=False,
            candidates=self.agent.candidates(),
            fingerprints=(self.certificate.fingerprint(),),
            tls_id=None,
        )

    def open(self, far_end: FarEnd, *, is_client: bool) -> None:
        """Look for the path and agree on keys."""
        self.path.attach(self.agent)
        self.path.decide_role(is_client=is_client)
        self.begin(self.path.open(self.agent, far_end, is_controlling=is_client))

    def only_find(self, far_end: FarEnd) -> None:
        """Answer checks, and no DTLS packet."""
        finding = self.agent.connect(
            ufrag=far_end.ice_ufrag,
            pwd=far_end.ice_pwd,
            candidates=far_end.candidates,
            is_lite=False,
            is_controlling=False,
        )
        self.begin(finding)

    def begin(self, work: Coroutine[Any, Any, Any]) -> None:
        self._work.append(asyncio.create_task(work))

    async def done(self) -> None:
        await asyncio.gather(*self._work)

    async def aclose(self) -> None:
        for task in self._work:
            task.cancel()
        await self.path.aclose()
        await self.agent.aclose()


@asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    """Compare tasks and sockets of before with those after."""
    sockets, tasks = open_sockets(), asyncio.all_tasks()
    async with asyncio.timeout(LIMIT):
        yield
    assert open_sockets() == sockets
    assert asyncio.all_tasks() == tasks


@asynccontextmanager
async def two_sides() -> AsyncIterator[tuple[Side, Side]]:
    """Two sides with their addresses; both are closed at once, in the phase that the test is in."""
    async with nothing_left():
        ours, theirs = Side(), Side()
        await ours.agent.gather(has_loopback=True)
        await theirs.agent.gather(has_loopback=True)
        try:
            yield ours, theirs
        finally:
            await ours.aclose()
            await theirs.aclose()


async def test_in_the_connectivity_checks() -> None:
    async with two_sides() as (ours, theirs):
        transport, deaf = await asyncio.get_running_loop().create_datagram_endpoint(
            Deaf, local_addr=("127.0.0.1", 0)
        )
        host, port = transport.get_extra_info("sockname")
        nowhere = replace(theirs.agent.candidates()[0], host=host, port=port)
        ours.open(replace(theirs.end(), candidates=(nowhere,)), is_client=True)
        await deaf.reached.wait()
        transport.close()


async def test_between_path_and_keys() -> None:
    async with two_sides() as (ours, theirs):
        theirs.only_find(ours.end())
        ours.open(theirs.end(), is_client=True)
        await ours.agent.found.wait()
        assert not ours.path.has_keys


@pytest.mark.parametrize("is_client", [True, False])
async def test_while_the_far_side_does_not_answer_dtls(is_client: bool) -> None:
    async with two_sides() as (ours, theirs):
        asked = asyncio.Event()
        theirs.agent.deliver(on_media=lambda _: None, on_handshake=lambda _: asked.set())
        theirs.only_find(ours.end())
        ours.open(theirs.end(), is_client=is_client)
        await (asked if is_client else ours.agent.found).wait()


async def test_when_a_dtls_packet_comes_with_the_end() -> None:
    """Python 3.11 forgets a cancellation in `asyncio.wait_for` that comes with a result."""
    async with two_sides() as (ours, theirs):
        asked = asyncio.Event()
        theirs.agent.deliver(on_media=lambda _: None, on_handshake=lambda _: asked.set())
        theirs.only_find(ours.end())
        ours.open(theirs.end(), is_client=True)
        await asked.wait()
        ours.path._take_handshake(b"\x16 is no handshake")


async def test_when_the_keys_are_agreed() -> None:
    async with two_sides() as (ours, theirs):
        theirs.open(ours.end(), is_client=False)
        ours.open(theirs.end(), is_client=True)
        await ours.done()
        assert ours.path.is_open


async def test_a_call_may_end_at_any_step() -> None:
    for steps in range(0, 200, 20):
        async with nothing_left(), Pair() as pair:
            await pair.agree()
            for _ in range(steps):
                await asyncio.sleep(0)


async def test_a_session_that_is_closed_while_it_gathers() -> None:
    """Nobody has cancelled the one who waits for the offer."""
    silent = IceServer("stun:127.0.0.1:9")
    for steps in range(0, 30, 3):
        async with nothing_left():
            engine = NativeMedia(ice=IceSettings(servers=[silent], gathering_limit=10.0))
            session = engine.open_session(on_event=lambda _event: None)
            offering = asyncio.create_task(session.create_offer())
            for _ in range(steps):
                await asyncio.sleep(0)
            await engine.aclose()
            await asyncio.wait([offering])
            assert offering.exception() is not None


async def test_a_turn_server_that_is_gone_keeps_no_socket() -> None:
    """It has given an address, and does not confirm that it takes it back."""
    async with nothing_left(), TurnServer() as server:
        ice = IceSettings(servers=[server.ice_server(), server.ice_server()], is_relay_only=True)
        engine = NativeMedia(ice=ice)
        session = engine.open_session(on_event=lambda _event: None)
        await session.create_offer()
        server.is_silent = True
        # As a phone does that is itself closed, and then closes its engine.
        closing = asyncio.create_task(session.aclose())
        await asyncio.sleep(0)
        closing.cancel()
        await engine.aclose()
