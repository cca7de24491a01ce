"""STUN and TURN with coturn, and with servers that never answer."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from exotel_voice.media.ice import IceServer, IceSettings
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.sdp_parse import parse_description
from interop.coturn import PASSWORD, USER, Coturn
from native_pair import Pair

pytestmark = [pytest.mark.interop, pytest.mark.media]


@pytest.fixture
async def coturn(tmp_path: Path) -> AsyncIterator[Coturn]:
    async with Coturn(tmp_path) as server:
        yield server


@pytest.fixture
def mute_ports() -> Iterator[tuple[int, int]]:
    """A UDP and a TCP port on which somebody listens and never answers."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
    ):
        for one in (udp, tcp):
            one.bind(("127.0.0.1", 0))
        tcp.listen()
        yield udp.getsockname()[1], tcp.getsockname()[1]


@pytest.mark.needs("coturn")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_audio_goes_over_a_relay_and_the_own_address_stays_hidden(
    coturn: Coturn, transport: str
) -> None:
    server = IceServer(f"turn:127.0.0.1:{coturn.port}?transport={transport}", USER, PASSWORD)
    hidden = NativeMedia(ice=IceSettings(servers=(server,), is_relay_only=True))
    async with Pair(hidden, NativeMedia()) as pair:
        pair.caller.say(440.0)
        pair.callee.say(620.0)
        await pair.agree()
        audio = parse_description(pair.offer).audio
        assert [item.kind for item in audio.candidates] == ["relay"]
        assert audio.candidates[0].related_host == "0.0.0.0"  # noqa: S104 - what is written
        await pair.connected()
        assert (await pair.callee.hear(skip=40))[0] == pytest.approx(440.0, abs=2.0)
        assert (await pair.caller.hear(skip=40))[0] == pytest.approx(620.0, abs=2.0)


@pytest.mark.needs("coturn")
async def test_all_servers_are_asked_and_known_addresses_are_not_repeated(coturn: Coturn) -> None:
    servers = (
        IceServer(f"stun:127.0.0.1:{coturn.port}"),
        IceServer(f"turn:127.0.0.1:{coturn.port}", USER, PASSWORD),
    )
    # A limit that no busy machine reaches: gathering ends because all have answered.
    settings = IceSettings(servers=servers, gathering_limit=4.0)
    async with Pair(NativeMedia(ice=settings)) as pair:
        began = time.perf_counter()
        await pair.agree()
        assert time.perf_counter() - began < 4.0
        audio = parse_description(pair.offer).audio
        kinds = [item.kind for item in audio.candidates]
        assert kinds.count("relay") == 1
        # There is no address translation here: the server tells the address of the socket itself.
        assert "srflx" not in kinds
        assert audio.port == next(c.port for c in audio.candidates if c.kind == "relay")
        await pair.connected()


@pytest.mark.needs("coturn")
async def test_a_wrong_password_costs_the_relay_and_not_the_call(coturn: Coturn) -> None:
    server = IceServer(f"turn:127.0.0.1:{coturn.port}", USER, "wrong")
    async with Pair(NativeMedia(ice=IceSettings(servers=(server,)))) as pair:
        await pair.agree()
        assert b"typ relay" not in pair.offer
        await pair.connected()


async def test_servers_that_never_answer_cost_half_a_second_and_nothing_else(
    mute_ports: tuple[int, int],
) -> None:
    udp, tcp = mute_ports
    servers = (
        IceServer(f"stun:127.0.0.1:{udp}"),
        IceServer(f"turn:127.0.0.1:{udp}", USER, PASSWORD),
        IceServer(f"turn:127.0.0.1:{tcp}?transport=tcp", USER, PASSWORD),
        IceServer(f"turns:127.0.0.1:{tcp}", USER, PASSWORD),
        IceServer("stun:nobody.invalid"),
    )
    async with Pair(NativeMedia(ice=IceSettings(servers=servers))) as pair:
        began = time.perf_counter()
        offer = await pair.caller.session.create_offer()
        assert 0.4 < time.perf_counter() - began < 0.8
        assert b"typ host" in offer
    async with Pair(NativeMedia(ice=IceSettings(servers=servers)), NativeMedia()) as pair:
        await pair.agree()
        await pair.connected()
