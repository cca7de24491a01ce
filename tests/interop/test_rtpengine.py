"""Our phone talks through Kamailio and rtpengine to a far end that knows only plain RTP."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from exotel_voice.phone import Phone
from exotel_voice.phone.call import Call
from exotel_voice.phone.details import EndCause
from interop.kamailio import Kamailio
from interop.phones import first_call, open_phone
from interop.plain_media import PlainMedia, PlainSession
from interop.rtpengine import rtpengine
from interop.talking import talking

pytestmark = [
    pytest.mark.interop,
    pytest.mark.slow,
    pytest.mark.needs("kamailio", "rtpengine"),
    pytest.mark.timeout(60),
]
PHONE_HZ = 500.0
FAR_HZ = 800.0


@dataclass(frozen=True)
class Bench:
    """Our phone, and the far end in the telephone network."""

    phone: Phone
    far: Phone
    media: PlainMedia

    @property
    def session(self) -> PlainSession:
        """The audio of the far end's last call."""
        return self.media.sessions[-1]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    media = PlainMedia(tone_hz=FAR_HZ)
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(rtpengine(tmp_path))
        server = await stack.enter_async_context(Kamailio(tmp_path, rtpengine_port=port))
        account = server.account("alice", security="wss")
        phone = await stack.enter_async_context(open_phone(account, ca_file=server.ca_file))
        far = await stack.enter_async_context(open_phone(server.account("plain"), media=media))
        yield Bench(phone, far, media)


async def hear_each_other(bench: Bench, call: Call) -> None:
    async with talking(call, tone_hz=PHONE_HZ) as here:
        await here.until_hears(FAR_HZ)
        await bench.session.until_hears(PHONE_HZ)
    assert bench.session.is_in_clear


async def test_a_call_into_the_telephone_network_carries_audio_both_ways(bench: Bench) -> None:
    call = await bench.phone.dial("plain")
    far_call = await first_call(bench.far)
    await far_call.answer()
    await call.answered()
    await hear_each_other(bench, call)
    stats = await call.stats()
    assert stats.codec == "PCMU"
    await call.hang_up()
    assert (await far_call.ended()).call_end_cause is EndCause.REMOTE_HANGUP


async def test_a_call_from_the_telephone_network_carries_audio_both_ways(bench: Bench) -> None:
    far_call = await bench.far.dial("alice")
    call = await first_call(bench.phone)
    await call.answer()
    await far_call.answered()
    await hear_each_other(bench, call)
    await far_call.hang_up()
    assert (await call.ended()).call_end_cause is EndCause.REMOTE_HANGUP


@pytest.mark.parametrize("holder", ["phone", "far"])
async def test_hold_through_the_relay_is_silent_and_resume_is_heard(
    bench: Bench, holder: str
) -> None:
    call = await bench.phone.dial("plain")
    far_call = await first_call(bench.far)
    await far_call.answer()
    await call.answered()
    holding = call if holder == "phone" else far_call
    async with talking(call, tone_hz=PHONE_HZ) as here:
        await here.until_hears(FAR_HZ)
        await bench.session.until_hears(PHONE_HZ)
        await holding.hold()
        await here.until_hears_nothing()
        await bench.session.until_hears_nothing()
        await holding.resume()
        await here.until_hears(FAR_HZ)
        await bench.session.until_hears(PHONE_HZ)
    await call.hang_up()
