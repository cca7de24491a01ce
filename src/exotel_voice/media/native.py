"""The engine whose audio runs in this process: our SDP and RTP over aiortc's ICE and DTLS."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence

from exotel_voice.errors import ConfigError, InvalidState
from exotel_voice.media.audio import AudioInput, AudioOutput, CheckedInput
from exotel_voice.media.base import MediaEvent
from exotel_voice.media.codec import Codec, CodecSettings
from exotel_voice.media.codecs import available_codecs, find_codec
from exotel_voice.media.ice import IceSettings
from exotel_voice.media.native_session import NativeSession
from exotel_voice.media.negotiation import Negotiation
from exotel_voice.media.pcm import PcmStream

__all__ = ["NativeMedia"]


class NativeMedia:
    """Makes calls whose audio is encoded, encrypted and sent by this process.

    One engine serves any number of calls; they share one certificate and one 20 ms tick. Without
    arguments the application writes and reads PCM at 16,000 Hz, and silence is sent while it writes
    nothing.
    """

    def __init__(
        self,
        *,
        input: AudioInput | None = None,  # noqa: A002 - the name that the public API has
        output: AudioOutput | None = None,
        codecs: Sequence[str] = (),
        encoding: CodecSettings | None = None,
        ice: IceSettings | None = None,
    ) -> None:
        """Describe the calls to be made.

        Args:
            input: Where the audio that is sent comes from: `Microphone`, `PcmStream`, `AudioFile`,
                `Silence`.
            output: Where the audio that is received goes: `Speaker`, `PcmStream`, `AudioRecorder`,
                `Silence`.
            codecs: Names of the codecs to use, of `opus`, `G722`, `PCMU` and `PCMA`, the preferred
                first; that order then goes before the far side's. By default all that this machine
                has, Opus first, and an answer keeps to the order of the offer.
            encoding: How to encode where the codec leaves a choice.
            ice: STUN and TURN servers, and how paths are looked for.

        Raises:
            ConfigError: A codec is not known, or is not at hand on this machine.
        """
        self._input = input or PcmStream(sample_rate_hz=16000)
        self._output = output or PcmStream(sample_rate_hz=16000)
        self._encoding = encoding or CodecSettings()
        self._ice = ice or IceSettings()
        self._codecs = tuple(map(_codec, codecs)) or available_codecs()
        self._has_preference = bool(codecs)
        self._sessions: set[NativeSession] = set()
        self._is_closed = False

    @property
    def input(self) -> AudioInput:
        """Where the audio that is sent comes from."""
        return self._input

    @property
    def output(self) -> AudioOutput:
        """Where the audio that is received goes."""
        return self._output

    @property
    def ice(self) -> IceSettings:
        """STUN and TURN servers, and how paths are looked for."""
        return self._ice

    def prefer_codec(self, name: str) -> None:
        """Put one codec first in calls that begin from now on.

        Args:
            name: `opus`, `G722`, `PCMU` or `PCMA`, in any case.

        Raises:
            ConfigError: The codec is not known, or is not among those of this engine.
        """
        wanted = _codec(name)
        if wanted not in self._codecs:
            raise ConfigError(f"The codec {name} is not among those that this engine uses")
        self._codecs = (wanted, *(codec for codec in self._codecs if codec != wanted))
        self._has_preference = True

    def open_session(self, *, on_event: Callable[[MediaEvent], None]) -> NativeSession:
        """Make the audio session of one call. `on_event` is called in the event loop.

        Raises:
            InvalidState: The engine has been closed.
        """
        if self._is_closed:
            raise InvalidState("The media engine has been closed")
        negotiation = Negotiation(
            session_id=secrets.randbits(62), codecs=self._codecs, settings=self._encoding
        )
        negotiation.has_preference = self._has_preference
        session = NativeSession(
            negotiation=negotiation,
            ends=(self._input, self._output),
            ice=self._ice,
            on_event=on_event,
            on_closed=self._sessions.discard,
        )
        self._sessions.add(session)
        return session

    async def check_input(self) -> None:
        """Look whether the input works: that there is a microphone, and that it can be opened.

        Raises:
            MicrophoneDenied: It is not so.
            AudioDeviceError: The sound service does not answer.
        """
        if isinstance(self._input, CheckedInput):
            await self._input.check()

    async def aclose(self) -> None:
        """Close every session that is still open. Safe to call more than once."""
        self._is_closed = True
        await asyncio.gather(*(session.aclose() for session in self._sessions))


def _codec(name: str) -> Codec:
    codec = find_codec(name)
    if codec is None:
        known = ", ".join(item.name for item in available_codecs())
        raise ConfigError(f"The codec {name} is not at hand; this machine has {known}")
    return codec
