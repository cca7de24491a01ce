"""Two audio streams and a wire in memory between them, on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from exotel_voice.media.audio import AudioSink, AudioSource, Samples, Silence
from exotel_voice.media.clock import MediaClock
from exotel_voice.media.codec import Codec
from exotel_voice.media.codecs import available_codecs
from exotel_voice.media.files import CachedSource
from exotel_voice.media.g711 import PCMU
from exotel_voice.media.rtp import RtpPacket, is_rtcp, parse_rtp
from exotel_voice.media.stream import AudioStream, StreamIdentity, StreamParameters
from tones import tone

__all__ = ["Recording", "Side", "after", "agreed", "join", "sounding", "stop"]

Carry = Callable[[bytes], None]


def agreed(codec: Codec = PCMU, **changes: object) -> StreamParameters:
    """What two sides with every codec agree on, all numbered alike."""
    numbers = {"opus": 111, "G722": 9, "PCMU": 0, "PCMA": 8}
    made = StreamParameters(
        codec=codec,
        payload_type=numbers[codec.name],
        receive={numbers[one.name]: one for one in available_codecs()},
        digits_payload_type=101,
        digits_receive={101: 8000, 110: 48000},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


class Recording:
    """A sink that keeps everything."""

    def __init__(self, sample_rate_hz: int = 8000) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.frames: list[Samples] = []
        self.is_closed = False

    def play(self, samples: Samples) -> None:
        self.frames.append(samples.copy())

    def close(self) -> None:
        self.is_closed = True

    @property
    def samples(self) -> Samples:
        return np.concatenate(self.frames)


class Side:
    """One stream, its sink, and all that it sent and heard."""

    def __init__(self, source: AudioSource | None = None, sink: AudioSink | None = None) -> None:
        self.sink = Recording()
        self.sent: list[bytes] = []
        self.digits: list[tuple[str, float]] = []
        self.carry: Carry = lambda _packet: None
        self.stream = AudioStream(
            clock=MediaClock.of_running_loop(),
            source=source or Silence(),
            sink=sink or self.sink,
            send=self._send,
            on_digit=lambda digit, duration: self.digits.append((digit, duration)),
            identity=StreamIdentity(ssrc=id(self) & 0xFFFFFFFF, cname="side"),
        )

    def _send(self, packet: bytes) -> None:
        self.sent.append(packet)
        self.carry(packet)

    def receive(self, packet: bytes) -> None:
        if is_rtcp(packet):
            self.stream.receive_rtcp(packet)
        else:
            self.stream.receive_rtp(packet)

    @property
    def rtp(self) -> list[RtpPacket]:
        parsed = [parse_rtp(packet) for packet in self.sent if not is_rtcp(packet)]
        return [packet for packet in parsed if packet is not None]


def join(left: Side, right: Side, parameters: StreamParameters | None = None) -> None:
    """Connect two sides and start them."""
    left.carry, right.carry = right.receive, left.receive
    for side in (left, right):
        side.stream.configure(parameters or agreed())
        side.stream.start()


async def after(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    passed = loop.create_future()
    loop.call_later(seconds, passed.set_result, None)
    await passed


def stop(*sides: Side) -> None:
    for side in sides:
        side.stream.stop()


def sounding(frequency: float, seconds: float = 10.0, rate: int = 8000) -> CachedSource:
    return CachedSource(tone(frequency, seconds, rate), rate, loop=True)
