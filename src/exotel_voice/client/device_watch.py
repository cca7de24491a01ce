"""Who tells an application that its devices have changed (guide 5.14)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from exotel_voice.client.loop_host import LoopHost
from exotel_voice.client.sound import ClientSound
from exotel_voice.devices.device import AudioDevice, DeviceKind
from exotel_voice.devices.monitor import DeviceMonitor, DevicesChanged
from exotel_voice.media.sound_card import SoundCard

__all__ = ["DeviceWatch"]

_KINDS: Final = {DeviceKind.INPUT: "audioinput", DeviceKind.OUTPUT: "audiooutput"}

Callback = Callable[..., object] | None


class DeviceWatch:
    """Listens to the devices of the machine and to the moves of open lines.

    Args:
        sound: Whose devices.
        host: The loop in which to look and tell.
        tell: Calls a user's function with one argument.
    """

    def __init__(
        self, sound: ClientSound, host: LoopHost, tell: Callable[[Callback, object], None]
    ) -> None:
        self._host = host
        self._tell = tell
        self._cards: dict[DeviceKind, SoundCard | None] = {
            DeviceKind.INPUT: None if sound.microphone is None else sound.microphone.card,
            DeviceKind.OUTPUT: None if sound.speaker is None else sound.speaker.card,
        }
        self._callbacks: dict[DeviceKind, Callback] = {}
        self._on_devices: Callback = None
        self._leave: Callable[[], None] | None = None

    def listen(self, on_input: Callback, on_output: Callback, on_devices: Callback) -> None:
        """Begin."""
        self._callbacks = {DeviceKind.INPUT: on_input, DeviceKind.OUTPUT: on_output}
        self._on_devices = on_devices
        for kind, card in self._cards.items():
            if card is not None:
                card.on_moved = _teller(self._tell, self._callbacks[kind])
        self._leave = DeviceMonitor.shared().listen(self._hear)

    def close(self) -> None:
        """End. Safe to call more than once."""
        if self._leave is not None:
            self._leave()
            self._leave = None
        for card in self._cards.values():
            if card is not None:
                card.on_moved = None

    def _hear(self, change: DevicesChanged) -> None:
        """Take a change in the monitor's thread."""

        async def react() -> None:
            self._react(change)

        self._host.spawn(react, what="looking at the audio devices")

    def _react(self, change: DevicesChanged) -> None:
        if self._leave is None:
            return
        for kind, callback in self._callbacks.items():
            device = self._news(kind, change)
            if device is not None:
                self._tell(callback, device.id)
        if self._on_devices is not None and (change.added or change.removed):
            self._tell(self._on_devices, [_described(device) for device in change.devices])

    def _news(self, kind: DeviceKind, change: DevicesChanged) -> AudioDevice | None:
        """The device to tell of; None where nothing concerns us, or the open lines will tell."""
        card = self._cards[kind]
        default = change.default(kind)
        if card is None:
            return default
        is_gone = card.wanted is not None and any(
            card.wanted in (device.id, device.name) and device.kind is kind
            for device in change.removed
        )
        if card.lines:
            is_left = card.wanted is None and not card.follows_default
            return default if is_left else None
        if is_gone:
            card.forget_choice()
            return next(
                (one for one in change.devices if one.kind is kind and one.is_default), None
            )
        return default if card.wanted is None else None


def _teller(
    tell: Callable[[Callback, object], None], callback: Callback
) -> Callable[[AudioDevice | None], None]:
    return lambda device: tell(callback, "" if device is None else device.id)


def _described(device: AudioDevice) -> dict[str, Any]:
    return {"deviceId": device.id, "kind": _KINDS[device.kind], "label": device.name}
