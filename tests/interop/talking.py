"""The audio of one call as a test sees it: a tone goes out, and what comes in is measured."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

import numpy as np

from exotel_voice.media.audio import Samples
from exotel_voice.phone.call import Call
from tones import frequency_of, level_of, tone

__all__ = ["Talk", "talking"]

RATE = 16_000
KEPT_FRAMES = 25
HEARING_LIMIT = 10.0
SILENT = 30.0


class Talk:
    """What one side says and hears. The phone's media are PCM streams at 16 kHz."""

    def __init__(self) -> None:
        self._heard: deque[Samples] = deque(maxlen=KEPT_FRAMES)
        self._news = asyncio.Event()
        self.silent_frames = 0
        """Frames of 20 ms below the threshold of silence since `watch_for_gaps`."""

    async def until_hears(self, frequency_hz: float) -> None:
        """Wait until the last half second is this tone, within 5 Hz; at most 10 s."""
        async with asyncio.timeout(HEARING_LIMIT):
            await self._until(frequency_hz)

    async def _until(self, frequency_hz: float) -> None:
        while not self._hears(frequency_hz):
            await self._next_frame()

    async def until_hears_nothing(self) -> None:
        """Wait until the last half second is silence, or no audio comes for so long."""
        while not (len(self._heard) == KEPT_FRAMES and level_of(self._sound()) < SILENT):
            try:
                async with asyncio.timeout(0.5):
                    await self._next_frame()
            except TimeoutError:
                return

    def watch_for_gaps(self) -> None:
        """Count silent frames from now on."""
        self.silent_frames = 0

    async def listen_to(self, call: Call) -> None:
        """Keep the last half second of what the far side says."""
        async for frame in call.audio_in():
            samples = np.frombuffer(frame, np.int16)
            self._heard.append(samples)
            self.silent_frames += level_of(samples) < SILENT
            self._news.set()

    async def _next_frame(self) -> None:
        self._news.clear()
        await self._news.wait()

    def _sound(self) -> Samples:
        return np.concatenate(tuple(self._heard))

    def _hears(self, frequency_hz: float) -> bool:
        if len(self._heard) < KEPT_FRAMES:
            return False
        sound = self._sound()
        return level_of(sound) > 10 * SILENT and abs(frequency_of(sound, RATE) - frequency_hz) < 5


async def _say(call: Call, tone_hz: float) -> None:
    second = tone(tone_hz, 1.0, RATE).tobytes()
    while True:
        await call.audio_out.write(second)


@contextlib.asynccontextmanager
async def talking(call: Call, *, tone_hz: float) -> AsyncIterator[Talk]:
    """Send a tone in a call, whole hertz only, and listen, until the block ends."""
    talk = Talk()
    tasks = [
        asyncio.create_task(_say(call, tone_hz)),
        asyncio.create_task(talk.listen_to(call)),
    ]
    try:
        yield talk
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
