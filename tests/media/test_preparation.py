"""What a native call gets ready while it rings: the addresses of its answer."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator

import pytest

from exotel_voice.media.ice import IceServer, IceSettings
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.native_session import NativeSession
from exotel_voice.media.sdp_parse import parse_description

pytestmark = pytest.mark.media

GATHERING_LIMIT = 0.4


@pytest.fixture
def dead_server() -> Iterator[str]:
    """The URL of a STUN server that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        yield f"stun:127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
async def callee(dead_server: str) -> AsyncIterator[NativeSession]:
    settings = IceSettings(servers=(IceServer(dead_server),), gathering_limit=GATHERING_LIMIT)
    engine = NativeMedia(ice=settings)
    yield engine.open_session(on_event=lambda _: None)
    await engine.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
async def offer() -> AsyncIterator[bytes]:
    engine = NativeMedia()
    yield await engine.open_session(on_event=lambda _: None).create_offer()
    await engine.aclose()


async def seconds_to_answer(callee: NativeSession, offer: bytes) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    answer = await callee.create_answer(offer)
    assert parse_description(answer).audio.candidates
    return loop.time() - began


async def test_an_answer_that_was_prepared_waits_for_no_server(
    callee: NativeSession, offer: bytes
) -> None:
    await callee.prepare(offer)
    assert await seconds_to_answer(callee, offer) < GATHERING_LIMIT / 2


async def test_an_answer_that_was_not_prepared_does(callee: NativeSession, offer: bytes) -> None:
    assert await seconds_to_answer(callee, offer) > GATHERING_LIMIT * 0.9


async def test_an_answer_in_the_middle_of_the_preparation_uses_it(
    callee: NativeSession, offer: bytes
) -> None:
    preparing = asyncio.create_task(callee.prepare(offer))
    await asyncio.wait([preparing], timeout=GATHERING_LIMIT / 2)
    assert not preparing.done()
    assert await seconds_to_answer(callee, offer) < GATHERING_LIMIT * 0.8
    await preparing


async def test_a_preparation_that_is_too_old_is_made_again(
    callee: NativeSession, offer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exotel_voice.media.paths._FRESH", 0.0)
    await callee.prepare(offer)
    assert await seconds_to_answer(callee, offer) > GATHERING_LIMIT * 0.9


async def test_a_call_that_ends_in_the_middle_of_the_preparation_leaves_nothing(
    callee: NativeSession, offer: bytes
) -> None:
    preparing = asyncio.create_task(callee.prepare(offer))
    await asyncio.sleep(0)
    await callee.aclose()
    await preparing


async def test_a_preparation_that_nobody_waits_for_any_more_leaves_nothing(
    callee: NativeSession, offer: bytes
) -> None:
    preparing = asyncio.create_task(callee.prepare(offer))
    await asyncio.sleep(0)
    preparing.cancel()
    await asyncio.wait([preparing])
