"""The native engine against libwebrtc, the engine of Chrome: audio, digits, hold, DTLS roles."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from exotel_voice.media.base import (
    DigitHeard,
    Direction,
    MediaConnected,
    MediaFailed,
    MediaInterrupted,
)
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.sdp_parse import parse_description
from interop.libwebrtc import Libwebrtc
from native_pair import Alteration, End, keep

pytestmark = [pytest.mark.interop, pytest.mark.media, pytest.mark.needs("wrtc")]

OURS, THEIRS = 440.0, 620.0


@pytest.fixture
async def end(request: pytest.FixtureRequest) -> AsyncIterator[End]:
    codecs = getattr(request, "param", ())
    engine = NativeMedia(codecs=codecs)
    made = End(engine)
    made.say(OURS)
    yield made
    await made.aclose()
    await engine.aclose()


async def call_them(end: End, peer: Libwebrtc, alter: Alteration = keep) -> bytes:
    """Let us offer; give their answer."""
    answer = await peer.answer(alter(await end.session.create_offer()))
    await end.session.accept_answer(answer)
    return answer


async def hear_both(end: End, peer: Libwebrtc) -> None:
    """Both ends hear the tone of the other one."""
    assert (await peer.hear())[0] == pytest.approx(OURS, abs=3.0)
    assert (await end.hear(skip=40))[0] == pytest.approx(THEIRS, abs=3.0)


@pytest.mark.parametrize(
    ("end", "codec"),
    [((name,), name) for name in ("opus", "PCMU", "PCMA", "G722")],
    indirect=["end"],
)
async def test_audio_goes_both_ways(end: End, codec: str) -> None:
    async with Libwebrtc(speaks=THEIRS) as peer:
        await call_them(end, peer)
        assert await end.told(MediaConnected) == MediaConnected(codec=codec)
        await peer.connected()
        await hear_both(end, peer)
        stats = await end.session.stats()
        assert stats.packets_lost == 0
        assert stats.packets_received > 30


async def test_it_can_call_us_too() -> None:
    engine = NativeMedia()
    end = End(engine)
    end.say(OURS)
    async with Libwebrtc(speaks=THEIRS) as peer:
        answer = await end.session.create_answer(await peer.offer())
        assert parse_description(answer).audio.setup == "active"
        await peer.accept(answer)
        await hear_both(end, peer)
    await end.aclose()
    await engine.aclose()


@pytest.mark.parametrize("is_rsa", [False, True])
@pytest.mark.parametrize("our_role", ["active", "passive"])
async def test_either_side_begins_dtls_with_any_certificate(
    end: End, our_role: str, is_rsa: bool
) -> None:
    async with Libwebrtc(speaks=THEIRS, has_rsa_certificate=is_rsa) as peer:
        role = f"a=setup:{our_role}".encode()
        answer = await call_them(end, peer, lambda sdp: sdp.replace(b"a=setup:actpass", role))
        theirs = parse_description(answer).audio.setup
        assert theirs == ("passive" if our_role == "active" else "active")
        await peer.connected()
        await hear_both(end, peer)


async def test_digits_are_heard(end: End) -> None:
    async with Libwebrtc() as peer:
        await call_them(end, peer)
        await peer.connected()
        await end.told(MediaConnected)
        peer.press("15#")
        await end.told(DigitHeard, 3)
        heard = [event.digit for event in end.events if isinstance(event, DigitHeard)]
        assert heard == ["1", "5", "#"]


async def test_our_hold_silences_both_and_resume_brings_the_audio_back(end: End) -> None:
    async with Libwebrtc(speaks=THEIRS) as peer:
        await call_them(end, peer)
        await peer.connected()
        await hear_both(end, peer)
        answer = await peer.answer(await end.session.create_offer(direction=Direction.SENDONLY))
        assert parse_description(answer).audio.direction is Direction.RECVONLY
        await end.session.accept_answer(answer)
        sent = (await end.session.stats()).packets_sent
        assert (await peer.hear())[1] < 20.0
        assert (await end.session.stats()).packets_sent == sent
        await call_them(end, peer)
        await hear_both(end, peer)


async def test_their_hold_is_answered_and_their_resume_too(end: End) -> None:
    async with Libwebrtc(speaks=THEIRS) as peer:
        await call_them(end, peer)
        await peer.connected()
        await hear_both(end, peer)
        peer.set_direction("sendonly")
        answer = await end.session.create_answer(await peer.offer())
        assert parse_description(answer).audio.direction is Direction.RECVONLY
        await peer.accept(answer)
        sent = (await end.session.stats()).packets_sent
        assert (await end.hear())[0] == pytest.approx(THEIRS, abs=3.0)
        assert (await end.session.stats()).packets_sent == sent
        peer.set_direction("sendrecv")
        await peer.accept(await end.session.create_answer(await peer.offer()))
        await hear_both(end, peer)


async def test_ice_restarts_with_the_audio_going_on(end: End) -> None:
    async with Libwebrtc(speaks=THEIRS) as peer:
        await call_them(end, peer)
        await peer.connected()
        await hear_both(end, peer)
        answer = await peer.answer(await end.session.create_offer(ice_restart=True))
        await end.session.accept_answer(answer)
        await end.told(MediaConnected, 2)
        await hear_both(end, peer)


async def test_reports_give_the_round_trip_and_the_loss_at_their_side(end: End) -> None:
    async with Libwebrtc(speaks=THEIRS) as peer:
        await call_them(end, peer)
        await peer.connected()
        stats = await end.session.stats()
        for _ in range(12):
            if stats.round_trip_ms is None:
                await end.hear(frames=25)
                stats = await end.session.stats()
        assert stats.round_trip_ms is not None
        assert 0.0 < stats.round_trip_ms < 200.0
        assert stats.remote_lost_fraction == 0.0


@pytest.mark.parametrize("is_gone_first", [False, True], ids=["while it is there", "after it left"])
async def test_another_one_takes_the_call_over(end: End, is_gone_first: bool) -> None:
    """As a browser tab does for another one, or after it was loaded again."""
    tone = 800.0
    async with AsyncExitStack() as tabs:
        first = await tabs.enter_async_context(Libwebrtc(speaks=THEIRS))
        await call_them(end, first)
        await first.connected()
        await hear_both(end, first)
        if is_gone_first:
            await tabs.pop_all().aclose()
        async with Libwebrtc(speaks=tone) as second:
            offer = await second.offer()
            await second.accept(await end.session.create_answer(offer))
            await end.told(MediaConnected, 2)
            assert (await second.hear())[0] == pytest.approx(OURS, abs=3.0)
            assert (await end.hear(skip=40))[0] == pytest.approx(tone, abs=3.0)
            # Ours is the next offer, and the path stays.
            for direction in (Direction.SENDONLY, Direction.SENDRECV):
                held = await second.answer(await end.session.create_offer(direction=direction))
                await end.session.accept_answer(held)
            assert (await end.hear(skip=40))[0] == pytest.approx(tone, abs=3.0)
    assert not [one for one in end.events if isinstance(one, MediaFailed | MediaInterrupted)]
