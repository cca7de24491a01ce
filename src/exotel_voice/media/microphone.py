"""A microphone as the input of calls, with echo and noise taken out."""

from __future__ import annotations

import numpy as np

from exotel_voice.devices.device import AudioDevice, DeviceKind
from exotel_voice.devices.echo import EchoTap
from exotel_voice.devices.processing import AudioProcessor, VoiceProcessing, make_processor
from exotel_voice.errors import AudioDeviceError, MicrophoneDenied
from exotel_voice.media.audio import AudioSource, Samples
from exotel_voice.media.sound_card import CardLine, SoundCard

__all__ = ["Microphone", "MicrophoneSource"]


class Microphone:
    """Input of calls: what a sound card's microphone hears.

        media = NativeMedia(input=Microphone(), output=Speaker())

    The card is opened when a call needs it. One object serves any number of calls.
    """

    def __init__(
        self,
        device: str | None = None,
        *,
        processing: VoiceProcessing | None = None,
        sample_rate_hz: int = 16000,
    ) -> None:
        """Choose a microphone. Nothing is opened yet.

        Args:
            device: Id or name of a device, as `exotel-voice devices` lists them; None for the
                system's default.
            processing: What is done to the sound; by default echo cancellation, noise suppression
                and gain control.
            sample_rate_hz: 8000, 16000, 32000 or 48000.

        Raises:
            ConfigError: The rate is another, or the device is empty text.
        """
        self.card = SoundCard(DeviceKind.INPUT, device, sample_rate_hz)
        """Which device is used, and what happens when it vanishes."""
        self._processing = processing or VoiceProcessing()
        self._sources: set[MicrophoneSource] = set()

    def __repr__(self) -> str:
        return f"Microphone({self.card.wanted!r})"

    @property
    def device(self) -> AudioDevice | None:
        """The device that was used last; None before the first call."""
        return self.card.current

    @property
    def processing(self) -> VoiceProcessing:
        """What is done to the sound."""
        return self._processing

    def set_processing(self, processing: VoiceProcessing) -> None:
        """Do something else to the sound from now on, in open calls too."""
        self._processing = processing
        for source in self._sources:
            source.configure(processing)

    async def change(self, device: str | None, *, force: bool = False) -> AudioDevice:
        """Use another microphone from now on, in open calls too, without a gap.

        Args:
            device: Id or name; None or `default` for the system's default.
            force: Open the device anew where it is in use already.

        Raises:
            AudioDeviceError: There is no such device, or it cannot be opened; all stays as it was.
        """
        return await self.card.change(device, force=force)

    async def check(self) -> None:
        """Look whether the microphone can be opened, by opening it for a moment.

        Raises:
            MicrophoneDenied: There is none, or it cannot be opened.
            AudioDeviceError: The sound service did not answer in time.
        """
        await self.card.check()

    def open_source(self) -> AudioSource:
        """Open the microphone for one call; the event loop stands still for some milliseconds.

        Raises:
            MicrophoneDenied: There is no microphone, or it cannot be opened.
        """
        try:
            line = self.card.open_line()
        except AudioDeviceError as error:
            raise MicrophoneDenied(error.message, hint=error.hint) from error
        source = MicrophoneSource(self, line)
        self._sources.add(source)
        return source

    def forget(self, source: MicrophoneSource) -> None:
        """Take note that a call has ended."""
        self._sources.discard(source)


class MicrophoneSource:
    """The microphone as one call hears it."""

    def __init__(self, microphone: Microphone, line: CardLine) -> None:
        self._microphone = microphone
        self._line = line
        self._rate = microphone.card.sample_rate_hz
        self._settings = microphone.processing
        self._processor: AudioProcessor | None = None
        self._tap: EchoTap | None = None
        self._is_closed = False
        self.configure(microphone.processing)

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the samples."""
        return self._rate

    def configure(self, settings: VoiceProcessing) -> None:
        """Do this to the sound from now on."""
        self._settings = settings
        if settings.is_off or self._is_closed:
            return
        if self._processor is None:
            self._processor = make_processor(self._rate, settings)
        if self._tap is None:
            self._tap = EchoTap(self._rate)
        self._processor.configure(settings)

    def read(self, count: int) -> Samples | None:
        """Take the next samples; None where the card has given too few."""
        if self._is_closed:
            return None
        heard = self._line.turn().read(count)
        if self._processor is None or self._tap is None or self._settings.is_off:
            return heard
        # What is played is read in any case, so that it keeps step with what is heard.
        played = self._tap.read(count)
        if heard is None:
            heard = np.zeros(count, np.int16)
        return self._processor.process(heard, played)

    def close(self) -> None:
        """Give the microphone back."""
        if not self._is_closed:
            self._is_closed = True
            self._line.close()
            self._microphone.forget(self)
            if self._tap is not None:
                self._tap.close()
