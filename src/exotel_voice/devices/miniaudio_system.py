"""Sound cards through the library `miniaudio`: PulseAudio, ALSA, CoreAudio, WASAPI and others.

What its Python interface leaves out is done here through its C functions: which device is the
default, and giving back the connection to the sound service that each stream has of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Generator
from typing import Any, Final

import numpy as np

from exotel_voice.devices.buffer import DriftBuffer
from exotel_voice.devices.device import AudioDevice, DeviceKind
from exotel_voice.errors import AudioDeviceError

try:
    import miniaudio
except (ImportError, OSError) as error:  # pragma: no cover - where there is no wheel
    raise AudioDeviceError(f"the library miniaudio cannot be loaded ({error})") from error

__all__ = ["MiniaudioSystem"]

_PERIOD_MS: Final = 20
_APP_NAME: Final = "exotel-voice"
# In the order of preference. JACK is left out: asking for it writes to the terminal where it is
# not there, and where it is PulseAudio or PipeWire reach it too.
_BACKENDS: Final = (
    "WASAPI",
    "DSOUND",
    "WINMM",
    "COREAUDIO",
    "SNDIO",
    "AUDIO4",
    "PULSEAUDIO",
    "ALSA",
    "OSS",
    "AAUDIO",
    "OPENSL",
)
_MONITOR: Final = ".monitor"
_ALSA_CARDS: Final = ("default", ":", "hw:", "plughw:")

_lib: Any = miniaudio.lib
_ffi: Any = miniaudio.ffi


class MiniaudioSystem:
    """The sound cards that miniaudio sees."""

    def __init__(self) -> None:
        """Connect to the sound service.

        Raises:
            AudioDeviceError: There is none.
        """
        self._lock = threading.Lock()
        enabled = {backend.name: backend for backend in miniaudio.get_enabled_backends()}
        self._backends = [enabled[name] for name in _BACKENDS if name in enabled]
        self._lister = self._connect()
        self._handles: dict[tuple[DeviceKind, str], Any] = {}

    def _connect(self) -> miniaudio.Devices:
        try:
            return miniaudio.Devices(self._backends)
        except miniaudio.MiniaudioError as error:
            raise AudioDeviceError("this machine has no sound service") from error

    @property
    def name(self) -> str:
        """The library and the service below it."""
        return f"miniaudio ({self._lister.backend})"

    def devices(self) -> tuple[AudioDevice, ...]:
        """List the devices; connects again where the sound service was restarted."""
        with self._lock:
            found = self._list()
            if found is None:
                self._lister = self._connect()
                found = self._list()
            if found is None:
                raise AudioDeviceError("the sound service does not list its devices")
            return found

    def _list(self) -> tuple[AudioDevice, ...] | None:
        context = self._lister._context
        lists = [_ffi.new("ma_device_info **") for _ in range(2)]
        counts = [_ffi.new("ma_uint32 *") for _ in range(2)]
        result = _lib.ma_context_get_devices(context, lists[0], counts[0], lists[1], counts[1])
        if result != _lib.MA_SUCCESS:
            return None
        devices = []
        for kind, infos, count in zip(
            (DeviceKind.OUTPUT, DeviceKind.INPUT), lists, counts, strict=True
        ):
            for index in range(count[0]):
                info = infos[0][index]
                handle = _ffi.new("ma_device_id *", info.id)
                device_id = _text_of(handle)
                device = AudioDevice(
                    id=device_id,
                    name=_ffi.string(info.name).decode(errors="replace"),
                    kind=kind,
                    is_default=bool(info.isDefault),
                    is_monitor=kind is DeviceKind.INPUT and device_id.endswith(_MONITOR),
                )
                self._handles[kind, device.id] = handle
                devices.append(device)
        return tuple(filter(self._is_card, devices))

    def _is_card(self, device: AudioDevice) -> bool:
        """Tell cards from the many plugins that ALSA lists beside them."""
        return self._lister.backend != "ALSA" or device.id.startswith(_ALSA_CARDS)

    def open_input(self, device: AudioDevice, buffer: DriftBuffer) -> _Stream:
        """Let a microphone write to a buffer."""

        def take() -> Generator[bytes, bytes, None]:
            data = yield b""
            while True:
                buffer.write(np.frombuffer(data, np.int16))
                data = yield b""

        with _explained(device):
            capture = miniaudio.CaptureDevice(
                input_format=miniaudio.SampleFormat.SIGNED16,
                nchannels=1,
                sample_rate=buffer.sample_rate_hz,
                buffersize_msec=_PERIOD_MS,
                device_id=self._handle(device),
                backends=self._backends,
                app_name=_APP_NAME,
            )
            return _start(capture, take())

    def open_output(self, device: AudioDevice, buffer: DriftBuffer) -> _Stream:
        """Let a speaker read from a buffer."""

        def give() -> Generator[bytes, int, None]:
            count = yield b""
            while True:
                samples = buffer.read(count)
                count = yield bytes(2 * count) if samples is None else samples.tobytes()

        with _explained(device):
            playback = miniaudio.PlaybackDevice(
                output_format=miniaudio.SampleFormat.SIGNED16,
                nchannels=1,
                sample_rate=buffer.sample_rate_hz,
                buffersize_msec=_PERIOD_MS,
                device_id=self._handle(device),
                backends=self._backends,
                app_name=_APP_NAME,
            )
            return _start(playback, give())

    def _handle(self, device: AudioDevice) -> Any:
        with self._lock:
            handle = self._handles.get((device.kind, device.id))
        if handle is None:
            raise AudioDeviceError(f"The sound device {device.name} is not there any more")
        return handle


class _Stream:
    """A running stream, and the connection to the sound service that it has of its own."""

    def __init__(self, device: Any) -> None:
        self._device = device
        self._lock = threading.Lock()

    def close(self) -> None:
        """Stop the stream, and give back what the library itself would keep."""
        with self._lock:
            device, self._device = self._device, None
        if device is not None:
            device.close()
            _lib.ma_context_uninit(device._context)


def _start(device: Any, generator: Generator[bytes, Any, None]) -> _Stream:
    next(generator)
    stream = _Stream(device)
    try:
        device.start(generator)
    except miniaudio.MiniaudioError:
        stream.close()
        raise
    return stream


@contextlib.contextmanager
def _explained(device: AudioDevice) -> Generator[None, None, None]:
    try:
        yield
    except miniaudio.MiniaudioError as error:
        raise AudioDeviceError(f"The sound device {device.name} cannot be opened") from error


def _text_of(handle: Any) -> str:
    """Write an id as text: as it is where it is text, otherwise as a digest of its bytes."""
    raw = bytes(_ffi.buffer(handle)).rstrip(b"\0")
    text = raw.split(b"\0", 1)[0]
    if text == raw and raw.isascii() and raw.decode().isprintable():
        return raw.decode()
    return hashlib.sha256(raw).hexdigest()[:16]
