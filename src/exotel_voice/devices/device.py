"""What is known of a sound device, and how one is chosen by its id or its name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from exotel_voice.errors import AudioDeviceError

__all__ = ["AudioDevice", "DeviceKind", "choose_device"]


class DeviceKind(StrEnum):
    """Which way the sound goes."""

    INPUT = "input"
    """A microphone, or another source of sound."""
    OUTPUT = "output"
    """A speaker, or headphones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioDevice:
    """One sound device, as the system lists it."""

    id: str
    """Names the device for as long as it is connected, and on most systems after that too."""
    name: str
    """What people call it. Two devices may have the same name."""
    kind: DeviceKind
    """Which way the sound goes."""
    is_default: bool
    """Whether the system uses it where no device is named."""
    is_monitor: bool = False
    """Whether it hears what a speaker plays. Such a one is no microphone: it is used when it is
    named, and never by default."""


def choose_device(
    devices: Iterable[AudioDevice], kind: DeviceKind, wanted: str | None
) -> AudioDevice:
    """Find a device by its id, by its name, or by a part of its name that no other has.

    Capital letters do not matter in names.

    Args:
        devices: What there is.
        kind: Which way the sound is to go.
        wanted: Id, name or part of the name; None or `default` for the system's default.

    Raises:
        AudioDeviceError: There is no such device, or several have that name.
    """
    candidates = [device for device in devices if device.kind is kind]
    if wanted is None or wanted == "default":
        return _default(candidates, kind)
    matches = (
        lambda device: device.id == wanted,
        lambda device: device.name == wanted,
        lambda device: device.name.lower() == wanted.lower(),
        lambda device: bool(wanted) and wanted.lower() in device.name.lower(),
    )
    for is_match in matches:
        found = [device for device in candidates if is_match(device)]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(device.id for device in found)
            raise AudioDeviceError(
                f"{len(found)} {kind} devices are called {wanted!r}",
                hint=f"Name one by its id: {ids}.",
            )
    known = ", ".join(f"{device.name} ({device.id})" for device in candidates) or "none"
    raise AudioDeviceError(
        f"There is no {kind} device {wanted!r}", hint=f"Use the id or name of one of: {known}."
    )


def _default(candidates: list[AudioDevice], kind: DeviceKind) -> AudioDevice:
    candidates = [device for device in candidates if not device.is_monitor]
    for device in candidates:
        if device.is_default:
            return device
    if candidates:
        return candidates[0]
    raise AudioDeviceError(f"This machine has no {kind} device")
