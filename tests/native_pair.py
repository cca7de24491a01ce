"""Two ends of a call with real audio, joined without any signalling: descriptions as bytes."""

from __future__ import annotations

import asyncio
import gc
import re
from collections.abc import Callable
from typing import Self

import numpy as np

from exotel_voice.media.base import Direction, MediaConnected, MediaEvent, MediaFailed
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.native_session import NativeSession
from tones import Samples, frequency_of, level_of, tone

__all__ = ["RATE", "End", "Pair", "keep", "open_sockets", "without"]

RATE = 16000
LIMIT = 5.0
Alteration = Callable[[bytes], bytes]


def keep(description: bytes) -> bytes:
    """Pass a description on as it is."""
    return description


def without(*names: str) -> Alteration:
    """Leave out the lines of these attributes."""

    def alter(description: bytes) -> bytes:
        pattern = "|".join(re.escape(name) for name in names)
        return re.sub(rf"(?m)^a=(?:{pattern})\b.*\r\n".encode(), b"", description)

    return alter


def open_sockets() -> list[asyncio.BaseTransport]:
    """List the sockets of event loops that nobody has closed."""
    transports = [each for each in gc.get_objects() if isinstance(each, asyncio.BaseTransport)]
    return [each for each in transports if not each.is_closing()]


class End:
    """One end of the call: its session, what it was told, and its voice."""

    def __init__(self, engine: NativeMedia) -> None:
        self.session: NativeSession = engine.open_session(on_event=self._take)
        self.events: list[MediaEvent] = []
        self._changed = asyncio.Event()
        self._voice: asyncio.Task[None] | None = None

    def _take(self, event: MediaEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def told(self, kind: type[MediaEvent], count: int = 1) -> MediaEvent:
        """Wait for the given number of events of one kind, and give the last."""
        async with asyncio.timeout(LIMIT):
            while len(found := [event for event in self.events if isinstance(event, kind)]) < count:
                self._changed.clear()
                await self._changed.wait()
        return found[count - 1]

    def say(self, frequency: float) -> None:
        """Speak a pure tone until the end of the call."""
        second = tone(frequency, 1.0, RATE).tobytes()

        async def speak() -> None:
            while True:
                await self.session.audio_out.write(second)

        self._voice = asyncio.create_task(speak())

    async def hear(self, frames: int = 25, skip: int = 10) -> tuple[float, float]:
        """Listen to 20 ms frames; give frequency in hertz and level of the later ones."""
        heard: list[bytes] = []
        async with asyncio.timeout(LIMIT):
            async for frame in self.session.audio_in():
                heard.append(frame)
                if len(heard) == frames + skip:
                    break
        samples: Samples = np.frombuffer(b"".join(heard[skip:]), np.int16)
        level = level_of(samples)
        return frequency_of(samples, RATE) if level > 1.0 else 0.0, level

    async def aclose(self) -> None:
        """Hang up."""
        await self.session.aclose()
        if self._voice is not None:
            self._voice.cancel()
            await asyncio.wait([self._voice])


class Pair:
    """A caller and a callee."""

    def __init__(self, *engines: NativeMedia) -> None:
        self._engines = engines or (NativeMedia(),)
        self.caller = End(self._engines[0])
        self.callee = End(self._engines[-1])
        self.offer = self.answer = b""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.caller.aclose()
        await self.callee.aclose()
        for engine in self._engines:
            await engine.aclose()

    async def agree(
        self,
        *,
        alter_offer: Alteration = keep,
        alter_answer: Alteration = keep,
        direction: Direction = Direction.SENDRECV,
        ice_restart: bool = False,
    ) -> None:
        """Let the caller offer and the callee answer."""
        offerer, answerer = self.caller.session, self.callee.session
        self.offer = await offerer.create_offer(direction=direction, ice_restart=ice_restart)
        self.answer = await answerer.create_answer(alter_offer(self.offer))
        await offerer.accept_answer(alter_answer(self.answer))

    def turn(self) -> None:
        """Let the other one offer from now on."""
        self.caller, self.callee = self.callee, self.caller

    async def connected(self, count: int = 1) -> None:
        """Wait until both ends have a path."""
        await self.caller.told(MediaConnected, count)
        await self.callee.told(MediaConnected, count)

    async def failed(self) -> list[MediaFailed]:
        """Wait until both ends have failed."""
        ends = [await end.told(MediaFailed) for end in (self.caller, self.callee)]
        return [event for event in ends if isinstance(event, MediaFailed)]
