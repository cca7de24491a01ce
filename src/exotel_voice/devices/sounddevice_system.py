"""Sound cards through the library `sounddevice` (PortAudio), where miniaudio is not at hand.

Latency is `high`: with `low` a capture costs twenty times the work. PortAudio lists devices once,
when it starts; with no stream open it is started anew for each list, so that new ones are seen.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator
from typing import Any

import numpy as np

from exotel_voice.devices.buffer import DriftBuffer
from exotel_voice.devices.device import AudioDevice, DeviceKind
from exotel_voice.errors import AudioDeviceError

try:
    import sounddevice
except (ImportError, OSError) as error:
    raise AudioDeviceError(f"the library sounddevice cannot be loaded ({error})") from error

__all__ = ["SounddeviceSystem"]


class SounddeviceSystem:
    """The sound cards that PortAudio sees."""

    def __init__(self) -> None:
        """Look for devices.

        Raises:
            AudioDeviceError: There is none.
        """
        self._lock = threading.RLock()
        self._open = 0
        if not self.devices():
            raise AudioDeviceError("PortAudio lists no sound device")

    @property
    def name(self) -> str:
        """The library and its version."""
        return f"sounddevice ({sounddevice.get_portaudio_version()[1].split(',')[0]})"

    def devices(self) -> tuple[AudioDevice, ...]:
        """List the devices, anew where no stream is open."""
        with self._lock:
            if not self._open:
                self._look_again()
            defaults = tuple(sounddevice.default.device)
            return tuple(
                AudioDevice(
                    id=f"{info['index']}:{info['name']}",
                    name=str(info["name"]),
                    kind=kind,
                    is_default=info["index"] == default,
                )
                for kind, default, channels in (
                    (DeviceKind.OUTPUT, defaults[1], "max_output_channels"),
                    (DeviceKind.INPUT, defaults[0], "max_input_channels"),
                )
                for info in sounddevice.query_devices()
                if info[channels] > 0
            )

    def _look_again(self) -> None:
        try:
            sounddevice._terminate()
            sounddevice._initialize()
        except sounddevice.PortAudioError as error:  # pragma: no cover - a broken PortAudio
            raise AudioDeviceError("PortAudio does not start") from error

    def open_input(self, device: AudioDevice, buffer: DriftBuffer) -> _Stream:
        """Let a microphone write to a buffer."""

        def take(data: Any, *_: object) -> None:
            buffer.write(np.frombuffer(bytes(data), np.int16))

        return self._start(sounddevice.RawInputStream, device, buffer, take)

    def open_output(self, device: AudioDevice, buffer: DriftBuffer) -> _Stream:
        """Let a speaker read from a buffer."""

        def give(data: Any, count: int, *_: object) -> None:
            samples = buffer.read(count)
            data[:] = bytes(2 * count) if samples is None else samples.tobytes()

        return self._start(sounddevice.RawOutputStream, device, buffer, give)

    def _start(self, kind: Any, device: AudioDevice, buffer: DriftBuffer, work: Any) -> _Stream:
        with self._lock, _explained(device):
            stream = kind(
                samplerate=buffer.sample_rate_hz,
                device=int(device.id.partition(":")[0]),
                channels=1,
                dtype="int16",
                latency="high",
                callback=work,
            )
            stream.start()
            self._open += 1
        return _Stream(stream, self._closed)

    def _closed(self) -> None:
        with self._lock:
            self._open -= 1


class _Stream:
    """A running stream."""

    def __init__(self, stream: Any, on_closed: Any) -> None:
        self._stream = stream
        self._on_closed = on_closed
        self._lock = threading.Lock()

    def close(self) -> None:
        """Stop the stream at once; what is buffered in the card is dropped."""
        with self._lock:
            stream, self._stream = self._stream, None
        if stream is not None:
            stream.abort()
            stream.close()
            self._on_closed()


@contextlib.contextmanager
def _explained(device: AudioDevice) -> Generator[None, None, None]:
    try:
        yield
    except (sounddevice.PortAudioError, ValueError) as error:
        raise AudioDeviceError(f"The sound device {device.name} cannot be opened") from error
