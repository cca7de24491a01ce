"""The sound system of this machine behind one protocol, whichever library serves it."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from typing import Final, Protocol

from exotel_voice.devices.buffer import DriftBuffer
from exotel_voice.devices.device import AudioDevice
from exotel_voice.errors import AudioDeviceError, ConfigError

__all__ = ["CardStream", "SoundSystem", "list_devices", "sound_system"]

LIBRARIES: Final = ("miniaudio", "sounddevice")


class CardStream(Protocol):
    """A stream between a sound card and a buffer, running from the start."""

    def close(self) -> None:
        """Stop it and give the card back. May block; safe to call more than once."""
        ...


class SoundSystem(Protocol):
    """What a sound library does for us. Its methods may block, and may be called in any thread."""

    @property
    def name(self) -> str:
        """The library and the system below it, for reports: `miniaudio (PulseAudio)`."""
        ...

    def devices(self) -> tuple[AudioDevice, ...]:
        """List the devices that there are now.

        Raises:
            AudioDeviceError: The system does not answer.
        """
        ...

    def open_input(self, device: AudioDevice, buffer: DriftBuffer) -> CardStream:
        """Let a microphone write to a buffer, at the buffer's rate.

        Raises:
            AudioDeviceError: It cannot be opened.
        """
        ...

    def open_output(self, device: AudioDevice, buffer: DriftBuffer) -> CardStream:
        """Let a speaker read from a buffer, at the buffer's rate.

        Raises:
            AudioDeviceError: It cannot be opened.
        """
        ...


_lock = threading.Lock()
_systems: dict[str, SoundSystem] = {}
# The libraries free their connections themselves, and cannot any more once Python has gone further.
atexit.register(_systems.clear)


def sound_system(library: str | None = None) -> SoundSystem:
    """Give the sound system, loading a library when it is first asked for.

    Args:
        library: `miniaudio` or `sounddevice`; None for the first that works.

    Raises:
        AudioDeviceError: No library works on this machine, or there is no sound service.
        ConfigError: The library is another.
    """
    if library is not None and library not in LIBRARIES:
        raise ConfigError(f"The sound library {library!r} is not one of {', '.join(LIBRARIES)}")
    reasons: list[str] = []
    with _lock:
        for name in (library,) if library is not None else LIBRARIES:
            try:
                if name not in _systems:
                    _systems[name] = _LOADERS[name]()
                return _systems[name]
            except AudioDeviceError as error:
                reasons.append(error.message)
    raise AudioDeviceError("No sound card can be used: " + "; ".join(reasons))


def list_devices() -> tuple[AudioDevice, ...]:
    """List the sound devices of this machine; none where it has no sound card. May block."""
    try:
        return sound_system().devices()
    except AudioDeviceError:
        return ()


def _load_miniaudio() -> SoundSystem:
    from exotel_voice.devices.miniaudio_system import (  # noqa: PLC0415 - loaded when needed
        MiniaudioSystem,
    )

    return MiniaudioSystem()


def _load_sounddevice() -> SoundSystem:
    from exotel_voice.devices.sounddevice_system import (  # noqa: PLC0415 - loaded when needed
        SounddeviceSystem,
    )

    return SounddeviceSystem()


_LOADERS: Final[dict[str, Callable[[], SoundSystem]]] = {
    "miniaudio": _load_miniaudio,
    "sounddevice": _load_sounddevice,
}
