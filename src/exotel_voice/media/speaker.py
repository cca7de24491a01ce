"""A speaker as the output of calls."""

from __future__ import annotations

import itertools

import numpy as np

from exotel_voice.devices.device import AudioDevice, DeviceKind
from exotel_voice.devices.echo import feed_taps, tap_rates
from exotel_voice.errors import ConfigError
from exotel_voice.media.audio import AudioSink, Samples
from exotel_voice.media.resample import Resampler
from exotel_voice.media.sound_card import CardLine, SoundCard

__all__ = ["Speaker", "SpeakerSink"]

_numbers = itertools.count()


class Speaker:
    """Output of calls: what the far side says is played by a sound card.

    The card is opened when a call needs it. One object serves any number of calls, which then
    sound at the same time.
    """

    def __init__(
        self, device: str | None = None, *, volume: float = 1.0, sample_rate_hz: int = 16000
    ) -> None:
        """Choose a speaker. Nothing is opened yet.

        Args:
            device: Id or name of a device, as `exotel-voice devices` lists them; None for the
                system's default.
            volume: 0 to 1.
            sample_rate_hz: 8000, 16000, 32000 or 48000.

        Raises:
            ConfigError: A value is out of range.
        """
        self.card = SoundCard(DeviceKind.OUTPUT, device, sample_rate_hz)
        """Which device is used, and what happens when it vanishes."""
        self._volume = 1.0
        self.volume = volume

    def __repr__(self) -> str:
        return f"Speaker({self.card.wanted!r})"

    @property
    def device(self) -> AudioDevice | None:
        """The device that was used last; None before the first call."""
        return self.card.current

    @property
    def volume(self) -> float:
        """How loud calls are, 0 to 1."""
        return self._volume

    @volume.setter
    def volume(self, value: float) -> None:
        """Set how loud calls are, 0 to 1; also open ones.

        Raises:
            ConfigError: The value is out of range.
        """
        if not 0.0 <= value <= 1.0:
            raise ConfigError(f"volume is {value}, and must be from 0 to 1")
        self._volume = float(value)

    async def change(self, device: str | None, *, force: bool = False) -> AudioDevice:
        """Use another speaker from now on, in open calls too, without a gap.

        Args:
            device: Id or name; None or `default` for the system's default.
            force: Open the device anew where it is in use already.

        Raises:
            AudioDeviceError: There is no such device, or it cannot be opened; all stays as it was.
        """
        return await self.card.change(device, force=force)

    def open_sink(self) -> AudioSink:
        """Open the speaker for one call; the event loop stands still for some milliseconds.

        Raises:
            AudioDeviceError: There is no speaker, or it cannot be opened.
        """
        return SpeakerSink(self, self.card.open_line())


class SpeakerSink:
    """The speaker as one call plays to it."""

    def __init__(self, speaker: Speaker, line: CardLine) -> None:
        self._speaker = speaker
        self._line = line
        self._rate = speaker.card.sample_rate_hz
        self._number = next(_numbers)
        self._resamplers: dict[int, Resampler] = {}
        self._is_closed = False

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the samples."""
        return self._rate

    def play(self, samples: Samples) -> None:
        """Play 20 ms, and hand it to the echo cancellers of open microphones."""
        if self._is_closed:
            return
        volume = self._speaker.volume
        played = samples.copy()
        if volume < 1.0:
            played = (samples * np.float32(volume)).astype(np.int16)
        self._line.turn().write(played)
        for rate in tap_rates():
            feed_taps(self._number, self._at(rate, played), rate)

    def _at(self, rate: int, samples: Samples) -> Samples:
        if rate == self._rate:
            return samples
        if rate not in self._resamplers:
            self._resamplers[rate] = Resampler(self._rate, rate)
        return self._resamplers[rate].resample(samples)

    def close(self) -> None:
        """Give the speaker back."""
        if not self._is_closed:
            self._is_closed = True
            self._line.close()
