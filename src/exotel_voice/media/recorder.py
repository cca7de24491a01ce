"""Recording calls to WAV files, 16 bits, with a header that is valid at any moment."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path
from struct import Struct
from typing import BinaryIO, Final

import numpy as np

from exotel_voice.errors import AudioFileError, ConfigError
from exotel_voice.media.audio import AudioSink, Samples

__all__ = ["AudioRecorder", "OneSideRecording", "TwoSidesRecording"]

logger = logging.getLogger("exotel_voice.media")

_RATES_HZ: Final = (8000, 16000, 24000, 48000)
_HEADER: Final = Struct("<4sI4s4sIHHIIHH4sI")
_MOST_BYTES: Final = 0xFFFF0000
_FRAMES_BETWEEN_HEADERS: Final = 50


class AudioRecorder:
    """Output of calls: what the far side says, or both sides, as a WAV file."""

    def __init__(
        self, path: str | Path, *, sample_rate_hz: int = 16000, both_sides: bool = False
    ) -> None:
        """Name the file. It is made, or made anew, when a call begins.

        Where the recorder serves several calls, the second writes to `name-2.wav`, and so on.

        Args:
            path: The file.
            sample_rate_hz: 8000, 16000, 24000 or 48000.
            both_sides: Record in stereo: the far side on the left, this side on the right.

        Raises:
            ConfigError: The rate is another.
            AudioFileError: The folder of the file is not there.
        """
        if sample_rate_hz not in _RATES_HZ:
            rates = ", ".join(str(rate) for rate in _RATES_HZ)
            raise ConfigError(f"sample_rate_hz is {sample_rate_hz}, and must be one of {rates}")
        self.path = Path(path)
        if not self.path.parent.is_dir():
            raise AudioFileError(
                f"{self.path} cannot be written: its folder is not there",
                hint="Make the folder, or give another path.",
            )
        self.sample_rate_hz = sample_rate_hz
        self._both_sides = both_sides
        self._calls = 0

    def open_sink(self) -> AudioSink:
        """Make the file of one call.

        Raises:
            AudioFileError: It cannot be made.
        """
        self._calls += 1
        path = self.path
        if self._calls > 1:
            path = path.with_stem(f"{path.stem}-{self._calls}")
        wav = _WavFile(path, self.sample_rate_hz, channels=2 if self._both_sides else 1)
        return TwoSidesRecording(wav) if self._both_sides else OneSideRecording(wav)


class _WavFile:
    """A WAV file that is written as it grows.

    The header is brought up to date each second, so that a process that dies loses no more.
    """

    def __init__(self, path: Path, sample_rate_hz: int, *, channels: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._path = path
        self._channels = channels
        self._bytes = 0
        self._frames = 0
        self._file: BinaryIO | None = None
        try:
            self._file = path.open("wb")
            self._write_header(self._file)
        except OSError as error:
            self._drop()
            raise AudioFileError(
                f"{path} cannot be written: {error}",
                hint="Give the path of a file that this program may write.",
            ) from error

    def _write_header(self, file: BinaryIO) -> None:
        width = 2 * self._channels
        rate = self.sample_rate_hz
        head = (b"RIFF", 36 + self._bytes, b"WAVE", b"fmt ", 16, 1, self._channels)
        file.seek(0)
        file.write(_HEADER.pack(*head, rate, rate * width, width, 16, b"data", self._bytes))
        file.seek(0, 2)
        file.flush()

    def write(self, samples: Samples) -> None:
        """Append samples, interleaved where there are two channels; never raises."""
        file = self._file
        if file is None:
            return
        data = samples.astype("<i2", copy=False).tobytes()
        if self._bytes + len(data) > _MOST_BYTES:
            logger.warning("%s has reached the size that WAV allows: recording stops", self._path)
            self.close()
            return
        try:
            file.write(data)
            self._bytes += len(data)
            self._frames += 1
            if self._frames % _FRAMES_BETWEEN_HEADERS == 0:
                self._write_header(file)
        except OSError as error:
            logger.warning("%s is written no further: %s", self._path, error)
            self._drop()

    def _drop(self) -> None:
        """Let go of a file that cannot be written."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()

    def close(self) -> None:
        """Finish the file; never raises."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            with file:
                self._write_header(file)
        except OSError as error:
            logger.warning("%s could not be finished: %s", self._path, error)


class OneSideRecording:
    """Writes what the far side says in one call."""

    def __init__(self, wav: _WavFile) -> None:
        """Write to `wav`."""
        self._wav = wav

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the file."""
        return self._wav.sample_rate_hz

    def play(self, samples: Samples) -> None:
        """Append 20 ms."""
        self._wav.write(samples)

    def close(self) -> None:
        """Finish the file."""
        self._wav.close()


class TwoSidesRecording:
    """Writes both sides of one call: the far side on the left, this side on the right."""

    def __init__(self, wav: _WavFile) -> None:
        """Write to `wav`."""
        self._wav = wav
        self._sent: Samples | None = None

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the file."""
        return self._wav.sample_rate_hz

    def play_sent(self, samples: Samples) -> None:
        """Keep 20 ms of this side until the far side's of the same tick come."""
        self._flush()
        self._sent = samples.copy()

    def play(self, samples: Samples) -> None:
        """Append 20 ms of both."""
        sent, self._sent = self._sent, None
        self._write(samples, sent)

    def _write(self, received: Samples | None, sent: Samples | None) -> None:
        both = np.zeros((self.sample_rate_hz // 50, 2), np.int16)
        if received is not None:
            both[:, 0] = received
        if sent is not None:
            both[:, 1] = sent
        self._wav.write(both.ravel())

    def _flush(self) -> None:
        """Write what this side said in a tick in which nothing came."""
        if self._sent is not None:
            self._write(None, self._sent)
            self._sent = None

    def close(self) -> None:
        """Finish the file."""
        self._flush()
        self._wav.close()
