"""Delay, jitter, reordering and loss on every packet of a call, by relays of this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from exotel_voice.media.base import Direction, MediaEvent
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.native_session import NativeSession
from exotel_voice.media.sdp_parse import parse_description
from exotel_voice.phone import Phone, PhoneSettings, events
from exotel_voice.sandbox import Sandbox
from faults.relay import Poor, TcpRelay, UdpRelay
from interop.talking import talking

pytestmark = [pytest.mark.media, pytest.mark.slow, pytest.mark.timeout(60)]

NEAR, FAR = 0, 1
HOST = "127.0.0.1"
LISTENING = 4.0
FRAMES_A_SECOND = 50


class RelayedMedia(NativeMedia):
    """Makes calls whose two ends know each other under the addresses of a relay."""

    def __init__(self, relay: UdpRelay) -> None:
        super().__init__()
        self._relay = relay

    def open_session(self, *, on_event: Callable[[MediaEvent], None]) -> NativeSession:
        session = super().open_session(on_event=on_event)
        offer, accept = session.create_offer, session.accept_answer

        async def create_offer(
            *, direction: Direction = Direction.SENDRECV, ice_restart: bool = False
        ) -> bytes:
            made = await offer(direction=direction, ice_restart=ice_restart)
            return self._instead(made, owner=NEAR)

        async def accept_answer(answer: bytes) -> None:
            await accept(self._instead(answer, owner=FAR))

        vars(session).update(create_offer=create_offer, accept_answer=accept_answer)
        return session

    def _instead(self, description: bytes, *, owner: int) -> bytes:
        """Write the relay's address in place of the owner's."""
        candidates = parse_description(description).audio.candidates
        own = next(one for one in candidates if ":" not in one.host)
        self._relay.meet(owner, own.host, own.port)
        port = self._relay.ports[1 - owner]
        lines = [one for one in description.split(b"\r\n") if not one.startswith(b"a=candidate")]
        lines.insert(-1, f"a=candidate:1 1 udp {own.priority} {HOST} {port} typ host".encode())
        return b"\r\n".join(lines)


@pytest.mark.parametrize(
    ("poor", "overtaken", "silent_share"),
    [
        (Poor(delay=0.15), 0, 0.1),
        (Poor(delay=0.05, jitter=0.08), 50, 0.25),
        (Poor(delay=0.02, jitter=0.05, loss=0.05), 20, 0.25),
    ],
    ids=["delay", "jitter and reordering", "all of it and loss"],
)
async def test_a_call_over_a_poor_path(poor: Poor, overtaken: int, silent_share: float) -> None:
    relay = UdpRelay(poor)
    await relay.open()
    media = RelayedMedia(relay)
    late = Poor(delay=poor.delay, jitter=poor.jitter)
    try:
        async with Sandbox() as sandbox, TcpRelay(sandbox.account("alice").port, poor=late) as tcp:
            account = replace(sandbox.account("alice"), port=tcp.port)
            async with Phone(account, media=media, settings=PhoneSettings(proxy=None)) as phone:
                troubles: list[events.PhoneEvent] = []
                phone.on(events.CallReconnecting, troubles.append)
                phone.on(events.ConnectionDown, troubles.append)
                call = await phone.dial("echo")
                await call.answered()
                async with talking(call, tone_hz=440) as talk:
                    await talk.until_hears(440)
                    talk.watch_for_gaps()
                    await asyncio.sleep(LISTENING)
                    assert talk.silent_frames < silent_share * LISTENING * FRAMES_A_SECOND
                    await call.hold()
                    await call.resume()
                    await talk.until_hears(440)
                stats = await call.stats()
                await call.hang_up()
                assert (stats.packets_lost > 0) is (poor.loss > 0)
                assert relay.overtaken >= overtaken
                assert troubles == []
    finally:
        await media.aclose()
        relay.close()
