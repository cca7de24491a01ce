"""The application's own audio: 16-bit mono PCM written and read by its code, as voice bots do."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import Final

import numpy as np

from exotel_voice.errors import ConfigError, InvalidState
from exotel_voice.media.audio import Samples

__all__ = ["PcmSink", "PcmSource", "PcmStream"]

_RATES_HZ: Final = (8000, 16000, 24000, 48000)
_BYTES_PER_SAMPLE: Final = 2


class PcmStream:
    """Input and output of calls: PCM that the application writes, and reads.

    Give one to `NativeMedia` as input, output or both. Each call then has a stream of its own:
    `call.audio_out` to write to, `call.audio_in()` to read from.
    """

    def __init__(
        self, *, sample_rate_hz: int = 16000, write_ahead: float = 0.5, unread_limit: float = 1.0
    ) -> None:
        """Describe the streams to be opened.

        Args:
            sample_rate_hz: 8000, 16000, 24000 or 48000; both ways.
            write_ahead: Seconds of audio that may be written ahead of its time, 0.02 to 60; beyond
                it `write` waits.
            unread_limit: Seconds of received audio kept for reading, 0.02 to 60; beyond it the
                oldest is dropped.

        Raises:
            ConfigError: A value is out of range.
        """
        if sample_rate_hz not in _RATES_HZ:
            rates = ", ".join(str(rate) for rate in _RATES_HZ)
            raise ConfigError(f"sample_rate_hz is {sample_rate_hz}, and must be one of {rates}")
        for name, value in (("write_ahead", write_ahead), ("unread_limit", unread_limit)):
            if not 0.02 <= value <= 60.0:
                raise ConfigError(f"{name} is {value}, and must be from 0.02 to 60 seconds")
        self.sample_rate_hz = sample_rate_hz
        """Rate of the samples, both ways."""
        self._write_ahead = write_ahead
        self._unread_limit = unread_limit

    def open_source(self) -> PcmSource:
        """Open the outgoing side of one call."""
        limit = int(self._write_ahead * self.sample_rate_hz)
        return PcmSource(self.sample_rate_hz, limit=limit)

    def open_sink(self) -> PcmSink:
        """Open the incoming side of one call."""
        return PcmSink(self.sample_rate_hz, limit=round(self._unread_limit * 50))


class PcmSource:
    """The outgoing side of one call: written by the application, read by the call's stream.

    It fulfils both `PcmWriter` and `AudioSource`. While nothing is written, silence is sent.
    """

    def __init__(self, sample_rate_hz: int, *, limit: int) -> None:
        """Make one that lets `write` wait while more than `limit` samples are queued."""
        self._rate = sample_rate_hz
        self._limit = limit
        self._chunks: deque[Samples] = deque()
        self._queued = 0
        self._odd_byte = b""
        self._writers: list[asyncio.Future[None]] = []
        self._drainers: list[asyncio.Future[None]] = []
        self._is_closed = False

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the samples to be written."""
        return self._rate

    @property
    def queued(self) -> float:
        """Seconds of audio that are written and not yet sent."""
        return self._queued / self._rate

    async def write(self, pcm: bytes) -> None:
        """Queue audio to be sent, of any length; waits while more than the limit is queued.

        Half a sample at the end is kept for the next call. Writes from several tasks are queued in
        the order of the calls.

        Raises:
            InvalidState: The call has ended.
        """
        if self._is_closed:
            raise InvalidState("The call has ended: nothing can be written to it")
        data = self._odd_byte + pcm
        whole = len(data) // _BYTES_PER_SAMPLE * _BYTES_PER_SAMPLE
        self._odd_byte = data[whole:]
        if whole:
            self._chunks.append(np.frombuffer(data[:whole], np.int16))
            self._queued += whole // _BYTES_PER_SAMPLE
        if self._queued > self._limit:
            await self._wait(self._writers)
            if self._is_closed:
                raise InvalidState("The call ended before all that was written was sent")

    def clear(self) -> None:
        """Drop what is queued and not yet sent, so that a voice bot can be interrupted."""
        self._chunks.clear()
        self._queued = 0
        self._odd_byte = b""
        self._wake()

    async def drain(self) -> None:
        """Wait until all that was written has been sent, or the call has ended."""
        while self._queued and not self._is_closed:
            await self._wait(self._drainers)

    async def _wait(self, waiters: list[asyncio.Future[None]]) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiters.append(waiter)
        await waiter

    def read(self, count: int) -> Samples | None:
        """Take the next samples, filled up with silence; None where nothing is queued."""
        if not self._queued:
            return None
        first = self._chunks[0]
        if len(first) > count:
            self._chunks[0] = first[count:]
            taken = first[:count]
        elif len(first) == count:
            taken = self._chunks.popleft()
        else:
            taken = self._gather(count)
        self._queued -= min(self._queued, count)
        self._wake()
        return taken

    def _gather(self, count: int) -> Samples:
        taken = np.zeros(count, np.int16)
        filled = 0
        while self._chunks and filled < count:
            chunk = self._chunks.popleft()
            part = chunk[: count - filled]
            taken[filled : filled + len(part)] = part
            filled += len(part)
            if len(part) < len(chunk):
                self._chunks.appendleft(chunk[len(part) :])
        return taken

    def _wake(self) -> None:
        """Let those go on whose condition has come: all writers at the limit, drainers at 0."""
        if self._writers and (self._queued <= self._limit or self._is_closed):
            _finish(self._writers)
        if self._drainers and (not self._queued or self._is_closed):
            _finish(self._drainers)

    def close(self) -> None:
        """End the stream: what is queued is dropped, and those who wait go on."""
        self._is_closed = True
        self.clear()


def _finish(waiters: list[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
    waiters.clear()


class PcmSink:
    """The incoming side of one call: played to by the call's stream, read by the application."""

    def __init__(self, sample_rate_hz: int, *, limit: int) -> None:
        """Make one that keeps the last `limit` frames."""
        self._rate = sample_rate_hz
        self._frames: deque[bytes] = deque(maxlen=limit)
        self._dropped = 0
        self._readers: list[asyncio.Future[None]] = []
        self._is_closed = False

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the samples to be read."""
        return self._rate

    @property
    def frames_dropped(self) -> int:
        """Frames that were not read in time."""
        return self._dropped

    def play(self, samples: Samples) -> None:
        """Queue 20 ms for reading; the oldest frame goes where too many are unread."""
        if self._is_closed:
            return
        if len(self._frames) == self._frames.maxlen:
            self._dropped += 1
        self._frames.append(samples.tobytes())
        if self._readers:
            _finish(self._readers)

    async def frames(self) -> AsyncGenerator[bytes]:
        """Give the far side's audio, 20 ms at a time as 16-bit mono PCM; ends with the call.

        What is unread when the call ends is still given. Several readers share the frames.
        """
        while True:
            while self._frames:
                yield self._frames.popleft()
            if self._is_closed:
                return
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._readers.append(waiter)
            await waiter

    def close(self) -> None:
        """End the stream."""
        self._is_closed = True
        _finish(self._readers)
