"""What happens to the path of a call: restarts, another far end, a far end that is gone."""

from __future__ import annotations

import asyncio
import re

import pytest

from exotel_voice.errors import DtlsFailed, IceFailed
from exotel_voice.media.base import Direction, MediaConnected, MediaFailed, MediaInterrupted
from exotel_voice.media.ice import IceSettings
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.sdp_parse import parse_description
from native_pair import End, Pair

pytestmark = pytest.mark.media


def ufrags(pair: Pair) -> tuple[str, str]:
    descriptions = (parse_description(pair.offer), parse_description(pair.answer))
    return descriptions[0].audio.ice_ufrag, descriptions[1].audio.ice_ufrag


@pytest.mark.parametrize("by_callee", [False, True])
async def test_either_end_can_restart_ice_and_the_audio_goes_on(by_callee: bool) -> None:
    async with Pair() as pair:
        pair.caller.say(440.0)
        pair.callee.say(620.0)
        await pair.agree()
        await pair.connected()
        first = ufrags(pair)
        if by_callee:
            pair.turn()
        await pair.agree(ice_restart=True)
        await pair.connected(2)
        assert not set(first) & set(ufrags(pair))
        if by_callee:
            pair.turn()
        assert (await pair.callee.hear(skip=40))[0] == pytest.approx(440.0, abs=2.0)
        assert (await pair.caller.hear(skip=40))[0] == pytest.approx(620.0, abs=2.0)
        assert (await pair.callee.session.stats()).packets_lost == 0


async def test_a_restart_that_is_refused_leaves_the_path_as_it_was() -> None:
    async with Pair() as pair:
        pair.caller.say(440.0)
        await pair.agree()
        await pair.connected()
        await pair.caller.session.create_offer(ice_restart=True)
        await pair.caller.session.rollback()
        await pair.agree(direction=Direction.SENDRECV)
        assert (await pair.callee.hear())[0] == pytest.approx(440.0, abs=2.0)
        assert not any(isinstance(event, MediaFailed) for event in pair.caller.events)


async def test_a_restart_that_finds_no_path_leaves_the_audio_on_the_old_one() -> None:
    async with Pair(NativeMedia(ice=IceSettings(connect_limit=1.0))) as pair:
        pair.caller.say(440.0)
        await pair.agree()
        await pair.connected()
        unheard = re.compile(rb"a=candidate.*\r\n")
        wrong_password = re.compile(rb"a=ice-pwd:\S+")
        await pair.agree(
            ice_restart=True,
            alter_offer=lambda sdp: wrong_password.sub(b"a=ice-pwd:" + b"x" * 22, sdp),
            alter_answer=lambda sdp: unheard.sub(b"", sdp),
        )
        assert (await pair.callee.hear(skip=75))[0] == pytest.approx(440.0, abs=2.0)
        assert not any(isinstance(event, MediaFailed) for event in pair.callee.events)


async def test_a_restart_overtaken_by_another_one_does_no_harm() -> None:
    async with Pair() as pair:
        pair.caller.say(440.0)
        await pair.agree()
        await pair.agree(ice_restart=True)
        pair.turn()
        await pair.agree(ice_restart=True)
        pair.turn()
        await pair.caller.told(MediaConnected)
        await pair.callee.told(MediaConnected)
        assert (await pair.callee.hear(skip=40))[0] == pytest.approx(440.0, abs=2.0)


@pytest.mark.parametrize("is_offered_a_restart", [False, True])
async def test_another_far_end_gets_keys_of_its_own(is_offered_a_restart: bool) -> None:
    """A server that transfers the call answers our offer with the description of somebody else."""
    engine = NativeMedia()
    third = End(engine)
    third.say(880.0)
    async with Pair(engine) as pair:
        pair.caller.say(440.0)
        pair.callee.say(620.0)
        await pair.agree()
        await pair.connected()
        # The third party is asked for an offer, and the caller answers it (RFC 3725 §4.4).
        if is_offered_a_restart:
            offer = await pair.caller.session.create_offer(ice_restart=True)
            await pair.caller.session.accept_answer(await third.session.create_answer(offer))
        else:
            offer = await third.session.create_offer()
            await third.session.accept_answer(await pair.caller.session.create_answer(offer))
        await pair.caller.told(MediaConnected, 2)
        await third.told(MediaConnected)
        assert (await third.hear())[0] == pytest.approx(440.0, abs=2.0)
        assert (await pair.caller.hear(skip=60))[0] == pytest.approx(880.0, abs=2.0)
        await third.aclose()


