"""The sound of one client: its microphone, its speaker, and the engine that they belong to.

A client that is given no engine uses the sound cards of the machine. Where one is absent its calls
go on with silence in its place, and a warning says so.
"""

from __future__ import annotations

import logging
from typing import Final

from exotel_voice.errors import AudioDeviceError, ConfigError, MicrophoneDenied
from exotel_voice.media.audio import AudioSink, AudioSource, Silence
from exotel_voice.media.base import MediaEngine
from exotel_voice.media.microphone import Microphone
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.speaker import Speaker

__all__ = ["SOUND_NAMES", "ClientSound", "MicrophoneIfAny", "SpeakerIfAny"]

logger = logging.getLogger("exotel_voice.client")

SOUND_NAMES: Final = ("ringtone", "ringbacktone", "dtmftone", "beeptone")
"""The sounds whose volume can be set one by one."""


class MicrophoneIfAny:
    """Input of calls: a microphone, or silence where there is none."""

    def __init__(self, microphone: Microphone) -> None:
        self.microphone = microphone

    async def check(self) -> None:
        """Look whether there is a microphone.

        Raises:
            MicrophoneDenied: There is none, or it cannot be opened.
        """
        await self.microphone.check()

    def open_source(self) -> AudioSource:
        """Open the microphone for one call."""
        try:
            return self.microphone.open_source()
        except MicrophoneDenied as error:
            logger.warning("the call has no microphone: %s", error)
            return Silence()


class SpeakerIfAny:
    """Output of calls: a speaker, or nothing where there is none."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker

    def open_sink(self) -> AudioSink:
        """Open the speaker for one call."""
        try:
            return self.speaker.open_sink()
        except AudioDeviceError as error:
            logger.warning("the call has no speaker: %s", error)
            return Silence()


class ClientSound:
    """Microphone, speaker and engine of one client.

    Args:
        media: The engine to use; its own microphone and speaker, if it has some, are the client's.
            None for an engine of the client's own, on the sound cards.
    """

    def __init__(self, media: MediaEngine | None) -> None:
        self._given = media
        self._own: NativeMedia | None = None
        self._own_ends = (Microphone(), Speaker())
        self.microphone: Microphone | None = None
        self.speaker: Speaker | None = None
        self._volumes = dict.fromkeys(SOUND_NAMES, 1.0)
        if media is None:
            self.microphone, self.speaker = self._own_ends
        elif isinstance(media, NativeMedia):
            ends = (media.input, media.output)
            self.microphone = next((end for end in ends if isinstance(end, Microphone)), None)
            self.speaker = next((end for end in ends if isinstance(end, Speaker)), None)

    @property
    def engine(self) -> MediaEngine:
        """The engine of the client's calls; its own is made when it is first needed."""
        if self._given is not None:
            return self._given
        if self._own is None:
            microphone, speaker = self._own_ends
            self._own = NativeMedia(input=MicrophoneIfAny(microphone), output=SpeakerIfAny(speaker))
        return self._own

    def prefer_codec(self, name: str) -> None:
        """Put a codec first in calls that begin from now on.

        Raises:
            ConfigError: The codec is not known, or the engine leaves no choice.
        """
        engine = self.engine
        if not isinstance(engine, NativeMedia):
            raise ConfigError("this media engine leaves no choice of codec")
        engine.prefer_codec(name)

    def set_volume(self, name: str, value: float) -> None:
        """Set how loud one of `SOUND_NAMES` is, 0 to 1.

        Raises:
            ConfigError: The name is unknown, or the value out of range.
        """
        if name not in self._volumes:
            raise ConfigError(f"{name!r} is no sound: {', '.join(SOUND_NAMES)}")
        if not 0.0 <= value <= 1.0:
            raise ConfigError(f"the volume {value} is not from 0 to 1")
        self._volumes[name] = float(value)

    def volume(self, name: str) -> float:
        """How loud one of `SOUND_NAMES` is.

        Raises:
            ConfigError: The name is unknown.
        """
        if name not in self._volumes:
            raise ConfigError(f"{name!r} is no sound: {', '.join(SOUND_NAMES)}")
        return self._volumes[name]

    async def aclose(self) -> None:
        """Close the engine, if it is the client's own."""
        own, self._own = self._own, None
        if own is not None:
            await own.aclose()
