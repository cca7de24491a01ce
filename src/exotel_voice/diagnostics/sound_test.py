"""Speaker and microphone tests: a sound goes out or in, and its level is told (guide 5.11)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from exotel_voice.errors import MediaError
from exotel_voice.media.audio import AudioInput, AudioOutput, AudioSink, AudioSource
from exotel_voice.media.clock import TICK, MediaClock
from exotel_voice.media.tone import RING_TONE, level_of

__all__ = ["LevelCurve", "MicrophoneTest", "SpeakerTest"]

logger = logging.getLogger("exotel_voice.diagnostics")

OnLevel = Callable[[str, float, str], None]

_TICKS_PER_LEVEL: Final = 4
_CURVE_LIMIT: Final = 3000
_TICKS_UNTIL_ERROR: Final = 75
_AUDIBLE: Final = 0.003


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelCurve:
    """What a sound test has measured."""

    levels: tuple[float, ...]
    """Levels from 0 to 1, `interval` apart."""
    interval: float
    """Seconds between two levels."""
    error: str
    """Why there is no sound; empty where there is."""

    @property
    def peak(self) -> float:
        """The highest level."""
        return max(self.levels, default=0.0)

    @property
    def is_audible(self) -> bool:
        """Whether there was more than the noise of a good microphone."""
        return not self.error and self.peak >= _AUDIBLE


class _SoundTest:
    """What both tests have in common: turns on the tick of the calls, and levels told."""

    is_heavy = False

    def __init__(self, key: str, on_level: OnLevel) -> None:
        self._key = key
        self._on_level = on_level
        self._levels: list[float] = []
        self._loudest = 0.0
        self._ticks = 0
        self._error = ""
        self._clock: MediaClock | None = None

    @property
    def is_running(self) -> bool:
        """Whether the test has begun and not ended."""
        return self._clock is not None

    @property
    def curve(self) -> LevelCurve:
        """What was measured so far."""
        return LevelCurve(
            levels=tuple(self._levels), interval=TICK * _TICKS_PER_LEVEL, error=self._error
        )

    def start(self) -> None:
        """Begin, in the running event loop. A device that cannot be opened is told as an error."""
        if self._clock is not None:
            return
        try:
            self._open()
        except MediaError as error:
            self._error = str(error)
            logger.warning("%s test: %s", self._key, error)
        self._clock = MediaClock.of_running_loop()
        self._clock.join(self)

    def stop(self) -> LevelCurve:
        """End, and give the device back. Safe to call more than once."""
        if self._clock is not None:
            self._clock.leave(self)
            self._clock = None
            self._close()
        return self.curve

    def begin(self, now: float, missed: int) -> None:
        """Take a turn. Called by the clock."""
        del now, missed
        self._loudest = max(self._loudest, self._turn())
        self._ticks += 1
        if self._ticks % _TICKS_PER_LEVEL == 0:
            level, self._loudest = min(1.0, self._loudest), 0.0
            if len(self._levels) < _CURVE_LIMIT:
                self._levels.append(level)
            self._on_level(self._key, level, f"{self._key} {'error' if self._error else 'ok'}")

    def work(self) -> None:
        """Do nothing: there is nothing to encode. Called by the clock."""

    def finish(self) -> None:
        """Do nothing: there is nothing to send. Called by the clock."""

    def _open(self) -> None:
        """Open the device.

        Raises:
            MediaError: It cannot be opened.
        """

    def _close(self) -> None:
        """Give the device back."""

    def _turn(self) -> float:
        """Play or take 20 ms, and give its level."""
        return 0.0


class SpeakerTest(_SoundTest):
    """Plays a ring tone and tells its level, more than ten times a second.

    Args:
        output: Where to play.
        on_level: Called with `speaker`, the level from 0 to 1, and `speaker ok` or
            `speaker error`.
        volume: How loud, 0 to 1.
    """

    def __init__(self, output: AudioOutput, on_level: OnLevel, *, volume: float = 1.0) -> None:
        super().__init__("speaker", on_level)
        self._output = output
        self._volume = volume
        self._sink: AudioSink | None = None
        self._at = 0

    def _open(self) -> None:
        self._sink = self._output.open_sink()
        self._tone = RING_TONE.period(self._sink.sample_rate_hz)
        self._tone = (self._tone * self._volume).astype(self._tone.dtype)

    def _close(self) -> None:
        if self._sink is not None:
            self._sink.close()
            self._sink = None

    def _turn(self) -> float:
        if self._sink is None:
            return 0.0
        count = round(self._sink.sample_rate_hz * TICK)
        if self._at + count > len(self._tone):
            self._at = 0
        frame = self._tone[self._at : self._at + count]
        self._at += count
        self._sink.play(frame)
        return level_of(frame)


class MicrophoneTest(_SoundTest):
    """Listens and tells how loud it is, more than ten times a second.

    Args:
        source: What to listen to.
        on_level: Called with `mic`, the level from 0 to 1, and `mic ok` or `mic error`.
    """

    def __init__(self, source: AudioInput, on_level: OnLevel) -> None:
        super().__init__("mic", on_level)
        self._input = source
        self._source: AudioSource | None = None
        self._silent_ticks = 0

    def _open(self) -> None:
        self._source = self._input.open_source()

    def _close(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None

    def _turn(self) -> float:
        if self._source is None:
            return 0.0
        heard = self._source.read(round(self._source.sample_rate_hz * TICK))
        if heard is not None:
            self._silent_ticks = 0
            self._error = ""
            return level_of(heard)
        self._silent_ticks += 1
        if self._silent_ticks >= _TICKS_UNTIL_ERROR:
            self._error = "the microphone is open, but gives no sound"
        return 0.0
