"""Another end takes a call over in the middle, as a browser tab does: new path, keys and numbers.

The one who takes it over offers a description that has nothing in common with the last one but the
call: certificate, ICE credentials, SSRC, payload types and session id (RFC 8842 §5.1).
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Iterator

import pytest

from exotel_voice.media import paths
from exotel_voice.media._aiortc import SharedCertificate
from exotel_voice.media.base import Direction, MediaConnected, MediaFailed
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.sdp_parse import parse_description
from native_pair import End

pytestmark = pytest.mark.media

GAP_LIMIT = 2.0
FAR_TONE = 880.0
OTHER_NUMBERS = {("opus", 48000): 109, ("telephone-event", 48000): 98}


@pytest.fixture
async def engine() -> AsyncIterator[NativeMedia]:
    made = NativeMedia()
    yield made
    await made.aclose()


@pytest.fixture
def tabs(engine: NativeMedia, monkeypatch: pytest.MonkeyPatch) -> Iterator[End]:
    """Ends as of separate browsers: each has a certificate of its own."""

    def make() -> Iterator[End]:
        for number in itertools.count(1):
            certificate = SharedCertificate.generateCertificate()
            monkeypatch.setattr(paths, "shared_certificate", lambda made=certificate: made)
            end = End(engine)
            if not number % 2:
                end.session._negotiation._numbers.update(OTHER_NUMBERS)
            end.say(tone_of(number))
            yield end

    return make()


def tone_of(number: int) -> float:
    """The frequency in which the nth tab speaks."""
    return 300.0 + 100.0 * number


def without_tls_id(description: bytes) -> bytes:
    """Browsers do not send it."""
    return re.sub(rb"a=tls-id:.*\r\n", b"", description)


async def take_over(tab: End, far: End, *, count: int) -> tuple[bytes, float]:
    """Let a tab offer itself; give its offer, and the seconds until both hear each other."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    offer = without_tls_id(await tab.session.create_offer())
    answer = without_tls_id(await far.session.create_answer(offer))
    await tab.session.accept_answer(answer)
    await far.told(MediaConnected, count)
    await asyncio.gather(hears(far, tone_of(count)), hears(tab, FAR_TONE))
    return offer, loop.time() - began


async def hears(end: End, frequency: float) -> None:
    """Wait until an end hears a tone."""
    async with asyncio.timeout(GAP_LIMIT + 1.0):
        while abs((await end.hear(frames=8, skip=0))[0] - frequency) > 5.0:
            pass


async def test_tabs_take_a_call_over_from_each_other(
    engine: NativeMedia, tabs: Iterator[End]
) -> None:
    far = End(engine)
    far.say(FAR_TONE)
    former: list[End] = []
    seen = []
    for count in (1, 2, 3):
        tab = next(tabs)
        offer, seconds = await take_over(tab, far, count=count)
        assert seconds < GAP_LIMIT
        audio = parse_description(offer).audio
        seen.append((audio.fingerprints, audio.ice_ufrag, audio.formats[0].payload_type))
        for one in former:
            await one.aclose()
        former = [tab]
    assert len({fingerprints for fingerprints, _, _ in seen}) == 3
    assert len({ufrag for _, ufrag, _ in seen}) == 3
    assert [number for *_, number in seen] == [111, 109, 111]
    # The one who left says goodbye to nobody: the far end keeps to the one who is there.
    await hears(far, tone_of(3))
    assert not [event for event in far.events if isinstance(event, MediaFailed)]
    await former[0].aclose()
    await far.aclose()


async def test_the_far_end_can_hold_and_resume_with_the_tab_that_took_the_call_over(
    engine: NativeMedia, tabs: Iterator[End]
) -> None:
    far = End(engine)
    far.say(FAR_TONE)
    first, second = next(tabs), next(tabs)
    await take_over(first, far, count=1)
    await take_over(second, far, count=2)
    await first.aclose()
    for direction in (Direction.SENDONLY, Direction.SENDRECV):
        offer = without_tls_id(await far.session.create_offer(direction=direction))
        assert parse_description(offer).audio.formats[0].payload_type == 109
        answer = without_tls_id(await second.session.create_answer(offer))
        await far.session.accept_answer(answer)
    await hears(far, tone_of(2))
    await second.aclose()
    await far.aclose()


@pytest.mark.parametrize("step", [0, 1, 7])
async def test_the_version_of_a_description_may_be_any(
    engine: NativeMedia, tabs: Iterator[End], step: int
) -> None:
    """RFC 3264 §8 wants one more each time; a forwarder of descriptions cannot keep to it."""
    far = End(engine)
    tab = next(tabs)
    offer = await tab.session.create_offer()
    version = parse_description(offer).origin.version
    await tab.session.accept_answer(await far.session.create_answer(offer))
    again = await tab.session.create_offer(direction=Direction.SENDONLY)
    own = parse_description(again).origin
    counted = again.replace(
        f"o=- {own.session_id} {own.version} ".encode(),
        f"o=- {own.session_id} {version + step} ".encode(),
    )
    answer = parse_description(await far.session.create_answer(counted))
    assert answer.audio.direction is Direction.RECVONLY
    await tab.aclose()
    await far.aclose()