async def test_another_certificate_on_the_same_path_is_refused() -> None:
    async with Pair() as pair:
        await pair.agree()
        await pair.connected()
        offer = await pair.caller.session.create_offer(direction=Direction.SENDONLY)
        forged = re.sub(rb"sha-256 \S+", b"sha-256 " + b":".join([b"00"] * 32), offer)
        with pytest.raises(DtlsFailed):
            await pair.callee.session.create_answer(forged)


@pytest.fixture
def short_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a minute in life (RFC 7675 §5.1)."""
    monkeypatch.setattr("aioice.ice.CONSENT_INTERVAL", 0.05)
    monkeypatch.setattr("aioice.ice.CONSENT_FAILURES", 1)


@pytest.mark.usefixtures("short_consent")
async def test_a_far_end_that_is_gone_is_noticed_by_its_lack_of_consent() -> None:
    async with Pair(NativeMedia(ice=IceSettings(connect_limit=1.0))) as pair:
        await pair.agree()
        await pair.connected()
        await pair.callee.aclose()
        lost = await pair.caller.told(MediaInterrupted)
        assert isinstance(lost, MediaInterrupted)
        assert isinstance(lost.error, IceFailed)
        assert lost.error.retryable
        assert not any(isinstance(event, MediaFailed) for event in pair.caller.events)


@pytest.mark.usefixtures("short_consent")
async def test_a_restart_brings_audio_back_whose_path_was_lost() -> None:
    async with Pair() as pair:
        pair.caller.say(440.0)
        await pair.agree()
        await pair.connected()
        agent = pair.callee.session._paths._agent
        assert agent is not None
        await agent.aclose()
        await pair.caller.told(MediaInterrupted)
        await pair.callee.told(MediaInterrupted)
        await pair.agree(ice_restart=True)
        await pair.connected(2)
        assert (await pair.callee.hear(skip=40))[0] == pytest.approx(440.0, abs=2.0)


@pytest.mark.usefixtures("short_consent")
async def test_a_restart_that_finds_nothing_after_the_path_was_lost_can_be_tried_again() -> None:
    async with Pair(NativeMedia(ice=IceSettings(connect_limit=1.0))) as pair:
        pair.caller.say(440.0)
        await pair.agree()
        await pair.connected()
        agent = pair.callee.session._paths._agent
        assert agent is not None
        await agent.aclose()
        await pair.caller.told(MediaInterrupted)
        await pair.callee.told(MediaInterrupted)
        wrong_password = re.compile(rb"a=ice-pwd:\S+")
        await pair.agree(
            ice_restart=True,
            alter_offer=lambda sdp: wrong_password.sub(b"a=ice-pwd:" + b"x" * 22, sdp),
        )
        await pair.caller.told(MediaInterrupted, 2)
        await pair.callee.told(MediaInterrupted, 2)
        await pair.agree(ice_restart=True)
        await pair.connected(2)
        assert (await pair.callee.hear(skip=40))[0] == pytest.approx(440.0, abs=2.0)


async def test_early_keys_of_the_far_side_are_not_lost() -> None:
    """The callee begins DTLS before the caller has its answer."""
    async with Pair() as pair:
        offer = await pair.caller.session.create_offer()
        answer = await pair.callee.session.create_answer(offer)
        loop = asyncio.get_running_loop()
        began = loop.time()
        later = asyncio.Event()
        loop.call_later(0.2, later.set)
        await later.wait()
        await pair.caller.session.accept_answer(answer)
        await pair.connected()
        assert loop.time() - began < 0.8
