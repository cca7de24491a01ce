"""Where the audio of a call comes from and where it goes: two small protocols, and silence.

A *source* is read by the call's stream every 20 ms; a *sink* is given what the far side said every
20 ms. Both are opened per call by an *input* or *output*, which is what an application hands to
`NativeMedia`: `Silence`, `PcmStream`, `AudioFile`, `AudioRecorder`.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

__all__ = [
    "AudioInput",
    "AudioOutput",
    "AudioSink",
    "AudioSource",
    "CheckedInput",
    "Samples",
    "Silence",
    "TwoWaySink",
]

Samples = npt.NDArray[np.int16]
"""16-bit mono PCM in native byte order."""


class AudioSource(Protocol):
    """Gives the audio that one call sends. Its methods are called in the event loop."""

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the samples that `read` gives. It does not change."""
        ...

    def read(self, count: int) -> Samples | None:
        """Take the next `count` samples, or None where there is nothing: silence is then sent.

        Called every 20 ms while the call sends. Must return at once, and never raises. The array
        may be overwritten by the next call.
        """
        ...

    def close(self) -> None:
        """Free what the source holds. Safe to call more than once; never raises."""
        ...


class AudioSink(Protocol):
    """Takes the audio that one call receives. Its methods are called in the event loop."""

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the samples that `play` takes. It does not change."""
        ...

    def play(self, samples: Samples) -> None:
        """Take the next 20 ms. Must return at once, never raises, and copies what it keeps."""
        ...

    def close(self) -> None:
        """Free what the sink holds. Safe to call more than once; never raises."""
        ...


@runtime_checkable
class TwoWaySink(Protocol):
    """A sink that wants to hear this side too, as a recorder of both sides does."""

    def play_sent(self, samples: Samples) -> None:
        """Take 20 ms of this side, at the sink's rate: silence where it sends none.

        Called in each tick in which anything is sent or played, before `play`.
        """
        ...


@runtime_checkable
class AudioInput(Protocol):
    """What an application names as the input of its calls."""

    def open_source(self) -> AudioSource:
        """Open the source of one call, in the running event loop.

        Raises:
            MediaError: It cannot be opened (`AudioFileError`, `MicrophoneDenied`).
        """
        ...


@runtime_checkable
class CheckedInput(Protocol):
    """An input that can be looked at before a call, as a microphone can."""

    async def check(self) -> None:
        """Look whether it can be opened, within two seconds.

        Raises:
            MediaError: It cannot.
        """
        ...


@runtime_checkable
class AudioOutput(Protocol):
    """What an application names as the output of its calls."""

    def open_sink(self) -> AudioSink:
        """Open the sink of one call, in the running event loop.

        Raises:
            MediaError: It cannot be opened (`AudioFileError`).
        """
        ...


class Silence:
    """Input: silence is sent. Output: what the far side says is dropped.

    It keeps nothing, so one object serves any number of calls and both directions.
    """

    @property
    def sample_rate_hz(self) -> int:
        """8000; no sample is ever made."""
        return 8000

    def open_source(self) -> Silence:
        """Give the source of one call: this object."""
        return self

    def open_sink(self) -> Silence:
        """Give the sink of one call: this object."""
        return self

    def read(self, count: int) -> None:
        """Give nothing, so that the stream sends silence."""

    def play(self, samples: Samples) -> None:
        """Drop the samples."""

    def close(self) -> None:
        """Do nothing: there is nothing to free."""
