"""What every engine promises the phone, whichever it is: one kit of tests for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from exotel_voice.errors import DtlsFailed, InvalidState, MediaError, NoCommonCodec
from exotel_voice.media.base import (
    Direction,
    MediaConnected,
    MediaEngine,
    MediaEvent,
    MediaSession,
)
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.sdp_parse import parse_description
from exotel_voice.media.silent import SilentMedia

pytestmark = pytest.mark.media

LIMIT = 5.0


class Listener:
    """Keeps what one session tells."""

    def __init__(self) -> None:
        self.events: list[MediaEvent] = []
        self.connected = asyncio.Event()

    def __call__(self, event: MediaEvent) -> None:
        self.events.append(event)
        if isinstance(event, MediaConnected):
            self.connected.set()


@pytest.fixture(params=[NativeMedia, SilentMedia])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[MediaEngine]:
    made: MediaEngine = request.param()
    yield made
    await made.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
def ends(engine: MediaEngine) -> tuple[MediaSession, MediaSession, Listener, Listener]:
    listeners = Listener(), Listener()
    caller, callee = (engine.open_session(on_event=listener) for listener in listeners)
    return caller, callee, *listeners


Ends = tuple[MediaSession, MediaSession, Listener, Listener]


async def test_offer_and_answer_connect_both_ends_once(ends: Ends) -> None:
    caller, callee, *listeners = ends
    answer = await callee.create_answer(await caller.create_offer())
    await caller.accept_answer(answer)
    async with asyncio.timeout(LIMIT):
        for listener in listeners:
            await listener.connected.wait()
    codecs = {event.codec for one in listeners for event in one.events if hasattr(event, "codec")}
    assert len(codecs) == 1
    assert [len(one.events) for one in listeners] == [1, 1]
    assert (await caller.stats()).codec in codecs


async def test_getting_ready_changes_nothing_but_the_time_that_the_answer_takes(ends: Ends) -> None:
    caller, callee, _, callee_hears = ends
    offer = await caller.create_offer()
    preparing = asyncio.create_task(callee.prepare(offer))
    await asyncio.sleep(0)
    await caller.accept_answer(await callee.create_answer(offer))
    await preparing
    async with asyncio.timeout(LIMIT):
        await callee_hears.connected.wait()
    assert [type(event) for event in callee_hears.events] == [MediaConnected]


@pytest.mark.parametrize("sdp", [b"", b"v=0\r\nm=audio 4000 RTP/AVP 0\r\n"])
async def test_getting_ready_for_what_cannot_be_taken_never_raises(ends: Ends, sdp: bytes) -> None:
    _, callee, *_ = ends
    await callee.prepare(sdp)
    await callee.aclose()
    await callee.prepare(sdp)


async def test_nothing_is_told_before_both_descriptions_are_known(ends: Ends) -> None:
    caller, callee, caller_hears, _ = ends
    await callee.create_answer(await caller.create_offer())
    await asyncio.sleep(0)
    assert caller_hears.events == []


async def test_hold_and_resume_are_offered_and_answered(ends: Ends) -> None:
    caller, callee, *_ = ends
    await caller.accept_answer(await callee.create_answer(await caller.create_offer()))
    offer = await caller.create_offer(direction=Direction.SENDONLY)
    assert parse_description(offer).audio.direction is Direction.SENDONLY
    answer = await callee.create_answer(offer)
    assert parse_description(answer).audio.direction is Direction.RECVONLY
    await caller.accept_answer(answer)
    resumed = await caller.create_offer()
    assert parse_description(resumed).audio.direction is Direction.SENDRECV
    versions = [parse_description(sdp).origin.version for sdp in (offer, resumed)]
    assert versions == [2, 3]


async def test_a_rollback_allows_another_offer_and_the_far_sides(ends: Ends) -> None:
    caller, callee, *_ = ends
    await caller.accept_answer(await callee.create_answer(await caller.create_offer()))
    await caller.create_offer(direction=Direction.INACTIVE)
    await caller.rollback()
    await caller.rollback()
    offer = await callee.create_offer()
    await callee.accept_answer(await caller.create_answer(offer))


async def test_an_ice_restart_has_new_credentials_and_an_ordinary_offer_has_not(ends: Ends) -> None:
    caller, callee, *_ = ends
    first = await caller.create_offer()
    await caller.accept_answer(await callee.create_answer(first))
    again = await caller.create_offer()
    restart = await caller.create_offer(ice_restart=True)
    frags = [parse_description(sdp).audio.ice_ufrag for sdp in (first, again, restart)]
    assert frags[0] == frags[1] != frags[2]
    await caller.rollback()


@pytest.mark.parametrize(
    ("sdp", "error"),
    [
        (b"", MediaError),
        (b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n", DtlsFailed),
    ],
)
async def test_what_cannot_be_taken_is_refused(
    ends: Ends, sdp: bytes, error: type[MediaError]
) -> None:
    caller, callee, *_ = ends
    with pytest.raises(error):
        await callee.create_answer(sdp)
    await caller.create_offer()
    with pytest.raises(error):
        await caller.accept_answer(sdp)


async def test_an_offer_without_a_codec_of_ours_is_refused(ends: Ends) -> None:
    caller, callee, *_ = ends
    offer = await caller.create_offer()
    line = next(line for line in offer.splitlines() if line.startswith(b"m="))
    with pytest.raises(NoCommonCodec):
        await callee.create_answer(offer.replace(line, b"m=audio 4000 UDP/TLS/RTP/SAVPF 18"))


async def test_digits_need_an_agreement(ends: Ends) -> None:
    caller, *_ = ends
    assert not caller.can_send_digits
    with pytest.raises(InvalidState):
        await caller.send_digits("1")


async def test_muting_and_statistics_are_possible_at_any_time(ends: Ends) -> None:
    caller, *_ = ends
    await caller.set_muted(True)
    stats = await caller.stats()
    assert (stats.codec, stats.packets_sent, stats.round_trip_ms) == ("", 0, None)


async def test_a_closed_session_makes_no_descriptions_and_closing_again_is_safe(ends: Ends) -> None:
    caller, callee, *_ = ends
    offer = await caller.create_offer()
    answer = await callee.create_answer(offer)
    for session in (caller, callee):
        await session.aclose()
        await session.aclose()
    with pytest.raises(MediaError):
        await caller.create_offer()
    with pytest.raises(MediaError):
        await callee.create_answer(offer)
    with pytest.raises(MediaError):
        await caller.accept_answer(answer)
    await caller.rollback()
    await caller.set_muted(False)
    await caller.stats()


async def test_the_engine_closes_the_sessions_that_are_open(
    engine: MediaEngine, ends: Ends
) -> None:
    caller, *_ = ends
    await caller.create_offer()
    await engine.aclose()
    with pytest.raises(MediaError):
        await caller.create_offer()
