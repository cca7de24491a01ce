"""The native engine over real sockets: audio, hold, digits, and what must never happen."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import re
import time
from pathlib import Path

import pytest

from exotel_voice.errors import (
    AudioFileError,
    ConfigError,
    DtlsFailed,
    IceFailed,
    InvalidState,
    MediaError,
    NoCommonCodec,
)
from exotel_voice.media.audio import Silence
from exotel_voice.media.base import DigitHeard, Direction, MediaConnected, MediaFailed
from exotel_voice.media.certificate import shared_certificate
from exotel_voice.media.ice import IceSettings
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.recorder import AudioRecorder
from exotel_voice.media.sdp_parse import parse_description
from native_pair import Pair, without

pytestmark = pytest.mark.media


@pytest.mark.parametrize("codec", ["opus", "G722", "PCMU", "PCMA"])
async def test_audio_goes_both_ways_in_every_codec(codec: str) -> None:
    async with Pair(NativeMedia(codecs=(codec,))) as pair:
        pair.caller.say(440.0)
        pair.callee.say(620.0)
        await pair.agree()
        assert await pair.caller.told(MediaConnected) == MediaConnected(codec=codec)
        (callee_hears, level), (caller_hears, _) = await asyncio.gather(
            pair.callee.hear(), pair.caller.hear()
        )
        assert callee_hears == pytest.approx(440.0, abs=2.0)
        assert caller_hears == pytest.approx(620.0, abs=2.0)
        assert level == pytest.approx(7071, rel=0.1)
        stats = await pair.callee.session.stats()
        assert (stats.codec, stats.packets_lost) == (codec, 0)
        assert stats.packets_received > 30


async def test_a_preferred_codec_goes_before_the_order_of_the_offer() -> None:
    preferring = NativeMedia()
    preferring.prefer_codec("pcma")
    async with Pair(NativeMedia(), preferring) as pair:
        await pair.agree()
        assert await pair.callee.told(MediaConnected) == MediaConnected(codec="PCMA")
    with pytest.raises(ConfigError):
        preferring.prefer_codec("speex")
    with pytest.raises(ConfigError):
        NativeMedia(codecs=("speex",))


async def test_digits_are_heard_once_each_at_their_end() -> None:
    async with Pair() as pair:
        await pair.agree()
        await pair.connected()
        await pair.caller.told(MediaConnected)
        await pair.caller.session.send_digits("1#D", duration=0.08, gap=0.05)
        await pair.callee.told(DigitHeard, 3)
        heard = [event.digit for event in pair.callee.events if isinstance(event, DigitHeard)]
        assert heard == ["1", "#", "D"]


async def test_hold_silences_both_ways_and_resume_brings_the_audio_back() -> None:
    async with Pair() as pair:
        pair.caller.say(440.0)
        pair.callee.say(620.0)
        await pair.agree()
        await pair.connected()
        await pair.agree(direction=Direction.SENDONLY)
        assert parse_description(pair.answer).audio.direction is Direction.RECVONLY
        before = (await pair.caller.session.stats()).packets_sent
        assert not pair.caller.session.can_send_digits
        with pytest.raises(InvalidState):
            await pair.caller.session.send_digits("1")
        await pair.agree(direction=Direction.SENDRECV)
        assert (await pair.caller.session.stats()).packets_sent - before < 5
        caller_hears, _ = await pair.caller.hear(skip=40)
        callee_hears, _ = await pair.callee.hear(skip=40)
        assert caller_hears == pytest.approx(620.0, abs=2.0)
        assert callee_hears == pytest.approx(440.0, abs=2.0)


async def test_a_refused_hold_leaves_the_audio_as_it_was() -> None:
    async with Pair() as pair:
        pair.caller.say(440.0)
        await pair.agree()
        await pair.connected()
        await pair.caller.session.create_offer(direction=Direction.SENDONLY)
        await pair.caller.session.rollback()
        hears, _ = await pair.callee.hear()
        assert hears == pytest.approx(440.0, abs=2.0)
        assert pair.caller.session.can_send_digits


async def test_muting_sends_silence_and_not_nothing() -> None:
    async with Pair() as pair:
        pair.caller.say(440.0)
        await pair.caller.session.set_muted(True)
        await pair.agree()
        _, level = await pair.callee.hear()
        assert level < 10
        await pair.caller.session.set_muted(False)
        hears, _ = await pair.callee.hear(skip=60)
        assert hears == pytest.approx(440.0, abs=2.0)


@pytest.mark.parametrize(
    ("offered", "answered"), [("active", "passive"), ("passive", "active"), ("actpass", "active")]
)
async def test_either_end_can_begin_the_dtls_handshake(offered: str, answered: str) -> None:
    async with Pair() as pair:
        role = f"setup:{offered}".encode()
        await pair.agree(alter_offer=lambda sdp: sdp.replace(b"setup:actpass", role))
        assert parse_description(pair.answer).audio.setup == answered
        await pair.connected()


async def test_a_wrong_fingerprint_ends_the_call_without_a_single_packet_of_audio() -> None:
    wrong = ":".join(["00"] * 32).encode()

    def forge(sdp: bytes) -> bytes:
        return re.sub(rb"sha-256 \S+", b"sha-256 " + wrong, sdp)

    async with Pair() as pair:
        pair.callee.say(620.0)
        await pair.agree(alter_answer=forge)
        failure = await pair.caller.told(MediaFailed)
        assert isinstance(failure, MediaFailed)
        assert isinstance(failure.error, DtlsFailed)
        stats = await pair.caller.session.stats()
        assert (stats.packets_received, stats.packets_sent) == (0, 0)
        with pytest.raises(MediaError):
            await pair.caller.session.create_offer()


async def test_audio_in_clear_is_refused_before_a_socket_is_opened() -> None:
    async with Pair() as pair:
        offer = await pair.caller.session.create_offer()
        for altered, error in (
            (without("fingerprint")(offer), DtlsFailed),
            (without("ice-ufrag", "ice-pwd")(offer), IceFailed),
            (re.sub(rb"SAVPF [\d ]+", b"SAVPF 18", offer), NoCommonCodec),
            (b"v=0\r\n", MediaError),
        ):
            with pytest.raises(error):
                await pair.callee.session.create_answer(altered)


async def test_an_offer_that_cannot_be_taken_leaves_the_call_as_it_was() -> None:
    async with Pair() as pair:
        pair.caller.say(440.0)
        await pair.agree()
        await pair.connected()
        with pytest.raises(NoCommonCodec):
            await pair.callee.session.create_answer(
                re.sub(rb"SAVPF [\d ]+", b"SAVPF 18", pair.offer)
            )
        hears, _ = await pair.callee.hear()
        assert hears == pytest.approx(440.0, abs=2.0)


async def test_a_far_side_that_is_not_there_fails_within_the_limit() -> None:
    async with Pair(NativeMedia(ice=IceSettings(connect_limit=1.0))) as pair:
        offer = await pair.caller.session.create_offer()
        nowhere = re.sub(rb"a=candidate.*\r\n", b"", offer)
        began = time.perf_counter()
        await pair.callee.session.create_answer(nowhere)
        failure = await pair.callee.told(MediaFailed)
        assert isinstance(failure, MediaFailed)
        assert isinstance(failure.error, IceFailed)
        assert 0.9 < time.perf_counter() - began < 2.0


async def test_the_audio_survives_while_an_answer_is_on_its_way() -> None:
    async with Pair() as pair:
        await pair.agree()
        assert b"a=setup:active" in pair.answer
        await pair.connected()
        await pair.caller.session.accept_answer(pair.answer)
        other_fork = pair.answer.replace(b"a=ice-ufrag:", b"a=ice-ufrag:X")
        with pytest.raises(MediaError):
            await pair.caller.session.accept_answer(other_fork)


async def test_nothing_is_left_behind_after_a_call() -> None:
    tasks = asyncio.all_tasks()
    for _ in range(2):
        async with Pair() as pair:
            await pair.agree()
            await pair.connected()
        assert asyncio.all_tasks() == tasks
    gc.collect()
    engine = NativeMedia()
    session = engine.open_session(on_event=lambda _: None)
    await session.create_offer()
    await engine.aclose()
    await engine.aclose()
    assert asyncio.all_tasks() == tasks
    with pytest.raises(MediaError):
        await session.create_offer()
    with pytest.raises(InvalidState):
        engine.open_session(on_event=lambda _: None)


async def test_a_call_that_is_closed_in_the_middle_of_its_set_up_leaves_nothing_behind() -> None:
    tasks = asyncio.all_tasks()
    async with Pair() as pair:
        await pair.agree()
        await pair.caller.aclose()
        await pair.callee.aclose()
    async with Pair() as pair:
        making = asyncio.create_task(pair.caller.session.create_offer())
        await asyncio.sleep(0)
        await pair.caller.aclose()
        with pytest.raises(MediaError):
            await making
    assert asyncio.all_tasks() == tasks


async def test_other_inputs_and_outputs_give_no_pcm_to_the_application() -> None:
    engine = NativeMedia(input=Silence(), output=Silence())
    session = engine.open_session(on_event=lambda _: None)
    with pytest.raises(InvalidState):
        session.audio_in()
    with pytest.raises(InvalidState):
        _ = session.audio_out
    await engine.aclose()


async def test_the_process_has_one_certificate_until_it_nears_its_end() -> None:
    assert shared_certificate() is shared_certificate()
    offers = []
    for _ in range(2):
        engine = NativeMedia()
        offers.append(await engine.open_session(on_event=lambda _: None).create_offer())
        await engine.aclose()
    prints = [parse_description(offer).audio.fingerprints for offer in offers]
    assert prints[0] == prints[1]


async def test_a_certificate_that_nears_its_end_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = shared_certificate()
    monkeypatch.setattr("exotel_voice.media.certificate._RENEW_BEFORE", dt.timedelta(days=60))
    second = shared_certificate()
    assert second is not first
    assert second.fingerprint() != first.fingerprint()


async def test_packets_that_are_forged_or_repeated_are_refused_and_counted() -> None:
    async with Pair(NativeMedia(codecs=("PCMU",))) as pair:
        pair.caller.say(440.0)
        await pair.agree()
        await pair.connected()
        address = parse_description(pair.answer).audio
        loop = asyncio.get_running_loop()
        stranger, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=(address.address, address.port)
        )
        for packet in (b"", b"\x80", b"\x80\x00" + b"x" * 40, b"\x80\xc8" + b"x" * 40, b"\xff"):
            stranger.sendto(packet)
        assert (await pair.callee.hear())[0] == pytest.approx(440.0, abs=2.0)
        stranger.close()


async def test_an_output_that_cannot_be_opened_refuses_the_call(tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    engine = NativeMedia(output=AudioRecorder(folder / "call.wav"))
    folder.rmdir()
    session = engine.open_session(on_event=lambda _: None)
    with pytest.raises(AudioFileError):
        await session.create_offer()
    await engine.aclose()
