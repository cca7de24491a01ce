"""Audio files as the input of calls: any format that FFmpeg reads, mixed down to mono."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import av
import numpy as np

from exotel_voice.errors import AudioFileError
from exotel_voice.media.audio import AudioSource, Samples

__all__ = ["AudioFile", "CachedSource", "StreamedSource"]

logger = logging.getLogger("exotel_voice.media")

_RATES_HZ: Final = (8000, 16000, 24000, 48000)
_LONGEST_CACHED: Final = 60.0


class AudioFile:
    """Input of calls: each call hears the file from its beginning, then silence.

    A file of up to a minute is decoded once and kept; a longer one is decoded while it is sent.
    """

    def __init__(self, path: str | Path, *, loop: bool = False) -> None:
        """Open the file and look that it can be played.

        Args:
            path: A file that FFmpeg reads: WAV, MP3, Ogg, FLAC, M4A and so on.
            loop: Start again at the end, for as long as the call lasts.

        Raises:
            AudioFileError: The file is absent, or holds no audio that can be decoded.
        """
        self.path = Path(path)
        self._loop = loop
        self.sample_rate_hz, duration = _examine(self.path)
        """Rate at which the file is played: its own, or the next higher of 8 to 48 kHz."""
        self._cached: Samples | None = None
        if duration is not None and duration <= _LONGEST_CACHED:
            self._cached = self._decode_all()

    def _decode_all(self) -> Samples:
        return np.concatenate(list(_decode(self.path, self.sample_rate_hz)))

    def open_source(self) -> AudioSource:
        """Open the file for one call.

        Raises:
            AudioFileError: The file cannot be read any more.
        """
        if self._cached is not None:
            return CachedSource(self._cached, self.sample_rate_hz, loop=self._loop)
        _examine(self.path)
        return StreamedSource(self.path, self.sample_rate_hz, loop=self._loop)


class CachedSource:
    """Plays samples that are in memory, for one call."""

    def __init__(self, samples: Samples, sample_rate_hz: int, *, loop: bool) -> None:
        """Play `samples`, which several sources may share."""
        self._samples = samples
        self._rate = sample_rate_hz
        self._loop = loop
        self._at = 0

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the samples."""
        return self._rate

    def read(self, count: int) -> Samples | None:
        """Take the next samples; None after the end."""
        start = self._at
        end = self._at = start + count
        total = len(self._samples)
        if end <= total:
            return self._samples[start:end]
        if self._loop:
            self._at = end % total
            return self._samples.take(range(start, end), mode="wrap")
        self._at = total
        if start >= total:
            return None
        taken = np.zeros(count, np.int16)
        taken[: total - start] = self._samples[start:]
        return taken

    def close(self) -> None:
        """Let go of the samples."""
        self._samples = self._samples[:0]
        self._loop = False


class StreamedSource:
    """Decodes a file while it is played, for one call."""

    def __init__(self, path: Path, sample_rate_hz: int, *, loop: bool) -> None:
        """Play a file that can be opened."""
        self._path = path
        self._rate = sample_rate_hz
        self._loop = loop
        self._decoded: Iterator[Samples] | None = _decode(path, sample_rate_hz)
        self._chunks: deque[Samples] = deque()
        self._queued = 0
        self._got_any = False

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the samples."""
        return self._rate

    def read(self, count: int) -> Samples | None:
        """Take the next samples; None after the end, or where the file cannot be read further."""
        while self._queued < count and self._decoded is not None:
            self._decode_more(self._decoded)
        if not self._queued:
            return None
        taken = np.zeros(count, np.int16)
        filled = 0
        while filled < count and self._chunks:
            chunk = self._chunks.popleft()
            part = chunk[: count - filled]
            taken[filled : filled + len(part)] = part
            filled += len(part)
            if len(part) < len(chunk):
                self._chunks.appendleft(chunk[len(part) :])
        self._queued -= filled
        return taken

    def _decode_more(self, decoded: Iterator[Samples]) -> None:
        try:
            chunk = next(decoded, None)
        except AudioFileError as error:
            logger.warning("The file is played no further: %s", error)
            self._decoded = None
            return
        if chunk is not None:
            self._got_any = True
            self._chunks.append(chunk)
            self._queued += len(chunk)
        elif self._loop and self._got_any:
            self._got_any = False
            self._decoded = _decode(self._path, self._rate)
        else:
            self._decoded = None

    def close(self) -> None:
        """Close the file."""
        self._decoded = None
        self._chunks.clear()
        self._queued = 0


def _examine(path: Path) -> tuple[int, float | None]:
    """Find the rate to play a file at and its length in seconds, if it says."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise AudioFileError(f"{path} holds no audio")
            stream = container.streams.audio[0]
            duration = container.duration
            own_rate = stream.rate or _RATES_HZ[-1]
            if next(container.decode(stream), None) is None:
                raise AudioFileError(f"{path} holds no audio")
    except (OSError, av.FFmpegError) as error:
        raise AudioFileError(f"{path} cannot be opened: {error}") from error
    rate = next((rate for rate in _RATES_HZ if rate >= own_rate), _RATES_HZ[-1])
    return rate, None if duration is None else duration / 1_000_000


def _decode(path: Path, rate: int) -> Iterator[Samples]:
    """Decode a file from its beginning, mixed down to mono, at a rate.

    Raises:
        AudioFileError: The file cannot be opened or decoded any further.
    """
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(audio=0):
                for made in resampler.resample(frame):
                    yield made.to_ndarray()[0]
            for made in resampler.resample(None):
                yield made.to_ndarray()[0]
    except (OSError, av.FFmpegError) as error:
        raise AudioFileError(f"{path} cannot be decoded: {error}") from error
