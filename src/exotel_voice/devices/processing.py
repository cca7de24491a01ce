"""What is done to a microphone's sound before it is sent: echo, noise and loudness.

Done by the audio processing of WebRTC, as browsers have it, through the library `pywebrtc-audio`;
where that cannot be loaded the sound is sent as it is, which is logged once. Another processing
can take its place: `AudioProcessor` is the seam.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from exotel_voice.devices.buffer import Samples
from exotel_voice.errors import ConfigError

if TYPE_CHECKING:
    import pywebrtc_audio

__all__ = ["AudioProcessor", "PlainProcessor", "VoiceProcessing", "make_processor"]

logger = logging.getLogger("exotel_voice.devices")

_RATES_HZ: Final = (8000, 16000, 32000, 48000)
_MOST_GAIN_DB: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceProcessing:
    """What is to be done; all is on by default, as in browsers.

    Raises:
        ConfigError: The level is out of range.
    """

    echo_cancellation: bool = True
    """Take out what the speakers of this process play and the microphone hears."""
    noise_suppression: bool = True
    """Take out steady noise, such as a fan."""
    gain_control: bool = True
    """Bring quiet and loud voices to one loudness."""
    noise_level: int = 2
    """How much noise goes, 0 to 3: 6, 12, 18 or 21 dB."""

    def __post_init__(self) -> None:
        if not 0 <= self.noise_level <= 3:
            raise ConfigError("noise_level must be from 0 to 3")

    @property
    def is_off(self) -> bool:
        """Whether nothing is to be done."""
        return not (self.echo_cancellation or self.noise_suppression or self.gain_control)


class AudioProcessor(Protocol):
    """Processes the sound of one microphone, 20 ms at a time, in one thread."""

    def process(self, near: Samples, far: Samples) -> Samples:
        """Process a frame.

        Args:
            near: What the microphone heard.
            far: What the speakers were given meanwhile: as many samples, silence where none.

        Returns:
            As many samples.
        """
        ...

    def configure(self, settings: VoiceProcessing) -> None:
        """Take other settings; what has been learnt of the room is kept."""
        ...


class PlainProcessor:
    """Leaves the sound as it is."""

    def process(self, near: Samples, far: Samples) -> Samples:
        """Give back what the microphone heard."""
        del far
        return near

    def configure(self, settings: VoiceProcessing) -> None:
        """Take no note."""


class WebRtcProcessor:
    """The three stages of WebRTC, one after the other; each can be left out at any time."""

    def __init__(self, sample_rate_hz: int, settings: VoiceProcessing) -> None:
        # Loaded when a microphone is opened, because most programs have none.
        self._library = import_module("pywebrtc_audio")
        self._rate = sample_rate_hz
        self._echo: pywebrtc_audio.EchoCanceller = self._library.EchoCanceller(sample_rate_hz, 1)
        self._noise = self._make_noise(settings)
        self._gain = self._make_gain()
        self._settings = settings

    def _make_noise(self, settings: VoiceProcessing) -> pywebrtc_audio.NoiseSuppressor:
        noise: pywebrtc_audio.NoiseSuppressor = self._library.NoiseSuppressor(
            self._rate, 1, settings.noise_level
        )
        return noise

    def _make_gain(self) -> pywebrtc_audio.GainController:
        gain: pywebrtc_audio.GainController = self._library.GainController(
            self._rate, 1, max_gain_db=_MOST_GAIN_DB
        )
        return gain

    def configure(self, settings: VoiceProcessing) -> None:
        """Take other settings; the canceller keeps what it knows of the room."""
        if settings.noise_level != self._settings.noise_level:
            self._noise = self._make_noise(settings)
        self._settings = settings

    def process(self, near: Samples, far: Samples) -> Samples:
        """Take out echo, then noise, then set the loudness."""
        settings = self._settings
        made = near
        if settings.echo_cancellation:
            made = self._echo.process(np.ascontiguousarray(made), np.ascontiguousarray(far))
        if settings.noise_suppression:
            made = self._noise.process(np.ascontiguousarray(made))
        if settings.gain_control:
            made = self._gain.process(np.ascontiguousarray(made))
        return made


def make_processor(sample_rate_hz: int, settings: VoiceProcessing) -> AudioProcessor:
    """Make the processing of one microphone; one that does nothing where it cannot be had."""
    if sample_rate_hz not in _RATES_HZ:
        logger.warning("no voice processing at %d Hz", sample_rate_hz)
        return PlainProcessor()
    try:
        return WebRtcProcessor(sample_rate_hz, settings)
    except ImportError as error:  # pragma: no cover - where there is no wheel
        logger.warning("echo and noise are not taken out: pywebrtc-audio: %s", error)
        return PlainProcessor()
