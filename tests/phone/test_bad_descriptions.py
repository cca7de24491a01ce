"""What a far side gets whose description is not good enough, with real audio: no call in clear."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable

import pytest

from exotel_voice.errors import DtlsFailed, IceFailed, MediaError, NoCommonCodec
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.native_session import NativeSession
from exotel_voice.phone import Call, EndCause, Phone
from exotel_voice.sip import events as sip
from phone.platform import ACCOUNT, Platform, a_platform, state_of

pytestmark = pytest.mark.media

LIMIT = 5.0
Ends = tuple[Platform, Phone, NativeSession]


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    """A platform, a phone registered there, and the audio of the platform's end."""
    near, far = NativeMedia(), NativeMedia()
    async with (
        a_platform() as platform,
        Phone(ACCOUNT, media=near, transport=platform.listener.connect_transport) as phone,
    ):
        yield platform, phone, far.open_session(on_event=lambda _: None)
    await near.aclose()
    await far.aclose()


def only_codec_18(offer: bytes) -> bytes:
    return re.sub(rb"(?m)^(m=audio \d+ \S+) .*\r$", rb"\1 18\r", offer)


def without(name: bytes) -> Callable[[bytes], bytes]:
    return lambda sdp: re.sub(rb"(?m)^a=" + name + rb":.*\r\n", b"", sdp)


def in_clear(offer: bytes) -> bytes:
    return without(b"fingerprint")(offer.replace(b"UDP/TLS/RTP/SAVPF", b"RTP/AVP"))


def with_keys_in_the_description(offer: bytes) -> bytes:
    keys = b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + b"A" * 40 + b"\r\n"
    return without(b"fingerprint")(offer.replace(b"UDP/TLS/RTP/SAVPF", b"RTP/SAVP")) + keys


def forged(sdp: bytes) -> bytes:
    return re.sub(rb"sha-256 \S+", b"sha-256 " + b":".join([b"00"] * 32), sdp)


@pytest.mark.parametrize(
    ("alter", "kind"),
    [
        (only_codec_18, NoCommonCodec),
        (without(b"fingerprint"), DtlsFailed),
        (in_clear, DtlsFailed),
        (with_keys_in_the_description, DtlsFailed),
        (without(b"ice-pwd"), IceFailed),
        (lambda _: b"v=0\r\nthis is no description\r\n", MediaError),
    ],
    ids=["codec", "fingerprint", "in clear", "keys in the description", "ice", "nonsense"],
)
async def test_an_offer_that_is_not_good_enough_gets_488(
    ends: Ends, alter: Callable[[bytes], bytes], kind: type[MediaError]
) -> None:
    platform, phone, audio = ends
    platform.call(offer=alter(await audio.create_offer()))
    call = await anext(phone.incoming())
    with pytest.raises(kind):
        await call.answer()
    ended = await platform.event(sip.CallEnded)
    assert ended.status == 488
    assert call.details.call_end_cause is EndCause.MEDIA
    assert (await call.stats()).packets_sent == 0
    assert state_of(phone) == "registered"


async def test_a_wrong_fingerprint_in_an_offer_ends_the_call_without_audio(ends: Ends) -> None:
    platform, phone, audio = ends
    platform.call(offer=forged(await audio.create_offer()))
    call = await anext(phone.incoming())
    await call.answer()
    answered = await platform.event(sip.CallAnswered)
    assert answered.answer is not None
    await audio.accept_answer(answered.answer)
    await require_failed_keys(call)


async def test_a_wrong_fingerprint_in_an_answer_ends_the_call_without_audio(ends: Ends) -> None:
    platform, phone, audio = ends
    call = await phone.dial("bob")
    invite = await platform.event(sip.InviteReceived)
    assert invite.offer is not None
    answer = await audio.create_answer(invite.offer)
    platform.answer(invite.session, forged(answer))
    await call.answered()
    await require_failed_keys(call)


@pytest.mark.parametrize(
    ("alter", "kind"), [(only_codec_18, NoCommonCodec), (in_clear, DtlsFailed)]
)
async def test_an_answer_that_is_not_good_enough_ends_the_call(
    ends: Ends, alter: Callable[[bytes], bytes], kind: type[MediaError]
) -> None:
    platform, phone, audio = ends
    call = await phone.dial("bob")
    invite = await platform.event(sip.InviteReceived)
    assert invite.offer is not None
    platform.answer(invite.session, alter(await audio.create_answer(invite.offer)))
    details = await call.ended()
    assert details.call_end_cause is EndCause.MEDIA
    assert isinstance(details.error, kind)
    await platform.event(sip.CallEnded)


async def require_failed_keys(call: Call) -> None:
    """Wait for the end of a call whose keys cannot be agreed; nothing was sent in it."""
    async with asyncio.timeout(LIMIT):
        details = await call.ended()
    assert details.call_end_cause is EndCause.MEDIA
    assert isinstance(details.error, DtlsFailed)
    assert (await call.stats()).packets_sent == 0
