"""A media engine that sends a pure tone as PCMU in plain RTP and keeps what it hears.

It stands for the far end of a telephone network: no ICE, no DTLS, no RTCP, one packet per 20 ms.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Callable

import numpy as np

from exotel_voice.errors import InvalidState, NoCommonCodec
from exotel_voice.media.base import (
    Direction,
    MediaConnected,
    MediaEvent,
    MediaStats,
    PcmWriter,
)
from exotel_voice.media.codec import CodecSettings
from exotel_voice.media.g711 import PCMU
from exotel_voice.media.rtp import RtpSender, is_rtcp, parse_rtp
from tones import Samples, frequency_of, level_of, tone

__all__ = ["PlainMedia", "PlainSession"]

RATE = 8000
FRAME = 160
KEPT_FRAMES = 25
HEARING_LIMIT = 10.0
SILENT = 30.0
Address = tuple[str, int]


class PlainSession(asyncio.DatagramProtocol):
    """The audio of one call."""

    def __init__(self, tone_hz: float, on_event: Callable[[MediaEvent], None]) -> None:
        self._on_event = on_event
        self._encoder = PCMU.make_encoder(RATE, CodecSettings())
        self._decoder = PCMU.make_decoder(RATE)
        second = tone(tone_hz, 1.0, RATE)
        self._frames = [second[at : at + FRAME] for at in range(0, RATE, FRAME)]
        self._heard: deque[Samples] = deque(maxlen=KEPT_FRAMES)
        self._sender = RtpSender(ssrc=0x1234, sequence=1, timestamp=0)
        self._transport: asyncio.DatagramTransport | None = None
        self._far_side: Address | None = None
        self._talking: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._version = 0
        self._wanted = Direction.SENDRECV
        self._sends = False
        self.is_in_clear = True
        """Whether every description of the far side so far asked for plain RTP."""
        self.packets_received = 0

    def datagram_received(self, data: bytes, addr: Address) -> None:
        del addr
        packet = None if is_rtcp(data) else parse_rtp(data)
        if packet is None or packet.payload_type != 0:
            return
        self.packets_received += 1
        self._heard.append(self._decoder.decode(packet.payload))
        self._news.set()

    async def until_hears(self, frequency_hz: float) -> None:
        """Wait until the last half second is this tone, within 5 Hz; at most 10 s."""
        async with asyncio.timeout(HEARING_LIMIT):
            await self._until(frequency_hz)

    async def _until(self, frequency_hz: float) -> None:
        while not self._is_hearing(frequency_hz):
            await self._next_packet()

    async def until_hears_nothing(self) -> None:
        """Wait until the last half second is silence, or no packet comes for so long."""
        while not (len(self._heard) == KEPT_FRAMES and level_of(self._sound()) < SILENT):
            try:
                async with asyncio.timeout(0.5):
                    await self._next_packet()
            except TimeoutError:
                return

    async def _next_packet(self) -> None:
        self._news.clear()
        await self._news.wait()

    def _sound(self) -> Samples:
        return np.concatenate(tuple(self._heard))

    def _is_hearing(self, frequency_hz: float) -> bool:
        if len(self._heard) < KEPT_FRAMES:
            return False
        sound = self._sound()
        return level_of(sound) > 10 * SILENT and abs(frequency_of(sound, RATE) - frequency_hz) < 5

    async def prepare(self, offer: bytes) -> None:
        """Nothing takes time here."""

    async def create_offer(
        self, *, direction: Direction = Direction.SENDRECV, ice_restart: bool = False
    ) -> bytes:
        del ice_restart
        self._wanted = direction
        return await self._describe(direction)

    async def create_answer(
        self, offer: bytes, *, direction: Direction = Direction.SENDRECV
    ) -> bytes:
        offered = self._take(offer)
        sends = offered in {Direction.SENDRECV, Direction.RECVONLY}
        receives = offered in {Direction.SENDRECV, Direction.SENDONLY}
        sends = sends and direction in {Direction.SENDRECV, Direction.SENDONLY}
        receives = receives and direction in {Direction.SENDRECV, Direction.RECVONLY}
        mine = {
            (True, True): Direction.SENDRECV,
            (True, False): Direction.SENDONLY,
            (False, True): Direction.RECVONLY,
            (False, False): Direction.INACTIVE,
        }[sends, receives]
        answer = await self._describe(mine)
        self._start(sends=sends)
        return answer

    async def accept_answer(self, answer: bytes) -> None:
        theirs = self._take(answer)
        they_listen = theirs in {Direction.SENDRECV, Direction.RECVONLY}
        # A telephone that holds says `sendonly` and, without music, sends nothing.
        self._start(sends=they_listen and self._wanted is Direction.SENDRECV)

    async def rollback(self) -> None:
        """Nothing was changed by the offer."""

    async def set_muted(self, muted: bool) -> None:
        self._sends = not muted

    async def send_digits(self, digits: str, *, duration: float = 0.16, gap: float = 0.07) -> None:
        del digits, duration, gap
        raise InvalidState("this far end sends no digits")

    @property
    def can_send_digits(self) -> bool:
        return False

    def audio_in(self) -> AsyncGenerator[bytes]:
        raise InvalidState("ask `until_hears`")

    @property
    def audio_out(self) -> PcmWriter:
        raise InvalidState("this far end sends its tone")

    async def stats(self) -> MediaStats:
        return MediaStats(
            codec="PCMU",
            packets_sent=self._sender.packets_sent,
            packets_received=self.packets_received,
            packets_lost=0,
            packets_late=0,
            bytes_sent=self._sender.bytes_sent,
            bytes_received=self.packets_received * FRAME,
            jitter_ms=0.0,
            round_trip_ms=None,
            remote_lost_fraction=None,
            buffer_ms=0.0,
            concealed_ms=0.0,
            input_level=0.0,
            output_level=0.0,
        )

    async def aclose(self) -> None:
        if self._talking is not None:
            self._talking.cancel()
            await asyncio.wait([self._talking])
        if self._transport is not None:
            self._transport.close()

    async def _describe(self, direction: Direction) -> bytes:
        if self._transport is None:
            loop = asyncio.get_running_loop()
            self._transport, _ = await loop.create_datagram_endpoint(
                lambda: self, local_addr=("127.0.0.1", 0)
            )
        port = self._transport.get_extra_info("sockname")[1]
        self._version += 1
        lines = (
            "v=0",
            f"o=- 1 {self._version} IN IP4 127.0.0.1",
            "s=-",
            "c=IN IP4 127.0.0.1",
            "t=0 0",
            f"m=audio {port} RTP/AVP 0",
            "a=rtpmap:0 PCMU/8000",
            "a=ptime:20",
            f"a={direction}",
        )
        return "".join(f"{line}\r\n" for line in lines).encode()

    def _take(self, description: bytes) -> Direction:
        text = description.decode()
        line = re.search(r"^m=audio (\d+) (\S+) (.*)$", text, re.MULTILINE)
        address = re.search(r"^c=IN IP4 (\S+)", text, re.MULTILINE)
        if line is None or address is None or "0" not in line[3].split():
            raise NoCommonCodec("only PCMU is spoken here")
        self.is_in_clear = self.is_in_clear and line[2] == "RTP/AVP"
        self._far_side = (address[1], int(line[1]))
        found = re.search(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", text, re.MULTILINE)
        return Direction(found[1]) if found else Direction.SENDRECV

    def _start(self, *, sends: bool) -> None:
        self._sends = sends
        if self._talking is None:
            self._talking = asyncio.create_task(self._talk())
            self._on_event(MediaConnected(codec="PCMU"))

    async def _talk(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        number = 0
        while True:
            if self._sends and self._transport is not None and self._far_side is not None:
                payload = self._encoder.encode(self._frames[number % len(self._frames)])
                packet = self._sender.packet(0, payload, self._sender.timestamp)
                self._transport.sendto(packet, self._far_side)
            self._sender.advance(FRAME)
            number += 1
            due += FRAME / RATE
            await asyncio.sleep(max(0.0, due - loop.time()))


class PlainMedia:
    """Makes the sessions of the far end."""

    def __init__(self, *, tone_hz: float) -> None:
        self.tone_hz = tone_hz
        self.sessions: list[PlainSession] = []

    def open_session(self, *, on_event: Callable[[MediaEvent], None]) -> PlainSession:
        session = PlainSession(self.tone_hz, on_event)
        self.sessions.append(session)
        return session

    async def aclose(self) -> None:
        for session in self.sessions:
            await session.aclose()
