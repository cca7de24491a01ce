"""The network test against real STUN, silence, and servers that are not there."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from diagnostics.stun_server import StunServer
from exotel_voice.diagnostics import NetworkTarget, NetworkTest, Outcome
from exotel_voice.diagnostics.network_test import NetworkResult
from exotel_voice.diagnostics.verdict import check_network
from exotel_voice.media.gathering import gather_candidates
from exotel_voice.media.ice import IceServer, IceSettings
from exotel_voice.phone.account import SipAccount
from exotel_voice.phone.settings import PhoneSettings
from exotel_voice.sandbox import Sandbox

pytestmark = pytest.mark.media
ORDER = ["wss", "userReg", "tcp", "udp", "host", "srflx"]


@pytest.fixture
async def account() -> AsyncIterator[SipAccount]:
    async with Sandbox() as sandbox:
        yield sandbox.account("alice")


async def run(account: SipAccount, **more: object) -> dict[str, NetworkResult]:
    target = NetworkTarget(account=account, is_registered=lambda: True, **more)  # type: ignore[arg-type]
    began = time.monotonic()
    async with aclosing(NetworkTest(target).results()) as results:
        found = [result async for result in results]
    assert time.monotonic() - began < 5.0
    assert [result.key for result in found] == ORDER
    return {result.key: result for result in found}


async def test_a_stun_server_tells_the_public_address(account: SipAccount) -> None:
    with StunServer() as stun:
        found = await run(account, ice=IceSettings(servers=[IceServer(stun.url)]))
    assert all(result.is_good for result in found.values())
    assert "typ srflx raddr" in found["srflx"].description
    assert found["udp"].description == found["srflx"].description
    assert {check_network(result).outcome for result in found.values()} == {Outcome.GOOD}


@pytest.mark.slow
async def test_a_silent_stun_server_is_a_problem_with_a_hint(account: SipAccount) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"stun:127.0.0.1:{silent.getsockname()[1]}"
        found = await run(account, ice=IceSettings(servers=[IceServer(url)]))
    assert [found[key].status for key in ("host", "udp", "srflx")] == [
        "connected", "disconnected", "disconnected",
    ]  # fmt: skip
    udp, srflx = check_network(found["udp"]), check_network(found["srflx"])
    assert (udp.outcome, srflx.outcome) == (Outcome.FAILED, Outcome.WARNING)
    assert "firewall lets UDP out" in udp.hint


async def test_a_turn_server_over_tcp_is_where_tcp_is_tested(account: SipAccount) -> None:
    async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    turn = IceServer(f"turn:127.0.0.1:{port}?transport=tcp", username="a", credential="b")
    async with server:
        found = await run(account, ice=IceSettings(servers=[turn]))
    assert found["tcp"].note == f"reached 127.0.0.1:{port}"
    assert found["tcp"].is_good


async def test_a_wrong_certificate_is_named(account: SipAccount) -> None:
    async with Sandbox() as sandbox:
        secure = sandbox.account("bob", security="wss")
        distrusting = await run(secure)
        trusting = await run(secure, settings=PhoneSettings(ca_file=sandbox.ca_file))
    assert distrusting["wss"].status == "disconnected"
    assert "not trusted" in distrusting["wss"].problem
    assert "ca_file" in distrusting["wss"].hint
    assert trusting["wss"].status == "connected"
    assert account.username == "alice"


async def test_gathering_leaves_no_socket_open() -> None:
    before = asyncio.all_tasks()
    found = await gather_candidates(IceSettings(), limit=1.0)
    assert {candidate.kind for candidate in found} == {"host"}
    assert asyncio.all_tasks() == before
